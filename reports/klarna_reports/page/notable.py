"""The few things that everybody wants to know of what moves money, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import WORST_FIRST, RequirementResult, Summary

__all__ = ["TOPICS", "Notable", "notables"]

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "No more money is given back than was taken",
        ("refund.within-captured-amount", "refund.amount-not-negative", "order.money-adds-up"),
    ),
    (
        "A refund moves its amount, once, and shows on the order",
        ("refund.books-amount", "refund.read-back", "refund-read.shows-what-happened"),
    ),
    (
        "A refund that is sent twice by accident pays once",
        ("refund.replay-booked-once", "refund.replay-answered-alike"),
    ),
    (
        "A return fee is charged only where that is allowed, and can be removed",
        (
            *("refund.fee-accepted", "refund.fee-market", "refund.fee-single-capture"),
            *("refund.fee-lines-add-up", "refund.fee-keeps-the-rest", "refund.fee-removal"),
        ),
    ),
    (
        "Releasing the rest of an order frees it, and nothing else",
        ("release.accepted", "release.frees-the-rest", "release.fully-captured-refused"),
    ),
    (
        "A due date moves only by what was offered, and costs no order its money",
        (
            *("extension.accepted", "extension.offered-days-only"),
            *("extension.pay-later-only", "extension.leaves-the-money-alone"),
        ),
    ),
    (
        "A call that is refused changes nothing",
        (
            *("refund.refusal-changes-nothing", "release.refusal-changes-nothing"),
            *("extension.refusal-changes-nothing", "capture.refusal-changes-nothing"),
        ),
    ),
    (
        "Nobody gets in without the right credentials",
        (
            *("refund.credentials-required", "refund.wrong-credentials-refused"),
            *("release.credentials-required", "release.wrong-credentials-refused"),
            *("extension.credentials-required", "extension.wrong-credentials-refused"),
        ),
    ),
    (
        "What was told once moves money once, whatever the network does",
        ("client.once", "client.key-kept", "client.key-of-its-own"),
    ),
    (
        "What it tells is true: done, refused or honestly unknown",
        (
            *("client.done-is-true", "client.refused-is-true", "client.outcome-clear"),
            "client.carries-out",
        ),
    ),
    (
        "It sends what it was told, to the minor unit, and nothing else",
        (
            *("client.amounts-as-told", "client.as-told-only", "client.well-formed"),
            "client.documented-paths",
        ),
    ),
    (
        "No refund's id is lost or made up",
        ("client.refund-id", "client.variations"),
    ),
    (
        "It always answers, and does not try for ever",
        ("client.answers", "client.sends-no-more-than-enough"),
    ),
    (
        "Its credentials go to the server that they belong to, and nowhere else",
        ("client.credentials-sent", "client.credentials-kept"),
    ),
)
"""Each topic with the requirements that it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notable:
    """A topic with the verdict of the worst of its requirements, and those that have it."""

    topic: str
    verdict: Verdict
    requirements: int
    worst: tuple[RequirementResult, ...]


def notables(summary: Summary) -> tuple[Notable, ...]:
    """The topics that the run had anything to do with."""
    results = {result.id: result for result in summary.requirements}
    topics = ((topic, [results[n] for n in names if n in results]) for topic, names in TOPICS)
    return tuple(_notable(topic, found) for topic, found in topics if found)


def _notable(topic: str, results: Sequence[RequirementResult]) -> Notable:
    verdicts: list[Verdict] = [result.verdict for result in results]
    verdict = min(verdicts, key=WORST_FIRST.index)
    return Notable(
        topic=topic,
        verdict=verdict,
        requirements=len(results),
        worst=tuple(result for result in results if result.verdict == verdict),
    )
