"""An audit of an account: every name that leads to a tunnel, who gets there, and what is weak.

Plain data, from which every view is made. How open a name is comes from the model that plans and
``who`` use, and so do the texts. Nothing here is about one stack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from ztctl.core.model.diagnostics import Where
from ztctl.core.reach.acceptance import Acceptance, Seen
from ztctl.core.reach.audit_rules import RULES, AuditCode, AuditRule, Risk
from ztctl.core.reach.private import PrivatePath
from ztctl.core.reach.who import Reach

# What a finding about a name is about.
HOST = "host"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a name or an object of the account.

    Attributes:
        about: ``host``, or the kind of the object.
        subject: the name or pattern, or the display name of the object.
        reasons: in what way, as text; each counts by itself.
        zone: the zone in which it lies; empty for other objects.
        stacks: the stacks that own it, or something on the way to it.
        id: of the object; empty for a host.
        where: what declares it in the files of the command, else its line in an accept file.
    """

    code: AuditCode
    about: str
    subject: str
    reasons: tuple[str, ...]
    zone: str = ""
    stacks: tuple[str, ...] = ()
    id: str = ""
    where: Where | None = None

    @property
    def rule(self) -> AuditRule:
        """Why it is one, and what to do."""
        return RULES[self.code]

    @property
    def risk(self) -> Risk:
        """How bad it is."""
        return self.rule.risk

    @property
    def identity(self) -> str:
        """What stays the same from one audit to the next; no two findings of a report share it."""
        return f"{self.code}:{self.about}:{self.id or self.subject}"


@dataclass(frozen=True, slots=True)
class AuditedName:
    """A name that leads to a tunnel, or may.

    Attributes:
        host: the name in punycode; a pattern stands for the names that no other is about.
        zone: the zone in which it lies; empty where the token sees none.
        stacks: the stacks that own it: of its record, its applications, its tunnels, in this order.
        reach: what ``ztctl who`` says of it.
        findings: the worst first.
        seen: what an acceptance is about.
        accepted: that it may be open; what it is otherwise found for still counts.
        ended: why an acceptance does not hold any more, as text; empty where there is none.
        probed: what it answered from outside, as text; empty where it was not asked.
    """

    host: str
    zone: str
    stacks: tuple[str, ...]
    reach: Reach
    findings: tuple[Finding, ...]
    seen: Seen
    accepted: Acceptance | None = None
    ended: str = ""
    probed: str = ""

    @property
    def risk(self) -> Risk:
        """The worst of its findings that nobody has accepted."""
        open_too = self.accepted is None
        found = (it.risk for it in self.findings if open_too or it.risk is Risk.WEAK)
        return min(found, key=lambda it: it.place, default=Risk.CLOSED)

    @property
    def may_be_open(self) -> bool:
        """Whether it is open or cannot be told, and nobody has accepted that."""
        return self.risk in (Risk.OPEN, Risk.UNSEEN)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All that an audit found.

    Attributes:
        account: its id.
        zones: the names of the account's active zones that the token sees.
        names: the worst first.
        routes: private addresses and host names that lead to a tunnel.
        findings: about other objects than names; the worst first.
        unread: what could not be read, as text.
        idle: acceptances of names that are not open.
        zone, stack: what the report is narrowed to; empty: nothing.
    """

    account: str
    zones: tuple[str, ...]
    names: tuple[AuditedName, ...]
    routes: tuple[PrivatePath, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[str, ...] = ()
    idle: tuple[Acceptance, ...] = ()
    zone: str = ""
    stack: str = ""

    def of(self, risk: Risk) -> tuple[AuditedName, ...]:
        """The names of a risk; those that are accepted are left out."""
        return tuple(it for it in self.names if it.risk is risk and it.accepted is None)

    @property
    def accepted(self) -> tuple[AuditedName, ...]:
        """The names that may be open, as somebody has accepted."""
        return tuple(it for it in self.names if it.accepted is not None)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding that nobody has accepted, the worst first."""
        of_names = (
            finding
            for name in self.names
            for finding in name.findings
            if name.accepted is None or finding.risk is Risk.WEAK
        )
        return tuple(sorted((*of_names, *self.findings), key=order))

    @property
    def is_exposed(self) -> bool:
        """Whether something is open, or cannot be told."""
        return any(it.risk in (Risk.OPEN, Risk.UNSEEN) for it in self.all_findings)

    def placed(self, place: Callable[[Finding], Where | None]) -> AuditReport:
        """The same with the places of its findings."""

        def all_placed(found: Iterable[Finding]) -> tuple[Finding, ...]:
            return tuple(replace(it, where=place(it)) for it in found)

        names = (replace(it, findings=all_placed(it.findings)) for it in self.names)
        return replace(self, names=tuple(names), findings=all_placed(self.findings))

    def narrowed(self, *, zone: str = "", stack: str = "") -> AuditReport:
        """The part about a zone, or about what a stack owns; the reading stays what it was.

        An object that was not read may hide names of any stack.
        """

        def kept(zone_of: str, stacks: Collection[str], *, hides: bool = False) -> bool:
            return (not zone or zone_of == zone) and (not stack or hides or stack in stacks)

        return replace(
            self,
            names=tuple(it for it in self.names if kept(it.zone, it.stacks)),
            routes=tuple(it for it in self.routes if kept("", (it.stack,))),
            findings=tuple(
                it for it in self.findings if kept(it.zone, it.stacks, hides=it.risk is Risk.UNSEEN)
            ),
            idle=() if zone or stack else self.idle,
            zone=zone,
            stack=stack,
        )


def order(finding: Finding) -> tuple[int, str, str, int, str]:
    """To sort findings by: the worst first, then by what they are about, in the order of codes."""
    place = list(AuditCode).index(finding.code)
    return finding.risk.place, finding.about, finding.subject, place, finding.id
