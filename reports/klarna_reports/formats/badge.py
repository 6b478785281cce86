"""A badge: the verdict as a small SVG for a README."""

from typing import Final

from jinja2 import Environment

from klarna_reports.record.results import Overall, Summary

__all__ = ["badge"]

_COLORS: Final[dict[Overall, str]] = {
    "CONFORMANT": "#1a7f37",
    "CONFORMANT WITH KNOWN DEVIATIONS": "#7d6600",
    "NONCONFORMANT": "#b42318",
    "NOT FULLY VERIFIED": "#57606a",
    "INTERNAL ERROR": "#57606a",
}
_IN_PART = "#0550ae"
_LABEL = "Klarna order management"
_PER_CHARACTER, _PADDING = 6.6, 12

_TEMPLATE = Environment(autoescape=True).from_string(
    """<svg xmlns="http://www.w3.org/2000/svg" width="{{ left + right }}" height="20" role="img" \
aria-labelledby="title"><title id="title">{{ label }}: {{ verdict }}</title>
<rect width="{{ left }}" height="20" fill="#24292f"/>
<rect x="{{ left }}" width="{{ right }}" height="20" fill="{{ color }}"/>
<g fill="#fff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" text-anchor="middle">
<text x="{{ left / 2 }}" y="14" textLength="{{ left - 12 }}">{{ label }}</text>
<text x="{{ left + right / 2 }}" y="14" textLength="{{ right - 12 }}">{{ verdict }}</text>
</g></svg>
"""
)


def badge(summary: Summary) -> str:
    """The verdict as SVG text, with a title for screen readers."""
    verdict = summary.headline.lower()
    return _TEMPLATE.render(
        label=_LABEL,
        verdict=verdict,
        left=_width(_LABEL),
        right=_width(verdict),
        color=_COLORS[summary.verdict] if summary.in_full or summary.exit_code else _IN_PART,
    )


def _width(text: str) -> int:
    return round(len(text) * _PER_CHARACTER) + _PADDING
