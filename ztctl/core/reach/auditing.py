"""Make the report of an audit: the names, the other objects, and what somebody has accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ztctl.core.model.copies import trusted
from ztctl.core.model.facts import (
    Application,
    Fact,
    Openness,
    PrivateNetwork,
    Slot,
    TunnelRules,
    ZoneRecords,
)
from ztctl.core.model.names import access_covers, has_star_label, is_wildcard
from ztctl.core.model.objects import Live
from ztctl.core.reach.acceptance import Acceptance
from ztctl.core.reach.audit import AuditedName, AuditReport, Finding, order
from ztctl.core.reach.audit_names import NameAudit, Public
from ztctl.core.reach.audit_rules import AuditCode
from ztctl.core.reach.entries import DIRECT, Origin, serving
from ztctl.core.reach.private import PrivatePath, private_paths

# Services of a tunnel that certainly are no SSH server. What is TCP, or a bastion, may be one.
_NO_SSH = ("http://", "https://", "http_status", "hello_world", "unix", "rdp://", "smb://")


@dataclass(frozen=True, slots=True)
class Days:
    """What counts as the past, and as soon: dates as ``2026-11-30``."""

    today: str
    soon: str


class Auditor:
    """An account as it is now.

    Args:
        live: the live objects by kind.
        facts: what they mean, and all facts about zones, records and rules.
        days: what counts as the past, and as soon.
        public: why a path of a host is open on purpose, as the files state.
    """

    def __init__(
        self,
        live: Mapping[str, Sequence[Live]],
        facts: Mapping[Slot, Fact],
        days: Days,
        public: Public = lambda _host, _path: None,
    ) -> None:
        self.names = NameAudit(live, facts, public)
        self._account = self.names.account
        self._live = live
        self._facts = facts
        self._days = days

    def report(
        self, account: str, *, unread: Iterable[str] = (), accepted: Sequence[Acceptance] = ()
    ) -> AuditReport:
        """Everything; ``account`` is its id, ``unread`` what could not be read, as text."""
        found = [self._judged(name, accepted) for name in self.names.all()]
        told = {name.host for name in found if name.accepted or name.ended}
        return AuditReport(
            account,
            tuple(sorted(it.name for it in self._facts.values() if isinstance(it, ZoneRecords))),
            tuple(sorted(found, key=lambda it: (it.risk.place, it.host))),
            self._routes(),
            tuple(sorted(self._findings(found), key=order)),
            tuple(unread),
            tuple(it for it in accepted if it.host not in told),
        )

    def named(self, host: str, accepted: Sequence[Acceptance] = ()) -> AuditedName:
        """One name or pattern, in punycode, wherever it leads.

        One below a wildcard is accepted with it.
        """
        sample = host.replace("*", self._account.timeline.witness)
        own = host in self._account.timeline.hosts
        below = [] if own else [it for it in accepted if _stands_for(it.host, sample)]
        return self._judged(self.names.name(sample), accepted, below)

    def _judged(
        self,
        name: AuditedName,
        accepted: Iterable[Acceptance],
        below: Sequence[Acceptance] = (),
    ) -> AuditedName:
        """The name as accepted, if it is: by its own entry, else by one it is ``below``."""
        given = [it for it in accepted if it.host == name.host] or below
        if not given or not name.may_be_open:
            return name
        ended = {it.ended(name.seen, self._days.today): it for it in given}
        holds = ended.get("")
        return replace(name, accepted=holds) if holds else replace(name, ended=next(iter(ended)))

    def _routes(self) -> tuple[PrivatePath, ...]:
        networks = {
            key: it for (_, key), it in self._facts.items() if isinstance(it, PrivateNetwork)
        }
        return private_paths(networks, self._account.live)

    # -- other objects than names -----------------------------------------------------------

    def _findings(self, names: Iterable[AuditedName]) -> Iterator[Finding]:
        yield from self._unread_zones()
        yield from self._idle_tunnels(names)
        yield from self._copies()
        yield from self._tokens()
        for (_, key), fact in self._facts.items():
            live = self._account.live.get(key)
            if live is not None and isinstance(fact, Application):
                yield from self._idle_application(live, fact)
        yield from self._idle_authorities()

    def _unread_zones(self) -> Iterator[Finding]:
        witness = self._account.timeline.witness
        for (_, key), zone in self._facts.items():
            if isinstance(zone, ZoneRecords) and not zone.read:
                # Where unmatched hosts are denied none of them is open.
                below = (zone.name, f"{witness}.{zone.name}", f"{witness}.{witness}.{zone.name}")
                ways = (way for host in below for way in self._account.host(host).entries)
                if any(it.openness is Openness.OPEN and not it.origin.is_known for it in ways):
                    reason = zone.gap or "its records were not read"
                    about = self._account.live[key].kind
                    yield Finding(
                        AuditCode.UNREAD_ZONE, about, zone.name, (reason,), zone.name, id=key
                    )

    def _idle_tunnels(self, names: Iterable[AuditedName]) -> Iterator[Finding]:
        leading = Counter(service for name in names for service in name.seen.tunnel)
        for (of, key), _ in self._facts.items():
            live = self._account.live.get(key) if of is TunnelRules else None
            if live is not None and not live.attribute("running"):
                name = self._account.name(live.id)
                count = leading[f"{name} ({live.id})"]
                lead = "1 name leads to it" if count == 1 else f"{count or 'no'} names lead to it"
                reason = f"no connector runs, and {lead}"
                yield _finding(AuditCode.NO_CONNECTOR, live, name, reason)

    def _copies(self) -> Iterator[Finding]:
        for it in trusted(self._facts, self._account.names):
            reason = f"{it.file} is trusted for it"
            yield _finding(AuditCode.TRUSTED_COPY, self._account.live[it.id], it.tunnel, reason)

    def _tokens(self) -> Iterator[Finding]:
        for live in self._live.get("service_token", ()):
            ends = str(live.attribute("ends") or "")[:10]
            if live.attribute("endless") or not ends:
                yield _finding(AuditCode.ENDLESS_TOKEN, live, live.name, "it never ends")
            elif ends <= self._days.soon:
                verb = "ended" if ends < self._days.today else "ends"
                yield _finding(AuditCode.ENDING_TOKEN, live, live.name, f"it {verb} on {ends}")

    def _idle_application(self, live: Live, app: Application) -> Iterator[Finding]:
        whole = len(live.values.get("destinations") or ()) == len(app.places)
        ends = [end for host in self._below(app) for end in self.names.ends(host)]
        is_spare = live.mark is not None and live.mark.spare is not None
        if whole and app.places and not is_spare and all(end == DIRECT for end in ends):
            places = ", ".join(sorted(app.places))
            past = "is not proxied, so that nobody passes Access"
            reason = f"{places} {past if ends else 'has no record'}"
            yield self._of_application(AuditCode.IDLE_APPLICATION, live, live, reason)

    def _idle_authorities(self) -> Iterator[Finding]:
        for live in self._live.get("ca_key", ()):
            owner = self._account.live.get(live.owner)
            app = self._facts.get((Application, live.owner))
            if owner is None or not isinstance(app, Application) or not app.places:
                continue
            if not any(map(self._may_be_ssh, self._below(app))):
                reason = "no name of its application leads to SSH"
                if owner.mark is not None and owner.mark.spare:
                    reason = "a CA rotation that is not finished keeps it"
                yield self._of_application(AuditCode.IDLE_CA, live, owner, reason)

    def _of_application(self, code: AuditCode, live: Live, owner: Live, reason: str) -> Finding:
        app = self._facts[Application, owner.id]
        zone = self._account.timeline.zones.of(next(iter(app.names), "").replace("*", "x"))
        stacks = (owner.mark.stack,) if owner.mark is not None else ()
        name = zone.name if zone is not None else ""
        return Finding(code, live.kind, live.name, (reason,), name, stacks, live.id)

    def _below(self, app: Application) -> Iterator[str]:
        """The names that the places of an application are about."""
        for name in dict.fromkeys(app.names):
            if is_wildcard(name):
                hosts = self._account.timeline.hosts
                yield from (host for host in hosts if access_covers(name, host))
            else:
                yield name

    def _may_be_ssh(self, host: str) -> bool:
        for end in self.names.ends(host):
            if isinstance(end, Origin):
                return True
            found = self._facts.get((TunnelRules, end))
            if not isinstance(found, TunnelRules) or found.rules is None:
                return True
            rules = (rule for of_list in serving(found, host) for rule in of_list)
            if any(not it.service.startswith(_NO_SSH) for it in rules):
                return True
        return False


def _stands_for(pattern: str, host: str) -> bool:
    """Whether a report may mean a name by a pattern: any depth, where its first label is a star."""
    labels = host.split(".")
    end = labels[-1 - pattern.count(".") :] if has_star_label(pattern) else labels
    return is_wildcard(pattern) and access_covers(pattern, ".".join(end))


def _finding(code: AuditCode, live: Live, name: str, reason: str) -> Finding:
    stacks = (live.mark.stack,) if live.mark is not None else ()
    return Finding(code, live.kind, name, (reason,), "", stacks, live.id)
