"""Scenarios and exchanges as the report shows them: text only, shortened, without secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from markupsafe import escape

from klarna_reports.record.record import Played, Verdict
from klarna_reports.words.client_wording import episode_text, setting_text
from klarna_reports.words.wording import action_text, cut, outcome_text, plan_text, purpose_text
from klarna_specs.exchange import Exchange, Failure, Headers, NotJson, Payload
from klarna_specs.json_value import as_array, as_object

__all__ = [
    "ShownExchange",
    "ShownScenario",
    "length_on_page",
    "response_line",
    "shown_exchange",
    "shown_headers",
    "shown_scenario",
    "visible",
]

_LONGEST_BODY = 2500
_MOST_INDENTED = 1_000_000
"""A body whose length times its nesting exceeds this is not indented, only to be cut."""
_LONGEST_HEADER = 300
_MOST_HEADERS = 30
_LONGEST_STEP = 1200
_MOST_STEPS = 30
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_INVISIBLE = (
    *(range(0x09), range(0x0B, 0x20), range(0x7F, 0xA0), (0xAD, 0x61C, 0x180E, 0xFEFF)),
    *(range(0x200B, 0x2010), range(0x2028, 0x202F), range(0x2060, 0x2070)),
    *(range(0xD800, 0xE000), range(0xFFF9, 0xFFFC), range(0xE0000, 0xE0080)),
)
_ESCAPED = {code: f"\\u{code:04x}" for codes in _INVISIBLE for code in codes}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExchange:
    """One exchange in the report; `title` is its line when collapsed, `anchor` its id for links.

    `verdict` is the worst one of what was judged there; empty if nothing was. `when` is from
    request to response, in milliseconds since the scenario began; empty if that means nothing.
    """

    anchor: str
    title: str
    verdict: Verdict | Literal[""]
    outcome: str
    when: str
    purpose: str
    request_line: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    response_line: str
    response_headers: tuple[tuple[str, str], ...]
    response_body: str

    @property
    def length(self) -> int:
        """Its approximate size in the page, in characters."""
        headers = (*self.request_headers, *self.response_headers)
        lines = (self.title, self.request_line, self.response_line)
        parts = (part for header in headers for part in header)
        return 900 + length_on_page(*lines, self.request_body, self.response_body, *parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScenario:
    """One scenario in the report, with the exchanges that fit."""

    anchor: str
    id: str
    plan: str
    other: str
    steps: tuple[str, ...]
    exchanges: Mapping[int, ShownExchange]
    left_out: int

    @property
    def length(self) -> int:
        """Its approximate size in the page without its exchanges, in characters."""
        return 500 + length_on_page(*self.steps)


def visible(text: str) -> str:
    """The text with characters that hide, reorder or break others escaped."""
    return text if text.isprintable() else text.translate(_ESCAPED)


def length_on_page(*texts: str) -> int:
    """The size of these texts as HTML, each in its own element, in characters."""
    return sum(30 + len(escape(visible(text))) for text in texts)


def shown_scenario(
    played: Played, anchor: str, exchanges: Mapping[int, ShownExchange]
) -> ShownScenario:
    """The scenario as the report shows it, under this anchor."""
    scenario = played.scenario
    return ShownScenario(
        anchor=anchor,
        id=played.id,
        plan=setting_text(played),
        other=plan_text(scenario.other) if scenario.other else "",
        steps=_steps(_step_texts(played)),
        exchanges=dict(sorted(exchanges.items())),
        left_out=len(played.exchanges) - len(exchanges),
    )


def _step_texts(played: Played) -> list[str]:
    if played.client is not None:
        return [episode_text(episode) for episode in played.client.episodes]
    return [action_text(action) for action in played.scenario.steps]


def _steps(texts: Sequence[str]) -> tuple[str, ...]:
    steps = [cut(text, _LONGEST_STEP) for text in texts[:_MOST_STEPS]]
    more = len(texts) - len(steps)
    return (*steps, f"{more} more steps") if more else tuple(steps)


def shown_exchange(
    exchange: Exchange,
    index: int,
    anchor: str,
    *,
    said: str = "",
    verdict: Verdict | Literal[""] = "",
    began_s: float | None = None,
) -> ShownExchange:
    """The exchange as the report shows it; `index` is its position in the scenario, from 0.

    `said` is its request in words, in place of method and path, and `began_s` when the scenario
    began, if its times are shown.
    """
    request, outcome = exchange.request, exchange.outcome
    failed = isinstance(outcome, Failure)
    method = cut(request.method, 40)
    return ShownExchange(
        anchor=anchor,
        title=f"{index + 1}. {said or f'{method} {cut(request.path, 200)}'}",
        verdict=verdict,
        outcome=outcome_text(exchange),
        when="" if began_s is None else _span(exchange, began_s),
        purpose=purpose_text(exchange),
        request_line=f"{method} {cut(request.path, 1000)}",
        request_headers=shown_headers(request.headers, request.credentials),
        request_body=_body(request.body),
        response_line=response_line(exchange),
        response_headers=() if failed else shown_headers(outcome.headers),
        response_body="" if failed else _body(outcome.body, truncated=outcome.truncated),
    )


def _span(exchange: Exchange, began_s: float) -> str:
    sent_ms = 1000 * (exchange.started_s - began_s)
    return f"{sent_ms:.0f} to {sent_ms + 1000 * exchange.outcome.elapsed_s:.0f} ms"


def response_line(exchange: Exchange) -> str:
    """The response in one line: its status, or why there is none."""
    outcome = exchange.outcome
    if isinstance(outcome, Failure):
        return f"No response: {outcome.kind}. {cut(outcome.message, 500)}"
    return f"HTTP {outcome.status} after {outcome.elapsed_s * 1000:.0f} ms"


def shown_headers(headers: Headers, credentials: str = "") -> tuple[tuple[str, str], ...]:
    """The headers, shortened and without secret values."""
    shown = [
        (cut(name, _LONGEST_HEADER), _header_value(name, value))
        for name, value in headers[:_MOST_HEADERS]
        if name.lower() != "authorization" or not credentials
    ]
    if credentials:
        shown.insert(0, ("Credentials", credentials.replace("_", " ")))
    if len(headers) > _MOST_HEADERS:
        shown.append(("…", f"{len(headers) - _MOST_HEADERS} more headers"))
    return tuple(shown)


def _header_value(name: str, value: str) -> str:
    return "(not shown)" if name.lower() in _SECRET else cut(value, _LONGEST_HEADER)


def _body(payload: Payload, *, truncated: bool = False) -> str:
    text = cut(_pretty(payload), _LONGEST_BODY)
    notes = [
        note
        for note, holds in (
            ("the body was longer than the limit", truncated),
            ("not UTF-8: one character stands for one byte", payload.encoding != "utf-8"),
        )
        if holds
    ]
    return "\n".join((text, *(f"({note})" for note in notes)))


def _pretty(payload: Payload) -> str:
    if len(payload.text) > 20 * _LONGEST_BODY:
        return payload.text
    try:
        deep = _is_deep(payload.json(), _MOST_INDENTED // (1 + len(payload.text)))
        return payload.text if deep else msgspec.json.format(payload.text, indent=2)
    except (NotJson, msgspec.MsgspecError, ValueError, RecursionError):
        return payload.text


def _is_deep(value: Any, levels: int) -> bool:
    parts = as_array(value) or (as_object(value) or {}).values()
    return any(not levels or _is_deep(part, levels - 1) for part in parts)
