"""Drift as data: what the account has that the files do not say, one item a cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ztctl.core.model.address import Address
from ztctl.core.model.copies import Trusted
from ztctl.core.model.diagnostics import Where
from ztctl.core.model.plan import AccessChange, Edit, Exposed


class DriftSeverity(StrEnum):
    """What a difference means for who reaches what; the worst first.

    ``EXPOSED``: a host is open to everybody, or it cannot be told. ``WIDER``: more people, another
    origin, a longer session, a connector's check that is gone. ``LOST``: somebody's entry, or a CA.
    """

    EXPOSED = "exposed"
    WIDER = "wider"
    LOST = "lost"
    OTHER = "other"

    @property
    def rank(self) -> int:
        """Its place, the worst first."""
        return list(DriftSeverity).index(self)


class Deviation(StrEnum):
    """In which way the account differs from the files.

    ``REFUSED``: what an apply would not touch, such as an object that another stack has marked.
    ``OPEN``: a host is open, and no object differs that would explain it. ``UNSTATED``: a live
    object holds what the files leave unsaid. ``FOREIGN``: an application of others decides at a
    host of the stack. ``SERVER``: a file on a server is not as the files say. No apply puts the
    last four back.
    """

    CHANGED = "changed"
    MISSING = "missing"
    UNDECLARED = "undeclared"
    UNMARKED = "unmarked"
    REFUSED = "refused"
    OPEN = "open"
    UNSTATED = "unstated"
    FOREIGN = "foreign"
    SERVER = "server"

    @property
    def stays(self) -> bool:
        """Whether an apply leaves it as it is."""
        return self in (
            Deviation.REFUSED,
            Deviation.OPEN,
            Deviation.UNSTATED,
            Deviation.FOREIGN,
            Deviation.SERVER,
        )


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an object last, as the account's audit log tells.

    Attributes:
        name: an e-mail address or the name of an API token; empty where the log has neither.
        context: by which means, in the log's own word, such as ``dash`` or ``api_token``.
        time: when, ISO 8601 with a zone.
        action: in the log's own word, such as ``update``.
    """

    name: str
    context: str
    time: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class DriftItem:
    """One cause, and everything that follows from it.

    Attributes:
        address: the object that differs; ``None`` for a host that is open without such an object.
        access: who gains and who loses entry by it, from the files to the account.
        exposed: the hosts that are open now because of it.
        edits: the fields; ``before`` is live, ``after`` is what the files say.
        with_it: objects that differ only because this one does.
        objects: ids of the live objects that it is about, to find their writes in a log.
        detail: what else there is to say, such as why an apply would not touch it.
        where: where the files declare it.
        changed: when it was written last, as the object itself tells, ISO 8601; empty: unknown.
    """

    severity: DriftSeverity
    deviation: Deviation
    address: Address | None = None
    access: tuple[AccessChange, ...] = ()
    exposed: tuple[Exposed, ...] = ()
    edits: tuple[Edit, ...] = ()
    with_it: tuple[Address, ...] = ()
    objects: frozenset[str] = frozenset()
    detail: str = ""
    where: Where | None = None
    changed: str = ""
    author: Author | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts, and other places, that it concerns; each once, sorted."""
        found = {it.host for it in self.access} | {it.host for it in self.exposed}
        return tuple(sorted(found))

    @property
    def identity(self) -> str:
        """A text that stays the same from run to run as long as this difference is there."""
        subject = str(self.address) if self.address else ",".join(self.hosts)
        return f"{self.deviation}:{subject}"


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a run found.

    Attributes:
        items: the worst first; those that are shown.
        withheld: how many items of each severity are not shown, as options ask.
        open_withheld: whether one of these is about a host that is open.
        authors: why nobody can tell who changed things; empty where the log was read, or not asked.
        since: the time of the apply since which is looked at, ISO 8601; empty: ever.
        unread: what could not be read, and decides nothing about who reaches what.
        in_step: number of declared objects without a difference.
        copies: the tunnels of which a copy tells what they serve, trusted for all of this.
    """

    account: str
    stack: str
    items: tuple[DriftItem, ...] = ()
    withheld: int = 0
    open_withheld: bool = False
    authors: str = ""
    since: str = ""
    unread: tuple[str, ...] = field(default=())
    in_step: int = 0
    copies: tuple[Trusted, ...] = ()

    @property
    def exposed_hosts(self) -> tuple[str, ...]:
        """The hosts that are open to everybody now, or of which it cannot be told."""
        items = (it for it in self.items if it.severity is DriftSeverity.EXPOSED)
        return tuple(sorted({host.host for item in items for host in item.exposed}))

    def count(self, severity: DriftSeverity) -> int:
        """How many items of a severity are shown."""
        return sum(item.severity is severity for item in self.items)


def worst_first(items: Iterable[DriftItem]) -> tuple[DriftItem, ...]:
    """The items in the order in which they are told."""
    return tuple(
        sorted(items, key=lambda it: (it.severity.rank, it.hosts[:1], it.identity, it.edits == ()))
    )
