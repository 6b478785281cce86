"""One certification from end to end: checking the adapter, every scenario, shrinking."""

import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from functools import reduce
from math import inf

import msgspec

from klarna_conformance import defaults
from klarna_conformance.adapter_protocol import Adapter, Ready
from klarna_conformance.certify.checkup import check_adapter, operations_of
from klarna_conformance.certify.copies import Copies
from klarna_conformance.certify.driving import Course, Stage
from klarna_conformance.certify.shrinking import Judging, shrunk
from klarna_conformance.certify.silence import Silence
from klarna_conformance.drawing import draw
from klarna_conformance.judge.client.judging import excuses, judge_client
from klarna_conformance.judge.client.keys import KeyBook
from klarna_conformance.network.network import Tempo
from klarna_conformance.record.recording import Recorder
from klarna_conformance.record.redaction import Redactor
from klarna_conformance.run.events import (
    CounterexampleFound,
    Event,
    Excused,
    Planned,
    ScenarioFinished,
    Started,
    Stopped,
    ended,
)
from klarna_conformance.run.running import recorded_header
from klarna_conformance.wrong.clients.catalogue import client_proofs
from klarna_reports.record.record import Certified, Finding, Footer, Header, Played, TargetFacts
from klarna_specs.calls import read_call
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.play import ClientScenario, ClientSide, TimedOut
from klarna_specs.client.requirements import CLIENT, client_operations, client_spec
from klarna_specs.goals import Scope
from klarna_specs.scenario import Empty, Json, Scenario, Step
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_scenarios, client_table

__all__ = ["CertifyOptions", "certify", "plain_scenario"]

_SHRINK_S = 20.0
"""Time limit for shrinking the counterexample of one requirement, in seconds.

On a slow machine a counterexample may have more commands; its violation was found before.
"""
_MOST_SHRUNK = 8
_PRECEDING = (1, 3, 10)
"""How many earlier scenarios a counterexample may need, if it needs the client to be used."""
_MOST_SILENCE_S = 80.0
"""After so many seconds without an outcome, operations that had none are left out."""


Size = tuple[bool, int, int, int]
"""The size of a counterexample: whether it needs others before it, faults, commands, requests."""


class CertifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a certification: `time_s` limits it, `examples` is for random scenarios.

    Without `operations`, all that clients are certified for are included. With `only`, it runs only
    that counterexample of the requirement `shows`.
    """

    seed: int
    operations: tuple[str, ...] = ()
    faults: tuple[str, ...] = FAULT_KINDS
    examples: int = 30
    time_s: float | None = None
    tempo: Tempo = Tempo()
    strict: bool = False
    shrink: bool = True
    command: str = ""
    adapter: str = ""
    only: ClientScenario | None = None
    shows: str = ""

    def is_everything(self, spec: Spec) -> bool:
        """Whether nothing was left out."""
        whole = not self.operations or set(self.operations) == set(client_operations(spec))
        return whole and set(self.faults) == set(FAULT_KINDS) and self.only is None


async def certify(
    spec: Spec, adapter: Adapter, options: CertifyOptions, copies: Copies | None = None
) -> AsyncGenerator[Event]:
    """Runs every scenario with the client of an adapter, or with its `copies`, and judges it.

    It starts once the adapter was checked; raises AdapterError where that is wrong.
    """
    stage = Stage(spec, adapter, seed=options.seed, tempo=options.tempo)
    try:
        ready = await stage.open()
        operations = operations_of(spec, ready, options.operations)
        await check_adapter(spec, stage, adapter, operations)
        certifying = _Certifying(spec, stage, options, operations, ready, copies)
        async with aclosing(ended(certifying.events(), certifying.footer)) as events:
            async for event in events:
                yield event
    finally:
        await stage.aclose()


class _Certifying:
    """A certification in progress."""

    def __init__(
        self,
        spec: Spec,
        stage: Stage,
        options: CertifyOptions,
        operations: tuple[str, ...],
        ready: Ready,
        copies: Copies | None,
    ) -> None:
        self._spec = spec
        self._stage = stage
        self._copies = copies
        self._options = options
        self._operations = operations
        self._ready = ready
        self._began_s = time.monotonic()
        self._scenarios = tuple(self._chosen())
        self._known = KeyBook()
        self._users: dict[str, ClientScenario] = {}
        self._owners: dict[str, ClientScenario] = {}
        self._found: set[str] = set()
        self._failing: dict[str, tuple[Size, Played]] = {}
        self._first: dict[str, Played] = {}
        self._sent = 0
        self._recorder = Recorder(Redactor((defaults.USERNAME, defaults.PASSWORD)))

    @property
    def _left_s(self) -> float:
        limit = self._options.time_s
        return inf if limit is None else self._began_s + limit - time.monotonic()

    def footer(self, stopped: str) -> Footer:
        wall_s = round(time.monotonic() - self._began_s, 3)
        return Footer(wall_s=wall_s, requests_sent=self._sent, stopped=stopped)

    async def events(self) -> AsyncGenerator[Event]:
        """Everything but the end."""
        yield Started(self._header())
        yield Planned(len(self._scenarios))
        async for event in self._planned():
            yield event
        if self._options.shrink:
            async for found in self._counterexamples():
                yield found

    async def _planned(self) -> AsyncGenerator[Event]:
        """The scenarios in their order, and why it stopped before the last one, if it did."""
        silence = Silence(most_s=_MOST_SILENCE_S)
        skipped = 0
        async with aclosing(self._courses(silence)) as courses:
            for number, scenario in enumerate(self._scenarios, 1):
                course = await anext(courses)
                if course is None and self._left_s <= 0:
                    yield Stopped("the time is up")
                    return
                if course is None:
                    skipped += 1
                    continue
                played, keys = self._judged(scenario, course, f"s{number:04}", self._known)
                silence.note(course.side.episodes)
                self._note(played)
                yield ScenarioFinished(self._recorder.played(played))
                self._known = keys
                for key in keys.uses:
                    self._users.setdefault(key, scenario)
                for order in course.orders:
                    self._owners[order.order_id] = scenario
        if skipped:
            without = f"after {silence.spent_s:.0f} s without an outcome"
            yield Stopped(f"{skipped} scenarios were left out {without}")
        elif self._options.only is None and (excused := self._excused()):
            yield Excused(excused)

    def _courses(self, silence: Silence) -> AsyncGenerator[Course | None]:
        """The course of each scenario; None for one that is left out, or has no time left."""
        if self._copies is None:
            return self._courses_here(silence)
        return self._copies.courses(
            self._spec,
            self._scenarios,
            seed=self._options.seed,
            tempo=self._options.tempo,
            silence=silence,
            left_s=lambda: self._left_s,
        )

    async def _courses_here(self, silence: Silence) -> AsyncGenerator[Course | None]:
        """The courses with one client."""
        for scenario in self._scenarios:
            left_out = self._left_s <= 0 or silence.expects(scenario)
            yield None if left_out else await self._stage.play(scenario)

    def _chosen(self) -> Iterator[ClientScenario]:
        options = self._options
        if options.only is not None:
            yield options.only
            return
        yield from client_table(self._spec, operations=self._operations, faults=options.faults)
        drawn = client_scenarios(self._spec, operations=self._operations, faults=options.faults)
        yield from draw(drawn, count=options.examples, seed=options.seed)

    async def _played(self, scenario: ClientScenario) -> Played:
        """Runs and judges a scenario by itself: what comes late of others does not count."""
        self._stage.discard()
        course = await self._stage.play(scenario)
        return self._judged(scenario, course, "", KeyBook())[0]

    def _judged(
        self, scenario: ClientScenario, course: Course, identifier: str, known: KeyBook
    ) -> tuple[Played, KeyBook]:
        """Judges a scenario; `known` are the keys of earlier ones. Returns it with all keys."""
        self._sent += len(course.exchanges)
        judged = judge_client(self._spec, course.side, course.exchanges, known)
        played = Played(
            id=identifier,
            scenario=plain_scenario(scenario),
            orders=course.orders,
            exchanges=course.exchanges,
            findings=judged.findings,
            client=course.side,
        )
        return played, judged.keys

    def _note(self, played: Played) -> None:
        self._found |= {finding.requirement for finding in played.findings}
        failed = _failed(played.findings)
        if failed:
            alone = _failed(judge_client(self._spec, _side(played), played.exchanges).findings)
            for requirement in failed:
                self._first.setdefault(requirement, played)
                size = requirement not in alone, *played.size
                known = self._failing.get(requirement)
                if known is None or size < known[0]:
                    self._failing[requirement] = size, played

    def _excused(self) -> tuple[Finding, ...]:
        """The requirements that do not apply, because the client never did what they are about."""
        bound = {requirement.id for requirement in self._client_spec.requirements}
        if not self._found:
            return ()
        return tuple(each for each in excuses(self._spec, self._found) if each.requirement in bound)

    @property
    def _client_spec(self) -> Spec:
        return client_spec(self._spec, operations=self._operations, faults=self._options.faults)

    async def _counterexamples(self) -> AsyncGenerator[CounterexampleFound]:
        """For each violated requirement the smallest scenario that shows it by itself."""
        failing = sorted(self._failing.items())[:_MOST_SHRUNK]
        for number, (requirement, (_, played)) in enumerate(failing, 1):
            if self._left_s <= 0:
                return
            if any(isinstance(episode.reported, TimedOut) for episode in _side(played).episodes):
                continue  # each attempt at a smaller one would time out as well
            again = await self._counterexample(requirement, played)
            if again is not None:
                named = msgspec.structs.replace(
                    again, id=f"c{number:04}", shrunk_from=played.id, shows=requirement
                )
                yield CounterexampleFound(self._recorder.played(named))

    async def _counterexample(self, requirement: str, played: Played) -> Played | None:
        """A small scenario that shows a violation to a client that was just started.

        None where none was found: it may take more of what came before. What caused the first
        violation is the likeliest to have come just before it.
        """
        first = self._first[requirement]
        others = self._candidates(first) if first is not played else ()
        for candidate in (*self._candidates(played), *others):
            if self._left_s <= 0:
                return None
            shown = await self._afresh(candidate)
            if requirement not in _failed(shown.findings):
                continue
            afresh = (self._try_afresh,)
            for play in afresh if candidate.restarts else (self._try, *afresh):
                judging = Judging(play=play, requirement=requirement, seed=self._options.seed)
                smaller = await shrunk(
                    self._spec, candidate, judging, within_s=min(_SHRINK_S, self._left_s)
                )
                again = await self._afresh(smaller) if smaller else shown
                if requirement in _failed(again.findings):
                    return again
            return shown
        return None

    def _candidates(self, played: Played) -> Iterator[ClientScenario]:
        """A scenario, by itself and after earlier ones: those it has to do with, or the last."""
        scenario = _scenario_of(played)
        yield scenario
        for before in self._related(played):
            yield before.then(scenario)
        number = int(played.id.removeprefix("s")) - 1
        for count in _PRECEDING:
            if before := self._scenarios[max(0, number - count) : number]:
                yield reduce(ClientScenario.then, (*before, scenario))

    def _related(self, played: Played) -> list[ClientScenario]:
        """An earlier scenario with a key of this one, and one with an order that it calls."""
        calls = [read_call(self._spec, exchange.request) for exchange in played.exchanges]
        keys = (self._users.get(call.key) for call in calls if call and call.key)
        orders = (self._owners.get(call.order_id) for call in calls if call)
        scenario = _scenario_of(played)
        found = (next((e for e in each if e and e != scenario), None) for each in (keys, orders))
        return [each for each in found if each]

    async def _try(self, scenario: ClientScenario) -> set[str]:
        """The requirements that a scenario violates."""
        return _failed((await self._played(scenario)).findings)

    async def _try_afresh(self, scenario: ClientScenario) -> set[str]:
        """The requirements that a scenario violates with a client that was just started."""
        return _failed((await self._afresh(scenario)).findings)

    async def _afresh(self, scenario: ClientScenario) -> Played:
        """Runs and judges a scenario with a client that was just started."""
        await self._stage.restart()
        return await self._played(scenario)

    def _header(self) -> Header:
        options = self._options
        facts = TargetFacts(
            name=self._ready.client, base_url=self._stage.network.base_url, kind="mock"
        )
        header = recorded_header(self._spec, facts, command=options.command, strict=options.strict)
        return msgspec.structs.replace(
            header,
            seed=options.seed,
            proofs=client_proofs(),
            planned_scenarios=len(self._scenarios),
            scope=self._scope(),
            certified=Certified(
                client=self._ready.client,
                adapter=options.adapter,
                operations=self._operations,
                faults=tuple(kind for kind in FAULT_KINDS if kind in options.faults),
                unsupported=tuple(
                    name
                    for name in client_operations(self._spec)
                    if name not in self._ready.operations
                ),
            ),
        )

    def _scope(self) -> Scope:
        options = self._options
        if options.shows:
            return Scope(requirements=(options.shows,))
        whole = options.is_everything(self._spec) and set(self._operations) == set(
            client_operations(self._spec)
        )
        return Scope() if whole else Scope(operations=(CLIENT,))


def _failed(findings: Iterable[Finding]) -> set[str]:
    return {finding.requirement for finding in findings if finding.verdict == "FAIL"}


def _side(played: Played) -> ClientSide:
    assert played.client is not None
    return played.client


def _scenario_of(played: Played) -> ClientScenario:
    commands = tuple(episode.command for episode in _side(played).episodes)
    return ClientScenario(orders=_side(played).orders, commands=commands)


def plain_scenario(scenario: ClientScenario) -> Scenario:
    """A scenario for a client as one for a server: the calls, without the faults."""
    first, *others = scenario.orders
    return Scenario(
        plan=first,
        other=others[0] if others else None,
        steps=tuple(
            Step(
                operation=command.operation,
                order="other" if command.order else "this",
                capture=command.capture,
                body=Json(command.arguments) if command.arguments else Empty(),
            )
            for command in scenario.commands
        ),
    )
