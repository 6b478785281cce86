"""The schema phase: its scenarios, its objections, and `st run` with the hooks."""

import json
import subprocess
import sysconfig
from functools import cache
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from klarna_conformance.errors import UsageError
from klarna_conformance.mock.server import Mock
from klarna_conformance.openapi import compile_openapi
from klarna_conformance.openapi.response_validator import ResponseValidator
from klarna_conformance.openapi.schema_phase import schema_scenarios
from klarna_conformance.openapi.schema_values import generated_body, generated_key, within_the_order
from klarna_conformance.testing.hooked_target import HookedTarget
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_reports.record.record import Played
from klarna_specs.bodies import violations
from klarna_specs.exchange import Exchange, Failure, Payload, Request, Response
from klarna_specs.scenario import Empty, Json, Key, Raw, Scenario, Step

from .conftest import Serve, Served
from .mutant_servers import judged_on, spec

WITH_BODY = [name for name, operation in spec().operations.items() if operation.body]
ORDER = "/ordermanagement/v1/orders/1"
JSON = ("Content-Type", "application/json")
REFUSAL = '{"error_code": "A", "error_messages": ["b"], "correlation_id": "c"}'


@cache
def scenarios() -> list[Scenario]:
    return schema_scenarios(spec(), count=120, seed=1)


@cache
def validator() -> ResponseValidator:
    return ResponseValidator(spec())


def last_step(scenario: Scenario) -> Step:
    step = scenario.steps[-1]
    assert isinstance(step, Step)
    return step


def steps(operation: str) -> list[Step]:
    return [last_step(s) for s in scenarios() if last_step(s).operation == operation]


def played(scenario: Scenario) -> Played:
    return judged_on(Mock(spec()), scenario)


def exchange(
    status: int,
    *headers: tuple[str, str],
    body: str = "",
    method: str = "POST",
    path: str = f"{ORDER}/refunds",
) -> Exchange:
    response = Response(status=status, headers=headers, body=Payload(body))
    return Exchange(request=Request(method=method, path=path), outcome=response)


# Scenarios


def test_the_same_seed_gives_the_same_scenarios() -> None:
    first, second = (schema_scenarios(spec(), count=40, seed=1) for _ in range(2))

    assert first == second


def test_another_seed_gives_other_scenarios() -> None:
    other = schema_scenarios(spec(), count=120, seed=2)
    known = {msgspec.json.encode(scenario) for scenario in scenarios()}

    assert sum(msgspec.json.encode(scenario) not in known for scenario in other) > 40


@pytest.mark.parametrize("count", [0, 1, 2, 13, 40])
def test_there_are_never_more_scenarios_than_requested(count: int) -> None:
    assert count * 3 // 4 <= len(schema_scenarios(spec(), count=count, seed=3)) <= count


def test_every_operation_is_called() -> None:
    assert {last_step(scenario).operation for scenario in scenarios()} == set(spec().operations)


def test_scenarios_are_plain_values_that_round_trip() -> None:
    written = msgspec.json.encode(scenarios())

    assert msgspec.json.decode(written, type=list[Scenario]) == scenarios()


def test_scenarios_are_unique() -> None:
    found = {msgspec.json.encode(each, order="deterministic") for each in scenarios()}

    assert len(found) == len(scenarios())


@pytest.mark.parametrize("operation", WITH_BODY)
def test_bodies_within_and_beyond_the_described_limits_are_generated(operation: str) -> None:
    body = spec().operations[operation].body
    values = [s.body.value for s in steps(operation) if isinstance(s.body, Json)]
    offers = [v for v in values if "$offered" in str(v)]
    kept = [v for v in values if not violations(spec(), body.limits or body.schema, v)]

    assert len(kept) + len(offers) >= 5
    assert len(values) - len(kept) - len(offers) >= 5


@pytest.mark.parametrize("operation", WITH_BODY)
def test_calls_with_and_without_a_key_are_generated(operation: str) -> None:
    assert {step.key is None for step in steps(operation)} == {True, False}


