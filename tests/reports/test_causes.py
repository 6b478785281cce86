from collections.abc import Callable

from klarna_reports.record.record import Finding, Played, Record
from klarna_reports.summary.summary import summarise
from klarna_specs.spec import Spec

BOUND, STATUS, ORDER = "refund.within-captured-amount", "refund.status", "order.answered"
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


def test_what_fails_earlier_is_no_consequence(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    scenario = played(_failed(ORDER, 0), _failed(BOUND, 1), steps=2)
    assert _beside(spec, record(scenario)) == {ORDER: "", BOUND: ORDER}


def test_of_two_that_fail_together_the_more_specific_one_is_named(
    spec: Spec, played: Scenarios, record: Records
) -> None:
    judged = Finding(requirement=ORDER, verdict="PASS", exchange=0)
    together = played(_failed(ORDER), _failed(BOUND), identifier="s1")
    passed = played(judged, identifier="s2")
    assert _beside(spec, record(together, passed)) == {BOUND: "", ORDER: BOUND}


def test_the_reason_counts_consequences(spec: Spec, played: Scenarios, record: Records) -> None:
    scenario = played(_failed(BOUND, 0), _failed(ORDER, 1), steps=2)
    summary = summarise(spec, record(scenario))
    assert (summary.verdict, summary.reason) == (
        "NONCONFORMANT",
        "2 requirements are violated, one of them only together with another.",
    )
