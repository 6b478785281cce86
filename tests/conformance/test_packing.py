"""Packed scenarios have the same outcomes and goals as alone, with fewer requests."""

from itertools import chain

import msgspec

from klarna_conformance.plan.dry_run import DryRun, dry_run
from klarna_conformance.plan.packing import packed
from klarna_conformance.wrong.examples.orders import FULL, TWO_CAPTURES
from klarna_specs.scenario import Key, Scenario, Step, Together, steps_of
from klarna_strategies.steps import get_refund, refund, release

from .mutant_servers import spec

KEY = Key("same")
PLAIN = [Scenario(plan=FULL, steps=(refund(n),)) for n in (10_001, -1, 1, 250)]


def _packs(*scenarios: Scenario) -> tuple[list[DryRun], list[DryRun]]:
    alone = dry_run(spec(), scenarios)
    return alone, packed(alone, lambda scenarios: dry_run(spec(), scenarios))


def test_pack_has_the_outcomes_of_its_parts_with_fewer_requests() -> None:
    alone, (pack,) = _packs(*PLAIN)
    assert pack.scenario.packed
    assert pack.scenario.steps == tuple(chain(*(each.scenario.steps for each in alone)))
    assert pack.outcomes == tuple(chain(*(each.outcomes for each in alone)))
    assert pack.goals >= frozenset().union(*(each.goals for each in alone))
    assert pack.requests < sum(each.requests for each in alone)


def test_each_part_keeps_its_own_keys() -> None:
    same = Scenario(plan=FULL, steps=(refund(7, key=KEY), refund(7, key=KEY)))
    alone, (pack,) = _packs(same, same)
    first, again, second, repeated = steps_of(pack.scenario)
    assert (first.key, second.key) == (again.key, repeated.key)
    assert first.key != second.key
    assert pack.outcomes == alone[0].outcomes * 2


def test_scenarios_that_would_interfere_are_not_packed() -> None:
    whole = Scenario(plan=FULL, steps=(refund(10_000),))
    text = Scenario(plan=FULL, steps=(refund(1, key=Key("same", "text")),))
    by_place = Scenario(plan=FULL, steps=(refund(1), get_refund(0)))
    beside = Scenario(plan=FULL, other=FULL, steps=(refund(1), refund(1, order="other")))
    at_once = Scenario(plan=FULL, steps=(Together((refund(1), refund(2))),))
    elsewhere = Scenario(plan=TWO_CAPTURES, steps=(release(),))
    without = msgspec.structs.replace(FULL, captures=())
    refused = Scenario(plan=without, steps=(refund(1),))
    for one in (whole, text, refused):
        assert _packs(one, one)[1] == []
    for other in (by_place, beside, at_once, elsewhere):
        assert _packs(PLAIN[0], other)[1] == []


def test_pack_has_at_most_twelve_steps() -> None:
    steps: tuple[Step, ...] = tuple(refund(-n) for n in range(1, 6))
    _, packs = _packs(*[Scenario(plan=FULL, steps=steps)] * 6)
    assert [len(steps_of(each.scenario)) for each in packs] == [10, 10, 10]
