"""Somebody who knows nothing of ztctl and rings at every door of an account after each write.

The observer sends visits through the sandbox's edge, as if every tunnel had a connector, for every
host name, path and sort of visitor. A record that leads to no tunnel is a place like an origin:
through the proxy it is guarded by Access alone, past the proxy by nothing. It holds a run to four
promises: no stranger gets in where none got in before and no file says so; nobody gets where they
could neither get before nor after; who could get in before and after is never locked out, unless
that was agreed to; who gets in after and could not before was told of, where the run says what it
told. A run that was cut off is judged together with the one that finishes its work.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.support.observer.guests import LOGGED_IN, STRANGER, STRANGERS
from tests.support.observer.people import People, attached
from tests.support.observer.places import Object, Place, hosts, paths, places, rules
from ztctl.sandbox.edge.applications import covers_host
from ztctl.sandbox.edge.edge import Edge
from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.edge.replica import KINDS
from ztctl.sandbox.edge.values import Answer, Visit, Visitor
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.state import State
from ztctl.sandbox.store import Change, Store

Origin = tuple[str, str]
Visited = tuple[str, str]
Reached = dict[Visited, Origin | None]

# What a bastion's client asks for.
INSIDE = "10.0.0.1:22"
# Identity providers at which anybody makes an account, or has one.
FREE_LOGINS = ("onetimepin", "google", "github", "facebook", "linkedin", "yandex")
_EVERYWHERE = frozenset({"zone", "organization", "service_token", "identity_provider", "account"})


@dataclass(frozen=True, slots=True)
class Told:
    """What a run said before it began: under these names somebody gains entry, or everybody."""

    names: str
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a run was told to be right: names stated to be open, and what it was allowed.

    ``alone`` is false while somebody else writes: what is so only in between may be their wish.
    """

    public: Collection[str] = ()
    exposed: Collection[str] = ()
    interrupted: bool = False
    alone: bool = True

    def may_open(self, host: str, path: str) -> bool:
        """True for what a file states to be open, or that the run was allowed to open."""
        parts = path.strip("/").split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if any(f"{host}/{part}" in self.public for part in above):
            return True
        names = {*self.public, *self.exposed}
        return "all" in names or any(means(name, host) for name in names)


def means(names: str, host: str) -> bool:
    """True if a name in some spelling is this host, or stands for it by stars of any depth."""
    name = normal_host(names)
    bare = name.removeprefix("*.").removeprefix("*.")
    return host == name if bare == name else host.endswith(f".{bare}")


@dataclass(slots=True)
class Span:
    """One run, or a run that was cut off and those that finish it."""

    past: Mapping[str, list[tuple[str, Object]]]
    before: Mapping[str, Reached]
    doors: dict[tuple[str, str], str] = field(default_factory=dict)
    gained: dict[tuple[str, str, str, Origin], str] = field(default_factory=dict)
    lost: dict[tuple[str, str, str], str] = field(default_factory=dict)
    interrupted: bool = False
    exposed: frozenset[str] = frozenset()
    told: frozenset[Told] | None = None
    alone: bool = True

    def says(self, host: str, *, everybody: bool) -> bool:
        """True if it was said that somebody gains entry to a host, or everybody."""
        return any(
            means(told.names, host) and (told.everybody or not everybody)
            for told in self.told or ()
        )


