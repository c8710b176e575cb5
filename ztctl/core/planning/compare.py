"""Compare the two canonical sides of one object, and describe the edits between them.

Lists are compared here: deepdiff recognises an edited element of an ordered list only by an id in
each element, which ingress rules do not have. Maps inside a field are compared by deepdiff, at any
depth. Views show these edits as they are and compare nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from ztctl.core.model.canonical import Spec, canonical, sort_key
from ztctl.core.model.objects import Values
from ztctl.core.model.plan import Edit
from ztctl.core.model.values import UNSET


def differing(specs: Mapping[str, Spec], wanted: Values, live: Values) -> tuple[str, ...]:
    """Names of the managed fields whose wanted and live values differ; both sides canonical.

    A field that the wanted side does not hold is not managed and never differs.
    """
    return tuple(
        name
        for name, spec in specs.items()
        if spec.compared and name in wanted and wanted[name] != live.get(name)
    )


def recanonised(specs: Mapping[str, Spec], values: Values) -> Values:
    """Canonicalise values again once references are ids, which may sort differently.

    Fields outside of ``specs`` are left out; an empty list, map or text is kept.
    """
    return {
        name: value if made is None and value in ([], {}, "") else made
        for name, value in values.items()
        if name in specs
        for made in [canonical(specs[name], value)]
    }


def at_default(specs: Mapping[str, Spec], values: Values) -> frozenset[str]:
    """Names of the fields whose value equals the API's default."""
    return frozenset(
        name
        for name, value in values.items()
        if name in specs
        and specs[name].default is not UNSET
        and value == (list(specs[name].default) if value == [] else specs[name].default)
    )


def describe(name: str, spec: Spec, before: Any, after: Any) -> Iterator[Edit]:
    """Describe the edits of one field that differs, at the deepest paths that changed."""
    for path, old, new in _edits(name, before, after, unordered=spec.unordered):
        yield Edit(path, old, new, spec.immutable is not None)


RawEdit = tuple[str, Any, Any]


def _edits(path: str, before: Any, after: Any, *, unordered: bool = False) -> Iterator[RawEdit]:
    if isinstance(before, list) and isinstance(after, list):
        yield from (_set_edits if unordered else _list_edits)(path, before, after)
    elif isinstance(before, dict) and isinstance(after, dict) and before and after:
        yield from _map_edits(path, before, after)
    else:
        yield path, before, after


def _set_edits(path: str, before: list[Any], after: list[Any]) -> Iterator[RawEdit]:
    old = {sort_key(item): item for item in before}
    new = {sort_key(item): item for item in after}
    yield from ((f"{path}[]", old[key], None) for key in old if key not in new)
    yield from ((f"{path}[]", None, new[key]) for key in new if key not in old)


def _list_edits(path: str, before: list[Any], after: list[Any]) -> Iterator[RawEdit]:
    """Added, removed and edited elements of an ordered list.

    Indexes of removed elements refer to ``before``, all others to ``after``.
    """
    keys = [sort_key(item) for item in before], [sort_key(item) for item in after]
    for tag, low, high, start, stop in SequenceMatcher(None, *keys, False).get_opcodes():
        if tag == "equal":
            continue
        # In a replaced range each removed element is paired with the first similar added one.
        old, new = list(range(low, high)), list(range(start, stop))
        for index in list(old):
            similar = next(
                (place for place in new if _is_similar(before[index], after[place])), None
            )
            if similar is not None:
                yield from _edits(f"{path}[{similar}]", before[index], after[similar])
                old.remove(index)
                new.remove(similar)
        yield from ((f"{path}[{index}]", before[index], None) for index in old)
        yield from ((f"{path}[{place}]", None, after[place]) for place in new)


def _is_similar(one: Any, other: Any) -> bool:
    """True if two maps share at least half of their fields: one is the edited other."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    names = one.keys() | other.keys()
    same = [name for name in names if one.get(name) == other.get(name)]
    return 2 * len(same) >= len(names)


def _map_edits(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[RawEdit]:
    # deepdiff costs a tenth of a second to import; a plan without such an edit does not pay it.
    from deepdiff import DeepDiff

    found = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    edits = [
        (f"{path}{_subpath(item)}", _or_none(item.t1), _or_none(item.t2))
        for items in found.values()
        for item in items
    ]
    yield from sorted(edits, key=lambda edit: edit[0])


def _subpath(item: Any) -> str:
    steps = item.path(output_format="list")
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _or_none(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value
