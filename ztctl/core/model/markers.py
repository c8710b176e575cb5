"""What the comparison must know about a field, written on the field.

Each marker is put into ``Annotated[...]`` of a kind's model. Equivalences stand here as data, so
that normalising and comparing are written once, for every kind.
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
    """What the API assumes when nothing is said: absent equals it, and it is always managed."""

    value: Any

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Show the default to editors."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {**handler(schema), "default": value}


@dataclass(frozen=True, slots=True)
class Unordered:
    """A set to the API: order and repetition mean nothing."""


@dataclass(frozen=True, slots=True)
class WriteOnly:
    """Never comes back, so it can never be compared."""


@dataclass(frozen=True, slots=True)
class Immutable:
    """The API cannot change it: a difference here is a replacement."""


@dataclass(frozen=True, slots=True)
class Local:
    """Means something to ztctl alone: neither sent nor compared."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Both sides pass through ``to`` before they are compared.

    ``to`` must be idempotent, and must give back what it does not understand: live values are
    foreign data.
    """

    to: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class RefersTo:
    """The value is an attribute of another object.

    One declaration serves the order of creation and deletion, "known after apply", and the names
    shown instead of ids. In the file a text is a key of the file; ``{live: NAME}`` names what
    lives in the account only; ``{id: ID}`` is the id itself.

    Attributes:
        kind: what is referred to.
        attribute: which of its attributes.
        template: what the attribute is put into.
        live_only: the kind cannot be declared, so a plain text is a live name.
    """

    kind: str
    attribute: str = "id"
    template: str = "{}"
    live_only: bool = False

    def parse(self, value: Any) -> Ref | Lookup | str:
        """Read a reference as the file spells it.

        Raises:
            PydanticCustomError: for anything but a text, ``{live: …}`` or ``{id: …}``.
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
                return self.template.format(text)
            case _:
                raise PydanticCustomError(
                    "reference",
                    "write the name of {article}, or {live: NAME}, or {id: ID}",
                    {"article": f"the {self.kind.replace('_', ' ')}"},
                )

    def id_in(self, text: object) -> str | None:
        """The referred object's attribute inside a live value, if the value fits the template."""
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
        """Validate by ``parse``."""
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the three spellings to editors."""
        return {"anyOf": [{"type": "string"}, _spelt("live"), _spelt("id")]}


def _spelt(word: str) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {word: {"type": "string"}},
        "required": [word],
        "additionalProperties": False,
    }
