"""Checks of the details of a refusal that a client reports, against those in the response."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http.client import responses as reasons
from typing import NamedTuple

from klarna_conformance.judge.client.attempts import member
from klarna_conformance.judge.client.view import Check, View
from klarna_conformance.judge.results import ExchangeResult, verified
from klarna_specs.calls import KEY_HEADER
from klarna_specs.client.play import RefusedIt
from klarna_specs.exchange import Failure, Response
from klarna_specs.json_value import as_array

__all__ = ["REFUSAL_DETAILS"]

_OF_NOTHING = ("no", "none", "null", "unknown", "undefined", "error", "code")
_OF_STATUSES = ("klarna", "http", "status", "client", "error", "err", "e", "code")
_CORRELATION_HEADER = "klarna-correlation-id"


class _Given(NamedTuple):
    """The responses that a refusal can be about, those of other attempts, and earlier ones."""

    here: list[Response]
    beside: list[Response]
    earlier: list[Response]


def _refusal_details_true(view: View) -> Iterator[ExchangeResult]:
    """Details of another attempt or another call are never right, nor is an id that none had.

    What the client says in its own words, beside the server's or in their place, claims nothing
    about the server.
    """
    reported = view.reported
    if not isinstance(reported, RefusedIt) or not view.attempts:
        return
    given = _given(view)
    checks = _codes, _ids, _messages
    wrong = next((text for check in checks for text in check(reported, given, view)), "")
    expected = "the code, the messages and the correlation id of this refusal, or none"
    yield verified(view.at, expected, f"the client reports {wrong}", holds=not wrong)


def _given(view: View) -> _Given:
    """Where an attempt was refused, refusals are what counts; else whatever came."""
    sent = [each for each in (*view.attempts, *view.others) if each.response]
    refused = any(each.fate == "refusal" and not each.is_challenged for each in view.attempts)
    here = [e.response for e in sent if e.response and (e.fate == "refusal" or not refused)]
    rest = [e.response for e in sent if e.response and refused and e.fate != "refusal"]
    return _Given(here, rest, list(view.earlier))


def _given_messages(response: Response) -> list[str]:
    """The messages of an error, in either spelling."""
    listed = as_array(member(response, "error_messages")) or []
    return [str(each) for each in (*listed, member(response, "error_message")) if each]


def _given_ids(response: Response) -> set[str]:
    """The correlation ids of an error, in its body and its header."""
    given = member(response, "correlation_id"), response.header(_CORRELATION_HEADER)
    return {each for each in given if isinstance(each, str)}


def _given_in_part(view: View) -> set[str]:
    """The correlation ids in the heads of responses that broke off."""
    outcomes = [each.exchange.outcome for each in (*view.attempts, *view.others)]
    heads = [each.headers for each in outcomes if isinstance(each, Failure)]
    return {value for head in heads for name, value in head if name.lower() == _CORRELATION_HEADER}


def _given_codes(responses: Iterable[Response]) -> set[str]:
    codes = (member(each, "error_code") for each in responses)
    return {code for code in codes if isinstance(code, str) and code}


def _codes(reported: RefusedIt, given: _Given, _view: View) -> Iterator[str]:
    """A code that only repeats the status, or says that there is none, is not false."""
    code, codes = reported.error_code, _given_codes(given.here)
    if not code or not given.here or _is_about(code, codes):
        return
    if not _repeats_status(code, given.here) and (codes or not _says_nothing(code)):
        yield f"the error code {code!r}; the server gave {_listed(codes)}"


def _repeats_status(code: str, responses: Iterable[Response]) -> bool:
    """Whether a code only has the status of a response in digits or words: HTTP_404, NOT_FOUND."""
    phrases = (f"{each.status} {reasons.get(each.status, '')}" for each in responses)
    return any(_consists_of(code, (*_OF_STATUSES, *phrase.split())) for phrase in phrases)


def _says_nothing(code: str) -> bool:
    """Whether a code only says that there is none: NO_CODE, UNKNOWN_ERROR."""
    return _consists_of(code, _OF_NOTHING)


def _consists_of(code: str, words: Iterable[str]) -> bool:
    """Whether nothing is left of a code without these words."""
    known = sorted(map(_plain, words), key=len, reverse=True)
    return re.fullmatch(f"({'|'.join(known)})*", _plain(code)) is not None


def _ids(reported: RefusedIt, given: _Given, view: View) -> Iterator[str]:
    ids = {id_ for each in given.here for id_ in _given_ids(each)} | _given_in_part(view)
    sent = [header for each in view.attempts for header in each.exchange.request.headers]
    own = [value for name, value in sent if name.lower() != KEY_HEADER.lower()]
    if reported.correlation_id and not _is_about(reported.correlation_id, [*ids, *own]):
        yield f"the correlation id {reported.correlation_id!r}; the server gave {_listed(ids)}"


def _messages(reported: RefusedIt, given: _Given, _view: View) -> Iterator[str]:
    """Messages of an earlier call are false, those of another attempt where none of its own come.

    Texts that no response had are the client's own.
    """
    words = [text for each in given.here for text in _given_messages(each)]
    complete = any(_is_about(text, words) for text in reported.error_messages)
    others = given.earlier if complete else (*given.beside, *given.earlier)
    stale = [text for each in others for text in _given_messages(each)]
    for text in reported.error_messages:
        if not _is_about(text, words) and any(_has(text, old) for old in stale):
            yield f"the message {text!r} of another response; the server gave {_listed(words)}"


def _is_about(text: str, known: Iterable[str]) -> bool:
    return any(_has(text, each) or _has(each, text) for each in known)


def _has(text: str, part: str) -> bool:
    """Whether a text contains another, whatever stands between the words of it."""
    return bool(_plain(part)) and _plain(part) in _plain(text)


def _plain(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _listed(given: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(given))) or "none"


def _refusal(view: View) -> tuple[Response, RefusedIt] | None:
    """The refusal that the reported outcome is about, where it is certain."""
    last = view.last
    if last is None or last.fate != "refusal" or not isinstance(view.reported, RefusedIt):
        return None
    return (last.response, view.reported) if last.response else None


def _error_code(view: View) -> Iterator[ExchangeResult]:
    if refusal := _refusal(view):
        response, reported = refusal
        code = member(response, "error_code")
        observed = f"the client reported {_or_none(reported.error_code)}"
        if isinstance(code, str):
            yield verified(view.at, f"the code {code}", observed, holds=reported.error_code == code)
        elif reported.error_code and _repeats_status(reported.error_code, [response]):
            expected = "no code, as the response has none"
            yield verified(view.at, expected, observed, holds=False)


def _correlation_id(view: View) -> Iterator[ExchangeResult]:
    if refusal := _refusal(view):
        response, reported = refusal
        if known := _given_ids(response):
            observed = f"the client reported {_or_none(reported.correlation_id)}"
            holds = reported.correlation_id in known
            yield verified(view.at, "the server's correlation id", observed, holds=holds)


def _server_messages(view: View) -> Iterator[ExchangeResult]:
    if refusal := _refusal(view):
        response, reported = refusal
        if given := _given_messages(response):
            text = "\n".join(reported.error_messages)
            holds = all(message in text for message in given)
            observed = f"the client reported {_or_none(text)}"
            yield verified(view.at, "the server's messages", observed, holds=holds)


def _or_none(reported: str | None) -> str:
    return repr(reported) if reported else "none"


REFUSAL_DETAILS: Mapping[str, Check] = {
    "refusal_details_true": _refusal_details_true,
    "error_code_reported": _error_code,
    "correlation_id_reported": _correlation_id,
    "messages_reported": _server_messages,
}
