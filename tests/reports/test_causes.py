from collections.abc import Callable

import msgspec

from klarna_reports.record.record import Difference, Finding, Played, Record
from klarna_reports.summary.causes import circumstances
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Exchange, Request, Response
from klarna_specs.goals import Scope
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Key, Scenario, Step, Together, Wait
from klarna_specs.spec import Spec

PLAN = OrderPlan(market="SE", currency="SEK", order_amount=10000, captures=(10000,))

BOUND, ORDER = "refund.within-captured-amount", "order.answered"
Scenarios = Callable[..., Played]
Records = Callable[..., Record]


def _failed(requirement: str, exchange: int = 0, witness: int | None = None) -> Finding:
    return Finding(
        requirement=requirement,
        verdict="FAIL",
        exchange=exchange,
        witness=witness,
        expected="this",
        observed="that",
    )


def _beside(spec: Spec, record: Record) -> dict[str, str]:
    return {r.id: r.beside for r in summarise(spec, record).requirements if r.verdict == "FAIL"}


def test_what_fails_only_after_another_failure_names_it(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    scenarios = [
        played(_failed(BOUND), identifier="s1"),
        played(_failed(BOUND), _failed(ORDER, 0, 1), identifier="s2", steps=2),
    ]
    assert _beside(spec, record(*scenarios)) == {BOUND: "", ORDER: BOUND}


def test_what_fails_by_itself_somewhere_names_nothing(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    scenarios = [
        played(_failed(BOUND), _failed(ORDER, 1), identifier="s1", steps=2),
        played(_failed(ORDER), identifier="s2"),
        played(_failed(BOUND), identifier="s3"),
    ]
    assert _beside(spec, record(*scenarios)) == {BOUND: "", ORDER: ""}


def test_costly_violation_is_no_consequence_of_a_cheap_one(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    scenario = played(_failed(ORDER, 0), _failed(BOUND, 1), steps=2)
    assert _beside(spec, record(scenario)) == {ORDER: "", BOUND: ""}


def test_of_two_that_fail_together_the_more_specific_one_is_named(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    judged = Finding(requirement=ORDER, verdict="PASS", exchange=0)
    together = played(_failed(ORDER), _failed(BOUND), identifier="s1")
    passed = played(judged, identifier="s2")
    assert _beside(spec, record(together, passed)) == {BOUND: "", ORDER: BOUND}


def test_a_frequent_cheap_example_does_not_hide_that_money_is_lost(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    lost = Difference(member="refunded_amount", expected=1000, observed=2000)
    dear = msgspec.structs.replace(_failed(ORDER), observed="more", differences=(lost,))
    scenarios = [
        *(played(_failed(BOUND), _failed(ORDER, 0, 1), identifier=i, steps=2) for i in "ab"),
        played(dear, identifier="s3"),
    ]
    assert _beside(spec, record(*scenarios))[ORDER] == ""


def test_the_reason_counts_causes(spec: Spec, played: Scenarios, record: Records) -> None:
    scenario = played(_failed(BOUND, 0), _failed(ORDER, 1), steps=2)
    summary = summarise(spec, record(scenario))
    assert (summary.verdict, summary.reason) == (
        "NONCONFORMANT",
        "2 requirements are violated, probably by one cause.",
    )


def test_a_cause_has_its_requirements_and_its_amount(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    scenario = played(_failed(BOUND, 0), _failed(ORDER, 1), steps=2)
    (cause,) = summarise(spec, record(scenario)).causes
    assert (cause.root, cause.requirements) == (BOUND, (BOUND, ORDER))
    assert cause.counterexample == f"counterexamples/{BOUND}.yaml"


def test_what_is_out_of_scope_is_no_cause(spec: Spec, played: Scenarios, record: Records) -> None:
    together = played(_failed(BOUND), _failed(ORDER, 0, 1), steps=2)
    summary = summarise(spec, record(together, scope=Scope(requirements=(ORDER,))))

    assert [cause.root for cause in summary.causes] == [ORDER]
    assert summary.reason == "One requirement is violated."


def test_violations_that_need_the_same_circumstances_have_one_cause(
    spec: Spec, record: Records
) -> None:
    first, again = (_keyed(identifier, requirement) for identifier, requirement in PAIR)
    assert _beside(spec, record(first, again)) == {BOUND: "", ORDER: BOUND}


def test_circumstances_are_keys_credentials_time_and_concurrency() -> None:
    step = Step(operation="refundOrder", key=Key("a"))
    other = Step(operation="getOrder", credentials="none", order="other")
    scenario = Scenario(plan=PLAN, steps=(step, Wait(60), Together((step, other))))
    assert circumstances(scenario) == {
        "key of refundOrder again",
        "getOrder none",
        "getOrder on other order",
        "time passes",
        "concurrent calls",
    }


PAIR = (("s1", BOUND), ("s2", ORDER))


def _keyed(identifier: str, requirement: str) -> Played:
    """A scenario with one key twice, in which a later read shows the violation."""
    step = Step(operation="refundOrder", key=Key("a"))
    looked = Exchange(
        request=Request(method="GET", path="/ordermanagement/v1/orders/1"),
        outcome=Response(status=200),
    )
    return Played(
        id=identifier,
        scenario=Scenario(plan=PLAN, steps=(step, step)),
        exchanges=(looked, looked),
        findings=(_failed(requirement, 0, 1),),
    )