def test_bodies_that_are_no_json_are_generated() -> None:
    assert [s for s in map(last_step, scenarios()) if isinstance(s.body, Raw)]


@pytest.mark.parametrize("name", list(spec().operations))
def test_each_operation_succeeds_in_some_scenario(name: str) -> None:
    outcomes = [
        each.outcome
        for scenario in scenarios()
        if last_step(scenario).operation == name
        for each in played(scenario).exchanges
        if each.step == len(scenario.steps) - 1 and each.purpose == "step"
    ]

    assert any(isinstance(outcome, Response) and outcome.is_success for outcome in outcomes)


@pytest.mark.parametrize("seed", [1, 20260101])
def test_the_mock_gets_no_finding(seed: int) -> None:
    came = [played(scenario) for scenario in schema_scenarios(spec(), count=100, seed=seed)]
    complaints = [f for p in came for f in p.findings if f.verdict not in ("PASS", "INFO")]
    objections = [o for p in came for e in p.exchanges if (o := validator().objection(e))]

    assert (complaints, objections) == ([], [])


# Generated values


def generated(body: Any, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(body=body, headers=names)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"a": [1, 2.5, True, None]}, Json({"a": [1, 2.5, True, None]})),
        ({"a\ud800": "b\udfff"}, Json({"a?": "b?"})),
        ({"a": float("nan"), "b": float("inf")}, Json({"a": None, "b": None})),
        ({"$offered": 1, "a": {"$offered": "b"}}, Json({"a": {}})),
        ([], Json([])),
        ("a", Json("a")),
        (False, Json(False)),
        (None, Raw(text="null")),
        (b"\x00\xff", Raw(text="\x00\ufffd")),
        (..., Empty()),
    ],
    ids=ascii,
)
def test_a_generated_body_becomes_a_plain_one(body: Any, expected: Any) -> None:
    assert generated_body(generated(body)) == expected


def test_a_body_with_another_content_type_is_text() -> None:
    case = generated({"a": 1}, Content_Type="text/plain")

    assert generated_body(case) == Raw(text='{"a": 1}', content_type="text/plain")


@pytest.mark.parametrize("label", ["a\nb", "\ud83d\ude00", " "])
def test_an_invalid_content_type_is_left_out(label: str) -> None:
    assert generated_body(generated({}, Content_Type=label)) == Json({})


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("", None),
        ("0d9e8f7a-6b5c-4d3e-9f2a-1b0c9d8e7f6a", Key("generated")),
        ("0d9e8f7a-6b5c-5d3e-9f2a-1b0c9d8e7f6a", Key("generated", "uuid5")),
        ("any text", Key("generated", "text")),
    ],
)
def test_a_generated_key_is_a_key_of_its_form(value: str, key: Key | None) -> None:
    assert generated_key(generated(None, Klarna_Idempotency_Key=value)) == key


@pytest.mark.parametrize(
    ("operation", "plan", "body", "expected"),
    [
        ("refundOrder", FULL, {"refunded_amount": 0}, {"refunded_amount": 1}),
        ("refundOrder", FULL, {"refunded_amount": 10_000}, {"refunded_amount": 1}),
        ("refundOrder", FULL, {"refunded_amount": 9_999}, {"refunded_amount": 10_000}),
        ("captureOrder", PART, {"captured_amount": 4_001}, {"captured_amount": 2}),
        ("extendDueDate", FULL, {"number_of_days": 5}, {"number_of_days": {"$offered": 1}}),
        ("extendDueDate", FULL, {"number_of_days": 7}, {"number_of_days": 7}),
        ("refundOrder", FULL, {"refunded_amount": "a"}, {"refunded_amount": "a"}),
        ("refundOrder", FULL, [1], [1]),
    ],
)
def test_amounts_are_adapted_to_the_order(
    operation: str, plan: Any, body: Any, expected: Any
) -> None:
    assert within_the_order(spec(), spec().operations[operation], Json(body), plan) == Json(
        expected
    )


