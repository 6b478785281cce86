"""The documented lines make real shells complete names."""

import os
import shutil
import subprocess
import sysconfig

import pytest

from ..documented import DOCS

BASH = r"""
%(line)s
COMP_WORDS=(klarna-conformance %(words)s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_klarna_conformance_completion klarna-conformance
printf '%%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -Uz compinit; compinit -u -D'
zpty -w shell '%(line)s'
zpty -n -w shell $'klarna-conformance %(words)s\t'
zpty -r -m shell printed '*%(offered)s*' && print '%(offered)s'
"""
"""An interactive shell in a pseudo-terminal, where Tab is pressed; waits for what it completes."""
FISH = '%(line)s; complete -C "klarna-conformance %(words)s" | cut -f 1'
SHELLS = {
    "bash": ("bash", "--norc", "-c", BASH),
    "zsh": ("zsh", "-f", "-c", ZSH),
    "fish": ("fish", "--no-config", "-c", FISH),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("run --requirement refund.within", "refund.within-captured-amount"),
        ("run --market DE,U", "DE,US"),
        ("run --mutant replay-booked-again-", "replay-booked-again-in-the-sum"),
        ("doctor kustom-p", "kustom-playground"),
    ],
)
def test_shell_completes_with_the_documented_line(shell: str, words: str, offered: str) -> None:
    program, *options, script = SHELLS[shell]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    page = (DOCS / "installation.md").read_text("utf-8").splitlines()
    (line,) = (each.partition("   ")[0] for each in page if f"{shell}_source" in each)
    finished = subprocess.run(
        [program, *options, script % {"line": line, "words": words, "offered": offered}],
        env={
            **os.environ,
            "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert finished.stdout.splitlines() == [offered]
