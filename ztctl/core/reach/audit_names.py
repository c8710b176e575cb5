"""The names of an account that lead to a tunnel: what of each is open, and what is weak.

How open a name is comes from the model that plans and ``who`` use; nothing is decided here twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from ztctl.core.model.certificates import uncovered
from ztctl.core.model.facts import Application, Fact, Members, Openness, Record, Slot, Test
from ztctl.core.model.names import access_covers, has_star_label, ingress_matches
from ztctl.core.model.objects import Live
from ztctl.core.reach.acceptance import Seen
from ztctl.core.reach.access_wording import (
    describe_duration,
    describe_grant,
    describe_test,
    reason_open,
)
from ztctl.core.reach.audit import HOST, AuditedName, Finding, order
from ztctl.core.reach.audit_rules import AuditCode
from ztctl.core.reach.entries import UNREAD, Entry, Origin, ends_of, records_for, resolve
from ztctl.core.reach.people import AdmittedBy
from ztctl.core.reach.who import AccountNow, HostNow, Reach

# The reason that a file gives for a path of a host being open; ``None``: it gives none.
Public = Callable[[str, str], str | None]
# Above it a session is a finding, in seconds.
LONGEST_SESSION = 24 * 3600
# Of the applications that nearly cover a name so many are told.
_NEAR = 3


class NameAudit:
    """The names of an account as it is now, looked at for what is open and what is weak.

    Args:
        live: the live objects by kind.
        facts: what they mean, and all facts about zones, records and rules.
        public: why a path of a host is open on purpose, as the files state.
    """

    def __init__(
        self,
        live: Mapping[str, Sequence[Live]],
        facts: Mapping[Slot, Fact],
        public: Public = lambda _host, _path: None,
    ) -> None:
        self.account = AccountNow(live, facts)
        self._live = live
        self._facts = facts
        self._applications = [it for it in facts.values() if isinstance(it, Application)]
        self._public = public
        self._ends: dict[str, tuple[str | Origin, ...]] = {}

    def all(self) -> Iterator[AuditedName]:
        """Every name that leads to a tunnel, or perhaps leads to one unguarded."""
        found: dict[str, AuditedName] = {}
        for host in self.account.timeline.hosts:
            now = self.account.host(host)
            leads = self._leads_to_tunnel(now)
            if leads or self._is_unknown(now):
                name = self.name(host, now)
                if leads or name.findings:
                    found[name.host] = name
        for host, name in found.items():
            wide = found.get(_wider(host))
            if wide is None or not _is_alike(name, wide):
                yield name

    def name(self, host: str, now: HostNow | None = None) -> AuditedName:
        """One name, wherever it leads."""
        now = now or self.account.host(host)
        shown = self.account.timeline.pattern(host)
        reach = replace(now.reach(partial(self._public, host)), host=shown)
        zone = self.account.timeline.zones.of(host)
        name = AuditedName(
            shown,
            zone.name if zone is not None else "",
            self._stacks(now, reach),
            reach,
            (),
            self._seen(now, reach),
        )
        return replace(name, findings=self._findings(name, host, now))

    def ends(self, host: str, now: HostNow | None = None) -> tuple[str | Origin, ...]:
        """Where a name ends: at tunnels (their ids), or at origins without one."""
        if host not in self._ends:
            state = (now or self.account.host(host)).state
            self._ends[host] = tuple(ends_of(state.host, state.records, state.zones))
        return self._ends[host]

    # -- one name ---------------------------------------------------------------------------

    def _leads_to_tunnel(self, now: HostNow) -> bool:
        state = now.state
        records = (
            *records_for(state.host, state.records, state.zones),
            *resolve(state.host, state.records, state.zones),
        )
        return any(record.tunnel is not None for record in records)

    def _is_unknown(self, now: HostNow) -> bool:
        ends = self.ends(now.state.host, now)
        return any(isinstance(end, Origin) and not end.is_known for end in ends)

    def _findings(self, name: AuditedName, host: str, now: HostNow) -> tuple[Finding, ...]:
        reasons: dict[AuditCode, dict[str, None]] = {}
        for code, reason in self._reasons(name, host, now):
            reasons.setdefault(code, {})[self.account.timeline.pattern(reason)] = None
        found = (
            Finding(code, HOST, name.host, tuple(texts), name.zone, name.stacks)
            for code, texts in reasons.items()
        )
        return tuple(sorted(found, key=order))

    def _reasons(
        self, name: AuditedName, host: str, now: HostNow
    ) -> Iterator[tuple[AuditCode, str]]:
        asked = False
        for entry in now.entries:
            asked |= entry.grant.how in (AdmittedBy.LOGIN, AdmittedBy.TOKEN)
            if entry.openness:
                path = self.account.timeline.pattern(entry.path)
                if self._public(host, path) is None:
                    yield self._door(entry, host)
            yield from self._weak(entry)
        serving = (it for it in name.reach.services if not it.service.startswith("http_status"))
        if asked and any(not service.checks for service in serving):
            yield AuditCode.NO_CONNECTOR_CHECK, "the connector does not ask for the token"
        deep = uncovered(name.host, name.zone, self._facts.values()) if name.zone else ""
        if deep and not _wider(name.host):
            yield AuditCode.DEEP_NAME, deep

    def _door(self, entry: Entry, host: str) -> tuple[AuditCode, str]:
        """The finding that an open entry is, with its reason."""
        if entry.openness is Openness.ANY_LOGIN:
            return AuditCode.ANY_LOGIN, reason_open(entry)
        if entry.grant.how is AdmittedBy.UNREAD:
            return AuditCode.UNREAD_POLICY, reason_open(entry)
        if entry.provided:
            return AuditCode.ZONE_APPLICATION, reason_open(entry)
        if entry.origin.service == UNREAD:
            return self._unseen_tunnel(entry.origin.tunnel)
        if not entry.origin.is_known:
            return AuditCode.UNREAD_ZONE, entry.origin.service
        code = _DOORS[entry.grant.how]
        if code is not AuditCode.NO_COVER:
            return code, reason_open(entry)
        place = f"below /{entry.path} " if entry.path else ""
        near = "".join(f"; {text}" for text in self._near(host)[:_NEAR])
        return code, f"{place}no application covers it{near}"

    def _unseen_tunnel(self, key: str) -> tuple[AuditCode, str]:
        live, name = self.account.live.get(key), self.account.name(key)
        if live is not None and live.values.get("config") == "local":
            return AuditCode.LOCAL_TUNNEL, f"tunnel {name} is configured on its server"
        return AuditCode.UNREAD_TUNNEL, f"the configuration of tunnel {name} was not read"

    def _near(self, host: str) -> list[str]:
        """The applications that nearly cover a host."""
        found = []
        for app in self._applications:
            for place in app.places:
                name, _, path = place.partition("/")
                if access_covers(name, host) and path:
                    found.append(f"application {place} covers that path only")
                elif has_star_label(name) and ingress_matches(name, host) and not path:
                    found.append(f"application {name} covers one label only")
        return sorted(set(found))

    def _weak(self, entry: Entry) -> Iterator[tuple[AuditCode, str]]:
        grant = entry.grant
        match grant.how:
            case AdmittedBy.BYPASS if not entry.openness:
                who = describe_test(grant.who, self.account.names)
                yield (
                    AuditCode.BYPASS_NETWORK,
                    describe_grant(grant, who, self.account.names),
                )
            case AdmittedBy.PREFLIGHT:
                yield AuditCode.OPTIONS_UNASKED, reason_open(entry)
            case AdmittedBy.TOKEN if _takes_any_token(grant.who):
                yield AuditCode.ANY_SERVICE_TOKEN, f"any valid service token{self._endless}"
            case AdmittedBy.LOGIN:
                if grant.providers is None:
                    yield AuditCode.ANY_PROVIDER, "any identity provider of the account"
                if grant.session is None or grant.session > LONGEST_SESSION:
                    yield AuditCode.LONG_SESSION, f"sessions of {describe_duration(grant.session)}"

    @cached_property
    def _endless(self) -> str:
        tokens = self._live.get("service_token", ())
        count = sum(bool(it.attribute("endless")) for it in tokens)
        return f" ({count} of {len(tokens)} never end)" if count else ""

    # -- whose it is, and what was seen of it -----------------------------------------------

    def _stacks(self, now: HostNow, reach: Reach) -> tuple[str, ...]:
        records = (it for lead in reach.leads[:1] for it in self._records.get(lead.name, ()))
        tunnels = (self.account.live.get(key) for key in self._tunnels(now))
        of_tunnels = [it.mark.stack for it in tunnels if it is not None and it.mark]
        of_records = [it.mark.stack for it in records if it.mark]
        guards = [it.stack for it in reach.guards if it.stack]
        return tuple(dict.fromkeys((*of_records, *guards, *of_tunnels)))

    @cached_property
    def _records(self) -> Mapping[str, list[Live]]:
        found: dict[str, list[Live]] = {}
        for (_, key), fact in self._facts.items():
            live = self.account.live.get(key)
            if live is not None and isinstance(fact, Record):
                found.setdefault(fact.name, []).append(live)
        return found

    def _tunnels(self, now: HostNow) -> list[str]:
        return sorted({it for it in self.ends(now.state.host, now) if isinstance(it, str)})

    def _seen(self, now: HostNow, reach: Reach) -> Seen:
        shown = self.account.timeline.pattern
        services = {
            f"{it.service}{f' at {it.path}' if it.path else ''}" for it in reach.services
        } or {entry.origin.service for entry in now.entries}
        opened: dict[str, set[str]] = {}
        for entry in now.entries:
            if entry.openness:
                opened.setdefault(shown(entry.path), set()).add(entry.grant.how.value)
        cover = {
            f"/{it.path}: {f'{it.application} ({it.id})' if it.application else 'no application'}"
            for it in reach.guards
        } | {f"/{path}: {', '.join(sorted(how))}" for path, how in opened.items()}
        return Seen(
            tuple(f"{self.account.name(key)} ({key})" for key in self._tunnels(now)),
            tuple(sorted(services)),
            tuple(sorted(cover)),
        )


_DOORS: Mapping[AdmittedBy, AuditCode] = {
    AdmittedBy.UNASKED: AuditCode.NO_COVER,
    AdmittedBy.OVERRIDE: AuditCode.PUBLIC_PATH,
    AdmittedBy.BYPASS: AuditCode.BYPASS_EVERYONE,
    AdmittedBy.TOKEN: AuditCode.SERVICE_AUTH_EVERYONE,
}


def _takes_any_token(who: Test) -> bool:
    if isinstance(who, Members):
        return any(map(_takes_any_token, who.include))
    return who.selector == "any_valid_service_token"


def _wider(host: str) -> str:
    """Of a pattern for two labels and more, the one for a single label; else empty."""
    other = host.partition(".")[2]
    return other if has_star_label(host) and has_star_label(other) else ""


def _is_alike(one: AuditedName, other: AuditedName) -> bool:
    """True if a report says the same of a pattern and of the one for a label more."""

    def told(name: AuditedName) -> list[tuple[AuditCode, tuple[str, ...]]]:
        # How deep it is, is told of the first alone.
        found = ((it.code, it.reasons) for it in name.findings)
        return [it for it in found if it[0] is not AuditCode.DEEP_NAME]

    return (one.seen, told(one)) == (other.seen, told(other))