# Objections


@pytest.mark.parametrize(
    ("seen", "objection"),
    [
        (exchange(200), "Undocumented status code: Received: 200"),
        (exchange(302), "Undocumented status code: Received: 302"),
        (exchange(500), "Undocumented status code: Received: 500"),
        (exchange(201), "Missing required response headers"),
        (exchange(403, body=REFUSAL), "Missing Content-Type header"),
        (exchange(403, ("Content-Type", "text/html"), body="<p>"), "Undocumented Content-Type"),
        (exchange(403, JSON, body="{"), "JSON deserialization error"),
        (exchange(403, JSON, body='{"error_code": 1}'), "Response violates schema"),
        (
            exchange(200, JSON, body='{"order_amount": "1"}', method="GET", path=ORDER),
            "Response violates schema",
        ),
    ],
)
def test_an_undescribed_response_is_an_objection(seen: Exchange, objection: str) -> None:
    found = validator().objection(seen)

    assert found is not None
    assert objection in found


@pytest.mark.parametrize(
    "seen",
    [
        exchange(201, ("location", "/a")),
        exchange(201, ("Location", "/a"), ("refund_id", "a")),
        exchange(201, ("Location", "/a"), JSON, body='"a"'),
        exchange(401, ("Content-Type", "text/html"), body="<p>"),
        exchange(413),
        exchange(429, ("Content-Type", "text/plain"), body="later"),
        exchange(403, JSON, body=REFUSAL),
        exchange(403, ("Content-Type", "application/json; charset=utf-8"), body=REFUSAL),
        exchange(403, ("Content-Type", "application/problem+json"), body=REFUSAL),
        exchange(403, JSON, ("Content-Length", "1"), body=REFUSAL),
        exchange(403, JSON, ("X-Name", "\xe9 \u20ac"), body=REFUSAL),
        exchange(204, path=f"{ORDER}/release-remaining-authorization"),
        exchange(204, method="PATCH", path=f"{ORDER}/captures/2/extend-due-date"),
        exchange(204, method="PATCH", path=f"{ORDER}/captures/2/extend-due-date-options"),
        exchange(200, path="/nowhere"),
        Exchange(
            request=Request(method="POST", path=f"{ORDER}/refunds"),
            outcome=Failure(kind="timeout", message="a"),
        ),
        Exchange(
            request=Request(method="POST", path=f"{ORDER}/refunds"),
            outcome=Response(status=500, truncated=True),
        ),
    ],
)
def test_a_described_response_is_no_objection(seen: Exchange) -> None:
    assert validator().objection(seen) is None


BODIES = (
    *("", REFUSAL, "{}", "[]", "null", "1", '{"error_code": "A"}', REFUSAL.replace('"A"', "null")),
    *(REFUSAL.replace('["b"]', wrong) for wrong in ('"b"', "[]", "[1]", "null")),
    *("\ufeff" + REFUSAL, REFUSAL[:-1], REFUSAL[:-1] + ', "more": NaN}', "[" * 300 + "]" * 300),
    *('{"captured_amount": 1.0}', '{"captured_amount": -1}', '{"refunds": [{}], "captures": {}}'),
    *('{"refund_id": 1, "refunded_amount": "1"}', '[{"number_of_days": 30, "fee_amount": 1.5}]'),
)
LABELS = ((), (JSON,), (JSON, JSON), (("content-type", "application/problem+json"),))
STATUSES = (200, 201, 204, 400, 401, 403, 404, 422, 429, 500)
PLACES = ((), (("Location", ORDER),), (("location", ORDER), ("Refund-Id", "1")))


@pytest.mark.parametrize("name", list(spec().operations))
def test_quick_acceptance_never_hides_a_schemathesis_failure(name: str) -> None:
    operation = spec().operations[name]
    path = next(iter(operation.paths.values()))
    kept = 0
    for status, label, place, body in product(STATUSES, LABELS, PLACES, BODIES):
        response = Response(status=status, headers=(*label, *place), body=Payload(body))
        if validator()._plainly_described(path, operation.method, response):
            kept += 1
            assert validator()._failures(path, operation.method, response) is None, response

    assert kept > 0


