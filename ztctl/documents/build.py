"""Compose YAML parser events into nodes; limits are checked before anything large is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.nodes import MappingNode, Node, Pair, Scalar, SequenceNode, scalar, scalar_at
from ztctl.documents.syntax import QUOTE_STAR

MAX_DEPTH: Final = 64
MAX_ALIASED: Final = 10_000

_MERGE_HINT: Final = "write the keys out, or repeat a whole value with an alias (`*name`)"


class Stop(Exception):
    """Composing ends here: nothing after this problem can be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.summary)
        self.problem = problem


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence whose end event has not come yet.

    Attributes:
        entries: of a mapping; ``None`` for a sequence.
        key: the key whose value comes next; ``None`` when the next node is a key.
        refused: the last key was a problem, so that its value is dropped.
        size: nodes in it, itself included; an alias counts with all that it repeats.
        height: levels of nesting in it, itself included.
    """

    where: Where
    anchor: str | None
    entries: dict[str, Pair] | None
    items: list[Node] = field(default_factory=list)
    key: Scalar | None = None
    refused: bool = False
    size: int = 1
    height: int = 1

    def node(self) -> Node:
        if self.entries is None:
            return SequenceNode(tuple(self.items), self.where)
        return MappingNode(self.entries, self.where)


class Builder:
    """Composes the single document of a file.

    Attributes:
        problems: what is wrong.
        usable: false when something is left out that other messages would call missing.
    """

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.usable = True
        self._file = file
        self._root: Node | None = None
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._aliased = 0

    def build(self, events: Iterable[Any]) -> Node | None:
        """Compose all events; the root node, or ``None`` for a file without a document.

        Raises:
            Stop: when a limit is exceeded, or a second document begins.
        """
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, {} if kind is MappingStartEvent else None)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close()
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                self._document(event)
        return self._root

    def _where(self, event: Any) -> Where:
        mark = event.start_mark
        return Where(self._file, mark.line + 1, mark.column + 1)

    def _document(self, event: Any) -> None:
        if self._root is not None:
            hint = "put the second one into a file of its own, and give both with -f"
            raise Stop(Problem("a second document begins here", self._where(event), hint))

    def _scalar(self, event: Any) -> None:
        plain = not event.style
        mark = event.start_mark
        node = scalar(event.value, self._file, mark.line + 1, mark.column + 1, plain)
        # `! text` has no tag in the event, but is not implicitly plain any more.
        if event.tag is not None or (plain and not event.implicit[0]):
            self._refuse_tag(event.tag, node.where)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1, 0)
        self._add(node, 1, 0)

    def _open(self, event: Any, entries: dict[str, Pair] | None) -> None:
        where = self._where(event)
        if event.tag is not None:
            self._refuse_tag(event.tag, where)
        self._check_depth(len(self._frames) + 1, where)
        self._frames.append(_Frame(where, event.anchor, entries))

    def _close(self) -> None:
        frame = self._frames.pop()
        node = frame.node()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (node, frame.size, frame.height)
        self._add(node, frame.size, frame.height)

    def _alias(self, event: Any) -> None:
        where = self._where(event)
        if any(frame.anchor == event.anchor for frame in self._frames):
            raise Stop(Problem(f"`*{event.anchor}` stands inside what it repeats", where))
        if event.anchor not in self._anchors:
            self._refuse(f"there is no `&{event.anchor}` above this alias", where, QUOTE_STAR[1])
            self._add(scalar_at("", where), 1, 0)
            return
        node, size, height = self._anchors[event.anchor]
        # An alias counts with all that its value holds and repeats in turn, so that aliases of
        # aliases ("billion laughs") reach the bound within a few lines.
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise Stop(Problem(f"aliases repeat more than {MAX_ALIASED:,} values", where))
        self._check_depth(len(self._frames) + height, where)
        if isinstance(node, Scalar):
            node = scalar_at(node, where, plain=node.plain)
        self._add(node, size, height)

    def _check_depth(self, depth: int, where: Where) -> None:
        if depth > MAX_DEPTH:
            raise Stop(Problem(f"nested deeper than {MAX_DEPTH} levels", where))

    def _add(self, node: Node, size: int, height: int) -> None:
        if not self._frames:
            self._root = node
            return
        frame = self._frames[-1]
        frame.size += size
        if frame.height <= height:
            frame.height = height + 1
        if frame.entries is None:
            frame.items.append(node)
        elif frame.key is None and not frame.refused:
            self._key(frame, node)
        else:
            self._value(frame, node)

    def _key(self, frame: _Frame, node: Node) -> None:
        frame.refused = True
        if not isinstance(node, Scalar):
            what = "a list" if isinstance(node, SequenceNode) else "a mapping"
            self._refuse(f"a key must be a text, not {what}", node.where, "quote it")
        elif node.plain and node == "<<":
            self._refuse("merge keys (`<<`) are not used here", node.where, _MERGE_HINT)
        elif not node:
            self._refuse("a key is empty", node.where, "write a name before the colon")
        elif frame.entries is not None and node in frame.entries:
            first = frame.entries[node][0].where
            hint = f"it stands first at {first}: remove one of the two"
            self._refuse(f"the key `{node}` is here twice", node.where, hint, usable=True)
        else:
            frame.refused = False
            frame.key = node

    def _value(self, frame: _Frame, node: Node) -> None:
        key, frame.key, frame.refused = frame.key, None, False
        if key is None or frame.entries is None:
            return
        # An empty value has no text that a problem could point at, so that it gets its key's place.
        if not node and isinstance(node, Scalar) and node.plain:
            node = key.with_text("")
        frame.entries[key] = (key, node)

    def _refuse_tag(self, tag: str | None, where: Where) -> None:
        shown = "!" + (tag or "").removeprefix("tag:yaml.org,2002:").removeprefix("!")
        hint = "remove it; quote the text if `!` belongs to it"
        self._refuse(f"tags (`{shown}`) are not used here", where, hint, usable=True)

    def _refuse(self, summary: str, where: Where, hint: str, *, usable: bool = False) -> None:
        self.usable = self.usable and usable
        self.problems.append(Problem(summary, where, hint))
