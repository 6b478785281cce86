"""`mock --like`: a correct server with the open choices of a recorded one."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from klarna_conformance.calibration.behaving import behaviour
from klarna_conformance.calibration.latency import Latency
from klarna_conformance.calibration.learning import Calibration, calibrated
from klarna_conformance.calibration.limits import limits_of
from klarna_conformance.calibration.patterns import filled, masked
from klarna_conformance.calibration.shapes import Shape, shape_of
from klarna_conformance.mock.server import Mock
from klarna_conformance.wrong.examples.orders import FULL, PART
from klarna_reports.record.journal import Journal
from klarna_reports.record.record import Header, Played, Record, TargetFacts
from klarna_specs.calls import Call
from klarna_specs.exchange import Request, Response
from klarna_specs.goals import Scope
from klarna_specs.json_value import as_object
from klarna_specs.plan import OrderPlan
from klarna_specs.scenario import Action, Key, Raw, Step
from klarna_specs.spec import Spec
from klarna_strategies.steps import cancel, get_options, get_order, refund, release

from .conftest import Finished
from .mutant_servers import Server, played, spec
from .plugged import plugged

Cli = Callable[..., Finished]
_OPAQUE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|KR\.2026\.\d+~x_y-z")


def _record(*recorded: Played) -> Record:
    target = TargetFacts(name="sandbox", base_url="http://mock", kind="http")
    header = Header(
        run_id="r",
        started_at="2026-01-01T00:00:00Z",
        seed=1,
        target=target,
        versions={},
        specs=spec().fingerprint,
        scope=Scope(),
        planned_scenarios=len(recorded),
        planned_requests=0,
    )
    return Record(header=header, played=recorded, footer=None)


def _calibration(server: Server, *steps: Action, plan: OrderPlan = FULL) -> Calibration:
    return calibrated(spec(), _record(played(server, plan, *steps)))


def _behaving_like(calibration: Calibration) -> type[Mock]:
    class Calibrated(Mock):
        def __init__(self, spec: Spec) -> None:
            super().__init__(spec, deviation=behaviour(spec, calibration))

    return Calibrated


def _answers(server: Server, *steps: Action, plan: OrderPlan = FULL) -> list[Response]:
    came = played(server, plan, *steps).exchanges
    return [e.outcome for e in came if e.purpose == "step" and isinstance(e.outcome, Response)]


def _plain(response: Response) -> tuple[int, list[tuple[str, str]], str]:
    """Status, headers and body without ids."""
    headers = [(name, _OPAQUE.sub("#", value)) for name, value in response.headers]
    return response.status, headers, _OPAQUE.sub("#", response.body.text)


@pytest.mark.parametrize(
    ("variant", "step"),
    [
        ("everything-refused-with-403", cancel(order="unknown")),
        ("error-message-in-the-singular", refund(1, order="unknown")),
        ("created-with-a-string", refund(1)),
        ("header-names-upper-case", refund(1)),
        ("relative-location", refund(1)),
        ("zero-refund-accepted", refund(0)),
        ("zero-refund-malformed", refund(0)),
        ("unknown-members-ignored", refund(1, colour="red")),
        ("options-many", get_options()),
        ("json-indented", get_order()),
        ("order-with-more", get_order()),
        ("times-with-offset", get_order()),
        ("unauthorized-in-json", msgspec.structs.replace(refund(1), credentials="none")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_calibrated_mock_makes_the_choice_of_a_variant(variant: str, step: Action) -> None:
    like = _behaving_like(_calibration(variant, step))

    (target,), (mock,) = _answers(variant, step), _answers(like, step)

    assert _plain(mock) == _plain(target)


def test_same_rule_of_another_operation_decides_what_was_not_seen() -> None:
    like = _behaving_like(_calibration("not-found-410", cancel(order="unknown")))

    (answer,) = _answers(like, release(order="unknown"))

    assert answer.status == 410


class _Particular(Mock):
    """Refuses forms with 415 and lines without a name with 422; accepts names of any length."""

    def answer(self, call: Call, base_url: str) -> Response:
        lines = (as_object(call.body) or {}).get("order_lines", [])
        if call.content_type not in ("", "application/json"):
            return self._error(415)
        if any("name" not in line for line in lines):
            return self._error(422)
        return super().answer(call, base_url)

    def _error(self, status: int) -> Response:
        error = {"error_code": "BAD", "error_messages": ["Bad."], "correlation_id": self.new_id()}
        return self._json(status, error, error["correlation_id"])


def _raw(text: str, content_type: str = "application/json") -> Step:
    return Step(operation="refundOrder", body=Raw(text=text, content_type=content_type))


def _line(**members: object) -> dict[str, object]:
    return {"type": "physical", "quantity": 1, "unit_price": 1, "total_amount": 1, **members}


def test_refusals_of_the_media_type_and_of_the_text_are_distinguished() -> None:
    steps = (_raw("{"), _raw("refunded_amount=1", "application/x-www-form-urlencoded"))
    like = _behaving_like(_calibration(_Particular, *steps))

    assert [answer.status for answer in _answers(like, *steps)] == [400, 415]


def test_missing_members_and_invalid_ones_are_distinguished() -> None:
    steps = tuple(refund(1, order_lines=[_line(**name)]) for name in ({"name": "n" * 300}, {}))
    like = _behaving_like(_calibration(_Particular, *steps, plan=FULL))
    status = [answer.status for answer in _answers(_Particular, *steps)]

    assert [answer.status for answer in _answers(like, *steps)] == status
    assert len(set(status)) == 2


def test_message_names_the_amounts_and_members_of_its_own_call() -> None:
    said = masked("20000 of o-1 is too much", {"order_id": "o-1", "amount_refunded": "20000"})

    assert filled(said, {"order_id": "o-2", "amount_refunded": "77"}) == "77 of o-2 is too much"
    assert filled(said, {"order_id": "o-2"}) is None


def test_braces_in_texts_survive() -> None:
    assert filled(masked('{"a": {"b": "o-1"}}', {"id": "o-1"}), {"id": "x"}) == '{"a": {"b": "x"}}'


def test_new_ids_have_the_form_of_the_recorded_ones() -> None:
    shape = shape_of([f"K{n:04}X" for n in (1234, 5678, 9012, 3456)])

    assert shape is not None
    assert re.fullmatch(r"K\d{4}X", shape.new("seed"))
    assert shape.new("seed") == shape.new("seed") != shape.new("another")


def test_ids_stay_distinct_where_their_form_has_few() -> None:
    calibration = _calibration("relative-location", refund(1))
    calibration.shapes["refund"] = Shape(("r", "01", "01"))
    identified = behaviour(spec(), calibration).identified

    made = [identified("refund", f"made-{n}") for n in range(10)]

    assert len(set(made)) == len(made)
    assert {"r00", "r01", "r10", "r11"} <= set(made)


def test_violation_is_not_imitated() -> None:
    wrong = played("bound-of-the-order", PART, refund(7_000))
    assert "FAIL" in {finding.verdict for finding in wrong.findings}
    calibration = calibrated(spec(), _record(wrong))

    (answer,) = _answers(_behaving_like(calibration), refund(7_000), plan=PART)

    assert answer.status == 403
    assert any(line.startswith("Not imitated: ") for line in limits_of(spec(), calibration))


def test_repeated_call_gets_the_first_response_of_the_calibrated_mock() -> None:
    keyed = refund(1, key=Key("first"))
    like = _behaving_like(_calibration("created-with-a-string", keyed, keyed))

    first, again = _answers(like, keyed, keyed)

    assert (again.status, again.body.text) == (first.status, '"created"')
    assert again.header("Refund-Id") == first.header("Refund-Id")


def test_what_the_record_does_not_show_is_said() -> None:
    lines = [*limits_of(spec(), _calibration("relative-location", refund(1)))]

    assert lines[0].startswith("Calibrated by ")
    assert any("cancelOrder" in line for line in lines)


def test_latency_is_one_of_the_recorded_ones_of_the_operation() -> None:
    latency = Latency(spec(), {"getOrder": [0.25, 0.5]}, 0.0)
    path = "/ordermanagement/v1/orders/o-1"

    drawn = {latency(Request(method="GET", path=path)) for _ in range(50)}

    assert drawn == {0.25, 0.5}
    assert latency(Request(method="POST", path=f"{path}/cancel")) == 0.0


def test_record_that_cannot_calibrate_is_refused(cli: Cli, tmp_path: Path) -> None:
    with Journal(tmp_path / "empty") as journal:
        journal.write(_record().header)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "journal.ndjson").write_text("{}\n")

    for directory in ("empty", "damaged", "missing"):
        finished = cli("mock", "--like", tmp_path / directory)
        assert (finished.code, finished.out) == (2, "")
        assert finished.err.startswith("Error: ")
    assert cli("mock", "--like", damaged, "--mutant", "relative-location").code == 2
    assert cli("mock", "--like-latency").code == 2


def test_fixture_is_calibrated_by_an_option_or_the_configuration(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    record = _record(played("created-with-a-string", FULL, refund(100)))
    with Journal(tmp_path) as journal:
        journal.write(record.header)
        for each in record.played:
            journal.write(each)
    tests = """
        def test_body(klarna_mock, client):
            assert client.refund(klarna_mock.order()).text == '"created"'
    """

    plugged(pytester, tests=tests).assert_outcomes(failed=1)
    plugged(pytester, "--klarna-like", str(tmp_path)).assert_outcomes(passed=1)
    plugged(pytester, "-o", f"klarna_like={tmp_path}").assert_outcomes(passed=1)
