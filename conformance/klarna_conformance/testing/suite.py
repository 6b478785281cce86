"""`--klarna-target`: the server requirements as tests of a pytest run."""

import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from klarna_conformance.errors import ConformanceError
from klarna_conformance.run.starting import Wanted
from klarna_conformance.target.chosen_profile import profile_of
from klarna_conformance.testing.items import SUITE, RequirementItem, markers, named_as, suite_items
from klarna_conformance.testing.server_run import Broke, Outcome, ServerRun
from klarna_reports.render import FORMATS
from klarna_reports.words.printable import inert
from klarna_specs.errors import SpecError
from klarna_specs.goals import Scope
from klarna_specs.loader import load
from klarna_specs.spec import Requirement

__all__ = ["ServerSuite"]

_NAMED = f"{SUITE}::"
"""The beginning of command-line arguments that name items of the suite."""
_SHARED = "klarna_shared"
"""The key of the folder that the workers of pytest-xdist share, in their input."""


class ServerSuite:
    """The hooks that add an item for each requirement, and start the run behind them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        option = config.option
        try:
            self._spec = load(profile=profile_of(option.klarna_target, option.klarna_profile))
        except SpecError as exc:
            raise pytest.UsageError(inert(f"--klarna-profile: {exc}")) from exc
        for name, meaning in markers(self._spec):
            config.addinivalue_line("markers", f"{name}: {meaning}")
        self._named = tuple(arg for arg in config.args if arg.startswith(_NAMED))
        config.args[:] = [arg for arg in config.args if not arg.startswith(_NAMED)]
        self._requirements = tuple(
            each
            for each in self._spec.requirements
            if not self._named or any(_is_meant(each, name) for name in self._named)
        )
        given: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._is_worker = given is not None
        self._shared = Path(given[_SHARED] if given else tempfile.mkdtemp(prefix="klarna-"))
        output, folder = config.option.klarna_output, config.invocation_params.dir
        self._output = folder / output if output else self._shared / "record"
        wanted = _wanted(config, self._named)
        self._run = ServerRun(self._spec, wanted, self._output, self._shared)
        self._scope = Scope()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Refuses a wrong configuration before anything else happens."""
        if self._is_worker:
            return
        for name in self._named:
            if not any(_is_meant(each, name) for each in self._requirements):
                raise pytest.UsageError(f"--klarna-target: there is no test {name}")
        try:
            if not self._config.option.collectonly:
                self._run.check()
        except ConformanceError as exc:
            raise pytest.UsageError(inert(f"--klarna-target: {exc}")) from exc

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Gives the shared folder to a worker of pytest-xdist."""
        node.workerinput[_SHARED] = str(self._shared)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Adds the items before other plugins select among all."""
        items.extend(suite_items(session, self._requirements, self._outcome))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Limits the scope of the run to the selected requirements."""
        left = tuple(
            item.requirement.id for item in session.items if isinstance(item, RequirementItem)
        )
        everything = {requirement.id for requirement in self._spec.requirements}
        self._scope = Scope() if set(left) == everything else Scope(requirements=left)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fails a run that is not conformant, even if no single item fails."""
        outcome = None if self._is_worker else self._run.outcome
        if outcome is None or exitstatus != pytest.ExitCode.OK:
            return
        if isinstance(outcome, Broke) or outcome.summary.exit_code:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Prints the verdict of the run, and the path of its report."""
        outcome = self._run.outcome
        if outcome is None or isinstance(outcome, Broke):
            return
        summary = outcome.summary
        terminalreporter.section(f"{summary.target.name}: {summary.headline}"[:100])
        terminalreporter.line(inert(summary.reason))
        terminalreporter.line(
            f"{summary.exchanges} requests judged in {summary.scenarios} scenarios, "
            f"{summary.wall_s:.1f} s, seed {summary.seed}"
        )
        for error in summary.errors:
            terminalreporter.line(inert(f"ERROR {error}"), red=True)
        kept = f"Report: {self._output / FORMATS['html']}"
        terminalreporter.line(
            kept if self._config.option.klarna_output else "--klarna-output DIR keeps the report"
        )

    def pytest_unconfigure(self) -> None:
        """Removes the temporary folder."""
        if not self._is_worker:
            shutil.rmtree(self._shared, ignore_errors=True)

    def _outcome(self) -> Outcome:
        return self._run.happen(self._scope, self._log)

    def _log(self, line: str) -> None:
        """Prints a line about the progress, unless this is a worker."""
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not self._is_worker:
            reporter.write_line(line)


def _is_meant(requirement: Requirement, name: str) -> bool:
    """Whether a command-line argument names the item of a requirement, or a parent of it."""
    parts = [part for part in name.split("::") if part]
    return named_as(requirement).split("::")[: len(parts)] == parts


def _wanted(config: pytest.Config, named: tuple[str, ...]) -> Wanted:
    option, deviations = config.option, config.option.klarna_deviations
    return Wanted(
        target=option.klarna_target,
        deviations=config.invocation_params.dir / deviations if deviations else None,
        strict=option.klarna_strict,
        command=_command(option, named),
    )


def _command(option: Any, named: tuple[str, ...]) -> str:
    """The command line that repeats the run; options of other plugins may be secret."""
    words = ["pytest", "--klarna-target", option.klarna_target, *named]
    if option.klarna_deviations:
        words += ["--klarna-deviations", option.klarna_deviations]
    if option.klarna_strict:
        words.append("--klarna-strict")
    if option.klarna_profile:
        words += ["--klarna-profile", option.klarna_profile]
    for flag, expression in (("-k", option.keyword), ("-m", option.markexpr)):
        words += [flag, expression] if expression else []
    return shlex.join(words)
