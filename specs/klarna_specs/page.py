"""The documented page as sections and statements, and what a newer copy of it changes.

The repository keeps no text of the page: `page.yaml` holds fingerprints, gists in our own words and
the ids of what rests on each statement. Pure; files are read elsewhere.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Literal

import msgspec

__all__ = [
    "Claim",
    "Drift",
    "IndexedSection",
    "Moved",
    "PageIndex",
    "Reworded",
    "Section",
    "SectionDrift",
    "Statement",
    "drift",
    "read_page",
    "without_diagrams",
]

_STARTS = r"[ \t]*(?:[-*+][ ]|\d+[.)][ ]|\||\#{1,6}[ ]|```|~~~|\{\{\#)"
_BLOCK = re.compile(
    rf"""^[ \t]*(?P<fence>```|~~~)[^\n]*\n(?P<sample>.*?)^[ \t]*(?P=fence)$
    | ^(?P<diagram>\{{\{{\#.*?^\}}\}})$
    | ^(?P<level>\#{{1,6}})[ ]+(?P<heading>[^\n]+)
    | ^(?P<prose>[^\n]+(?:\n(?!{_STARTS})[^\n]+)*)""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_ITEM = re.compile(r"\A\s*(?:[-*+]|\d+[.)])\s+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+")


_Kind = Literal["text", "item", "row", "sample"]
_Found = tuple[str, str, _Kind]
"""A statement: verbatim, its fingerprint, and what it is."""


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Statement(_Noun, frozen=True):
    """A sentence, list item, table row, sample or diagram of the page, verbatim."""

    section: str
    text: str
    fingerprint: str
    kind: _Kind = "text"


class Section(_Noun, frozen=True):
    """The content under one heading; the title is a path: `Refund an order > Error response`."""

    title: str
    fingerprint: str
    statements: tuple[Statement, ...]


class Claim(_Noun, frozen=True):
    """One statement of the page in our own words, and the ids that rest on it.

    If there are none, `states_nothing` says what it is instead of documented behaviour. A diagram
    is text in Markdown only.
    """

    fingerprint: str
    gist: str
    claimed_by: tuple[str, ...]
    states_nothing: Literal["", "caption", "label", "link", "marketing"] = ""
    diagram: bool = False


class IndexedSection(_Noun, frozen=True):
    """A section at the last review of its statements."""

    title: str
    fingerprint: str
    statements: tuple[Claim, ...] = ()


class PageIndex(_Noun, frozen=True):
    """The page at its last review: the contents of `page.yaml`."""

    sections: tuple[IndexedSection, ...]

    def titles(self, heading: str) -> tuple[str, ...]:
        """The sections that a heading, or a path of headings, names; none if the page lacks it."""
        paths = (section.title for section in self.sections)
        return tuple(path for path in paths if f" > {path}".endswith(f" > {heading}"))


class Reworded(_Noun, frozen=True):
    """A statement in the place of another one."""

    was: Claim
    now: Statement


class Moved(_Noun, frozen=True):
    """A statement that is in another section than before."""

    claim: Claim
    from_section: str
    to_section: str


class SectionDrift(_Noun, frozen=True):
    """The changes in one section. A reworded statement is one removed and one added.

    `reworded` pairs those of them that are in the same place. `touched` are the ids that rest on
    removed statements; `read_again` are the section's other ids, next to a new statement.
    """

    title: str
    change: Literal["added", "changed", "removed"]
    removed: tuple[Claim, ...]
    added: tuple[Statement, ...]
    reworded: tuple[Reworded, ...]
    touched: tuple[str, ...]
    read_again: tuple[str, ...]


class Drift(_Noun, frozen=True):
    """All changes in a newer copy of the page; no sections if only the formatting changed."""

    sections: tuple[SectionDrift, ...]

    @property
    def moved(self) -> tuple[Moved, ...]:
        """The statements that were removed from one section and added to another."""
        to = {each.fingerprint: s.title for s in self.sections for each in s.added}
        return tuple(
            Moved(claim=claim, from_section=section.title, to_section=to[claim.fingerprint])
            for section in self.sections
            for claim in section.removed
            if claim.fingerprint in to
        )

    @property
    def touched(self) -> tuple[str, ...]:
        """The ids that rest on a removed or reworded statement."""
        return _distinct(i for section in self.sections for i in section.touched)

    @property
    def read_again(self) -> tuple[str, ...]:
        """The ids that are not touched, but have a new statement next to them."""
        ids = _distinct(i for section in self.sections for i in section.read_again)
        return tuple(i for i in ids if i not in self.touched)


def drift(index: PageIndex, sections: tuple[Section, ...]) -> Drift:
    """The differences between the page at its last review and a copy of it."""
    old = {section.title: section for section in index.sections}
    new = {section.title: section for section in sections}
    pairs = ((title, old.get(title), new.get(title)) for title in _distinct((*old, *new)))
    return Drift(
        sections=tuple(
            _section_drift(title, was, now)
            for title, was, now in pairs
            if not (was and now and was.fingerprint == now.fingerprint)
        )
    )


def without_diagrams(
    index: PageIndex, sections: tuple[Section, ...]
) -> tuple[PageIndex, tuple[Section, ...]]:
    """Both as a copy in HTML can be compared, where scripts draw the diagrams."""
    claims = [(each, [c for c in each.statements if not c.diagram]) for each in index.sections]
    texts = [(s, [t for t in s.statements if not t.text.startswith("{{#")]) for s in sections]
    replace = msgspec.structs.replace
    return (
        PageIndex(
            sections=tuple(
                replace(each, statements=tuple(kept), fingerprint=_fingerprint_of(kept))
                for each, kept in claims
            )
        ),
        tuple(
            replace(each, statements=tuple(kept), fingerprint=_fingerprint_of(kept))
            for each, kept in texts
        ),
    )


def read_page(markdown: str) -> tuple[Section, ...]:
    """The sections of a Markdown page, in order; a first line `# Source: ...` is not part of it."""
    headings: list[tuple[int, str]] = []
    found: list[list[_Found]] = []
    for level, text, plain, kind in _blocks(markdown):
        if level:
            headings.append((level, text))
            found.append([])
        elif found and re.search(r"\w", plain):
            found[-1].append((text, _fingerprint(plain), kind))
    return tuple(map(_section, _paths(headings), found))


def _section(title: str, found: list[_Found]) -> Section:
    statements = tuple(
        Statement(section=title, text=t, fingerprint=f, kind=kind) for t, f, kind in found
    )
    return Section(title=title, fingerprint=_fingerprint_of(statements), statements=statements)


def _fingerprint_of(statements: Iterable[Statement | Claim]) -> str:
    # The order of statements, and repeated ones, count as formatting.
    return _fingerprint(" ".join(sorted({each.fingerprint for each in statements})))


def _blocks(markdown: str) -> Iterator[tuple[int, str, str, _Kind]]:
    """Headings (their level) and statements (0), each verbatim and normalized for comparison."""
    page = re.sub(r"[ \t\r]+$", "", re.sub(r"\A# Source:.*", "", markdown), flags=re.MULTILINE)
    for block in _BLOCK.finditer(page):
        code = block["sample"] or block["diagram"]
        text = _LINK.sub(r"\1", _ITEM.sub("", block["heading"] or block["prose"] or ""))
        if code:  # case matters here: a currency in lower case is a statement
            yield 0, code, re.sub(r"\s+", "", code), "sample"
        elif block["level"] and not text.endswith("."):
            yield len(block["level"]), text, _plain(text), "text"
        else:  # a whole sentence is a statement, even if it is formatted as a heading
            kind = _kind(block["prose"] or "")
            parts = _SENTENCE_END.split(_one_line(text))
            for part in parts:
                yield 0, part, _plain(part), kind


def _kind(prose: str) -> _Kind:
    if _ITEM.match(prose):
        return "item"
    return "row" if prose.lstrip().startswith("|") else "text"


def _plain(text: str) -> str:
    """The ASCII words. Flags, curly quotes and their broken encodings are not ASCII."""
    bare = re.sub(r"(?<!\w)_+|_+(?!\w)|[^\x00-\x7f]|[*`'\"\\\[\]|]", "", text.lower())
    return re.sub(r"\s+(?=[:,.;!?)])", "", _one_line(bare)).rstrip(".:;,")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _paths(headings: list[tuple[int, str]]) -> list[str]:
    """A distinct path for each heading; the page's own title (level 1) is not part of others.

    A title that recurs on the page is about the last heading of its level that does not: so on the
    page `Success response` follows the call that it belongs to.
    """
    times = Counter(heading for _, heading in headings)
    above: dict[int, str] = {}
    seen: Counter[str] = Counter()
    paths: list[str] = []
    for level, heading in headings:
        recurs = times[heading] > 1
        above = {at: title for at, title in above.items() if 1 < at < level + recurs}
        path = " > ".join((*above.values(), heading))
        seen[path] += 1
        paths.append(path if seen[path] == 1 else f"{path} ({seen[path]})")
        if not recurs:
            above[level] = heading
    return paths


def _section_drift(title: str, was: IndexedSection | None, now: Section | None) -> SectionDrift:
    claims, statements = was.statements if was else (), now.statements if now else ()
    kept = {c.fingerprint for c in claims} & {s.fingerprint for s in statements}
    removed = tuple(c for c in claims if c.fingerprint not in kept)
    added = tuple(s for s in statements if s.fingerprint not in kept)
    touched = _distinct(i for claim in removed for i in claim.claimed_by)
    beside = _distinct(i for claim in claims for i in claim.claimed_by if i not in touched)
    return SectionDrift(
        title=title,
        change="changed" if was and now else "added" if now else "removed",
        removed=removed,
        added=added,
        reworded=tuple(_reworded(claims, statements)),
        touched=touched,
        read_again=beside if added else (),
    )


def _reworded(claims: tuple[Claim, ...], statements: tuple[Statement, ...]) -> Iterator[Reworded]:
    """The statements that replace another one between the same neighbours.

    Items and rows replace as many; otherwise they were added to a list, or removed.
    """
    before, after = ([each.fingerprint for each in those] for those in (claims, statements))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "replace":
            listed = end - start != last - first
            pairs = zip(claims[start:end], statements[first:last], strict=False)
            for was, now in pairs:
                if listed and now.kind in ("item", "row"):
                    continue
                if was.fingerprint not in after and now.fingerprint not in before:
                    yield Reworded(was=was, now=now)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _distinct(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
