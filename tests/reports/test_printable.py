"""What comes from outside commands neither a terminal nor a CI system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_reports.words.printable import inert, printable


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("a\u202eb\udcff", "a\\u202eb\\udcff"),
        ("a\rb\u2028c\x85d", "a\\rb\\u2028c\\x85d"),
        ("Ärger\tmit 12 €\n", "Ärger\tmit 12 €\n"),
    ],
)
def test_what_moves_a_terminal_is_spelled_out(text: str, told: str) -> None:
    assert printable(text) == told


@pytest.mark.parametrize("command", ["::stop-commands::x", "  ::error::x", "\u2003::error::x"])
def test_no_line_begins_as_a_workflow_command(command: str) -> None:
    assert inert(f"told\n{command}\nmore") == f"told\n| {command}\nmore"


def test_a_command_of_the_older_form_is_broken_up_wherever_it_stands() -> None:
    assert inert("told ##[error]x") == "told # #[error]x"


def test_an_address_with_colons_stays() -> None:
    assert inert("http://[::1]:8080") == "http://[::1]:8080"


@given(st.text(alphabet=st.sampled_from("\x1b\x85\r\n\t :#[]ab\u2028\x0b\udc80")))
def test_whatever_stands_in_a_text_no_line_of_it_is_a_command(text: str) -> None:
    lines = inert(text).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert inert(inert(text)) == inert(text)
