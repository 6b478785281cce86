"""The questions about money that every reader has, answered from the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

from klarna_reports.record.record import Verdict
from klarna_reports.record.results import WORST_FIRST, RequirementResult, Summary

__all__ = ["TOPICS", "Notable", "notables"]

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "No more money is refunded than was captured",
        ("refund.within-captured-amount", "refund.amount-not-negative", "order.money-adds-up"),
    ),
    (
        "A refund moves its amount exactly once, and the order shows it",
        ("refund.books-amount", "refund.read-back", "refund-read.shows-what-happened"),
    ),
    (
        "A refund that is sent twice under one idempotency key pays once",
        ("refund.replay-booked-once", "refund.replay-answered-alike"),
    ),
    (
        "A return fee is charged only where it is allowed, and can be removed",
        (
            *("refund.fee-accepted", "refund.fee-market", "refund.fee-single-capture"),
            *("refund.fee-lines-add-up", "refund.fee-keeps-the-rest", "refund.fee-removal"),
        ),
    ),
    (
        "A release frees the remaining authorization, and changes nothing else",
        ("release.accepted", "release.frees-the-rest", "release.fully-captured-refused"),
    ),
    (
        "A due date is extended only by an offered number of days, and no amount changes",
        (
            *("extension.accepted", "extension.offered-days-only"),
            *("extension.pay-later-only", "extension.leaves-the-money-alone"),
        ),
    ),
    (
        "A refused request changes nothing",
        (
            *("refund.refusal-changes-nothing", "release.refusal-changes-nothing"),
            *("extension.refusal-changes-nothing", "capture.refusal-changes-nothing"),
        ),
    ),
    (
        "Requests without the right credentials are refused",
        (
            *("refund.credentials-required", "refund.wrong-credentials-refused"),
            *("release.credentials-required", "release.wrong-credentials-refused"),
            *("extension.credentials-required", "extension.wrong-credentials-refused"),
        ),
    ),
    (
        "One command moves money once, whatever the network does",
        ("client.once", "client.key-kept", "client.key-of-its-own"),
    ),
    (
        "The reported outcome is true: done, refused or unknown",
        (
            *("client.done-is-true", "client.refused-is-true", "client.outcome-clear"),
            "client.carries-out",
        ),
    ),
    (
        "The client sends what was commanded, to the minor unit, and nothing else",
        (
            *("client.amounts-as-told", "client.as-told-only", "client.well-formed"),
            "client.documented-paths",
        ),
    ),
    (
        "No refund id is lost or made up",
        ("client.refund-id", "client.variations"),
    ),
    (
        "Every command gets an outcome, after a bounded number of attempts",
        ("client.answers", "client.sends-no-more-than-enough"),
    ),
    (
        "Credentials go to their own server only",
        ("client.credentials-sent", "client.credentials-kept"),
    ),
)
"""Each topic with the requirements that it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notable:
    """A topic with the worst verdict of its requirements, and the requirements that have it."""

    topic: str
    verdict: Verdict
    requirements: int
    worst: tuple[RequirementResult, ...]


def notables(summary: Summary) -> tuple[Notable, ...]:
    """The topics with requirements in this run."""
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
