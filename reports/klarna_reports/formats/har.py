"""HAR 1.2: all exchanges of a record, for tools that read recorded traffic."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from klarna_reports.record.record import Record
from klarna_specs.exchange import Exchange, Payload, Response

__all__ = ["har"]


def har(record: Record) -> str:
    """The record's exchanges as HAR text, scenario after scenario.

    Every scenario starts at the start of the run, because its own start is not recorded; times are
    those of the target's clock. An entry without a response has status 0, as browsers write it, and
    its comment gives the reason. It contains no credentials, because none are recorded.
    """
    version = record.header.versions.get("klarna-conformance", "")
    entries = list(_entries(record))
    creator = {"name": "klarna-conformance", "version": version}
    return json.dumps({"log": {"version": "1.2", "creator": creator, "entries": entries}}) + "\n"


def _entries(record: Record) -> Iterator[dict[str, Any]]:
    base_url = record.header.target.base_url.rstrip("/")
    began = _began(record.header.started_at)
    for played in record.played:
        for index, exchange in enumerate(played.exchanges):
            elapsed_ms = exchange.outcome.elapsed_s * 1000
            after = timedelta(seconds=exchange.started_s + exchange.clock_s)
            yield {
                "startedDateTime": (began + after).isoformat(),
                "time": elapsed_ms,
                "request": _request(base_url, exchange),
                "response": _response(exchange),
                "cache": {},
                "timings": {"send": 0, "wait": elapsed_ms, "receive": 0},
                "comment": f"{played.id} exchange {index}",
            }


def _began(started_at: str) -> datetime:
    try:
        return datetime.fromisoformat(started_at).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _request(base_url: str, exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    entry: dict[str, Any] = {
        "method": request.method,
        "url": base_url + request.path,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(request.body.raw),
    }
    if request.body.raw:
        mime_type = request.header("Content-Type") or ""
        entry["postData"] = {"mimeType": mime_type, "params": [], **_text(request.body)}
    return entry


def _response(exchange: Exchange) -> dict[str, Any]:
    outcome = exchange.outcome
    entry: dict[str, Any] = {
        "status": 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }
    if not isinstance(outcome, Response):
        return {**entry, "comment": f"{outcome.kind}: {outcome.message}"}
    return {
        **entry,
        "status": outcome.status,
        "headers": _headers(outcome.headers),
        "content": _content(outcome.body, outcome.header("Content-Type") or "x-unknown"),
        "redirectURL": outcome.header("Location") or "",
        "bodySize": len(outcome.body.raw),
    }


def _content(body: Payload, mime_type: str) -> dict[str, Any]:
    return {"size": len(body.raw), "mimeType": mime_type, **_text(body)}


def _text(body: Payload) -> dict[str, str]:
    if body.encoding == "utf-8":
        return {"text": body.text}
    return {"text": base64.b64encode(body.raw).decode(), "encoding": "base64"}


def _headers(headers: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
