import re
import shutil
from pathlib import Path

import pytest

from klarna_specs.bodies import violations
from klarna_specs.cache_files import DIRECTORY_VARIABLE
from klarna_specs.errors import SpecError, SpecFileError
from klarna_specs.loader import SPEC_DIRECTORY, load

SPEC = load()
FORMS = "forms.yaml"
REFUND = "operations/refund-order.yaml"
RELEASE = "operations/release-remaining-authorization.yaml"
WITHIN = "  - id: refund.within-captured-amount"
ACCEPTED = "  - id: refund.accepted"
RULE = "    rule: request.refunded_amount <= left"
WEAKER = "    weaker: {description: beyond_the_page}"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of the package's spec files."""
    copy = tmp_path / "specs"
    shutil.copytree(SPEC_DIRECTORY, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def _change(directory: Path, name: str, old: str, new: str) -> int:
    """Replaces the first occurrence; returns its line (from 1)."""
    path = directory / name
    text = path.read_text(encoding="utf-8")
    before, found, after = text.partition(old)
    assert found
    path.write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1


def _line(path: Path, text: str) -> int:
    return path.read_text(encoding="utf-8").splitlines().index(text) + 1


def _refusal(directory: Path) -> SpecFileError:
    with pytest.raises(SpecFileError) as caught:
        load(directory)
    return caught.value


def _refused_there(directory: Path, name: str, old: str, new: str) -> str:
    """The problem that is reported for the changed line, which the error names."""
    line = _change(directory, name, old, new)
    error = _refusal(directory)
    assert (error.file, error.line) == (str(directory / name), line)
    return error.problem


# Errors in a file name the file and the line


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param(REFUND, "operation: ", "\toperation: ", id="broken YAML"),
        pytest.param(REFUND, "prefix: refund\n", "operation: x\n", id="a key twice"),
        pytest.param(
            "markets.yaml",
            '"AT": {currency: "EUR", locale: "de-AT"}',
            '"AT": {currency: &a "EUR", locale: *a}',
            id="an alias",
        ),
        pytest.param(REFUND, "prefix: refund", "prefix: &a refund", id="an anchor"),
        pytest.param(REFUND, "prefix: refund", "prefix: !!str refund", id="a standard tag"),
        pytest.param(REFUND, "body: {schema", "body: !own {schema", id="a tag of its own"),
        pytest.param(REFUND, "body: {schema: refund_request", "body: {<<: {}", id="a merge key"),
        pytest.param("markets.yaml", '"NO": {', "NO: {", id="unquoted NO as a key"),
        pytest.param("markets.yaml", '"NL", "NO", "PT"', '"NL", NO, "PT"', id="unquoted NO listed"),
        pytest.param(REFUND, "changes: true", "changes: 3", id="a wrong type"),
        pytest.param(REFUND, "method: POST", "method: PUT", id="a word not in the list"),
        pytest.param(REFUND, "    level: MUST", "    level: MAY", id="an unknown level"),
        pytest.param(REFUND, "status: [201]", "status: 201", id="a number for a list"),
        pytest.param("sources.yaml", "carries: MUST", "carries: MAY", id="a wrong source"),
        pytest.param("errors.yaml", "statuses: [403]", "statuses: [x]", id="a wrong error code"),
    ],
)
def test_error_in_a_line_names_file_and_line(specs: Path, name: str, old: str, new: str) -> None:
    assert _refused_there(specs, name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new", "at", "names"),
    [
        (REFUND, "    level: MUST", "    levle: MUST", "    levle: MUST", "level"),
        (REFUND, "    otherwise: refused", "    otherwise: nowhere", WITHIN, "otherwise"),
        (REFUND, "upon: [refused]", "upon: [nowhere]", "  - id: refund.refusal-status", "nowhere"),
        (REFUND, RULE, f"{RULE}\n    check: accepted", WITHIN, "a rule or a check"),
        (REFUND, "    check: accepted\n", "", ACCEPTED, "a rule or a check"),
        (REFUND, "    source: page", "    source: idempotency", ACCEPTED, "MUST"),
        (REFUND, "    source: page", "    source: hearsay", ACCEPTED, "hearsay"),
        (REFUND, WEAKER, "    weaker: {hearsay: beyond_the_page}", ACCEPTED, "hearsay"),
        (FORMS, "  long-key:", "  longish-key:", "  longish-key:", "'longish-key'"),
        (FORMS, "g: documented", "g: open", "  whitespace-around-json:", "whitespace-around-json"),
        (FORMS, "    standing: open", "    standing: excluded", "forms:", "'media-type'"),
        (FORMS, "    source: idempotency", "    source: hearsay", "  long-key:", "'hearsay'"),
    ],
)
def test_wrong_requirement_or_form_is_reported_with_its_line_and_problem(
    specs: Path, name: str, old: str, new: str, at: str, names: str
) -> None:
    _change(specs, name, old, new)
    error = _refusal(specs)
    assert (error.file, error.line) == (str(specs / name), _line(specs / name, at))
    assert names in error.problem
    assert len(str(error).splitlines()) == 1


