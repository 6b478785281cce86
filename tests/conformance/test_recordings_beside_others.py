"""Recordings in which somebody else changed the order, or a lost call may have."""

from pathlib import Path
from typing import Any

import pytest

from .judged_recordings import checked, deviating
from .recorded_calls import (
    CAPTURE,
    CAPTURED,
    DENIED,
    OTHER,
    OVER,
    REFUND,
    Entry,
    created,
    entry,
    lost,
    read,
    refund,
    refunded,
    refused,
)

KEY, KEY_2 = (f"{n}0000000-0000-4000-8000-000000000001" for n in range(2))
EVENING, AFTER = "2026-06-01T18:00:00Z", "2026-06-01T18:00:01Z"
NOON, SOON = "2026-06-01T12:30:00Z", "2026-06-01T12:00:01Z"
NOT_ALLOWED = {"error_code": "NOT_ALLOWED", "error_messages": ["Not allowed."]}
RELEASE, OPTIONS = (
    "/release-remaining-authorization",
    f"/captures/{CAPTURE}/extend-due-date-options",
)
PART = {"captured_amount": 2_000, "status": "PART_CAPTURED", "remaining_authorized_amount": 3_000}
PART["captures"] = [{"capture_id": CAPTURE, "captured_amount": 2_000}]


def _at(moment: str, sent: Entry) -> Entry:
    return {**sent, "at": moment}


def _refunded_at(moment: str, **shown: Any) -> Entry:
    made = {"refund_id": OTHER, "refunded_amount": 5_000, "refunded_at": moment}
    return _at(AFTER, read(**CAPTURED, refunded_amount=5_000, refunds=[made], **shown))


def _captured_at(moment: str) -> Entry:
    made = {"capture_id": CAPTURE, "captured_amount": 5_000, "captured_at": moment}
    return _at(AFTER, read(**{**CAPTURED, "captures": [made]}))


REFUND_ALL = refused("POST", "/refunds", {"refunded_amount": 5_000, "reference": "R"}, OVER)
CAPTURE_ALL = refused("POST", "/captures", {"captured_amount": 5_000}, DENIED)
GIVE_UP = refused("POST", RELEASE, None, NOT_ALLOWED)
CANCEL = refused("POST", "/cancel", None, NOT_ALLOWED)
GONE = {"remaining_authorized_amount": 0}

