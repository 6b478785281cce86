"""Servers that differ only where the documentation is silent: nothing is held against them."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from klarna_conformance.judge.server import judge
from klarna_conformance.mock.server import Mock
from klarna_conformance.plan.rehearsal import MockTarget
from klarna_conformance.play.player import play
from klarna_specs.calls import Call
from klarna_specs.exchange import Request, Response
from klarna_specs.oracle import Assessment, Outcome
from klarna_specs.scenario import Key, Raw, Scenario, Step, Together
from klarna_strategies.steps import (
    cancel,
    capture,
    extend,
    get_capture,
    get_options,
    get_order,
    get_refund,
    offered,
    refund,
    release,
)

from .museum import (
    FEE_REFUND,
    FULL,
    NONE,
    PART,
    accepting,
    altering_error,
    altering_json,
    altering_refusals,
    deviations,
    spec,
    with_body,
    with_header,
    with_json,
    with_status,
)

KEYED = refund(1_000, key=Key("first"))
OVER = refund(20_000)
ANONYMOUS = msgspec.structs.replace(refund(1), credentials="none")
MALFORMED = Step(operation="refundOrder", body=Raw(text="{"))
EVERYTHING = (
    KEYED,
    KEYED,
    refund(1_000, reference="RMA-1", description="Returned"),
    OVER,
    ANONYMOUS,
    MALFORMED,
    get_refund(1),
    get_refund("unknown"),
    get_capture(),
    get_options(),
    extend(offered(0)),
    extend(7),
    release(),
    get_order(),
)


def _everywhere(alter: Any) -> type[Mock]:
    class Everywhere(Mock):
        def respond(self, request: Request, base_url: str) -> Response:
            return alter(super().respond(request, base_url))

    return Everywhere


def _only_the_path(response: Response) -> Response:
    location = response.header("Location")
    return with_header(response, "Location", urlsplit(location).path) if location else response


def _by_the_last_segment(response: Response) -> Response:
    location = response.header("Location")
    relative = location and f"refunds/{location.rsplit('/', 1)[-1]}"
    return with_header(response, "Location", relative) if relative else response


def _lower_case_headers(response: Response) -> Response:
    headers = tuple((name.lower(), value) for name, value in response.headers)
    return msgspec.structs.replace(response, headers=headers)


def _underscored_id(response: Response) -> Response:
    refund_id = response.header("Refund-Id")
    bare = with_header(response, "Refund-Id", None)
    return with_header(bare, "refund_id", refund_id) if refund_id else response


def _more_members(response: Response) -> Response:
    if not response.body.text.startswith("{"):
        return response
    more = {"new_member": {"nested": [1]}, "another": None}
    return with_json(response, {**response.body.json(), **more})


def _more_headers(response: Response) -> Response:
    return with_header(response, "X-New", "value")


def _json_string_when_created(response: Response) -> Response:
    if response.status != 201:
        return response
    return with_body(response, json.dumps("created"), "application/json")


def _described_content_type(response: Response) -> Response:
    if response.content_type != "application/json":
        return response
    return with_header(response, "Content-Type", "Application/JSON; charset=utf-8")


def _problem_json(response: Response) -> Response:
    if not response.is_refusal or response.content_type != "application/json":
        return response
    return with_header(response, "Content-Type", "application/problem+json")


def _no_optional_members(response: Response) -> Response:
    """Resources with as little as the documentation lets them have: no member is required."""
    if response.status != 200 or not response.body.text.startswith("{"):
        return response
    shown = response.body.json()
    kept = {name: value for name, value in shown.items() if name in KEPT}
    return with_json(response, kept)


KEPT = frozenset(
    [
        *("order_id", "refund_id", "refunded_amount", "capture_id", "captured_amount"),
        *("currency", "options"),
    ]
)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda response: response, id="the mock as it is"),
        pytest.param(_only_the_path, id="Location is a path"),
        pytest.param(_by_the_last_segment, id="Location is relative to the order"),
        pytest.param(_lower_case_headers, id="header names in lower case"),
        pytest.param(_underscored_id, id="refund_id as the page spells it"),
        pytest.param(_more_members, id="more members"),
        pytest.param(_more_headers, id="more headers"),
        pytest.param(_json_string_when_created, id="a JSON string on 201"),
        pytest.param(_described_content_type, id="content type with charset"),
        pytest.param(_problem_json, id="a JSON subtype"),
    ],
)
def test_a_harmless_difference_in_every_response_is_not_held_against_a_server(alter: Any) -> None:
    assert deviations(_everywhere(alter), FULL, *EVERYTHING) == {}


def test_a_resource_without_members_that_are_not_required_is_no_violation() -> None:
    found = deviations(_everywhere(_no_optional_members), FULL, *EVERYTHING)

    assert {name for name, verdict in found.items() if verdict == "FAIL"} == set()


def test_one_error_message_in_the_singular_is_as_good_as_a_list() -> None:
    def singular(error: dict[str, Any]) -> dict[str, Any]:
        messages = error.pop("error_messages")
        return {**error, "error_message": messages[0]}

    assert deviations(altering_error(singular), FULL, OVER) == {}


def test_missing_credentials_may_be_answered_in_any_form() -> None:
    class TellsJson(Mock):
        def refusal(self, assessment: Assessment, outcome: Outcome) -> Response:
            response = super().refusal(assessment, outcome)
            if response.status != 401:
                return response
            return with_body(response, '{"error_message": "No."}', "application/json")

    assert deviations(TellsJson, FULL, ANONYMOUS) == {}


@pytest.mark.parametrize("status", [400, 404, 409, 422, 403])
def test_a_malformed_body_may_be_refused_with_any_4xx(status: int) -> None:
    server = altering_refusals(lambda _, response: with_status(response, status))

    assert deviations(server, FULL, MALFORMED) == {}


def test_a_correlation_id_may_come_again_with_the_replay_of_a_refusal() -> None:
    class ReplaysRefusals(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            remembered = self._answers.get((call.order_id, call.key or ""))
            return remembered or super().answer(call, base_url)

    over = refund(20_000, key=Key("first"))

    assert deviations(ReplaysRefusals, FULL, over, over) == {}


@pytest.mark.parametrize("currency", ["sek", "SEK"])
def test_the_currency_of_options_may_be_in_either_case(currency: str) -> None:
    server = altering_json("getOptionsForExtendDueDate", lambda o: {**o, "currency": currency})

    assert deviations(server, FULL, get_options()) == {}


@pytest.mark.parametrize("reading", ["page", "description"])
def test_the_due_date_may_be_extended_at_either_path(reading: str) -> None:
    class KnowsOnePath(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            if call.operation.operation == "extendDueDate" and call.path_reading != reading:
                return self._no_such_path()
            return super().answer(call, base_url)

    target = MockTarget(KnowsOnePath(spec()))
    target.facts = msgspec.structs.replace(target.facts, readings={"extendDueDate": reading})
    scenario = Scenario(
        plan=FULL,
        steps=tuple(
            msgspec.structs.replace(extend(offered(0)), path_reading=each)
            for each in ("page", "description")
        ),
    )
    came = asyncio.run(play(spec(), target, scenario, identifier="s0001"))
    findings = judge(spec(), target.facts, came.orders, came.exchanges)

    assert [f for f in findings if f.verdict in ("FAIL", "WARN")] == []


@pytest.mark.parametrize("shown", [[], None], ids=["empty", "missing"])
def test_a_list_of_refunds_need_not_be_part_of_an_order_without_any(shown: Any) -> None:
    def alter(order: dict[str, Any]) -> dict[str, Any]:
        bare = {name: value for name, value in order.items() if name != "refunds"}
        return bare if shown is None else {**bare, "refunds": shown}

    assert deviations(altering_json("getOrder", alter), FULL, get_order()) == {}


def test_captures_and_refunds_may_be_listed_in_any_order() -> None:
    def reversed_lists(order: dict[str, Any]) -> dict[str, Any]:
        return {**order, "refunds": order["refunds"][::-1], "captures": order["captures"][::-1]}

    server = altering_json("getOrder", reversed_lists)

    assert deviations(server, FULL, refund(1_000), refund(2_000), get_order()) == {}


def test_a_refund_with_a_fee_may_be_repeated_and_the_fee_removed() -> None:
    assert deviations(Mock, FULL, FEE_REFUND, refund(500), refund(1)) == {}


def test_a_cancelled_order_may_be_cancelled_again_with_either_answer() -> None:
    assert deviations(Mock, NONE, cancel(), cancel()) == {}


def test_a_release_may_be_followed_by_refunds_of_what_was_captured() -> None:
    assert deviations(Mock, PART, release(), refund(6_000), capture(1)) == {}


def test_a_duplicate_in_flight_may_be_refused() -> None:
    class RefusesInFlight(Mock):
        def answer(self, call: Call, base_url: str) -> Response:
            first = self.orders[call.order_id].key_use(call.key)
            if first and call.operation.changes:
                error = {"error_code": "CONFLICT", "error_messages": ["In flight."]}
                response = Response(status=409, headers=(("Content-Type", "application/json"),))
                return with_json(response, {**error, "correlation_id": self.new_id()})
            return super().answer(call, base_url)

    assert deviations(RefusesInFlight, FULL, Together((KEYED, KEYED))) == {}


def test_an_extension_is_answered_again_for_a_used_key_whatever_is_asked_with_it() -> None:
    key = Key("first")
    steps = (extend(offered(0), key=key), extend(7, key=key))
    assert deviations(Mock, FULL, *steps) == {}
    assert deviations(accepting("extension.offered-days-only"), FULL, extend(7, key=key)) == {
        "extension.offered-days-only": "FAIL"
    }
