"""One fault of a server is one cause in its report, and two faults stay two."""

from collections.abc import Iterable

import msgspec
import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.deviation import Booking, Deviation, Sending
from klarna_conformance.mock.server import Mock
from klarna_conformance.run.running import recorded_header
from klarna_conformance.wrong.catalogue import Mutant, mutants
from klarna_conformance.wrong.examples import examples
from klarna_conformance.wrong.examples.orders import FULL, NONE, PART, TWO_CAPTURES
from klarna_conformance.wrong.making import mutated_spec
from klarna_reports.record.record import Played, Record, TargetFacts
from klarna_reports.record.results import Summary
from klarna_reports.summary.summary import summarise
from klarna_specs.calls import Call
from klarna_specs.effects import moved_on
from klarna_specs.exchange import Response
from klarna_specs.ledger import Ledger
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step, Together
from klarna_specs.spec import Spec
from klarna_strategies.lines import fee, goods
from klarna_strategies.steps import (
    capture,
    extend,
    get_capture,
    get_options,
    refund,
    release,
)

from .mutant_servers import played, spec

FEE = refund(1_000, order_lines=[goods(1_500), fee(500)])
FACTS = TargetFacts(name="mock", base_url="http://mock", kind="mock")
PAIRS = (
    ("replay-booked-again", "bound-dropped"),
    ("extension-counts-as-refund", "refuses-the-last-unit"),
    ("order-late-after-refunds", "release-answered-200"),
    ("refund-ids-repeated", "bound-one-above"),
    ("refuses-refunds-after-an-extension", "fee-market-nz-added"),
    ("order-refunded-amount-lags", "bound-one-above"),
    ("refund-answered-200-from-the-second-on", "location-of-another-host"),
    ("capture-amount-off-by-one", "bound-one-above"),
    ("location-of-another-order", "bound-one-above"),
    ("refund-id-not-the-refunds-own", "bound-one-above"),
)
SINGLE = (
    "replay-booked-again",
    "extension-counts-as-refund",
    "fee-refusal-answered-200",
    "refund-ids-repeated",
    "refuses-the-rest-after-another",
    "release-of-a-half",
)


SYMPTOMS: dict[str, tuple[tuple[OrderPlan, tuple[Step | Together, ...]], ...]] = {
    "second-refund-replaces-the-sum": (
        (FULL, (refund(6_000), refund(1_000))),
        (FULL, (refund(9_000), refund(1_000), refund(1_000))),
    ),
    "refused-keyed-refund-booked": (
        (NONE, (refund(1_000, key=Key("a")),)),
        (NONE, (refund(0, key=Key("a")),)),
    ),
    "order-late-after-the-third-refund": (
        (FULL, (refund(1_000), refund(1_000), refund(1_000), refund(8_000))),
        (FULL, (refund(1_000), refund(1_000), FEE)),
        (FULL, (refund(1_000, key=Key("a")), refund(1_000), FEE, refund(1_000, key=Key("a")))),
    ),
    "refund-id-not-the-refunds-own": (
        (FULL, (refund(1_000),)),
        (FULL, (FEE,)),
    ),
    "refund-answered-202": (
        (FULL, (refund(1_000),)),
        (FULL, (Together((refund(1_000, key=Key("a")),) * 2),)),
    ),
    "order-late-after-refunds": (
        (FULL, (FEE,)),
        (PART, (refund(1, order_lines=[goods(5)]), capture(1_000))),
    ),
    "order-captured-amount-less-refunds": (
        (FULL, (refund(9_000),)),
        (FULL, (Together((refund(1_000, key=Key("a")),) * 2),)),
    ),
    "location-of-another-order": (
        (FULL, (refund(1_000),)),
        (FULL, (refund(1_000, key=Key("a")), refund(1_000, key=Key("a")))),
    ),
    "order-captured-amount-off-by-one": (
        (FULL, (refund(10_000),)),
        (FULL, (FEE,)),
        (FULL, (release(),)),
    ),
    "options-empty-from-the-second-time-on": (
        (FULL, (get_options(), extend(30))),
        (FULL, (extend(7), extend(7))),
    ),
    "capture-amount-off-by-one": ((TWO_CAPTURES, (get_capture(),)), (NONE, (capture(1),))),
    "location-of-the-list": (
        (FULL, (refund(1_000),)),
        (FULL, (refund(1_000, key=Key("a")), refund(1_000, key=Key("a")))),
    ),
}
"""Scenarios in which one fault violates several requirements."""


def _named(name: str) -> Mutant:
    return next(mutant for mutant in mutants() if mutant.id == name)


