"""Offline checks: problems of the files that show without reading an account."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.graph import find_cycle, in_order
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Claim, Ref


def expanded(declared: Declared, kinds: Kinds) -> tuple[Wanted, ...]:
    """Every wanted object with its companions, referenced objects first.

    Companions are further objects that a kind derives from a wanted one. Objects on a cycle of
    references are left out; ``problems`` reports the cycle.
    """
    found = _with_companions(declared, kinds)
    rank = {kind.name: place for place, kind in enumerate(kinds.values())}
    needs = {address: _referenced(item) for address, item in found.items()}
    order = in_order(list(found), needs, lambda address: rank[address.kind])
    return tuple(found[address] for address in order)


def problems(declared: Declared, kinds: Kinds) -> list[Problem]:
    """All problems that can be found offline, unordered."""
    known = _with_companions(declared, kinds)
    return [
        *(_missing_references(declared, known) if declared.complete else ()),
        *_cycles(list(known.values())),
        *_duplicates(declared.wanted, kinds),
        *_removed_and_moved(declared, known),
        *_ignored(declared, known),
        *_marks_in_names(declared.wanted, kinds),
        *(problem for kind in kinds.values() for problem in kind.check(declared)),
    ]


def _with_companions(declared: Declared, kinds: Kinds) -> dict[Address, Wanted]:
    found: dict[Address, Wanted] = {}
    for wanted in declared.wanted:
        for item in kinds[wanted.address.kind].companions(wanted, declared.stack):
            found.setdefault(item.address, item)
    return found


def _referenced(wanted: Wanted) -> list[Address]:
    return [found.to for found in references(wanted.values) if isinstance(found, Ref)]


def _missing_references(declared: Declared, known: Mapping[Address, Wanted]) -> Iterator[Problem]:
    stated = {it.address: (it.where, tuple(references(it.values))) for it in declared.wanted}
    stated |= {address: (None, found) for address, found in declared.broken.items()}
    there = known.keys() | declared.broken.keys()
    for address, (where, found) in stated.items():
        for ref in found:
            if isinstance(ref, Ref) and ref.to not in there:
                kind, key = ref.to.kind, ref.to.key
                keys = sorted(it.key for it in there if it.kind == kind)
                similar = difflib.get_close_matches(key, keys, 1)
                hint = f"did you mean {similar[0]!r}? " if similar else ""
                what = kind.replace("_", " ")
                yield Problem(
                    f"{address} refers to the {what} {key!r}, which no file declares",
                    ref.where or where,
                    f"{hint}declare it, or write {{live: {key}}} for one that is not in the files",
                )


def _cycles(wanted: Sequence[Wanted]) -> Iterator[Problem]:
    needs = {item.address: _referenced(item) for item in wanted}
    found = find_cycle(list(needs), needs)
    if found:
        first = next(item for item in wanted if item.address == found[0])
        path = " → ".join(str(address) for address in found)
        yield Problem(f"these objects refer to each other in a ring: {path}", first.where)


def _duplicates(wanted: Sequence[Wanted], kinds: Kinds) -> Iterator[Problem]:
    alike: dict[tuple[str, bool, str], list[Wanted]] = defaultdict(list)
    for item in wanted:
        kind, given = item.address.kind, item.claim or item.shares
        named = kinds[kind].slot(item)
        if given is not None:
            named = given.id if isinstance(given, Claim) else given.name
        alike[kind, given is None, named].append(item)
    for (*_, named), items in alike.items():
        if len(items) > 1:
            first, second = items[:2]
            yield Problem(
                f"{first.address} and {second.address} are the same object, {named!r}",
                (second.claim and second.claim.where) or second.where,
                f"the other one is at {first.where}" if first.where else "",
            )


def _marks_in_names(wanted: Sequence[Wanted], kinds: Kinds) -> Iterator[Problem]:
    """Names that read as a mark, and ``protect`` of what carries no mark.

    A mark written by hand would assign the object to another stack.
    """
    for item in wanted:
        kind = kinds[item.address.kind]
        for text in kind.marking.texts(item):
            if ".ztctl-" in f".{text}" or text.startswith("lock-ztctl-"):
                yield Problem(
                    f"{item.address}: {text!r} looks like the mark of a stack, or like a lock",
                    item.where,
                    "those are put on by ztctl alone; write another name",
                )
        if item.protect and item.claim is not None:
            yield Problem(
                f"{item.address} cannot be protected: protection is part of the mark, and what is "
                "claimed by `id:` carries none",
                item.where,
                "it is deleted only under `removed:` anyway; drop `protect`",
            )


def _ignored(declared: Declared, known: Mapping[Address, Wanted]) -> Iterator[Problem]:
    """Report fields that may differ, of objects that nobody declares, and those named twice."""
    seen: set[tuple[Address, str]] = set()
    for ignored in declared.ignored:
        if (ignored.address, ignored.field) in seen:
            yield Problem(f"{ignored} is ignored twice", ignored.where, "drop one")
        seen.add((ignored.address, ignored.field))
        there = ignored.address in known or ignored.address in declared.broken
        if not there and declared.complete:
            near = difflib.get_close_matches(str(ignored.address), map(str, known), 1)
            hint = f"did you mean {near[0]}.{ignored.field}?" if near else "drop this entry"
            text = f"{ignored} may differ, but no file declares {ignored.address}"
            yield Problem(text, ignored.where, hint)


def _removed_and_moved(declared: Declared, known: dict[Address, Wanted]) -> Iterator[Problem]:
    claims = {(it.address.kind, it.claim.id): it for it in known.values() if it.claim is not None}
    for removed in declared.removed:
        claimed = claims.get((removed.address.kind, removed.id or ""))
        if removed.address in known or claimed is not None:
            address = claimed.address if claimed is not None else removed.address
            yield Problem(f"{address} is declared and removed at once", removed.where, "drop one")
    for moved in declared.moved:
        if moved.source in known:
            yield Problem(f"{moved.source} is declared and moved away at once", moved.where)
        is_missing = moved.target not in known and moved.target not in declared.broken
        if is_missing and declared.complete:
            yield Problem(
                f"{moved.target} is where something moved to, but no file declares it", moved.where
            )
        target = known.get(moved.target)
        if target is not None and target.claim is not None:
            yield Problem(
                f"{moved.target} is claimed by its id, so that nothing can move there",
                moved.where,
                "drop this entry, or take `id:` out",
            )
        if moved.source.kind != moved.target.kind:
            yield Problem(
                f"{moved.source} cannot become {moved.target}: the kind stays", moved.where
            )
