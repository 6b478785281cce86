"""The command line: `klarna-conformance`."""

import gc
import os
import sys
from pathlib import Path

import click
from click.shell_completion import add_completion_class

from klarna_conformance.cli.client import client
from klarna_conformance.cli.compare import compare
from klarna_conformance.cli.completing import WholeFishComplete
from klarna_conformance.cli.defaults_file import DEFAULTS_FILE, NO_DEFAULTS, defaults_of
from klarna_conformance.cli.diff import diff
from klarna_conformance.cli.doctor import doctor
from klarna_conformance.cli.drift import drift
from klarna_conformance.cli.explain import explain
from klarna_conformance.cli.init import init
from klarna_conformance.cli.list import list_requirements
from klarna_conformance.cli.mutants import mutants
from klarna_conformance.cli.openapi import openapi
from klarna_conformance.cli.plan import plan
from klarna_conformance.cli.replay import replay
from klarna_conformance.cli.report import report
from klarna_conformance.cli.run import run
from klarna_conformance.cli.schema import schema
from klarna_conformance.cli.show import show
from klarna_conformance.cli.verify import verify
from klarna_conformance.cli.watch.check import check
from klarna_conformance.cli.watch.mock import mock
from klarna_conformance.cli.watch.proxy import proxy

__all__ = ["main"]

_INTERRUPTED = 3
_INTERNAL = 5
_NEW_OBJECTS = (50_000, 20, 10)
"""So many objects are made between two searches for garbage: there are few cycles, and to find them
takes a tenth of a run by default."""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    no_args_is_help=True,
)
@click.option("--version", is_flag=True, help="Print the version, and exit.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="With --version: also of the dependencies, and the fingerprints of the specs.",
)
@click.option(
    "--no-defaults",
    is_flag=True,
    envvar=NO_DEFAULTS,
    help=f"Ignore {DEFAULTS_FILE} and [tool.klarna-conformance] in pyproject.toml.",
)
@click.pass_context
def _group(context: click.Context, version: bool, as_json: bool, no_defaults: bool) -> None:
    """Test a server or a client against Klarna's Order Management documentation.

    Covers refunds, return fees, release of the remaining authorization and extension of the due
    date. Without a target, commands use the built-in mock: no credentials, no network. Options that
    the command line does not give come from klarna-conformance.toml, if there is one
    (docs/defaults.md).

    \b
    Exit codes:
      0  conformant, or only accepted deviations
      1  nonconformant
      2  wrong usage or configuration
      3  not fully verified
      4  target unreachable, credentials refused, or no order can be provisioned
      5  internal error
    """
    if version:
        _print_version(as_json)
        context.exit()
    if as_json:
        raise click.UsageError("--json is an option of --version", context)
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    if not no_defaults:
        context.default_map = defaults_of(_group, Path.cwd())


for _command in (
    init,
    run,
    doctor,
    list_requirements,
    plan,
    replay,
    mock,
    mutants,
    report,
    verify,
    show,
    diff,
    compare,
    check,
    explain,
    drift,
    openapi,
    schema,
    client,
    proxy,
):
    _group.add_command(_command)


def _print_version(as_json: bool) -> None:
    if as_json:
        import json

        from klarna_conformance.cli.output.versions import versions

        click.echo(json.dumps(versions(), indent=2))
    else:
        from importlib.metadata import version

        click.echo(f"klarna-conformance, version {version('klarna-conformance')}")


def main() -> None:
    """Runs the command line; prints errors as one sentence, and exits with the documented code."""
    _keep_the_folder_clean()
    gc.set_threshold(*_NEW_OBJECTS)
    add_completion_class(WholeFishComplete)
    try:
        sys.exit(_group.main(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("Interrupted before anything was judged: not fully verified.", err=True)
        sys.exit(_INTERRUPTED)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except Exception as exc:
        if os.environ.get("KLARNA_CONFORMANCE_DEBUG"):
            raise
        from klarna_reports.words.printable import inert

        code, message = _explained(exc)
        click.echo(inert(f"Error: {message}"), err=True)
        sys.exit(code)
    finally:
        gc.freeze()  # the process ends: what it still holds need not be searched


def _keep_the_folder_clean() -> None:
    """Keeps the files of Hypothesis in the user's cache, instead of in the current folder."""
    from platformdirs import user_cache_path

    folder = user_cache_path("klarna-conformance") / "hypothesis"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder))


def _explained(exc: Exception) -> tuple[int, str]:
    """The exit code and the sentence for an exception."""
    from klarna_conformance.errors import ConformanceError, UsageError
    from klarna_reports.errors import ComparisonError, JournalError, MergeError
    from klarna_specs.errors import SpecError

    match exc:
        case ConformanceError():
            return exc.exit_code, str(exc)
        case SpecError() | JournalError() | MergeError() | ComparisonError():
            return UsageError.exit_code, str(exc)
        case _:
            hint = "set KLARNA_CONFORMANCE_DEBUG=1 for the traceback"
            return _INTERNAL, f"a defect of this program: {type(exc).__name__}: {exc} ({hint})"
