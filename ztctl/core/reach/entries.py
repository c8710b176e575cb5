"""Who reaches what: names, ingress rules, applications and policies of one state of an account.

Pure, and written from documentation alone. Rules: a DNS star answers at any depth where no nearer
name stands; cloudflared takes the first ingress rule that fits, its star fits any depth, a path is
a regular expression; an Access star covers one label, the most specific application decides and
nothing is inherited (Cloudflare One documentation; cloudflared 2026.8.2). Unknown is open: a
tunnel whose configuration is not known serves every name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ztctl.core.model.facts import (
    DEFAULT_SETTINGS,
    Application,
    Ingress,
    Members,
    OrganizationSettings,
    Policy,
    Record,
    TunnelRules,
)
from ztctl.core.model.names import access_covers, dns_wildcard, ingress_matches, specificity
from ztctl.core.reach.people import OPEN, Grant, grants, lets_in_the_nameless

# A label that nobody uses, to ask what a star answers.
PROBE = "ztctl-probe"


UNREAD = "anything that the tunnel serves (its configuration is not known)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request ends: a tunnel and a service."""

    tunnel: str
    service: str


UNSEEN = Origin("", "whatever stands behind it")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to an origin: below which path of the host, and by which grant."""

    path: str
    origin: Origin
    grant: Grant
    nameless: bool


@dataclass(frozen=True, slots=True)
class HostState:
    """What concerns one host name in one state of the account."""

    host: str
    records: tuple[Record, ...] = ()
    tunnels: Callable[[str], TunnelRules | None] = lambda _: None
    applications: tuple[Application, ...] = ()
    policies: Callable[[str], Policy | None] = lambda _: None
    groups: Callable[[str], Members | None] = lambda _: None
    settings: OrganizationSettings = DEFAULT_SETTINGS
    paths: tuple[str, ...] | None = None
    is_elsewhere: bool = True


def entries(state: HostState) -> frozenset[Entry]:
    """Every way in which somebody reaches an origin under a host name.

    Where no tunnel ever leads to it, an application may still guard something that is not seen
    here, such as a load balancer, a Worker or an address of its own: ``UNSEEN``, and no door.
    """
    routes = list(_routes(state))
    if not routes and state.is_elsewhere:
        routes = [(Ingress(UNSEEN.service), UNSEEN.tunnel)]
    paths = paths_of(state.host, state.applications) if state.paths is None else state.paths
    return frozenset(
        entry
        for path in paths
        for rule, tunnel in routes
        for entry in _ways(state, path, rule, tunnel)
    )


# -- names ----------------------------------------------------------------------------------


def _routes(state: HostState) -> Iterator[tuple[Ingress, str]]:
    led = {record.tunnel for record in leading(state.host, state.records)}
    for tunnel in sorted(tunnel for tunnel in led if tunnel is not None):
        found = state.tunnels(tunnel)
        if found is None:
            continue
        if found.rules is None:
            yield Ingress(UNREAD), tunnel
            continue
        for rule in fitting(state.host, found.rules):
            if rule.is_origin:
                yield rule, tunnel


def leading(host: str, records: Iterable[Record]) -> Iterator[Record]:
    """The records that lead a name on: its own, else the nearest star's, and those they name.

    Only the first of several aliases must be proxied: behind it nobody but Cloudflare looks.
    """
    known = list(records)
    waiting = [record for record in nearest(host, known) if record.proxied]
    seen = {host}
    while waiting:
        record = waiting.pop()
        yield record
        if record.alias and record.alias not in seen:
            seen.add(record.alias)
            waiting += nearest(record.alias, known)


def nearest(host: str, records: Iterable[Record]) -> list[Record]:
    """The records that answer for a name: its own, else those of the nearest star."""
    exact: list[Record] = []
    stars: dict[int, list[Record]] = {}
    for record in records:
        if record.name == host:
            exact.append(record)
        elif dns_wildcard(record.name, host):
            stars.setdefault(len(record.name), []).append(record)
    return exact or (stars[max(stars)] if stars else [])


def fitting(host: str, rules: Sequence[Ingress]) -> Iterator[Ingress]:
    """The rules that may serve a name: up to the first that takes every path."""
    for rule in rules:
        if ingress_matches(rule.hostname, host):
            yield rule
            if not rule.path:
                return


# -- applications ---------------------------------------------------------------------------


def paths_of(host: str, applications: Iterable[Application]) -> tuple[str, ...]:
    """One path of each sort: below which application it falls is all that tells them apart."""
    found = {
        place.partition("/")[2].replace("*", PROBE)
        for app in applications
        for place in app.places
        if "/" in place and access_covers(place.partition("/")[0], host)
    }
    return ("", *sorted(found - {""}))


def deciding(host: str, path: str, applications: Iterable[Application]) -> list[Application]:
    """The application that decides for a request; of equals, all: which of them is not known."""
    best: tuple[object, ...] = ()
    found: list[Application] = []
    for app in applications:
        for place in app.places:
            name, _, below = place.partition("/")
            if access_covers(name, host) and _path_fits(below, path):
                rank = specificity(name, below)
                if rank > best:
                    best, found = rank, []
                if rank == best and not (found and found[-1] is app):
                    found.append(app)
    return found


def _path_fits(pattern: str, path: str) -> bool:
    if not pattern:
        return True
    parts = ".*".join(re.escape(part) for part in pattern.rstrip("/").split("*"))
    return re.fullmatch(f"{parts}(/.*)?", path) is not None


def _ways(state: HostState, path: str, rule: Ingress, tunnel: str) -> Iterator[Entry]:
    origin = Origin(tunnel, rule.service)
    found = deciding(state.host, path, state.applications)
    if not found and origin != UNSEEN and rule.audience is None and not _denied_unmatched(state):
        yield Entry(path, origin, OPEN, nameless=True)
    for app in found:
        yield from _ways_by(app, state, path, rule, origin)


def _ways_by(
    app: Application, state: HostState, path: str, rule: Ingress, origin: Origin
) -> Iterator[Entry]:
    for policy, chosen in _in_turn(app, state, checked=rule.audience is not None):
        passes = rule.audience is None or (app.aud in rule.audience and policy.decision != "bypass")
        if passes:
            nameless = origin != UNSEEN and lets_in_the_nameless(policy, state.groups)
            for grant in chosen:
                yield Entry(path, origin, grant, nameless)


def _in_turn(
    app: Application, state: HostState, *, checked: bool
) -> Iterator[tuple[Policy, list[Grant]]]:
    """Each policy that may let somebody in, with the denials before it taken into account.

    Where the connector checks tokens, a Bypass keeps out whom it is about: it comes first, and
    whoever is bypassed carries no token.
    """
    policies = list(_policies(app, state))
    bypassed = [
        Policy("deny", policy.about)
        for policy in policies
        if policy.decision == "bypass" and checked
    ]
    denials: list[Policy] = []
    for policy in policies:
        if policy.decision == "deny":
            denials.append(policy)
            continue
        before = [*bypassed, *denials] if policy.decision == "allow" else []
        found = grants(
            [*before, policy], state.groups, session=app.session, providers=app.providers
        )
        listed = list(found)
        if listed:
            yield policy, listed


def _policies(app: Application, state: HostState) -> Iterator[Policy]:
    for item in app.policies:
        policy = state.policies(item) if isinstance(item, str) else item
        if policy is not None:
            yield policy


def _denied_unmatched(state: HostState) -> bool:
    exempt = any(
        state.host == zone or state.host.endswith(f".{zone}")
        for zone in state.settings.exempt_zones
    )
    return state.settings.deny_unmatched and not exempt
