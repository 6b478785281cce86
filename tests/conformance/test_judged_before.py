"""The judge of a campaign, which judges equal exchanges once."""

import asyncio

import msgspec

from klarna_conformance.campaign.judged_before import JudgedBefore
from klarna_conformance.judge.server import judge
from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.player import play
from klarna_conformance.wrong.examples.orders import FULL
from klarna_conformance.wrong.making import named_mock
from klarna_reports.record.record import Finding, Played
from klarna_specs.exchange import Response
from klarna_specs.scenario import Key, Scenario
from klarna_strategies.steps import refund

from .mutant_servers import spec

RETRIED = Scenario(plan=FULL, steps=(refund(1_000, key=Key("a")), refund(1_000, key=Key("a"))))


def _played(name: str | None = None) -> tuple[MockTarget, Played]:
    target = MockTarget(named_mock(spec(), name, seed=1))
    return target, asyncio.run(play(spec(), target, RETRIED, identifier="s0001"))


def _judged(judging: JudgedBefore, target: MockTarget, played: Played) -> tuple[Finding, ...]:
    return judging(spec(), target.facts, played.orders, played.exchanges)


def test_exchanges_that_differ_in_ids_only_are_judged_once() -> None:
    judging = JudgedBefore()

    assert _judged(judging, *_played()) != ()
    assert _judged(judging, *_played()) == ()


def test_a_violation_is_found_each_time() -> None:
    judging = JudgedBefore()
    _judged(judging, *_played())
    for _ in range(2):
        target, played = _played("replay-booked-again")
        expected = judge(spec(), target.facts, played.orders, played.exchanges)

        assert _judged(judging, target, played) == expected
        assert "FAIL" in {finding.verdict for finding in expected}


def test_an_id_in_place_of_an_equal_one_is_judged_again() -> None:
    judging = JudgedBefore()
    target, played = _played()
    _judged(judging, target, played)
    *before, last = played.exchanges
    assert isinstance(last.outcome, Response)
    written = msgspec.json.encode(last).replace(
        played.orders[0].order_id.encode(), b"00000000-0000-4000-8000-000000000000"
    )
    other = msgspec.json.decode(written, type=type(last))
    changed = msgspec.structs.replace(played, exchanges=(*before, other))

    assert _judged(judging, target, changed) != ()
