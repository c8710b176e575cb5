"""From the canonical values of live objects to what a file states: names in place of ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ztctl.core.model.canonical import Spec
from ztctl.core.model.kind import Kinds
from ztctl.core.model.markers import RefersTo
from ztctl.core.model.objects import Live, Values
from ztctl.core.model.values import UNSET
from ztctl.core.planning.selection import Place

_LONGEST: Final = 200
# Elements of this list are joined by AND, where a list of values would mean any of them.
_ALL_OF: Final = "require"


class Inexpressible(Exception):
    """Something of a live object that no file can state."""


class Names:
    """How files refer to live objects.

    Args:
        live: all live objects by kind.
        kinds: their kinds.
        keys: the keys of those that the file declares.
    """

    def __init__(
        self, live: Mapping[str, tuple[Live, ...]], kinds: Kinds, keys: Mapping[Place, str]
    ) -> None:
        self._keys = keys
        self._kinds = kinds
        self._declared: dict[str, set[str]] = defaultdict(set)
        for (kind, _), key in keys.items():
            self._declared[kind].add(key)
        self._by_id: dict[Place, Live] = {}
        self._by_name: dict[Place, list[Live]] = defaultdict(list)
        for name, items in live.items():
            for it in items:
                self._by_id[name, it.id] = it
                for alias in it.aliases:
                    self._by_id[name, alias] = it
                for word in {it.name, *kinds[name].live_keys(it)}:
                    self._by_name[name, word].append(it)

    def reference(self, refers: RefersTo, text: Any) -> Any:
        """The key of a declared object, else a name that one live object has, else the id."""
        found = refers.id_in(text)
        if found is None:
            raise Inexpressible(f"it refers to {text!r}, which is no {refers.kind}")
        if refers.attribute == "name":
            is_key = not self._kinds[refers.kind].section or found in self._declared[refers.kind]
            return found if is_key else {"live": found}
        live = self._by_id.get((refers.kind, found))
        if live is not None and not refers.live_only and (refers.kind, live.id) in self._keys:
            return self._keys[refers.kind, live.id]
        if live is not None and refers.attribute == "id" and self._is_unique(live):
            return live.name if refers.live_only else {"live": live.name}
        return {"id": found}

    def _is_unique(self, live: Live) -> bool:
        called = self._by_name[live.kind, live.name]
        found = [it for it in called if it.is_matchable] or called
        return bool(live.name) and found == [live]


def stated(
    specs: Mapping[str, Spec], values: Values, names: Names, path: str = ""
) -> dict[str, Any]:
    """The fields of an object as a file states them, without those at their default.

    Raises:
        Inexpressible: no file can state one of them.
    """
    found: dict[str, Any] = {}
    for name, spec in specs.items():
        value = values.get(name)
        is_empty = value in ("", [], {}) and not spec.keeps_empty
        if not spec.compared or value is None or is_empty or _is_default(spec, value):
            continue
        found[name] = _stated(spec, value, names, f"{path}{name}")
    return found


def _is_default(spec: Spec, value: Any) -> bool:
    if spec.default is UNSET:
        return False
    return bool(value == (list(spec.default) if isinstance(spec.default, tuple) else spec.default))


def _stated(spec: Spec, value: Any, names: Names, path: str) -> Any:
    if spec.refers is not None and not (spec.fields and isinstance(value, Mapping)):
        return names.reference(spec.refers, value)
    if isinstance(value, list | tuple):
        each = [_stated(spec.element or Spec(), it, names, f"{path}[]") for it in value]
        is_any = spec.unordered and spec.element is not None and spec.element.fields
        return [*_folded(spec.element, each)] if is_any and not _is_all_of(path) else each
    if isinstance(value, Mapping):
        if spec.element is not None:
            return _stated(spec.element, value, names, path)
        return stated(spec.fields, value, names, f"{path}.")
    if spec.fields and isinstance(value, str) and not _has_short_form(spec):
        raise Inexpressible(f"`{path}` holds what ztctl does not know: {cut(value)}")
    if spec.element is not None:
        return _stated(spec.element, value, names, path)
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise Inexpressible(f"`{path}` holds half a character, which no file can")
    if not isinstance(value, str | int | float):
        raise Inexpressible(f"`{path}` is of a type that ztctl does not know")
    return value


def _is_all_of(path: str) -> bool:
    return path.rpartition(".")[2] == _ALL_OF


def _has_short_form(spec: Spec) -> bool:
    """Whether a text may stand in place of the object, as for a public destination."""
    return "uri" in spec.fields


def _folded(element: Spec | None, rules: list[Any]) -> Iterator[Any]:
    """Rules of which any counts, with the values of one selector in one list."""
    assert element is not None
    joined: dict[str, list[Any]] = defaultdict(list)
    # Each rule that stays as it is, or the selector of joined ones.
    order: list[tuple[str, Any]] = []
    for rule in rules:
        name = next(iter(rule)) if isinstance(rule, Mapping) and len(rule) == 1 else ""
        inner = element.fields.get(name)
        many = inner is not None and inner.element is not None and not inner.element.fields
        if not many or isinstance(rule[name], list):
            order.append(("", rule))
            continue
        if name not in joined:
            order.append((name, None))
        joined[name].append(rule[name])
    for name, rule in order:
        values = joined[name] if name else []
        yield {name: values if len(values) > 1 else values[0]} if name else rule


def cut(text: str) -> str:
    """The beginning of a text of others, which may be of any length."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
