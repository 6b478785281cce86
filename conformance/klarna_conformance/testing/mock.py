"""`klarna_mock`: a server for one test, on a local socket, that records every exchange."""

import asyncio
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from klarna_conformance import defaults
from klarna_conformance.calibration.behaving import behaviour
from klarna_conformance.calibration.learning import Calibration, calibration_of
from klarna_conformance.certify.driving import Course, Stage
from klarna_conformance.errors import AdapterError, UsageError
from klarna_conformance.judge.client.judging import judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.judge.client.traffic import judge_traffic
from klarna_conformance.mock.deviation import AS_DOCUMENTED
from klarna_conformance.network.fault_queue import FaultQueue
from klarna_conformance.network.network import Tempo
from klarna_conformance.testing.complaint import Complaint, KlarnaWarning, complaint
from klarna_conformance.testing.loop import LoopThread
from klarna_conformance.testing.performing import Do, DoAdapter, Perform, Worker, on_loop
from klarna_conformance.testing.remembering import Remembered, Stretch
from klarna_conformance.testing.rules import Rules
from klarna_reports.errors import JournalError
from klarna_reports.record.record import ProvidedOrder
from klarna_reports.words.client_wording import scenario_text
from klarna_specs.client.faults import Fault
from klarna_specs.client.play import ClientScenario, Unsupported
from klarna_specs.client.requirements import client_operations
from klarna_specs.exchange import Exchange
from klarna_specs.ledger import Ledger
from klarna_specs.loader import load
from klarna_specs.plan import Authorization, OrderPlan, PaymentMethod
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_strategies.layouts import order_plan

__all__ = ["KlarnaMock"]

_WORK_S = 10.0
"""Timeout for what the mock itself does for a test, in seconds."""
_PLAY_S = 30.0


@contextmanager
def _adapter_errors() -> Generator[None]:
    """Fails the test for a wrong result of `do`, without our part of the traceback."""
    try:
        yield
    except AdapterError as exc:
        pytest.fail(str(exc), pytrace=False)


@cache
def _calibration(profile: str, directory: Path) -> Calibration:
    """What the record in a folder shows, read once; fails the test if it is none of a server."""
    try:
        return calibration_of(load(profile=profile), directory)
    except (UsageError, JournalError) as exc:
        pytest.fail(f"--klarna-like: {exc}", pytrace=False)


