"""`report.html`: the whole run on one page that needs nothing else, and runs nothing.

Whatever came from a target is untrusted: the page escapes every text, forbids scripts and loading
by its content security policy, and shows invisible characters as escapes.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from klarna_reports.deviations import Deviations
from klarna_reports.gallery import Gallery
from klarna_reports.record import Record, Verdict
from klarna_reports.results import WORST_FIRST, Overall, RequirementResult, Summary
from klarna_reports.shown import ShownScenario, visible
from klarna_reports.wording import OVERALL_MEANINGS, VERDICT_MEANINGS, scope_lines
from klarna_specs.goals import goals
from klarna_specs.spec import Spec

__all__ = ["render_html"]

_ICONS: dict[Overall, Verdict] = {
    "CONFORMANT": "PASS",
    "CONFORMANT WITH KNOWN DEVIATIONS": "KNOWN",
    "NONCONFORMANT": "FAIL",
    "NOT FULLY VERIFIED": "NOT_RUN",
    "INTERNAL ERROR": "ERROR",
}
_LEVELS = ("MUST", "SHOULD", "INFO")


def render_html(spec: Spec, record: Record, summary: Summary) -> str:
    """The record as one HTML page; embeds exemplary exchanges only, so that it stays small."""
    gallery = Gallery(record, summary)
    deviations = Deviations(summary, gallery)
    return _template().render(
        summary=summary,
        spec=spec,
        header=record.header,
        icon=_ICONS[summary.verdict],
        scope_lines=scope_lines(summary),
        counted=_counted(summary),
        levels=_LEVELS,
        deviations=deviations.sections,
        operations=_operations(summary),
        seen=_seen(spec, summary),
        gallery=gallery,
        evidence=_evidence(gallery, deviations),
        not_run=_not_run(summary),
        meanings=VERDICT_MEANINGS,
        overall_meanings=OVERALL_MEANINGS,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("klarna_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("klarna_reports").joinpath("templates", "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shared: dict[str, Any] = environment.globals
    shared.update(style=Markup(style), style_hash=digest)  # noqa: S704 (it is our own file)
    return environment.get_template("report.html.j2")


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _counted(summary: Summary) -> Mapping[Verdict, Mapping[str, int]]:
    counts: dict[Verdict, dict[str, int]] = {v: dict.fromkeys(_LEVELS, 0) for v in WORST_FIRST}
    for result in summary.requirements:
        counts[result.verdict][result.level] += 1
    return {verdict: levels for verdict, levels in counts.items() if any(levels.values())}


def _operations(summary: Summary) -> Mapping[str, list[RequirementResult]]:
    operations: defaultdict[str, list[RequirementResult]] = defaultdict(list)
    for result in summary.requirements:
        operations[result.operation].append(result)
    return operations


def _seen(spec: Spec, summary: Summary) -> Mapping[str, list[str]]:
    missing = {result.id: frozenset(result.goals_missing) for result in summary.requirements}
    seen: dict[str, list[str]] = {name: [] for name in missing}
    for goal in dict.fromkeys(goals(spec, summary.scope)):
        if goal.requirement in seen and goal.aspect not in missing[goal.requirement]:
            seen[goal.requirement].append(goal.aspect)
    return seen


def _evidence(gallery: Gallery, deviations: Deviations) -> list[ShownScenario]:
    elsewhere = deviations.in_place
    return [s for name, s in gallery.scenarios.items() if s.exchanges and name not in elsewhere]


def _not_run(summary: Summary) -> list[RequirementResult]:
    unseen = [r for r in summary.requirements if r.verdict == "NOT_RUN" or r.goals_missing]
    return sorted(unseen, key=lambda result: _LEVELS.index(result.level))
