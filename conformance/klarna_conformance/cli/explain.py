"""`explain`: what the documentation says of one request before it is sent."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klarna_conformance.cli.options import format_option, loaded, profile_option, specs_option

if TYPE_CHECKING:
    from klarna_specs.calls import Call
    from klarna_specs.ledger import Ledger
    from klarna_specs.spec import Operation, Spec

__all__ = ["explain"]

_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.command()
@click.argument("body", type=_FILE)
@click.option(
    "--order",
    type=_FILE,
    required=True,
    help="The order: what GET order answers (JSON), or an order plan (YAML or JSON).",
)
@click.option(
    "--operation",
    "operation_id",
    help="operationId of the request; by default the one that has such a body, else refundOrder.",
)
@click.option("--market", help="Country code of the order, in place of the one in --order.")
@click.option("--capture", help="Id of the capture that the path names; by default the first one.")
@format_option
@profile_option
@specs_option
def explain(
    body: Path,
    order: Path,
    operation_id: str | None,
    market: str | None,
    capture: str | None,
    form: str,
    profile: str | None,
    specs: Path | None,
) -> int:
    """Say what the documentation says of one request before it is sent.

    BODY is the file with the body of the request; `-` is standard input. Exits with 0 if the
    request would be accepted, and with 1 if it would be refused.
    """
    import msgspec

    from klarna_conformance.cli.output.explanation import explanation_lines
    from klarna_conformance.errors import UsageError, check_names
    from klarna_conformance.traffic.explained_order import read_order
    from klarna_reports.words.printable import inert
    from klarna_specs.explaining import explain as explained

    spec = loaded(specs, profile)
    if body == order == Path("-"):
        raise UsageError("BODY and --order cannot both be standard input")
    changing = {o.operation: o for o in spec.documented}
    changing = {name: operation for name, operation in changing.items() if operation.changes}
    check_names("operation with a change", filter(None, [operation_id]), changing)
    check_names("market", filter(None, [market]), spec.markets)
    sent = _read(body)
    operation = changing[operation_id or _guessed(spec, sent)]
    ledger = read_order(spec, str(order), _read(order), market=market)
    call = _call(spec, operation, ledger, sent, capture)
    explanation = explained(spec, ledger, call)
    if sent and (problem := _members(sent)[1]):
        violations = (problem, *explanation.violations)
        explanation = msgspec.structs.replace(explanation, violations=violations)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(explanation)))
    else:
        for line in explanation_lines(spec, ledger, explanation):
            click.echo(inert(line))
    return 0 if explanation.accepted else 1


def _read(path: Path) -> bytes:
    from klarna_conformance.errors import readable

    with readable(path):
        return sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()


def _members(sent: bytes) -> tuple[dict[str, Any], str]:
    """The members of a JSON object, and why it is no JSON."""
    from klarna_specs.exchange import NotJson, Payload
    from klarna_specs.json_value import as_object

    try:
        return as_object(Payload.of(sent).json()) or {}, ""
    except NotJson as exc:
        return {}, str(exc)


def _guessed(spec: "Spec", sent: bytes) -> str:
    """The operation whose required amount the body has; else the refund."""
    from klarna_specs.spec import required_amount

    members, _ = _members(sent)
    for operation in spec.operations.values():
        body = operation.body if operation.changes else None
        if body and required_amount(spec.schemas[body.schema]) in members:
            return operation.operation
    return spec.doing("refund").operation


def _call(
    spec: "Spec", operation: "Operation", ledger: "Ledger", sent: bytes, capture: str | None
) -> "Call":
    from klarna_conformance.errors import UsageError, check_names
    from klarna_specs.calls import read_call
    from klarna_specs.exchange import Payload, Request

    captures = [each.capture_id for each in ledger.captures]
    if "{capture_id}" in operation.path:
        if not captures:
            raise UsageError(f"{operation.operation} needs a capture, and the order has none")
        check_names("capture", filter(None, [capture]), captures)
    named = {"order_id": ledger.order_id, "capture_id": capture or next(iter(captures), "")}
    request = Request(
        method=operation.method,
        path=operation.path.format_map(named),
        headers=(("Content-Type", "application/json"),) if sent else (),
        body=Payload.of(sent),
    )
    call = read_call(spec, request, followed=True)
    assert call is not None
    return call
