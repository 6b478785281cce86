"""What a violation costs: money lost, money wrongly refused, a wrong state, or a wrong form."""

from collections import Counter
from enum import IntEnum
from typing import NamedTuple

import msgspec

from klarna_reports.record.record import Difference, Finding, Played
from klarna_reports.words.finding_sentence import sent_amount, sent_fee
from klarna_specs.exchange import Response
from klarna_specs.spec import Requirement, Spec

__all__ = ["Cost", "Harm", "Stake", "cost", "stake"]


class Harm(IntEnum):
    """Kinds of harm, the most expensive first."""

    MONEY_LOST = 0
    MONEY_REFUSED = 1
    STATE = 2
    FORM = 3


class Cost(NamedTuple):
    """What sorts the best example of a requirement first: the smallest is the most expensive.

    A `confounded` one comes after all others: once the other bug that it shows is repaired, it may
    not show this one any more. `negative_amount` is that of the harm, in minor units.
    """

    confounded: bool
    harm: Harm
    negative_amount: int = 0


_DEVIATING = ("FAIL", "KNOWN", "WARN")
_VIOLATED = ("FAIL", "KNOWN")
_NO_COST = Cost(confounded=False, harm=Harm.FORM)
_OF_STATE = ("accepted", "id_header")
"""Checks of a response that say what can be done or found afterwards."""


class Stake(msgspec.Struct, frozen=True, order=True):
    """The harm of a finding, and the amount of it in minor units (None: not in money)."""

    harm: Harm
    amount: int | None = None

    @property
    def cost(self) -> tuple[Harm, int]:
        """What sorts the most expensive first."""
        return self.harm, -(self.amount or 0)


def cost(spec: Spec, played: Played, finding: Finding) -> Cost:
    """What sorts the most expensive deviations first; equal for all other findings.

    >>> cost(spec, played, finding)
    Cost(confounded=False, harm=<Harm.MONEY_LOST: 0>, negative_amount=-7000)
    """
    if finding.verdict not in _DEVIATING:
        return _NO_COST
    try:
        requirement = spec.requirement(finding.requirement)
    except KeyError:  # the summary reports it as an error
        return _NO_COST
    harm, negative_amount = stake(spec, requirement, played, finding).cost
    return Cost(_is_confounded(spec, played, finding), harm, negative_amount)


def _is_confounded(spec: Spec, played: Played, finding: Finding) -> bool:
    """Whether its call, or one before it, was accepted against a rule of another requirement."""
    return played.client is None and any(
        other.verdict in _VIOLATED
        and other.exchange <= finding.exchange
        and other.requirement != finding.requirement
        and other.requirement in spec.rules
        for other in played.findings
    )


def stake(spec: Spec, requirement: Requirement, played: Played, finding: Finding) -> Stake:
    """What a finding on a server costs, as far as its exchanges show.

    >>> stake(spec, spec.requirement(finding.requirement), played, finding)
    Stake(harm=<Harm.MONEY_LOST: 0>, amount=7000)
    """
    if played.client is not None:
        return Stake(Harm.STATE)  # the specs list what a client must do by its weight
    if finding.differences and all(map(_only_of_ids, finding.differences)):
        return Stake(Harm.FORM)
    for each in finding.differences:
        if isinstance(each.expected, int) and isinstance(each.observed, int):
            more = each.observed - each.expected
            if each.member == "refunded_amount":
                return Stake(Harm.MONEY_LOST if more > 0 else Harm.MONEY_REFUSED, abs(more))
            if each.member.endswith("_amount"):
                return Stake(Harm.STATE, abs(more))
    shown = played.exchanges_of(finding)
    exchange = played.exchanges[shown[0]] if shown else None
    response = exchange.outcome if exchange else None
    amount = sent_amount(spec, exchange) if exchange else None
    if exchange and isinstance(response, Response) and amount is not None:
        if requirement.rule and response.is_success:
            fee = sent_fee(exchange) if requirement.otherwise == "fee_refused" else 0
            return Stake(Harm.MONEY_LOST, fee or amount)
        if requirement.check == "accepted" and response.is_refusal:
            return Stake(Harm.MONEY_REFUSED, amount)
    if requirement.check == "money_adds_up":
        return Stake(Harm.MONEY_LOST)
    if finding.differences or finding.witness is not None or requirement.rule:
        return Stake(Harm.STATE)
    return Stake(Harm.STATE if requirement.check in _OF_STATE else Harm.FORM)


def _only_of_ids(difference: Difference) -> bool:
    """Whether a list has the expected amounts under other ids."""
    sides = (difference.expected, difference.observed)
    lists = [side for side in sides if isinstance(side, tuple)]
    amounts = [Counter(each.amount for each in side) for side in lists]
    return len(amounts) == len(sides) and amounts[0] == amounts[1]
