"""What is wrong with the files on their own, before any account is looked at."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.graph import find_cycle, in_order
from ztctl.core.model.kind import Kinds
from ztctl.core.model.marks import InName
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Ref


def expanded(declared: Declared, kinds: Kinds) -> tuple[Wanted, ...]:
    """Every wanted object with its companions, in the order in which they can be created.

    Objects on a ring of references are left out; ``problems`` names the ring.
    """
    found = _with_companions(declared, kinds)
    rank = {kind.name: place for place, kind in enumerate(kinds.values())}
    needs = {address: _needs(item) for address, item in found.items()}
    order = in_order(list(found), needs, lambda address: rank[address.kind])
    return tuple(found[address] for address in order)


def problems(declared: Declared, kinds: Kinds) -> list[Problem]:
    """Everything wrong that can be told offline, in no particular order."""
    known = _with_companions(declared, kinds)
    return [
        *_dangling(declared.wanted, known, declared.broken),
        *_rings(list(known.values())),
        *_twice(declared.wanted, kinds),
        *_bookkeeping(declared, known),
        *_forged(declared.wanted, kinds),
        *(problem for kind in kinds.values() for problem in kind.check(declared)),
    ]


def _with_companions(declared: Declared, kinds: Kinds) -> dict[Address, Wanted]:
    found: dict[Address, Wanted] = {}
    for wanted in declared.wanted:
        for item in kinds[wanted.address.kind].companions(wanted, declared.stack):
            found.setdefault(item.address, item)
    return found


def _needs(wanted: Wanted) -> list[Address]:
    return [found.to for found in references(wanted.values) if isinstance(found, Ref)]


def _dangling(
    wanted: Sequence[Wanted], known: dict[Address, Wanted], broken: frozenset[Address]
) -> Iterator[Problem]:
    for item in wanted:
        for found in references(item.values):
            if isinstance(found, Ref) and found.to not in known and found.to not in broken:
                kind, key = found.to.kind, found.to.key
                keys = [address.key for address in known if address.kind == kind]
                near = difflib.get_close_matches(key, keys, 1)
                meant = f"did you mean {near[0]!r}? " if near else ""
                what = kind.replace("_", " ")
                yield Problem(
                    f"{item.address} refers to the {what} {key!r}, which no file declares",
                    found.where or item.where,
                    f"{meant}declare it, or write {{live: {key}}} for one that is not in the files",
                )


def _rings(wanted: Sequence[Wanted]) -> Iterator[Problem]:
    needs = {item.address: _needs(item) for item in wanted}
    found = find_cycle(list(needs), needs)
    if found:
        first = next(item for item in wanted if item.address == found[0])
        path = " → ".join(str(address) for address in found)
        yield Problem(f"these objects refer to each other in a ring: {path}", first.where)


def _twice(wanted: Sequence[Wanted], kinds: Kinds) -> Iterator[Problem]:
    slots: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
    for item in wanted:
        slots[item.address.kind, kinds[item.address.kind].slot(item)].append(item)
    for (_, slot), items in slots.items():
        if len(items) > 1:
            first, second, *_ = items
            yield Problem(
                f"{first.address} and {second.address} are the same object, {slot!r}",
                second.where,
                f"the other one is at {first.where}" if first.where else "",
            )


def _forged(wanted: Sequence[Wanted], kinds: Kinds) -> Iterator[Problem]:
    """Marks written by hand: they would make an object somebody else's, or protect nothing."""
    for item in wanted:
        kind = kinds[item.address.kind]
        for text in kind.marking.texts(item):
            if ".ztctl-" in f".{text}":
                yield Problem(
                    f"{item.address}: {text!r} looks like the mark of a stack",
                    item.where,
                    "marks are put on by ztctl alone; write another name",
                )
        if item.protect and item.name is not None and isinstance(kind.marking, InName):
            yield Problem(
                f"{item.address} cannot be protected: the mark stands in the live name, and "
                "`name:` says what that is",
                item.where,
                "an object claimed by `name:` is deleted only under `removed:`; drop `protect`",
            )


def _bookkeeping(declared: Declared, known: dict[Address, Wanted]) -> Iterator[Problem]:
    for removed in declared.removed:
        if removed.address in known:
            yield Problem(
                f"{removed.address} is declared and removed at once", removed.where, "drop one"
            )
    for moved in declared.moved:
        if moved.source in known:
            yield Problem(f"{moved.source} is declared and moved away at once", moved.where)
        if moved.target not in known and moved.target not in declared.broken:
            yield Problem(
                f"{moved.target} is where something moved to, but no file declares it", moved.where
            )
        if moved.source.kind != moved.target.kind:
            yield Problem(
                f"{moved.source} cannot become {moved.target}: the kind stays", moved.where
            )
