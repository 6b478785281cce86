import pytest

from klarna_specs.errors import SpecFileError
from klarna_specs.yaml_text import parse_yaml


def _problem(text: str) -> SpecFileError:
    with pytest.raises(SpecFileError) as caught:
        parse_yaml("shop.yaml", text)
    return caught.value


def test_values_are_plain_and_keep_their_types() -> None:
    text = parse_yaml("shop.yaml", 'pairs: 3\nopen: true\n"NO": [Oslo, "1"]\nnothing:\n')
    assert text.root == {"pairs": 3, "open": True, "NO": ["Oslo", "1"], "nothing": None}


def test_empty_file_is_the_value_null() -> None:
    assert parse_yaml("shop.yaml", "").root is None


def test_each_value_is_found_on_its_line() -> None:
    text = parse_yaml("shop.yaml", "a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    places = [("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("b", 1, "d")]
    assert [text.line(place) for place in places] == [1, 2, 3, 4, 4, 5]


def test_missing_value_has_the_line_of_its_parent() -> None:
    text = parse_yaml("shop.yaml", "a: 1\nb:\n  c: 2\n")
    assert (text.line(("b", "c", "x", 4)), text.line(("x",))) == (3, 1)


def test_error_names_the_file_and_the_line() -> None:
    error = parse_yaml("shop.yaml", "a: 1\nb: 2\n").error(("b",), "b is a lie")
    assert str(error) == "shop.yaml:2: b is a lie"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\nb: 'open\n", 3),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nowhere\n", 1),
        ("a: 1\nb: \x00\n", 1),
        ("a: 2020-99-99\n", 1),
    ],
)
def test_invalid_yaml_names_its_line(text: str, line: int) -> None:
    assert _problem(text).line == line


def test_forbidden_character_is_reported_in_one_line() -> None:
    assert len(str(_problem("a: \x00\n")).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: &known 2\n",
        "a: 1\nb: &known {c: 2}\n",
        "a: &known 1\nb: *known\n",
        "a: &known {c: 1}\nb: *known\n",
        "&known a: 1\nb: *known\n",
        "\ufeffa: &known 1\nb: *known\n",
    ],
)
def test_anchor_and_its_alias_are_refused(text: str) -> None:
    _problem(text)


@pytest.mark.parametrize(
    "value",
    ["!own 2", "!own {c: 2}", "!own [2]", "!!str 2", "!!set {c}", "!!python/name:os.getcwd []"],
)
def test_tag_is_refused_with_its_line(value: str) -> None:
    assert _problem(f"a: 1\nb: {value}\n").line == 2


def test_merge_key_is_refused_with_its_line() -> None:
    assert _problem("a: 1\nb:\n  <<: {c: 2}\n").line == 3


def test_duplicate_key_is_reported_at_the_second() -> None:
    problem = _problem("a: 1\nb: 2\na: 1\n")
    assert (problem.line, "'a'" in problem.problem) == (3, True)


@pytest.mark.parametrize("key", ["NO", "1", "1.5", "null", "2020-01-01", "[a]"])
def test_key_that_is_no_text_must_be_quoted(key: str) -> None:
    problem = _problem(f"a: 1\n? {key}\n: 2\n")
    assert (problem.line, "in quotes" in problem.problem) == (2, True)
