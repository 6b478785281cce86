"""Reads profiles: those beside the specs by name, others by their path."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from klarna_specs.errors import SpecError
from klarna_specs.profile import Hosts, Profile
from klarna_specs.shaping import shaped
from klarna_specs.spec import ProfileFacts
from klarna_specs.yaml_text import Place, YamlText, parse_yaml

__all__ = [
    "DEFAULT_PROFILE",
    "SPEC_DIRECTORY",
    "ReadProfile",
    "facts_of",
    "is_path",
    "packaged_profiles",
    "profile_names",
    "read_chain",
]

SPEC_DIRECTORY = Path(__file__).parent
DEFAULT_PROFILE = "klarna"
"""The profile of the specs as they are."""
_RESERVED = "mock"


class ReadProfile(NamedTuple):
    """A profile with its content; `file` is the path of one that was not chosen by its name."""

    profile: Profile
    content: str
    file: str
    parsed_as: str

    @property
    def parsed(self) -> YamlText:
        """The content with the lines of its values."""
        return parse_yaml(self.parsed_as, self.content)


def is_path(argument: str) -> bool:
    """Whether a profile is chosen by the path of its file."""
    return "/" in argument or "\\" in argument or argument.endswith((".yaml", ".yml"))


def profile_names(root: Path = SPEC_DIRECTORY) -> tuple[str, ...]:
    """The names of the profiles beside the specs in a folder."""
    return tuple(sorted(path.stem for path in _folder(root).glob("*.yaml")))


def _folder(root: Path) -> Path:
    """The folder of the profiles; the package's where a folder of specs has none."""
    return root / "profiles" if (root / "profiles").is_dir() else SPEC_DIRECTORY / "profiles"


@cache
def packaged_profiles() -> tuple[ProfileFacts, ...]:
    """The profiles of the package, each with its own hosts."""
    chains = (_chain(name, SPEC_DIRECTORY, "") for name in profile_names())
    return tuple(facts_of(chain[-1:]) for chain in chains)


def facts_of(chain: Sequence[ReadProfile]) -> ProfileFacts:
    """What the last profile of a chain says of itself, with the hosts of its base by default."""
    last = chain[-1]
    hosts = next((h for each in reversed(chain) if (h := each.profile.hosts)), Hosts())
    return ProfileFacts(
        name=last.profile.profile,
        title=last.profile.title,
        file=last.file,
        text=last.content if last.file else "",
        production=hosts.production,
        presets=hosts.presets,
    )


def read_chain(argument: str, root: Path, content: str = "") -> Sequence[ReadProfile]:
    """A profile after the one that it is based on, and so on: the first has no base.

    Raises SpecError if there is no such profile, SpecFileError for an error in one.
    """
    chain = _chain(argument, root, content)
    for each in chain:
        for place, problem in _host_problems(each, facts_of(chain)):
            raise each.parsed.error(place, problem)
    return chain


def _chain(argument: str, root: Path, content: str) -> list[ReadProfile]:
    last = _read(argument, root, content)
    chain, base = [last], last.profile.base
    while base:
        if base not in (names := profile_names(root)):
            raise chain[0].parsed.error(("base",), _unknown(base, names))
        if any(base == each.profile.profile for each in chain):
            raise chain[0].parsed.error(("base",), f"the profile {base!r} is based on itself")
        chain.insert(0, _read(base, root, ""))
        base = chain[0].profile.base
    return chain


def _read(argument: str, root: Path, content: str) -> ReadProfile:
    by_path, names = is_path(argument), profile_names(root)
    if not by_path and argument not in names:
        raise SpecError(f"{_unknown(argument, names)}, or the path of a profile file")
    path = Path(argument) if by_path else _folder(root) / f"{argument}.yaml"
    try:
        content = content or path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SpecError(f"cannot read the profile {path}: {exc}") from exc
    text = parse_yaml(str(path), content)
    profile: Profile = shaped(text, Profile)
    if by_path == (profile.profile in names):
        problem = "is that of a packaged profile" if by_path else "is not that of the file"
        raise text.error(("profile",), f"the name {profile.profile!r} {problem}")
    return ReadProfile(profile, content, argument if by_path else "", str(path))


def _unknown(name: str, names: Collection[str]) -> str:
    return f"there is no profile {name!r}; there are {', '.join(names)}"


def _host_problems(each: ReadProfile, facts: ProfileFacts) -> Iterator[tuple[Place, str]]:
    """Presets that are no base URL, move money, or have the name of another one."""
    production = {*facts.production}
    taken: dict[str, str] = {_RESERVED: "the built-in mock"}
    if each.file:
        production.update(host for known in packaged_profiles() for host in known.production)
        taken |= {n: f"the profile {p.name}" for p in packaged_profiles() for n in p.presets}
    for name, url in (each.profile.hosts or Hosts()).presets.items():
        place = ("hosts", "presets", name)
        host = _host(url)
        if host is None:
            yield place, f"{url!r} is no base URL; write for example https://api.sandbox.example"
        elif host in production:
            yield place, f"{host} is a production host: refunds there move money"
        if name in taken:
            yield place, f"the preset {name!r} is one of {taken[name]}; choose another name"


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None
