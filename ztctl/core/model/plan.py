"""A plan: what will be done, why, in which order. A frozen value that can be printed and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import DescribedEntry, Fact, Slot
from ztctl.core.model.objects import Live, Values, Wanted


class Phase(IntEnum):
    """The four phases in which creation runs; removal runs through them backwards."""

    POLICY = 1
    TUNNEL = 2
    DNS = 3
    CERTIFICATE = 4


class Action(StrEnum):
    """What happens to one object."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"


class Reason(StrEnum):
    """Why; it explains and never steers."""

    NOT_LIVE = "not_live"
    DIFFERS = "differs"
    MARK_LOST = "mark_lost"
    NOT_MARKED = "not_marked"
    CANNOT_UPDATE = "cannot_update"
    DEPENDENCY_RENEWED = "dependency_renewed"
    NOT_DECLARED = "not_declared"
    REMOVED = "removed"
    OWNER_GOES = "owner_goes"
    MOVED = "moved"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Edit:
    """One field that changes, in the words of the file; ``None`` is absence.

    ``path`` is like ``ingress[1].service``. Values are what a person reads: names instead of ids,
    ``Unknown`` for what exists only after apply.
    """

    path: str
    before: Any
    after: Any
    replaces: bool = False


@dataclass(frozen=True, order=True, slots=True)
class StepId:
    """One write of one object: ``tunnel.edge#configure``."""

    address: Address
    verb: str

    def __str__(self) -> str:
        return f"{self.address}#{self.verb}"


@dataclass(frozen=True, slots=True)
class Step:
    """One write, and what it does to the host names involved.

    A kind states what is written; ``makes`` and the names are derived in ``core/reach/versions``.

    Attributes:
        values: what is written, references unresolved; empty for a deletion.
        displaces: ids of further live objects that the write takes away.
        container: the live object inside which it is written, such as a zone.
        keeps_fact: what the object means for who reaches what stays as it was.
        tail: it waits for later phases by its needs, and holds none of them up.
        makes: the fact of each object that is written, ``None`` for a deletion.
        covers: names that an application protects from this step on.
        uncovers: names that no longer are protected by that application after it.
        opens: names that lead to an origin from this step on.
        closes: names that no longer do after it.
        needs: the steps that must be finished before; filled in by the ordering.
    """

    id: StepId
    phase: Phase
    values: Values = field(default_factory=dict)
    tail: bool = False
    displaces: tuple[str, ...] = ()
    container: Live | None = field(default=None, repr=False)
    keeps_fact: bool = False
    makes: tuple[tuple[Slot, Fact | None], ...] = field(default=(), repr=False)
    covers: frozenset[str] = frozenset()
    uncovers: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()
    closes: frozenset[str] = frozenset()
    needs: frozenset[StepId] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object.

    Attributes:
        others: further live objects whose place this one takes.
        container: the live object inside which it is written, such as a zone.
        written: the completed values, references unresolved: what the steps write.
        before: live values for people: names instead of ids.
        after: wanted values for people, ``Unknown`` for what is known after apply.
        silent: fields of ``after``, or of ``before`` for a deletion, that hold but their default.
        notes: what a person should know, such as what an adoption drops.
        housekeeping: not counted in the summary (the mark tag).
        detail: the reason's object, such as the owner that goes.
    """

    address: Address
    action: Action
    reason: Reason
    phase: Phase
    live: Live | None = None
    wanted: Wanted | None = None
    others: tuple[Live, ...] = ()
    container: Live | None = field(default=None, repr=False)
    written: Values = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    housekeeping: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why apply will not run this plan, and the flag that admits it, if any does."""

    address: Address | None
    reason: str
    flag: str = ""
    # An adoption is no mistake in a plan, only something that apply wants to be told.
    apply_only: bool = False


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What a plan does to the visitors of one host, or of another place that an object opens.

    Attributes:
        host: the host name; for a place without one, such as a private range, what it is called.
        by: the objects whose changes may do it.
        by_login: whether there are logins and sessions, which is so for hosts alone.
    """

    host: str
    by: frozenset[Address]
    gained: tuple[DescribedEntry, ...] = ()
    lost: tuple[DescribedEntry, ...] = ()
    by_login: bool = True


@dataclass(frozen=True, slots=True)
class Exposed:
    """A name that is open as things are, and why; ``stays``: the plan does not close it."""

    host: str
    reason: str
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """How many objects are added, changed, destroyed, adopted and forgotten."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    adopt: int = 0
    forget: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that apply would do, in the order in which it is printed.

    Attributes:
        account: id of the account.
        stack: whose objects.
        changes: ordered by phase; deletions run through the phases backwards and come last.
        unchanged: how many declared objects are in step.
        refusals: why apply will not run, empty when it may.
        warnings: what is wrong but stops nothing.
        access: who gains and who loses entry, host by host.
        exposed: names of the stack that are open now, stated by no file.
        live: every matched live object by address: what references resolve to.
    """

    account: str
    stack: str
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[Problem, ...] = ()
    access: tuple[AccessChange, ...] = ()
    exposed: tuple[Exposed, ...] = ()
    live: Mapping[Address, Live] = field(default_factory=dict, repr=False)

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to do."""
        return not self.changes

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of every change."""
        return tuple(step for change in self.changes for step in change.steps)

    @property
    def summary(self) -> Summary:
        """The figures of the closing line; a replacement counts as one added, one destroyed."""
        counted = [change.action for change in self.changes if not change.housekeeping]
        replaced = counted.count(Action.REPLACE)
        return Summary(
            add=counted.count(Action.CREATE) + replaced,
            change=counted.count(Action.UPDATE),
            destroy=counted.count(Action.DELETE) + replaced,
            adopt=counted.count(Action.ADOPT),
            forget=counted.count(Action.FORGET),
        )
