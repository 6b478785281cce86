"""The documented line makes a real shell complete names."""

import os
import subprocess
import sysconfig

import pytest

SCRIPT = r"""
eval "$(_KLARNA_CONFORMANCE_COMPLETE=bash_source klarna-conformance)"
COMP_WORDS=(klarna-conformance %s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_klarna_conformance_completion klarna-conformance
printf '%%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("run --requirement refund.within", "refund.within-captured-amount"),
        ("doctor kustom-p", "kustom-playground"),
    ],
)
def test_bash_completes_with_the_documented_line(words: str, offered: str) -> None:
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
    finished = subprocess.run(
        ["bash", "--norc", "-c", SCRIPT % words],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.strip() == offered
