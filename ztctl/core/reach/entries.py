"""Access entries of one host: DNS records, ingress rules, applications and policies evaluated.

Pure, and written from documentation alone. A DNS wildcard answers at any depth unless a closer
name exists; cloudflared uses the first ingress rule that matches, its wildcard matches any depth, a
path is a regular expression; an Access wildcard covers one label, the most specific application
decides and nothing is inherited (Cloudflare One documentation; cloudflared 2026.8.2). Unknown is
open: a tunnel whose configuration was not read serves every name.
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
from ztctl.core.reach.people import OPEN, Grant, admits_anonymous, grants

# A label that nobody uses, to stand for any name below a wildcard.
PROBE = "ztctl-probe"

# The service of a tunnel whose configuration was not read.
UNREAD = "anything that the tunnel serves (its configuration is not known)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request ends: the id of a tunnel, and the service of an ingress rule."""

    tunnel: str
    service: str


# The origin of a name that leads to no tunnel: a load balancer, a Worker, an address.
UNSEEN = Origin("", "whatever stands behind it")


@dataclass(frozen=True, slots=True)
class Entry:
    """A grant to reach an origin below a path of the host.

    Attributes:
        path: without its leading slash; empty: the whole host.
        anonymous: visitors need no credential that anybody gave them (``admits_anonymous``).
    """

    path: str
    origin: Origin
    grant: Grant
    anonymous: bool


@dataclass(frozen=True, slots=True)
class HostState:
    """The facts that decide who reaches one host in one state of an account.

    Attributes:
        records, applications: those that may match the host, and others; they are filtered here.
        tunnels, policies, groups: look up a fact by id; ``None``: not known.
        paths: sample paths to evaluate; ``None``: those of ``applications``.
        has_no_tunnel: no record leads to a known tunnel, in this or any other state.
    """

    host: str
    records: tuple[Record, ...] = ()
    tunnels: Callable[[str], TunnelRules | None] = lambda _: None
    applications: tuple[Application, ...] = ()
    policies: Callable[[str], Policy | None] = lambda _: None
    groups: Callable[[str], Members | None] = lambda _: None
    settings: OrganizationSettings = DEFAULT_SETTINGS
    paths: tuple[str, ...] | None = None
    has_no_tunnel: bool = True


def entries(state: HostState) -> frozenset[Entry]:
    """All access entries of a host: one for each path, origin and grant.

    Where no record leads to a tunnel in any state, an application may still protect an origin that
    is not known here: its entries have the origin ``UNSEEN`` and are never anonymous.
    """
    routes = list(_routes(state))
    if not routes and state.has_no_tunnel:
        routes = [(Ingress(UNSEEN.service), UNSEEN.tunnel)]
    paths = paths_of(state.host, state.applications) if state.paths is None else state.paths
    return frozenset(
        entry
        for path in paths
        for rule, tunnel in routes
        for entry in _entries_at(state, path, rule, tunnel)
    )


# -- records and ingress rules --------------------------------------------------------------


def _routes(state: HostState) -> Iterator[tuple[Ingress, str]]:
    """The ingress rules that may serve the host, each with the id of its tunnel."""
    for tunnel, found in tunnels_of(state):
        rules = [Ingress(UNREAD)] if found.rules is None else rules_for(state.host, found.rules)
        yield from ((rule, tunnel) for rule in rules if rule.is_origin)


def tunnels_of(state: HostState) -> Iterator[tuple[str, TunnelRules]]:
    """The known tunnels that the records of the host lead to, by id."""
    targets = {record.tunnel for record in resolve(state.host, state.records)}
    for tunnel in sorted(tunnel for tunnel in targets if tunnel is not None):
        found = state.tunnels(tunnel)
        if found is not None:
            yield tunnel, found


def resolve(host: str, records: Iterable[Record]) -> Iterator[Record]:
    """Records a host resolves through: exact, else closest wildcard, following CNAMEs.

    Only the first record must be proxied: Cloudflare itself resolves the CNAMEs behind it.
    """
    known = list(records)
    waiting = [record for record in records_for(host, known) if record.proxied]
    seen = {host}
    while waiting:
        record = waiting.pop()
        yield record
        if record.alias and record.alias not in seen:
            seen.add(record.alias)
            waiting += records_for(record.alias, known)


