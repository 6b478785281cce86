"""The command line: its files, its output, and its errors."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import klarna_specs
from klarna_specs.loader import load, load_page_index

from .conftest import Cli, Finished, Served

COMMANDS = ["run", "doctor", "list", "plan", "mock", "report"]
SMALL = (
    *("--operation", "releaseRemainingAuthorization", "--market", "SE", "--examples", 20),
    *("--max-requests", 200),
)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is reserved, but does not accept connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _ended(finished: Finished) -> tuple[int, bool]:
    """The exit code, and whether stderr is exactly one sentence."""
    one_sentence = re.fullmatch(r"Error: [^\n]+\n", finished.err) is not None
    return finished.code, one_sentence and "Traceback" not in finished.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, cli: Cli) -> None:
    finished = cli(command, "--help")

    assert (finished.code, finished.out.startswith(f"Usage: klarna-conformance {command} ")) == (
        0,
        True,
    )


def test_the_help_names_every_command_and_exit_code(cli: Cli) -> None:
    printed = cli("--help").out
    commands = re.findall(r"^  ([a-z]+)  ", printed, re.MULTILINE)
    codes = re.findall(r"^    ([0-9])  ", printed, re.MULTILINE)

    assert ({*COMMANDS} <= {*commands}, codes) == (True, ["0", "1", "2", "3", "4", "5"])


def test_the_help_imports_nothing_heavy() -> None:
    script = """
import sys
sys.argv = ["klarna-conformance", "--help"]
from klarna_conformance.cli.main import main
try:
    main()
except SystemExit:
    heavy = {"hypothesis", "jsonschema", "httpx", "schemathesis", "starlette", "rich", "pytest"}
    print("heavy:", sorted(heavy & set(sys.modules)))
