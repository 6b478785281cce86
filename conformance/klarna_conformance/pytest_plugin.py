"""The pytest plugin: fixtures for tests of clients, and server requirements as test items.

Every pytest run of its users loads this module, so it has only hooks and fixtures, which import
what they need when they run; `klarna_conformance.testing` has the rest.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from klarna_conformance.testing.loop import LoopThread
    from klarna_conformance.testing.mock import KlarnaMock
    from klarna_specs.client.play import ClientScenario

__all__ = ["klarna_mock", "klarna_scenarios"]

_MOCK = pytest.StashKey["KlarnaMock"]()
_MARKER = (
    "klarna(judge=True, strict=False, timeout_s=1.0): how the traffic of a test with klarna_mock "
    "is judged when it ends; `timeout_s` is the request timeout of the client."
)
_PLAY = "klarna_specs.client.play"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options for testing a server."""
    group = parser.getgroup("klarna", "conformance with Klarna's Order Management documentation")
    group.addoption(
        "--klarna-target",
        metavar="TARGET",
        help="Test a server, one item per requirement: a target file (YAML), a URL, or `mock`.",
    )
    group.addoption(
        "--klarna-profile",
        metavar="NAME|FILE",
        help="Provider or edition, for servers and clients: klarna (the default), klarna-2024, "
        "kustom, or a profile file (YAML).",
    )
    group.addoption(
        "--klarna-output", metavar="DIR", help="Folder for the record and the report of that run."
    )
    group.addoption(
        "--klarna-deviations", metavar="FILE", help="YAML file of accepted deviations: they xfail."
    )
    group.addoption(
        "--klarna-like",
        metavar="DIR",
        help="Record of a run: klarna_mock takes each choice that the documentation leaves open as "
        "its target did.",
    )
    parser.addini("klarna_like", "The same as --klarna-like, relative to the root directory.")
    group.addoption(
        "--klarna-strict",
        action="store_true",
        help="Treat SHOULD violations as failures, for servers and clients.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker, and with a target the suite that tests it."""
    config.addinivalue_line("markers", _MARKER)
    if not config.getoption("klarna_target"):
        for name in ("output", "deviations"):
            if config.getoption(f"klarna_{name}"):
                raise pytest.UsageError(f"--klarna-{name} needs --klarna-target")
    else:
        from klarna_conformance.testing.suite import ServerSuite

        config.pluginmanager.register(ServerSuite(config), "klarna-server-suite")


@pytest.fixture(scope="session")
def _klarna_loop() -> "Generator[LoopThread]":  # pyright: ignore[reportUnusedFunction]
    from klarna_conformance.testing.loop import LoopThread

    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture
def klarna_mock(
    request: pytest.FixtureRequest, _klarna_loop: "LoopThread"
) -> "Generator[KlarnaMock]":
    """A mock of the API on a local socket, for tests of a client.

    It creates orders, injects faults, and shows exchanges and ledgers. When the test ends, the
    requests of the client are judged.
    """
    from klarna_conformance.testing.mock import KlarnaMock
    from klarna_conformance.testing.rules import rules_of

    config = request.config
    like = config.getoption("klarna_like") or config.getini("klarna_like")
    mock = KlarnaMock(
        _klarna_loop,
        rules_of(request.node),
        profile=config.getoption("klarna_profile"),
        like=config.rootpath / like if like else None,
    )
    request.node.stash[_MOCK] = mock
    yield mock
    mock.close()


@pytest.fixture
def klarna_scenarios() -> "Callable[..., tuple[ClientScenario, ...]]":
    """Scenarios for `klarna_mock.play`: `klarna_conformance.testing.klarna_scenarios`."""
    from klarna_conformance.testing.scenarios import klarna_scenarios

    return klarna_scenarios


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Judges the requests of a client, if its test has not failed."""
    yield
    mock = item.stash.get(_MOCK, None)
    if mock is not None:
        mock.judge(item.warn)


def pytest_make_parametrize_id(val: Any) -> str | None:
    """Names parametrized tests by their scenario."""
    import sys

    play = sys.modules.get(_PLAY)
    if play is None or not isinstance(val, play.ClientScenario):
        return None
    from klarna_conformance.testing.scenarios import scenario_id

    return scenario_id(val)
