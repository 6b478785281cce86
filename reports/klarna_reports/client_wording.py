"""What a scenario and what became of it are called in a sentence."""

from typing import Any

from klarna_specs.client.faults import Fault, words_of
from klarna_specs.client.play import ClientScenario, Command
from klarna_specs.json_value import as_array

__all__ = ["command_text", "scenario_text", "sentence"]

_NAMES = {
    "releaseRemainingAuthorization": "one release",
    "getOptionsForExtendDueDate": "one look at the options",
}
_LONGEST = 400


def sentence(scenario: ClientScenario, observed: str) -> str:
    """What was told and disturbed, and what was seen: `one refund of 1, ...: the client ...`."""
    return f"{scenario_text(scenario)}: {observed}"


def scenario_text(scenario: ClientScenario) -> str:
    """The commands of a scenario, each with what it met."""
    text = "; then ".join(command_text(command) for command in scenario.commands)
    orders = " (on two orders)" if len({command.order for command in scenario.commands}) > 1 else ""
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...") + orders


def command_text(command: Command) -> str:
    """A command in words, such as `one refund of 1, response lost after booking`."""
    faults = [_met(fault) for fault in command.faults]
    if command.for_ever and faults:
        faults[-1] += " for ever"
    return ", then ".join([", ".join([_told(command), *faults[:1]]), *faults[1:]])


def _met(fault: Fault | None) -> str:
    return words_of(fault) if fault else "nothing"


def _told(command: Command) -> str:
    arguments = command.arguments
    match command.operation:
        case "refundOrder":
            return f"one refund of {arguments.get('refunded_amount')}{_with_lines(arguments)}"
        case "extendDueDate":
            return f"one extension by {arguments.get('number_of_days')} days"
        case other:
            return _NAMES.get(other, other)


def _with_lines(arguments: dict[str, Any]) -> str:
    count = len(as_array(arguments.get("order_lines")) or ())
    return f" with {count} order line{'s' * (count > 1)}" if count else ""
