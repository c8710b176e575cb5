"""The plan: changes, their steps and order, refusals, and who gains or loses access.

All values are frozen; views print them, and plan files store them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.copies import Trusted
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import DescribedEntry, Fact, Openness, Slot
from ztctl.core.model.objects import Live, Values, Wanted


class Phase(IntEnum):
    """Phases of a plan, in the order of creation; deletions run through them in reverse."""

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
    """Why a change is planned; shown to users, never used to decide anything."""

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
    RELEASED = "released"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Edit:
    """The change of one field, as shown to users; ``None`` means absent.

    Attributes:
        path: path of the field in the file, such as ``ingress[1].service``.
        before: live value, names instead of ids.
        after: wanted value, names instead of ids; ``Unknown`` if known after apply.
        replaces: the API cannot change the field, so that the object is replaced.
    """

    path: str
    before: Any
    after: Any
    replaces: bool = False


@dataclass(frozen=True, order=True, slots=True)
class StepId:
    """Id of one write of one object, such as ``tunnel.edge#configure``."""

    address: Address
    verb: str

    def __str__(self) -> str:
        return f"{self.address}#{self.verb}"


# A step, and one that has to be done before it.
Edge = tuple[StepId, StepId]


@dataclass(frozen=True, slots=True)
class Step:
    """One write, and its effect on host names.

    Kinds set what is written; ``makes`` and the host names are derived in ``core/reach/versions``.

    Attributes:
        values: the values written, references unresolved; empty for a deletion.
        displaces: ids of further live objects that the write deletes.
        container: the live object inside which it is written, such as a zone.
        keeps_fact: the object's fact (``Kind.fact``) stays as it was before the step.
        tail: a step that runs after later phases, as its ``needs`` require, and delays none.
        makes: the new fact of each object written, by slot; ``None`` for a deletion.
        covers: host names that an application protects from this step on.
        uncovers: host names that it no longer protects after this step.
        opens: host names that lead to an origin from this step on.
        closes: host names that no longer lead to one after this step.
        needs: steps that must be finished first; set when the plan is ordered.
        together: others write the same object; what they write meanwhile is kept.
        closes_first: it closes its names before their records go, which say that they are ours.
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
    together: bool = False
    closes_first: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object.

    Attributes:
        others: further live objects that this one replaces.
        container: the live object inside which it is written, such as a zone.
        written: the values that the steps write, completed, references unresolved.
        before: live values to show, names instead of ids.
        after: wanted values to show; ``Unknown`` where known after apply.
        silent: fields at their default, of ``after`` (for a deletion: of ``before``).
        notes: what to tell the user, such as what an adoption overwrites.
        housekeeping: not counted in the summary (the tag that holds the mark).
        detail: object of the reason, such as the owner that is deleted.
        last: its steps run after those of all changes that are not.
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
    last: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why apply refuses this plan, and the option that allows it, if there is one.

    Attributes:
        address: the refused change; ``None`` if the plan as a whole is refused.
        apply_only: not a refusal of ``plan``: an adoption is no error, but apply needs ``--adopt``.
    """

    address: Address | None
    reason: str
    flag: str = ""
    apply_only: bool = False


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Who gains and who loses access to one host, or to another destination.

    Attributes:
        host: the host name, or the label of a destination without one, such as a private range.
        by: the objects whose changes may cause it.
        by_login: users log in and have sessions, which is so for hosts only.
        before: everybody who may enter before the run, to be shown beside what changes.
        after: everybody who may enter after it.
    """

    host: str
    by: frozenset[Address]
    gained: tuple[DescribedEntry, ...] = ()
    lost: tuple[DescribedEntry, ...] = ()
    by_login: bool = True
    before: tuple[DescribedEntry, ...] = field(default=(), compare=False)
    after: tuple[DescribedEntry, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Exposed:
    """A host name that is open now, and why.

    Attributes:
        stays: the plan does not make it less open.
        openness: to everybody, or to anybody who logs in.
        becomes: the same after the plan.
    """

    host: str
    reason: str
    stays: bool = True
    openness: Openness = Openness.OPEN
    becomes: Openness = Openness.CLOSED


@dataclass(frozen=True, slots=True)
class Summary:
    """Number of objects added, changed, destroyed, adopted and forgotten."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    adopt: int = 0
    forget: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that apply would do, in the order shown.

    Attributes:
        account: id of the account.
        stack: name of the stack.
        changes: ordered by phase; deletions come last, in reverse order of the phases.
        unchanged: number of declared objects without a difference.
        refusals: why apply refuses to run; empty if it may run.
        warnings: problems that do not stop apply.
        access: who gains and who loses access, by host.
        exposed: hosts of the stack that are open now without ``public:`` in a file.
        live: matched live objects by address, to resolve references.
        copies: the tunnels of which a copy tells what they serve, trusted for all of this.
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
    copies: tuple[Trusted, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to do."""
        return not self.changes

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all changes, in order."""
        return tuple(step for change in self.changes for step in change.steps)

    @property
    def summary(self) -> Summary:
        """Figures of the summary line; a replacement counts as one added and one destroyed.

        So does each further object whose place is taken: it is destroyed.
        """
        counted = [change.action for change in self.changes if not change.housekeeping]
        replaced = counted.count(Action.REPLACE)
        displaced = sum(len(change.others) for change in self.changes)
        return Summary(
            add=counted.count(Action.CREATE) + replaced,
            change=counted.count(Action.UPDATE),
            destroy=counted.count(Action.DELETE) + replaced + displaced,
            adopt=counted.count(Action.ADOPT),
            forget=counted.count(Action.FORGET),
        )
