"""YAML as typed values, with errors at the offending line."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from klarna_specs.errors import SpecFileError
from klarna_specs.yaml_text import Place, YamlText

__all__ = ["shaped"]


def shaped(text: YamlText, shape: Any) -> Any:
    """The values of a YAML file as a typed value; raises SpecFileError at the offending line."""
    try:
        return msgspec.convert(text.root, shape)
    except msgspec.ValidationError as exc:
        raise _misfit(text, shape, str(exc)) from exc


def _misfit(text: YamlText, shape: Any, problem: str) -> SpecFileError:
    """The error that points to the deepest value of a wrong shape."""
    from jsonschema import Draft202012Validator

    validator: Any = Draft202012Validator(msgspec.json.schema(shape))
    problems: list[Any] = list(validator.iter_errors(text.root))
    if not problems:
        return text.error((), problem)
    deepest = max(problems, key=_depth)
    while deepest.context:
        deepest = max(_meant(deepest.context), key=_depth)
    place: Place = tuple(deepest.absolute_path)
    if deepest.validator == "additionalProperties":
        known = list(deepest.schema["properties"])
        unknown = next(key for key in deepest.instance if key not in known)
        return text.error((*place, unknown), f"{unknown!r} is unknown; {_hint(unknown, known)}")
    where = ".".join(map(str, place)) or "the file"
    return text.error(place, f"{where}: {deepest.message}")


def _depth(problem: Any) -> tuple[int, bool]:
    """A misspelt name is both unknown and missing; the error points to the unknown one."""
    return len(problem.absolute_path), problem.validator == "additionalProperties"


def _meant(problems: Sequence[Any]) -> Sequence[Any]:
    """The problems of those shapes in a union whose tag is right; all, if none is."""
    others = {each.schema_path[0] for each in problems if each.validator in ("enum", "const")}
    return [each for each in problems if each.schema_path[0] not in others] or problems


def _hint(unknown: str, known: Sequence[str]) -> str:
    near = get_close_matches(unknown, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