def test_an_objection_is_one_line() -> None:
    found = validator().objection(exchange(403, JSON, body="{}"))

    assert found is not None
    assert "\n" not in found


# `st run` with the hooks

ST = Path(sysconfig.get_path("scripts")) / "st"


def st_run(served: Served, environment: dict[str, str], folder: Path, *options: str) -> Any:
    """A short run of Schemathesis alone, with refunds only."""
    document = folder / "openapi.json"
    document.write_text(json.dumps(compile_openapi(spec(), version="3.0")), encoding="utf-8")
    variables = {
        "SCHEMATHESIS_HOOKS": "klarna_conformance.hooks",
        "KLARNA_PROVISIONER_URL": f"{served.base_url}/_control/orders",
    }
    command = [ST, "run", document, "--url", served.base_url, "--max-examples", "4", "--seed", "1"]
    bounds = ["--include-path-regex", "refunds", "--no-shrink", *options]
    return subprocess.run(
        [*command, *bounds],
        env={**environment, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_schemathesis_alone_reaches_orders_and_passes_the_mock(
    served: Served, environment: dict[str, str], tmp_path: Path
) -> None:
    before = len(served.client.get("/_control/exchanges").json())
    ended = st_run(served, environment, tmp_path)
    sent = served.client.get("/_control/exchanges").json()[before:]
    booked = [e for e in sent if e["request"]["method"] == "POST" and e["outcome"]["status"] == 201]

    assert (ended.returncode, ended.stdout[-2000:] if ended.returncode else "") == (0, "")
    assert len(booked) > 5


def test_the_hooks_refuse_a_production_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLARNA_USERNAME", "a")
    monkeypatch.setenv("KLARNA_PASSWORD", "b")

    with pytest.raises(UsageError, match="refunds there move money"):
        HookedTarget(spec(), "https://api.klarna.com")


def test_without_a_provisioner_the_ids_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KLARNA_PROVISIONER_URL", raising=False)
    ids = {"order_id": "a", "capture_id": "b"}
    target = HookedTarget(spec(), "http://127.0.0.1:9")

    assert target.ids_for(spec().operations["getCapture"], ids) == ids


def test_an_order_serves_one_operation_and_link_ids_stay(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLARNA_PROVISIONER_URL", f"{served.base_url}/_control/orders")
    read, refunds = spec().operations["getRefund"], spec().operations["refundOrder"]
    target = HookedTarget(spec(), served.base_url)
    ids = target.ids_for(read, {"order_id": "a", "refund_id": "b"})
    linked = {"order_id": ids["order_id"], "refund_id": "c"}

    assert served.client.get(read.path.format(**ids)).status_code == 200
    assert target.ids_for(read, {"order_id": "a", "refund_id": "b"}) == ids
    assert target.ids_for(refunds, {"order_id": "a"})["order_id"] not in ("a", ids["order_id"])
    assert target.ids_for(read, linked) == linked


@pytest.mark.parametrize(
    ("mutant", "mode", "expected_message"),
    [
        ("location-missing", "positive", "Missing required response headers"),
        ("refund-error-messages-null", "negative", "at least one message"),
    ],
)
def test_schemathesis_with_the_hooks_finds_wrong_servers(
    serve_mock: Serve,
    environment: dict[str, str],
    tmp_path: Path,
    mutant: str,
    mode: str,
    expected_message: str,
) -> None:
    wrong = serve_mock("--mutant", mutant)
    assert_found(wrong, environment, tmp_path, mode, expected_message)


def assert_found(
    wrong: Served, environment: dict[str, str], folder: Path, mode: str, message: str
) -> None:
    ended = st_run(wrong, environment, folder, "--phases", "fuzzing", "--mode", mode, "-n", "12")

    assert ended.returncode == 1
    assert message in ended.stdout