OF_OTHERS: dict[str, list[Entry]] = {
    "a refund": [read(**CAPTURED), _at(EVENING, REFUND_ALL), _refunded_at(NOON)],
    "a capture": [read(), _at(EVENING, CAPTURE_ALL), _captured_at(NOON)],
    "an equal refund hours after an accepted one": [
        read(**CAPTURED),
        _at(SOON, refund(1_000)),
        _at(
            AFTER,
            read(
                **CAPTURED,
                refunded_amount=2_000,
                refunds=[
                    {"refund_id": REFUND, "refunded_amount": 1_000, "refunded_at": SOON},
                    {"refund_id": OTHER, "refunded_amount": 1_000, "refunded_at": NOON},
                ],
            ),
        ),
    ],
    "a refund without a time": [
        read(**CAPTURED),
        _at(EVENING, REFUND_ALL),
        _at(AFTER, refunded((OTHER, 5_000))),
    ],
    "a release": [read(**PART), _at(EVENING, GIVE_UP), _at(AFTER, read(**{**PART, **GONE}))],
    "a cancellation": [
        read(),
        _at(EVENING, CANCEL),
        _at(AFTER, read(status="CANCELLED", **GONE)),
    ],
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_what_others_did_before_a_refused_call_accuses_nobody(name: str, tmp_path: Path) -> None:
    assert deviating(checked(tmp_path, OF_OTHERS[name])) == set()


EXTEND = f"/captures/{CAPTURE}/extend-due-date"


def _extension(at: str, *offers: list[int]) -> list[Entry]:
    """An offered extension that is refused, between reads of the options."""
    options = [{"number_of_days": days, "amount": 0} for days in (10, 30)]
    first = entry("GET", OPTIONS, answer={"currency": "SEK", "options": options})
    call = refused("PATCH", EXTEND, {"number_of_days": 30}, NOT_ALLOWED)
    later = [
        {"currency": "SEK", "options": [each for each in options if each["number_of_days"] in days]}
        for days in offers
    ]
    reads = [_at(AFTER, entry("GET", OPTIONS, answer=answer)) for answer in later]
    return [read(**CAPTURED), _at(SOON, first), _at(at, call), *reads, _at(AFTER, read(**CAPTURED))]


@pytest.mark.parametrize(
    ("entries", "fails"),
    [
        (_extension(EVENING, []), False),
        (_extension(EVENING, [10]), False),
        (_extension(EVENING), False),
        (_extension(EVENING, [10, 30]), True),
        (_extension("2026-06-01T12:00:02Z", []), True),
    ],
    ids=["gone", "gone of two", "not read again", "still offered", "soon after the read"],
)
def test_a_refused_extension_accuses_where_its_days_were_offered(
    entries: list[Entry], fails: bool, tmp_path: Path
) -> None:
    found = deviating(checked(tmp_path, entries))

    assert (("FAIL", "extension.accepted") in found) is fails
    assert fails or not found


BOOKED = ("FAIL", "refund.refusal-changes-nothing")


@pytest.mark.parametrize(
    "entries",
    [
        [read(**CAPTURED), _at(EVENING, REFUND_ALL), _refunded_at(EVENING)],
        [
            _at("2026-06-01T17:59:59Z", read(**CAPTURED)),
            _at(EVENING, REFUND_ALL),
            _refunded_at(NOON),
        ],
        [
            read(**CAPTURED),
            _at(SOON, REFUND_ALL),
            _at("2026-06-01T12:00:02Z", refunded((OTHER, 5_000))),
        ],
    ],
    ids=["at the time of the call", "by a clock that is wrong", "soon after a read"],
)
def test_a_refused_refund_that_is_booked_is_found(entries: list[Entry], tmp_path: Path) -> None:
    assert BOOKED in deviating(checked(tmp_path, entries))


LOST = lost(refund(2_000), key=KEY)
CHANGED = {**refund(2_600), "key": KEY}
LATER = _at("2026-06-02T19:00:00Z", {**refund(2_000, OTHER), "key": KEY})
TWO = ((REFUND, 2_000), (OTHER, 2_000))


@pytest.mark.parametrize(
    "entries",
    [
        [read(**CAPTURED), LOST, CHANGED, refunded((REFUND, 2_000)), refunded((REFUND, 2_000))],
        [read(**CAPTURED), LOST, CHANGED, refunded((REFUND, 2_600)), refunded((REFUND, 2_600))],
        [
            read(**CAPTURED),
            LOST,
            CHANGED,
            entry(
                "GET", f"/refunds/{REFUND}", answer={"refund_id": REFUND, "refunded_amount": 2_000}
            ),
            refunded((REFUND, 2_000)),
        ],
        [read(**CAPTURED), LOST, LATER, _at("2026-06-02T19:00:01Z", refunded(*TWO))],
        [read(**CAPTURED), LOST, LATER, _at("2026-06-02T19:00:01Z", refunded((OTHER, 2_000)))],
        [
            read(),
            lost(created("capture", CAPTURE, {"captured_amount": 5_000}), key=KEY),
            {**refund(1_000), "key": KEY},
            refunded((REFUND, 1_000)),
        ],
    ],
    ids=[
        "the first amount",
        "the second amount",
        "the first amount, read by its id",
        "both, after the key expired",
        "the second only, after the key expired",
        "a lost capture, and a refund under its key",
    ],
)
def test_either_result_of_a_lost_call_is_right(entries: list[Entry], tmp_path: Path) -> None:
    assert deviating(checked(tmp_path, entries)) == set()


def test_a_lost_refund_that_its_retry_books_again_is_found(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), LOST, {**refund(2_000), "key": KEY}, refunded(*TWO)]

    assert ("FAIL", "refund.replay-booked-once") in deviating(checked(tmp_path, entries))


