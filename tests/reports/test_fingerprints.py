"""A fingerprint is of a kind of finding, whatever its amounts, ids and lists are."""

import pytest

from klarna_reports.summary.accepted import fingerprint_of

RULE = "refund.books-amount"


@pytest.mark.parametrize(
    ("observed", "same"),
    [
        ("refunded_amount 30, refunds [10 (a), 20 (b)]", True),
        ("refunded_amount 5, refunds []", True),
        ("refunds [10 (a), 20 (b)]", False),
    ],
)
def test_a_fingerprint_ignores_how_many_are_listed(observed, same):
    first = fingerprint_of(RULE, "as sent", "refunded_amount 20, refunds [20 (c)]")
    assert (fingerprint_of(RULE, "as sent", observed) == first) == same
