"""The order of keys: that of the models' fields, as far as anchors stay before their aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from ztctl.core.model.kind import Kinds
from ztctl.documents import hosts
from ztctl.documents.host_checks import host_sections
from ztctl.documents.layout_tree import Part, YamlEntry
from ztctl.documents.models import Host, Top
from ztctl.documents.problems import fields_by_name, models_within


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a mapping, or of the mappings in a list.

    Attributes:
        keys: in their order; a key that is not among them keeps its place before the next one.
        below: the shape of the value of a key.
    """

    keys: Mapping[str, int]
    below: Callable[[str], Shape]


def _free(_: str) -> Shape:
    return FREE


FREE: Final = Shape({}, _free)


def shape_of_file(kinds: Kinds) -> Shape:
    """The shape of a whole file."""
    sections: dict[str, type[BaseModel]] = {
        kind.section: kind.model for kind in kinds.values() if kind.section
    }
    if host_sections(kinds):
        sections[hosts.SECTION] = Host
    top = _shape_of((Top,))

    def below(key: str) -> Shape:
        model = sections.get(key)
        return top.below(key) if model is None else Shape({}, lambda _: _shape_of((model,)))

    return Shape(_ranks([*top.keys, "vars", *sections]), below)


def _shape_of(models: tuple[type[BaseModel], ...]) -> Shape:
    fields = {name: field for model in models for name, field in fields_by_name(model).items()}

    def below(key: str) -> Shape:
        found = tuple(models_within(fields[key].annotation)) if key in fields else ()
        return _shape_of(found) if found else FREE

    return Shape(_ranks(fields), below)


def _ranks(keys: Iterable[str]) -> dict[str, int]:
    return {key: rank for rank, key in enumerate(dict.fromkeys(keys))}


def arrange(part: Part, shape: Shape) -> None:
    """Put the entries of a part, and of all parts in it, into their order."""
    for entry in part.entries:
        known = entry.key is not None and entry.key.style != "*"
        if entry.key is None:
            arrange(entry.value, shape)
        else:
            arrange(entry.value, shape.below(entry.key.text) if known else FREE)
    if part.is_mapping and shape.keys:
        part.entries = [entry for unit in _sorted(_units(part, shape)) for entry in unit.entries]


def arrange_file(root: Part, kinds: Kinds) -> None:
    """Arrange a whole file; what is said above all stays above all."""
    first = root.entries[0]
    arrange(root, shape_of_file(kinds))
    if root.entries[0] is first:
        return
    # Of several paragraphs the last one is about the entry; a single one is about the file.
    lines = first.above
    blank = next((place for place in range(len(lines), 0, -1) if not lines[place - 1]), len(lines))
    header, first.above = lines[:blank], lines[blank:]
    if header:
        root.entries[0].above = [*header, "", *root.entries[0].above]


@dataclass(slots=True)
class _Unit:
    """An entry with those of unknown keys before it, which do not leave it."""

    rank: int
    entries: list[YamlEntry]
    defined: set[str]
    named: set[str]


def _units(part: Part, shape: Shape) -> list[_Unit]:
    units: list[_Unit] = []
    waiting: list[YamlEntry] = []
    for entry in part.entries:
        waiting.append(entry)
        rank = shape.keys.get(entry.key.text, -1) if entry.key and entry.key.style != "*" else -1
        if rank >= 0:
            units.append(_unit(rank, waiting))
            waiting = []
    return [*units, _unit(len(shape.keys), waiting)] if waiting else units


def _unit(rank: int, entries: list[YamlEntry]) -> _Unit:
    unit = _Unit(rank, entries, set(), set())
    for part in _parts(entries):
        if part.anchor:
            unit.defined.add(part.anchor)
        elif part.style == "*":
            unit.named.add(part.text)
    unit.named |= unit.defined
    return unit


def _parts(entries: Iterable[YamlEntry]) -> Iterator[Part]:
    for entry in entries:
        for part in (entry.key, entry.value):
            if part is not None:
                yield part
                yield from _parts(part.entries)


def _sorted(units: list[_Unit]) -> Iterator[_Unit]:
    """By rank; a unit that shares an anchor with an earlier one stays behind it."""
    left = units
    while left:
        free = (unit for place, unit in enumerate(left) if not _waits(unit, left[:place]))
        chosen = min(free, key=lambda unit: unit.rank)
        left = [unit for unit in left if unit is not chosen]
        yield chosen


def _waits(unit: _Unit, earlier: list[_Unit]) -> bool:
    return any(unit.defined & other.named or unit.named & other.defined for other in earlier)
