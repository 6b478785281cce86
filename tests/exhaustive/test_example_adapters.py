"""The adapters that integrators copy drive clients that do everything right."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conformance.conftest import Cli

FOLDER = Path(__file__).parents[2] / "examples" / "adapters"
QUICKLY = ("--faults", "lost,error,truncated", "--examples", 0, "--timeout", "500ms")
LOST = ("--faults", "lost", "--operations", "refundOrder", "--no-shrink", *QUICKLY[2:])


@dataclass(frozen=True)
class Example:
    """An example: the toolchain it needs, and whether CI always has that; how it is started.

    `file` has the client; with `sent` in place of `kept`, it sends a new key in each attempt.
    """

    toolchain: str
    command: tuple[str, ...]
    file: str
    kept: str
    sent: str
    always: bool = True
    build: tuple[str, ...] = ()


EXAMPLES = {
    "python": Example(
        sys.executable,
        (sys.executable, "{}/adapter.py"),
        "adapter.py",
        "headers=headers",
        'headers=headers and {"Klarna-Idempotency-Key": str(uuid.uuid4())}',
    ),
    "node": Example(
        "node",
        ("node", "{}/adapter.mjs"),
        "adapter.mjs",
        "      response = await fetch(",
        '      if (method !== "GET") headers["Klarna-Idempotency-Key"] = randomUUID();\n'
        "      response = await fetch(",
    ),
    "php": Example(
        "php",
        ("php", "{}/adapter.php"),
        "adapter.php",
        "$url, $headers, $body);",
        "$url, $headers ? ['Klarna-Idempotency-Key: ' . uuid()] : [], $body);",
    ),
    "java": Example(
        "javac",
        ("java", "{}/Adapter.java"),
        "Adapter.java",
        '"Klarna-Idempotency-Key", key',
        '"Klarna-Idempotency-Key", UUID.randomUUID().toString()',
        always=False,
    ),
    "go": Example(
        "go",
        ("{}/adapter",),
        "client.go",
        '"Klarna-Idempotency-Key", key',
        '"Klarna-Idempotency-Key", uuid()',
        always=False,
        build=("go", "build", "-o", "adapter", "adapter.go", "client.go"),
    ),
    "ruby": Example(
        "ruby",
        ("ruby", "{}/adapter.rb"),
        "client.rb",
        "['Klarna-Idempotency-Key'] = key",
        "['Klarna-Idempotency-Key'] = SecureRandom.uuid",
        always=False,
    ),
}


@pytest.fixture(params=EXAMPLES)
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Example, Path]:
    """An example, and a copy of its folder."""
    example = EXAMPLES[request.param]
    if shutil.which(example.toolchain) is None:
        if os.environ.get("CI" if example.always else "ALL_ADAPTERS"):
            pytest.fail(f"{example.toolchain} has to be there")
        pytest.skip(f"there is no {example.toolchain}")
    return example, shutil.copytree(FOLDER / request.param, tmp_path / request.param)


def started(example: Example, folder: Path) -> list[str]:
    """The command of an example, once it is built."""
    if example.build:
        subprocess.run(example.build, cwd=folder, check=True)
    return [part.format(folder) for part in example.command]


def test_an_example_is_conformant(cli: Cli, copied: tuple[Example, Path]) -> None:
    finished = cli("client", *QUICKLY, "--quiet", "--", *started(*copied))

    assert (finished.out.split()[0], finished.code, finished.err) == ("CONFORMANT", 0, "")


def test_an_example_that_loses_its_key_is_not_conformant(
    cli: Cli, copied: tuple[Example, Path]
) -> None:
    example, folder = copied
    text = (folder / example.file).read_text(encoding="utf-8")
    assert text.count(example.kept) == 1
    changed = text.replace(example.kept, example.sent)
    (folder / example.file).write_text(changed, encoding="utf-8")

    finished = cli("client", *LOST, "--", *started(example, folder))

    assert (finished.code, finished.err) == (1, "")
    assert "FAIL client.once" in finished.out


def test_the_template_as_it_is_has_nothing_to_certify(cli: Cli) -> None:
    finished = cli("client", "--", sys.executable, FOLDER / "template.py")

    assert finished.code == 2
    assert "there is nothing to certify: the adapter has none of refundOrder" in finished.err


FILLED_IN = """
from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_specs.client.play import Done, RefusedIt

def make_client(hello):
    return ReferenceClient(Hello(**hello))

def refund(client, order_id, arguments):
    outcome = client.do("refundOrder", order_id, arguments)
    if isinstance(outcome, RefusedIt):
        refusal = Refused()
        refusal.error_code = outcome.error_code
        refusal.error_messages = outcome.error_messages
        refusal.correlation_id = outcome.correlation_id
        raise refusal
    if not isinstance(outcome, Done):
        raise TimeoutError("nobody knows")
    return {"refund_id": outcome.refund_id}

OPERATIONS["refundOrder"] = refund
"""


def test_the_template_with_a_right_client_is_conformant(cli: Cli, tmp_path: Path) -> None:
    text = (FOLDER / "template.py").read_text(encoding="utf-8")
    start = '\nif __name__ == "__main__":'
    filled = tmp_path / "adapter.py"
    filled.write_text(text.replace(start, FILLED_IN + start), encoding="utf-8")

    finished = cli("client", *LOST, "--quiet", "--", sys.executable, filled)

    assert (finished.out.split()[0], finished.code) == ("CONFORMANT", 0)
