"""Find and read the YAML files that the paths of a command line name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.lint import Silence
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode, is_null
from ztctl.documents.reader import content_of, read_bytes, read_file

# Keys at the top of cloudflared's file, and of ours (Cloudflare One documentation, "Configuration
# file").
_CLOUDFLARED: Final = frozenset({"tunnel", "credentials-file", "ingress", "warp-routing"})
_OWN: Final = frozenset({"version", "stack", "tunnels", "hosts"})
_TRANSLATE: Final = (
    "`ztctl tunnel import` turns it into an entry of `tunnels`, beside `version: 1` and "
    "`stack: NAME`; a copy that `config_file` names stands in a folder below"
)
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read.

    Attributes:
        name: the path as the user gave it, for problems.
        root: the top-level mapping; ``None`` when the file cannot be used.
        silences: what its comments silence.
    """

    name: str
    root: MappingNode | None
    silences: tuple[Silence, ...] = ()


def read_sources(paths: Sequence[Path], problems: list[Problem]) -> tuple[Source, ...]:
    """Read the files that the paths name, each once, in order; a folder means its own YAML files.

    What is wrong is appended to ``problems``.
    """
    found = [_source(path, problems) for path in files_of(paths, problems)]
    return tuple(_without_foreign(source, problems) for source in found)


def files_of(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Path]:
    """The files that paths name, each once, in order; a folder means its own YAML files."""
    if not paths:
        problems.append(Problem("no file is given", hint="name one with -f"))
    return _unique(_files(paths, problems))


def read_values(paths: Sequence[Path], problems: list[Problem]) -> dict[str, Scalar | None]:
    """Read the variables of ``--var-file`` files; of one name the last file wins."""
    values: dict[str, Scalar | None] = {}
    for path in paths:
        source = _source(path, problems)
        if source.root is not None:
            values.update(scalars(source.root, problems))
    return values


def stated_texts(path: Path, field: str) -> frozenset[str]:
    """The texts that a file states for a field anywhere, variables not replaced; none if broken."""
    root = read_file(path, display_path(path), [])
    return frozenset(_texts_of(root, field)) if root is not None else frozenset()


def _texts_of(node: Node, field: str) -> Iterator[str]:
    if isinstance(node, MappingNode):
        for key, value in node.entries.values():
            if key == field and isinstance(value, Scalar):
                yield str(value)
            yield from _texts_of(value, field)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _texts_of(item, field)


def display_path(path: Path) -> str:
    """Format a path as the user gave it; bytes that are not UTF-8 become backslash escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def scalars(node: MappingNode, problems: list[Problem]) -> dict[str, Scalar | None]:
    """Read a mapping of variables: scalars only, null as an empty text.

    Any other value is a problem, and ``None``: the variable has none, and is there.
    """
    values: dict[str, Scalar | None] = {}
    for name, (key, value) in node.entries.items():
        if isinstance(value, Scalar):
            values[name] = value.with_text("") if value.is_null else value
        else:
            summary = f"the variable `{name}` must be a single value"
            hint = (
                "write a list out where it is used, or below `x-lists:` for aliases (`&name`, "
                "`*name`)"
            )
            problems.append(Problem(summary, key.where, hint))
            values[name] = None
    return values


def _files(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        try:
            if path.is_dir():
                yield from _files_of_folder(path, problems)
                continue
        except (OSError, ValueError):
            pass  # reading it as a file reports why it cannot be read
        yield path


def _files_of_folder(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if _is_yaml_file(path))
    except OSError as error:
        reason = (error.strerror or "").lower()
        problems.append(Problem(f"cannot read {display_path(folder)}: {reason}"))
        return []
    if not files:
        hint = "only *.yaml and *.yml of the folder itself are read"
        problems.append(Problem(f"the folder {display_path(folder)} holds no YAML file", hint=hint))
    return files


def _is_yaml_file(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix in _SUFFIXES and not hidden and not path.is_dir()


def _unique(paths: Iterator[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        try:
            real = path.resolve()
        except (OSError, ValueError, RuntimeError):
            real = path
        if real not in seen:
            seen.add(real)
            yield path


def _without_foreign(source: Source, problems: list[Problem]) -> Source:
    """Report a file of cloudflared once, and not each of its keys."""
    root = source.root
    if root is None or not _CLOUDFLARED & root.entries.keys() or _OWN & root.entries.keys():
        return source
    problems.append(Problem("this is a configuration file of cloudflared", root.where, _TRANSLATE))
    return Source(source.name, None)


def _source(path: Path, problems: list[Problem]) -> Source:
    name = display_path(path)
    content = content_of(path, name, problems)
    return Source(name, None) if content is None else source_of(content, name, problems)


def source_of(content: bytes, name: str, problems: list[Problem]) -> Source:
    """The content of a file as it is read; what is wrong is appended to ``problems``."""
    found: list[Problem] = []
    silences: list[Silence] = []
    root = top_of(read_bytes(content, name, found, silences), name, found)
    problems += found
    return Source(name, root, tuple(silences))


def top_of(root: Node | None, name: str, problems: list[Problem]) -> MappingNode | None:
    """The root of a file as a mapping; where it is none, and nothing is wrong yet, a problem."""
    if isinstance(root, MappingNode):
        return root
    start = Where(name, 1, 1)
    if not problems and (root is None or is_null(root)):
        problems.append(Problem("the file is empty", start, "write `key: value` lines"))
    elif not problems:
        problems.append(Problem("the file must be a mapping (`key: value`) at its top", start))
    return None
