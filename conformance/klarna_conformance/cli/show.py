"""`show`: open a report."""

from pathlib import Path

import click

from klarna_conformance import defaults
from klarna_conformance.cli.options import FOLDER

__all__ = ["show"]


@click.command()
@click.argument("directory", metavar="[DIR]", default=defaults.OUTPUT, type=FOLDER)
def show(directory: Path) -> None:
    """Open the report of a run in the browser.

    DIR is the folder of the run, by default the default --output of `run`. Prints the path where no
    browser can be opened.
    """
    import webbrowser

    from klarna_conformance.errors import UsageError
    from klarna_reports.render import FORMATS

    path = directory / FORMATS["html"]
    if not path.is_file():
        raise UsageError(f"there is no report at {path}; `run` and `report` write one")
    if not webbrowser.open(path.absolute().as_uri()):
        click.echo(f"No browser can be opened; the report is {path}")
