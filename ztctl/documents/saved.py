"""The content of files as JSON and back, so that a saved plan is read as the files were.

What is saved are the files with their variables replaced: read back they go through the same models
and checks as files do, because somebody may have edited them. A node is a list: its kind, line,
column, and what it holds; ``s`` a scalar (whether it is plain, its text), ``l`` a list (its items),
``m`` a mapping (pairs of a scalar and a node).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ztctl.core.model.diagnostics import Where
from ztctl.core.model.lint import Silence
from ztctl.documents.build import MAX_DEPTH
from ztctl.documents.nodes import MappingNode, Node, Pair, Scalar, SequenceNode, scalar

_LARGEST: Final = 10_000_000


class DamagedContents(ValueError):
    """It is nothing that was saved here."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of the files of a command, variables replaced.

    Attributes:
        roots: the top-level mapping of each file, in order.
        environment: variables of the environment, each with the texts that its value turns into.
        silences: what comments of the files silence.
    """

    roots: tuple[MappingNode, ...]
    environment: Mapping[str, tuple[str, ...]]
    silences: tuple[Silence, ...] = ()


def dumped(contents: Contents) -> dict[str, Any]:
    """Convert to JSON types."""
    return {
        "files": [{"name": root.where.file, "root": _node(root)} for root in contents.roots],
        "environment": {name: list(texts) for name, texts in contents.environment.items()},
        "silences": [
            [it.code, it.reason, it.where.file, it.where.line, it.where.column, it.line]
            for it in contents.silences
        ],
    }


def restored(saved: Any) -> Contents:
    """Convert from JSON types.

    Raises:
        DamagedContents: it is nothing that ``dumped`` makes.
    """
    files, environment, silences = (
        _member(saved, name) for name in ("files", "environment", "silences")
    )
    roots = [_root(file) for file in _list(files)]
    if not isinstance(environment, dict):
        raise DamagedContents("the environment is no mapping")
    names = {name: tuple(map(_text, _list(texts))) for name, texts in environment.items()}
    return Contents(tuple(roots), names, tuple(map(_silence, _list(silences))))


def _node(node: Node) -> list[Any]:
    where = [node.where.line, node.where.column]
    if isinstance(node, Scalar):
        return ["s", *where, node.plain, str(node)]
    if isinstance(node, MappingNode):
        pairs = [[_node(key), _node(value)] for key, value in node.entries.values()]
        return ["m", *where, pairs]
    return ["l", *where, [_node(item) for item in node.items]]


def _read(value: Any, file: str, depth: int) -> Node:
    kind, line, column, *rest = [*_list(value), None, None, None, None][:5]
    if depth < 0 or not (_is_place(line) and _is_place(column)):
        raise DamagedContents("a value is nested too deeply, or nowhere")
    if kind == "s":
        return scalar(_text(rest[1]), file, line, column, rest[0] is True)
    if kind == "l":
        items = tuple(_read(item, file, depth - 1) for item in _list(rest[0]))
        return SequenceNode(items, Where(file, line, column))
    if kind != "m":
        raise DamagedContents("a value is neither scalar, list nor mapping")
    entries: dict[str, Pair] = {}
    for pair in _list(rest[0]):
        key, item = (_read(part, file, depth - 1) for part in _two(_list(pair)))
        if not isinstance(key, Scalar) or key in entries:
            raise DamagedContents("a key is no text, or is there twice")
        entries[key] = (key, item)
    return MappingNode(entries, Where(file, line, column))


def _silence(value: Any) -> Silence:
    code, reason, file, line, column, of = [*_list(value), *[None] * 6][:6]
    if not (_is_place(line) and _is_place(column) and _is_place(of)):
        raise DamagedContents("a comment stands nowhere")
    return Silence(_text(code), _text(reason), Where(_text(file), line, column), of)


def _root(file: Any) -> MappingNode:
    node = _read(_member(file, "root"), _text(_member(file, "name")), MAX_DEPTH)
    if not isinstance(node, MappingNode):
        raise DamagedContents("a file is no mapping")
    return node


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise DamagedContents(f"{name} is missing")
    return value[name]


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise DamagedContents("there should be a list")
    return value


def _two(values: Sequence[Any]) -> Sequence[Any]:
    if len(values) != 2:
        raise DamagedContents("there should be a key and a value")
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DamagedContents("there should be a text")
    # JSON can escape lone surrogates, which cannot be written anywhere.
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise DamagedContents("a text is not Unicode")
    return value


def _is_place(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST
