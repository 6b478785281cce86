"""`compare`: several targets side by side, from their records."""

from pathlib import Path

import click

from klarna_conformance.cli.options import FOLDER, names_option, specs_option

__all__ = ["compare"]


@click.command()
@click.argument("directories", metavar="DIR...", nargs=-1, type=FOLDER)
@names_option(
    "--format",
    "formats",
    of="text, json, markdown or html; text by default, html with --output",
    only="Format:",
)
@click.option("--output", type=FOLDER, help="Write the formats to files in this folder.")
@click.option("--all", "whole", is_flag=True, help="Also show where nothing differs.")
@click.option("--quiet", is_flag=True, help="Print the totals only.")
@specs_option
def compare(
    directories: tuple[Path, ...],
    formats: tuple[str, ...],
    output: Path | None,
    whole: bool,
    quiet: bool,
    specs: Path | None,
) -> int:
    """Compare the runs in several folders, requirement by requirement.

    Lists where targets differ in verdicts, statuses, error codes and interpretations, each with the
    same step of the same scenario. Without --output, the format is printed. Exits with 1 if one
    target meets a MUST and another one does not.
    """
    from klarna_conformance.errors import UsageError, check_names, writable
    from klarna_reports.formats.comparison_text import comparison_lines, totals
    from klarna_reports.render import (
        COMPARISON_FORMATS,
        ComparisonFormat,
        rendered_comparison,
        write_comparison,
    )
    from klarna_reports.summary.comparing import compared_folders
    from klarna_reports.words.printable import inert
    from klarna_specs.loader import load

    wanted = formats or (("html",) if output else ("text",))
    check_names("format", wanted, ("text", *COMPARISON_FORMATS))
    files: list[ComparisonFormat] = [form for form in COMPARISON_FORMATS if form in wanted]
    if output is None and len(wanted) > 1:
        raise UsageError("only one format can be printed; --output DIR writes several to files")
    comparison = compared_folders(load(specs), directories, specs)
    if output is None and files:
        content = rendered_comparison(comparison, files[0], Path(), whole=whole)
        click.echo(content, nl=False)
        return 1 if comparison.binding else 0
    lines = [totals(comparison)] if quiet else comparison_lines(comparison, whole=whole)
    for line in lines:
        click.echo(inert(line))
    if output:
        with writable(output):
            write_comparison(output, comparison, files, whole=whole)
        for form in files * (not quiet):
            click.echo(f"Written: {output / COMPARISON_FORMATS[form]}")
    return 1 if comparison.binding else 0
