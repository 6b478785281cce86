"""YAML as plain values with their lines: no tags, anchors, merge keys or duplicate keys."""

from typing import Any

import yaml

from klarna_specs.errors import SpecFileError

__all__ = ["Place", "YamlText", "parse_yaml"]

Place = tuple[str | int, ...]
"""The path to a value: keys and indices from the top."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlText:
    """The values of a YAML file, and the line (from 1) of each of them."""

    def __init__(self, file: str, root: Any, lines: dict[Place, int]) -> None:
        self.file = file
        self.root = root
        self.lines = lines

    def line(self, place: Place) -> int:
        """The line of the value at a place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, problem: str) -> SpecFileError:
        """An error that points to the value at a place."""
        return SpecFileError(self.file, self.line(place), problem)


def parse_yaml(file: str, text: str) -> YamlText:
    """Parses one YAML document; raises SpecFileError with the line of the error."""
    loader = _Loader(text)
    try:
        loader_node = loader.get_single_node()
        reader = _Reader(file, loader, text.splitlines())
        root = reader.value(loader_node, ()) if loader_node is not None else None
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise SpecFileError(file, line, f"not YAML: {exc.problem}") from exc
    except yaml.YAMLError as exc:
        raise SpecFileError(file, 1, f"not YAML: {' '.join(str(exc).split())}") from exc
    except ValueError as exc:
        raise SpecFileError(file, 1, f"not YAML: {exc}") from exc
    finally:
        loader.dispose()
    return YamlText(file, root, reader.lines)


class _Reader:
    def __init__(self, file: str, loader: Any, text: list[str]) -> None:
        self.file = file
        self._text = text
        self.lines: dict[Place, int] = {}
        self._loader = loader
        self._seen: set[int] = set()

    def _refuse_marks(self, node: Any) -> None:
        row: int = node.start_mark.line
        column: int = node.start_mark.column
        line = self._text[row] if row < len(self._text) else ""
        if line[column:].startswith(("!", "&")):
            problem = "tags and anchors are not allowed; write the plain value"
            raise SpecFileError(self.file, row + 1, problem)

    def value(self, node: Any, place: Place) -> Any:
        line: int = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self._seen:
            raise SpecFileError(self.file, line, "write the value again instead of an alias")
        self._seen.add(id(node))
        self._refuse_marks(node)
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place)
            case yaml.SequenceNode():
                return [self.value(child, (*place, i)) for i, child in enumerate(node.value)]
            case _:
                return self._scalar(node, line)

    def _mapping(self, node: Any, place: Place) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line: int = key_node.start_mark.line + 1
            key = self._scalar(key_node, line) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                written = key_node.value if isinstance(key_node, yaml.ScalarNode) else "here"
                raise SpecFileError(
                    self.file, line, f"the key {written!r} is not a text; put it in quotes"
                )
            if key in result:
                raise SpecFileError(self.file, line, f"the key {key!r} stands here twice")
            self.lines[(*place, key)] = line
            result[key] = self.value(value_node, (*place, key))
        return result

    def _scalar(self, node: Any, line: int) -> Any:
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.endswith(":merge"):
            raise SpecFileError(self.file, line, "tags and merge keys are not allowed")
        return self._loader.construct_object(node)