class KlarnaMock:
    """Klarna's side of a test: creates orders, injects faults, and shows exchanges and ledgers.

    It listens at `base_url`, and accepts `username` and `password`.
    """

    username = defaults.USERNAME
    password = defaults.PASSWORD

    def __init__(
        self,
        loop: LoopThread,
        rules: Rules,
        *,
        profile: str | None = None,
        like: Path | None = None,
    ) -> None:
        self._loop = loop
        self._rules = rules
        profile = profile or DEFAULT_PROFILE
        self._spec = load(profile=profile)
        self._adapter = DoAdapter(client_operations(self._spec))
        self._faults = FaultQueue(self._spec)
        self._known = KeyBook()
        self._warned: set[str] = set()
        wait_s = rules.timeout_s
        tempo = Tempo(timeout_s=wait_s, hold_s=4 * wait_s, slow_s=0.4 * wait_s)
        self._stage = Stage(
            self._spec,
            self._adapter,
            seed=defaults.SEED,
            tempo=tempo,
            deviation=behaviour(self._spec, _calibration(profile, like)) if like else AS_DOCUMENTED,
        )
        self._remembered = Remembered(self._stage.network)
        self._call(self._open())

    def __repr__(self) -> str:
        return f"<KlarnaMock {self.base_url}>"

    @property
    def base_url(self) -> str:
        """Where it listens, for example `http://127.0.0.1:40001`."""
        return self._stage.network.base_url

    def order(
        self,
        *,
        market: str = "SE",
        order_amount: int = 10_000,
        captures: Sequence[int] | None = None,
        payment_method: PaymentMethod = "pay_later",
        authorization: Authorization = "open",
        order_lines: Sequence[dict[str, Any]] = (),
    ) -> ProvidedOrder:
        """Creates an order, fully captured unless `captures` has amounts (minor units).

        The result has `order_id` and `capture_ids`. Raises ValueError for impossible amounts.
        """
        plan: OrderPlan = order_plan(
            self._spec,
            market=market,
            order_amount=order_amount,
            captures=(order_amount,) if captures is None else tuple(captures),
            payment_method=payment_method,
            authorization=authorization,
        )
        lines = msgspec.structs.replace(plan, order_lines=tuple(order_lines))
        return self._stage.mock.make_order(lines)

    def fault(
        self,
        fault: str | Fault,
        *,
        operation: str | None = None,
        times: int = 1,
        for_ever: bool = False,
    ) -> None:
        """Injects a fault into the next requests, or into those of an operation (operationId).

        A name is one of `klarna_specs.client.faults.FAULT_KINDS`, for example `lost`. Faults act
        in the order of the calls. Raises ValueError for unknown names, and if `times` is less
        than 1.
        """
        if times < 1:
            raise ValueError(f"times {times} must be 1 or more")

        async def add() -> None:
            self._faults.add(fault, operation=operation, times=times, for_ever=for_ever)
            await self._stage.network.disturb(self._faults)

        self._call(add())

    def advance(self, seconds: int) -> None:
        """Advances the clock of the mock."""
        self._stage.mock.advance(seconds)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every exchange of this test, in order."""
        return self._call(self._remembered.everything())

    def ledger(self, order_id: str) -> Ledger:
        """The state of an order: `refunded_amount`, `refunds`, `captures`, `released` and so on.

        Raises ValueError for an order that this mock did not create.
        """
        known = self._stage.mock.orders.get(order_id)
        if known is None:
            raise ValueError(f"there is no order {order_id!r}; `order` creates one")
        return known

    def play(self, scenario: ClientScenario, do: Do, *, within_s: float = _PLAY_S) -> None:
        """Runs a scenario with a client, and fails the test if the client violates a requirement.

        If the client supports no command of the scenario, the test is skipped.

        `do(operation, order_id, arguments)` lets the client carry out one command and returns an
        outcome of the adapter protocol, for example `{"outcome": "done", "refund_id": "..."}`; it
        may be a coroutine function. It runs in a thread of its own, with a timeout of `within_s`
        seconds. If it raises an exception, the client has crashed.
        """
        __tracebackhide__ = True
        worker = Worker(do)
        try:
            with _adapter_errors():
                found = self._loop.call(self._played(scenario, worker.perform, within_s))
        finally:
            worker.close()
        self._conclude(found)

    async def aplay(self, scenario: ClientScenario, do: Do, *, within_s: float = _PLAY_S) -> None:
        """The same as `play`, with `do` on the event loop of the test."""
        __tracebackhide__ = True
        perform = on_loop(do, asyncio.get_running_loop())
        with _adapter_errors():
            work = self._loop.start(self._played(scenario, perform, within_s))
            found = await asyncio.wrap_future(work)
        self._conclude(found)

    def judge(self, warn: Callable[[Warning], None]) -> None:
        """Judges the requests outside of scenarios, as far as traffic alone allows."""
        __tracebackhide__ = True
        if not self._rules.judge:
            return
        exchanges, marks, _ = self._call(self._remembered.unplayed())
        judged = judge_traffic(self._spec, exchanges, marks, self._known)
        self._conclude(complaint(self._spec, judged.findings, exchanges, marks), warn)

    def close(self) -> None:
        """Stops listening and ends every connection."""
        self._call(self._stage.aclose())

    def _call(self, work: Any) -> Any:
        return self._loop.call(work, within_s=_WORK_S)

    async def _open(self) -> None:
        await self._stage.open()
        await self._stage.network.disturb(self._faults)

    async def _played(
        self, scenario: ClientScenario, perform: Perform, within_s: float
    ) -> Complaint:
        await self._remembered.begin()
        self._adapter.use(perform, within_s=within_s)
        try:
            course = await self._stage.play(scenario)
        finally:
            await self._remembered.begin(after_scenario=True)
            await self._stage.network.disturb(self._faults)
        return self._judged(scenario, course, await self._remembered.unplayed())

    def _judged(self, scenario: ClientScenario, course: Course, beside: Stretch) -> Complaint:
        known = judge_traffic(self._spec, beside.exchanges).keys | self._known
        judged = judge_client(self._spec, course.side, course.exchanges, known)
        self._known |= judged.keys
        return complaint(
            self._spec,
            judged.findings,
            course.exchanges,
            course.side.marks,
            about=scenario_text(scenario),
            unsupported=all(
                isinstance(each.reported, Unsupported) for each in course.side.episodes
            ),
        )

    def _conclude(self, found: Complaint, warn: Callable[[Warning], None] | None = None) -> None:
        """Fails the test for violations of a MUST; warns once for each SHOULD."""
        __tracebackhide__ = True
        if failure := found.failure(strict=self._rules.strict):
            pytest.fail(failure, pytrace=False)
        if found.unsupported:
            pytest.skip(f"the client supports none of this: {found.about}; choose `operations`")
        for requirement, text in found.warned:
            if requirement not in self._warned:
                self._warned.add(requirement)
                warning = KlarnaWarning(text)
                warn(warning) if warn else warnings.warn(warning, stacklevel=3)
