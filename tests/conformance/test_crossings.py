"""The crossed conditions show what a server does with many lines and with keys used long before."""

from klarna_conformance.mock.server import Mock
from klarna_specs.scenario import Scenario
from klarna_strategies.tables.crossings import crossings
from klarna_strategies.tables.stage import Stage

from .mutant_servers import found, spec

CROSSINGS = list(crossings(Stage(spec())))
FEES = next(each for each in CROSSINGS if "return_fee" in str(each.steps[0]))


def _beginning(scenario: Scenario) -> Scenario:
    return Scenario(plan=scenario.plan, steps=scenario.steps[:1], packed=True)


def test_first_of_the_crossed_fees_shows_that_only_five_lines_are_summed() -> None:
    refused = found("fee-sum-of-five-lines", _beginning(FEES))
    assert refused["refund.fee-accepted"] == "FAIL"
    assert found("fee-sum-of-five-lines", FEES)["refund.fee-accepted"] == "FAIL"


def test_crossed_fees_show_nothing_on_an_honest_server() -> None:
    assert found(Mock, FEES) == {}


def test_repeated_id_accuses_no_later_refusal() -> None:
    seen = found("refund-ids-repeated-after-two", CROSSINGS[0])
    assert seen["refund.id-distinct"] == "FAIL"
    assert not [name for name in seen if name.endswith(("changes-nothing", "booked-once"))]


def test_crossed_keys_show_a_memory_of_forty_keys() -> None:
    forty = "keys-forgotten-after-forty-other-keys"
    booked = [found(forty, each) for each in CROSSINGS if len(each.steps) > 100]
    assert [each["refund.replay-booked-once"] for each in booked] == ["FAIL"]
