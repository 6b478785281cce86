"""The explorer embeds every exchange of a record, up to a size limit."""

import base64
import json
import random
import zlib

import msgspec
import pytest

from klarna_reports.page.explorer import Weights, explore
from klarna_reports.summary.summary import summarise
from klarna_specs.exchange import Payload

from .findings import RULE, finding


def unpacked(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def contents_of(explorer):
    return [one for chunk in explorer.chunks for one in unpacked(chunk)]


@pytest.fixture
def explored(gathered):
    def explored(spec, record, **options):
        weights = gathered(Weights(summarise(spec, record)), record)
        return explore(spec, record, weights, **options)

    return explored


@pytest.fixture
def scenarios(played):
    return [
        played(finding("PASS"), identifier="s1", steps=2),
        played(finding("FAIL", exchange=1), identifier="s2", steps=3),
    ]


def test_every_exchange_is_listed_with_its_contents(explored, spec, record, scenarios):
    explorer = explored(spec, record(*scenarios))
    assert (explorer.rows, explorer.whole, explorer.exchanges) == (5, 5, 5)
    assert len(contents_of(explorer)) == 5


def test_scenarios_with_deviations_come_first(explored, spec, record, scenarios):
    packed = unpacked(explored(spec, record(*scenarios)).columns)
    columns = packed["columns"]
    places = zip(columns["scenario"], columns["index"], strict=True)
    names = [(packed["scenario"][scenario], index) for scenario, index in places]
    assert names == [("s2", 0), ("s2", 1), ("s2", 2), ("s1", 0), ("s1", 1)]


def test_an_exchange_is_listed_with_its_filter_values(explored, spec, record, scenarios):
    packed = unpacked(explored(spec, record(*scenarios)).columns)
    row = {name: column[1] for name, column in packed["columns"].items()}
    assert packed["operation"][row["operation"]] == "refundOrder"
    assert packed["outcome"][row["outcome"]] == "201"
    assert packed["market"][row["market"]] == "SE"
    assert packed["layout"][row["layout"]] == "one-full"
    assert row["took"] == 25_000
    ((requirement, verdict),) = packed["judgement"][row["judgement"]]
    assert (packed["requirement"][requirement], packed["verdict"][verdict]) == (RULE, "FAIL")


def test_an_exchange_holds_request_response_curl_line_and_findings(
    explored, spec, record, scenarios
):
    held = contents_of(explored(spec, record(*scenarios)))[1]
    assert held["path"] == "POST /ordermanagement/v1/orders/1/refunds"
    assert held["request_headers"][0] == "Credentials: valid"
    assert held["body"] == '{"refunded_amount": 10001, "order_lines": []}'
    assert held["line"] == "HTTP 201 after 250 ms"
    assert held["response_headers"] == ["Refund-Id: r-1"]
    assert held["curl"].startswith("curl --include --request POST")
    assert held["findings"] == [[RULE, "FAIL", "a refusal", "the refund was made"]]


def with_random_bodies(played, exchange, count):
    draw = random.Random(7)
    bodies = (Payload(draw.randbytes(3000).hex()) for _ in range(count))
    requests = (msgspec.structs.replace(exchange.request, body=body) for body in bodies)
    exchanges = tuple(msgspec.structs.replace(exchange, request=request) for request in requests)
    return played(finding("PASS"), exchanges=exchanges)


def test_exchanges_beyond_the_size_limit_have_no_contents(explored, spec, record, played, exchange):
    whole = record(with_random_bodies(played, exchange, 1000))
    explorer = explored(spec, whole, room=2_000_000)
    assert explorer.rows == 1000
    assert 0 < explorer.whole < 1000
    assert len(contents_of(explorer)) == explorer.whole == unpacked(explorer.columns)["whole"]
    assert sum(map(len, explorer.chunks)) <= 2_000_000


def test_a_long_body_is_cut_with_a_note(explored, spec, record, played, exchange):
    request = msgspec.structs.replace(exchange.request, body=Payload("x" * 100_000))
    sent = played(exchanges=(msgspec.structs.replace(exchange, request=request),))
    (held,) = contents_of(explored(spec, record(sent)))
    assert held["body"].endswith("(96000 more characters)")
    assert held["curl"] == ""


def test_a_record_without_exchanges_has_an_empty_explorer(explored, spec, record):
    explorer = explored(spec, record())
    assert (explorer.rows, explorer.chunks) == (0, ())
    assert unpacked(explorer.columns)["columns"]["scenario"] == []
