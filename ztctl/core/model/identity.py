"""What a kind's objects are called, what a file says of them, and how they are recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import Spec, canonical_fields, fields_of, live_references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.marks import UNMARKED, Marking
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Phase


class Fields(BaseModel):
    """What a person may write about one object; anything else is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        # A validator is built when its section is first met: most runs need a few of them.
        defer_build=True,
    )


class HostPart(Enum):
    """What a kind's objects are in the short form ``hosts``, which stands for one of each."""

    APPLICATION = "application"
    TUNNEL = "tunnel"
    RECORD = "record"
    CA_KEY = "ca_key"


class Identity:
    """The data of a kind, its wanted side, and what makes two objects the same.

    Attributes:
        name: first half of an address.
        section: its section of the file; empty when it cannot be declared.
        title: what people call it.
        model: its fields, with markers.
        phase: when it is created.
        host_part: what it is of a host in the short form, if anything.
        marking: where the mark of an object stands.
        shared: a live object of the same key is simply used, whoever made it.
        housekeeping: not counted in a plan's figures.
        limit: how many an account may hold by default; 0 where that is not known.
        owner: the kind with which an object of this one goes; ``Live.owner`` is its id.
    """

    name: ClassVar[str]
    section: ClassVar[str] = ""
    title: ClassVar[str]
    model: ClassVar[type[Fields]] = Fields
    phase: ClassVar[Phase] = Phase.POLICY
    host_part: ClassVar[HostPart | None] = None
    marking: ClassVar[Marking] = UNMARKED
    shared: ClassVar[bool] = False
    housekeeping: ClassVar[bool] = False
    limit: ClassVar[int] = 0
    owner: ClassVar[str] = ""

    @property
    def specs(self) -> Mapping[str, Spec]:
        """What the comparison knows about each field."""
        return fields_of(self.model)

    # -- the wanted side --------------------------------------------------------------------

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """One validated entry of a file as a wanted object, canonical, references unresolved."""
        stated = {name: plain(getattr(fields, name)) for name in fields.model_fields_set}
        return Wanted(
            Address(self.name, key),
            self._canonical_wanted(self.normalise_stated(key, stated)),
            name=stated.get("name"),
            protect=bool(stated.get("protect")),
            where=where,
            origin=origin,
            local={name: stated[name] for name in stated if not self.specs[name].compared},
        )

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Bring the ways to state one thing down to one field."""
        return stated

    def _canonical_wanted(self, stated: Values) -> Values:
        """Canonical fields; what is stated to be empty stays, as ``None``."""
        full = canonical_fields(self.specs, stated)
        emptied = {
            name: None
            for name in stated
            if name in self.specs and self.specs[name].compared and name not in full
        }
        return {**full, **emptied}

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The wanted object, and the helpers of the same stack that it needs."""
        return (wanted,)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """What is wrong with this kind's objects as a whole, without looking at the account."""
        return ()

    def hosts(self, key: str, values: Values) -> frozenset[str]:
        """The host names that an object of this key and these values is about, in punycode."""
        return frozenset()

    # -- identity ---------------------------------------------------------------------------

    def slot(self, wanted: Wanted) -> str:
        """The ``Live.key`` that the object has once it carries our mark."""
        return wanted.name or wanted.address.key

    def live_keys(self, live: Live) -> frozenset[str]:
        """The natural keys of a live object, by which it may be looked up too."""
        return frozenset({live.name})

    def uses(self, live: Live) -> Iterator[tuple[str, str]]:
        """Kind and id of every object that a live one refers to."""
        yield from live_references(self.specs, live.values)
        yield from live.uses


def plain(value: Any) -> Any:
    """A validated value as plain data; references stay what they are."""
    if isinstance(value, BaseModel):
        return {
            name: plain(getattr(value, name))
            for name in type(value).model_fields
            if name in value.model_fields_set
        }
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, str) else value
