"""Wanted objects (from the files), live objects (from the account), and ownership marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where
from ztctl.core.model.values import Claim, Lookup

Values = Mapping[str, Any]
Path = tuple[str | int, ...]

EMPTY: Values = MappingProxyType({})

_WORD = re.compile(
    r"ztctl-([a-z0-9-]{1,20}?)((?:\.|--)protect|--next|--former|--moving)?", re.ASCII
)
_PROTECTED, _PROTECTED_TAG, _MOVING = ".protect", "--protect", "--moving"


class Spare(StrEnum):
    """What an object is that stands beside a declared one, while one takes the other's place.

    So are applications while the CA of a name is rotated, and tunnels while one is moved to remote
    management. The value is added to the mark, and to the key of the declared object.
    """

    NEXT = "next"
    """It gets the place: of an application, the name and with it another CA."""
    FORMER = "former"
    """It had the place."""

    @property
    def ending(self) -> str:
        """The value, as it is added to a mark or a key."""
        return f"--{self}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Ownership mark of a live object: ``ztctl-<stack>``, with ``.protect`` if protected.

    As a tag it ends in ``--protect`` then: nobody has seen a tag with a dot. No stack's name holds
    ``--``, so that no mark reads as one of another stack. Applications of a CA rotation have
    ``--next`` or ``--former`` there, and ``--next`` the tunnel that is to take another's place. A
    tag that ends in ``--moving`` is on no application: it is there while objects are handed from
    this stack to another one, or the other way round.
    """

    stack: str
    protect: bool = False
    spare: Spare | None = None
    moving: bool = False

    def __str__(self) -> str:
        return self._spelled(_PROTECTED) + (self.spare.ending if self.spare else "")

    @property
    def tag(self) -> str:
        """The mark as the name of a tag."""
        further = self.spare.ending if self.spare else _MOVING if self.moving else ""
        return self._spelled(_PROTECTED_TAG) + further

    def _spelled(self, ending: str) -> str:
        return f"ztctl-{self.stack}{ending if self.protect else ''}"

    @classmethod
    def read(cls, word: str) -> Mark | None:
        """Parse a mark; ``None`` unless the whole word is one."""
        return cls._parse(word, (_PROTECTED,))

    @classmethod
    def of_tag(cls, tag: str) -> Mark | None:
        """Parse a mark that is the name of a tag."""
        return cls._parse(tag, (_PROTECTED_TAG, _MOVING, *(it.ending for it in Spare)))

    @classmethod
    def _parse(cls, word: str, endings: tuple[str, ...]) -> Mark | None:
        found = _WORD.fullmatch(word)
        if found is None or "--" in found[1] or found[2] not in (None, *endings):
            return None
        protect, moving = found[2] in (_PROTECTED, _PROTECTED_TAG), found[2] == _MOVING
        spare = Spare(found[2][2:]) if found[2] and not protect and not moving else None
        return cls(found[1], protect, spare, moving)

    @classmethod
    def of_name(cls, name: str) -> tuple[str, Mark | None]:
        """Split a live name ``<key>.ztctl-<stack>`` into key and mark.

        That of a spare object is ``<key>.ztctl-<stack>--next``; its key ends like the mark.
        """
        head, _, word = name.rpartition(".ztctl-")
        mark = cls._parse(f"ztctl-{word}", (_PROTECTED, Spare.NEXT.ending)) if head else None
        if mark is None:
            return name, None
        return f"{head}{mark.spare.ending if mark.spare else ''}", mark


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object as declared in the files.

    Attributes:
        values: canonical fields, defaults filled in, references unresolved. A missing field is
            not managed; ``None`` means managed and empty.
        name: the name given by ``name:`` instead of the key, else ``None``. It identifies what
            carries the mark, and nothing else.
        claim: the live object given by ``id:``, else ``None``; such an object carries no mark.
        shares: the live object that another stack declares and this one has a part in, else
            ``None`` (``shared:``); it is neither made, marked nor deleted.
        protect: whether the object's mark is to be the protected one.
        where: position of the entry in the file.
        origin: the short form it was expanded from, such as ``hosts.ssh.example.com``.
        local: fields that are used by ztctl alone, and not sent.
        spare: what it is beside a declared object whose place it takes or had, else ``None``.
        rotates: that object.
        pinned: id of the live object that it is, where one takes another's place; else empty.
    """

    address: Address
    values: Values
    name: str | None = None
    claim: Claim | None = None
    shares: Lookup | None = None
    protect: bool = False
    where: Where | None = None
    origin: str = ""
    local: Values = field(default_factory=dict)
    spare: Spare | None = None
    rotates: Address | None = None
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Values that only the API sets; kinds that read some extend this class."""

    @classmethod
    def of(cls, live: Live) -> Self:
        """The attributes of a live object, which must be of this class."""
        assert isinstance(live.attributes, cls)
        return live.attributes


NO_ATTRIBUTES = Attributes()


@dataclass(frozen=True, slots=True)
class Live:
    """One object of the account.

    Attributes:
        id: id in the API.
        name: live name, mark included.
        key: the key it would have in a file of its stack.
        values: canonical fields, named as in the file.
        attributes: values that only the API sets; references may use them.
        mark: ownership mark, ``None`` if it carries none.
        raw: the object of the API; a full PUT carries over what the file does not state.
        owner: id of the object that it is deleted with; empty if there is none.
        container: the object inside which it is written, such as the zone of a record.
        aliases: further ids by which references name it, such as an application's ``aud``.
        uses: kind and id of objects referred to outside of ``values``.
        is_matchable: false for an object that nothing declared can be, such as a bookmark among
            applications: it is never matched, adopted, deleted or in the way.
        is_whole: false when only the list was read, so that ``values`` are incomplete.
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
    is_matchable: bool = True
    is_whole: bool = True

    def attribute(self, name: str) -> Any:
        """An attribute by name, ``id`` and ``name`` included; ``None`` if there is none."""
        if name in ("id", "name"):
            return self.id if name == "id" else self.name
        # A plan file may ask for any name: only fields are attributes, methods are not.
        known = {it.name for it in fields(self.attributes)}
        return getattr(self.attributes, name) if name in known else None

    def belongs_to(self, stack: str) -> bool:
        """True when the object carries the mark of this stack."""
        return self.mark is not None and self.mark.stack == stack
