"""Faults for clients without commands: a queue that acts on the next calls."""

from collections import deque
from collections.abc import Iterable

import msgspec

from klarna_conformance.network.network import Disturbing
from klarna_specs.calls import read_call
from klarna_specs.client.faults import FAULTS, Fault, InjectedFaults, Refused
from klarna_specs.exchange import Request
from klarna_specs.spec import Spec

__all__ = ["FaultQueue", "WaitingFault", "named_fault"]


class WaitingFault(msgspec.Struct, frozen=True):
    """A fault that waits for a call, of one operation or any; `stays` after it acted."""

    fault: Fault
    operation: str | None = None
    stays: bool = False

    def concerns(self, operation: str) -> bool:
        """Whether it acts on calls of this operation."""
        return self.operation in (None, operation)


def named_fault(name: str) -> Fault:
    """The simplest fault of a kind; raises ValueError for an unknown name."""
    if name not in FAULTS:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
    return FAULTS[name][0]


def _fault(fault: str | Fault) -> Fault:
    return named_fault(fault) if isinstance(fault, str) else fault


class FaultQueue(Disturbing):
    """Faults in the order in which they were added; each acts on one documented call.

    A refusal of connections concerns every request, whatever its operation.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._waiting: deque[WaitingFault] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self,
        fault: str | Fault,
        *,
        operation: str | None = None,
        times: int = 1,
        for_ever: bool = False,
    ) -> None:
        """Adds a fault for the next calls; raises ValueError for an unknown name."""
        found = _fault(fault)
        if operation is not None and operation not in self._spec.operations:
            known = ", ".join(self._spec.operations)
            raise ValueError(f"there is no operation {operation!r}; there are {known}")
        self._waiting.extend([WaitingFault(found, operation)] * (times - for_ever))
        if for_ever:
            self._waiting.append(WaitingFault(found, operation, stays=True))

    def add_all(self, faults: InjectedFaults) -> None:
        """Adds all or none; raises ValueError for an unknown name, or if they could never end."""
        if faults.for_ever and faults.faults and isinstance(_fault(faults.faults[-1]), Refused):
            raise ValueError("refusing connections for ever could not be ended")
        checked = FaultQueue(self._spec)
        for number, fault in enumerate(faults.faults, 1):
            last = number == len(faults.faults)
            checked.add(fault, operation=faults.operation, for_ever=faults.for_ever and last)
        self._waiting.extend(checked._waiting)

    def clear(self) -> None:
        """Removes the faults that still wait."""
        self._waiting.clear()

    def meet(self, request: Request) -> Fault | None:
        """The first fault that waits for such a call."""
        call = read_call(self._spec, request)
        if call is None:
            return None
        for waiting in self._reachable():
            if waiting.concerns(call.operation.operation):
                if not waiting.stays:
                    self._waiting.remove(waiting)
                return waiting.fault
        return None

    def next_refused(self) -> Refused | None:
        """The refusal of connections, if it is next."""
        first = self._waiting[0].fault if self._waiting else None
        return first if isinstance(first, Refused) else None

    def was_refused(self) -> None:
        """Removes the refusal, unless it stays."""
        if self._waiting and not self._waiting[0].stays:
            self._waiting.popleft()

    def _reachable(self) -> Iterable[WaitingFault]:
        """The faults that can act on a call: a refused connection has no call."""
        return [each for each in self._waiting if not isinstance(each.fault, Refused)]
