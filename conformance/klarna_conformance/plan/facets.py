"""The distinctive facets of a scenario, so that a small selection of scenarios is diverse."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice
from typing import NamedTuple

from klarna_conformance.plan.value_facets import (
    COUNTS,
    class_of,
    is_fee,
    line_facets,
    line_sum,
    lines_of,
    miscounts,
    oddities,
    value_facets,
)
from klarna_specs.json_value import is_integer
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Empty, Json, Key, Raw, Scenario, Step, Together, steps_of
from klarna_specs.spec import Operation, Spec
from klarna_specs.variables import request_members
from klarna_strategies.fractions import float_loses
from klarna_strategies.steps import extend, offered

__all__ = ["facets", "features", "hazards", "in_turn", "losses"]

_ALL, _LEFT = " of all that is left", " beyond what is left"
_TIMES = (0, 1, 9)
_SAMPLE_AMOUNT = 100_000_000
_SMALL = 5_000
"""A capture below this amount, in minor units, is small."""
_MANY_REFUNDS = 4
_MANY_LINES = range(11, 51)
"""More lines, and lines of other types than the page's two, need not be accepted."""
_PAGE_TYPES = {"physical", "return_fee"}


class _Named(NamedTuple):
    """A call; `name` is its outcome and repetition, `money` compares its amount to the rest.

    `incomplete` names the members of a body without its amount.
    """

    call: Step
    plan: OrderPlan | None
    operation: Operation
    name: str
    money: str
    incomplete: str

    @property
    def fails(self) -> bool:
        """Whether it is refused."""
        return "refused" in self.name

    @property
    def is_beside(self) -> bool:
        """Whether it changes an order and is not described on the page."""
        return self.operation.changes and not self.operation.on_page


