"""A YAML file as a tree of texts that remember their places."""

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


class ScalarNode(str):
    """One single value, quotes and escapes taken off; equal to the same text anywhere else.

    A text and a node at once, because a file of five thousand hosts has fifty thousand of them.

    Attributes:
        file: the file it stands in.
        line: where it begins, from one; an empty value stands where its key does.
        column: the same, in characters.
        plain: written without quotes, so that ``true`` and ``null`` mean themselves.
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
        """Whether nothing is said here."""
        return self.plain and _TYPED.get(self, self) is None

    def with_text(self, text: str, *, plain: bool = True) -> ScalarNode:
        """Another text at the same place."""
        return make_scalar(text, self.file, self.line, self.column, plain)


def make_scalar(text: str, file: str, line: int, column: int, plain: bool) -> ScalarNode:
    """A text at a place."""
    made = ScalarNode(text)
    made.file = file
    made.line = line
    made.column = column
    made.plain = plain
    return made


def scalar_at(text: str, where: Where, *, plain: bool = True) -> ScalarNode:
    """A text at the place of something else."""
    return make_scalar(text, where.file, where.line, where.column, plain)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    items: tuple[Node, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys and values in the order of the file; every key is there once."""

    entries: Mapping[str, Pair]
    where: Where

    def value(self, key: str) -> Node | None:
        """What stands behind a key; ``None`` when the key is missing or says nothing."""
        pair = self.entries.get(key)
        return None if pair is None or is_null(pair[1]) else pair[1]

    def with_pairs(self, pairs: Iterable[Pair]) -> MappingNode:
        """The same mapping with these keys set."""
        return mapping((*self.entries.values(), *pairs), self.where)


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode
Pair: TypeAlias = tuple[ScalarNode, Node]


def mapping(pairs: Iterable[Pair], where: Where) -> MappingNode:
    """A mapping of these pairs; of two equal keys the later one stays."""
    return MappingNode({pair[0]: pair for pair in pairs}, where)


def is_null(node: Node) -> bool:
    """Whether nothing is said here."""
    return isinstance(node, ScalarNode) and node.is_null


def data(node: Node) -> Any:
    """Convert to ``None``, ``bool``, ``ScalarNode``, ``list``, or ``dict`` with text keys."""
    if isinstance(node, ScalarNode):
        return _TYPED[node] if node.plain and node in _TYPED else node
    if isinstance(node, MappingNode):
        return {key: data(value) for key, (_, value) in node.entries.items()}
    return [data(item) for item in node.items]
