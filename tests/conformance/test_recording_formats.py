"""Cassettes and mappings are judged as HAR files are."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from .judged_recordings import BOUND, SHOP, deviating, judged
from .recorded_calls import (
    CAPTURED,
    ORDER,
    OTHER,
    REFUND,
    Entry,
    exvcr,
    go_vcr,
    php_vcr,
    read,
    refund,
    refunded,
    vcr,
    vcr_compressed,
    wiremock,
    wiremock_export,
    wiremock_states,
)

REFUNDED = [read(**CAPTURED), refund(500), refunded((REFUND, 500))]


def test_mappings_of_a_scenario_are_ordered_by_its_states(tmp_path: Path) -> None:
    summary = judged(tmp_path, wiremock_states(REFUNDED, SHOP))

    assert "FAIL" not in {verdict for verdict, _ in deviating(summary)}
    assert [each.reason for each in summary.unjudged] == ["it names no address, but a pattern"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "written",
    [vcr, vcr_compressed, php_vcr, exvcr, go_vcr, wiremock, wiremock_states, wiremock_export],
)
def test_cassettes_and_mappings_are_judged_like_har(
    written: Callable[[Sequence[Entry], str], str], mark: str, tmp_path: Path
) -> None:
    text = mark + written([refunded((OTHER, 1_000)), refund(4_500)], SHOP)

    assert ("FAIL", BOUND) in deviating(judged(tmp_path, text))


def test_exported_mappings_are_judged_in_the_order_of_their_recording(tmp_path: Path) -> None:
    found = deviating(judged(tmp_path, wiremock_export(REFUNDED, SHOP)))

    assert "FAIL" not in {verdict for verdict, _ in found}


def test_headers_that_no_mapping_names_are_unknown(tmp_path: Path) -> None:
    text = wiremock([read(**CAPTURED), refund(500)], SHOP)

    assert deviating(judged(tmp_path, text, "client")) == set()


STUBS = {
    "its response is not in the file": {"proxyBaseUrl": "https://api.example"},
    "its response is a template": {"jsonBody": {"order_id": "{{request.pathSegments.[3]}}"}},
}


@pytest.mark.parametrize("reason", STUBS)
def test_mappings_with_a_computed_response_are_listed(reason: str, tmp_path: Path) -> None:
    request = {"method": "GET", "url": f"/ordermanagement/v1/orders/{ORDER}"}
    summary = judged(tmp_path, json.dumps({"request": request, "response": STUBS[reason]}))

    assert (deviating(summary), [each.reason for each in summary.unjudged]) == (set(), [reason])


def test_a_fault_of_wiremock_is_a_call_without_a_response(tmp_path: Path) -> None:
    mapped = json.loads(wiremock([read(**CAPTURED), refund(500)], SHOP))
    mapped["mappings"][1]["response"] = {"fault": "CONNECTION_RESET_BY_PEER"}

    assert "FAIL" not in {verdict for verdict, _ in deviating(judged(tmp_path, json.dumps(mapped)))}
