"""The example of a violation with the worst harm is its headline, in every format."""

from collections.abc import Callable, Sequence

import msgspec
import pytest

from klarna_reports.formats.junit import junit
from klarna_reports.formats.sarif import sarif
from klarna_reports.record.record import Difference, Finding, Played, Record
from klarna_reports.summary.changes import changes_between
from klarna_reports.summary.summary import Summary, summarise
from klarna_specs.spec import Spec

from .findings import RULE, finding

Scenarios = Callable[..., Played]
Records = Callable[..., Record]


def _wrong(member: str, by: int) -> Finding:
    difference = Difference(member=member, expected=100, observed=100 + by)
    return finding(observed=f"{member} {100 + by}", differences=(difference,))


def _saved(played: Played) -> Played:
    return msgspec.structs.replace(played, shrunk_from="s1", shows=RULE)


@pytest.fixture
def scenarios(played: Scenarios) -> Sequence[Played]:
    """A frequent wrong state, money refused, and money lost three times."""
    return (
        *(played(_wrong("captured_amount", 9000), identifier=f"s{n}") for n in range(5)),
        played(_wrong("refunded_amount", -8000), identifier="s5"),
        *(played(_wrong("refunded_amount", n), identifier=f"s6{n}") for n in (10, 700, 70)),
    )


@pytest.fixture
def summary(spec: Spec, record: Records, scenarios: Sequence[Played]) -> Summary:
    return summarise(spec, record(*scenarios))


def test_the_headline_of_a_cause_is_the_most_money_lost(summary: Summary) -> None:
    (cause,) = summary.causes
    assert (cause.amount, summary.findings[0].scenario) == (700, "s6700")
    assert "8.00 SEK refunded" in cause.sentence


def test_the_headline_is_the_same_sentence_in_every_format(spec: Spec, summary: Summary) -> None:
    sentence = summary.causes[0].sentence
    met = msgspec.structs.replace(
        summary,
        findings=(),
        requirements=tuple(
            msgspec.structs.replace(each, verdict="PASS", reason="")
            for each in summary.requirements
        ),
    )
    (broken,) = changes_between(met, summary).of_kind("broken")
    reasons = [each.reason for each in summary.requirements if each.id == RULE]

    assert (broken.sentence, reasons) == (sentence, [sentence])
    assert f'message="{sentence}"' in junit(summary)
    assert sarif(summary).index(sentence) < sarif(summary).index(summary.findings[1].sentence)


def test_the_headline_does_not_depend_on_the_order_of_scenarios(
    spec: Spec, record: Records, scenarios: Sequence[Played]
) -> None:
    twins = [msgspec.structs.replace(each, id=f"t{each.id}") for each in scenarios]
    orders = [[*scenarios, *twins], [*twins, *scenarios][::-1]]
    first, other = (summarise(spec, record(*each)) for each in orders)
    assert first.findings == other.findings
    assert changes_between(first, other).changes == ()


def test_a_saved_example_of_the_same_harm_is_the_headline(
    spec: Spec, record: Records, scenarios: Sequence[Played], played: Scenarios
) -> None:
    saved = _saved(played(_wrong("refunded_amount", 1), identifier="c1"))
    first, *others = summarise(spec, record(*scenarios, saved)).findings
    assert (first.scenario, first.saved) == ("c1", True)
    assert not any(each.saved for each in others)


def test_a_saved_example_of_less_harm_is_listed_second(
    spec: Spec, record: Records, scenarios: Sequence[Played], played: Scenarios
) -> None:
    texts = ("four", "five", "six", "seven", "eight", "nine")
    others = [played(finding(observed=text), identifier=text) for text in texts]
    saved = _saved(played(_wrong("captured_amount", 1), identifier="c1"))
    findings = summarise(spec, record(*scenarios, *others, saved)).findings
    assert [(each.scenario, each.saved) for each in findings[:2]] == [
        ("s6700", False),
        ("c1", True),
    ]


def test_a_replay_of_a_smaller_example_is_called_so(
    spec: Spec, record: Records, scenarios: Sequence[Played], played: Scenarios
) -> None:
    saved = _saved(played(_wrong("captured_amount", 1), identifier="c1"))
    written = junit(summarise(spec, record(*scenarios, saved)))
    assert "replay a smaller example, in the folder where the run was started: klarna" in written
    assert "\nreplay, in the folder where the run was started: klarna" in written


def test_the_headline_shows_no_other_bug_although_that_costs_more(
    spec: Spec, record: Records, played: Scenarios
) -> None:
    name = "refund.status"
    cheap, dear = (
        msgspec.structs.replace(_wrong("refunded_amount", by), requirement=name) for by in (70, 900)
    )
    alone, both = played(cheap, identifier="s1"), played(dear, finding(), identifier="s2")
    findings = summarise(spec, record(both, alone)).findings
    assert [each.scenario for each in findings if each.requirement == name] == ["s1", "s2"]
