"""YAML nodes with source positions; scalars stay texts until a model gives them a type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ztctl.core.model.diagnostics import Where

# YAML 1.2.2 core schema (section 10.3.2), null and bool. Numbers stay texts on purpose: `022` and
# `1.10` keep their spelling, and the model decides what is a number.
_TYPED: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Scalar(str):
    """A YAML scalar without quotes and escapes; equal to the same text anywhere else.

    A string and a node at once, because a file of five thousand hosts has fifty thousand of them.

    Attributes:
        file: the file that holds it.
        line: where it begins, from 1; an empty value has the position of its key.
        column: where it begins, in characters from 1.
        plain: written without quotes, so that ``true`` and ``null`` are a bool and a null.
    """

    __slots__ = ("column", "file", "line", "plain")

    file: str
    line: int
    column: int
    plain: bool

    @property
    def where(self) -> Where:
        """Where it begins."""
        return Where(self.file, self.line, self.column)

    @property
    def is_null(self) -> bool:
        """Whether it is an unquoted null of the core schema; an empty value is one."""
        return self.plain and _TYPED.get(self, self) is None

    def with_text(self, text: str, *, plain: bool = True) -> Scalar:
        """Make a scalar of another text at the same position."""
        return scalar(text, self.file, self.line, self.column, plain)


def scalar(text: str, file: str, line: int, column: int, plain: bool) -> Scalar:
    """Make a scalar at a position."""
    node = Scalar(text)
    node.file = file
    node.line = line
    node.column = column
    node.plain = plain
    return node


def scalar_at(text: str, where: Where, *, plain: bool = True) -> Scalar:
    """Make a scalar at the position of something else."""
    return scalar(text, where.file, where.line, where.column, plain)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A YAML sequence."""

    items: tuple[Node, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A YAML mapping in the order of the file; every key occurs once."""

    entries: Mapping[str, Pair]
    where: Where

    def value(self, key: str) -> Node | None:
        """The value of a key; ``None`` when the key is missing or its value is null."""
        pair = self.entries.get(key)
        return None if pair is None or is_null(pair[1]) else pair[1]

    def with_pairs(self, pairs: Iterable[Pair]) -> MappingNode:
        """A copy with these pairs added, or put in place of those with equal keys."""
        return mapping((*self.entries.values(), *pairs), self.where)


Node: TypeAlias = Scalar | SequenceNode | MappingNode
Pair: TypeAlias = tuple[Scalar, Node]


def mapping(pairs: Iterable[Pair], where: Where) -> MappingNode:
    """Make a mapping of pairs; of two equal keys the later one stays."""
    return MappingNode({pair[0]: pair for pair in pairs}, where)


def is_null(node: Node) -> bool:
    """Whether a node is an unquoted null scalar."""
    return isinstance(node, Scalar) and node.is_null


def data(node: Node) -> Any:
    """Convert to ``None``, ``bool``, ``Scalar``, ``list``, or ``dict`` with text keys."""
    if isinstance(node, Scalar):
        return _TYPED[node] if node.plain and node in _TYPED else node
    if isinstance(node, MappingNode):
        return {key: data(value) for key, (_, value) in node.entries.items()}
    return [data(item) for item in node.items]
