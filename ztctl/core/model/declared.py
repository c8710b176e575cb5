"""The content of the files, validated without access to the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ztctl.core.model.address import Address
from ztctl.core.model.copies import Copy
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.inner import InnerHost
from ztctl.core.model.lint import Silence
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Lookup, Ref


@dataclass(frozen=True, slots=True)
class Removed:
    """An entry of ``removed:``: an object to delete, or with ``forget`` only to unmark, if live.

    Attributes:
        name: the live name, where it is not the key.
        id: the id of the live object, in place of any name.
    """

    address: Address
    name: str | None = None
    forget: bool = False
    where: Where | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry of ``moved:``: the new address of an object that is live under the old one."""

    source: Address
    target: Address
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field of a declared object whose live value stays, whatever the files say.

    Attributes:
        reason: the reason given; empty where it was given for one run.
    """

    address: Address
    field: str
    reason: str = ""
    where: Where | None = None

    def __str__(self) -> str:
        return f"{self.address}.{self.field}"


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """What a file states to be open on purpose (``public:``).

    Attributes:
        host: a host name or pattern, in punycode.
        path: a path and what is below, without its leading slash; empty: the whole host.
        reason: the reason given.
        any_depth: a wildcard covers names of any depth, as in an ingress rule; otherwise one label.
    """

    host: str
    path: str = ""
    reason: str = ""
    any_depth: bool = True

    def __str__(self) -> str:
        """As ``host/path``."""
        return f"{self.host}/{self.path}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that the files declare.

    Attributes:
        stack: name of the stack.
        account: id or name; ``None`` for the only account of the token.
        team: Zero Trust team name; ``None`` to read it from the organisation.
        wanted: declared objects, the short form expanded.
        public: what is open on purpose.
        inner: the machines behind each bastion, by its name in punycode.
        environment: texts that values of environment variables have turned into, by name.
        contents: the files as they were read, variables replaced; of their loader alone.
        names: further host names in the files, beside those of wanted objects; punycode.
        used: further kinds mentioned in the files, beside those of wanted objects.
        broken: addresses of entries that failed validation, with what they refer to all the same.
        complete: false when something of the files could not be read, so that nothing can be called
            missing.
        warnings: problems that do not stop anything, and that nothing silences.
        silences: which warnings the files take back.
        ignored: fields whose live value stays, whatever the files say.
        copies: what stands in for configurations that nobody can read, of the files and of options.
    """

    stack: str
    account: str | None = None
    team: str | None = None
    wanted: tuple[Wanted, ...] = ()
    removed: tuple[Removed, ...] = ()
    moved: tuple[Moved, ...] = ()
    public: tuple[PublicPlace, ...] = ()
    inner: Mapping[str, tuple[InnerHost, ...]] = field(default_factory=dict)
    environment: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    contents: object = field(default=None, repr=False, compare=False)
    names: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    broken: Mapping[Address, tuple[Ref | Lookup, ...]] = field(default_factory=dict)
    complete: bool = True
    warnings: tuple[Problem, ...] = ()
    silences: tuple[Silence, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    copies: tuple[Copy, ...] = ()

    def of(self, kind: str) -> Iterator[Wanted]:
        """The declared objects of one kind."""
        return (item for item in self.wanted if item.address.kind == kind)
