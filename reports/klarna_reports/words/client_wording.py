"""Client scenarios and their outcomes as sentences."""

from typing import Any

from klarna_reports.record.record import Played
from klarna_reports.words.amounts import major
from klarna_reports.words.wording import plan_text
from klarna_specs.client.faults import Fault, words_of
from klarna_specs.client.play import (
    ClientScenario,
    ClientSide,
    Command,
    Done,
    Ended,
    Episode,
    RefusedIt,
    Reported,
    TimedOut,
    Unknown,
    Unsupported,
)
from klarna_specs.json_value import as_array, is_integer

__all__ = [
    "command_text",
    "episode_text",
    "instruction_text",
    "played_sentence",
    "reported_outcome",
    "scenario_of",
    "scenario_text",
    "sentence",
    "setting_text",
]

_NAMES = {
    "releaseRemainingAuthorization": "one release",
    "getOptionsForExtendDueDate": "one request for the extension options",
}
_LONGEST = 400


def sentence(scenario: ClientScenario, observed: str) -> str:
    """Commands, faults and observation: `one refund of 1, ...: the client ...`."""
    return f"{scenario_text(scenario)}: {observed}"


def scenario_of(side: ClientSide) -> ClientScenario:
    """The scenario that a client went through; without commands if it was only watched."""
    commands = tuple(episode.command for episode in side.episodes)
    return ClientScenario(orders=side.orders, commands=commands)


def played_sentence(played: Played, observed: str) -> str:
    """Commands, faults and observation; empty if no client was driven."""
    if played.client is None or not played.client.episodes:
        return ""
    return sentence(scenario_of(played.client), observed)


def setting_text(played: Played) -> str:
    """The setting of a scenario, in a sentence."""
    if played.client is not None and not played.client.episodes:
        return "Watched traffic; the client got no commands."
    return plan_text(played.scenario.plan)


def episode_text(episode: Episode) -> str:
    """A command, the number of requests sent for it, and the reported outcome."""
    order = f" on order {episode.command.order + 1}" if episode.command.order else ""
    sent = "one request" if episode.count == 1 else f"{episode.count or 'no'} requests"
    outcome = reported_outcome(episode.reported)
    command = command_text(episode.command, episode.before.currency)
    return f"{command}{order}: {sent}; the client {outcome}"


def reported_outcome(reported: Reported) -> str:
    """The outcome that a client reported, as the end of a sentence."""
    match reported:
        case Done(refund_id=refund_id):
            return f"reports done{f', {refund_id}' if refund_id else ''}"
        case RefusedIt(error_code=code):
            return f"reports refused{f', {code}' if code else ''}"
        case Unknown():
            return "reports unknown"
        case TimedOut(after_s=after_s):
            return f"reports nothing within {after_s:g} s"
        case Ended():
            return "crashes"
        case Unsupported():
            return "does not support it"


def scenario_text(scenario: ClientScenario) -> str:
    """The commands of a scenario with their faults."""
    currencies = dict(enumerate(plan.currency for plan in scenario.orders))
    commands = (command_text(each, currencies.get(each.order, "")) for each in scenario.commands)
    text = "; then ".join(commands)
    orders = " (on two orders)" if len({command.order for command in scenario.commands}) > 1 else ""
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...") + orders


def command_text(command: Command, currency: str) -> str:
    """A command with its faults, as `one refund of 0.01 SEK, response lost after booking`."""
    faults = [_met(fault) for fault in command.faults]
    if command.for_ever and faults:
        faults[-1] += " for ever"
    return ", then ".join(
        [", ".join([instruction_text(command, currency), *faults[:1]]), *faults[1:]]
    )


def _met(fault: Fault | None) -> str:
    return words_of(fault) if fault else "nothing"


def instruction_text(command: Command, currency: str) -> str:
    """A command without its faults, such as `one refund of 0.01 SEK`."""
    arguments = command.arguments
    after = "after a restart, " * command.restarted
    if command.captured_amount:
        after += f"after a capture of {major(command.captured_amount, currency)} by somebody else, "
    match command.operation:
        case "refundOrder":
            amount = arguments.get("refunded_amount")
            shown = major(amount, currency) if is_integer(amount) else amount
            return f"{after}one refund of {shown}{_with_lines(arguments)}"
        case "extendDueDate":
            return f"{after}one extension by {arguments.get('number_of_days')} days"
        case other:
            return f"{after}{_NAMES.get(other, other)}"


def _with_lines(arguments: dict[str, Any]) -> str:
    count = len(as_array(arguments.get("order_lines")) or ())
    return f" with {count} order line{'s' * (count > 1)}" if count else ""
