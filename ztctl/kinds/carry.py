"""Replacing writes that lose nothing: the live object as it came, with what an edit changes in it.

A write that replaces an object is made of three objects of the API: the live one, what a kind
understands of it, and what it is to be. Members that are the same in the last two stay as they
came, at every depth; so do those that are in neither, which no field models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from ztctl.core.model.canonical import Spec, canonical, sort_key

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Elements:
    """How the elements of a list of objects are told apart.

    Attributes:
        understood: a live element as the kind would write it; ``None`` if it is not understood,
            so that it stays in the list whatever else does.
        identity: what an element that was edited has in common with the one that it was; without
            it, an edited element is another one.
    """

    understood: Callable[[Any], Any]
    identity: Callable[[Raw], Any] | None = None


Lists = Mapping[str, Elements]
NO_LISTS: Lists = MappingProxyType({})


def lists_of(specs: Mapping[str, Spec]) -> Lists:
    """The lists of objects among these fields that look the same in the file and in the API."""
    return {
        name: Elements(partial(canonical, spec.element))
        for name, spec in specs.items()
        if spec.element is not None and spec.element.fields
    }


def patched(live: Any, known: Any, wanted: Any, lists: Lists = NO_LISTS) -> Any:
    """A live value with the difference between what is known of it and what is wanted.

    Args:
        live: the value as it came.
        known: what is understood of it.
        wanted: the value that is to be written, in the same form.
        lists: the lists of objects among its members, at any depth, by name.
    """
    if known == wanted:
        return live
    if not (isinstance(live, Mapping) and isinstance(wanted, Mapping)):
        return wanted
    before: Raw = known if isinstance(known, Mapping) else {}
    kept = {name: item for name, item in live.items() if name in wanted or name not in before}
    changed = {
        name: _member(lists.get(name), live.get(name), before.get(name), item, lists)
        for name, item in wanted.items()
        if name in live or item != before.get(name)
    }
    return {**kept, **changed}


def _member(elements: Elements | None, live: Any, known: Any, wanted: Any, lists: Lists) -> Any:
    if elements is None or known == wanted or not isinstance(live, list):
        return patched(live, known, wanted, lists)
    left = [(item, elements.understood(item)) for item in live]
    made = []
    for item in wanted:
        place = _place_of(item, [known for _, known in left], elements.identity)
        made.append(item if place is None else patched(*left.pop(place), item, lists))
    return [*made, *(item for item, known in left if known is None)]


def _place_of(wanted: Any, known: list[Any], identity: Callable[[Raw], Any] | None) -> int | None:
    """The place of the element that is the wanted one, or else of the one that becomes it."""
    if wanted in known:
        return known.index(wanted)
    if identity is None:
        return None
    same = identity(wanted)
    return next(
        (at for at, it in enumerate(known) if isinstance(it, Mapping) and identity(it) == same),
        None,
    )


def unmodelled(live: Raw, known: Raw, lists: Lists = NO_LISTS) -> dict[str, Any]:
    """The members of a live object, at any depth, that no field models; without empty ones."""
    found = {
        name: _rest(lists.get(name), item, known.get(name), lists) for name, item in live.items()
    }
    return {name: item for name, item in found.items() if item}


def _rest(elements: Elements | None, live: Any, known: Any, lists: Lists) -> Any:
    if elements is not None and isinstance(live, list):
        each = (_rest(None, item, elements.understood(item), lists) for item in live)
        return sorted(filter(None, each), key=sort_key)
    if isinstance(live, Mapping) and isinstance(known, Mapping):
        return unmodelled(live, known, lists)
    return live if known is None else None


@dataclass(frozen=True, slots=True)
class Body:
    """How a kind makes the body of a replacing write.

    Attributes:
        names: members of the API that are fields, each with its specification.
        default: what the API assumes of members that are not sent.
        always: members that are sent at their default, too.
        lists: as in ``patched``.
    """

    names: Mapping[str, Spec]
    default: Raw
    always: Collection[str] = ()
    lists: Lists = field(default_factory=lambda: NO_LISTS)

    def of(self, live: Raw, known: Raw, wanted: Raw) -> dict[str, Any]:
        """The body that makes the live object the wanted one.

        A field is left out where it is at its default both live and wanted: some accounts may not
        set it at all. A field that goes is sent empty: services are known that keep what is left
        out of a PUT (issues of cloudflare-go and of the Terraform provider).
        """
        body: dict[str, Any] = patched(live, known, wanted, self.lists)
        at_rest = {
            name
            for name, spec in self.names.items()
            if wanted.get(name) == known.get(name) == self.default.get(name)
            and _is_bare(live.get(name), spec)
        }
        emptied = {
            name: self._emptied(name, live[name])
            for name in known
            if name not in wanted and live.get(name) not in (None, "", [], {})
        }
        required = {name: wanted[name] for name in self.always if name not in body}
        kept = {name: it for name, it in body.items() if name not in at_rest or name in self.always}
        return {**kept, **required, **emptied}

    def _emptied(self, name: str, live: Any) -> Any:
        """A value that is empty, but for what no field models."""
        if not isinstance(live, Mapping):
            return _EMPTY.get(type(live))
        fields = self.names[name].fields if name in self.names else {}
        return {key: item for key, item in live.items() if key not in fields} or None


_EMPTY: Mapping[type, Any] = {str: "", list: [], bool: False}


def _is_bare(live: Any, spec: Spec) -> bool:
    """Whether a live value that counts as its default has nothing in it that no field models."""
    if isinstance(live, Mapping):
        return all(name in spec.fields for name in live)
    return not (isinstance(live, list) and live)
