"""The adapters that integrators copy drive clients that do everything right."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from ..conformance.conftest import Cli

FOLDER = Path(__file__).parents[2] / "examples" / "adapters"
QUICKLY = ("--faults", "lost,error,truncated", "--examples", 0, "--timeout", "300ms")


@pytest.mark.parametrize(
    ("runtime", "adapter"),
    [
        (sys.executable, "python/adapter.py"),
        ("node", "node/adapter.mjs"),
        ("php", "php/adapter.php"),
    ],
)
def test_an_example_is_conformant(cli: Cli, runtime: str, adapter: str) -> None:
    if shutil.which(runtime) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{runtime} has to be there in CI")
        pytest.skip(f"there is no {runtime}")

    finished = cli("client", *QUICKLY, "--quiet", "--", runtime, FOLDER / adapter)

    assert (finished.out.split()[0], finished.code, finished.err) == ("CONFORMANT", 0, "")


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

    finished = cli("client", "--faults", "lost", "--examples", 0, "--", sys.executable, filled)

    assert (finished.out.split()[0], finished.code) == ("CONFORMANT", 0)
