"""Base class of kinds, part one: names, fields, wanted objects, and object identity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    """The fields of one object in a file; unknown fields are an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        # Building all validators takes longer than a small run; most runs use a few sections.
        defer_build=True,
    )


@dataclass(frozen=True, slots=True)
class IdForm:
    """The form that the ids of a kind have, as a regular expression, and as an example."""

    pattern: str
    example: str

    def matches(self, text: str) -> bool:
        """Whether a text, in whatever case, has this form."""
        return re.fullmatch(self.pattern, text.lower(), re.ASCII) is not None


UUID = IdForm("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60")
# Of records, and of CAs.
HEX_32 = IdForm("[0-9a-f]{32}", "0f5a1c2e8d3b4e6f9a701b2c3d4e5f60")
HEX_48 = IdForm("[0-9a-f]{48}", "0f5a1c2e8d3b4e6f9a701b2c3d4e5f600f5a1c2e8d3b4e6f")


class HostPart(Enum):
    """The objects that one entry of the short form ``hosts`` expands to, one of each."""

    APPLICATION = "application"
    TUNNEL = "tunnel"
    RECORD = "record"
    CA_KEY = "ca_key"


# In place of a kind in an address: all that one entry of the short form stands for.
HOSTS = "hosts"
# What belongs to one host alone, where it does not share it.
OWN_PARTS = (HostPart.APPLICATION, HostPart.RECORD, HostPart.CA_KEY)


class Identity:
    """Class data of a kind, conversion of file entries, and keys that identify objects.

    Attributes:
        name: the part of an address before the dot.
        section: its section of the file; empty for kinds that cannot be declared.
        title: the name shown to users.
        model: the pydantic model of its fields, with markers.
        phase: the phase of a plan in which objects are created.
        host_part: which part of a ``hosts`` entry it is, if any.
        marking: where the ownership mark is stored, and how it is read and written.
        shared: use a live object of the same key as it is, whoever created it; never adopt it.
        housekeeping: leave its objects out of the summary of a plan.
        limit: default quota of an account; 0 where it is not documented.
        owner: kind of the object that this one is deleted with; ``Live.owner`` holds its id.
        id_form: the form of their ids; ``None`` where the name is the id.
        keyed_by_fields: match by the natural key alone; ``Live.key`` is only how it is shown.
        said_by_key: fields that are what the key says, unless they are stated.
        unique: fields of which the service refuses a value that another object has.
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
    id_form: ClassVar[IdForm | None] = UUID
    keyed_by_fields: ClassVar[bool] = False
    said_by_key: ClassVar[tuple[str, ...]] = ("name",)
    unique: ClassVar[tuple[str, ...]] = ()

    @property
    def specs(self) -> Mapping[str, Spec]:
        """The specification of each field, as read from its markers."""
        return fields_of(self.model)

    @property
    def is_read_only(self) -> bool:
        """Whether its objects are neither declared nor marked, and so never made or deleted."""
        return not self.section and self.marking is UNMARKED

    @property
    def collection(self) -> str:
        """The last word of the path of its objects in the API, by which a log tells of them."""
        return ""

    # -- the wanted side --------------------------------------------------------------------

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """Convert a validated entry to a wanted object: canonical values, references unresolved."""
        stated = {name: plain(getattr(fields, name)) for name in fields.model_fields_set}
        claim = stated.pop("id", None)
        return Wanted(
            Address(self.name, key),
            self._canonical_wanted(self.normalise_stated(key, stated)),
            name=stated.get("name"),
            claim=claim,
            protect=bool(stated.get("protect")),
            where=where,
            origin=origin,
            local={name: stated[name] for name in stated if not self.specs[name].compared},
        )

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Reduce alternative ways to state a setting to one field; ``key`` is the entry's key."""
        return stated

    def _canonical_wanted(self, stated: Values) -> Values:
        """Canonical fields; a field that is stated but empty is kept as ``None``: it is managed."""
        full = canonical_fields(self.specs, stated)
        emptied = {
            name: None
            for name in stated
            if name in self.specs and self.specs[name].compared and name not in full
        }
        return {**full, **emptied}

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The wanted object and the helper objects it needs, such as tags, helpers first."""
        return (wanted,)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Validate this kind's declared objects together, without access to the account."""
        return ()

    def hosts(self, key: str, values: Values) -> frozenset[str]:
        """Host names and patterns, in punycode, that an object with these values concerns."""
        return frozenset()

    # -- identity ---------------------------------------------------------------------------

    def slot(self, wanted: Wanted) -> str:
        """The ``Live.key`` of the object once it is live with the stack's mark."""
        return wanted.name or wanted.address.key

    def live_keys(self, live: Live) -> frozenset[str]:
        """Natural keys of a live object; ``{live: NAME}`` finds it by them, too."""
        return frozenset({live.name})

    def uses(self, live: Live) -> Iterator[tuple[str, str]]:
        """Kind and id of each object that a live object refers to.

        What is part of another object of the account refers to them by that.
        """
        if live.owner and not self.owner:
            return
        yield from live_references(self.specs, live.values)
        yield from live.uses


def plain(value: Any) -> Any:
    """Convert a validated value to plain dicts and lists; references are kept.

    Scalars of the YAML reader are subclasses of ``str`` that know their position; they become
    plain strings.
    """
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
