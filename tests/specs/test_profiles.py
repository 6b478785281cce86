"""Profiles: what a file may change, and the errors in one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from klarna_specs.bodies import is_valid
from klarna_specs.errors import SpecError, SpecFileError
from klarna_specs.goals import Goal, goals
from klarna_specs.loader import SPEC_DIRECTORY, load
from klarna_specs.profile import profile_schema
from klarna_specs.profiles import profile_names
from klarna_specs.spec import STRENGTH, Spec

KLARNA, KUSTOM, EDITION = load(), load(profile="kustom"), load(profile="klarna-2024")
HEAD = "profile: acme\ntitle: Acme\nbase: klarna\n"
EXTENSION = {"extendDueDate", "getOptionsForExtendDueDate"}
Acme = Callable[[str], Spec]


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    """Loads the profile of another provider, with these lines after its name, title and base."""

    def loaded(lines: str) -> Spec:
        path = tmp_path / "acme.yaml"
        path.write_text(HEAD + lines)
        return load(profile=str(path))

    return loaded


def test_kustom_has_no_extension_and_says_why_with_the_source() -> None:
    excluded = {each.requirement.id: each for each in KUSTOM.inapplicable}
    own = {r.id for name in EXTENSION for r in KLARNA.operations[name].requirements}

    assert set(KLARNA.operations) - set(KUSTOM.offered) == EXTENSION
    assert own < set(excluded)
    assert all("https://docs.kustom.co/" in each.reason for each in excluded.values())


def test_kustom_binds_nobody_by_its_own_sources() -> None:
    own = [name for name in KUSTOM.sources if name not in KLARNA.sources]
    resting = [r for r in KUSTOM.requirements if r.source in own]

    assert {KUSTOM.sources[name].carries for name in own} == {"SHOULD"}
    assert max(STRENGTH[r.level] for r in resting) < STRENGTH["MUST"]


def test_kustom_reports_what_becomes_of_a_return_fee_only() -> None:
    fees = [r for r in KUSTOM.requirements if r.id.startswith("refund.fee-")]

    assert {r.level for r in fees} == {"INFO"}
    assert KUSTOM.followed["triggerSendOut"].not_offered is not None


def test_the_edition_of_2024_lists_eight_markets_for_return_fees() -> None:
    eight = ("AT", "DE", "DK", "FI", "FR", "NL", "NO", "SE")

    assert EDITION.market_groups["return_fee"] == eight
    assert set(EDITION.market_groups["no_return_fee"]) == set(EDITION.markets) - set(eight)
    assert Goal("refund.fee-market", "market=IT") in goals(EDITION)
    assert EDITION.operations["extendDueDate"] == KLARNA.operations["extendDueDate"]


def test_profiles_have_different_fingerprints() -> None:
    assert len({each.fingerprint for each in (KLARNA, KUSTOM, EDITION)}) == 3


def test_an_operation_that_is_not_offered_has_one_requirement(acme: Acme) -> None:
    spec = acme("not_offered: {cancelOrder: {reason: it is cancelled by mail., source: page}}")
    (reported,) = spec.operations["cancelOrder"].requirements

    assert (reported.id, reported.level) == ("cancel.not-offered", "INFO")
    assert [str(g) for g in goals(spec) if g.requirement == reported.id] == [
        "cancel.not-offered (broken)"
    ]


def test_a_source_that_carries_less_lowers_what_rests_on_it(acme: Acme) -> None:
    spec = acme("sources: {page: {title: Acme's page, address: '', carries: SHOULD}}")

    assert spec.requirement("refund.within-captured-amount").level == "SHOULD"
    assert spec.requirement("refund.books-amount").level == "MUST"


def test_a_removed_requirement_does_not_apply_for_its_reason(acme: Acme) -> None:
    spec = acme("requirements: {refund.location-header: {removed: Acme sends none., source: http}}")
    (excluded,) = spec.inapplicable

    assert excluded.requirement == KLARNA.requirement("refund.location-header")
    assert excluded.reason.startswith("Acme sends none. (source: HTTP Semantics")
    assert excluded.requirement.id not in {r.id for r in spec.requirements}


def test_a_market_is_added_to_the_lists_that_name_it(acme: Acme) -> None:
    spec = acme(
        'markets: {"LT": {currency: EUR, locale: lt-LT}}\ngroups: {return_fee: ["LT", "SE"]}'
    )

    assert spec.markets["LT"].currency == "EUR"
    assert spec.market_groups["return_fee"] == ("LT", "SE")
    assert "AT" in spec.market_groups["no_return_fee"]


def test_a_limit_replaces_the_described_one(acme: Acme) -> None:
    spec = acme("limits: {refund_request_limits: {description: {maxLength: 10}}}")
    body = {"refunded_amount": 1, "description": "eleven char"}

    assert is_valid(KLARNA, "refund_request_limits", body)
    assert not is_valid(spec, "refund_request_limits", body)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("bas: klarna", "'bas' is unknown; did you mean 'base'?"),
        ("not_offered: {cancelOder: {reason: none, source: page}}", "did you mean cancelOrder?"),
        ("not_offered: {cancelOrder: {reason: none, source: pge}}", "did you mean page?"),
        ("requirements: {refund.acepted: {level: INFO}}", "did you mean refund.accepted?"),
        ("requirements: {refund.accepted: {source: pge}}", "did you mean page?"),
        ("requirements: {refund.accepted: {level: MAY}}", "'MAY' is not one of"),
        (
            "requirements: {refund.accepted: {level: MUST, source: http}}",
            "MUST cannot rest on http, which carries SHOULD",
        ),
        (
            "requirements: {refund.accepted: {without_cases: [one-minor-unt]}}",
            "did you mean one-minor-unit?",
        ),
        ("requirements: {client.once: {removed: never}}", "give it the level INFO instead"),
        ('groups: {return_fee: ["SE", "XX"]}', "there is no market 'XX'"),
        ("groups: {return_fees: []}", "did you mean return_fee?"),
        ("limits: {refund_request_limit: {}}", "did you mean refund_request_limits?"),
        ("limits: {refund_request_limits: {descripton: {}}}", "did you mean description?"),
        ("hosts: {presets: {acme: api.acme.example}}", "is no base URL"),
        ("hosts: {presets: {acme: 'https://api.kustom.co'}}", "refunds there move money"),
        ("hosts: {presets: {mock: 'https://api.acme.example'}}", "choose another name"),
        ("hosts: {presets: {playground-eu: 'https://acme.example'}}", "choose another name"),
    ],
)
def test_an_error_names_file_and_line(acme: Acme, lines: str, problem: str) -> None:
    with pytest.raises(SpecFileError) as caught:
        acme(lines)

    assert (Path(caught.value.file).name, caught.value.line) == ("acme.yaml", 4)
    assert problem in caught.value.problem


def test_an_unknown_profile_lists_the_names() -> None:
    with pytest.raises(SpecError, match="there are klarna, klarna-2024, kustom, or the path"):
        load(profile="klana")


def test_a_profile_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot read the profile .*none.yaml: "):
        load(profile=str(tmp_path / "none.yaml"))


def test_an_unknown_base_lists_the_names(acme: Acme, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("profile: b\ntitle: B\nbase: klana\n")

    with pytest.raises(SpecFileError, match=r"b.yaml:3: .* there are klarna, klarna-2024, kustom"):
        load(profile=str(tmp_path / "b.yaml"))


def test_a_file_cannot_take_the_name_of_a_packaged_profile(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("profile: kustom\ntitle: Own\n")

    with pytest.raises(SpecFileError, match="is that of a packaged profile"):
        load(profile=str(tmp_path / "own.yaml"))


def test_a_profile_that_is_based_on_itself_is_refused(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    copy = Path(shutil.copytree(SPEC_DIRECTORY, tmp_path / "specs", ignore=ignored))
    path = copy / "profiles" / "klarna.yaml"
    path.write_text(path.read_text() + "base: kustom\n")

    with pytest.raises(SpecFileError, match="is based on itself"):
        load(copy, "kustom")


def test_the_recorded_text_of_a_profile_stands_for_its_file(acme: Acme, tmp_path: Path) -> None:
    spec = acme("groups: {return_fee: [SE]}")
    (tmp_path / "acme.yaml").unlink()

    assert load(profile=spec.profile.argument, text=spec.profile.text) == spec


def test_the_published_schema_of_profiles_matches_the_types() -> None:
    published = SPEC_DIRECTORY / "profiles" / "profile.schema.json"

    assert json.loads(published.read_text()) == json.loads(json.dumps(profile_schema()))
    assert profile_names() == ("klarna", "klarna-2024", "kustom")
