"""The defaults file: options of commands that a project writes down once."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from klarna_conformance.errors import UsageError, unknown_name
from klarna_specs.json_value import as_object

__all__ = [
    "DEFAULTS_FILE",
    "NO_DEFAULTS",
    "as_arguments",
    "defaults_of",
    "defaults_schema",
    "given",
]

DEFAULTS_FILE = "klarna-conformance.toml"
NO_DEFAULTS = "KLARNA_CONFORMANCE_NO_DEFAULTS"
_TABLE = "klarna-conformance"
"""The table in pyproject.toml, under `tool`."""
_SECRETS = ("username", "password")
_IN_A_URL = re.compile(r"://[^/\s]*@")


class _Found(NamedTuple):
    path: Path
    table: Mapping[str, Any]


def defaults_of(group: click.Group, folder: Path) -> dict[str, dict[str, Any]]:
    """The default map of the nearest file in a folder or above: values by command and parameter.

    The search ends at the top of the repository or at the home directory; outside of both, it does
    not leave the folder. Raises UsageError with file and key for the error in it.
    """
    found = _nearest(folder)
    if found is None:
        return {}
    _check_shape(group, found)
    return {name: dict(_values(found, name, group.commands[name])) for name in group.commands}


def _nearest(folder: Path) -> _Found | None:
    above = [folder, *folder.parents]
    ends = (n for n, each in enumerate(above) if (each / ".git").exists() or each == Path.home())
    for each in above[: next(ends, 0) + 1]:
        own, project = each / DEFAULTS_FILE, each / "pyproject.toml"
        if own.is_file():
            return _Found(own, _parsed(own))
        if project.is_file() and (table := _parsed(project).get("tool", {}).get(_TABLE)):
            return _Found(project, table)
    return None


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        foreign = path.name != DEFAULTS_FILE and _TABLE not in text
        return {} if foreign else tomllib.loads(text)
    except (OSError, ValueError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc


def _check_shape(group: click.Group, found: _Found) -> None:
    """Raises UsageError for an unknown key, a credential, or a value of another type."""
    from jsonschema import Draft202012Validator

    _check_keys(group, found)
    validator: Any = Draft202012Validator(defaults_schema(group))
    for problem in validator.iter_errors(found.table):
        raise UsageError(f"{found.path}: {'.'.join(map(str, problem.path))}: {problem.message}")


def _check_keys(group: click.Group, found: _Found) -> None:
    shared = _shared(group)
    for key, value in found.table.items():
        if key in group.commands:
            for name, each in (as_object(value) or {}).items():
                where = f"{found.path}: {key}.{name}"
                _check_key(where, name, each, _options(group.commands[key]), f"option of {key}")
        elif key not in shared and _having(group, key):
            having = ", ".join(_having(group, key))
            raise UsageError(
                f"{found.path}: {key}: an option of {having}; put it into the table of a command"
            )
        else:
            of_commands = (name for each in group.commands.values() for name in _options(each))
            known = [*shared, *group.commands, *of_commands]
            _check_key(f"{found.path}: {key}", key, value, known, "option or command")


def _check_key(where: str, name: str, value: Any, known: Collection[str], what: str) -> None:
    if name in _SECRETS or _IN_A_URL.search(str(value)):
        raise UsageError(f"{where}: credentials come from the environment only")
    if name not in known:
        raise UsageError(f"{where}: {unknown_name(what, name, known)}")


def _values(found: _Found, name: str, command: click.Command) -> Iterator[tuple[str, Any]]:
    """The values for the parameters of a command; its own table comes before the shared ones."""
    options = _options(command)
    context = click.Context(command, info_name=name)
    for key, value in {**found.table, **found.table.get(name, {})}.items():
        if (option := options.get(key)) is None:
            continue
        written: Any = [value] if option.multiple and isinstance(value, str) else value
        located = _located(option, written, found.path.parent)
        try:
            option.process_value(context, located)
        except click.BadParameter as exc:
            where = f"{name}.{key}" if key in found.table.get(name, {}) else key
            raise UsageError(f"{found.path}: {where}: {exc.message}") from exc
        if option.name:
            yield option.name, located


def _located(option: click.Option, value: Any, folder: Path) -> Any:
    """A path in the file is relative to the folder of the file."""
    from klarna_specs.profiles import is_path

    named = option.name == "profile" and is_path(str(value))
    if named or isinstance(option.type, click.Path):
        return os.path.relpath(folder / str(value))
    return value


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by the names that a file may use."""
    return {
        flag.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in _SECRETS
        for flag in option.opts
        if flag.startswith("--")
    }


def _having(group: click.Group, name: str) -> list[str]:
    return [each for each, command in group.commands.items() if name in _options(command)]


def _shared(group: click.Group) -> dict[str, click.Option]:
    """The options that several commands have with one meaning."""
    alike: dict[str, list[click.Option]] = {}
    for command in group.commands.values():
        for name, option in _options(command).items():
            alike.setdefault(name, []).append(option)
    return {
        name: options[0]
        for name, options in alike.items()
        if len(options) > 1 and len({(each.help, str(each.type)) for each in options}) == 1
    }


def defaults_schema(group: click.Group) -> dict[str, Any]:
    """The JSON Schema (2020-12) of defaults files."""
    tables = {
        name: {
            "type": "object",
            "description": command.get_short_help_str(100),
            "properties": {key: _value(option) for key, option in _options(command).items()},
            "additionalProperties": False,
        }
        for name, command in group.commands.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:klarna-conformance:schema:defaults:1",
        "title": "Defaults file of klarna-conformance",
        "type": "object",
        "properties": {key: _value(option) for key, option in _shared(group).items()} | tables,
        "additionalProperties": False,
    }


def _value(option: click.Option) -> dict[str, Any]:
    match option.type:
        case click.types.BoolParamType():
            shape: dict[str, Any] = {"type": "boolean"}
        case click.IntRange(min=low, max=high):
            bounds = {"minimum": low, "maximum": high}
            shape = {"type": "integer"} | {k: v for k, v in bounds.items() if v is not None}
        case click.types.IntParamType():
            shape = {"type": "integer"}
        case click.Choice(choices=choices):
            shape = {"enum": list(choices)}
        case _:
            shape = {"type": getattr(option.type, "json_types", "string")}
    if option.multiple:
        shape = {"anyOf": [shape, {"type": "array", "items": shape}]}
    return {"description": option.help or "", **shape}


def given(name: str) -> bool:
    """Whether a parameter of the current command was given on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def as_arguments(context: click.Context) -> list[str]:
    """The arguments that stand for the defaults of a file which a command uses."""
    used = {
        option.name: option
        for option in _options(context.command).values()
        if option.name
        and context.get_parameter_source(option.name) is click.core.ParameterSource.DEFAULT_MAP
    }
    return [
        argument
        for name, option in used.items()
        for argument in _arguments(option, context.lookup_default(name))
    ]


def _arguments(option: click.Option, value: Any) -> Iterator[str]:
    flag = next(each for each in option.opts if each.startswith("--"))
    if option.is_flag:
        yield from [flag] if value else []
        return
    for each in value if option.multiple else [value]:
        yield from (flag, str(each))