LEFT = "  left: order.captured_amount - order.refunded_amount"
OPTIONS = "operations/get-extension-options.yaml"
OR_SUCCESS = "or_success: size(response.options) == 0"


@pytest.mark.parametrize(
    ("name", "old", "new", "names"),
    [
        (REFUND, RULE, f"{RULE} <=", "<="),
        (REFUND, "    when: charges_fee\n", "    when: charges_fee(\n", "charges_fee("),
        (REFUND, "    silent: order.capture_count == 1", "    silent: == 1", "== 1"),
        (REFUND, "one-minor-unit: request.r", "one-minor-unit: request..r", "request..r"),
        (REFUND, LEFT, f"{LEFT} -", "order.refunded_amount -"),
        (REFUND, WEAKER, "    weaker: {description: beyond_the_page(}", "beyond_the_page("),
        ("common.yaml", 'rule: call.credentials != "none"', "rule: call.credentials !=", "!="),
        (OPTIONS, OR_SUCCESS, 'or_success: "size("', "size("),
        (REFUND, RULE, "    rule: request.refunded_amonut <= left", "mean refunded_amount?"),
        (REFUND, RULE, "    rule: request.refunded_amount <= lft", "no lft; did you mean left?"),
        (REFUND, RULE, "    rule: line_tax_agrees", "a term of one line stands where no line is"),
        (REFUND, LEFT, "  left: order.captured_amount - ordre.refunded_amount", "mean order?"),
        (REFUND, "line.quantity > 1", "line.quantitty > 1", "mean quantity?"),
        (
            REFUND,
            "order_lines.exists(line, line.q",
            "order_lines.exits(line, line.q",
            "mean exists?",
        ),
        (REFUND, WEAKER, "    weaker: {description: beyond_page}", "mean beyond_the_page?"),
        ("common.yaml", "rule: call.order_known", "rule: call.order_unknown", "order_known"),
        ("common.yaml", '!= "none"', '!= "nobody"', 'call.credentials is never "nobody"'),
        ("common.yaml", '["valid", "none",', '["valid", "non",', "did you mean none?"),
        ("common.yaml", '"media-type" in', '"media-types" in', "did you mean media-type?"),
        (REFUND, 'line.type == "return_fee"', 'line.type == "returnfee"', "return_fee"),
        (OPTIONS, OR_SUCCESS, "or_success: size(response.optoins) == 0", "mean options?"),
        (OPTIONS, "in markets.extension", "in markets.extensions", "mean extension?"),
        ("followed.yaml", "order.cancelled", "order.canceled", "mean cancelled?"),
    ],
)
def test_wrong_expression_names_its_line_and_a_suggestion(
    specs: Path, name: str, old: str, new: str, names: str
) -> None:
    problem = _refused_there(specs, name, old, new)
    assert (names in problem, "\n" in problem) == (True, False)


@pytest.mark.parametrize(
    ("name", "old", "new", "names"),
    [
        (REFUND, "success: created", "success: nowhere", "nowhere"),
        (REFUND, "schema: refund_request,", "schema: nowhere,", "nowhere"),
        (REFUND, "limits: refund_request_limits", "limits: nowhere", "nowhere"),
        (
            REFUND,
            "kind: success, status: [201], body: any",
            "kind: success, status: [201], body: x",
            "x",
        ),
        (
            REFUND,
            "broken_across: {layout: undisputed}",
            "broken_across: {layout: nowhere}",
            "nowhere",
        ),
        (REFUND, "across: {market: return_fee}", "across: {market: nowhere}", "nowhere"),
        (REFUND, "layout: [one-partial-open", "layout: [nowhere", "nowhere"),
        (REFUND, "source: page\nchanges", "source: hearsay\nchanges", "hearsay"),
        ("markets.yaml", '"SK", "US"]', '"SK", "XX"]', "XX"),
        ("errors.yaml", "source: page", "source: hearsay", "hearsay"),
        ("common.yaml", "applies_to: all", "applies_to: nowhere", "nowhere"),
        (REFUND, "effect: refund", "effect: refnud", "mean refund?"),
        (RELEASE, "layout: one-partial-open", "layout: one-open", "no layout 'one-open'"),
    ],
)
def test_unknown_name_is_refused(specs: Path, name: str, old: str, new: str, names: str) -> None:
    _change(specs, name, old, new)
    error = _refusal(specs)
    assert (error.file, names in error.problem) == (str(specs / name), True)


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        (RELEASE, "client: true", "client: true\nexample: {}", "an example, but no body"),
        (REFUND, "example: {refunded_amount: 1}\n", "", "no example of the body"),
        (REFUND, "example: {refunded_amount: 1}", 'example: {refunded_amount: "1"}', "breaks the"),
    ],
)
def test_example_that_does_not_fit_the_body_is_refused(
    specs: Path, name: str, old: str, new: str, problem: str
) -> None:
    _change(specs, name, old, new)
    error = _refusal(specs)
    assert (error.file, problem in error.problem) == (str(specs / name), True)


