"""The catalogue of mutants is sound: each can be made, and names a MUST that is to catch it."""

import asyncio
from collections import Counter
from importlib.resources import files

import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.rehearsal import MockTarget
from klarna_conformance.play.player import play
from klarna_conformance.wrong import variants
from klarna_conformance.wrong.behaviours import BEHAVIOURS
from klarna_conformance.wrong.catalogue import harmless_variants, mutants
from klarna_conformance.wrong.making import make_mutant, mutated_spec
from klarna_specs.loader import load
from klarna_specs.plan import OrderPlan
from klarna_specs.rules import check_expression
from klarna_specs.scenario import Action, Key, Scenario
from klarna_specs.yaml_text import parse_yaml
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import extend, get_order, offered, refund, release

SPEC = load()
BY_ID = {mutant.id: mutant for mutant in mutants()}
JUDGED = {requirement.id for requirement in SPEC.requirements if requirement.level != "INFO"}


def test_mutants_have_ids_of_their_own() -> None:
    ids = Counter(mutant.id for mutant in (*mutants(), *harmless_variants()))
    assert [identifier for identifier, count in ids.items() if count > 1] == []


def test_there_are_many_mutants() -> None:
    assert len(mutants()) >= 150


def test_every_class_has_a_title_and_several_mutants() -> None:
    text = files("klarna_conformance.wrong").joinpath("mutants.yaml").read_text("utf-8")
    classes = parse_yaml("mutants.yaml", text).root
    assert [key for key, told in classes.items() if not told["title"].strip()] == []
    assert [key for key, told in classes.items() if len(told["mutants"]) < 3] == []


def test_no_mutant_is_to_be_caught_by_what_is_only_reported() -> None:
    wrong = {m.id: m.caught_by for m in mutants() if not m.caught_by or set(m.caught_by) - JUDGED}
    assert wrong == {}


def test_every_mutant_is_told_in_one_sentence() -> None:
    odd = [m.id for m in mutants() if not m.description.endswith(".") or ". " in m.description]
    assert odd == []


def test_descriptions_are_not_repeated() -> None:
    told = Counter(mutant.description for mutant in mutants())
    assert [description for description, count in told.items() if count > 1] == []


def test_every_behaviour_is_used() -> None:
    used = {mutant.behaviour for mutant in mutants()}
    assert set(BEHAVIOURS) - set(variants.BEHAVIOURS) - used == set()


def test_no_behaviour_of_a_mutant_is_named_like_one_of_a_harmless_variant() -> None:
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
def test_every_market_has_a_mutant_that_is_wrong_about_its_return_fees(market: str) -> None:
    listed = market in SPEC.market_groups["return_fee"]
    identifier = f"fee-market-{market.lower()}-{'missing' if listed else 'added'}"
    understood = mutated_spec(SPEC, BY_ID[identifier]).market_groups["return_fee"]
    assert set(understood) ^ set(SPEC.market_groups["return_fee"]) == {market}


_SHIRT = [goods(10_000), fee(500)]
_KEYED = refund(1_000, key=Key("first"))
_DETAILED = refund(1_000, description="größe", reference="RMA-1")
_HANDFUL: tuple[tuple[str, tuple[int, ...], tuple[Action, ...]], ...] = (
    ("bound-one-above", (10_000,), (refund(10_001),)),
    ("bound-forgets-earlier-refunds", (10_000,), (refund(6_000), refund(6_000))),
    ("refuses-the-last-unit", (10_000,), (refund(10_000),)),
    ("negative-refund-accepted", (10_000,), (refund(-1),)),
    ("fee-market-se-missing", (10_000,), (refund(9_500, order_lines=_SHIRT),)),
    ("fee-capture-count-not-looked-at", (4_000, 6_000), (refund(9_500, order_lines=_SHIRT),)),
    ("fee-sum-one-above", (10_000,), (refund(9_501, order_lines=_SHIRT),)),
    ("fee-not-taken-off-the-booking", (10_000,), (refund(9_500, order_lines=_SHIRT),)),
    ("fee-removal-refused", (10_000,), (refund(9_500, order_lines=_SHIRT), refund(500))),
    ("location-missing", (10_000,), (refund(1_000),)),
    ("location-of-another-host", (10_000,), (refund(1_000),)),
    ("refund-error-html", (10_000,), (refund(10_001),)),
    ("refund-correlation-id-constant", (10_000,), (refund(10_001), refund(10_002))),
    ("replay-booked-again", (10_000,), (_KEYED, _KEYED)),
    ("replay-told-another-id", (10_000,), (_KEYED, _KEYED)),
    ("description-in-ascii", (10_000,), (_DETAILED,)),
    ("release-of-captured-orders", (10_000,), (release(),)),
    ("release-not-done", (4_000,), (release(),)),
    ("days-accepted-one-above", (10_000,), (extend(offered(0, plus=1)),)),
    ("extension-answered-200", (10_000,), (extend(offered(0)),)),
    ("order-lacks-its-last-refund", (10_000,), (refund(1_000), get_order())),
)


@pytest.mark.parametrize(
    ("identifier", "captures", "steps"), _HANDFUL, ids=[identifier for identifier, _, _ in _HANDFUL]
)
def test_a_mutant_is_caught_by_what_it_names_and_the_documented_mock_by_nothing(
    identifier: str, captures: tuple[int, ...], steps: tuple[Action, ...]
) -> None:
    mutant = BY_ID[identifier]
    plan = OrderPlan(market="SE", currency="SEK", order_amount=10_000, captures=captures)
    scenario = Scenario(plan=plan, steps=steps)
    caught = _violated(make_mutant(SPEC, mutant), scenario)
    assert caught & set(mutant.caught_by)
    assert caught <= set(mutant.caught_by) | {"order.money-adds-up"}
    assert _violated(Mock(SPEC), scenario) == set()


def _violated(mock: Mock, scenario: Scenario) -> set[str]:
    target = MockTarget(mock)
    played = asyncio.run(play(SPEC, target, scenario, identifier="mutant"))
    findings = judge(SPEC, target.facts, played.orders, played.exchanges)
    return {finding.requirement for finding in findings if finding.verdict == "FAIL"}
