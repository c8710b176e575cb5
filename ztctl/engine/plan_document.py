"""A plan as JSON values and back, for plan files; a secret is never among them.

What is read back is there to be shown: it may have been edited since, and nothing is done by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Json
from ztctl.core.model.facts import sort_key
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.plan import Change, Plan
from ztctl.core.model.values import UNSET, Lookup, Ref, Unknown

# What nobody is shown, or what is not known any more when the file is read.
_LEFT_OUT: Final[Mapping[type, frozenset[str]]] = MappingProxyType(
    {
        Plan: frozenset({"live"}),
        Change: frozenset({"steps", "container"}),
        Live: frozenset({"attributes", "mark", "raw", "owner", "container", "aliases", "uses"}),
        Wanted: frozenset({"values", "name", "claim", "shares", "where", "local"}),
    }
)
# Members whose absence says nothing: they need a value to make the object.
_EMPTY: Final[Mapping[type, Mapping[str, Any]]] = MappingProxyType({Wanted: {"values": {}}})
# The member that tells what else than a JSON value a mapping stands for.
_SORT = "$"


class DamagedPlan(ValueError):
    """The document is not one that ``dumped`` makes."""


def dumped(value: Any) -> Json:
    """Convert a plan, or a part of one, to JSON values.

    References and unknown values keep their names; no value of a plan is a secret.
    """
    match value:
        case Address():
            return str(value)
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Unknown() | Ref() | Lookup():
            kept = {it.name: getattr(value, it.name) for it in fields(value) if it.name != "where"}
            return {_SORT: type(value).__name__.lower(), **{k: str(v) for k, v in kept.items()}}
        case Mapping():
            return {_SORT: "mapping", "of": {str(k): dumped(item) for k, item in value.items()}}
        case frozenset() | set():
            return [dumped(item) for item in sorted(value, key=sort_key)]
        case list() | tuple():
            return [dumped(item) for item in value]
        case _ if value is UNSET:
            return {_SORT: "unset"}
        case _ if is_dataclass(value):
            return {it.name: dumped(getattr(value, it.name)) for it in _kept(type(value))}
        case _:
            return str(value)


def restored(document: Json) -> Plan:
    """Convert the JSON values back to a plan that can be shown.

    Raises:
        DamagedPlan: they are not what ``dumped`` makes of a plan.
    """
    try:
        plan: Plan = _typed(Plan, document)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedPlan(str(error)) from None
    return plan


def _kept(kind: type) -> list[Field[Any]]:
    left_out = _LEFT_OUT.get(kind, frozenset())
    return [it for it in fields(kind) if it.name not in left_out]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(hint: Any, value: Any) -> Any:
    """The value as its annotation wants it; what does not fit raises."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return _value(value)
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return None
        return _typed(next(part for part in parts if part is not NoneType), value)
    if origin in (tuple, frozenset):
        if not isinstance(value, list):
            raise DamagedPlan("a list is missing")
        return origin(_typed(parts[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        found = _value(value)
        if not isinstance(found, Mapping):
            raise DamagedPlan("a mapping is missing")
        return found
    if hint is Address:
        return Address.parse(value)
    if issubclass(hint, Enum):
        return hint(value)
    if isinstance(hint, type) and is_dataclass(hint):
        return _made(hint, value)
    if type(value) is not hint:
        raise DamagedPlan(f"{value!r:.40} is no {hint.__name__}")
    return value


def _made(kind: type, value: Any) -> Any:
    kept = {it.name: it for it in _kept(kind)}
    if not isinstance(value, Mapping) or value.keys() - kept.keys():
        raise DamagedPlan(f"a {kind.__name__.lower()} has other members")
    needed = {name for name, it in kept.items() if it.default is it.default_factory is MISSING}
    if needed - value.keys():
        raise DamagedPlan(f"a {kind.__name__.lower()} lacks members")
    hints = _hints(kind)
    members = {name: _typed(hints[name], item) for name, item in value.items()}
    return kind(**_EMPTY.get(kind, {}), **members)


def _value(value: Any) -> Any:
    """A value of a field of the file, whatever it is."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    match value:
        case {"$": "mapping", "of": Mapping() as items}:
            return {name: _value(item) for name, item in items.items()}
        case {"$": "unset"}:
            return UNSET
        case {"$": "unknown", "of": str(of), "attribute": str(attribute)}:
            return Unknown(Address.parse(of), attribute)
        case {"$": "ref", "to": str(to), "attribute": str(attribute), "template": str(template)}:
            return Ref(Address.parse(to), attribute, template)
        case {"$": "lookup", "kind": str(), "name": str(), "attribute": str(), "template": str()}:
            return Lookup(**{name: text for name, text in value.items() if name != _SORT})
        case _:
            raise DamagedPlan("a value is of an unknown sort")