def test_a_capture_without_id_in_its_response_is_listed_once(tmp_path: Path) -> None:
    made = {**created("capture", CAPTURE, {"captured_amount": 5_000}), "headers": {}}
    listed = entry("GET", "/captures", answer=CAPTURED["captures"])

    found = deviating(checked(tmp_path, [read(), made, read(**CAPTURED), listed]))

    assert not {each for _, each in found if each.startswith("captures.")}


@pytest.mark.parametrize("status", [401, 409])
def test_a_new_key_after_a_refusal_that_settles_nothing_is_found(
    status: int, tmp_path: Path
) -> None:
    again = {**refused("POST", "/refunds", {"refunded_amount": 2_000}, DENIED, status), "key": KEY}
    fresh = {**refund(2_000), "key": KEY_2}
    kept = ("FAIL", "client.key-kept")

    assert kept in deviating(checked(tmp_path, [LOST, again, fresh], side="client"))
    assert kept not in deviating(checked(tmp_path, [again, fresh], side="client"))


def test_a_retry_after_its_key_expired_is_a_warning(tmp_path: Path) -> None:
    late, soon = ("WARN", "client.key-kept"), _at("2026-06-02T11:00:00Z", LATER)

    assert late in deviating(checked(tmp_path, [LOST, LATER], side="client"))
    assert late not in deviating(checked(tmp_path, [LOST, soon], side="client"))


def _twice(entries: list[Entry], *, named: bool) -> list[Entry]:
    """The exchanges as two recorders recorded them, one 4 ms after the other."""
    both: list[Entry] = []
    for number, each in enumerate(entries):
        named_by = {"Klarna-Correlation-Id": f"c-{number}"} if named else {}
        once = {**each, "headers": {**each.get("headers", {}), **named_by}}
        both += [{**once, "at": f"2026-06-01T12:00:{number:02}.{ms}Z"} for ms in ("000", "004")]
    return both


def test_an_exchange_of_two_recorders_counts_once(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), refund(1_000, reference="R"), refunded((REFUND, 1_000))]

    assert deviating(checked(tmp_path, _twice(entries, named=True))) == set()
    assert ("FAIL", "refund.books-amount") in deviating(
        checked(tmp_path, _twice(entries, named=False))
    )


AGAINST = "order.refused-as-read"


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        ([read(), refused("POST", "/refunds", {"refunded_amount": 1_000}, OVER)], True),
        ([read(**CAPTURED), refused("POST", "/refunds", {"refunded_amount": 6_000}, OVER)], True),
        ([read(**CAPTURED), GIVE_UP], True),
        ([read(**CAPTURED), _at(EVENING, REFUND_ALL), _refunded_at(NOON)], False),
        ([read(**CAPTURED), refused("POST", "/refunds", {"amount": 1}, OVER, 400)], False),
    ],
    ids=["before a capture", "over-refund", "release", "changed by others", "malformed"],
)
def test_a_refusal_that_the_reads_foretold_is_info(
    entries: list[Entry], known: bool, tmp_path: Path
) -> None:
    summary = checked(tmp_path, entries)
    found = next(each for each in summary.requirements if each.id == AGAINST)

    assert (found.verdict == "INFO") is known
    assert deviating(summary) == set()


def test_each_request_counts_once_for_both_sides(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), refund(1_000), refunded((REFUND, 1_000))]

    assert checked(tmp_path, entries, side="both").exchanges == 3


def test_a_read_without_its_body_is_listed_with_the_reason(tmp_path: Path) -> None:
    entries = [read(**CAPTURED), {**entry("GET"), "size": 900}]

    reasons = {each.reason for each in checked(tmp_path, entries).unjudged}

    assert reasons == {"the body of its response is not recorded"}


def test_a_client_sentence_names_the_call_and_its_amount(tmp_path: Path) -> None:
    summary = checked(
        tmp_path, [read(**CAPTURED), LOST, {**refund(2_000), "key": KEY_2}], side="client"
    )
    sentences = [each.sentence for each in summary.findings]

    assert (
        "A refund of 20.00 SEK: it is retried with a new key after an attempt of unknown effect, "
        "so that both may take effect."
    ) in sentences
