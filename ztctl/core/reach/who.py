"""One host as it is live: where it leads, through what, who may enter and who may not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ztctl.core.model.facts import (
    EVERYONE,
    UNKNOWN_TUNNEL,
    Application,
    DescribedEntry,
    Fact,
    Members,
    OrganizationSettings,
    Policy,
    Record,
    Slot,
    Test,
    TunnelRules,
)
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live, Mark
from ztctl.core.reach.access_wording import describe_entries, describe_test, reason_open
from ztctl.core.reach.entries import (
    Entry,
    applications_for,
    paths_of,
    records_for,
    resolve,
    rules_for,
)
from ztctl.core.reach.people import resolved, within
from ztctl.core.reach.timeline import current_timeline
from ztctl.core.reach.versions import facts_of


@dataclass(frozen=True, slots=True)
class Lead:
    """A record on the way from the name: where it leads; ``tunnel`` is one of this account."""

    name: str
    target: str
    proxied: bool
    tunnel: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A rule of a tunnel that serves the name; ``checks``: the connector asks for the token."""

    tunnel: str
    tunnel_id: str
    hostname: str
    path: str
    service: str
    checks: bool


@dataclass(frozen=True, slots=True)
class Ruling:
    """A policy in its place: what it decides about whom."""

    place: int
    name: str
    id: str
    decision: str
    people: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What decides below a path (all of the host: empty); no application: nobody is asked."""

    path: str
    application: str = ""
    id: str = ""
    stack: str = ""
    policies: tuple[Ruling, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """The answer to who reaches a host.

    Attributes:
        open: why everybody may come in, path by path; empty when they may not.
        stated: the reason that a file gives for the host being open.
        enter: who may come in, to which origin.
        shut: who may not, although a policy speaks of them.
        notes: what else bears on it.
        unread: what could not be read, so that the answer may be wrong there.
    """

    host: str
    open: tuple[str, ...] = ()
    stated: str = ""
    leads: tuple[Lead, ...] = ()
    services: tuple[Service, ...] = ()
    guards: tuple[Guard, ...] = ()
    enter: tuple[DescribedEntry, ...] = ()
    shut: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def reach(
    host: str,
    live: Mapping[str, Sequence[Live]],
    kinds: Kinds,
    *,
    stated: str = "",
    unread: Mapping[str, str] | None = None,
) -> Reach:
    """Who reaches a host (punycode) by these live objects, read thoroughly.

    ``unread`` says of kinds why they could not be read. A tunnel of which nothing is known serves
    every name.
    """
    missing = unread or {}
    blind = any(isinstance(kinds[name].fact({}, None), TunnelRules) for name in missing)
    return _Scene(host, live, kinds, blind).told(stated, tuple(missing.values()))


class _Scene:
    def __init__(
        self, host: str, live: Mapping[str, Sequence[Live]], kinds: Kinds, blind: bool
    ) -> None:
        self._host = host
        self._live = {item.id: item for items in live.values() for item in items}
        self._facts: dict[Slot, Fact] = dict(facts_of(live, kinds))
        self._records = self._of(Record)
        if blind:
            for record in self._records.values():
                if record.tunnel is not None:
                    self._facts[TunnelRules, record.tunnel] = UNKNOWN_TUNNEL
        self._names = dict(_names(self._live.values()))

    def told(self, stated: str, unread: tuple[str, ...]) -> Reach:
        entries = current_timeline(self._facts).scope(self._host).entries_at(())
        opened = sorted((entry for entry in entries if entry.anonymous), key=str)
        return Reach(
            self._host,
            tuple(dict.fromkeys(reason_open(entry) for entry in opened)),
            stated,
            tuple(self._leads()),
            tuple(self._services()),
            self._guards,
            describe_entries(entries, (), self._names),
            tuple(dict.fromkeys(self._shut(entries))),
            tuple(self._notes()),
            unread,
        )

    def _of(self, sort: type[Record]) -> dict[Slot, Record]:
        return {slot: fact for slot, fact in self._facts.items() if isinstance(fact, sort)}

    # -- the way ----------------------------------------------------------------------------

    @cached_property
    def _way(self) -> tuple[Record, ...]:
        """The records that answer for the name, and those that they lead on to."""
        records = list(self._records.values())
        return tuple(
            dict.fromkeys((*records_for(self._host, records), *resolve(self._host, records)))
        )

    def _leads(self) -> Iterator[Lead]:
        for (_, key), record in self._records.items():
            if record in self._way:
                live = self._live[key]
                target = str(live.values.get("tunnel") or live.raw.get("content") or "")
                known = self._facts.get((TunnelRules, record.tunnel or ""))
                tunnel = self._name(record.tunnel or "") if known is not None else ""
                yield Lead(record.name, target, record.proxied, tunnel)

    def _tunnels(self) -> Iterator[tuple[str, TunnelRules]]:
        led = resolve(self._host, self._records.values())
        for key in sorted({record.tunnel for record in led if record.tunnel is not None}):
            fact = self._facts.get((TunnelRules, key))
            if isinstance(fact, TunnelRules):
                yield key, fact

    def _services(self) -> Iterator[Service]:
        for key, tunnel in self._tunnels():
            for rule in rules_for(self._host, tunnel.rules or ()):
                checks = rule.audience is not None
                place = (rule.hostname, rule.path, rule.service, checks)
                yield Service(self._name(key), key, *place)

    def _notes(self) -> Iterator[str]:
        if not self._way:
            yield "no record answers for the name"
        for lead in self._leads():
            if not lead.proxied:
                yield f"{lead.name} is not proxied: Cloudflare does not stand before {lead.target}"
            elif not lead.tunnel:
                yield f"{lead.target} is no tunnel of this account: what stands there is not seen"
        for key, tunnel in self._tunnels():
            if tunnel.rules is None:
                yield f"what the tunnel {self._name(key)} serves is not known: it may be anything"
            live = self._live.get(key)
            if live is not None and not live.attribute("running"):
                yield f"no connector of the tunnel {self._name(key)} runs"
        for fact in self._facts.values():
            if isinstance(fact, OrganizationSettings) and fact.deny_unmatched:
                yield "the account refuses hosts for which no application decides"

    # -- who decides ------------------------------------------------------------------------

    @cached_property
    def _guards(self) -> tuple[Guard, ...]:
        found = {slot: fact for slot, fact in self._facts.items() if isinstance(fact, Application)}
        return tuple(
            self._guard(path, app, found)
            for path in paths_of(self._host, found.values())
            # Of several that fit equally well, nobody knows which decides.
            for app in applications_for(self._host, path, found.values()) or (None,)
        )

    def _guard(
        self, path: str, app: Application | None, known: Mapping[Slot, Application]
    ) -> Guard:
        if app is None:
            return Guard(path)
        key = next(key for (_, key), fact in known.items() if fact is app)
        live = self._live[key]
        stack = live.mark.stack if live.mark is not None else ""
        rulings = tuple(self._rulings(app))
        return Guard(path, live.name, key, stack, rulings)

    def _rulings(self, app: Application) -> Iterator[Ruling]:
        for place, item in enumerate(app.policies, start=1):
            policy = item if isinstance(item, Policy) else self._policy(item)
            key = item if isinstance(item, str) else ""
            if policy is None:
                yield Ruling(place, key, key, "unknown", "nobody knows whom")
            else:
                name = Mark.of_name(policy.about.label)[0] or key
                yield Ruling(place, name, key, policy.decision, self._people(policy))

    def _policy(self, key: str) -> Policy | None:
        fact = self._facts.get((Policy, key))
        return fact if isinstance(fact, Policy) else None

    def _group(self, key: str) -> Members | None:
        fact = self._facts.get((Members, key))
        return fact if isinstance(fact, Members) else None

    def _people(self, policy: Policy) -> str:
        beside = [f"asked for {rule.selector.replace('_', ' ')}" for rule in policy.terms]
        about = resolved(policy.about, self._group)
        return ", ".join([self._listed(about), *sorted(beside)])

    def _listed(self, members: Members) -> str:
        """A set in words, groups with what they hold."""
        parts = [" or ".join(self._spelt(test) for test in _ordered(members.include)) or "nobody"]
        parts += [f"who is {self._spelt(test)}" for test in _ordered(members.require)]
        parts += [f"but not {self._spelt(test)}" for test in _ordered(members.exclude)]
        return ", ".join(parts)

    def _spelt(self, test: Test) -> str:
        if isinstance(test, Members) and test.label:
            return f"{describe_test(test, self._names)} ({self._listed(test)})"
        return describe_test(test, self._names)

    # -- who may not ------------------------------------------------------------------------

    def _shut(self, entries: Iterable[Entry]) -> Iterator[str]:
        for guard in self._guards:
            for ruling in guard.policies:
                if ruling.decision == "deny":
                    yield f"{ruling.people} (denied by {ruling.name})"
        for grant in sorted((entry.grant for entry in entries), key=str):
            group = grant.who if isinstance(grant.who, Members) else Members()
            for test in _ordered(grant.exclude | group.exclude):
                yield self._spelt(test)
            for test in _ordered(grant.require | group.require):
                yield f"who is not {self._spelt(test)}"
        if not any(entry.anonymous and within(EVERYONE, entry.grant.who) for entry in entries):
            yield "everybody else"

    def _name(self, key: str) -> str:
        return self._names.get(key, key)


def _ordered(tests: Iterable[Test]) -> list[Test]:
    return sorted(tests, key=str)


def _names(lives: Iterable[Live]) -> Iterator[tuple[str, str]]:
    """What people call what has an id."""
    for live in lives:
        name = Mark.of_name(live.name)[0] or live.key or live.id
        yield live.id, name
        aud = live.attributes.get("aud")
        if isinstance(aud, str):
            yield aud, name
