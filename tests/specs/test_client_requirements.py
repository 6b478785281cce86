"""The client requirements: the content of the file, and errors in it."""

import shutil
from pathlib import Path

import msgspec
import pytest

from klarna_specs.client.faults import FAULT_KINDS, Cut, Errored, Fault, Silent, kind_of, words_of
from klarna_specs.client.requirements import (
    client_operations,
    client_spec,
)
from klarna_specs.errors import SpecFileError
from klarna_specs.goals import goals
from klarna_specs.loader import SPEC_DIRECTORY, load

SPEC = load()
OPERATIONS = client_operations(SPEC)
FAULTS: tuple[type[Fault], ...] = Fault.__args__


def _copy(directory: Path) -> Path:
    """Copies the package's spec files into an existing directory."""
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    return Path(shutil.copytree(SPEC_DIRECTORY, directory, ignore=ignored, dirs_exist_ok=True))


def test_must_rests_on_the_page_or_on_elementary_sense():
    musts = [each for each in SPEC.client_requirements if each.level == "MUST"]
    assert {each.source for each in musts} == {"page", "elementary"}


def test_every_section_is_one_of_the_page():
    named = {each.section for each in SPEC.client_requirements if each.section}
    assert named <= {requirement.section for requirement in SPEC.requirements}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("level: SHOULD\n    statement: A req", "level: MAY\n    statement: A req", "level"),
        ("id: client.once", "id: client.answers", "stand for one thing"),
        ("id: client.once", "id: once", "begin with client."),
        ("of: [refundOrder]", "of: [cancelOrder]", "not judged on cancelOrder"),
        ("check: once", "check: onec", "'onec' of clients; did you mean once"),
        ("source: http", "source: hearsay", "not in sources.yaml"),
        (
            "level: SHOULD\n    statement: A client should not retry",
            "level: MUST\n    statement: A client should not retry",
            "MUST cannot rest on http",
        ),
        ("traffic: true", "trafic: true", "'trafic' is unknown"),
        ("seen: [redirect,", "sean: [redirect,", "sean, which is no case"),
        ("seen: [redirect,", "seen: [redirects,", "neither an operation nor a kind of fault"),
    ],
)
def test_invalid_file_is_refused(tmp_path: Path, old: str, new: str, problem: str):
    file = _copy(tmp_path) / "client" / "client.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(SpecFileError, match=problem) as caught:
        load(tmp_path)
    assert caught.value.file == str(file)


def test_file_of_another_folder_is_used(tmp_path: Path):
    file = _copy(tmp_path) / "client" / "client.yaml"
    file.write_text(file.read_text().replace("A client must carry out", "A client shall carry out"))
    changed = load(tmp_path)
    statements = [each.statement for each in changed.client_requirements]
    assert sum(each.startswith("A client shall carry out") for each in statements) == 1
    assert changed.fingerprint != SPEC.fingerprint


def test_folder_without_client_requirements_has_those_of_the_package(tmp_path: Path):
    (_copy(tmp_path) / "client" / "client.yaml").unlink()
    assert load(tmp_path) == SPEC


def test_requirement_of_an_operation_needs_a_client_that_has_it():
    named = {
        r.id for r in client_spec(SPEC, operations=["getOptionsForExtendDueDate"]).requirements
    }
    assert "client.options-told" in named
    assert "client.refund-id" not in named


def test_requirement_that_needs_a_fault_applies_only_with_it():
    calm, redirected = (
        {r.id for r in client_spec(SPEC, faults=faults).requirements}
        for faults in ((), ("redirect",))
    )
    assert redirected - calm == {"client.credentials-kept"}


def test_requirement_does_not_apply_if_its_fault_cannot_meet_the_operations():
    release, refund = (
        {
            r.id
            for r in client_spec(SPEC, operations=[each], faults=["foreign-location"]).requirements
        }
        for each in ("releaseRemainingAuthorization", "refundOrder")
    )
    assert "client.credentials-kept" in refund - release


def test_case_of_an_operation_needs_a_client_that_has_it():
    def wanted(operation: str) -> set[str]:
        return {str(goal) for goal in goals(client_spec(SPEC, operations=[operation]))}

    assert "client.as-told-only (second-capture)" in wanted("extendDueDate") - wanted("refundOrder")
    assert "client.amounts-as-told (with-fee)" in wanted("refundOrder") - wanted("extendDueDate")


def test_case_of_a_fault_is_a_goal_only_with_that_fault():
    whole = {str(goal) for goal in goals(client_spec(SPEC))}
    calm = {str(goal) for goal in goals(client_spec(SPEC, faults=["duplicate"]))}
    assert "client.once (lost)" in whole - calm
    assert "client.guarded-against-duplicates (duplicate)" in calm


def test_all_operations_are_documented_on_the_page():
    assert all(SPEC.operations[name].on_page for name in OPERATIONS)


def test_every_kind_of_fault_is_named():
    plain = [fault() for fault in FAULTS]
    assert {kind_of(fault) for fault in plain} <= set(FAULT_KINDS)
    assert all(words_of(fault) for fault in plain)
    assert kind_of(Cut(when="after", reset=False)) == "lost"
    assert kind_of(Silent(when="after")) == "timeout-after"
    assert kind_of(Errored(status=504, when="after")) == "error-after"


def test_fault_survives_json():
    fault = Errored(status=429, retry_after_s=2, body="empty")
    assert msgspec.json.decode(msgspec.json.encode(fault), type=Fault) == fault
