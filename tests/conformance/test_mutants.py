"""The catalogue of mutants is sound: each fails exactly what it names, and the mock nothing."""

from collections import Counter
from importlib.resources import files

import pytest

from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong import variants
from klarna_conformance.wrong.behaviours import BEHAVIOURS
from klarna_conformance.wrong.catalogue import Mutant, harmless_variants, mutants
from klarna_conformance.wrong.examples import examples
from klarna_conformance.wrong.making import make_mutant, mutated_spec
from klarna_specs.rules import check_expression
from klarna_specs.yaml_text import parse_yaml

from .mutant_servers import found, spec

SPEC = spec()
EXAMPLES = examples(SPEC)
BY_ID = {mutant.id: mutant for mutant in mutants()}
JUDGED = {requirement.id for requirement in SPEC.requirements if requirement.level != "INFO"}


def test_ids_are_unique() -> None:
    ids = Counter(mutant.id for mutant in (*mutants(), *harmless_variants()))
    assert [identifier for identifier, count in ids.items() if count > 1] == []


def test_there_are_many_mutants() -> None:
    assert len(mutants()) >= 150


def test_every_class_has_a_title_and_several_mutants() -> None:
    text = files("klarna_conformance.wrong").joinpath("mutants.yaml").read_text("utf-8")
    classes = parse_yaml("mutants.yaml", text).root
    assert [key for key, listed in classes.items() if not listed["title"].strip()] == []
    assert [key for key, listed in classes.items() if len(listed["mutants"]) < 3] == []


def test_mutants_break_a_must_or_should() -> None:
    wrong = {m.id: m.caught_by for m in mutants() if not m.caught_by or set(m.caught_by) - JUDGED}
    assert wrong == {}


def test_descriptions_are_one_sentence() -> None:
    odd = [m.id for m in mutants() if not m.description.endswith(".") or ". " in m.description]
    assert odd == []


def test_descriptions_are_not_repeated() -> None:
    found = Counter(mutant.description for mutant in mutants())
    assert [description for description, count in found.items() if count > 1] == []


def test_every_behaviour_is_used() -> None:
    used = {mutant.behaviour for mutant in mutants()}
    assert set(BEHAVIOURS) - set(variants.BEHAVIOURS) - used == set()


def test_mutants_use_no_behaviour_of_a_harmless_variant() -> None:
    used = {mutant.behaviour for mutant in mutants()}
    assert used & set(variants.BEHAVIOURS) == set()


@pytest.mark.parametrize("kind", sorted({mutant.kind for mutant in mutants()}))
def test_every_mutant_can_be_made(kind: str) -> None:
    for mutant in (mutant for mutant in mutants() if mutant.kind == kind):
        assert isinstance(make_mutant(SPEC, mutant), Mock)
        for expression in (*mutant.rules.values(), *mutant.arguments.values()):
            if isinstance(expression, str) and " " in expression:
                check_expression(expression)


def test_every_mutant_deviates() -> None:
    alike = [
        mutant.id
        for mutant in mutants()
        if not (mutant.responses or mutant.behaviour)
        and mutated_spec(SPEC, mutant).operations == SPEC.operations
        and mutated_spec(SPEC, mutant).market_groups == SPEC.market_groups
    ]
    assert alike == []


@pytest.mark.parametrize("market", sorted(SPEC.markets))
def test_every_market_has_a_mutant_about_its_return_fees(market: str) -> None:
    listed = market in SPEC.market_groups["return_fee"]
    identifier = f"fee-market-{market.lower()}-{'missing' if listed else 'added'}"
    understood = mutated_spec(SPEC, BY_ID[identifier]).market_groups["return_fee"]
    assert set(understood) ^ set(SPEC.market_groups["return_fee"]) == {market}


@pytest.mark.parametrize("kind", sorted({mutant.kind for mutant in mutants()}))
def test_mutants_fail_exactly_what_they_name_on_their_examples(kind: str) -> None:
    of_kind = [mutant for mutant in mutants() if mutant.kind == kind]
    seen = {mutant.id: _seen(mutant) for mutant in of_kind}
    assert {m.id: seen[m.id] for m in of_kind if seen[m.id] != _named(m)} == {}


def test_the_mock_and_harmless_variants_fail_nothing_on_examples() -> None:
    alarms = {v.id: _seen(v) for v in harmless_variants() if _seen(v) != _named(v)}
    on_mock = {name: found(Mock, example) for name, example in EXAMPLES.items()}
    assert (alarms, {name: found for name, found in on_mock.items() if found}) == ({}, {})


def test_every_must_fails_for_a_mutant_on_its_example() -> None:
    failing = {name for m in mutants() for names in m.fails.values() for name in names}
    assert [r.id for r in SPEC.requirements if r.level == "MUST" and r.id not in failing] == []


def _named(mutant: Mutant) -> dict[str, dict[str, str]]:
    named: dict[str, dict[str, str]] = {name: {} for name in (*mutant.fails, *mutant.warns)}
    for verdict, by_example in (("FAIL", mutant.fails), ("WARN", mutant.warns)):
        for example, requirements in by_example.items():
            named[example].update(dict.fromkeys(requirements, verdict))
    return named


def _seen(mutant: Mutant) -> dict[str, dict[str, str]]:
    names = {**mutant.fails, **mutant.warns}
    return {name: found(mutant.id, EXAMPLES[name]) for name in names}
