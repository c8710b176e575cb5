"""All that the files say, checked on its own, before any account is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.objects import Wanted


@dataclass(frozen=True, slots=True)
class Removed:
    """An object to delete, or with ``forget`` only to let go of, when it is still there."""

    address: Address
    name: str | None = None
    forget: bool = False
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A new address for an object that is live under the old one."""

    source: Address
    target: Address
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """The wanted side, whole.

    Attributes:
        stack: the owner's name.
        account: id or name, ``None`` when the token's only account is meant.
        team: the Zero Trust team name, ``None`` when it is read from the organisation.
        wanted: every declared object, the short form expanded.
        public: hosts that the file states to be open, with the reason given.
        environment: variables that were read from the environment, name to value.
        names: host names to look at beside those of the wanted objects, in punycode.
        used: kinds that the files name beside those of the wanted objects.
        broken: addresses that stand in the files, but with mistakes.
        warnings: what is wrong but stops nothing.
    """

    stack: str
    account: str | None = None
    team: str | None = None
    wanted: tuple[Wanted, ...] = ()
    removed: tuple[Removed, ...] = ()
    moved: tuple[Moved, ...] = ()
    public: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    names: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    broken: frozenset[Address] = frozenset()
    warnings: tuple[Problem, ...] = ()

    def of(self, kind: str) -> Iterator[Wanted]:
        """The declared objects of one kind."""
        return (item for item in self.wanted if item.address.kind == kind)
