"""Several files as one: agreement at the top, one table of entries for each section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.nodes import (
    MappingNode,
    Node,
    Pair,
    SequenceNode,
    Text,
    data,
    is_null,
    mapping,
)
from ztctl.documents.problems import SectionEntry
from ztctl.documents.suggest import did_you_mean

AGREED: Final = ("version", "stack", "account", "team")
LISTED: Final = ("removed", "moved")
Section = dict[str, SectionEntry]


@dataclass(slots=True)
class Joined:
    """What all files say together.

    Attributes:
        top: the agreed values and the joined lists, as if they stood in one file.
        sections: the entries of every known section, by key.
        complete: false when a file or a section could not be used, so that nothing can be called
            missing.
    """

    top: MappingNode
    sections: dict[str, Section]
    complete: bool = True
    problems: list[Problem] = field(default_factory=list)


def join(
    roots: Sequence[MappingNode],
    sections: Iterable[str],
    nicknames: Mapping[str, str],
    *,
    complete: bool,
) -> Joined:
    """Join files in their order.

    ``nicknames`` are other names that people know a section by, for suggestions alone.
    """
    start = roots[0].where if roots else Where("", 1, 1)
    joined = Joined(MappingNode({}, start), {name: {} for name in sections}, complete)
    top: dict[str, Pair] = {}
    for root in roots:
        for name, (key, node) in root.entries.items():
            if name in AGREED:
                _agree(top, key, node, joined.problems)
            elif name in LISTED:
                _extend(top, key, node)
            elif name in joined.sections:
                _fill(joined, key, node)
            elif name != "vars":
                joined.problems.append(_unknown(key, (*joined.sections, "vars"), nicknames))
                joined.complete = False
    joined.top = mapping(top.values(), start)
    return joined


def _agree(top: dict[str, Pair], key: Text, node: Node, found: list[Problem]) -> None:
    if is_null(node):
        return
    first = top.setdefault(key, (key, node))[1]
    if data(first) != data(node):
        hint = f"the other one is at {first.where}: all files must agree"
        found.append(Problem(f"`{key}` differs between files", node.where, hint))


def _extend(top: dict[str, Pair], key: Text, node: Node) -> None:
    first = top.get(key, (key, None))[1]
    if isinstance(first, SequenceNode) and isinstance(node, SequenceNode):
        top[key] = (key, SequenceNode((*first.items, *node.items), first.where))
    elif not is_null(node):
        # What is no list is left for the model of the top to refuse.
        top[key] = (key, node)


def _fill(joined: Joined, name: Text, node: Node) -> None:
    if is_null(node):
        return
    if not isinstance(node, MappingNode):
        summary = f"`{name}` must be a mapping from names to fields"
        joined.problems.append(Problem(summary, node.where))
        joined.complete = False
        return
    section = joined.sections[name]
    for key, value in node.entries.values():
        first = section.setdefault(key, SectionEntry(key, value))
        if first.key is not key:
            joined.problems.append(_twice(f"{name}.{key}", key, first))


def _twice(name: str, key: Text, first: SectionEntry) -> Problem:
    hint = f"it stands first at {first.key.where}: remove one of the two"
    return Problem(f"{name} is declared twice", key.where, hint)


def _unknown(key: Text, sections: Iterable[str], nicknames: Mapping[str, str]) -> Problem:
    words = (*AGREED, *sections, *LISTED)
    meant = nicknames.get(key)
    hint = f"did you mean `{meant}`?" if meant else did_you_mean(key, words)
    return Problem(f"there is no section `{key}`", key.where, hint)
