"""When concurrent calls were sent and answered, one line each."""

from collections.abc import Sequence

from klarna_specs.exchange import Exchange, Response

__all__ = ["timeline"]


def timeline(exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    """The calls of concurrent groups in the order of their responses; empty if there are none.

    Times are milliseconds since the first of them was sent.
    """
    together = [exchange for exchange in exchanges if exchange.group is not None]
    if not together:
        return ()
    began_s = min(exchange.started_s for exchange in together)
    return tuple(_line(exchange, began_s) for exchange in sorted(together, key=_answered_s))


def _answered_s(exchange: Exchange) -> float:
    return exchange.started_s + exchange.outcome.elapsed_s


def _line(exchange: Exchange, began_s: float) -> str:
    request, outcome = exchange.request, exchange.outcome
    sent_ms = (exchange.started_s - began_s) * 1000
    answered_ms = (_answered_s(exchange) - began_s) * 1000
    response = f"{outcome.status}" if isinstance(outcome, Response) else outcome.kind
    sent = f"{request.method} {request.path} {request.body.text}".rstrip()
    return f"{sent_ms:.1f} to {answered_ms:.1f} ms: {sent} -> {response}"
