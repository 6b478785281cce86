"""The step summary and the annotations for GitHub Actions."""

import os
from pathlib import Path

import click

from klarna_conformance.errors import cannot_write
from klarna_reports.formats.markdown import annotations, markdown
from klarna_reports.record.results import Summary

__all__ = ["write_to_github"]


def write_to_github(summary: Summary) -> None:
    """Appends to the summary of the step, and prints the annotations on stderr.

    The runner reads commands from both streams, and stdout may be read by another program. Without
    GITHUB_STEP_SUMMARY, which names the file, or if that cannot be written, a message says so.
    """
    click.echo(annotations(summary), err=True, nl=False)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        click.echo("No step summary: GITHUB_STEP_SUMMARY is not set.", err=True)
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(markdown(summary))
    except OSError as exc:
        click.echo(f"No step summary: {cannot_write(path, exc)}", err=True)