class Observer:
    """One account under observation; see the module.

    ``breaches`` are the promises that were broken, in words; ``lockouts`` those of the third sort
    whether agreed to or not; ``uncovered`` the names that were seen to lead to a connector with no
    application in front, whatever the connector itself asks for.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        with sandbox.session() as state:
            self._state = state
            state.store.watch(self._hear)
        self._edge = _edge(state)
        self._news: list[Change] = []
        self._seen: dict[tuple[str, str], Object] = {}
        self._apps: dict[str, list[str]] = {}
        self._now: dict[str, Reached] = {}
        self._people: dict[str, Visitor] = {}
        self._span: Span | None = None
        self._agreed: Agreed | None = None
        self._fresh = True
        self.breaches: list[str] = []
        self.lockouts: list[str] = []
        self.uncovered: list[str] = []

    # -- a run ------------------------------------------------------------------------------

    def begin(self, agreed: Agreed) -> None:
        """A run begins. What a run before it left undone belongs to it, if nobody interfered."""
        if self._span is None or self._news:
            self._refresh()
            self._span = Span(_snapshot(self._state.store), dict(self._now))
        self._span.interrupted |= agreed.interrupted
        # What the run that was cut off was allowed to open is open when the next one is planned.
        self._span.exposed |= frozenset(agreed.exposed)
        self._span.alone &= agreed.alone
        self._agreed = replace(agreed, exposed=self._span.exposed)

    def give_up(self) -> None:
        """What a run left undone will not be finished: the next one is judged by itself."""
        self._span = None

    def look(self, write: str) -> None:
        """Ring at every door that the writes since the last look may have changed."""
        if self._agreed is not None and self._span is not None and self._news:
            for host in self._refresh():
                self._judge(self._span, host, write)

    def end(self, *, complete: bool, told: Collection[Told] | None = None) -> list[str]:
        """A run has ended; the promises that it broke.

        ``told`` is who gains entry as the run told it; ``None``: nobody asked.
        """
        assert self._span is not None
        assert self._agreed is not None
        if told is not None:
            # What a run told that was cut off is not told again.
            self._span.told = frozenset(told) | (self._span.told or frozenset())
        known = len(self.breaches)
        self.breaches += [f"open door: {what} after {write}" for what, write in self._doors()]
        if complete:
            if self._span.alone:
                self._settle(self._span)
            self.breaches += self._silent(self._span)
            self._span = None
        self._agreed = None
        return self.breaches[known:]

    # -- judging ----------------------------------------------------------------------------

    def _judge(self, span: Span, host: str, write: str) -> None:
        before, found = span.before.get(host, {}), self._now.get(host, {})
        agreed = self._agreed
        # Where anybody may come in for a while, everybody may.
        for_all = {
            (path, origin)
            for (path, who), origin in found.items()
            if agreed is not None and agreed.may_open(host, path) and who.startswith(STRANGER)
        }
        # By whom somebody unknown was vouched for is no difference.
        unknown = {(path, one) for (path, who), one in before.items() if _is_unknown(who)}
        for (path, who), origin in found.items():
            earlier = before.get((path, who))
            if origin is None:
                if earlier is not None:
                    span.lost.setdefault((host, path, who), write)
            elif origin != earlier and (path, origin) not in for_all:
                span.gained.setdefault((host, path, who, origin), write)
                answered = _is_unknown(who) and (path, origin) in unknown
                if who.startswith(STRANGER) and not (
                    answered or self._reached_already(span, host, path, who, origin)
                ):
                    reached = f"{who} reaches {origin[1]} at {host}{path}"
                    span.doors.setdefault((host, reached), write)

    def _reached_already(self, span: Span, host: str, path: str, who: str, origin: Origin) -> bool:
        """True where the same was so before the run, for a path or a visitor thought of later."""
        if (path, who) in span.before.get(host, {}):
            return False
        return self._reaches(_edge_of(span.past, self._state), host, path, who) == origin

    def _doors(self) -> Iterator[tuple[str, str]]:
        assert self._span is not None
        for (_, reached), write in self._span.doors.items():
            yield reached, write
        self._span.doors = {}

    def _settle(self, span: Span) -> None:
        past: Edge | None = None
        for (host, path, who, origin), write in span.gained.items():
            if self._reaches(self._edge, host, path, who) == origin:
                continue
            past = past or _edge_of(span.past, self._state)
            if self._reaches(past, host, path, who) != origin:
                text = f"{who} reaches {origin[1]} at {host}{path} only in between"
                self.breaches.append(f"widened: {text}, after {write}")
        for (host, path, who), write in span.lost.items():
            if self._reaches(self._edge, host, path, who) is not None:
                text = f"locked out: {who} at {host}{path} after {write}"
                self.lockouts.append(text)
                if not span.interrupted:
                    self.breaches.append(text)

    def _silent(self, span: Span) -> Iterator[str]:
        """Who gets in after and could not before, and of whom no word was said."""
        past: Edge | None = None
        for host, found in self._now.items() if span.told is not None else ():
            before = span.before.get(host, {})
            unknown = {(path, one) for (path, who), one in before.items() if _is_unknown(who)}
            for (path, who), origin in found.items():
                everybody = who.startswith(STRANGER)
                if origin is None or span.says(host, everybody=everybody):
                    continue
                if (path, who) in before:
                    earlier = before[path, who]
                else:
                    past = past or _edge_of(span.past, self._state)
                    earlier = self._reaches(past, host, path, who)
                if earlier != origin and not (_is_unknown(who) and (path, origin) in unknown):
                    yield f"silent gain: {who} reaches {origin[1]} at {host}{path}"

    def _reaches(self, edge: Edge, host: str, path: str, who: str) -> Origin | None:
        return _origin(edge.visit(Visit(host, path, self._people[who], INSIDE)))

    # -- visiting ---------------------------------------------------------------------------

    def _hear(self, changes: list[Change]) -> None:
        self._news += changes

    def _refresh(self) -> list[str]:
        """Visit what may have changed; the hosts visited."""
        store = self._state.store
        known, served = places(store), rules(store)
        names = hosts(store, known, served)
        if self._span is not None:
            names |= self._span.before.keys() | self._now.keys()
        touched = sorted(names) if self._fresh else sorted(self._touched(names, known))
        self._fresh, self._news = False, []
        self._apps = {str(app["id"]): attached(app) for _, app in store.items("app")}
        self._places = known
        shelf = People(store)
        for host in touched:
            self._now[host] = self._visited(host, known, served, shelf)
        for host in self._now.keys() - names:
            del self._now[host]
        return touched

    def _visited(
        self, host: str, known: list[Place], served: list[Object], shelf: People
    ) -> Reached:
        answer = self._edge.visit(Visit(host, "/", STRANGERS[_FIRST], INSIDE))
        if answer.outcome in ("no_record", "not_proxied"):
            people = {_FIRST: STRANGERS[_FIRST]} if _origin(answer) else {}
        else:
            covering = {place.app for place in known if covers_host(place.host, host)}
            people = shelf.about(covering)
            if answer.application is None and answer.outcome in ("origin", "refused"):
                self.uncovered.append(host)
        found: Reached = {}
        asked = [(path, who) for path in paths(host, known, served) for who in people]
        if self._span is not None:
            # Whom some policy spoke of during the run may matter when none does any more.
            earlier = dict.fromkeys((*self._span.before.get(host, {}), *self._now.get(host, {})))
            asked = list(dict.fromkeys((*asked, *earlier)))
        self._people |= people
        for path, who in asked:
            answer = self._edge.visit(Visit(host, path, self._people[who], INSIDE))
            vouched = who.startswith(LOGGED_IN) and self._is_known(answer, self._people[who])
            found[path, who] = None if vouched else _origin(answer)
        return found

    def _is_known(self, answer: Answer, visitor: Visitor) -> bool:
        """True where a policy let a visitor in as somebody whom not everybody can be."""
        policy = self._state.store.get("policy", answer.policy or "") or {}
        # Bypass and Service Auth ask for no login: nobody is asked, and no login counts.
        return policy.get("decision") == "allow" and (
            self._awaits_approval(policy) or self._names_the_login(policy, visitor)
        )

    def _names_the_login(self, policy: Object, visitor: Visitor) -> bool:
        """True where the policy asks for this very login: that is a credential, if not for all."""
        provider = self._state.store.get("identity_provider", visitor.login_method or "")
        if provider is None or provider["type"] in FREE_LOGINS:
            return False
        waiting: list[Object | None] = [policy]
        seen: set[str] = set()
        while waiting:
            held = waiting.pop() or {}
            for element in (*(held.get("include") or ()), *(held.get("require") or ())):
                if element.get("login_method") == {"id": provider["id"]}:
                    return True
                group = str((element.get("group") or {}).get("id"))
                if "group" in element and group not in seen:
                    seen.add(group)
                    waiting.append(self._state.store.get("access_group", group))
        return False

    def _awaits_approval(self, policy: Object) -> bool:
        """True where somebody would have to say yes: the edge counts approvals as given."""
        return bool(policy.get("approval_required")) and any(
            group["approvals_needed"]
            and (group.get("email_addresses") or "email_list_uuid" in group)
            for group in policy.get("approval_groups") or ()
        )

    # -- what a change concerns -------------------------------------------------------------

    def _touched(self, names: Collection[str], known: list[Place]) -> set[str]:
        found = {host for host in names if host not in self._now}
        for kind, key, new in self._news:
            if kind in _EVERYWHERE:
                return set(names)
            found |= self._touched_by(kind, key, new, names, known)
        return found & set(names)

    def _touched_by(
        self, kind: str, key: str, new: Object | None, names: Collection[str], known: list[Place]
    ) -> set[str]:
        store = self._state.store
        match kind:
            case "dns_record" | "tunnel" | "tunnel_configuration":
                return self._led(kind, key, new, names)
            case "app":
                return _covered({key}, [*known, *self._places], names)
            case "policy":
                return _covered(self._users(key), known, names)
            case "access_group":
                policies = [str(one["id"]) for _, one in store.items("policy")]
                apps = {app for policy in policies for app in self._users(policy)}
                return _covered(apps, known, names)
            case _:
                return set()

    def _users(self, policy: str) -> set[str]:
        live = {str(app["id"]): attached(app) for _, app in self._state.store.items("app")}
        return {
            app
            for shelf in (live, self._apps)
            for app, attached in shelf.items()
            if policy in attached
        }

    def _led(self, kind: str, key: str, new: Object | None, names: Collection[str]) -> set[str]:
        """The names of a record or a tunnel, and those that have no record of their own."""
        records = [record for _, record in self._state.store.items("dns_record")]
        own = {record["name"] for record in records}
        found = {host for host in names if host not in own}
        if kind == "dns_record":
            aliases = any(_is_alias(record) for record in records)
            return set(names) if aliases or new is None else {*found, new["name"]}
        return (
            found
            | {record["name"] for record in records if key in record["content"]}
            | {record["name"] for record in records if _is_alias(record)}
        )


_FIRST = next(iter(STRANGERS))


def _is_alias(record: Object) -> bool:
    is_tunnel = str(record["content"]).endswith(".cfargotunnel.com")
    return record["type"] == "CNAME" and bool(record["proxied"]) and not is_tunnel


def _covered(apps: set[str], known: list[Place], names: Collection[str]) -> set[str]:
    patterns = {place.host for place in known if place.app in apps}
    return {host for host in names if any(covers_host(pattern, host) for pattern in patterns)}


def _is_unknown(who: str) -> bool:
    return who.startswith(LOGGED_IN)


def _origin(answer: Answer) -> Origin | None:
    """Where a visit ended: at a service behind a tunnel, or at what a record leads to without."""
    match answer.outcome:
        case "origin":
            return str(answer.tunnel), str(answer.service)
        case "elsewhere":
            return "", "what is no tunnel"
        case "not_proxied" if answer.tunnel is None:
            return "", "an address past the proxy"
        case _:
            return None


def _edge(state: State) -> Edge:
    edge = Edge(state)
    edge.assume_connectors = True
    return edge


def _snapshot(store: Store) -> dict[str, list[tuple[str, Object]]]:
    return {kind: list(store.items(kind)) for kind in KINDS}


def _edge_of(past: Mapping[str, list[tuple[str, Object]]], state: State) -> Edge:
    """The edge as it was: objects are replaced whole, so that a list of them is a copy."""
    copied = State(Store(), state.clock, os.urandom, state.settings)
    with copied.store.session():
        for kind, items in past.items():
            for key, one in items:
                copied.store.put(kind, key, one)
    return _edge(copied)
