"""Sentences of violations name the circumstances that the violated rule depends on."""

import asyncio
import re

import pytest

from klarna_conformance.plan.dry_run import MockTarget
from klarna_conformance.play.engine import play_and_judge
from klarna_conformance.wrong.examples import examples
from klarna_conformance.wrong.making import named_mock
from klarna_reports.words.exchange_lines import exchange_lines
from klarna_reports.words.finding_sentence import finding_sentence, without_amounts
from klarna_specs.loader import load

SPEC = load()
FEE, DAYS = "refund.fee-single-capture", "extension.offered-days-only"
LOCATION = "refund.location-leads-to-refund"
CASES = [
    ("fee-captures-not-verified", "fee-partly-captured", FEE, r" captured of an order of [\d,.]+ "),
    ("fee-captures-not-verified", "fee-two-captures", FEE, r" captured in two captures "),
    ("days-accepted-any", "extension-of-31", DAYS, r" by 31 days \([\d, ]+ days offered\) was "),
    ("location-of-the-order", "refund", LOCATION, r" has the Location \S+/{order A}, which leads"),
]


@pytest.mark.parametrize(("mutant", "example", "requirement", "part"), CASES)
def test_a_sentence_names_what_the_violated_rule_depends_on(
    mutant: str, example: str, requirement: str, part: str
) -> None:
    target, scenario = MockTarget(named_mock(SPEC, mutant)), examples(SPEC)[example]
    played = asyncio.run(play_and_judge(SPEC, target, scenario, identifier="s1"))
    (found,) = (f for f in played.findings if f.requirement == requirement and f.verdict == "FAIL")
    sentence = finding_sentence(SPEC, SPEC.requirement(requirement), played, found)

    assert re.search(part, sentence), sentence
    assert " captured" not in without_amounts(sentence)


def test_a_replayed_fee_and_the_offered_days_are_printed() -> None:
    lines: list[str] = []
    for example in ("fee-partly-captured", "extension-of-31"):
        target, scenario = MockTarget(named_mock(SPEC, None)), examples(SPEC)[example]
        played = asyncio.run(play_and_judge(SPEC, target, scenario, identifier="s1"))
        lines += exchange_lines(SPEC, played)
    assert any(re.search(r"refundOrder, .*return fee [\d.]+ ", line) for line in lines)
    assert any(re.search(r"-> 200, [\d, ]+ days offered$", line) for line in lines)
