"""One fault of a server is one cause in its report, and two faults stay two."""

import msgspec
import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.run.running import recorded_header
from klarna_conformance.wrong.catalogue import Mutant, mutants
from klarna_conformance.wrong.examples import examples
from klarna_reports.record.record import Played, Record, TargetFacts
from klarna_reports.summary.summary import summarise
from klarna_specs.scenario import Scenario

from .mutant_servers import played, spec

FACTS = TargetFacts(name="mock", base_url="http://mock", kind="mock")
PAIRS = (
    ("replay-booked-again", "bound-dropped"),
    ("extension-counts-as-refund", "refuses-the-last-unit"),
    ("order-late-after-refunds", "release-answered-200"),
    ("refund-ids-repeated", "bound-one-above"),
    ("refuses-refunds-after-an-extension", "fee-market-nz-added"),
)
SINGLE = (
    "replay-booked-again",
    "extension-counts-as-refund",
    "fee-refusal-answered-200",
    "refund-ids-repeated",
    "refuses-the-rest-after-another",
    "release-of-a-half",
)


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


def _roots(server: Mutant) -> set[str]:
    known = examples(spec())
    scenarios = [_played(server, f"s{n}", known[name]) for n, name in enumerate(server.fails)]
    header = recorded_header(spec(), FACTS, command="", strict=False)
    summary = summarise(spec(), Record(header=header, played=scenarios, footer=None))
    return {cause.root for cause in summary.causes}


def _played(server: Mutant, identifier: str, scenario: Scenario) -> Played:
    came = played(server, scenario.plan, *scenario.steps, other=scenario.other)
    findings = judge(spec(), FACTS, came.orders, came.exchanges)
    return msgspec.structs.replace(came, id=identifier, findings=findings)


@pytest.mark.parametrize("name", SINGLE)
def test_one_fault_is_one_cause(name: str) -> None:
    assert len(_roots(_named(name))) == 1


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_faults_are_two_causes(one: str, other: str) -> None:
    first, second = _named(one), _named(other)
    roots = _roots(_both(first, second))
    assert len(roots) == 2
    for fault in (first, second):
        named = {requirement for each in fault.fails.values() for requirement in each}
        assert roots & named
