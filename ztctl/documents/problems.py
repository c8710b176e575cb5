"""Translate validation errors of pydantic into problems with source positions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.documents.mask import Mask
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode, is_null
from ztctl.documents.suggest import did_you_mean, nearest

Location = tuple[str | int, ...]

_EXPECTED: Final = {
    **dict.fromkeys(("string_type", "string_sub_type"), "a text"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    "int_parsing_size": "a smaller number",
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type"),
        "a mapping (`key: value`)",
    ),
    "none_required": "empty",
}
_BOUNDED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "literal_error": lambda ctx: f"{ctx['expected']}",
    "enum": lambda ctx: f"{ctx['expected']}",
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']}",
    "greater_than": lambda ctx: f"more than {ctx['gt']}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']}",
    "less_than": lambda ctx: f"less than {ctx['lt']}",
    "string_too_short": lambda ctx: f"at least {_counted(ctx['min_length'], 'character')} long",
    "string_too_long": lambda ctx: f"at most {_counted(ctx['max_length'], 'character')} long",
    "too_short": lambda ctx: f"a list with at least {_counted(ctx['min_length'], 'item')} in it",
    "too_long": lambda ctx: f"a list of at most {_counted(ctx['max_length'], 'item')}",
    "string_pattern_mismatch": lambda ctx: f"of the form {ctx['pattern']}",
}
# The most characters of a value that a hint repeats.
_SHORT: Final = 40
_YES_AND_NO: Final = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """One object of a section: key, fields, and the `hosts` entry that it was expanded from."""

    key: Scalar
    node: Node
    origin: str = ""

    @property
    def fields(self) -> Node:
        """The fields; an entry of null has none."""
        if is_null(self.node):
            return MappingNode({}, self.key.where)
        return self.node


@dataclass(frozen=True, slots=True)
class _Fault:
    """One validation error: at which field, and what it must be and was, or a summary."""

    field: str
    where: Where
    expected: str = ""
    found: str = ""
    summary: str = ""
    hint: str = ""


def translate_errors(
    error: ValidationError, model: type[BaseModel], entry: SectionEntry, name: str, mask: Mask
) -> Iterator[Problem]:
    """Translate the errors of one entry; the errors of one field become one problem.

    Args:
        error: what pydantic raised.
        model: the model that the entry was validated against.
        entry: the nodes that give positions.
        name: how messages call the entry; empty for the top level of the file.
        mask: hides values of the environment.
    """
    reader = _ErrorReader(model, entry, mask)
    groups: dict[tuple[str, Where], list[_Fault]] = {}
    for fault in map(reader.fault, error.errors(include_url=False)):
        groups.setdefault((fault.field, fault.where), []).append(fault)
    for (field, _), group in groups.items():
        yield from _problems_of(_subject(name, field), group)


def _subject(name: str, field: str) -> str:
    if not field:
        return name or "the file"
    return f"{name}: `{field}`" if name else f"`{field}`"


def _problems_of(subject: str, group: Sequence[_Fault]) -> Iterator[Problem]:
    # Pydantic reports a value that fits no member of a union once for each member.
    wrong_type = [fault for fault in group if fault.expected]
    if wrong_type:
        expected = " or ".join(dict.fromkeys(fault.expected for fault in wrong_type))
        found = wrong_type[0].found
        hint = next((fault.hint for fault in wrong_type if fault.hint), "")
        summary = f"{subject} must be {expected}, not {found}"
        yield Problem(summary, wrong_type[0].where, hint)
    for fault in group:
        if not fault.expected:
            yield Problem(f"{subject}{fault.summary}", fault.where, fault.hint)


@dataclass(frozen=True, slots=True)
class _ErrorReader:
    """Finds the nodes that pydantic's errors are about."""

    model: type[BaseModel]
    entry: SectionEntry
    mask: Mask

    def fault(self, detail: ErrorDetails) -> _Fault:
        kind, loc, context = detail["type"], detail["loc"], detail.get("ctx", {})
        if kind == "missing":
            return self._missing(loc[:-1], str(loc[-1]))
        if kind == "extra_forbidden":
            return self._unknown(loc[:-1], str(loc[-1]))
        expected = _expected(kind, detail["msg"], context)
        if expected:
            field, _, where = self._locate(loc)
            found = _described(detail["input"], self.mask)
            hint = _hint_for_value(kind, expected, detail["input"], self.mask)
            return _Fault(field, where, expected=expected, found=found, hint=hint)
        return self._from_validator(loc, detail["msg"], str(context.get("hint", "")))

    def _from_validator(self, loc: Location, message: str, hint: str) -> _Fault:
        field, node, where = self._locate(loc)
        if isinstance(node, MappingNode):
            # A model validator concerns several fields, so that the key of the mapping is shown.
            where = self._locate(loc, at_key=True)[2]
        message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return _Fault(field, where, summary=f": {self.mask.short(message, most=400)}", hint=hint)

    def _missing(self, parents: Location, key: str) -> _Fault:
        field, _, where = self._locate(parents, at_key=True)
        hint = _description(_models_at(self.model, parents), key)
        return _Fault(field, where, summary=f" lacks `{key}`", hint=hint)

    def _unknown(self, parents: Location, key: str) -> _Fault:
        field, node, where = self._locate(parents)
        if isinstance(node, MappingNode) and key in node.entries:
            where = node.entries[key][0].where
        names = [
            name for model in _models_at(self.model, parents) for name in fields_by_name(model)
        ]
        summary = f" has no field `{self.mask.short(key)}`"
        return _Fault(field, where, summary=summary, hint=did_you_mean(key, dict.fromkeys(names)))

    def _locate(self, loc: Location, *, at_key: bool = False) -> tuple[str, Node, Where]:
        """Follow a pydantic location: the path of the field, its node, and its position.

        Parts that name a member of a union occur in no file and are skipped.
        """
        node: Node = self.entry.fields
        where, field = self.entry.key.where if at_key else node.where, ""
        for part in loc:
            if isinstance(node, MappingNode) and str(part) in node.entries:
                key, node = node.entries[str(part)]
                where = key.where if at_key else node.where
                name = self.mask.short(str(part))
                field = f"{field}.{name}" if field else name
            elif isinstance(node, SequenceNode) and part in range(len(node.items)):
                node = node.items[int(part)]
                where = node.where
                field = f"{field}[{part}]"
        return field, node, where


