"""A counterexample as a shell script: it makes the order, sends the steps with curl, and reads.

Ids come from the responses, and idempotency keys are new in each run, so that the script can be run
again. Credentials come from the environment.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, assert_never

import msgspec

from klarna_conformance.http.hosts import host_of, is_loopback
from klarna_conformance.judge.server.interpretations import path_followed
from klarna_conformance.play.counterexample_file import Counterexample
from klarna_conformance.play.request_builder import MALFORMED_ID, NOWHERE_ID
from klarna_conformance.play.shell_prelude import BEGIN, MOCK, PRELUDE
from klarna_reports.record.record import TargetFacts
from klarna_reports.words.amounts import major
from klarna_reports.words.curl import authorization_words
from klarna_reports.words.printable import inert
from klarna_specs.calls import KEY_HEADER
from klarna_specs.json_value import as_array, as_object
from klarna_specs.plan import OrderPlan
from klarna_specs.profiles import DEFAULT_PROFILE
from klarna_specs.scenario import (
    OFFERED,
    Empty,
    Json,
    Key,
    OrderRef,
    Raw,
    ResourceRef,
    Step,
    Together,
    Wait,
    steps_of,
)
from klarna_specs.spec import Spec
from klarna_strategies.steps import cancel, capture, get_options, get_order, release

__all__ = ["curl_script", "save_script"]

_DAYS = re.compile(r'"\$day (\d+) (-?\d+)"')
"""Where the number of an extension option stands in a body."""


def save_script(
    path: Path,
    spec: Spec,
    facts: TargetFacts,
    saved: Counterexample,
    *,
    specs: Sequence[str] = (),
) -> None:
    """Writes the script of a counterexample, executable; raises OSError.

    `specs` is the option of the run that named specs of its own.
    """
    text = curl_script(spec, facts, saved, specs=specs)
    path.write_text(text, encoding="utf-8", errors="replace")
    path.chmod(0o755)


def curl_script(
    spec: Spec, facts: TargetFacts, saved: Counterexample, *, specs: Sequence[str] = ()
) -> str:
    """The script of a counterexample, for the target that it failed on or one like it."""
    return "\n".join(_Script(spec, facts, saved, specs).lines()) + "\n"


class _Script:
    def __init__(
        self, spec: Spec, facts: TargetFacts, saved: Counterexample, specs: Sequence[str]
    ) -> None:
        self._spec = spec
        self._specs = specs
        self._facts = facts
        self._saved = saved
        plans: tuple[tuple[OrderRef, OrderPlan | None], ...] = (
            ("this", saved.scenario.plan),
            ("other", saved.scenario.other),
        )
        self._orders: Sequence[tuple[OrderRef, OrderPlan]] = [
            (name, plan) for name, plan in plans if plan is not None
        ]
        keys = [step.key for step in steps_of(saved.scenario) if step.key is not None]
        self._keys = {key: f"KEY_{n}" for n, key in enumerate(dict.fromkeys(map(_same, keys)), 1)}

    def lines(self) -> Iterator[str]:
        """The whole script."""
        yield "#!/bin/sh"
        yield from self._about()
        # Texts are literal, and functions and variables may be unused.
        yield "# shellcheck disable=SC2016,SC2034,SC2317,SC2329"
        yield "set -eu"
        yield BEGIN
        yield from self._environment()
        yield PRELUDE.replace("NOWHERE_ID", NOWHERE_ID)
        for name in ("CAPTURES", "REFUNDS", "OTHER_CAPTURES", "OTHER_REFUNDS", "DAYS"):
            yield f"{name}="
        yield "RUN=$(uuid 4)"
        yield from (f"{name}={_key_value(key)}" for key, name in self._keys.items())
        for name, plan in self._orders:
            yield from self._order(name, plan)
        for number, action in enumerate(self._saved.scenario.steps, 1):
            yield from self._action(number, action)
        for name, _ in self._orders:
            yield from self._call(f"end-{name}-order", get_order(order=name))

    def _about(self) -> Iterator[str]:
        saved = self._saved
        yield _comment(f"{saved.requirement}: {saved.statement}")
        yield _comment(f"Expected: {saved.expected}")
        yield _comment(f"Observed: {saved.observed}")
        names = "BASE_URL, KLARNA_USERNAME and KLARNA_PASSWORD in the environment name the server"
        otherwise = "; without BASE_URL the mock is started" if self._facts.is_mock else ""
        yield _comment(f"{names}{otherwise}.")

    def _environment(self) -> Iterator[str]:
        if self._facts.is_mock:
            mutant = ["--mutant", self._saved.mutant] if self._saved.mutant else []
            profile = self._saved.profile
            chosen = [] if profile == DEFAULT_PROFILE else ["--profile", profile]
            command = shlex.join(["klarna-conformance", "mock", *mutant, *chosen, *self._specs])
            yield MOCK.replace("COMMAND", command)
        for name in ("BASE_URL", "KLARNA_USERNAME", "KLARNA_PASSWORD"):
            yield f': "${{{name}:?set it in the environment}}"'
        yield "BASE_URL=${BASE_URL%/}"

    def _order(self, name: OrderRef, plan: OrderPlan) -> Iterator[str]:
        """Makes an order, or asks for its ids where only the user can make it."""
        url = self._facts.orders_url
        if not url:
            yield from _given(name, plan)
            return
        base = self._facts.base_url.rstrip("/")
        own = url.startswith(f"{base}/")
        address = f'"$BASE_URL"{shlex.quote(url.removeprefix(base))}' if own else shlex.quote(url)
        made = f"make-{name}-order"
        written = shlex.quote(msgspec.json.encode(plan).decode())
        yield _comment(f"An order of {_described(plan)}.")
        yield f"call {made} --request POST --header 'Content-Type: application/json' \\"
        yield f"    --data-binary {written} {address}"
        yield f"{_id(name)}=$(order_id {made})"
        yield f"{_list(name, 'capture')}=$(capture_ids {made})"
        if not self._facts.is_mock:
            yield from self._completed(name, plan, made)

    def _completed(self, name: OrderRef, plan: OrderPlan, made: str) -> Iterator[str]:
        """What a service that makes orders may leave to the documented operations."""
        for number, amount in enumerate(plan.captures, 1):
            yield f'if [ "$(count "${_list(name, "capture")}")" -lt {number} ]; then'
            step = capture(amount, order=name)
            yield from (f"    {line}" for line in self._call(f"{made}-capture-{number}", step))
            yield "fi"
        if plan.authorization == "open":
            return
        released = plan.authorization == "released" or plan.captures
        rest = release(order=name) if released else cancel(order=name)
        yield f'if ! grep -q \'"{plan.authorization}"\' "$work/{made}.body"; then'
        yield from (f"    {line}" for line in self._call(f"{made}-rest", rest))
        yield "fi"

    def _action(self, number: int, action: Step | Wait | Together) -> Iterator[str]:
        match action:
            case Step():
                yield from self._options(f"{number}", action)
                yield from self._call(f"{number}-{action.operation}", action)
            case Wait(seconds=seconds):
                yield from self._wait(number, seconds)
            case Together(steps=steps):
                names = [f"{number}-{chr(ord('a') + n)}" for n in range(len(steps))]
                yield from (line for step in steps[:1] for line in self._options(f"{number}", step))
                for name, step in zip(names, steps, strict=True):
                    yield f"{self._sent(f'{name}-{step.operation}', step)} &"
                    yield f"sent_{name[-1]}=$!"
                # Without their ids it would wait for the mock too, which does not end.
                yield "wait " + " ".join(f'"$sent_{name[-1]}"' for name in names)
                for name, step in zip(names, steps, strict=True):
                    yield from self._learnt(f"{name}-{step.operation}", step)
            case _:
                assert_never(action)

    def _wait(self, number: int, seconds: int) -> Iterator[str]:
        if not (self._facts.is_mock or is_loopback(host_of(self._facts.base_url))):
            yield f"echo 'Continue after {seconds} seconds: press Enter.'"
            yield "read -r _"
            return
        yield f"call {number}-clock --request POST --header 'Content-Type: application/json' \\"
        yield f'    --data-binary \'{{"advance_s": {seconds}}}\' "$BASE_URL/_control/clock"'

    def _options(self, name: str, step: Step) -> Iterator[str]:
        """Reads the options that a body refers to."""
        text = step.body.text if isinstance(step.body, Raw) else _json_text(step.body)
        if (OFFERED in text or _DAYS.search(text)) and isinstance(step.capture, int):
            yield from self._call(f"{name}-options", get_options(step.capture, order=step.order))
            yield f"DAYS=$(offered {name}-options)"

    def _call(self, name: str, step: Step) -> Iterator[str]:
        yield self._sent(name, step)
        yield from self._learnt(name, step)

    def _sent(self, name: str, step: Step) -> str:
        operation = self._spec.operations[step.operation]
        words = [
            f"call {name} --request {operation.method}",
            *authorization_words(step.credentials),
        ]
        if step.key is not None:
            header = KEY_HEADER.lower() if step.key.form == "lower" else KEY_HEADER
            words.append(f'--header "{header}: ${self._keys[_same(step.key)]}"')
        words += _body_words(step)
        words.append(f'"$BASE_URL{self._path(step)}"')
        return " ".join(words)

    def _learnt(self, name: str, step: Step) -> Iterator[str]:
        """Keeps the id of what a step created."""
        operation = self._spec.operations[step.operation]
        success = operation.responses[operation.success]
        if not success.creates or step.order in ("unknown", "malformed"):
            return
        headers = " ".join(map(_any_case, success.id_header))
        known = _list(step.order, success.creates)
        yield f'{known}=$(with "${known}" "$(made {name} {headers})")'

    def _path(self, step: Step) -> str:
        operation = self._spec.operations[step.operation]
        template = operation.paths[
            step.path_interpretation or path_followed(self._facts, operation)
        ]
        if step.order == "malformed":
            order_id = MALFORMED_ID
        elif step.order != "unknown":
            order_id = f"${_id(step.order)}"
        else:
            order_id = f'$(unknown "${{{_id("this")}:-}}")'
        return template.format(
            order_id=order_id,
            capture_id=_resource(step, step.capture, "capture"),
            refund_id=_resource(step, step.refund, "refund"),
        )


def _given(name: OrderRef, plan: OrderPlan) -> Iterator[str]:
    """The variables for an order that only the user can make."""
    described = f"the id of an order of {_described(plan)}"
    yield _comment(f"{_id(name)} is {described}.")
    yield f': "${{{_id(name)}:?{described}}}"'
    if plan.captures:
        given = "OTHER_CAPTURE_IDS" if name == "other" else "CAPTURE_IDS"
        yield f': "${{{given}:?the ids of its captures, oldest first, with spaces between them}}"'
        yield f"{_list(name, 'capture')}=${given}"


def _described(plan: OrderPlan) -> str:
    captures = " and ".join(major(amount, plan.currency) for amount in plan.captures)
    rest = "" if plan.captured_amount == plan.order_amount else f", the rest {plan.authorization}"
    return (
        f"{major(plan.order_amount, plan.currency)} in {plan.market} ({plan.payment_method}), "
        f"{f'captured {captures}' if captures else 'nothing captured'}{rest}"
    )


def _id(order: OrderRef) -> str:
    return "OTHER_ORDER_ID" if order == "other" else "ORDER_ID"


def _list(order: OrderRef, kind: str) -> str:
    return f"{'OTHER_' if order == 'other' else ''}{kind.upper()}S"


def _resource(step: Step, reference: ResourceRef | None, kind: str) -> str:
    """The id of a capture or refund, as part of a text in double quotes."""
    owner: OrderRef = "other" if step.order == "other" else "this"
    match reference:
        case int():
            return f'$(nth {reference + 1} "${_list(owner, kind)}")'
        case "other":
            owner = "this" if owner == "other" else "other"
            return f'$(nth 1 "${_list(owner, kind)}")'
        case _:
            return f'$(unknown "${_list(owner, kind)}")'


def _same(key: Key) -> Key:
    """A key in the form that decides its value: the case of the header's name does not."""
    return Key(key.name) if key.form == "lower" else key


