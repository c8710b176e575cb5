"""The text of a YAML file as a tree that keeps what the loader drops: comments, styles, anchors.

Made of PyYAML's tokens and events, of a text that the loader has read: it bounds the depth.
A library that loads and dumps with comments was tried (ruamel.yaml 0.19): it loses those inside of
`{…}` and `[…]`, and hangs each on the value before it, so that it stays behind when a key moves.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml import events as ev
from yaml import tokens as tok

_BREAKS: Final = "\n\u2028\u2029"
_COMMENT: Final = re.compile(f"#[^{_BREAKS}]*")
_OTHER_BREAK: Final = re.compile("\r\n|[\r\x85]")


@dataclass(slots=True)
class YamlComment:
    """A comment.

    Attributes:
        alone: nothing but blanks stands before it on its line.
        apart: a blank line stands before it.
    """

    text: str
    index: int
    column: int
    alone: bool
    apart: bool


@dataclass(slots=True)
class Part:
    """A scalar, an alias, a mapping or a list, from ``start`` to ``end`` in the source.

    Attributes:
        text: of a scalar, without quotes and escapes; the name of an alias.
        style: the quote, ``|`` or ``>`` of a scalar; ``*`` of an alias; empty for a plain scalar.
        source: how it is written.
        flow: a mapping or list in brackets.
        opened: in brackets, and holds comments, so that it needs lines of its own.
        inside: where the first entry may begin.
        tail: the lines of comments and blanks after the last entry.
    """

    start: int
    end: int
    column: int
    anchor: str = ""
    text: str = ""
    style: str = ""
    source: str = ""
    is_mapping: bool = False
    is_list: bool = False
    flow: bool = False
    opened: bool = False
    inside: int = 0
    entries: list[YamlEntry] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)

    @property
    def in_block(self) -> bool:
        """Whether it has entries on lines of their own."""
        return bool(self.entries) and not self.flow

    @property
    def is_missing(self) -> bool:
        """Whether it is the value of `key:` with nothing behind."""
        return not (self.source or self.is_mapping or self.is_list)


@dataclass(slots=True)
class YamlEntry:
    """A `key: value` of a mapping, or an item of a list.

    Attributes:
        above: the lines of comments and blanks before it.
        beside: comments on its line: behind the value, or behind the key of a value below it.
    """

    start: int
    end: int
    column: int
    key: Part | None
    value: Part
    above: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


def normalised(text: str) -> str:
    """The text with line feeds alone, as the loader sees it."""
    return _OTHER_BREAK.sub("\n", text)


def comments_of(source: str) -> Iterator[YamlComment]:
    """Every comment of a text, in order."""
    end = 0
    for token in yaml.scan(source, Loader=yaml.CSafeLoader):
        yield from _comments_between(source, end, token.start_mark.index)
        if isinstance(token, tok.ScalarToken) and token.style in ("|", ">"):
            # Behind the header of a block; what looks like one below belongs to the text.
            header = re.compile(f"[^{_BREAKS}]*").match(source, token.start_mark.index)
            assert header is not None
            yield from _comments_between(source, token.start_mark.index, header.end())
        end = max(end, token.end_mark.index)


def _comments_between(source: str, start: int, end: int) -> Iterator[YamlComment]:
    for match in _COMMENT.finditer(source, start, end):
        index = match.start()
        column = index - _line_start(source, index)
        alone = not source[index - column : index].strip(" \t")
        yield YamlComment(
            match[0].rstrip(), index, column, alone, alone and is_apart(source, index)
        )


def is_apart(source: str, index: int) -> bool:
    """Whether a blank line, or nothing but blank lines, stands before a place."""
    breaks = 0
    while index and source[index - 1] in f" \t{_BREAKS}":
        index -= 1
        breaks += source[index] in _BREAKS
    return breaks > 1


def _line_start(source: str, index: int) -> int:
    start = source.rfind("\n", 0, index) + 1
    line = source[start:index]
    return start + max(line.rfind("\u2028"), line.rfind("\u2029")) + 1


def tree_of(source: str) -> YamlEntry:
    """Read a text: its root as the value of an entry without a key, comments attached."""
    dashes = [
        token.start_mark.index
        for token in yaml.scan(source, Loader=yaml.CSafeLoader)
        if isinstance(token, tok.BlockEntryToken)
    ]
    root = _Reader(source, dashes).root()
    whole = YamlEntry(-1, len(source) + 1, -1, None, root)
    for comment in comments_of(source):
        _attach(whole, comment)
    _keep_blank_lines(source, root)
    return whole


class _Reader:
    def __init__(self, source: str, dashes: list[int]) -> None:
        self._source = source
        self._dashes = dashes
        self._events: Iterator[Any] = iter(yaml.parse(source, Loader=yaml.CSafeLoader))

    def root(self) -> Part:
        for event in self._events:
            if isinstance(event, ev.DocumentStartEvent):
                return self._part(next(self._events))
        raise ValueError("there is no document")

    def _part(self, event: Any) -> Part:
        start, end = event.start_mark.index, event.end_mark.index
        part = Part(start, end, event.start_mark.column, anchor=event.anchor or "", inside=end)
        if isinstance(event, ev.AliasEvent):
            part.anchor, part.text, part.style, part.source = "", str(event.anchor), "*", "*"
        elif isinstance(event, ev.ScalarEvent):
            part.text, part.style = event.value, event.style or ""
            part.source = self._source[start:end]
            if part.anchor:
                part.source = part.source.partition(f"&{part.anchor}")[2].lstrip()
        else:
            part.flow = bool(event.flow_style)
            part.is_mapping = isinstance(event, ev.MappingStartEvent)
            part.is_list = not part.is_mapping
            part.entries = list(self._entries(part))
            part.starts = [entry.start for entry in part.entries]
            if part.in_block:
                part.column = part.entries[0].column
                part.inside, part.end = part.entries[0].start, part.entries[-1].end
        return part

    def _entries(self, part: Part) -> Iterator[YamlEntry]:
        for event in self._events:
            if type(event) in (ev.MappingEndEvent, ev.SequenceEndEvent):
                part.end = event.end_mark.index
                return
            first = self._part(event)
            if part.is_mapping:
                value = self._part(next(self._events))
                yield YamlEntry(first.start, max(first.end, value.end), first.column, first, value)
            elif part.flow:
                yield YamlEntry(first.start, first.end, first.column, None, first)
            else:
                dash = self._dashes[bisect_right(self._dashes, max(0, first.start - 1)) - 1]
                column = dash - _line_start(self._source, dash)
                yield YamlEntry(dash, max(dash + 1, first.end), column, None, first)


def _attach(whole: YamlEntry, comment: YamlComment) -> None:
    """Put a comment where it belongs: above or beside an entry, or below the last one of a part."""
    entry = whole
    while True:
        part = entry.value
        within = part.inside <= comment.index < part.end or entry is whole
        if not (part.entries and within):
            _put_in_head(entry, comment)
            return
        part.opened = part.opened or part.flow
        place = bisect_right(part.starts, comment.index)
        if place == 0 or comment.index >= part.entries[place - 1].end:
            _put_between(entry, place, comment)
            return
        entry = part.entries[place - 1]


def _put_in_head(entry: YamlEntry, comment: YamlComment) -> None:
    """Before the value of an entry begins, or in brackets that hold nothing else."""
    if entry.value.in_block and comment.alone:
        _add(entry.value.entries[0].above, comment)
    elif comment.alone:
        _add(entry.above, comment)
    else:
        entry.beside.append(comment.text)


def _put_between(owner: YamlEntry, place: int, comment: YamlComment) -> None:
    part = owner.value
    before = part.entries[place - 1] if place else None
    after = part.entries[place] if place < len(part.entries) else None
    if not comment.alone and before is not None:
        while before.value.in_block:
            before = before.value.entries[-1]
        before.beside.append(comment.text)
    elif not comment.alone and owner.column >= 0:
        owner.beside.append(comment.text)
    elif before is not None and not part.flow and (below := _closed(part, before, comment)):
        _add(below.tail, comment)
    else:
        _add(part.tail if after is None else after.above, comment)


def _closed(part: Part, last: YamlEntry, comment: YamlComment) -> Part | None:
    """The innermost part that ends before a comment, and whose entries begin no deeper than it."""
    found, column = None, part.column
    while True:
        inner = last.value
        begins = last.column + 1 if inner.is_missing else inner.column
        if not (inner.in_block or inner.is_missing):
            return found
        if column < begins <= comment.column:
            found, column = inner, begins
        if inner.is_missing:
            return found
        last = inner.entries[-1]


def _add(lines: list[str], comment: YamlComment) -> None:
    if comment.apart:
        lines.append("")
    lines.append(comment.text)


def _keep_blank_lines(source: str, part: Part) -> None:
    for entry in part.entries:
        if is_apart(source, entry.start):
            entry.above.append("")
        _keep_blank_lines(source, entry.value)
