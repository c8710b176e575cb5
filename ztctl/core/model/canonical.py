"""The canonical form of values, in which wanted and live objects are compared.

Markers are read from a pydantic model once, into a ``Spec`` for each field.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from ztctl.core.model.markers import (
    DecidesReach,
    Default,
    Immutable,
    KeepsEmpty,
    Local,
    Normalised,
    RefersTo,
    Unordered,
)
from ztctl.core.model.objects import Values
from ztctl.core.model.values import UNSET, Lookup, Ref, Unknown

# Tested first: nearly all values are one of these, and isinstance with an ABC is slow.
_LEAVES = (str, bool, int, type(None))

NO_FIELDS: Mapping[str, Spec] = types.MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Spec:
    """Specification of a value: its markers, and those of its elements or fields.

    ``compared`` is false for fields marked ``Local``.
    """

    default: Any = UNSET
    compared: bool = True
    unordered: bool = False
    immutable: Immutable | None = None
    keeps_empty: bool = False
    decides_reach: bool = False
    normalise: tuple[Callable[[Any], Any], ...] = ()
    refers: RefersTo | None = None
    element: Spec | None = None
    fields: Mapping[str, Spec] = field(default_factory=lambda: NO_FIELDS)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, Spec]:
    """Read the specifications of a model's fields, by name."""
    hints = typing.get_type_hints(model, include_extras=True)
    return {name: _spec(hints[name], ()) for name in model.model_fields}


def _spec(annotation: Any, markers: tuple[Any, ...]) -> Spec:
    if get_origin(annotation) is Annotated:
        inner, *outer = get_args(annotation)
        return _spec(inner, (*outer, *markers))
    if get_origin(annotation) in (Union, types.UnionType):
        chosen = [item for item in get_args(annotation) if item is not type(None)]
        return _spec(chosen[0], markers) if len(chosen) == 1 else _marked(markers)
    if get_origin(annotation) in (list, tuple):
        return _marked(markers, element=_spec(get_args(annotation)[0], ()))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _marked(markers, fields=fields_of(annotation))
    return _marked(markers)


def _marked(
    markers: tuple[Any, ...],
    *,
    element: Spec | None = None,
    fields: Mapping[str, Spec] = NO_FIELDS,
) -> Spec:
    found = {type(marker): marker for marker in markers}
    default = found.get(Default)
    return Spec(
        default=default.value if default else UNSET,
        compared=Local not in found,
        unordered=Unordered in found,
        immutable=found.get(Immutable),
        keeps_empty=KeepsEmpty in found,
        decides_reach=DecidesReach in found,
        normalise=tuple(marker.to for marker in markers if isinstance(marker, Normalised)),
        refers=found.get(RefersTo),
        element=element,
        fields=fields,
    )


def canonical_fields(specs: Mapping[str, Spec], values: Values) -> dict[str, Any]:
    """Bring values that mean the same to one form: normalised, defaults set, empty ones dropped.

    Idempotent. Local fields and keys without a specification are dropped.
    """
    canonised = (
        (name, _filled(spec, canonical(spec, values.get(name))))
        for name, spec in specs.items()
        if spec.compared
    )
    return {name: value for name, value in canonised if value is not None}


def _filled(spec: Spec, value: Any) -> Any:
    if value is not None or spec.default is UNSET:
        return value
    return list(spec.default) if isinstance(spec.default, tuple) else spec.default


def canonical(spec: Spec, value: Any) -> Any:
    """Bring one value to canonical form; empty ones become ``None`` unless they mean something."""
    if isinstance(value, Ref | Lookup | Unknown):
        return value
    for step in spec.normalise:
        value = step(value)
    if spec.element is not None and not isinstance(value, list | tuple) and value is not None:
        # Not wrapped in a list: the value of a rule is one element after flattening.
        return canonical(spec.element, value)
    if spec.fields and isinstance(value, Mapping):
        value = canonical_fields(spec.fields, value)
    elif isinstance(value, list | tuple):
        value = _canonical_list(spec, value)
    is_empty = value == {} or (value in ("", []) and not spec.keeps_empty)
    return None if is_empty else value


def _canonical_list(spec: Spec, values: list[Any] | tuple[Any, ...]) -> list[Any]:
    each = [canonical(spec.element, item) if spec.element else item for item in values]
    kept = [item for item in each if item is not None]
    if not spec.unordered:
        return kept
    by_key = {sort_key(item): item for item in kept}
    return [by_key[key] for key in sorted(by_key)]


def sort_key(value: Any) -> str:
    """A sortable key, equal for equal values only; the position of references is ignored."""
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> str:
    match value:
        case Ref():
            return f"ref {value.to} {value.attribute} {value.template}"
        case Lookup():
            return f"lookup {value.kind} {value.name} {value.attribute} {value.template}"
        case _:
            return repr(value)


def leaves(specs: Mapping[str, Spec], values: Values) -> Iterator[tuple[Spec, Any]]:
    """Yield each scalar of an object with its specification."""
    for name, spec in specs.items():
        if name in values:
            yield from _leaves(spec, values[name])


def _leaves(spec: Spec, value: Any) -> Iterator[tuple[Spec, Any]]:
    if spec.fields and isinstance(value, Mapping):
        yield from leaves(spec.fields, value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(spec.element or spec, item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(spec, item)
    else:
        yield spec.element or spec, value


def live_references(specs: Mapping[str, Spec], values: Values) -> Iterator[tuple[str, str]]:
    """Yield kind and id of each object that live values refer to."""
    for spec, leaf in leaves(specs, values):
        if spec.refers is not None:
            found = spec.refers.id_in(leaf)
            if found is not None:
                yield spec.refers.kind, found


def references(value: Any) -> Iterator[Ref | Lookup]:
    """Yield the references inside a value, at any depth."""
    if isinstance(value, _LEAVES):
        return
    if isinstance(value, Ref | Lookup):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            if not isinstance(item, _LEAVES):
                yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


def stated_references(specs: Mapping[str, Spec], fields: Any) -> Iterator[Ref | Lookup]:
    """Yield the references in the fields of an entry as a file states them, valid or not."""
    for name, value in fields.items() if isinstance(fields, Mapping) else ():
        if name in specs:
            yield from _stated(specs[name], value)


def _stated(spec: Spec, value: Any) -> Iterator[Ref | Lookup]:
    if spec.element is not None:
        for item in value if isinstance(value, list) else [value]:
            yield from _stated(spec.element, item)
    elif spec.refers is not None:
        with suppress(PydanticCustomError):
            found = spec.refers.parse(value)
            if not isinstance(found, str):
                yield found
        yield from stated_references(spec.fields, value)
    else:
        yield from stated_references(spec.fields, value)


def texts(value: Any) -> Iterator[str]:
    """Yield the strings inside a value, at any depth."""
    return (leaf for leaf in plain_values(value) if isinstance(leaf, str))


def plain_values(value: Any) -> Iterator[Any]:
    """Yield what stands inside a value and holds nothing itself, at any depth."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from plain_values(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from plain_values(item)
    else:
        yield value


def replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    """Copy a value with each leaf replaced by the result of ``by``."""
    if isinstance(value, _LEAVES):
        return by(value)
    if isinstance(value, Mapping):
        return {key: replaced(item, by) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replaced(item, by) for item in value]
    return by(value)
