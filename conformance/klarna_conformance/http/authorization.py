"""The Authorization headers of a call: valid credentials, and every invalid kind."""

import base64
from collections.abc import Iterator

from klarna_specs.scenario import Credentials

__all__ = ["Authorization"]

_NO_TOKEN = "a%"  # noqa: S105 - not Base64: it has no such character
_PREFIX = {"other_scheme": "Bearer ", "other_case_scheme": "basic "}


class Authorization:
    """Makes the Authorization headers for each kind of credentials."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._made: dict[Credentials, tuple[str, ...]] = {}

    def headers(self, kind: Credentials) -> tuple[str, ...]:
        """The values of the header, in the order in which they are sent."""
        if kind not in self._made:
            self._made[kind] = self._values(kind)
        return self._made[kind]

    def _values(self, kind: Credentials) -> tuple[str, ...]:
        match kind:
            case "none":
                return ()
            case "not_encoded":
                return (f"Basic {self._pair('valid')}",)
            case "not_base64":
                return (f"Basic {_NO_TOKEN}",)
            case "second_header":
                return (*self.headers("wrong_password"), *self.headers("valid"))
            case _:
                return (_PREFIX.get(kind, "Basic ") + _token(self._pair(kind)),)

    @property
    def secrets(self) -> Iterator[str]:
        """Every text that reveals the credentials."""
        yield from (self._username, self._password)
        yield from (self._password[:-1], self._password.swapcase())
        for kind in ("valid", "wrong_password", "wrong_username", "other_case_password", "swapped"):
            pair = self._pair(kind)
            yield from (pair, _token(pair))

    def _pair(self, kind: Credentials) -> str:
        username, password = self._username, self._password
        pairs: dict[Credentials, str] = {
            # The smallest difference: a server that compares prefixes accepts it.
            "wrong_password": f"{username}:{password[:-1]}",
            "wrong_username": f"{username}x:{password}",
            "longer_password": f"{username}:{password}:x",
            "other_case_password": f"{username}:{_in_other_case(password)}",
            "spaced_password": f"{username}:{password} ",
            "no_password": f"{username}:",
            "username_alone": username,
            "empty": ":",
            "swapped": f"{password}:{username}",
        }
        return pairs.get(kind, f"{username}:{password}")


def _in_other_case(password: str) -> str:
    """The password with every letter in the other case; without letters, it gets one more."""
    return password.swapcase() if password.swapcase() != password else f"{password}X"


def _token(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()
