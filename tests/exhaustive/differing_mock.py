"""A mock that differs from the plain one in twelve ways; prints its address, and serves."""

import asyncio

from klarna_conformance import defaults
from klarna_conformance.mock.serving import MockServer
from klarna_conformance.wrong.catalogue import Mutant, ResponseChange
from klarna_conformance.wrong.making import make_mutant
from klarna_specs.loader import load

DIFFERING = (
    "refund.zero-amount",
    "capture.zero-amount",
    "release.again",
    "refund.fee-sign",
    "options.market",
    "cancel.after-release",
)
"""What the documentation leaves open, and this mock accepts."""
MUTANT = Mutant(
    id="twelve-differences",
    description="Differs in what the documentation leaves open, and violates one MUST.",
    behaviour="several",
    arguments={
        "behaviours": [
            {"name": "may-accept", "arguments": {"requirements": [*DIFFERING]}},
            {
                "name": "may-refuse",
                "arguments": {
                    "when": "capture.extended",
                    "response": "not_extended",
                    "of": ["extendDueDate"],
                },
            },
            {"name": "currency", "arguments": {"case": "lower"}},
            {"name": "id-header", "arguments": {"names": ["refund_id"]}},
            {
                "name": "error-members",
                "arguments": {"drop": ["error_messages"], "message_as": "error_message"},
            },
        ]
    },
    responses=(
        ResponseChange(
            of=("refundOrder",),
            where="created",
            headers={"Content-Type": "application/json"},
            text='"created"',
        ),
        ResponseChange(
            of=("getOptionsForExtendDueDate",),
            where="success",
            headers={"Content-Type": "text/plain"},
        ),
    ),
)


async def main() -> None:
    mock = make_mutant(load(), MUTANT)
    server = MockServer(mock, username=defaults.USERNAME, password=defaults.PASSWORD)
    await server.open()
    print(server.base_url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
