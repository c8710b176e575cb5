"""Markers of fields: how a value is normalised, compared and resolved.

A marker is an argument of ``Annotated[...]`` in a kind's model, so that normalising and comparing
are written once for all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where
from ztctl.core.model.values import Lookup, Ref


@dataclass(frozen=True, slots=True)
class Default:
    """Default of the API: a missing value equals it, and the field is always managed."""

    value: Any

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the default to the JSON Schema."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {**handler(schema), "default": value}


@dataclass(frozen=True, slots=True)
class Unordered:
    """A list that the API treats as a set: order and duplicates are ignored."""


@dataclass(frozen=True, slots=True)
class KeepsEmpty:
    """Left out, the value comes from elsewhere: an empty text or list is a value of its own."""


@dataclass(frozen=True, slots=True)
class Immutable:
    """The API cannot change it: a difference replaces the object.

    ``instead`` says what to do about a live object that is not ours, which is never replaced;
    ``{live}`` is its name.
    """

    instead: str = "delete it by hand, or declare it as it is"


@dataclass(frozen=True, slots=True)
class DecidesReach:
    """It decides who reaches what, so that no file can ask for a difference to be ignored."""


@dataclass(frozen=True, slots=True)
class Local:
    """Used by ztctl alone: neither sent nor compared."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Wanted and live values are converted by ``to`` before they are compared.

    ``to`` must be idempotent, and return values of unexpected types unchanged: live values may be
    anything.
    """

    to: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class RefersTo:
    """A reference: the value is an attribute of another object.

    It determines the order of creation and deletion, "known after apply", and the names shown
    instead of ids. In the file a string is a key of the file, ``{live: NAME}`` a live object that
    the file does not declare, and ``{id: ID}`` an id.

    Attributes:
        kind: kind of the object referred to.
        attribute: the attribute used, such as ``id`` or ``aud``.
        template: format of the value, such as ``{}.cfargotunnel.com``.
        live_only: the kind cannot be declared, so that a string is a live name.
    """

    kind: str
    attribute: str = "id"
    template: str = "{}"
    live_only: bool = False

    def parse(self, value: Any) -> Ref | Lookup | str:
        """Parse a reference of a file.

        Raises:
            PydanticCustomError: for anything but a string, ``{live: …}`` or ``{id: …}``.
        """
        where: Where | None = getattr(value, "where", None)
        match value:
            case Ref() | Lookup():
                return value
            case str() if value and self.live_only:
                return Lookup(self.kind, str(value), self.attribute, self.template, where)
            case str() if value:
                to = Address(self.kind, str(value))
                return Ref(to, self.attribute, self.template, where)
            case {"live": str() as name, **rest} if name and not rest:
                where = where or getattr(name, "where", None)
                return Lookup(self.kind, str(name), self.attribute, self.template, where)
            case {"id": str() as text, **rest} if text and not rest:
                return self._by_id(text, where or getattr(text, "where", None))
            case _:
                raise PydanticCustomError(
                    "reference",
                    "write the name of {article}, or {live: NAME}, or {id: ID}",
                    {"article": f"the {self.kind.replace('_', ' ')}"},
                )

    def _by_id(self, text: str, where: Where | None) -> Lookup | str:
        # Another attribute is given as it is: the audience of another team's application is one.
        if self.attribute != "id":
            return self.template.format(text)
        return Lookup(self.kind, text.lower(), template=self.template, where=where, by_id=True)

    def id_in(self, text: object) -> str | None:
        """Extract the attribute from a live value; ``None`` if it does not match the template."""
        if not isinstance(text, str):
            return None
        head, _, tail = self.template.partition("{}")
        if len(text) < len(head) + len(tail):
            return None
        if not (text.startswith(head) and text.endswith(tail)):
            return None
        return text[len(head) : len(text) - len(tail)]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate with ``parse``."""
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow the three forms in the JSON Schema."""
        return {"anyOf": [{"type": "string"}, _object_with("live"), _object_with("id")]}


def _object_with(name: str) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"}},
        "required": [name],
        "additionalProperties": False,
    }
