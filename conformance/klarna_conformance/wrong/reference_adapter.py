"""The reference client as a program: `python -m klarna_conformance.wrong.reference_adapter`.

It shows a successful certification. `--client ID` runs one of the wrong or harmless clients of
`mutants --clients` instead.
"""

import sys
from typing import Any

import msgspec

from klarna_conformance.adapter_protocol import Greeting, Instruction, Readiness, Ready
from klarna_conformance.wrong.reference import ReferenceClient

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Speaks the protocol on stdin and stdout until stdin ends."""
    make: type[ReferenceClient] = ReferenceClient
    name = "reference"
    if len(arguments) == 2 and arguments[0] == "--client":
        from klarna_conformance.wrong.clients.catalogue import client_mutants

        name = arguments[1]
        known = {mutant.id: mutant.client for mutant in client_mutants()}
        if name not in known:
            sys.exit(f"there is no client {name!r}; `mutants --clients` has them")
        make = known[name]
    hello = msgspec.json.decode(sys.stdin.readline(), type=Greeting).hello
    client = make(hello)
    _say(Readiness(ready=Ready(client=name, operations=client.operations)))
    for line in sys.stdin:
        instruction = msgspec.json.decode(line, type=Instruction)
        outcome = client.do(instruction.operation, instruction.order_id, instruction.arguments)
        members: dict[str, Any] = msgspec.to_builtins(outcome)
        _say({"id": instruction.id, **members})
    client.close()


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