"""
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert printed.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("ftp://127.0.0.1", id="another scheme"),
        pytest.param("file:///etc/hosts", id="a file"),
        pytest.param("http://", id="no host"),
        pytest.param("http://[", id="no URL"),
        pytest.param("http://127.0.0.1:99999", id="no port"),
        pytest.param("http://user:word@127.0.0.1", id="credentials in the URL"),
        pytest.param("https://api.klarna.com", id="production"),
        pytest.param("https://api-na.klarna.com", id="production in North America"),
        pytest.param("https://api.playground.klarna.com.example", id="looks like a playground"),
        pytest.param("https://127.0.0.1.example", id="looks like loopback"),
        pytest.param("nowhere.yaml", id="no such file"),
    ],
)
@pytest.mark.parametrize("command", ["run", "doctor", "plan"])
def test_an_unusable_target_is_refused_without_a_request(
    command: str, target: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", _never)
    monkeypatch.setenv("KLARNA_USERNAME", "merchant")
    monkeypatch.setenv("KLARNA_PASSWORD", "correct horse")

    assert _ended(cli(command, target)) == (2, True)


def _never(*_: object) -> None:
    raise AssertionError("a request was sent")


def test_refused_credentials_are_reported(
    cli: Cli, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLARNA_PASSWORD", "wrong")
    finished = cli("doctor", served.base_url)

    assert (_ended(finished), "401" in finished.err) == ((4, True), True)


def test_a_playground_needs_credentials_from_the_environment(cli: Cli) -> None:
    finished = cli("run", "https://api.playground.klarna.com")

    assert (_ended(finished), "KLARNA_USERNAME" in finished.err) == ((2, True), True)


@pytest.mark.parametrize(
    ("option", "name", "meant"),
    [
        ("--operation", "refundOrders", "did you mean refundOrder"),
        ("--requirement", "refund.acepted", "did you mean refund.accepted"),
        ("--market", "Se", "did you mean SE"),
        ("--market", "se", "did you mean SE"),
        ("--operation", "xyz", "there are "),
        ("--market", "XX", "there are AT, AU, BE, CA, CH, CZ, DE, DK, ES, FI, FR, GB, GR, HU, IE"),
        ("--market", "SE,Dk", "did you mean DK"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_unknown_name_gets_a_suggestion(
    command: str, option: str, name: str, meant: str, cli: Cli
) -> None:
    finished = cli(command, option, name)

    assert (_ended(finished), meant in finished.err) == ((2, True), True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("run", "--examples", "-1"),
        ("run", "--examples", "many"),
        ("run", "--max-requests", "0"),
        ("run", "--operation", ","),
        ("run", "--concurrency", "0"),
        ("run", "--nonsense"),
        ("list", "--format", "xml"),
        ("list", "--operation", "refund"),
        ("list", "--clients", "--operation", "refund"),
        ("list", "--clients", "--format", "page"),
        ("report", "--format", "pdf"),
        ("mock", "--port", "65536"),
        ("mock", "--latency", "-1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], cli: Cli) -> None:
    assert cli(*arguments).code == 2


def test_an_unusable_argument_is_reported_in_one_sentence(
    cli: Cli, closed_port: int, tmp_path: Path
) -> None:
    mutant = ("--mutant", "release-answered-200")

    assert _ended(cli("run", "--specs", tmp_path / "nowhere")) == (2, True)
    assert _ended(cli("run", "http://127.0.0.1:9", *mutant)) == (2, True)
    assert _ended(cli("doctor", f"http://127.0.0.1:{closed_port}")) == (4, True)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(("level: MUST", "level: MUSST"), id="no such level"),
        pytest.param(("    check: accepted", "    check: accepted\n    check: x"), id="twice"),
        pytest.param(("rule: request.refunded_amount <= left", "rule: ((("), id="no rule"),
        pytest.param(("operation: refundOrder", "operation: [refundOrder"), id="no YAML"),
        pytest.param(("statement: ", "statment: "), id="no such member"),
    ],
)
def test_broken_specs_are_reported_with_file_and_line(
    broken: tuple[str, str], cli: Cli, tmp_path: Path
) -> None:
    specs = _copy_of_the_specs(tmp_path)
    file = specs / "operations" / "refund-order.yaml"
    file.write_text(file.read_text().replace(*broken, 1))
    finished = cli("list", "--specs", specs)
    place = re.search(r"refund-order\.yaml:\d+: ", finished.err)

    assert (_ended(finished), place is not None) == ((2, True), True)


def _copy_of_the_specs(folder: Path) -> Path:
    source = Path(next(iter(klarna_specs.__path__)))
    return Path(shutil.copytree(source, folder / "specs"))


def test_own_specs_are_used(cli: Cli, tmp_path: Path) -> None:
    specs = _copy_of_the_specs(tmp_path)
    file = specs / "operations" / "refund-order.yaml"
    file.write_text(file.read_text().replace("id: refund.accepted", "id: refund.own", 1))
    listed = json.loads(cli("list", "--format", "json", "--specs", specs).out)

    assert "refund.own" in {each["id"] for each in listed}


@pytest.mark.parametrize("part", ["file", "file/below"])
def test_an_unwritable_folder_is_reported(part: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finished = cli("run", *SMALL, "--output", tmp_path / part)

    assert (finished.code, "Traceback" in finished.err) == (2, False)


TARGET = {
    "name": "A sandbox",
    "base_url": "https://api.playground.klarna.com",
    "credentials": {"username": "${SANDBOX_USER}", "password": "${SANDBOX_PASSWORD}"},
}
WRITTEN = "\n".join(f"{name}: {json.dumps(value)}" for name, value in TARGET.items())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("name: [", ":2", id="no YAML"),
        pytest.param("- a list", ":1", id="a list"),
        pytest.param(f"{WRITTEN}\nnmae: y", ":4", id="an unknown member"),
        pytest.param(f"{WRITTEN}\nname: y", ":4", id="a member twice"),
        pytest.param(f"{WRITTEN}\nlimits: {{timeout: 7}}", ":4", id="a number for a duration"),
        pytest.param(f"{WRITTEN}\norders: {{}}", ":4", id="no provisioner"),
        pytest.param(WRITTEN.replace('"', "\0"), ":1", id="a NUL"),
        pytest.param("name: ä".encode("latin-1"), "", id="no UTF-8"),
    ],
)
def test_an_invalid_target_file_is_reported_with_its_line(
    text: str | bytes, place: str, cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "target.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    finished = cli("plan", file)

    assert (_ended(finished), f"target.yaml{place}" in finished.err) == ((2, True), True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limits": {"timeout": "soon"}}, "'soon' is no duration"),
        ({"limits": {"timeout": "0s"}}, "timeout"),
        ({"limits": {"concurrency": 0}}, "concurrency"),
        ({"orders": {"provisioner": "magic", "url": "http://127.0.0.1"}}, "magic"),
        ({"credentials": {"username": "me", "password": "${SANDBOX_PASSWORD}"}}, "environment"),
        ({"base_ur": "https://api.klarna.com"}, "'base_ur' is unknown; did you mean 'base_url'?"),
        ({"orders": {"provisioner": "http", "ulr": "http://x"}}, "'ulr' is unknown; did you mean"),
        ({"base_url": "https://api.klarna.com"}, "production"),
        ({"base_url": "https://api.klarna.com", "production": "yes"}, "production"),
        ({"base_url": "http://api.playground.klarna.com"}, "send the credentials unencrypted"),
        ({"tls": {"key": "key.pem"}}, "a key goes with a certificate"),
    ],
    ids=str,
)
def test_an_invalid_value_in_a_target_file_is_named(
    wrong: dict[str, Any], message: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_USER", "merchant")
    monkeypatch.setenv("SANDBOX_PASSWORD", "correct horse")
    monkeypatch.setattr(socket.socket, "connect", _never)
    file = tmp_path / "target.yaml"
    file.write_text(json.dumps({**TARGET, **wrong}))
    finished = cli("plan", file)

    assert (_ended(finished), message in finished.err) == ((2, True), True)


def test_a_missing_environment_variable_is_named(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(json.dumps(TARGET))
    finished = cli("run", file)

    assert (_ended(finished), "SANDBOX_USER is not set" in finished.err) == ((2, True), True)


@pytest.mark.parametrize(
    ("journal", "message"),
    [
        (None, "No such file"),
        (b"", "no header"),
        (b"\n", ":1"),
        (b"garbage\n", ":1"),
        (b'{"line": "header", "format": 99}\n', "format 99"),
        (b"\x1f\x8b\x08\x00\n", ":1"),
    ],
)
def test_an_unreadable_journal_is_reported(
    journal: bytes | None, message: str, cli: Cli, tmp_path: Path
) -> None:
    if journal is not None:
        (tmp_path / "journal.ndjson").write_bytes(journal)
    finished = cli("report", tmp_path)

    assert (_ended(finished), message in finished.err) == ((2, True), True)


def test_the_list_names_every_requirement_and_section(cli: Cli) -> None:
    known = [requirement.id for requirement in load().requirements]
    sections = {section.title for section in load_page_index().sections}

    assert {*known} - {*cli("list").out.split()} == set()
    assert sections - {*cli("list", "--format", "page").out.splitlines()} == set()
    assert [each["id"] for each in json.loads(cli("list", "--format", "json").out)] == known


def test_the_list_can_be_limited_to_an_operation_or_clients(cli: Cli) -> None:
    reads = json.loads(cli("list", "--format", "json", "--operation", "getRefund").out)
    clients = json.loads(cli("list", "--clients", "--format", "json").out)
    options = cli("list", "--clients", "--operation", "getOptionsForExtendDueDate").out

    assert {each["operation"] for each in reads} == {"getRefund"}
    assert {each["operation"] for each in clients} == {"client"}
    assert ("client.once" in options, "client.options-told" in options) == (False, True)


def test_a_plan_counts_and_stays_within_max_requests(cli: Cli) -> None:
    first = cli("plan", *SMALL[:-1], 30).out.splitlines()[0]
    counted = re.fullmatch(
        r"mock: \d+ scenarios on \d+ orders, about (\d+) requests, \d+ of \d+ goals", first
    )

    assert 0 < int(counted[1]) <= 30


@pytest.fixture
def small_run(shared_run: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the record of a run of one operation."""
    return Path(shutil.copytree(shared_run("small", *SMALL), tmp_path / "report"))


