"""Counterexamples are verified with a restarted client, after the commands that they need."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from klarna_conformance.certify.certifying import CertifyOptions, certify
from klarna_conformance.certify.in_process import InProcessAdapter
from klarna_conformance.network.network import Tempo
from klarna_conformance.run.events import CounterexampleFound, Event
from klarna_conformance.wrong.clients.keys import (
    KeyOfOrderAndCountInMemory,
    KeysRepeatAfterRestart,
)
from klarna_conformance.wrong.clients.sending import StaysWithRedirect
from klarna_conformance.wrong.reference import ReferenceClient
from klarna_reports.record.record import Played
from klarna_specs.client.faults import Redirected

from .plays import SPEC

TEMPO = Tempo(timeout_s=5, hold_s=20, slow_s=0.1, command_s=20)


class Leaks(ReferenceClient):
    """Sends the order lines of an earlier refund with one that has none."""

    _lines: Any = None

    def body(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        body = super().body(operation, arguments)
        if body is not None and operation == "refundOrder":
            self._lines = body.get("order_lines") or self._lines
            return {**body, "order_lines": self._lines} if self._lines else body
        return body


def certified(make: Callable[..., ReferenceClient], *faults: str) -> list[Event]:
    """Everything that happens to a client that makes refunds, with these faults only."""
    adapter = InProcessAdapter(lambda hello: make(hello), name="", command_s=TEMPO.command_s)
    options = CertifyOptions(
        seed=1, operations=("refundOrder",), faults=faults, examples=0, tempo=TEMPO
    )

    async def go() -> list[Event]:
        return [event async for event in certify(SPEC, adapter, options)]

    return asyncio.run(go())


@pytest.fixture(scope="module")
def leaking() -> list[Event]:
    return certified(Leaks)


def test_a_counterexample_has_the_commands_that_it_needs(leaking: list[Event]) -> None:
    found = [each.played for each in leaking if isinstance(each, CounterexampleFound)]
    shown = next(each for each in found if "client.amounts-as-told" in failed(each))

    assert shown.client is not None
    first, last = shown.client.episodes
    assert "order_lines" in first.command.arguments
    assert "order_lines" not in last.command.arguments


def test_a_changed_amount_is_named_beside_the_commanded_one(leaking: list[Event]) -> None:
    found = [each.played for each in leaking if isinstance(each, CounterexampleFound)]
    sentences = [
        finding.observed
        for each in found
        for finding in each.findings
        if (finding.requirement, finding.verdict) == ("client.amounts-as-told", "FAIL")
    ]

    assert any("order lines are sent instead of 0" in each for each in sentences)


@pytest.mark.parametrize("client", [KeysRepeatAfterRestart, KeyOfOrderAndCountInMemory])
def test_a_key_that_repeats_after_a_restart_is_found(client: type[ReferenceClient]) -> None:
    shown = [e.played for e in certified(client) if isinstance(e, CounterexampleFound)]
    example = next(each for each in shown if "client.key-of-its-own" in failed(each))

    assert example.client is not None
    assert [each.command.restarted for each in example.client.episodes] == [False, True]
    assert any("before the client was restarted" in each.observed for each in example.findings)


def test_a_counterexample_has_the_redirect_long_before_the_smallest_violation() -> None:
    others = "lost", "404", "401", "html", "conflict", "malformed", "truncated"
    shown = [
        event.played
        for event in certified(StaysWithRedirect, "redirect", *others)
        if isinstance(event, CounterexampleFound)
    ]
    example = next(each for each in shown if "client.credentials-kept" in failed(each))

    assert example.client is not None
    assert [each.command.faults for each in example.client.episodes] == [(Redirected(),), ()]


def failed(played: Played) -> set[str]:
    return {each.requirement for each in played.findings if each.verdict == "FAIL"}
