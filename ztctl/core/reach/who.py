"""Access to one host now: its records, ingress rules, applications and policies, and visitors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from ztctl.core.model.copies import Trusted, trusted
from ztctl.core.model.facts import (
    EVERYONE,
    Application,
    DescribedEntry,
    Fact,
    Members,
    Openness,
    Policy,
    Slot,
    Test,
    TunnelRules,
    stable_sorted,
)
from ztctl.core.model.objects import Live, Mark
from ztctl.core.reach.access_wording import (
    describe_demand,
    describe_duration,
    describe_entries,
    describe_lack,
    describe_restricted,
    describe_test,
    reason_open,
)
from ztctl.core.reach.entries import (
    Entry,
    deciding,
    entries,
    records_for,
    resolve,
    serving,
    tunnels_of,
)
from ztctl.core.reach.people import AdmittedBy, Grant, resolved, tested, within
from ztctl.core.reach.person import Person, PersonReach, Wording, person_reach
from ztctl.core.reach.timeline import current_timeline

Stated = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Lead:
    """A record that the host resolves through; ``tunnel``: the name of a tunnel of the account."""

    name: str
    target: str
    proxied: bool
    tunnel: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """An ingress rule that serves the host; ``checks``: the connector requires an Access token."""

    tunnel: str
    tunnel_id: str
    hostname: str
    path: str
    service: str
    checks: bool


@dataclass(frozen=True, slots=True)
class Ruling:
    """A policy of an application: its precedence, its decision, and a description of visitors."""

    place: int
    name: str
    id: str
    decision: str
    people: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What decides below a path; empty path: the whole host; empty application: none decides.

    Without an id it decides only perhaps: only the list of a zone holds it.
    """

    path: str
    application: str = ""
    id: str = ""
    stack: str = ""
    policies: tuple[Ruling, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Who reaches a host. The field names here and above are keys of the JSON output.

    Attributes:
        open: why anyone may enter, path by path; empty when that is not so.
        unknown: why it cannot be told whether anyone may enter; empty when it can.
        stated: the reasons that a file gives for all that is most open; empty where one lacks.
        leads: the records that the host resolves through.
        services: the ingress rules that serve it.
        guards: the applications that decide, path by path.
        enter: who may enter, and to which origin.
        shut: who may not, by whatever way; everybody, if nobody gets there.
        notes: other circumstances that matter, as text.
        unread: what could not be read, as text; the answer may be wrong in that respect.
        any_login: why anyone may enter who logs in, with a mailbox or a free account.
        person: whether one person enters, if one was asked about.
        copies: the tunnels on the way of which a copy tells what they serve, trusted.
    """

    host: str
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    stated: str = ""
    leads: tuple[Lead, ...] = ()
    services: tuple[Service, ...] = ()
    guards: tuple[Guard, ...] = ()
    enter: tuple[DescribedEntry, ...] = ()
    shut: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    any_login: tuple[str, ...] = ()
    person: PersonReach | None = None
    copies: tuple[Trusted, ...] = ()

    @property
    def may_be_open(self) -> bool:
        """Whether anyone may enter, or it cannot be told, and no file states that."""
        return bool(self.unknown or (self.open and not self.stated))


def reach(
    host: str,
    live: Mapping[str, Sequence[Live]],
    facts: Mapping[Slot, Fact],
    *,
    stated: Stated = lambda _: None,
    unread: Iterable[str] = (),
    person: Person | None = None,
) -> Reach:
    """Evaluate access to a host (punycode).

    Args:
        host: the host name.
        live: the live objects by kind.
        facts: what they mean, and the facts about others that decide about the host.
        stated: the reason that a file gives for a path being open; ``None``: it gives none.
        unread: what could not be read, as text.
        person: somebody of whom to tell whether they enter.
    """
    account = AccountNow(live, facts).host(host)
    found = account.reach(stated, tuple(unread))
    return found if person is None else replace(found, person=account.enters(person))


class AccountNow:
    """An account as it is now: its objects, what they mean, and what all of its hosts share."""

    def __init__(self, live: Mapping[str, Sequence[Live]], facts: Mapping[Slot, Fact]) -> None:
        self.live = {item.id: item for items in live.values() for item in items}
        self.names = display_names(self.live.values())
        self.timeline = current_timeline(facts)
        # By identity: the facts of two objects may be equal.
        self._ids = {id(fact): key for (_, key), fact in facts.items()}

    def host(self, host: str) -> HostNow:
        """One host name, in punycode, of this account."""
        return HostNow(self, host)

    def live_of(self, fact: Fact) -> Live:
        """The live object of a fact of this account."""
        return self.live[self._ids[id(fact)]]

    def name(self, key: str) -> str:
        """The display name of an id."""
        return self.names.get(key, key)


class HostNow:
    """One host of an account as it is now."""

    def __init__(self, account: AccountNow, host: str) -> None:
        self._account = account
        self._host = host
        self._timeline = account.timeline
        self._names = account.names
        self.state = account.timeline.scope(host).state_at(())

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every way in, in a stable order."""
        return tuple(stable_sorted(entries(self.state)))

    def reach(self, stated: Stated = lambda _: None, unread: tuple[str, ...] = ()) -> Reach:
        """Who reaches the host; see the function ``reach`` for the arguments."""
        ordered = self.entries
        shown = self._timeline.pattern
        opened = [entry for entry in ordered if entry.openness]
        most = max((entry.openness for entry in opened), default=Openness.CLOSED)
        asked = [shown(entry.path) for entry in opened if entry.openness is most] or [""]
        given = dict.fromkeys(map(stated, asked))

        def told(entry: Entry) -> str:
            is_said = None not in given and entry.openness is most
            reason = None if is_said else stated(shown(entry.path))
            as_stated = f", as stated: {reason}" if reason else ""
            return f"{shown(reason_open(entry))}{as_stated}"

        def reasons(degree: Openness, *known: bool) -> tuple[str, ...]:
            return tuple(
                dict.fromkeys(
                    told(it) for it in opened if it.openness is degree and it.is_known in known
                )
            )

        return Reach(
            self._host,
            reasons(Openness.OPEN, True),
            reasons(Openness.OPEN, False),
            "" if None in given else "; ".join(filter(None, given)),
            self._leads,
            tuple(self._services()),
            self._guards,
            tuple(
                replace(way, origin=shown(way.origin))
                for way in describe_entries(ordered, self._names, self._describe)
            ),
            tuple(dict.fromkeys(self._denied(ordered))),
            tuple(self._notes()),
            unread,
            reasons(Openness.ANY_LOGIN, True, False),
            copies=trusted(
                {(TunnelRules, key): it for key, it in tunnels_of(self.state)}, self._names
            ),
        )

    def enters(self, person: Person) -> PersonReach:
        """Whether a person enters."""
        wording = Wording(
            self._describe_ruling,
            lambda test: describe_test(test, self._names),
            describe_demand,
        )
        return person_reach(self.state, person, wording)

    def _describe_ruling(self, policy: Policy, app: Application) -> str:
        """A policy with its decision, the session in force, and its people."""
        if policy.decision == AdmittedBy.UNREAD:
            return describe_test(next(iter(policy.about.include)), self._names)
        name = Mark.of_name(policy.about.label)[0]
        session = app.session if policy.session is None else policy.session
        logs_in = policy.decision == "allow" and session is not None
        lasts = f", {describe_duration(session)}" if logs_in else ""
        return f"policy {name} ({policy.decision}{lasts}): {self._describe_policy(policy)}"

    # -- records and ingress rules ----------------------------------------------------------

    @cached_property
    def _leads(self) -> tuple[Lead, ...]:
        """The records that answer for the host, proxied or not, and those behind proxied ones."""
        records = self.state.records
        zones = self.state.zones
        direct = records_for(self._host, records, zones)
        leading = (*direct, *resolve(self._host, records, zones))
        return tuple(
            Lead(it.name, it.target, it.proxied, self._names.get(it.tunnel or "", ""))
            for it in dict.fromkeys(leading)
        )

    def _services(self) -> Iterator[Service]:
        for key, tunnel in tunnels_of(self.state):
            for rules in serving(tunnel, self._host) if tunnel.lists else ():
                for rule in rules:
                    checks = rule.audience is not None
                    place = (rule.hostname, rule.path, rule.service, checks)
                    yield Service(self._account.name(key), key, *place)

    def _notes(self) -> Iterator[str]:
        if not self._leads:
            yield "no record answers for the name"
        for lead in self._leads:
            if not lead.proxied:
                yield f"{lead.name} is not proxied: Cloudflare does not stand before {lead.target}"
        for key, tunnel in tunnels_of(self.state):
            name = self._account.name(key)
            live = self._account.live.get(key)
            if tunnel.rules is None:
                local = live is not None and live.values.get("config") == "local"
                remedy = "; a copy of its server's file tells (--local)" if local else ""
                yield f"what the tunnel {name} serves is not known: it may be anything{remedy}"
            if live is not None and not live.attribute("running"):
                yield f"no connector of the tunnel {name} runs: nobody gets through it"
        if any(guard.application and not guard.id for guard in self._guards):
            yield "whether an application that only a zone lists decides is not known"
        if self.state.settings.deny_unmatched:
            yield "the account refuses hosts for which no application decides"

    # -- applications and policies ----------------------------------------------------------

    @cached_property
    def _guards(self) -> tuple[Guard, ...]:
        found = self.state.applications
        return tuple(
            self._guard(path, app) if app else Guard(self._timeline.pattern(path))
            for path in self.state.paths
            for sure, perhaps in [deciding(self._host, path, found)]
            # Of several equally specific ones it is not documented which decides: all are shown.
            for app in (*(sure or (None,)), *perhaps)
        )

    def _guard(self, path: str, app: Application) -> Guard:
        place = self._timeline.pattern(path)
        if app.perhaps:
            return Guard(place, app.perhaps, policies=tuple(self._rulings(app)))
        live = self._account.live_of(app)
        stack = live.mark.stack if live.mark is not None else ""
        return Guard(place, live.name, live.id, stack, tuple(self._rulings(app)))

    def _rulings(self, app: Application) -> Iterator[Ruling]:
        for place, item in enumerate(app.policies, start=1):
            key = item if isinstance(item, str) else ""
            policy = self.state.policies(item) if isinstance(item, str) else item
            if policy is None or policy.decision == AdmittedBy.UNREAD:
                yield Ruling(place, key, key, "unknown", "nobody knows whom")
            else:
                name = Mark.of_name(policy.about.label)[0] or key
                yield Ruling(place, name, key, policy.decision, self._describe_policy(policy))

    def _describe_policy(self, policy: Policy) -> str:
        factor = [policy.second_factor] if policy.second_factor else []
        terms = [f"with {describe_demand(rule)}" for rule in (*policy.terms, *factor)]
        about = resolved(policy.about, self.state.groups)
        idle = policy.decision != "deny" and tested(about, policy.decision) is None
        nobody = ["which admits nobody"] if idle else []
        return ", ".join([self._describe_members(about), *sorted(terms), *nobody])

    def _describe_members(self, members: Members) -> str:
        """Describe rule lists, with the contents of groups."""
        who = " or ".join(map(self._describe, stable_sorted(members.include))) or "nobody"
        return describe_restricted(who, members, self._describe)

    def _describe(self, test: Test) -> str:
        if isinstance(test, Members) and test.label and not test.is_helper:
            return f"{describe_test(test, self._names)} ({self._describe_members(test)})"
        return describe_test(test, self._names)

    # -- visitors who may not enter ---------------------------------------------------------

    def _denied(self, entries: Collection[Entry]) -> Iterator[str]:
        """Whom no way in admits: what only some of several policies ask for shuts nobody out."""
        if not entries:
            yield "everybody"
            return
        # Nobody can begin a session by a request of the method OPTIONS.
        ways = [it.grant for it in entries if it.grant.how is not AdmittedBy.PREFLIGHT]
        denied = {test: f" (denied by {name})" for test, name in self._denials()}
        excluded = frozenset[Test]().union(*map(_excluded, ways))
        for test in stable_sorted(excluded):
            if all(any(within(test, it) for it in _excluded(way)) for way in ways):
                yield f"{self._describe(test)}{denied.get(test, '')}"
        asked = frozenset[Test]().union(*map(_asked, ways))
        for test in stable_sorted(asked):
            if all(any(within(it, test) for it in _asked(way)) for way in ways):
                yield describe_lack(test, self._describe)
        unasked = (it.grant.who for it in entries if it.openness is Openness.OPEN)
        if not any(within(EVERYONE, who) for who in unasked):
            login = any(it.openness is Openness.ANY_LOGIN for it in entries)
            yield "whoever does not log in" if login else "everybody else"

    def _denials(self) -> Iterator[tuple[Test, str]]:
        """Whom Deny policies of the host are about, and the names of the policies."""
        known = self.state.applications
        found = (deciding(self._host, path, known) for path in self.state.paths)
        for app in chain.from_iterable((*sure, *perhaps) for sure, perhaps in found):
            for item in app.policies:
                policy = self.state.policies(item) if isinstance(item, str) else item
                if policy is not None and policy.decision == "deny":
                    about = resolved(policy.about, self.state.groups)
                    name = Mark.of_name(about.label)[0] or str(item)
                    yield from ((test, name) for test in (about, *about.include))


def _asked(grant: Grant) -> frozenset[Test]:
    """What is asked of everybody whom a grant is about."""
    return grant.require | (grant.who.require if isinstance(grant.who, Members) else frozenset())


def _excluded(grant: Grant) -> frozenset[Test]:
    return grant.exclude | (grant.who.exclude if isinstance(grant.who, Members) else frozenset())


def display_names(lives: Iterable[Live]) -> dict[str, str]:
    """Display names by id, and of applications by audience tag, too."""
    return {
        key: Mark.of_name(live.name)[0] or live.key or live.id
        for live in lives
        for key in (live.id, *live.aliases)
    }
