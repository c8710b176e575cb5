"""The two sides of a comparison: what the files want and what the account holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where

Values = Mapping[str, Any]
Path = tuple[str | int, ...]

EMPTY: Values = MappingProxyType({})

_WORD = re.compile(r"ztctl-([a-z0-9-]{1,20})(\.protect)?\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose an object is: the word ``ztctl-<stack>`` on it, and whether it is protected."""

    stack: str
    protect: bool = False

    def __str__(self) -> str:
        return f"ztctl-{self.stack}{'.protect' if self.protect else ''}"

    @classmethod
    def read(cls, word: str) -> Mark | None:
        """The mark that this whole word is, or ``None``: a part of a word is no mark."""
        found = _WORD.match(word)
        return cls(found[1], bool(found[2])) if found else None

    @classmethod
    def of_name(cls, name: str) -> tuple[str, Mark | None]:
        """Split a live name ``<key>.ztctl-<stack>`` into key and mark."""
        head, _, word = name.rpartition(".ztctl-")
        mark = cls.read(f"ztctl-{word}") if head else None
        return (head, mark) if mark else (name, None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object as the files want it.

    Attributes:
        values: canonical fields that the file states, defaults filled in; references unresolved.
        name: the live name the file claims by ``name:``, else ``None``.
        protect: whether the object is to carry the protected mark.
        where: where it is declared.
        origin: the short form it was expanded from, such as ``hosts.ssh.example.com``.
        local: fields that mean something to ztctl alone.
    """

    address: Address
    values: Values
    name: str | None = None
    protect: bool = False
    where: Where | None = None
    origin: str = ""
    local: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the API alone sets on an object; a kind that reads such values extends this class."""

    @classmethod
    def of(cls, live: Live) -> Self:
        """The attributes of a live object, by the class of its kind."""
        assert isinstance(live.attributes, cls)
        return live.attributes


NO_ATTRIBUTES = Attributes()


@dataclass(frozen=True, slots=True)
class Live:
    """One object as the account holds it.

    Attributes:
        id: what the API calls it.
        name: its live name, mark included.
        key: the key it would have in a file of its stack.
        values: canonical fields, in the words of the file.
        attributes: what others may refer to, and what only the API sets.
        mark: whose it is, ``None`` when it carries no mark.
        raw: the API's own object, from which a replacing write carries what the file leaves out.
        owner: id of the object with which it goes; empty when it goes by itself.
        container: the object inside which it is written, such as the zone of a record.
        aliases: further ids by which references name it.
        uses: kind and id of what it refers to beside its values.
        is_whole: false when only the list was read, so that its values are not known.
    """

    kind: str
    id: str
    name: str
    key: str
    values: Values
    attributes: Attributes = NO_ATTRIBUTES
    mark: Mark | None = None
    raw: Values = field(default_factory=dict, repr=False)
    owner: str = ""
    container: Live | None = field(default=None, repr=False)
    aliases: tuple[str, ...] = ()
    uses: tuple[tuple[str, str], ...] = ()
    is_whole: bool = True

    def attribute(self, name: str) -> Any:
        """An attribute by name, ``None`` for none; ``id`` and ``name`` are always there."""
        if name in ("id", "name"):
            return self.id if name == "id" else self.name
        return getattr(self.attributes, name, None)

    def belongs_to(self, stack: str) -> bool:
        """True when it carries the mark of this stack."""
        return self.mark is not None and self.mark.stack == stack
