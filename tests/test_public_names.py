"""What the packages export at the top: each name is documented by an example that works."""

import doctest
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from klarna_reports import Finding, Journal, Played
from klarna_reports.record.record import Footer, Header, TargetFacts
from klarna_specs import Exchange, OrderPlan, Payload, Request, Response, Scenario, Step, load
from klarna_specs.goals import Scope

PACKAGES = ("klarna_specs", "klarna_strategies", "klarna_reports")


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the journal of a run in which one refund was too large."""
    request = Request(
        method="POST",
        path="/ordermanagement/v1/orders/o-1/refunds",
        body=Payload('{"refunded_amount": 101}'),
    )
    plan = OrderPlan(market="SE", currency="SEK", order_amount=100, captures=(100,))
    header = Header(
        run_id="run-1",
        started_at="2024-05-01T12:00:00Z",
        seed=7,
        target=TargetFacts(name="sandbox", base_url="https://sandbox.example", kind="http"),
        versions={"klarna-conformance": "0.1.0"},
        specs=load().fingerprint,
        scope=Scope(),
        planned_scenarios=1,
        planned_requests=1,
    )
    finding = Finding(
        requirement="refund.within-captured-amount",
        verdict="FAIL",
        exchange=0,
        expected="a refusal",
        observed="201",
    )
    played = Played(
        id="s0001",
        scenario=Scenario(plan=plan, steps=(Step(operation="refundOrder"),)),
        exchanges=(Exchange(request=request, outcome=Response(status=201), step=0),),
        findings=(finding,),
    )
    with Journal(tmp_path / "conformance-report") as journal:
        for line in (header, played, Footer(wall_s=1.0, requests_sent=1)):
            journal.write(line)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize("package", PACKAGES)
def test_each_public_name_has_an_example_that_works(package: str) -> None:
    module = import_module(package)
    names: dict[str, Any] = {}
    failures = _failures(package, module.__doc__, names)
    for name in module.__all__:
        failures += _failures(name, getattr(module, name).__doc__, dict(names))
    assert failures == []


def _failures(name: str, text: str | None, names: dict[str, Any]) -> list[str]:
    """What the examples in a docstring print otherwise; a line where there is no example."""
    example = doctest.DocTestParser().get_doctest(text or "", names, name, None, None)
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example, out=said.append, clear_globs=False)
    names.update(example.globs)
    return said if example.examples else [f"{name} has no example"]


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_only_what_imports_its_names(package: str) -> None:
    code = f"import sys, {package}; print(*(n for n in sys.modules if n.startswith('klarna_')))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert {*printed.split()} == {package, "klarna_specs", "klarna_specs.on_use"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_hides_a_public_name(package: str) -> None:
    module = import_module(package)
    modules = {found.name for found in pkgutil.iter_modules(module.__path__)}
    assert modules.isdisjoint(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_misspelled_public_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="Specc"):
        _ = import_module(package).Specc