def _expected(kind: str, message: str, context: Mapping[str, Any]) -> str:
    """What the value must be; empty for errors that carry a message of their own."""
    if kind in _BOUNDED:
        return _BOUNDED[kind](context)
    head, found, rest = message.partition("Input should be ")
    return _EXPECTED.get(kind) or (rest if found and not head else "")


def _models_at(model: type[BaseModel], loc: Location) -> list[type[BaseModel]]:
    models = [model]
    for part in loc:
        below = [
            inner
            for outer in models
            if part in fields_by_name(outer)
            for inner in models_within(fields_by_name(outer)[str(part)].annotation)
        ]
        # A part that is no field is an index, or names the member of a union that was tried.
        models = below or [outer for outer in models if outer.__name__ == part] or models
    return models


def fields_by_name(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by their names in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def models_within(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the models that a type annotation names, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_within(inner)


def _description(models: Iterable[type[BaseModel]], key: str) -> str:
    fields = (fields_by_name(model).get(key) for model in models)
    return next((field.description for field in fields if field and field.description), "")


def _hint_for_value(kind: str, expected: str, found: Any, mask: Mask) -> str:
    if kind == "list_type" and isinstance(found, str) and found:
        shown = mask.short(found)
        return f"write a list: [{shown}]" if len(shown) <= _SHORT else "write a list"
    if kind == "list_type" and isinstance(found, dict):
        return "write a list, with `- ` before each of its items"
    if kind in ("literal_error", "enum") and isinstance(found, str):
        near = nearest(found, tuple(re.findall(r"'([^']*)'", expected)))
        return f"did you mean `{near}`?" if near else ""
    if kind.startswith("bool_") and isinstance(found, str) and found.lower() in _YES_AND_NO:
        return "write true or false, without quotes"
    if kind == "string_type" and found is not None and not isinstance(found, list | dict):
        return "quote it"
    return ""


def _described(value: Any, mask: Mask) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(mask.short(value))
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case _:
            return mask.short(str(value))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