@pytest.mark.parametrize("name", [REFUND, "common.yaml"])
def test_unknown_check_names_its_line_and_a_known_one(specs: Path, name: str) -> None:
    problem = _refused_there(specs, name, "    check: status\n", "    check: statsu\n")
    assert problem.endswith("there is no check 'statsu'; did you mean status?")


@pytest.mark.parametrize(
    ("old", "new"),
    [("upon: [any]", "upon: [nowhere]"), ("source: elementary", "source: hearsay")],
)
def test_error_in_common_requirements_names_its_line(specs: Path, old: str, new: str) -> None:
    _change(specs, "common.yaml", old, new)
    error, line = _refusal(specs), _line(specs / "common.yaml", "  - id: answers")
    assert (error.file, error.line) == (str(specs / "common.yaml"), line)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (REFUND, "- id: refund.refusal-status", "- id: refund.accepted"),
        ("operations/cancel-order.yaml", "- id: cancel.accepted", "- id: refund.accepted"),
        ("untested.yaml", "- id: untested.money-reaches-customer", "- id: refund.accepted"),
        (
            "contradictions.yaml",
            "- id: contradiction.error-status",
            "- id: contradiction.error-message-member",
        ),
    ],
)
def test_duplicate_id_names_file_and_line(specs: Path, name: str, old: str, new: str) -> None:
    assert _refused_there(specs, name, old, new)


def test_operation_in_two_files_is_refused(specs: Path) -> None:
    _change(specs, "operations/get-capture.yaml", "operation: getCapture", "operation: getRefund")
    with pytest.raises(SpecError, match="getRefund"):
        load(specs)


def test_file_with_another_top_key_is_refused_with_the_right_one(specs: Path) -> None:
    _change(specs, "errors.yaml", "errors:", "codes:")
    assert _refusal(specs).problem == "'codes' is unknown; there are errors"


@pytest.mark.parametrize("name", ["common.yaml", "markets.yaml", "untested.yaml"])
def test_empty_file_is_refused(specs: Path, name: str) -> None:
    (specs / name).write_text("", encoding="utf-8")
    assert _refusal(specs).file == str(specs / name)


@pytest.mark.parametrize("name", ["common.yaml", "errors.yaml", "contradictions.yaml"])
def test_missing_file_is_named(specs: Path, name: str) -> None:
    (specs / name).unlink()
    with pytest.raises(SpecError, match=re.escape(str(specs / name))):
        load(specs)


def test_directory_without_operations_is_refused(specs: Path) -> None:
    shutil.rmtree(specs / "operations")
    with pytest.raises(SpecError, match="operations"):
        load(specs)


def test_schema_that_is_not_json_is_named(specs: Path) -> None:
    (specs / "schemas" / "order.json").write_text("{", encoding="utf-8")
    with pytest.raises(SpecError, match=re.escape("order.json")):
        load(specs)


def test_copy_of_the_files_is_the_same_spec(specs: Path) -> None:
    assert load(specs) == SPEC


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (REFUND, "Refund part", "Refund a part"),
        ("untested.yaml", "The customer receives", "The customer gets"),
        ("schemas/refund.json", "A refund of an order", "A refund"),
    ],
)
def test_fingerprint_changes_with_any_file(specs: Path, name: str, old: str, new: str) -> None:
    _change(specs, name, old, new)
    assert load(specs).fingerprint != SPEC.fingerprint


def test_changed_schema_is_used(specs: Path) -> None:
    assert violations(SPEC, "extension_request", {"number_of_days": 1}) == ()
    _change(specs, "schemas/extension_request.json", '"integer"', '"integer", "minimum": 2')
    changed = violations(load(specs), "extension_request", {"number_of_days": 1})
    assert changed == ("$.number_of_days: 1 is less than the minimum of 2",)


def test_specs_of_the_cache_are_those_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, "")
    decoded = load(_copy(tmp_path / "decoded"))
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path / "cache"))
    assert load(_copy(tmp_path / "written")) == decoded
    (kept,) = (tmp_path / "cache" / "decoded").iterdir()
    before = kept.read_bytes()
    assert load(_copy(tmp_path / "read")) == decoded

    kept.write_bytes(before[:-9])
    assert load(_copy(tmp_path / "again")) == decoded
    assert kept.read_bytes() == before


def test_changed_file_is_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path / "cache"))
    load(_copy(tmp_path / "before"))
    changed = _copy(tmp_path / "after")
    (changed / "markets.yaml").write_text("markets: nothing", encoding="utf-8")
    with pytest.raises(SpecFileError):
        load(changed)


def _copy(folder: Path) -> Path:
    return Path(shutil.copytree(SPEC_DIRECTORY, folder))