def _key_value(key: Key) -> str:
    match key.form:
        case "uuid4" | "lower":
            return "$(uuid 4)"
        case "uuid5":
            return "$(uuid 5)"
        case "text":
            return f'"${{RUN%%-*}}"{shlex.quote(f"-{key.name}")}'
        case "number":
            before, mark, after = key.name.partition("#")
            digits = '1"$(od -An -N4 -tu4 /dev/urandom | awk \'{ printf "%012d", $1 }\')"'
            return shlex.quote(before) + (digits if mark else "") + shlex.quote(after)


def _json_text(body: Any) -> str:
    return json.dumps(_marked(body.value), ensure_ascii=False) if isinstance(body, Json) else ""


def _marked(value: Any) -> Any:
    """A body with a mark in place of each number of days that the server offers."""
    members, parts = as_object(value), as_array(value)
    if parts is not None:
        return [_marked(part) for part in parts]
    if members is None:
        return value
    if OFFERED in members:
        return f"$day {members[OFFERED]} {members.get('plus', 0)}"
    return {name: _marked(member) for name, member in members.items()}


def _body_words(step: Step) -> Iterator[str]:
    match step.body:
        case Empty():
            return
        case Json():
            content_type, text = "application/json", _json_text(step.body)
        case Raw(text=text, content_type=content_type):
            text = text.replace(OFFERED, '"$day 0 0"')
    header = f"Content-Type: {content_type}" if content_type else "Content-Type:"
    yield f"--header {shlex.quote(header)}"
    if step.chunked:
        yield "--header 'Transfer-Encoding: chunked'"
    yield f"--data-binary {_text_word(text)}"


def _text_word(text: str) -> str:
    """A text as a word of a shell, with the offered numbers of days in it."""
    parts = _DAYS.split(text)
    words = [_quoted(parts[0])]
    for n, plus, following in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        words += [f'"$(day {n} {plus} "$DAYS")"', _quoted(following)]
    return "".join(words)


def _quoted(text: str) -> str:
    if all(c.isprintable() or c in "\n\t" for c in text):
        return shlex.quote(text)
    escaped = (c if c.isprintable() and c not in "\\'%" else _octal(c) for c in text)
    return f"\"$(printf '{''.join(escaped)}')\""


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode(errors="replace"))


def _any_case(header: str) -> str:
    """A pattern of sed for the name of a header in any case."""
    letters = (f"[{c.upper()}{c.lower()}]" if c.isalpha() else c for c in header)
    return shlex.quote("".join(letters))


def _comment(text: str) -> str:
    return f"# {inert(' '.join(text.split()) if not text.startswith(' ') else text)}"