def _both(first: Mutant, second: Mutant) -> Mutant:
    """A server with the faults of two, of which only one may be a behaviour."""
    assert not (first.behaviour and second.behaviour)
    return Mutant(
        id="both",
        description="",
        behaviour=first.behaviour or second.behaviour,
        arguments=first.arguments or second.arguments,
        rules={**first.rules, **second.rules},
        terms={**first.terms, **second.terms},
        groups={**first.groups, **second.groups},
        responses=(*first.responses, *second.responses),
        fails={**first.fails, **second.fails},
    )


class _FiveFaults(Mock):
    """Ignores keys, books a unit too much, releases nothing; a wrong bound, a wrong Location."""

    def __init__(self, spec: Spec) -> None:
        deviation = Deviation(understood=_without_key, booked=_one_more, sent=_elsewhere)
        super().__init__(mutated_spec(spec, _named("bound-of-the-order")), deviation=deviation)


def _without_key(call: Call, _mock: Mock) -> Call:
    return msgspec.structs.replace(call, key=None)


def _one_more(booking: Booking, _mock: Mock) -> Ledger:
    done = booking.effect and booking.call.operation.effect != "release"
    ledger = moved_on(booking.ledger, booking.call, booking.answer, effect=done)
    if not done or booking.call.operation.effect != "refund":
        return ledger
    last = ledger.refunds[-1]
    more = msgspec.structs.replace(last, refunded_amount=last.refunded_amount + 1)
    return msgspec.structs.replace(
        ledger,
        refunded_amount=ledger.refunded_amount + 1,
        refunds=(*ledger.refunds[:-1], more),
    )


def _elsewhere(_sending: Sending, response: Response, _mock: Mock) -> Response:
    headers = ((name, value.replace("/refunds/", "/refund/")) for name, value in response.headers)
    return msgspec.structs.replace(response, headers=tuple(headers))


FIVE = {
    "refund": {"refund.books-amount", "refund.location-leads-to-refund"},
    "refund-of-uncaptured": {"refund.within-captured-amount"},
    "repeated": {"refund.replay-booked-once"},
    "release": {"release.frees-the-rest"},
}


def _roots(server: Mutant) -> set[str]:
    return _roots_of(server, server.fails)


def _roots_of(server: Mutant | type[Mock], named: Iterable[str]) -> set[str]:
    known = examples(spec())
    return {cause.root for cause in _summary(server, (known[name] for name in named)).causes}


def _summary(server: Mutant | type[Mock], scenarios: Iterable[Scenario]) -> Summary:
    came = [_played(server, f"s{n}", scenario) for n, scenario in enumerate(scenarios)]
    header = recorded_header(spec(), FACTS, command="", strict=False)
    return summarise(spec(), Record(header=header, played=came, footer=None))


def _played(server: Mutant | type[Mock], identifier: str, scenario: Scenario) -> Played:
    assert scenario.plan is not None
    came = played(server, scenario.plan, *scenario.steps, other=scenario.other)
    findings = judge(spec(), FACTS, came.orders, came.exchanges)
    return msgspec.structs.replace(came, id=identifier, findings=findings)


@pytest.mark.parametrize("name", SINGLE)
def test_one_fault_is_one_cause(name: str) -> None:
    assert len(_roots(_named(name))) == 1


@pytest.mark.parametrize("name", SYMPTOMS)
def test_symptoms_of_one_fault_are_one_cause(name: str) -> None:
    scenarios = [Scenario(plan=plan, steps=steps) for plan, steps in SYMPTOMS[name]]
    summary = _summary(_named(name), scenarios)
    assert summary.counts["FAIL"] > 1
    assert len(summary.causes) == 1


def test_recommendation_that_the_same_bug_breaks_is_no_cause_of_its_own() -> None:
    class BooksRepeats(Mock):
        def __init__(self, spec: Spec) -> None:
            super().__init__(spec, deviation=Deviation(understood=_without_key))

    summary = _summary(
        BooksRepeats, (examples(spec())[n] for n in ("repeated", "capture-repeated"))
    )
    warned = {each.id: each.beside for each in summary.requirements if each.verdict == "WARN"}
    (cause,) = summary.causes

    assert warned["capture.replay-booked-once"] == cause.root == "refund.replay-booked-once"
    assert set(warned) < set(cause.requirements)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_faults_are_two_causes(one: str, other: str) -> None:
    first, second = _named(one), _named(other)
    roots = _roots(_both(first, second))
    assert len(roots) == 2
    for fault in (first, second):
        named = {requirement for each in fault.fails.values() for requirement in each}
        assert roots & named


def test_five_faults_are_five_causes() -> None:
    assert _roots_of(_FiveFaults, FIVE) == set().union(*FIVE.values())
