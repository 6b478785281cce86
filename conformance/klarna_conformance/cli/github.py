"""What a run tells GitHub Actions: a summary of the step, and annotations in its log."""

import os
from pathlib import Path

import click

from klarna_reports.formats.markdown import annotations, markdown
from klarna_reports.record.results import Summary

__all__ = ["tell_github"]


def tell_github(summary: Summary) -> None:
    """Appends the summary to the step's, and prints the annotations on stderr.

    The runner reads commands from both streams, and stdout may be read by another program. The
    file of the step's summary is named by GITHUB_STEP_SUMMARY; without it, or where it cannot be
    written, that is said, and the verdict stays what it is.
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
        click.echo(f"No step summary: cannot write to {path}: {exc.strerror or exc}", err=True)
