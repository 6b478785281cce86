"""A request as a curl command for bash or zsh; credentials come from the environment."""

import shlex
from collections.abc import Iterable, Iterator

from klarna_specs.exchange import Payload, Request
from klarna_specs.scenario import Credentials

__all__ = ["authorization_words", "curl_line"]

_USER: dict[Credentials, str] = {
    "valid": '"$KLARNA_USERNAME:$KLARNA_PASSWORD"',
    "wrong_password": '"$KLARNA_USERNAME:this-is-not-the-password"',
    "wrong_username": '"this-is-nobody:$KLARNA_PASSWORD"',
    "longer_password": '"$KLARNA_USERNAME:$KLARNA_PASSWORD:x"',
    "other_case_password": (
        '"$KLARNA_USERNAME:$(printf %s "$KLARNA_PASSWORD" | tr a-zA-Z A-Za-z)"'
    ),
    "spaced_password": '"$KLARNA_USERNAME:$KLARNA_PASSWORD "',
    "no_password": '"$KLARNA_USERNAME:"',
    "empty": '":"',
    "swapped": '"$KLARNA_PASSWORD:$KLARNA_USERNAME"',
}
_ENCODED = '$(printf %s "$KLARNA_USERNAME:$KLARNA_PASSWORD" | base64 | tr -d "\\n")'
_AUTHORIZATION: dict[Credentials, tuple[str, ...]] = {
    "username_alone": ('Basic $(printf %s "$KLARNA_USERNAME" | base64 | tr -d "\\n")',),
    "not_encoded": ("Basic $KLARNA_USERNAME:$KLARNA_PASSWORD",),
    "not_base64": ("Basic a%",),
    "other_scheme": (f"Bearer {_ENCODED}",),
    "other_case_scheme": (f"basic {_ENCODED}",),
    "second_header": ("Basic dGhpcy1pczpub2JvZHk=", f"Basic {_ENCODED}"),
}
_BLANKS = {ord(blank): None for blank in "\n\t"}
_NOT_REPEATED = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "proxy-authorization",
        "user-agent",
    }
)


def curl_line(base_url: str, request: Request) -> str:
    """The request as a curl command that can be pasted into bash or zsh.

    The credentials come from the environment variables KLARNA_USERNAME and KLARNA_PASSWORD.
    """
    body = request.body
    inline = not body.raw or _is_plain(body)
    words = ["curl", "--include", "--request", _quoted(request.method)]
    words.extend(_exactly(request.path))
    words.extend(authorization_words(request.credentials))
    words.extend(_headers(request))
    if body.raw:
        words.extend(("--data-raw", _quoted(body.text)) if inline else ("--data-binary", "@-"))
    words.append(_quoted(base_url.rstrip("/") + request.path))
    line = " ".join(words)
    return line if inline else f"printf -- '{_octal(body.raw)}' | {line}"


def authorization_words(credentials: Credentials) -> Iterator[str]:
    """The words of a curl command for this kind of credentials, from the environment."""
    if credentials in _USER:
        yield from ("--user", _USER[credentials])
    for value in _AUTHORIZATION.get(credentials, ()):
        yield from ("--header", f'"Authorization: {value}"')


def _exactly(path: str) -> Iterable[str]:
    if "/." in path:
        yield "--path-as-is"
    if any(character in path for character in "[]{}"):
        yield "--globoff"


def _headers(request: Request) -> Iterable[str]:
    for name, value in request.headers:
        if name.lower() not in _NOT_REPEATED:
            yield from ("--header", _quoted(f"{name}: {value}" if value else f"{name};"))
    if request.body.raw and request.header("content-type") is None:
        yield from ("--header", "Content-Type:")  # or curl would call the body a form


def _is_plain(body: Payload) -> bool:
    return body.encoding == "utf-8" and _shown(body.text)


def _shown(text: str) -> bool:
    return text.isprintable() or text.translate(_BLANKS).isprintable()


def _quoted(text: str) -> str:
    if _shown(text):
        return shlex.quote(text)
    escaped = (c if c.isprintable() and c not in "\\'" else _escaped(c) for c in text)
    return "$'" + "".join(escaped) + "'"


def _escaped(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def _octal(raw: bytes) -> str:
    return "".join(_printf(byte) for byte in raw)


def _printf(byte: int) -> str:
    if byte == ord("%"):
        return "%%"
    plain = 32 <= byte < 127 and byte not in b"\\'"
    return chr(byte) if plain else f"\\{byte:03o}"
