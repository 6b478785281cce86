"""`pytest --klarna-target`: a server judged as test items."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from klarna_specs.loader import load

from ..conformance.conftest import AUTH, Serve, Served
from ..conformance.plugged import plugged

CANCEL = "klarna::cancelOrder"
CREDENTIALS = "cancel.credentials-required"
PLACE = "https://api.klarna.com"
DEVIATION = {
    "requirement": CREDENTIALS,
    "reason": "soon",
    "owner": "payments",
    "expires": "2999-01-01",
}


@pytest.fixture(scope="module")
def open_to_all(serve_mock: Serve) -> Served:
    """A server that cancels orders for anybody."""
    return serve_mock("--mutant", "cancel-without-credentials")


def test_each_requirement_is_an_item_with_markers(pytester: pytest.Pytester) -> None:
    def collected(*options: str) -> list[str]:
        ran = plugged(pytester, "--klarna-target", "mock", "--collect-only", "-q", *options)
        return [line for line in ran.outlines if "::" in line]

    requirements = load().requirements
    everything = [f"klarna::{each.operation}::{each.id}" for each in requirements]
    chosen = [
        f"klarna::{each.operation}::{each.id}"
        for each in requirements
        if each.operation == "refundOrder" and each.level == "SHOULD"
    ]
    assert collected() == everything
    assert collected("-m", "klarna_should and klarna_refundOrder", "--strict-markers") == chosen
    status = f"{CANCEL}::cancel.status"
    assert collected("-m", "klarna_suite", status) == [status]
    assert collected("-k", "cancel.status") == [status]


def test_items_run_with_other_tests_or_alone_by_name(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    tests = """
        import asyncio
        import sys

        def test_mine():
            if sys.version_info < (3, 14):
                asyncio.get_event_loop().close()  # a loop is there, as it always was
    """
    pytester.makepyfile(last="def pytest_collection_modifyitems(items): items.reverse()")
    options = ("--klarna-target", "mock", "-k", "mine or cancel.status", "-p", "last")
    pytester.syspathinsert()
    both = plugged(pytester, *options, tests=tests)
    only = plugged(pytester, "--klarna-target", "mock", f"{CANCEL}::cancel.status", "-v")

    both.assert_outcomes(passed=2)
    both.stdout.fnmatch_lines(["* mock: CONFORMANT *", "*--klarna-output DIR keeps the report"])
    only.assert_outcomes(passed=1)
    only.stdout.fnmatch_lines([f"{CANCEL}::cancel.status PASSED *"])
    assert list(folder.glob("klarna-*")) == []


def test_a_failure_names_its_request_and_info_is_reported(
    pytester: pytest.Pytester, open_to_all: Served
) -> None:
    chosen = f"{CREDENTIALS} or cancel.accepted or cancel.again"
    options = ("--klarna-target", open_to_all.base_url, CANCEL, "-k", chosen, "-rA")
    ran = plugged(pytester, *options)

    ran.assert_outcomes(passed=2, failed=1)
    ran.stdout.fnmatch_lines(
        [
            f"A request without credentials must be refused. ({CREDENTIALS}, MUST: FAIL)",
            "  expected: a refusal (401)",
            "  observed: status 204*",
            f"  curl * {open_to_all.base_url}/ordermanagement/v1/orders/*/cancel",
            "The effect of a second cancellation is not documented. (cancel.again, INFO: INFO)",
            "*observed status 403*",
            "One requirement is violated.",
            f"FAILED {CANCEL}::{CREDENTIALS} - *",
        ]
    )
    assert "Traceback" not in ran.stdout.str()


def test_a_violated_should_warns_or_fails_if_strict(
    pytester: pytest.Pytester, serve_mock: Serve
) -> None:
    unwise = serve_mock("--mutant", "cancel-refused-409")
    options = ("--klarna-target", unwise.base_url, CANCEL, "-k", "cancel.refusal-status")
    lenient = plugged(pytester, *options)
    strict = plugged(pytester, *options, "--klarna-strict")

    lenient.assert_outcomes(passed=1, warnings=1)
    lenient.stdout.fnmatch_lines(
        ["*KlarnaWarning: *(cancel.refusal-status, SHOULD: WARN)", "*observed: status 409*"]
    )
    strict.assert_outcomes(failed=1)
    assert strict.ret == pytest.ExitCode.TESTS_FAILED


def test_an_accepted_deviation_is_an_expected_failure(
    pytester: pytest.Pytester, open_to_all: Served
) -> None:
    file = _deviations(pytester)
    options = ("--klarna-deviations", file, "-k", CREDENTIALS, "-rx")
    ran = plugged(pytester, "--klarna-target", open_to_all.base_url, CANCEL, *options)

    ran.assert_outcomes(xfailed=1)
    assert ran.ret == pytest.ExitCode.OK
    ran.stdout.fnmatch_lines([f"XFAIL {CANCEL}::{CREDENTIALS} - *payments until 1 Jan 2999: soon*"])


def test_a_stale_deviation_fails_the_run(pytester: pytest.Pytester) -> None:
    file = _deviations(pytester)
    options = ("--klarna-deviations", file, "-k", CREDENTIALS)
    ran = plugged(pytester, "--klarna-target", "mock", CANCEL, *options)

    ran.assert_outcomes(passed=1)
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.stdout.fnmatch_lines(["* mock: NONCONFORMANT *", "*does not occur any more*"])


def test_an_unseen_must_fails_and_the_rest_is_skipped(
    pytester: pytest.Pytester, serve_mock: Serve
) -> None:
    orderless = serve_mock("--no-control")
    chosen = f"{CREDENTIALS} or cancel.refusal-status or cancel.again"
    options = ("--klarna-target", orderless.base_url, CANCEL, "-k", chosen, "-rs")
    ran = plugged(pytester, *options)

    ran.assert_outcomes(failed=1, skipped=2)
    ran.stdout.fnmatch_lines(
        [
            f"A request without credentials must be refused. ({CREDENTIALS}, MUST: NOT_RUN)",
            "  nothing of this occurred: *could not be run*",
            "* NOT FULLY VERIFIED *",
            "SKIPPED * cancel.refusal-status: NOT_RUN: *could not be run*",
        ]
    )


def test_workers_share_one_run_whose_record_is_kept(
    pytester: pytest.Pytester, serve_mock: Serve
) -> None:
    served = serve_mock()
    ran = plugged(
        pytester,
        *("--klarna-target", served.base_url, CANCEL, "--klarna-output", "kept", "-n2"),
        unused=("schemathesis", "anyio"),
    )
    kept = pytester.path / "kept"
    summary = json.loads((kept / "run.json").read_text())
    arrived = served.client.get("/_control/exchanges").json()

    items = len(load().operations["cancelOrder"].requirements)
    verdicts = [requirement["verdict"] for requirement in summary["requirements"]]
    skipped = verdicts.count("NOT_APPLICABLE")
    ran.assert_outcomes(passed=items - skipped, skipped=skipped)
    assert (len(verdicts), set(verdicts)) == (items, {"PASS", "INFO", "NOT_APPLICABLE"})
    assert len(arrived) == summary["requests_sent"] + 1  # the first one verifies the credentials
    ran.stdout.fnmatch_lines([f"Report: {kept / 'report.html'}"])
    assert (kept / "report.html").exists()


def test_the_scope_of_the_run_is_the_selected_items(pytester: pytest.Pytester) -> None:
    options = ("--klarna-target", "mock", "--klarna-output", "kept", "-k", "cancel.status")
    plugged(pytester, *options).assert_outcomes(passed=1)
    summary = json.loads((pytester.path / "kept" / "run.json").read_text())

    assert summary["scope"]["requirements"] == ["cancel.status"]
    assert summary["command"] == "pytest --klarna-target mock -k cancel.status"
    assert 0 < summary["requests_sent"] < 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--klarna-target", "nowhere.yaml"), "nowhere.yaml cannot be read"),
        (("--klarna-target", PLACE), "api.klarna.com is a production host of Klarna"),
        (("--klarna-target", "http://127.0.0.1:1"), "http://127.0.0.1:1 cannot be reached"),
        (("--klarna-target", "http://127.0.0.1:1", "-n2"), "http://127.0.0.1:1 cannot be reached"),
        (
            ("--klarna-target", "mock", "--klarna-deviations", "nothing.yaml"),
            "nothing.yaml cannot be read",
        ),
        (("--klarna-target", "mock", "--klarna-output", "test_client.py"), "cannot write to"),
        (("--klarna-target", "mock", "klarna::refund"), "there is no test klarna::refund"),
        (("--klarna-output", "kept"), "--klarna-output needs --klarna-target"),
    ],
)
def test_a_wrong_configuration_is_a_usage_error_in_one_line(
    pytester: pytest.Pytester, options: tuple[str, ...], message: str
) -> None:
    tests = "def test_mine():\n    pass\n"
    ran = plugged(pytester, *options, tests=tests, unused=("schemathesis", "anyio"))
    printed = [line for line in (*ran.outlines, *ran.errlines) if line]

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in printed if line.startswith("ERROR: ") and message in line] == printed


def test_no_output_holds_a_secret(
    pytester: pytest.Pytester, open_to_all: Served, target_file: Callable[..., Path]
) -> None:
    file = target_file(open_to_all.base_url)
    options = ("--klarna-output", "kept", "-k", CREDENTIALS, "-vv", "-l", "-rA")
    ran = plugged(pytester, "--klarna-target", str(file), CANCEL, *options)

    ran.assert_outcomes(failed=1)
    kept = [path for path in (pytester.path / "kept").rglob("*") if path.is_file()]
    texts = [ran.stdout.str(), ran.stderr.str(), *(path.read_text() for path in kept)]
    assert len(kept) > 3
    assert [text for text in texts if AUTH[1] in text] == []


def _deviations(pytester: pytest.Pytester) -> str:
    path = pytester.path / "known.yaml"
    path.write_text(json.dumps({"deviations": [DEVIATION]}))
    return path.name
