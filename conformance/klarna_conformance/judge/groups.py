"""Judges the exchanges of one scenario, concurrent groups in some order that explains them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from klarna_conformance.judge.judging import Judging, Numbered
from klarna_reports.record import Finding, ProvidedOrder, TargetFacts
from klarna_specs.exchange import Exchange
from klarna_specs.spec import Spec

__all__ = ["certain_findings", "judge"]


def judge(
    spec: Spec,
    facts: TargetFacts,
    orders: Iterable[ProvidedOrder],
    exchanges: Sequence[Exchange],
) -> tuple[Finding, ...]:
    """What the requirements say of the exchanges of one scenario, in the order they were sent in.

    Calls at a path that is another reading of the documentation than the one that the target
    follows are observed only.
    """
    return tuple(_judged(spec, facts, orders, exchanges).findings)


def certain_findings(
    spec: Spec,
    facts: TargetFacts,
    orders: Iterable[ProvidedOrder],
    exchanges: Sequence[Exchange],
) -> tuple[Finding, ...]:
    """Those that serve goals on any server that does as documented, whatever it leaves open."""
    judging = _judged(spec, facts, orders, exchanges)
    return tuple(f for f in judging.findings if f.aspects and judging.is_certain(f))


def _judged(
    spec: Spec,
    facts: TargetFacts,
    orders: Iterable[ProvidedOrder],
    exchanges: Sequence[Exchange],
) -> Judging:
    judging = Judging(spec, facts, orders)
    groups = {exchange.group for exchange in exchanges}

    def group_of(numbered: Numbered) -> int | None:
        """The concurrent group that an exchange is of, or that is looked at beside it."""
        exchange = numbered[1]
        looks = exchange.purpose == "look" and exchange.step in groups
        return exchange.step if looks else exchange.group

    for group, members in groupby(enumerate(exchanges), key=group_of):
        if group is None:
            judging.look_at_all(members)
        else:
            judging = _explained(judging, tuple(members))
    return judging


def _explained(judging: "Judging", members: tuple[Numbered, ...]) -> "Judging":
    """The judging after a concurrent group, with the looks before and after it.

    It is judged in some order that explains its responses and what is seen afterwards. Where none
    does, because a response is wrong in any order or what is seen is, in one that explains what was
    done and refused, or else in that in which they were answered.
    """
    group = tuple(each for each in members if each[1].group is not None)
    looks = tuple(each for each in members if each[0] > group[-1][0])
    judging.look_at_all(each for each in members if each[0] < group[0][0])
    for all_matters, should, along in (
        (True, True, looks),
        (True, False, looks),
        (False, True, looks),
        (False, False, looks),
        (False, True, ()),
        (False, False, ()),
    ):
        explained = _in_some_order(judging, group, along, all_matters=all_matters, should=should)
        if explained is not None:
            judging = explained
            judging.look_at_all(looks[len(along) :])
            return judging
    judging.look_at_all((*group, *looks))
    return judging


def _in_some_order(
    judging: "Judging",
    group: tuple[Numbered, ...],
    along: tuple[Numbered, ...],
    *,
    all_matters: bool,
    should: bool,
) -> "Judging | None":
    """The judging after a group in some order, and what came `along`; None where none is right.

    Unless `all_matters`, an order is wrong only for what it says was done, refused or repeated;
    with `should` it is for recommendations about that too.
    """

    def is_wrong(after: Judging, before: Judging) -> bool:
        since = len(before.findings)
        return after.deviates_since(since, all_matters=all_matters, should=should)

    tried: set[tuple[frozenset[int], str]] = set()

    def explain(before: Judging, rest: tuple[Numbered, ...]) -> Judging | None:
        if not rest:
            after = before.copy()
            after.look_at_all(along)
            return None if is_wrong(after, before) else after
        for chosen in rest:
            after = before.copy()
            after.look_at(*chosen)
            left = tuple(each for each in rest if each is not chosen)
            state = (frozenset(index for index, _ in left), after.state)
            if state not in tried and not is_wrong(after, before):
                tried.add(state)
                if found := explain(after, left):
                    return found
        return None

    return explain(judging, group)
