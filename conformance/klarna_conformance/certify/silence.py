"""A client that times out: which scenarios are still worth running."""

from collections.abc import Iterable

from klarna_specs.client.faults import kind_of
from klarna_specs.client.play import ClientScenario, Command, Episode, TimedOut

__all__ = ["Silence"]

_Situation = tuple[str, frozenset[str], bool]


class Silence:
    """Remembers which commands timed out.

    Commands with the same kinds of faults are left out; once `most_s` seconds were spent on
    timeouts, so are all commands of their operations.
    """

    def __init__(self, *, most_s: float) -> None:
        self._most_s = most_s
        self._situations: set[_Situation] = set()
        self._operations: set[str] = set()
        self.spent_s = 0.0

    def note(self, episodes: Iterable[Episode]) -> None:
        """Takes the outcomes of a scenario into account."""
        for episode in episodes:
            if isinstance(episode.reported, TimedOut):
                self.spent_s += episode.wall_s
                self._operations.add(episode.command.operation)
                if episode.command.disturbances:
                    self._situations.add(_situation(episode.command))

    def expects(self, scenario: ClientScenario) -> bool:
        """Whether a scenario would probably time out again."""
        worn_out = self._operations if self.spent_s >= self._most_s else set[str]()
        return any(
            command.operation in worn_out or _situation(command) in self._situations
            for command in scenario.commands
        )


def _situation(command: Command) -> _Situation:
    kinds = frozenset(map(kind_of, command.disturbances))
    return command.operation, kinds, command.for_ever
