"""Merge files: equal values at the top, concatenated lists, one table of entries a section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.nodes import (
    MappingNode,
    Node,
    Pair,
    Scalar,
    SequenceNode,
    data,
    is_null,
    mapping,
)
from ztctl.documents.problems import SectionEntry
from ztctl.documents.suggest import did_you_mean

AGREED: Final = ("version", "stack", "account", "team", "lint")
LISTED: Final = ("removed", "moved", "ignore")
# What a section of this beginning holds is there for aliases alone.
HELD: Final = "x-"
Section = dict[str, SectionEntry]


@dataclass(slots=True)
class MergedFiles:
    """The content of all files together.

    Attributes:
        top: the top level without sections, as if one file held it.
        sections: the entries of every known section, by key.
        complete: false when a file or a section could not be used, so that nothing can be called
            missing.
        unknown: names in sections that are not known: each may be what is missing elsewhere.
        refused: entries of `hosts` that were not expanded.
    """

    top: MappingNode
    sections: dict[str, Section]
    complete: bool = True
    unknown: set[str] = field(default_factory=set)
    refused: list[SectionEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def merge_files(
    roots: Sequence[MappingNode],
    sections: Iterable[str],
    nicknames: Mapping[str, str],
    *,
    complete: bool,
) -> MergedFiles:
    """Merge the roots of files in their order.

    Args:
        roots: top-level mappings, one a file.
        sections: names of the known sections.
        nicknames: other names that people know a section by, for suggestions only.
        complete: false when a file could not be read.
    """
    start = roots[0].where if roots else Where("", 1, 1)
    merged = MergedFiles(MappingNode({}, start), {name: {} for name in sections}, complete)
    top: dict[str, Pair] = {}
    for root in roots:
        for name, (key, node) in root.entries.items():
            if name in AGREED:
                _agree(top, key, node, merged.problems)
            elif name in LISTED:
                _extend(top, key, node)
            elif name in merged.sections:
                _fill(merged, key, node)
            elif name != "vars" and not name.startswith(HELD):
                merged.problems.append(_unknown(key, (*merged.sections, "vars"), nicknames))
                merged.unknown |= {key, *(node.entries if isinstance(node, MappingNode) else ())}
    merged.top = mapping(top.values(), start)
    return merged


def _agree(top: dict[str, Pair], key: Scalar, node: Node, problems: list[Problem]) -> None:
    if is_null(node):
        return
    first = top.setdefault(key, (key, node))[1]
    if data(first) != data(node):
        hint = f"the other one is at {first.where}: all files must agree"
        problems.append(Problem(f"`{key}` differs between files", node.where, hint))


def _extend(top: dict[str, Pair], key: Scalar, node: Node) -> None:
    first = top.get(key, (key, None))[1]
    if isinstance(first, SequenceNode) and isinstance(node, SequenceNode):
        top[key] = (key, SequenceNode((*first.items, *node.items), first.where))
    elif not is_null(node):
        # A value that is not a list is kept: the model of the top level refuses it at its place.
        top[key] = (key, node)


def _fill(merged: MergedFiles, name: Scalar, node: Node) -> None:
    if is_null(node):
        return
    if not isinstance(node, MappingNode):
        summary = f"`{name}` must be a mapping from names to fields"
        merged.problems.append(Problem(summary, node.where))
        merged.complete = False
        return
    section = merged.sections[name]
    for key, value in node.entries.values():
        first = section.setdefault(key, SectionEntry(key, value))
        if first.key is not key:
            merged.problems.append(declared_twice(f"{name}.{key}", key, first.key))


def declared_twice(name: str, key: Scalar, first: Scalar) -> Problem:
    """Report a name that is declared a second time, at its key."""
    hint = f"it stands first at {first.where}: remove one of the two"
    return Problem(f"{name} is declared twice", key.where, hint)


def _unknown(key: Scalar, sections: Iterable[str], nicknames: Mapping[str, str]) -> Problem:
    if key[:1].isspace():
        code = f"U+{ord(key[0]):04X}"
        summary = f"the line begins with the character {code}, which is no space"
        return Problem(summary, key.where, "write spaces")
    known = (*AGREED, *sections, *LISTED)
    suggestion = nicknames.get(key)
    hint = f"did you mean `{suggestion}`?" if suggestion else did_you_mean(key, known)
    return Problem(f"there is no section `{key}`", key.where, hint)