def test_a_run_of_one_operation_writes_its_files(small_run: Path) -> None:
    summary = json.loads((small_run / "run.json").read_text())
    tests = ElementTree.parse(small_run / "junit.xml").getroot().findall(".//testcase")
    files = sorted(path.name for path in small_run.iterdir())
    expected = [".gitignore", "history.ndjson", *("journal.ndjson", "junit.xml", "report.html")]

    assert summary["verdict"] == "CONFORMANT"
    assert files == [*expected, "run.json"]
    assert len(tests) == len(summary["requirements"])


def test_a_run_is_limited_to_the_chosen_operation_and_market(small_run: Path) -> None:
    summary = json.loads((small_run / "run.json").read_text())
    scenarios = [line for line in _journal(small_run) if line["id"].startswith("s")]
    markets = {order["plan"]["market"] for line in scenarios for order in line.get("orders", ())}
    operations = {each["operation"] for each in summary["requirements"]}

    assert (operations, markets) == ({"releaseRemainingAuthorization"}, {"SE"})


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ((), ("run.json", "junit.xml", "report.html")),
        # The page names the digest of the journal file, which a record in memory does not have.
        (("--recheck",), ("run.json", "junit.xml")),
    ],
)
def test_a_report_from_the_journal_is_identical(
    option: tuple[str, ...], names: tuple[str, ...], small_run: Path, cli: Cli
) -> None:
    output = small_run
    before = [(output / name).read_bytes() for name in names]
    for name in names:
        (output / name).unlink()
    finished = cli("report", output, *option)

    assert (finished.code, [(output / name).read_bytes() for name in names]) == (0, before)


