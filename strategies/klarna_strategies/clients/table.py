"""The scenarios for every client: each case of each requirement, one at a time."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

import msgspec

from klarna_specs.client.faults import (
    FAULT_KINDS,
    FAULTS,
    Cut,
    Errored,
    Redirected,
    Refused,
    Silent,
    kind_of,
)
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.client.requirements import client_operations
from klarna_specs.plan import OrderPlan
from klarna_specs.spec import Spec
from klarna_strategies.clients.any_operation import FOR_CHANGES, FOR_READS, any_operation
from klarna_strategies.clients.commands import (
    captured,
    extension,
    one,
    options,
    partly_captured,
    refund,
    release,
)
from klarna_strategies.clients.rare_refunds import with_lines, with_texts
from klarna_strategies.fractions import losing_amounts, losing_pairs
from klarna_strategies.lines import fee, goods

__all__ = ["client_table"]

_LASTING = (
    *(Errored(503), Cut("before"), Refused(), Errored(429), Errored(500, "after")),
    *(Cut("after", reset=False), Silent("after"), Redirected()),
)


def client_table(
    spec: Spec,
    *,
    operations: Collection[str] | None = None,
    faults: Collection[str] = FAULT_KINDS,
) -> Iterator[ClientScenario]:
    """Every scenario of the table once, in the same order each time; nothing is drawn.

    Only these operations and kinds of faults occur. Scenarios without a fault come first; one with
    a fault has one command unless it is about several.
    """
    wanted = set(client_operations(spec) if operations is None else operations)
    for part in (*_PARTS, any_operation):
        for scenario in part(spec):
            called = {command.operation for command in scenario.commands}
            met = {kind_of(f) for command in scenario.commands for f in command.disturbances}
            if called <= wanted and met <= set(faults):
                yield scenario


def _undisturbed(spec: Spec) -> Iterator[ClientScenario]:
    plan = captured(spec)
    for command in (
        refund(1),
        refund(0),
        refund(8_989),
        refund(10_000),
        refund(2_500, description="Two shirts, size M", reference="return-17"),
        refund(3_000, order_lines=[goods(3_000, quantity=3, reference="75001", tax_rate=2_500)]),
        refund(2_501, order_lines=[goods(1_250, quantity=2, unit_price=625), goods(1_251)]),
        refund(2_250, order_lines=[goods(3_000), fee(750)]),
        options(),
        extension(),
    ):
        yield one(plan, command)
    for command in (*with_lines(), *with_texts()):
        yield one(plan, command)
    for amount in losing_amounts():
        yield one(captured(spec, amount=amount), refund(amount))
    for first, second in islice(losing_pairs(), 2):
        yield one(plan, refund(first + second, order_lines=[goods(first), goods(second)]))
    yield one(captured(spec, amount=9_007_199), refund(8_999_999))
    yield one(captured(spec, amount=16_777_217), refund(16_777_217))
    yield one(captured(spec, amount=99_999_999), refund(99_999_999))
    yield one(captured(spec, amount=150_000_001), refund(150_000_001))
    for market in spec.market_groups["return_fee"]:
        yield one(captured(spec, market), refund(400, order_lines=[goods(500), fee(100)]))
    yield one(captured(spec, "GB"), extension(2))
    yield one(captured(spec, "DE", payment_method="pay_in_4"), extension(30))
    yield one(partly_captured(spec), release())
    yield one(partly_captured(spec), options(capture=1))
    yield one(partly_captured(spec), extension(capture=1))


def _refused(spec: Spec) -> Iterator[ClientScenario]:
    plan = captured(spec)
    by_card = captured(spec, payment_method="card")
    yield one(plan, refund(10_001))
    yield one(plan, release())
    yield one(plan, extension(11))
    yield one(by_card, extension())
    yield one(by_card, options())
    yield one(captured(spec, "GB"), refund(2_250, order_lines=[goods(3_000), fee(750)]))
    yield one(plan, refund(2_250, order_lines=[goods(3_000), fee(700)]))
    for command in (refund(1), release(), extension(), options()):
        whose = partly_captured(spec) if command == release() else plan
        yield one(whose, msgspec.structs.replace(command, unknown="order"))
        if command.capture is not None:
            yield one(plan, msgspec.structs.replace(command, unknown="capture"))


def _several(spec: Spec) -> Iterator[ClientScenario]:
    plan, other = captured(spec), captured(spec, "DE", amount=20_000)
    yield _of(plan, refund(1), refund(1))
    yield _of(plan, refund(100), refund(250), refund(9_650))
    yield _of(plan, refund(10_000), refund(1))
    yield _of(plan, refund(2_250, order_lines=[goods(3_000), fee(750)]), refund(750))
    again = refund(500, description="One shirt", reference="r-1", order_lines=[goods(500)])
    yield _of(plan, again, again, again)
    yield _of(plan, again, refund(250))
    yield _of(plan, refund(10_001), refund(10_002))
    yield _of(plan, refund(10_001), refund(500), refund(10_001))
    for first, second in ((7_000, 3_000), (7_001, 7_001)):
        more = msgspec.structs.replace(refund(second), captured_amount=3_000)
        yield _of(partly_captured(spec), refund(first), more)
    yield _of(plan, extension(11), extension(12))
    yield _of(plan, release(), release())
    yield _of(captured(spec, payment_method="card"), options(), options())
    yield from _stale(spec)
    yield from _never_made(spec)
    yield _of(plan, options(), options())
    yield _of(plan, extension(), extension())
    yield _of(partly_captured(spec), extension(), extension(capture=1))
    yield _of(partly_captured(spec), options(), options(capture=1))
    yield _of(partly_captured(spec), release(), release())
    for commands in (
        (refund(500), refund(500), refund(700)),
        (
            msgspec.structs.replace(refund(500), faults=(Cut("after", reset=False),)),
            msgspec.structs.replace(refund(500), faults=(Errored(503),)),
            *(refund(500), refund(500)),
        ),
        (extension(), extension(30), extension()),
        (options(), options()),
    ):
        placed = [msgspec.structs.replace(each, order=n % 2) for n, each in enumerate(commands)]
        yield ClientScenario(orders=(plan, other), commands=tuple(placed))
    for commands in ((release(),), (options(),)):
        orders = (partly_captured(spec), partly_captured(spec, "DE"))
        placed = [msgspec.structs.replace(each, order=n) for n in (0, 1) for each in commands]
        yield ClientScenario(orders=orders, commands=tuple(placed))
    yield _of(partly_captured(spec), refund(1), options(capture=1), extension(capture=1), release())
    for fault in (Cut("after", reset=False), Errored(503)):
        lost = msgspec.structs.replace(refund(1), faults=(fault,))
        failed = msgspec.structs.replace(refund(1), faults=(fault,), for_ever=True)
        yield _of(plan, lost, refund(1))
        yield _of(plan, refund(1), lost)
        yield _of(plan, failed, refund(1))


def _stale(spec: Spec) -> Iterator[ClientScenario]:
    """A refusal after another one, or after another error, with more or other details."""
    faults = (Errored(400), Errored(404)), (Errored(422), Errored(401, body="html"))
    for command, make in _EACH:
        whose = make(spec)
        for pair in faults:
            met = [msgspec.structs.replace(command, faults=(fault,)) for fault in pair]
            yield _of(whose, *met)
        for refusal in (Errored(400), Errored(404)):
            yield one(whose, command, Errored(429), refusal)
    for fault in (Errored(503), Errored(429)):
        yield one(captured(spec, payment_method="card"), options(), fault)
    yield one(captured(spec), options(), Errored(503), Errored(404))
    yield one(captured(spec), refund(10_001), Errored(429))
    html = msgspec.structs.replace(refund(1), faults=(Errored(401, body="html"),))
    yield _of(captured(spec), refund(10_001), html)
    yield _of(captured(spec), refund(10_001), refund(1), refund(1))


def _never_made(spec: Spec) -> Iterator[ClientScenario]:
    """A refund that is not made next to an equal one that was: reading the order misleads."""
    for faults in ((Cut("before"),) * 8, (Errored(503),) * 8):
        yield _of(captured(spec), refund(7), msgspec.structs.replace(refund(7), faults=faults))


def _restarted(spec: Spec) -> Iterator[ClientScenario]:
    """A client that is restarted between two commands on one order; the first may be lost."""
    for make, command in _CHANGES:
        again = msgspec.structs.replace(command, restarted=True)
        yield _of(make(spec), command, again, command)
        for fault in (Cut("after", reset=False), Cut("before")):
            lost = msgspec.structs.replace(command, faults=(fault,), for_ever=True)
            yield _of(make(spec), lost, again)
    lost = msgspec.structs.replace(refund(500), faults=(Cut("after", reset=False),), for_ever=True)
    yield _of(captured(spec), lost, msgspec.structs.replace(refund(250), restarted=True))


def _of(plan: OrderPlan, *commands: Command) -> ClientScenario:
    return ClientScenario(orders=(plan,), commands=commands)


_CHANGES: tuple[tuple[Callable[[Spec], OrderPlan], Command], ...] = (
    (captured, refund(1)),
    (partly_captured, release()),
    (captured, extension()),
)


_EACH = (
    *((command, make) for make, command in _CHANGES),
    (options(), captured),
)


def _disturbed(spec: Spec) -> Iterator[ClientScenario]:
    for make, command in _CHANGES:
        for kind in FOR_CHANGES:
            for fault in (
                FAULTS[kind] if "refunded_amount" in command.arguments else FAULTS[kind][:1]
            ):
                yield one(make(spec), command, fault)
    for kind in FOR_READS:
        yield one(captured(spec), options(), FAULTS[kind][0])
    for kind in ("duplicate", "foreign-location"):
        for fault in FAULTS[kind]:
            yield one(captured(spec), refund(1), fault)
    for fault in FAULTS["other-refund"]:
        yield one(captured(spec), refund(500), fault)
    lost, failed = Cut("after", reset=False), Errored(503)
    for faults in (
        *((lost, lost), (failed, lost), (lost, failed, failed)),
        *((lost, Errored(429)), (lost, Errored(409)), (Errored(504, "after"), Errored(409))),
        (Silent("after"), Errored(409)),
    ):
        yield one(captured(spec), refund(1), *faults)
    yield one(captured(spec), refund(1), failed, Errored(409))
    for make, command in _CHANGES:
        yield one(make(spec), command, Cut("before"), Errored(409))
    yield one(captured(spec), refund(10_001), failed)
    yield one(captured(spec), refund(10_000), lost)


def _for_ever(spec: Spec) -> Iterator[ClientScenario]:
    for fault in _LASTING:
        yield one(captured(spec), refund(1), fault, for_ever=True)
    for make, command in _CHANGES:
        for last in (Errored(429), Errored(401)):
            yield one(make(spec), command, Cut("after", reset=False), last, for_ever=True)
    yield one(captured(spec), refund(1), Errored(504, "after"), Errored(409), for_ever=True)
    yield one(partly_captured(spec), release(), Errored(503), for_ever=True)
    yield one(captured(spec), extension(), Errored(503), for_ever=True)
    yield one(captured(spec), options(), Errored(503), for_ever=True)


def _read(spec: Spec) -> Iterator[ClientScenario]:
    """Faults on the client's own reads: before, between or after its attempts."""
    kinds = ("error", "lost", "404", "401", "html", "429", "conflict", "malformed", "truncated")
    for kind in kinds:
        fault = FAULTS[kind][0]
        read = msgspec.structs.replace(refund(1), reads=(fault, fault))
        lost = msgspec.structs.replace(read, faults=(Cut("after", reset=False),))
        yield _of(captured(spec), read)
        yield _of(captured(spec), lost)
        if kind in ("error", "404"):
            for each in (read, lost):
                met = msgspec.structs.replace(each, reads=(None, fault, fault))
                yield _of(captured(spec), met)
    for make, command in _CHANGES[1:]:
        met = msgspec.structs.replace(command, reads=(Errored(404), Errored(503)))
        yield _of(make(spec), met)
        yield _of(make(spec), msgspec.structs.replace(met, faults=(Cut("after"),)))


def _spelt(spec: Spec) -> Iterator[ClientScenario]:
    plan = captured(spec)
    for kind in ("lower-case", "upper-case", "page-spelling", "relative-location", "json-body"):
        yield one(plan, refund(1), *FAULTS[kind])
    for kind in ("no-refund-id", "no-correlation-id"):
        yield one(plan, refund(1), *FAULTS[kind])
    for kind in ("singular-message", "lower-case", "no-correlation-id", "unknown-members"):
        yield one(plan, refund(10_001), *FAULTS[kind])
    for command in (release(), extension(11)):
        yield one(plan, command, *FAULTS["singular-message"])
    yield one(captured(spec, payment_method="card"), options(), *FAULTS["singular-message"])


_PARTS = (_undisturbed, _refused, _several, _disturbed, _for_ever, _spelt, _read, _restarted)
