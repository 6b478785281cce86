"""The same seed generates the same scenarios, wherever the packages are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis.strategies import integers

import klarna_conformance
import klarna_reports
import klarna_specs
import klarna_strategies
from klarna_conformance.drawing import draw

PACKAGES = (klarna_conformance, klarna_reports, klarna_specs, klarna_strategies)
CONSTANTS = "A = 123456\nB = 'fünfundzwanzig'\nC = 77777.5\nD = [2**40 + n for n in (1, 2, 3)]\n"
DIGEST = """
import hashlib
import msgspec
from klarna_conformance.drawing import draw
from klarna_specs.loader import load
from klarna_strategies.drawn_scenarios import scenarios

def digest():
    drawn = draw(scenarios(load()), count=60, seed=7)
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()
"""


def _printed(command: list[str], folder: Path, path: str) -> str:
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": ""}
    ran = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    return next((s for s in ran.stdout.split() if len(s) == 64), ran.stdout + ran.stderr)


@pytest.fixture(scope="module")
def sources() -> str:
    return os.pathsep.join(str(Path(str(p.__file__)).parent.parent) for p in PACKAGES)


@pytest.fixture(scope="module")
def here(sources: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("editable")
    return _printed(["-c", f"{DIGEST}\nprint(digest())"], folder, sources)


def test_installed_copy_generates_the_same_scenarios(here: str, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    for package in PACKAGES:
        folder = Path(str(package.__file__)).parent
        shutil.copytree(folder, installed / folder.name)

    assert _printed(["-c", f"{DIGEST}\nprint(digest())"], tmp_path, str(installed)) == here


def test_foreign_test_suite_generates_the_same_scenarios(
    here: str, sources: str, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(CONSTANTS, encoding="utf-8")
    test = f"import shop\n{DIGEST}\ndef test_it():\n    print(digest())\n"
    (tmp_path / "test_shop.py").write_text(test, encoding="utf-8")

    command = ["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_shop.py"]

    assert _printed(command, tmp_path, os.pathsep.join((str(tmp_path), sources))) == here


def test_many_values_begin_with_those_of_few_and_do_not_repeat_them() -> None:
    numbers = integers(0, 2**64)
    many = draw(numbers, count=600, seed=7)
    assert many[:250] == draw(numbers, count=250, seed=7)
    assert many == draw(numbers, count=600, seed=7)
    assert len(set(many)) > 500
