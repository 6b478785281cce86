"""A curl line sends the bytes of the request, without secrets."""

import shlex
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klarna_reports.words.curl import curl_line
from klarna_specs.exchange import Payload, Request

ARGUMENTS = f"{sys.executable} -c 'import sys; print(ascii(sys.argv[1:]))' "


def request(**changes):
    return Request(**{"method": "POST", "path": "/orders/1/refunds", **changes})


def words_of(line):
    return shlex.split(line.rpartition(" | ")[2])


def test_a_line_has_method_headers_body_and_address():
    line = curl_line(
        "https://target.example/",
        request(
            headers=(("Content-Type", "application/json"), ("Klarna-Idempotency-Key", "k-1")),
            body=Payload('{"refunded_amount": 1}'),
        ),
    )
    assert words_of(line) == [
        *("curl", "--include", "--request", "POST"),
        *("--user", "$KLARNA_USERNAME:$KLARNA_PASSWORD"),
        *("--header", "Content-Type: application/json"),
        *("--header", "Klarna-Idempotency-Key: k-1"),
        *("--data-raw", '{"refunded_amount": 1}'),
        "https://target.example/orders/1/refunds",
    ]


@pytest.mark.parametrize(
    "header", ["Authorization", "Cookie", "Host", "Content-Length", "User-Agent", "Accept-Encoding"]
)
def test_secret_and_automatic_headers_are_omitted(header):
    assert "s3cret" not in curl_line("http://t", request(headers=((header, "s3cret"),)))


def test_without_credentials_none_are_sent():
    assert "--user" not in curl_line("http://t", request(credentials="none"))


def test_wrong_credentials_are_recognizable():
    assert "this-is-not-the-password" in curl_line(
        "http://t", request(credentials="wrong_password")
    )
    assert "this-is-nobody" in curl_line("http://t", request(credentials="wrong_username"))


def test_a_body_without_content_type_is_not_sent_as_a_form():
    assert "--header Content-Type:" in curl_line("http://t", request(body=Payload("{}")))


def test_an_empty_header_is_sent():
    assert "'X-Empty;'" in curl_line("http://t", request(headers=(("X-Empty", ""),)))


def test_dots_and_brackets_reach_the_server_as_they_are():
    line = curl_line("http://t", request(path="/orders/../{1}"))
    assert "--path-as-is" in line
    assert "--globoff" in line


@given(st.binary())
@settings(max_examples=20)
def test_any_body_comes_through_the_shell_byte_for_byte(raw):
    line = curl_line("http://t", request(body=Payload.of(raw)))
    head, pipe, _ = line.rpartition(" | ")
    if pipe and head.startswith("printf"):
        sent = subprocess.run(["bash", "-c", head], capture_output=True, check=True).stdout
    else:
        words = words_of(line)
        sent = words[words.index("--data-raw") + 1].encode() if raw else b""
    assert sent == raw


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
@settings(max_examples=20)
def test_no_text_escapes_its_quotes(text):
    line = curl_line("http://t", request(path="/" + text, headers=(("X", text),)))
    arguments = line.removeprefix("curl ")
    command = ["bash", "-c", ARGUMENTS + arguments]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert ascii("http://t/" + text) in shown