def facets(spec: Spec, scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of all facets of a scenario: hazards, features, sequences of calls, kinds of values.

    `outcomes` is the outcome of each call on a conformant server.
    """
    values = _interned(value_facets(steps_of(scenario)))
    made = (names(spec, scenario, outcomes) for names in (hazards, losses, features, in_turn))
    return values.union(*made)


def hazards(spec: Spec, scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of the facets with which a wrong server may lose money.

    These are outcomes and repetitions of calls, retries after other calls, refused fees, and
    refunds that rest on what came before.
    """
    named = _named(spec, scenario, outcomes)
    of_orders = (facet for each in named for facet in _of_order(each))
    documented = [e for e in named if e.operation.changes and not e.is_beside]
    names = (name for each in documented for name in (each.name, each.money))
    refunds = [e for e in named if e.operation.effect == "refund" and " done" in e.name]
    before = (*_after_changes(named), *_retries(named), *_keys_elsewhere(documented))
    return _interned((*names, *of_orders, *before, *_without_text(refunds)))


def losses(spec: Spec, scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of the facets with which a wrong server pays twice, too much, or nothing at all.

    These are pairs of concurrent changes, refunds above what is left, by capture layout, those of
    amounts that servers handle wrongly, those that later captures or the removal of fees make
    possible, and those that a server may take for others.
    """
    named = _named(spec, scenario, outcomes)
    beyond = (name for each in named for name in _beyond(each))
    amounts = (name for each in named for name in _of_amounts(each))
    together = _together(scenario, named)
    of_more = (*_of_later_captures(named), *_after_fees(named), *_after_refunds(named))
    return _interned((*together, *beyond, *amounts, *of_more, *_taken_for_others(named)))


def features(spec: Spec, scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of the features of single calls: credentials, keys, odd values, lines, texts."""
    named = _named(spec, scenario, outcomes)
    return _interned(feature for each in named for feature in _of_call(each))


def in_turn(spec: Spec, scenario: Scenario, outcomes: Sequence[str] = ()) -> frozenset[str]:
    """Names of pairs of calls in sequence, with or without refusals between them."""
    return _interned(_pairs([each.name for each in _named(spec, scenario, outcomes)]))


def _interned(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(sys.intern, names))  # most of them are in many scenarios


def _pairs(names: Sequence[str]) -> Iterator[str]:
    for start, first in enumerate(names):
        refused = False
        for later in names[start + 1 :]:
            yield f"{first}, {'refused, ' * refused}then {later}"
            refused = refused or "refused" in later


def _together(scenario: Scenario, named: Sequence[_Named]) -> Iterator[str]:
    """Pairs of concurrent changes, with one key or two, and whether both together exceed the bound.

    With one key the second must be possible as well: otherwise a refusal hides a double booking,
    and the pair has no name.
    """
    left = iter(named)
    for action in scenario.steps:
        if not isinstance(action, Together):
            if isinstance(action, Step):
                next(left)
            continue
        part = list(islice(left, len(action.steps)))
        changes = [e for e in part if e.operation.changes and e.call.credentials == "valid"]
        changes.sort(key=lambda each: each.call.operation)
        for one, two in combinations(changes, 2):
            first, second = one.call, two.call
            alike = bool(first.key and first.key == second.key)
            apart = first.order != second.order
            exceed = not apart and _exceed(one, two, scenario)
            if alike and (exceed or "refused" in one.name + two.name):
                continue
            other = ", with other bodies" * (alike and first != second)
            how = f"{' under one key' * alike}{other}{' beyond the bound' * exceed}"
            if first.operation != second.operation and (one.fails or two.fails):
                how += ", one refused"
            if all(any(map(is_fee, lines_of(call))) for call in (first, second)):
                how += ", with fees"
            where = "two orders" if apart else "one order"
            yield f"together on {where}: {first.operation}, {second.operation}{how}"


def _exceed(first: _Named, second: _Named, scenario: Scenario) -> bool:
    plan = scenario.other if first.call.order == "other" else scenario.plan
    if plan is None or first.operation != second.operation:
        return False
    bound = (
        plan.captured_amount
        if first.operation.effect == "refund"
        else plan.order_amount - plan.captured_amount
    )
    return sum(_amount(each.call) for each in (first, second)) > bound


def _amount(call: Step) -> int:
    amounts = [(call.members or {}).get(name) for name in ("refunded_amount", "captured_amount")]
    return sum(amount for amount in amounts if is_integer(amount))


def _named(spec: Spec, scenario: Scenario, outcomes: Sequence[str]) -> list[_Named]:
    calls = steps_of(scenario)
    came = (*outcomes, *[""] * (len(calls) - len(outcomes)))
    return list(_names(spec, scenario, calls, came))


def _names(
    spec: Spec, scenario: Scenario, calls: Sequence[Step], came: Sequence[str]
) -> Iterator[_Named]:
    """Each call, named by its operation, its outcome, and how often that occurred before."""
    before: list[Step] = []
    done: Counter[str] = Counter()
    plans = {"this": scenario.plan, "other": scenario.other}
    captured = {order: plan.captured_amount if plan else 0 for order, plan in plans.items()}
    refunded: Counter[str] = Counter()
    for call, outcome in zip(calls, came, strict=True):
        operation = spec.operations[call.operation]
        lines = lines_of(call)
        carrying = " with a fee" if any(map(is_fee, lines)) else " with lines" if lines else ""
        times = min(before.count(call), 3)
        again = f" again {times}{' by key' if call.key else ''}" if times else ""
        after = f" after {class_of(done[call.operation], _TIMES)}"
        amount, bound = _amount(call), captured.get(call.order, 0)
        over, left = "", bound - refunded[call.order]
        if operation.effect == "refund" and amount > left:
            over = _LEFT if amount <= bound else " beyond what was captured"
        elif operation.effect == "refund" and amount == left:
            over = _ALL
        what = f"{call.operation}{carrying} {outcome}"
        plan = plans.get(call.order)
        incomplete = _incomplete(spec, call)
        yield _Named(call, plan, operation, f"{what}{again or after}", f"{what}{over}", incomplete)
        before.append(call)
        if outcome != "done":
            continue
        done[call.operation] += 1
        if operation.effect == "refund" and not (times and call.key):
            refunded[call.order] += amount
        if operation.effect == "capture" and not (times and call.key):
            captured[call.order] = bound + amount


def _incomplete(spec: Spec, call: Step) -> str:
    operation = spec.operations[call.operation]
    members, member = call.members, spec.amount_member(operation)
    if members is None or not member or member in members:
        return ""
    described = members.keys() <= set(request_members(spec, operation))
    names = " and ".join(sorted(members)) if described else "other members"
    return f"{call.operation} with {names or 'nothing'} in place of its amount"


def _after_changes(named: Sequence[_Named]) -> Iterator[str]:
    """The outcome of a change after other changes of the same order, also after refused ones."""
    done: dict[str, list[str]] = {}
    for each in named:
        call = each.call
        if not each.operation.changes:
            continue
        before, refused = done.setdefault(call.order, []), each.fails
        if not each.is_beside:
            for other in before:
                if not (refused and " refused" in other):
                    yield f"{call.operation}{' refused' * refused} after {other}"
        what = f"{call.operation}{' refused' * refused}"
        if refused and each.plan:
            what = f"{what} of {each.plan.layout}"
        if what not in before:
            before.append(what)
        if not refused and each.money.endswith(_ALL) and _ALL not in before:
            before.append(_ALL)


def _retries(named: Sequence[_Named]) -> Iterator[str]:
    """The calls between a call and its retry with the same key."""
    calls = [each.call for each in named]
    for index, call in enumerate(calls):
        if call.key is None or named[index].is_beside or call not in calls[:index]:
            continue
        first = max(n for n in range(index) if calls[n] == call)
        between = named[first + 1 : index]
        what = f"{call.operation} {'refused ' * ('refused' in named[first].name)}retried"
        keys = {each.call.key for each in between if each.call.key}
        yield f"{what} after {class_of(len(keys), COUNTS)} keys"
        yield f"{what} with a key {call.key.form}"
        for each in between:
            if each.operation.changes:
                refused = " refused" * ("refused" in each.name)
                yield f"{what} after {each.call.operation}{refused}"


def _keys_elsewhere(named: Sequence[_Named]) -> Iterator[str]:
    """Calls with a key that was used on another order, or for another operation."""
    used: dict[str, set[tuple[str, str]]] = {}
    for each in named:
        if (call := each.call).key is None:
            continue
        uses = used.setdefault(call.key.name, set())
        if any(order != call.order for order, _ in uses):
            yield f"{call.operation} with a key of another order"
        if any(operation != call.operation for _, operation in uses):
            yield f"{call.operation} with a key of another operation"
        uses.add((call.order, call.operation))


def _of_later_captures(named: Sequence[_Named]) -> Iterator[str]:
    """Refunds that only what was captured after the first refund makes possible."""
    captured: Counter[str] = Counter()
    at_first: dict[str, int] = {}
    refunded: Counter[str] = Counter()
    keys: set[tuple[str, Key]] = set()
    for each in named:
        call, effect, amount = each.call, each.operation.effect, _amount(each.call)
        if " done" not in each.name or (call.key and (call.order, call.key) in keys):
            continue
        if call.key:
            keys.add((call.order, call.key))
        if effect == "capture":
            captured[call.order] += amount
        elif effect == "refund":
            first = at_first.setdefault(call.order, captured[call.order])
            refunded[call.order] += amount
            made = each.plan.captured_amount if each.plan else 0
            if refunded[call.order] > made + first:
                yield f"{call.operation} of what was captured after the first one"


def _after_fees(named: Sequence[_Named]) -> Iterator[str]:
    """Refunds of all that is left after several refunds with fees."""
    fees: Counter[str] = Counter()
    for each in named:
        if each.operation.effect != "refund" or " done" not in each.name:
            continue
        fees[each.call.order] += any(map(is_fee, lines_of(each.call))) and "again" not in each.name
        if fees[each.call.order] > 1 and each.money.endswith(_ALL):
            yield f"{each.call.operation}{_ALL} after several fees"


def _after_refunds(named: Sequence[_Named]) -> Iterator[str]:
    """Refunds after at least four others, of several captures."""
    done: Counter[str] = Counter()
    for each in named:
        call = each.call
        if each.operation.effect != "refund" or "again" in each.name:
            continue
        if done[call.order] >= _MANY_REFUNDS and each.plan and len(each.plan.captures) > 1:
            fee = " with a fee" * any(map(is_fee, lines_of(call)))
            limit = _ALL * each.money.endswith(_ALL) or _LEFT * each.money.endswith(_LEFT)
            yield f"{call.operation}{fee}{limit} after many refunds of several captures"
        done[call.order] += " done" in each.name


def _of_amounts(named: _Named) -> Iterator[str]:
    """Refunds of the page's sample amount, of many usual lines, of another amount than their lines,
    and of what fractions change."""
    call = named.call
    if named.operation.effect != "refund" or " done" not in named.name:
        return
    if float_loses(_amount(call)):
        yield f"{call.operation} of an amount that fractions change"
    if _amount(call) == _SAMPLE_AMOUNT:
        yield f"{call.operation} of {_SAMPLE_AMOUNT}"
    lines = lines_of(call)
    usual = {line.get("type") for line in lines} <= _PAGE_TYPES and str(call.body).isascii()
    if len(lines) in _MANY_LINES and usual:
        yield f"{call.operation} of many lines"
    if len(lines) > 2 and not any(map(is_fee, lines)) and line_sum(lines) != _amount(call):
        yield f"{call.operation} of another amount than its several lines"


def _without_text(refunds: Sequence[_Named]) -> Iterator[str]:
    """Refunds without a text after one of the same order that has it."""
    shown: set[tuple[str, str]] = set()
    for each in refunds:
        call, sent = each.call, each.call.members or {}
        for text in ("reference", "description"):
            if text in sent:
                shown.add((call.order, text))
            elif (call.order, text) in shown:
                yield f"{call.operation} without a {text} after one with it"


def _taken_for_others(named: Sequence[_Named]) -> Iterator[str]:
    """Refunds with the reference of another one of the order, or with a key of another order."""
    amounts: dict[tuple[str, str], int] = {}
    keys: dict[str, str] = {}
    for each in named:
        call, amount = each.call, _amount(each.call)
        if each.operation.effect != "refund" or " done" not in each.name:
            continue
        if call.key and keys.setdefault(call.key.name, call.order) != call.order:
            yield f"{call.operation} that a key of another order may hide"
        reference = str((call.members or {}).get("reference") or "")
        if reference and amounts.setdefault((call.order, reference), amount) != amount:
            yield f"{call.operation} that an equal reference may hide"


def _of_order(named: _Named) -> Iterator[str]:
    call, plan, lines = named.call, named.plan, lines_of(named.call)
    if plan is None:
        return
    how = f"{call.operation}{' refused' * named.fails}"
    number = "several" if len(plan.captures) > 1 else "one"
    if len(set(plan.captures)) < len(plan.captures) and named.operation.effect == "refund":
        yield f"{how}{' with a fee' * any(map(is_fee, lines))} of equal captures"
    if named.money.endswith(_ALL):
        parts = "after at most 0" not in named.name
        yield f"{how}{_ALL} of {plan.layout}{' in parts' * parts}"
    if call.capture is not None:
        yield f"{how} by {plan.payment_method} of {number}"
        yield from (f"{how} {by}" for by in _by_market(call, plan))
        size = "small" if plan.captures[:1] < (_SMALL,) else "large"
        if _is_by_the_last_option(call):
            yield f"{how} by the last option for capture {call.capture} of {number}, {size}"
    if any(map(is_fee, lines)) and named.fails:
        yield f"fee refused in {plan.market}, {plan.layout.rpartition('-')[0] or plan.layout}"


def _beyond(named: _Named) -> Iterator[str]:
    call, plan = named.call, named.plan
    if plan is None:
        return
    if named.money.endswith(_LEFT):
        smaller = plan.captures[-1:] < plan.captures[:1]
        yield f"{call.operation}{_LEFT} of {plan.layout}{', the last capture smaller' * smaller}"
        if any(map(is_fee, lines_of(call))) and sum(plan.captures) == plan.order_amount:
            yield f"{call.operation} with a fee{_LEFT}"
    nearly_all = 0 < 100 * (plan.order_amount - plan.captured_amount) <= plan.order_amount
    if nearly_all and len(plan.captures) == 1 and named.fails and any(map(is_fee, lines_of(call))):
        yield "fee refused of nearly all"


def _of_call(named: _Named) -> Iterator[str]:
    call, name = named.call, named.name
    if call.credentials != "valid":
        yield f"{call.credentials} {'without' if isinstance(call.body, Empty) else 'with'} a body"
    if call.order == "malformed":
        yield f"{call.operation} of an id that is no UUID"
    if isinstance(call.body, Raw) and ";" in call.body.content_type:
        yield f"{call.operation} with a parameter of its media type"
    if call.chunked:
        yield f"{call.operation} in chunks"
    if named.plan:
        yield from (f"{by}: {call.operation}" for by in _by_market(call, named.plan))
    if call.key:
        yield f"{call.operation} by key"
        length = class_of(len(call.key.name), COUNTS)
        yield f"key {call.key.form} {call.key.name if call.key.form == 'number' else length}"
    if isinstance(call.body, Json) and not named.is_beside:
        yield from filter(None, [named.incomplete])
        yield from (f"{call.operation}: {trait}" for trait in oddities(call.body.value))
        if any(map(is_fee, lines_of(call))):
            yield from miscounts(call.body.value.get("refunded_amount"), lines_of(call))
    refused = " refused" * ("refused" in name)
    lines = lines_of(call)
    yield from (f"{trait}{refused}" for trait in line_facets(lines))
    if named.plan and refused and any(map(is_fee, lines)):
        yield f"fee refused in {named.plan.market}, {'many' if len(lines) > 3 else 'few'} lines"


def _by_market(call: Step, plan: OrderPlan) -> Iterator[str]:
    """What a server may do in one market only: extend card orders, refuse the last option."""
    if call.capture is not None and plan.payment_method == "card":
        yield f"by card in {plan.market}"
    if _is_by_the_last_option(call):
        yield f"by the last option in {plan.market}"


def _is_by_the_last_option(call: Step) -> bool:
    if call.capture is None:
        return False
    return call == extend(offered(-1), capture=call.capture, order=call.order, key=call.key)