def test_a_mutant_is_named_and_its_report_shows_the_changes(
    small_run: Path, cli: Cli, tmp_path: Path
) -> None:
    output = tmp_path / "wrong"
    options = ("--mutant", "release-answered-200", "--no-shrink", "--output", output)
    finished = cli("run", *options, *SMALL)
    summary = json.loads((output / "run.json").read_bytes())
    reported = cli("report", output, "--previous", small_run, "--format", "html")
    page = (output / "report.html").read_text(encoding="utf-8")

    assert (finished.code, summary["verdict"]) == (1, "NONCONFORMANT")
    assert summary["target"]["name"] == "mock, mutant release-answered-200"
    assert reported.code == 1
    assert "What changed since the previous run" in page
    assert '<b class="k-broken">broken</b>' in page


def test_a_previous_run_without_a_journal_is_reported(
    small_run: Path, cli: Cli, tmp_path: Path
) -> None:
    assert _ended(cli("report", small_run, "--previous", tmp_path)) == (2, True)


def test_a_truncated_journal_is_not_fully_verified(small_run: Path, cli: Cli) -> None:
    journal = small_run / "journal.ndjson"
    content = journal.read_bytes()
    journal.write_bytes(content[: len(content) // 2])
    finished = cli("report", small_run)

    assert (finished.code, "NOT FULLY VERIFIED" in finished.out) == (3, True)


def test_the_same_seed_sends_the_same_requests(shared_run: Callable[..., Path]) -> None:
    """In separate processes: Hypothesis uses the constants of imported modules."""
    once, again = shared_run("seed-once", *SMALL), shared_run("seed-again", *SMALL)

    assert _requests(once) == _requests(again)


def _journal(output: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (output / "journal.ndjson").read_text().splitlines())
    return [line for line in lines if line["line"] == "scenario"]


def _requests(output: Path) -> dict[str, list[Any]]:
    return {
        line["id"]: [exchange["request"] for exchange in line["exchanges"]]
        for line in _journal(output)
    }


def test_a_failed_preflight_exits_with_4_and_keeps_the_last_report(
    small_run: Path, cli: Cli, closed_port: int
) -> None:
    before = {path.name: path.read_bytes() for path in small_run.iterdir() if path.is_file()}
    finished = cli("run", f"http://127.0.0.1:{closed_port}", *SMALL, "--output", small_run)

    after = {path.name: path.read_bytes() for path in small_run.iterdir() if path.is_file()}
    assert (_ended(finished), after == before) == ((4, True), True)
