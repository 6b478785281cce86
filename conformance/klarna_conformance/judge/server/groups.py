"""Judges the exchanges of one scenario, concurrent groups in some order that explains them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from klarna_conformance.http.locations import plain_path, segments
from klarna_conformance.judge.server.elsewhere import Ahead
from klarna_conformance.judge.server.judging import Judging, Numbered
from klarna_conformance.judge.server.named_ids import ids_named_by
from klarna_conformance.judge.server.response_members import offered_days
from klarna_reports.record.record import Finding, ProvidedOrder, TargetFacts
from klarna_specs.calls import read_call
from klarna_specs.exchange import Exchange, Response
from klarna_specs.spec import Spec

__all__ = ["judge", "rated_findings"]


def judge(
    spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder], exchanges: Sequence[Exchange]
) -> tuple[Finding, ...]:
    """What the requirements say of the exchanges of one scenario, in the order they were sent in.

    Calls at a path that is another interpretation of the documentation than the one that the target
    follows are observed only.
    """
    return tuple(_judged(spec, facts, orders, exchanges).findings)


def rated_findings(
    spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder], exchanges: Sequence[Exchange]
) -> tuple[tuple[Finding, bool], ...]:
    """The findings that serve goals, each with whether it does on any honest server."""
    judging = _judged(spec, facts, orders, exchanges)
    return tuple((f, judging.is_certain(f)) for f in judging.findings if f.aspects)


def _judged(
    spec: Spec, facts: TargetFacts, orders: Iterable[ProvidedOrder], exchanges: Sequence[Exchange]
) -> Judging:
    orders = tuple(orders)
    shared = any(order.ledger and order.ledger.shared for order in orders)
    unknown = not orders and all(each.step is None for each in exchanges)
    ahead = _ahead(spec, exchanges) if shared or unknown else Ahead()
    judging = Judging(spec, facts, orders, ahead)
    groups = {exchange.group for exchange in exchanges}

    def group_of(numbered: Numbered) -> int | None:
        """The concurrent group of an exchange, or the one that it reads the result of."""
        exchange = numbered[1]
        beside = exchange.purpose == "look" and exchange.step in groups
        return exchange.step if beside else exchange.group

    since: list[tuple[Numbered, ...]] = []
    begun = judging.copy()
    for group, members in groupby(enumerate(exchanges), key=group_of):
        for part in ((each,) for each in members) if group is None else (tuple(members),):
            judging.elsewhere = None
            judging = _after(judging, part)
            since.append(part)
            if judging.elsewhere is not None:
                judging = _dated(judging, begun, since)
            if any(index in ahead.reads for index, _ in part):
                since, begun = [], judging.copy()
    return judging


def _after(judging: Judging, part: tuple[Numbered, ...]) -> Judging:
    if part[0][1].group is not None or len(part) > 1:
        return _explained(judging, part)
    judging.judge_all(part)
    return judging


def _dated(judged: Judging, begun: Judging, parts: Sequence[tuple[Numbered, ...]]) -> Judging:
    """The judging with a change of somebody else's at the time that explains the most.

    A read shows such a change, and not when it came: calls since the read before may have been
    answered with it in mind.
    """
    count = len(begun.findings)
    best = judged
    assert judged.elsewhere is not None
    for position in range(len(parts)):
        if best.deviations_since(count) == (0, 0):
            break
        attempt = begun.copy()
        for number, part in enumerate(parts):
            if number == position:
                attempt.learn(*judged.elsewhere)
            attempt = _after(attempt, part)
        if attempt.deviations_since(count) < best.deviations_since(count):
            best = attempt
    return best


def _ahead(spec: Spec, exchanges: Sequence[Exchange]) -> Ahead:
    created_ids: set[str] = set()
    reads: list[int] = []
    offers: list[tuple[int, str | None, tuple[int, ...]]] = []
    for index, exchange in enumerate(exchanges):
        call, response = read_call(spec, exchange.request), exchange.outcome
        created_ids |= ids_named_by(call, response)
        shows = call is not None and call.operation.shows == "order"
        if shows and isinstance(response, Response) and response.is_success:
            reads.append(index)
        if call and call.operation.shows == "extension_options":
            days = offered_days(exchange)
            offers += [] if days is None else [(index, call.capture_id, days)]
    requests = (each.request for each in exchanges if each.request.method == "GET")
    return Ahead(
        recorded=True,
        created_ids=frozenset(created_ids),
        reads=tuple(reads),
        offers=tuple(offers),
        paths=frozenset(segments(plain_path(each.path)) for each in requests),
    )


def _explained(judging: Judging, members: tuple[Numbered, ...]) -> Judging:
    """The judging after a concurrent group, with the reads before and after it.

    It is judged in some order that explains its responses and what is seen afterwards. Where none
    does, because a response is wrong in any order or what is seen is, in one that explains what was
    done and refused, or else in that in which they were answered.
    """
    group = tuple(each for each in members if each[1].group is not None)
    reads = tuple(each for each in members if each[0] > group[-1][0])
    judging.judge_all(each for each in members if each[0] < group[0][0])
    for all_matters, should, along in (
        (True, True, reads),
        (True, False, reads),
        (False, True, reads),
        (False, False, reads),
        (False, True, ()),
        (False, False, ()),
    ):
        explained = _in_some_order(judging, group, along, all_matters=all_matters, should=should)
        if explained is not None:
            judging = explained
            judging.judge_all(reads[len(along) :])
            return judging
    judging.judge_all((*group, *reads))
    return judging


def _in_some_order(
    judging: Judging,
    group: tuple[Numbered, ...],
    along: tuple[Numbered, ...],
    *,
    all_matters: bool,
    should: bool,
) -> Judging | None:
    """The judging after a group in some order, and what came `along`; None where none is right.

    Unless `all_matters`, an order is wrong only for what it says was done, refused or repeated;
    with `should` it is for recommendations about that too.
    """

    def is_wrong(after: Judging, before: Judging) -> bool:
        since = len(before.findings)
        return after.deviates_since(since, all_matters=all_matters, should=should)

    visited: set[tuple[frozenset[int], str]] = set()

    def explain(before: Judging, rest: tuple[Numbered, ...]) -> Judging | None:
        if not rest:
            after = before.copy()
            after.judge_all(along)
            return None if is_wrong(after, before) else after
        for chosen in rest:
            if any(_precedes(each[1], chosen[1]) for each in rest):
                continue
            after = before.copy()
            after.judge(*chosen)
            left = tuple(each for each in rest if each is not chosen)
            state = (frozenset(index for index, _ in left), after.state)
            if state not in visited and not is_wrong(after, before):
                visited.add(state)
                if found := explain(after, left):
                    return found
        return None

    return explain(judging, group)


def _precedes(one: Exchange, other: Exchange) -> bool:
    """Whether a recorded call was answered before another one began, and so took effect before it.

    The calls of a step are sent together: they may have waited for the rate limit, or be retries.
    """
    if one.step is not None or not isinstance(one.outcome, Response):
        return False
    return one.started_s + one.outcome.elapsed_s < other.started_s
