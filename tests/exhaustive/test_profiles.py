"""Profiles in every command: another provider is one file, and a record says which one was used."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from klarna_conformance.errors import UsageError
from klarna_conformance.http.hosts import ACCEPTED, check_host
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.plan.offered import calls_not_offered, offered_only
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.target.chosen_profile import profile_of
from klarna_conformance.target.opening import open_target
from klarna_conformance.wrong.catalogue import Mutant
from klarna_conformance.wrong.making import mutated_spec
from klarna_reports.record.record import Finding
from klarna_specs.goals import Scope
from klarna_specs.loader import load
from klarna_specs.profiles import profile_names
from klarna_specs.scenario import Scenario, steps_of
from klarna_strategies.tables import scenario_table

from ..conformance.conftest import Finished, Served
from ..conformance.plugged import plugged

Cli = Callable[..., Finished]
REFERENCE = (sys.executable, "-m", "klarna_conformance.wrong.reference_adapter")
RELEASES = ("--operation", "releaseRemainingAuthorization", "--market", "SE", "--examples", 0)
EXTENSIONS = ("--operation", "extendDueDate", "--market", "SE", "--examples", 0)
CANCELS = ("--operation", "cancelOrder", "--market", "SE", "--examples", 0)
EXTEND = "/captures/{capture_id}/extend-due-date"
KUSTOM = load(profile="kustom")
ACME = """
profile: acme
title: Acme
base: klarna
sources:
  acme: {title: Acme's handbook, address: "https://acme.example/handbook", carries: MUST}
hosts:
  production: [api.acme.example]
  presets: {acme-sandbox: "%s"}
not_offered:
  cancelOrder: {reason: orders are cancelled by mail., source: acme}
requirements:
  release.accepted: {level: SHOULD, source: acme}
  release.status: {removed: Acme answers 200., source: acme}
markets:
  "LT": {currency: EUR, locale: lt-LT}
groups:
  return_fee: ["LT", "SE"]
"""


@pytest.fixture
def acme(tmp_path: Path) -> Callable[..., Path]:
    """Writes the profile of a third provider, the base URL of its sandbox filled in."""

    def written(sandbox: str = "https://sandbox.acme.example") -> Path:
        path = tmp_path / "acme.yaml"
        path.write_text(ACME % sandbox)
        return path

    return written


def _run(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


def _verdicts(folder: Path) -> dict[str, str]:
    return {each["id"]: each["verdict"] for each in _run(folder)["requirements"]}


async def _findings(served: Mock, scenarios: list[Scenario]) -> list[Finding]:
    """What a run under the profile kustom finds on a mock."""
    target = MockTarget(served)
    played = [
        await play_and_judge(KUSTOM, target, each, identifier=str(n), nonce="n")
        for n, each in enumerate(scenarios)
    ]
    return [finding for each in played for finding in each.findings]


# A third provider


def test_a_third_provider_is_listed_with_its_changes(cli: Cli, acme: Callable[..., Path]) -> None:
    listed = json.loads(cli("list", "--profile", acme(), "--format", "json").out)
    by_source = [each for each in listed if each["source"] == "acme"]

    assert sorted(each["level"] for each in by_source) == ["INFO", "SHOULD"]
    assert {each["id"] for each in by_source} >= {"cancel.not-offered"}
    assert "cancel.accepted" not in {each["id"] for each in listed}


def test_a_third_provider_is_planned_in_its_markets(cli: Cli, acme: Callable[..., Path]) -> None:
    options = ("--requirement", "refund.fee-market", "--market", "LT", "--examples", 0)
    here = cli("plan", "--profile", acme(), *options)
    there = cli("plan", *options)

    assert (here.code, "2 of 2 goals" in here.out) == (0, True)
    assert (there.code, "there is no market 'LT'" in there.err) == (2, True)


def test_a_third_provider_is_mocked_and_its_preset_is_tested(
    cli: Cli, acme: Callable[..., Path], serve_mock: Callable[..., Served], tmp_path: Path
) -> None:
    mock = serve_mock("--profile", str(acme()))
    order = mock.order(market="LT", currency="EUR")
    cancelled = mock.post(mock.order(captures=[]), "/cancel")
    options = ("--profile", acme(mock.base_url), *RELEASES, "--output", tmp_path / "run")
    ran = cli("run", "acme-sandbox", *options)

    assert mock.shown(order)["purchase_country"] == "LT"
    assert (cancelled.status_code, cancelled.json()["error_code"]) == (404, "NOT_FOUND")
    assert (ran.code, _run(tmp_path / "run")["profile"]) == (0, "acme")
    assert _verdicts(tmp_path / "run")["release.status"] == "NOT_APPLICABLE"


def test_clients_of_a_third_provider_get_no_other_commands(
    cli: Cli, acme: Callable[..., Path], tmp_path: Path
) -> None:
    options = ("--operation", "refundOrder", "--fault", "none", "--examples", 0)
    own = ("client", "--profile", acme(), "--output", tmp_path / "run")
    certified = cli(*own, *options, "--", *REFERENCE)
    refused = cli(*own, "--operation", "cancelOrder", "--", *REFERENCE)

    assert certified.code in (0, 3)
    assert "profile acme," in (tmp_path / "run" / "certificate.html").read_text()
    assert (refused.code, "there is no operation 'cancelOrder'" in refused.err) == (2, True)


def test_an_adapter_may_have_operations_that_the_provider_does_not_offer(
    cli: Cli, tmp_path: Path
) -> None:
    adapter = Path(__file__).parents[2] / "examples" / "adapters" / "python" / "adapter.py"
    options = ("--profile", "kustom", "--operation", "refundOrder", "--fault", "none")
    finished = cli("client", *options, "--output", tmp_path / "run", "--", sys.executable, adapter)

    assert "extendDueDate" in adapter.read_text(encoding="utf-8")
    assert finished.code == 0


def test_the_document_of_a_third_provider_has_its_operations(
    cli: Cli, acme: Callable[..., Path]
) -> None:
    document = yaml.safe_load(cli("openapi", "--profile", acme()).out)

    assert document["servers"] == [{"url": "https://sandbox.acme.example"}]
    assert document["info"]["title"].startswith("Acme ")
    assert [path for path in document["paths"] if path.endswith("/cancel")] == []


# Hosts


@pytest.mark.parametrize("chosen", profile_names())
@pytest.mark.parametrize(
    "host", ["api.klarna.com", "api-na.klarna.com", "api-oc.klarna.com", "api.kustom.co"]
)
def test_production_hosts_are_refused_under_each_profile(host: str, chosen: str) -> None:
    profile = load(profile=chosen).profile

    with pytest.raises(UsageError, match="is a production host of K"):
        check_host(f"https://{host}", profile)
    check_host(f"https://{host}", profile, ACCEPTED)


def test_the_production_host_of_a_third_provider_is_refused(
    cli: Cli, acme: Callable[..., Path]
) -> None:
    finished = cli("run", "https://api.acme.example", "--profile", acme())

    assert finished.code == 2
    assert "api.acme.example is a production host of Acme" in finished.err


def test_the_playground_of_kustom_chooses_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLARNA_USERNAME", "K1")
    monkeypatch.setenv("KLARNA_PASSWORD", "secret")
    opened = open_target("kustom-playground", KUSTOM, seed=1)

    assert profile_of("kustom-playground") == "kustom"
    assert profile_of("kustom-playground", "klarna") == "klarna"
    assert opened.facts.base_url == "https://api.playground.kustom.co"


def test_a_target_file_chooses_its_profile(
    cli: Cli, acme: Callable[..., Path], target_file: Callable[..., Path]
) -> None:
    acme()
    by_name = cli("doctor", target_file(profile="kustom"))
    by_path = cli("doctor", target_file(profile="acme.yaml"))
    other = cli("doctor", target_file(profile="kustom"), "--profile", "klarna-2024")

    assert [re.findall(r"profile (\S+),", each.out) for each in (by_name, by_path, other)] == [
        ["kustom"],
        ["acme"],
        ["klarna-2024"],
    ]


# Kustom


def test_the_mock_of_kustom_has_no_extension(serve_mock: Callable[..., Served]) -> None:
    mock = serve_mock("--profile", "kustom")
    order = mock.order()
    path = mock.path(order, EXTEND.format(capture_id=order["capture_ids"][0]))
    sent = [
        mock.client.get(f"{path}-options"),
        mock.client.patch(path, json={"number_of_days": 30}),
        mock.client.post(path.replace("extend-due-date", "trigger-send-out")),
    ]

    assert [each.status_code for each in sent] == [404, 404, 404]
    assert mock.post(order, "/refunds", json={"refunded_amount": 1}).status_code == 201


def test_a_run_under_kustom_reports_an_extension_as_info(
    cli: Cli, served: Served, tmp_path: Path
) -> None:
    finished = cli("run", served.base_url, "--profile", "kustom", *EXTENSIONS, "--output", tmp_path)
    by_id = {each["id"]: each for each in _run(tmp_path)["requirements"]}
    reported = by_id.pop("extension.not-offered")

    assert finished.code != 1
    assert (reported["verdict"], "observed status 204" in reported["reason"]) == ("INFO", True)
    assert {each["verdict"] for each in by_id.values()} == {"NOT_APPLICABLE"}
    assert "source: Kustom: the documentation" in by_id["extension.accepted"]["reason"]


@pytest.mark.anyio
@pytest.mark.parametrize("mocked", ["kustom", "klarna", "without-fees"])
async def test_no_honest_server_fails_under_kustom(mocked: str) -> None:
    refusing = Mutant(id="no-fees", description="", rules={"refund.fee-market": "false"})
    spec = mutated_spec(KUSTOM, refusing) if mocked == "without-fees" else load(profile=mocked)
    table = [
        scenario
        for scenario in scenario_table(KUSTOM, markets=["SE", "GB"])
        if any("return_fee" in str(step.body) for step in steps_of(scenario))
    ]
    scenarios = [*offered_only(KUSTOM, table), *calls_not_offered(KUSTOM, Scope())]
    findings = await _findings(Mock(spec), scenarios)
    refused = {f.verdict for f in findings if f.requirement == "refund.fee-accepted"}

    assert {f.requirement for f in findings if f.verdict in ("FAIL", "WARN")} == set()
    assert {f.verdict for f in findings if f.requirement == "extension.not-offered"} == {"INFO"}
    assert refused == ({"INFO"} if mocked == "without-fees" else {"PASS"})


def test_no_planned_scenario_calls_what_is_not_offered() -> None:
    table = list(scenario_table(KUSTOM, markets=["SE"]))
    called = {step.operation for each in offered_only(KUSTOM, table) for step in steps_of(each)}
    probed = [steps_of(each)[0] for each in calls_not_offered(KUSTOM, Scope())]

    assert called == set(KUSTOM.offered)
    assert {step.operation for step in probed} == set(KUSTOM.operations) - called


def test_a_requirement_that_does_not_apply_cannot_be_selected(cli: Cli) -> None:
    finished = cli("run", "--profile", "kustom", "--requirement", "extension.accepted")

    assert finished.code == 2
    assert "extension.accepted does not apply under kustom: Kustom does not offer" in finished.err


# The record


def test_a_record_names_its_profile_and_is_judged_by_it_again(
    cli: Cli, acme: Callable[..., Path], tmp_path: Path
) -> None:
    profile, folder = acme(), tmp_path / "run"
    first = cli("run", "--profile", profile, *RELEASES, "--output", folder)
    before = _verdicts(folder)
    profile.unlink()
    again = cli("report", folder, "--recheck", "--format", "json,junit,html")
    header = json.loads((folder / "journal.ndjson").read_text().partition("\n")[0])
    properties = ElementTree.parse(folder / "junit.xml").findall(".//property")

    assert (first.code, again.code) == (0, 0)
    assert (_verdicts(folder), header["profile"]["name"]) == (before, "acme")
    assert {(each.get("name"), each.get("value")) for each in properties} == {("profile", "acme")}
    assert "Acme (<code>acme</code>)" in (folder / "report.html").read_text()


def test_a_counterexample_is_replayed_under_its_profile(cli: Cli, tmp_path: Path) -> None:
    mutant = ("--mutant", "cancel-counts-as-capture")
    ran = cli("run", *mutant, "--profile", "kustom", *CANCELS, "--output", tmp_path / "run")
    saved = sorted((tmp_path / "run" / "counterexamples").glob("*.yaml"))
    replayed = cli("replay", saved[0])

    assert (ran.code, replayed.code) == (1, 1)
    assert yaml.safe_load(saved[0].read_text())["profile"] == "kustom"


def test_a_run_is_not_resumed_under_another_profile(cli: Cli, tmp_path: Path) -> None:
    cli("run", *RELEASES, "--profile", "kustom", "--output", tmp_path)
    resumed = cli("run", *RELEASES, "--output", tmp_path, "--resume")

    assert resumed.code == 2
    assert "the profile was kustom and is klarna" in resumed.err


def test_shards_of_different_profiles_are_not_merged(cli: Cli, tmp_path: Path) -> None:
    for number, profile in ((1, "kustom"), (2, "klarna")):
        options = ("--shard", f"{number}/2", "--output", tmp_path / profile)
        cli("run", *CANCELS, "--profile", profile, *options)
    merged = cli("report", tmp_path / "kustom", tmp_path / "klarna")

    assert (merged.code, "the profile differs" in merged.err) == (2, True)


def test_diff_judges_each_run_under_its_profile(cli: Cli, tmp_path: Path) -> None:
    for profile in ("klarna", "kustom"):
        cli("run", *EXTENSIONS, "--profile", profile, "--output", tmp_path / profile)
    compared = cli("diff", tmp_path / "klarna", tmp_path / "kustom")

    assert "Note: The runs have different profiles." in compared.out
    assert "0 broken" in compared.out


def test_an_unknown_profile_lists_the_names(cli: Cli) -> None:
    for command in (("list",), ("run",), ("plan",), ("openapi",), ("mock",), ("doctor",)):
        finished = cli(*command, "--profile", "kustm")

        assert finished.code == 2
        assert "there are klarna, klarna-2024, kustom, or the path" in finished.err


# pytest


def test_the_pytest_fixture_serves_a_profile(pytester: pytest.Pytester) -> None:
    tests = """
    import httpx

    def test_no_extension(klarna_mock):
        order = klarna_mock.order()
        path = f"/ordermanagement/v1/orders/{order.order_id}/captures/{order.capture_ids[0]}"
        url = f"{klarna_mock.base_url}{path}/extend-due-date-options"
        auth = (klarna_mock.username, klarna_mock.password)
        assert httpx.get(url, auth=auth, trust_env=False).status_code == 404
    """
    ran = plugged(pytester, "--klarna-profile", "kustom", tests=tests)

    ran.assert_outcomes(passed=1)


def test_the_pytest_items_are_those_of_a_profile(pytester: pytest.Pytester) -> None:
    options = ("--klarna-target", "mock", "--klarna-profile", "kustom", "--collect-only", "-q")
    collected = plugged(pytester, *options).stdout.str()
    unknown = plugged(pytester, "--klarna-target", "mock", "--klarna-profile", "kustm")

    assert "extension.not-offered" in collected
    assert "extension.accepted" not in collected
    assert "there are klarna, klarna-2024, kustom" in unknown.stderr.str()


def test_what_a_provider_does_not_offer_is_not_called_verified(cli: Cli, tmp_path: Path) -> None:
    options = ("--profile", "kustom", "--operation", "extendDueDate", "--output", tmp_path / "r")
    finished = cli("run", *options)

    assert finished.code == 3
    assert "no binding requirement in the scope applies" in finished.out
