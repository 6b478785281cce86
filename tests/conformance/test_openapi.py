"""The OpenAPI document is valid, complete, and consistent with the specs."""

import json
import re
from typing import Any

import openapi_spec_validator
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from klarna_conformance.cli.openapi import openapi
from klarna_conformance.errors import UsageError
from klarna_conformance.openapi import compile_openapi, is_open_body, only_described, operation_ids
from klarna_conformance.openapi.shapes import old_form
from klarna_specs.calls import KEY_HEADER
from klarna_specs.spec import Operation

from .mutant_servers import spec

VERSIONS = ("3.1", "3.0")
DOCUMENTS = {version: compile_openapi(spec(), version=version) for version in VERSIONS}
DOCUMENT = DOCUMENTS["3.1"]
OPERATIONS = [
    pytest.param(operation, path, id=identifier)
    for operation in spec().operations.values()
    for identifier, path in operation_ids(operation).items()
]


def described(operation: Operation, path: str) -> dict[str, Any]:
    return DOCUMENT["paths"][path][operation.method.lower()]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or what it refers to."""
    found: Any = part
    if "$ref" in part:
        found = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
    return found


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    whole = Resource(contents=DOCUMENT, specification=DRAFT202012)
    absolute = {"$ref": f"urn:document{schema['$ref']}"}
    registry = Registry().with_resource("urn:document", whole)
    return [e.message for e in Draft202012Validator(absolute, registry=registry).iter_errors(value)]


def bodies(part: Any) -> list[dict[str, Any]]:
    """Every media type in a part of the document."""
    if isinstance(part, list):
        return [body for each in part for body in bodies(each)]
    if not isinstance(part, dict):
        return []
    here = [part["application/json"]] if "application/json" in part else []
    return here + [body for each in part.values() for body in bodies(each)]


def keys_of(part: Any) -> set[str]:
    if isinstance(part, list):
        return {key for each in part for key in keys_of(each)}
    if not isinstance(part, dict):
        return set()
    return set(part) | {key for each in part.values() for key in keys_of(each)}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_valid_in_the_requested_version(version: str) -> None:
    openapi_spec_validator.validate(DOCUMENTS[version])
    assert DOCUMENTS[version]["openapi"].startswith(version)


def test_the_document_is_json_and_names_the_version_of_the_specs() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert DOCUMENT["info"]["version"] == spec().fingerprint


def test_the_server_is_the_requested_one() -> None:
    document = compile_openapi(spec(), base_url="http://127.0.0.1:8080/")

    assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]


def test_an_extension_is_at_both_paths_under_two_names() -> None:
    names = list(operation_ids(spec().operations["extendDueDate"]))

    assert names == ["extendDueDate", "extendDueDateByDescription"]


def test_the_document_has_exactly_the_documented_paths() -> None:
    documented = {path for o in spec().operations.values() for path in o.paths.values()}
    summaries = [
        (described(*each.values)["summary"], each.values[0].summary) for each in OPERATIONS
    ]

    assert set(DOCUMENT["paths"]) == documented
    assert [pair for pair in summaries if pair[0] != pair[1]] == []


@pytest.mark.parametrize(("operation", "path"), OPERATIONS)
def test_every_documented_status_is_described_and_no_range(operation: Operation, path: str) -> None:
    responses = {str(s) for r in operation.responses.values() for s in r.status}
    errors = {str(s) for code in spec().errors.values() for s in code.statuses if s < 500}
    described_statuses = set(described(operation, path)["responses"])

    assert responses | errors <= described_statuses
    assert [status for status in described_statuses if not re.fullmatch("[24]..", status)] == []


@pytest.mark.parametrize(("operation", "path"), OPERATIONS)
def test_a_path_has_its_parameters(operation: Operation, path: str) -> None:
    parameters = [resolved(p)["name"] for p in DOCUMENT["paths"][path]["parameters"]]

    assert parameters == re.findall(r"{(\w+)}", path)


@pytest.mark.parametrize(("operation", "path"), OPERATIONS)
def test_the_key_is_an_optional_header_of_changing_operations(
    operation: Operation, path: str
) -> None:
    parameters = [resolved(p) for p in described(operation, path).get("parameters", [])]
    headers = [(p["name"], p["in"], p["required"]) for p in parameters]

    assert headers == ([(KEY_HEADER, "header", False)] if operation.changes else [])


@pytest.mark.parametrize(("operation", "path"), OPERATIONS)
def test_a_request_body_is_described_where_documented(operation: Operation, path: str) -> None:
    assert ("requestBody" in described(operation, path)) is (operation.body is not None)


@pytest.mark.parametrize("creating", ["refundOrder", "captureOrder"])
def test_a_creating_response_has_a_location_and_an_id(creating: str) -> None:
    operation = spec().operations[creating]
    headers = described(operation, operation.path)["responses"]["201"]["headers"]
    demanded = {name: header["required"] for name, header in headers.items()}
    [documented] = [r for r in operation.responses.values() if r.creates]

    assert demanded == {"Location": True, documented.id_header[0]: False}


def test_a_body_has_the_limits_of_description_and_rules() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    amount = schemas["refund_request_limits"]["properties"]["refunded_amount"]

    assert schemas["order_line_limits"]["properties"]["name"]["maxLength"] == 255
    assert amount == {"type": "integer", "minimum": 0, "maximum": 200_000_000}


def test_compiling_does_not_change_the_specs() -> None:
    schema = spec().schemas["refund_request_limits"]

    assert "minimum" not in schema["properties"]["refunded_amount"]


def test_every_body_has_an_example_that_keeps_its_schema() -> None:
    found = [(b["schema"], b.get("examples", {})) for b in bodies(DOCUMENT)]

    assert [schema for schema, examples in found if not examples] == []
    assert [
        problem
        for schema, examples in found
        for example in examples.values()
        for problem in problems(schema, example["value"])
    ] == []


def test_an_example_that_breaks_its_schema_is_found() -> None:
    [body] = bodies(DOCUMENT["components"]["responses"]["refusal-404"])

    assert problems(body["schema"], {"error_code": 1})


def linked() -> dict[tuple[str, str], dict[str, Any]]:
    """Every link, by the operation it leads from and the one it leads to."""
    return {
        (operation["operationId"], link["operationId"]): link
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }


def test_links_lead_from_a_resource_to_its_operations() -> None:
    assert set(linked()) == {
        ("refundOrder", "getRefund"),
        ("captureOrder", "getCapture"),
        ("captureOrder", "getOptionsForExtendDueDate"),
        ("captureOrder", "extendDueDate"),
        ("captureOrder", "extendDueDateByDescription"),
        ("getOptionsForExtendDueDate", "extendDueDate"),
        ("getOptionsForExtendDueDate", "extendDueDateByDescription"),
    }


def test_a_link_has_every_parameter_of_its_path() -> None:
    paths = {
        name: path for o in spec().operations.values() for name, path in operation_ids(o).items()
    }
    given = {ends: set(link["parameters"]) for ends, link in linked().items()}

    assert given == {ends: set(re.findall(r"{(\w+)}", paths[ends[1]])) for ends in linked()}


def test_links_take_ids_from_headers_and_days_from_the_options() -> None:
    refund = linked()["refundOrder", "getRefund"]
    extension = linked()["getOptionsForExtendDueDate", "extendDueDate"]

    assert refund["parameters"]["refund_id"] == "$response.header.Refund-Id"
    assert extension["requestBody"] == {
        "number_of_days": "$response.body#/options/0/number_of_days"
    }


def test_openapi_3_0_has_no_keyword_of_3_1() -> None:
    assert keys_of(DOCUMENTS["3.0"]["components"]["schemas"]) & {"$schema", "$id", "const"} == set()
    reference = DOCUMENTS["3.0"]["components"]["schemas"]["refund"]["properties"]["reference"]
    assert reference == {"type": "string", "nullable": True}


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"type": ["integer", "null"]}, {"type": "integer", "nullable": True}),
        ({"type": ["integer", "string"]}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"exclusiveMaximum": 9}, {"maximum": 9, "exclusiveMaximum": True}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"examples": [1, 2]}, {"example": 1}),
        ({"$ref": "#/a", "title": "b"}, {"allOf": [{"$ref": "#/a"}], "title": "b"}),
        ({"items": {"const": 1}}, {"items": {"enum": [1]}}),
        ({"properties": {"const": {"const": 1}}}, {"properties": {"const": {"enum": [1]}}}),
        ({"anyOf": [{"const": 1}]}, {"anyOf": [{"enum": [1]}]}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
    ],
    ids=str,
)
def test_openapi_3_0_describes_the_same_schema(
    newer: dict[str, Any], older: dict[str, Any]
) -> None:
    assert old_form(newer) == older


def test_a_body_is_reduced_to_described_members_at_any_depth() -> None:
    line = {"name": "a", "quantity": 1.0, "x": None, "subscription": {"name": "b", "y": 1}}
    body = {"refunded_amount": 1, "z": [], "order_lines": [line, "no line"], "reference": 2}

    assert only_described(spec(), spec().operations["refundOrder"], body) == {
        "refunded_amount": 1,
        "order_lines": [{"name": "a", "quantity": 1, "subscription": {"name": "b"}}, "no line"],
        "reference": 2,
    }


def test_a_body_of_an_operation_without_one_stays_as_it_is() -> None:
    assert only_described(spec(), spec().operations["cancelOrder"], {"a": 1}) == {"a": 1}


LINE = {"name": "a", "quantity": 1, "unit_price": 1, "total_amount": 1}


@pytest.mark.parametrize(
    ("body", "is_open"),
    [
        ({"captured_amount": 1}, False),
        ({"captured_amount": -1}, False),
        ({"captured_amount": 1, "order_lines": [LINE | {"subscription": {}}]}, True),
        ({"captured_amount": 1, "reference": None}, True),
        ({"captured_amount": None}, False),
        ({"captured_amount": 1, "order_lines": 3, "reference": None}, False),
        ({"captured_amount": 1, "shipping_info": [[]]}, True),
        ([], False),
    ],
)
def test_body_that_a_server_may_accept_or_refuse_is_open(body: Any, is_open: bool) -> None:
    assert is_open_body(spec(), spec().operations["captureOrder"], body) is is_open


def test_members_of_a_subscription_are_required_as_published() -> None:
    line = DOCUMENT["components"]["schemas"]["order_line_limits"]
    subscription = line["properties"]["subscription"]

    assert subscription["required"] == ["interval", "interval_count", "name"]
    assert "x-expected" not in subscription


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("form", "read"), [("yaml", yaml.safe_load), ("json", json.loads)])
def test_the_command_writes_the_document(tmp_path: Any, version: str, form: str, read: Any) -> None:
    file = tmp_path / f"openapi.{form}"
    options = ["--version", version, "--format", form, "--output", str(file)]
    openapi.main(options, standalone_mode=False)

    assert read(file.read_text(encoding="utf-8")) == DOCUMENTS[version]


def test_the_command_prints_yaml_without_anchors_by_default(capsys: Any) -> None:
    openapi.main([], standalone_mode=False)
    printed = capsys.readouterr().out

    assert yaml.safe_load(printed) == DOCUMENT
    assert "&id" not in printed


def test_a_file_that_cannot_be_written_is_a_usage_error(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="choose another --output"):
        openapi.main(["--output", str(tmp_path / "no" / "where")], standalone_mode=False)
