"""One certification from end to end: trying the adapter, playing everything, shrinking."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from klarna_conformance.certify.adapter import Adapter, Ready
from klarna_conformance.certify.checkup import operations_of, try_adapter
from klarna_conformance.certify.driving import Stage
from klarna_conformance.certify.judging import excuses, judge_client, keys_used
from klarna_conformance.certify.network import Tempo
from klarna_conformance.certify.shrinking import Trying, shrunk
from klarna_conformance.drawing import draw
from klarna_conformance.running import recorded_header
from klarna_reports.journal import Journal
from klarna_reports.record import Certified, Footer, Header, Played, TargetFacts
from klarna_specs.client.faults import FAULT_KINDS
from klarna_specs.client.play import ClientScenario
from klarna_specs.client.requirements import CLIENT, CLIENT_OPERATIONS, client_spec
from klarna_specs.goals import Scope
from klarna_specs.scenario import Empty, Json, Scenario, Step
from klarna_specs.spec import Spec
from klarna_strategies.clients import client_scenarios, client_table

__all__ = ["CertifyOptions", "certify", "plain_scenario"]

_SHRINK_S = 20.0
"""For how long smaller counterexamples of one requirement are looked for."""
_MOST_SHRUNK = 8


class CertifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a certification goes through; `time_s` bounds it, `examples` are drawn scenarios."""

    seed: int
    operations: tuple[str, ...] = CLIENT_OPERATIONS
    faults: tuple[str, ...] = FAULT_KINDS
    examples: int = 30
    time_s: float | None = None
    tempo: Tempo = Tempo()
    strict: bool = False
    shrink: bool = True
    command: str = ""
    adapter: str = ""
    only: ClientScenario | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing was left out."""
        whole = set(CLIENT_OPERATIONS), set(FAULT_KINDS)
        return (set(self.operations), set(self.faults)) == whole and self.only is None


async def certify(
    spec: Spec,
    adapter: Adapter,
    options: CertifyOptions,
    journal: Callable[[], Journal],
    tell: Callable[[Played], None],
) -> None:
    """Puts a client through every scenario and writes the journal as it happens.

    The journal is opened once the adapter was found right; raises AdapterError.
    """
    stage = Stage(spec, adapter, seed=options.seed, tempo=options.tempo)
    try:
        ready = await stage.open()
        operations = operations_of(ready, options.operations)
        await try_adapter(spec, stage, adapter, operations)
        with journal() as opened:
            await _Certifying(spec, stage, options, operations, ready, opened, tell).run()
    finally:
        await stage.aclose()


class _Certifying:
    """A certification under way."""

    def __init__(
        self,
        spec: Spec,
        stage: Stage,
        options: CertifyOptions,
        operations: tuple[str, ...],
        ready: Ready,
        journal: Journal,
        tell: Callable[[Played], None],
    ) -> None:
        self._spec = spec
        self._stage = stage
        self._options = options
        self._operations = operations
        self._ready = ready
        self._journal = journal
        self._tell = tell
        self._began_s = time.monotonic()
        self._used: dict[str, str] = {}
        self._found: set[str] = set()
        self._failing: dict[str, Played] = {}
        self._sent = 0

    @property
    def _time_is_up(self) -> bool:
        bound = self._options.time_s
        return bound is not None and time.monotonic() - self._began_s > bound

    async def run(self) -> None:
        scenarios = list(self._scenarios())
        self._journal.write(self._header(len(scenarios)))
        stopped = "interrupted"
        try:
            for number, scenario in enumerate(scenarios, 1):
                if self._time_is_up:
                    break
                self._note(await self._played(scenario, f"s{number:04}"))
            stopped = "the time is up" if self._time_is_up else ""
            self._excuse()
            if self._options.shrink:
                await self._shrink()
        finally:
            wall_s = round(time.monotonic() - self._began_s, 3)
            self._journal.write(Footer(wall_s=wall_s, requests_sent=self._sent, stopped=stopped))

    def _scenarios(self) -> Iterator[ClientScenario]:
        options = self._options
        if options.only is not None:
            yield options.only
            return
        yield from client_table(self._spec, operations=self._operations, faults=options.faults)
        drawn = client_scenarios(self._spec, operations=self._operations, faults=options.faults)
        yield from draw(drawn, count=options.examples, seed=options.seed)

    async def _played(
        self, scenario: ClientScenario, identifier: str, shrunk_from: str = ""
    ) -> Played:
        course = await self._stage.play(scenario)
        self._sent += len(course.exchanges)
        findings = judge_client(self._spec, course.side, course.exchanges, self._used)
        self._used.update(keys_used(self._spec, course.side, course.exchanges))
        return Played(
            id=identifier,
            scenario=plain_scenario(scenario),
            orders=course.orders,
            exchanges=course.exchanges,
            findings=findings,
            shrunk_from=shrunk_from,
            client=course.side,
        )

    def _note(self, played: Played) -> None:
        self._journal.write(played)
        self._tell(played)
        self._found |= {finding.requirement for finding in played.findings}
        for finding in played.findings:
            if finding.verdict == "FAIL":
                known = self._failing.get(finding.requirement)
                if known is None or _size(played) < _size(known):
                    self._failing[finding.requirement] = played

    def _excuse(self) -> None:
        """What the client never did cannot be judged, and is not held against it."""
        bound = {requirement.id for requirement in self._client_spec.requirements}
        excused = [each for each in excuses(self._spec, self._found) if each.requirement in bound]
        if excused and self._found:
            empty = Scenario(plan=None, steps=())
            self._journal.write(Played(id="excused", scenario=empty, findings=tuple(excused)))

    @property
    def _client_spec(self) -> Spec:
        return client_spec(self._spec, operations=self._operations, faults=self._options.faults)

    async def _shrink(self) -> None:
        for number, (requirement, played) in enumerate(
            sorted(self._failing.items())[:_MOST_SHRUNK], 1
        ):
            if self._time_is_up or played.client is None:
                return
            smallest = await shrunk(
                self._spec,
                _scenario_of(played),
                Trying(play=self._try, requirement=requirement, seed=self._options.seed),
                within_s=_SHRINK_S,
            )
            if smallest is not None:
                again = await self._played(smallest, f"c{number:04}", shrunk_from=played.id)
                with suppress(StopIteration):
                    next(f for f in again.findings if f.requirement == requirement)
                    self._journal.write(again)
                    self._tell(again)

    async def _try(self, scenario: ClientScenario) -> set[str]:
        """The requirements that a scenario shows to be violated."""
        played = await self._played(scenario, "")
        return {each.requirement for each in played.findings if each.verdict == "FAIL"}

    def _header(self, planned: int) -> Header:
        options = self._options
        facts = TargetFacts(
            name=self._ready.client, base_url=self._stage.network.base_url, kind="mock"
        )
        header = recorded_header(self._spec, facts, command=options.command, strict=options.strict)
        whole = options.is_everything and set(self._operations) == set(options.operations)
        return msgspec.structs.replace(
            header,
            seed=options.seed,
            planned_scenarios=planned,
            scope=Scope() if whole else Scope(operations=(CLIENT,)),
            certified=Certified(
                client=self._ready.client,
                adapter=options.adapter,
                operations=self._operations,
                faults=tuple(kind for kind in FAULT_KINDS if kind in options.faults),
                unsupported=tuple(
                    name for name in CLIENT_OPERATIONS if name not in self._ready.operations
                ),
            ),
        )


def _size(played: Played) -> tuple[int, int]:
    return len(played.scenario.steps), len(played.exchanges)


def _scenario_of(played: Played) -> ClientScenario:
    assert played.client is not None
    commands = tuple(episode.command for episode in played.client.episodes)
    return ClientScenario(orders=played.client.orders, commands=commands)


def plain_scenario(scenario: ClientScenario) -> Scenario:
    """A scenario for a client as one for a server: the calls, without what they met."""
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
