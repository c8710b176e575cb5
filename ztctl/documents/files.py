"""From the paths that a person gives to roots of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.nodes import MappingNode, ScalarNode, is_null
from ztctl.documents.reader import read_file

_SUFFIXES: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read.

    Attributes:
        name: as problems show it, which is as the person wrote it.
        root: ``None`` when the file cannot be used.
    """

    name: str
    root: MappingNode | None


def read_sources(paths: Sequence[Path], found: list[Problem]) -> tuple[Source, ...]:
    """Every file that the paths mean, each once, in their order; a folder means its own files."""
    if not paths:
        found.append(Problem("no file is given", hint="name one with -f"))
    return tuple(_source(path, found) for path in _once(_files(paths, found)))


def read_values(paths: Sequence[Path], found: list[Problem]) -> dict[str, ScalarNode]:
    """The variables of ``--var-file`` files; the later file wins."""
    values: dict[str, ScalarNode] = {}
    for path in paths:
        source = _source(path, found)
        if source.root is not None:
            values.update(scalars(source.root, found))
    return values


def shown(path: Path) -> str:
    """The path as the person wrote it; bytes that are no UTF-8 as escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def scalars(node: MappingNode, found: list[Problem]) -> dict[str, ScalarNode]:
    """The single values of a mapping of variables; anything else is a problem."""
    values: dict[str, ScalarNode] = {}
    for name, (key, value) in node.entries.items():
        if isinstance(value, ScalarNode):
            values[name] = value.with_text("") if value.is_null else value
        else:
            found.append(Problem(f"the variable `{name}` must be a single value", key.where))
    return values


def _files(paths: Sequence[Path], found: list[Problem]) -> Iterator[Path]:
    for path in paths:
        try:
            if path.is_dir():
                yield from _files_of_folder(path, found)
                continue
        except (OSError, ValueError):
            pass  # reading it as a file says why it cannot be read
        yield path


def _files_of_folder(folder: Path, found: list[Problem]) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if _is_meant(path))
    except OSError as error:
        found.append(Problem(f"cannot read {shown(folder)}: {(error.strerror or '').lower()}"))
        return []
    if not files:
        hint = "only *.yaml and *.yml of the folder itself are read"
        found.append(Problem(f"the folder {shown(folder)} holds no YAML file", hint=hint))
    return files


def _is_meant(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix in _SUFFIXES and not hidden and not path.is_dir()


def _once(paths: Iterator[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        try:
            real = path.resolve()
        except (OSError, ValueError, RuntimeError):
            real = path
        if real not in seen:
            seen.add(real)
            yield path


def _source(path: Path, found: list[Problem]) -> Source:
    name = shown(path)
    known = len(found)
    root = read_file(path, name, found)
    if isinstance(root, MappingNode):
        return Source(name, root)
    if len(found) == known:
        found.append(_no_mapping(root is None or is_null(root), name))
    return Source(name, None)


def _no_mapping(empty: bool, name: str) -> Problem:
    start = Where(name, 1, 1)
    if empty:
        return Problem("the file is empty", start, "write `key: value` lines")
    return Problem("the file must be a mapping (`key: value`) at its top", start)