def records_for(host: str, records: Iterable[Record]) -> list[Record]:
    """The records that answer for a host: exact ones, else those of the closest wildcard."""
    found = [it for it in records if it.name == host or dns_wildcard(it.name, host)]
    closest = max((it.name == host, len(it.name)) for it in found) if found else None
    return [it for it in found if (it.name == host, len(it.name)) == closest]


def rules_for(host: str, rules: Sequence[Ingress]) -> Iterator[Ingress]:
    """The ingress rules that may serve a host, up to and including the first without a path.

    Paths are regular expressions, which are not evaluated: each rule may serve some request.
    """
    for rule in rules:
        if ingress_matches(rule.hostname, host):
            yield rule
            if not rule.path:
                return


# -- applications ---------------------------------------------------------------------------


def paths_of(host: str, applications: Iterable[Application]) -> tuple[str, ...]:
    """Sample paths of a host: the root, and one for each path of an application.

    Requests differ only by the most specific application that covers them.
    """
    found = {
        place.partition("/")[2].replace("*", PROBE)
        for app in applications
        for place in app.places
        if "/" in place and access_covers(place.partition("/")[0], host)
    }
    return ("", *sorted(found - {""}))


def applications_for(
    host: str, path: str, applications: Iterable[Application]
) -> list[Application]:
    """Most specific applications for the request; several when the tie-break is undocumented."""
    best: tuple[object, ...] = ()
    found: list[Application] = []
    for app in applications:
        for place in app.places:
            name, _, below = place.partition("/")
            if access_covers(name, host) and _path_matches(below, path):
                rank = specificity(name, below)
                if rank > best:
                    best, found = rank, []
                # Two places of one application may match equally well.
                if rank == best and not (found and found[-1] is app):
                    found.append(app)
    return found


def _path_matches(pattern: str, path: str) -> bool:
    parts = ".*".join(re.escape(part) for part in pattern.rstrip("/").split("*"))
    return not pattern or re.fullmatch(f"{parts}(/.*)?", path) is not None


def _entries_at(state: HostState, path: str, rule: Ingress, tunnel: str) -> Iterator[Entry]:
    origin = Origin(tunnel, rule.service)
    found = applications_for(state.host, path, state.applications)
    # An unseen origin that no application protects is outside of the model: it has no entry.
    if not found and origin != UNSEEN and rule.audience is None and not _denied_unmatched(state):
        yield Entry(path, origin, OPEN, anonymous=True)
    for app in found:
        # The connector accepts tokens for its audience alone.
        if rule.audience is None or app.aud in rule.audience:
            for grant, anonymous in _grants_of(app, state, checked=rule.audience is not None):
                yield Entry(path, origin, grant, anonymous and origin != UNSEEN)


def _grants_of(
    app: Application, state: HostState, *, checked: bool
) -> Iterator[tuple[Grant, bool]]:
    """The grants of an application's policies, and whether each admits anonymous visitors.

    ``checked``: the connector requires an Access token. Then a Bypass policy shuts its visitors
    out: it is evaluated first, and a bypassed request carries no token.
    """
    listed = [state.policies(item) if isinstance(item, str) else item for item in app.policies]
    policies = [policy for policy in listed if policy is not None]
    denials: list[Policy] = []
    if checked:
        denials = [Policy("deny", it.about) for it in policies if it.decision == "bypass"]
        policies = [policy for policy in policies if policy.decision != "bypass"]
    for policy in policies:
        if policy.decision == "deny":
            denials.append(policy)
            continue
        # Access evaluates Bypass and Service Auth before any Deny.
        before = denials if policy.decision == "allow" else []
        found = list(
            grants([*before, policy], state.groups, session=app.session, providers=app.providers)
        )
        anonymous = bool(found) and admits_anonymous(policy, state.groups)
        yield from ((grant, anonymous) for grant in found)


def _denied_unmatched(state: HostState) -> bool:
    exempt = any(
        state.host == zone or state.host.endswith(f".{zone}")
        for zone in state.settings.exempt_zones
    )
    return state.settings.deny_unmatched and not exempt
