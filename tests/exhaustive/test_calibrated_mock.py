"""A mock calibrated by the record of a server makes the choices of that server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conformance.choices import choices, independent_server, share_alike
from ..conformance.conftest import Finished, Served

Cli = Callable[..., Finished]
BUDGET = ("--max-requests", 1_100, "--no-shrink")


def _verdicts(directory: Path) -> set[str]:
    listed = json.loads((directory / "run.json").read_text())["requirements"]
    return {each["verdict"] for each in listed}


@pytest.mark.parametrize("seed", [1, 2])
def test_calibrated_mock_takes_over_95_percent_of_the_choices(
    cli: Cli,
    target_file: Callable[..., Path],
    serve_mock: Callable[..., Served],
    tmp_path: Path,
    seed: int,
) -> None:
    """It is calibrated by seed 1, so that seed 2 sends requests that its record does not show."""
    learned, server, mock = (tmp_path / name for name in ("learned", "server", "mock"))
    with independent_server() as base_url:
        orders = {"orders": {"provisioner": "http", "url": f"{base_url}/orders"}}
        target = target_file(base_url, **orders)
        cli("run", target, *BUDGET, "--seed", 1, "--output", learned)
        cli("run", target, *BUDGET, "--seed", seed, "--output", server)
    calibrated = serve_mock("--like", str(learned))
    cli("run", target_file(calibrated.base_url), *BUDGET, "--seed", seed, "--output", mock)

    assert "FAIL" not in {*_verdicts(server), *_verdicts(mock)}
    assert share_alike(choices(server), choices(mock)) >= 0.95
