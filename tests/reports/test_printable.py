"""Foreign text controls neither a terminal nor a CI system."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klarna_reports.page.shown import visible
from klarna_reports.words.printable import inert, printable


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("a\u202eb\udcff", "a\\u202eb\\udcff"),
        ("a\rb\u2028c\x85d", "a\\rb\\u2028c\\x85d"),
        ("Ärger\tmit 12 €\n", "Ärger\tmit 12 €\n"),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    assert printable(text) == escaped


@pytest.mark.parametrize("command", ["::stop-commands::x", "  ::error::x", "\u2003::error::x"])
def test_no_line_begins_as_a_workflow_command(command: str) -> None:
    assert inert(f"escaped\n{command}\nmore") == f"escaped\n| {command}\nmore"


def test_an_older_workflow_command_is_broken_up_anywhere() -> None:
    assert inert("escaped ##[error]x") == "escaped # #[error]x"


def test_an_address_with_colons_stays() -> None:
    assert inert("http://[::1]:8080") == "http://[::1]:8080"


@given(st.text(alphabet=st.sampled_from("\x1b\x85\r\n\t :#[]ab\u2028\x0b\udc80")))
def test_no_line_of_any_text_is_a_command(text: str) -> None:
    lines = inert(text).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert inert(inert(text)) == inert(text)


@pytest.mark.parametrize("escape", [printable, visible])
def test_every_escaped_character_is_escaped_in_a_text_of_its_own(
    escape: Callable[..., str],
) -> None:
    characters = [chr(code) for code in range(0x110000)]
    alone = "".join(map(escape, characters))
    assert alone == escape("".join(characters))
    assert escape("\0" * 1_000_000) == escape("\0") * 1_000_000
