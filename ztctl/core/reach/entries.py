"""Access entries of one host: DNS records, ingress rules, applications and policies evaluated.

Pure, and written from documentation alone. A DNS wildcard answers at any depth unless a closer
name exists; cloudflared uses the first ingress rule that matches, its wildcard matches any depth, a
path is a regular expression; an Access wildcard covers one label, the most specific application
decides and nothing is inherited (Cloudflare One documentation; cloudflared 2026.8.2). Several
address records of a name are proxied if one of them is (Cloudflare DNS documentation, "Proxy
status"); a proxied CNAME to a name without a record answers error 1016 (documentation of errors).

Unknown is open: a tunnel whose configuration was not read serves every name, a name whose records
were not read leads somewhere, and a policy that was not read asks nobody anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ztctl.core.model.facts import (
    DEFAULT_SETTINGS,
    UNKNOWN_TUNNEL,
    Application,
    Ingress,
    LoginProvider,
    Members,
    Openness,
    OrganizationSettings,
    Policy,
    Record,
    TunnelRules,
    Zones,
)
from ztctl.core.model.names import (
    access_covers,
    closest_below,
    dns_wildcard,
    ingress_matches,
    is_within,
    specificity,
)
from ztctl.core.reach.people import (
    OPEN,
    PREFLIGHT,
    PUBLIC,
    AdmittedBy,
    Grant,
    Terms,
    grants,
    openness,
    public_at,
    resolved,
    tested,
)

# The service of a tunnel whose configuration was not read.
UNREAD = "anything that the tunnel serves (its configuration is not known)"


# Zones of which nothing is known, not even that they are there.
NO_ZONES = Zones(())


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request ends: the id of a tunnel, and the service of an ingress rule."""

    tunnel: str
    service: str

    @property
    def is_tunnel(self) -> bool:
        """Whether it is a service of a tunnel."""
        return bool(self.tunnel) and self != DIRECT

    @property
    def is_known(self) -> bool:
        """False where a configuration or records were not read: it may be anything."""
        return self.service != UNREAD and not self.service.startswith(_UNKNOWN)


# The origin of a name that leads to no tunnel, through Cloudflare: a load balancer, an address.
ELSEWHERE = Origin("", "whatever stands behind it")
# The same past Cloudflare, where Access does not stand in between.
DIRECT = Origin("direct", "the address in its record, which is not proxied")
_UNKNOWN = "whatever its records lead to, which are not known: "


@dataclass(frozen=True, slots=True)
class Served:
    """Which requests an ingress rule serves, by path expressions, which are not evaluated.

    Attributes:
        by: that of the rule; empty: all requests.
        but: those of earlier rules, which lead elsewhere.
    """

    by: str = ""
    but: frozenset[str] = frozenset()

    def is_within(self, other: Served) -> bool:
        """True if the other rule certainly serves all these requests."""
        return other.by in ("", self.by) and other.but <= self.but


@dataclass(frozen=True, slots=True)
class Entry:
    """A grant to reach an origin below a path of the host.

    Attributes:
        path: without its leading slash; empty: the whole host.
        openness: to how many visitors to whom nobody has given a credential.
        served: for which requests there.
        provided: everything on which it depends and that nobody knows, as text.
    """

    path: str
    origin: Origin
    grant: Grant
    openness: Openness
    served: Served = Served()
    provided: frozenset[str] = frozenset()

    def is_at(self, other: Entry) -> bool:
        """True if the other entry reaches the same origin by every request of this one."""
        same = (self.path, self.origin) == (other.path, other.origin)
        return same and self.served.is_within(other.served) and self.is_as_sure(other)

    def is_as_sure(self, other: Entry) -> bool:
        """True if the other entry is there whenever this one is."""
        return other.provided <= self.provided

    @property
    def is_known(self) -> bool:
        """False where what decides was not read, or may not decide: it may be closed."""
        read = self.origin.is_known and self.grant.how is not AdmittedBy.UNREAD
        return read and not self.provided


@dataclass(frozen=True, slots=True)
class HostState:
    """The facts that decide who reaches one host in one state of an account.

    Attributes:
        records, applications: those that may match the host, and others; they are filtered here.
        zones: the active zones of the account.
        tunnels, policies, groups: look up a fact by id; ``None``: there is no such object now.
        paths: sample paths to evaluate.
        logins: looks up an identity provider by id; ``None``: not known.
    """

    host: str
    records: tuple[Record, ...] = ()
    zones: Zones = NO_ZONES
    tunnels: Callable[[str], TunnelRules | None] = lambda _: UNKNOWN_TUNNEL
    applications: tuple[Application, ...] = ()
    policies: Callable[[str], Policy | None] = lambda _: None
    groups: Callable[[str], Members | None] = lambda _: None
    settings: OrganizationSettings = DEFAULT_SETTINGS
    paths: tuple[str, ...] = ("",)
    logins: Callable[[str], LoginProvider | None] = lambda _: None


def entries(state: HostState) -> frozenset[Entry]:
    """All access entries of a host: one for each path, origin and grant."""
    ends = list(ends_of(state.host, state.records, state.zones))
    ways = list(routes(state, ends))
    past = (Entry(path, DIRECT, OPEN, Openness.OPEN) for path in state.paths if DIRECT in ends)
    return frozenset(past).union(
        (
            replace(entry, served=Served(rule.path, _others_at(path, earlier)))
            for rule, tunnel, earlier in ways
            for path in paths_at(rule, state.paths)
            for entry in _entries_at(state, path, rule, tunnel)
        ),
        _by_another_spelling(state, ends),
    )


def _by_another_spelling(state: HostState, ends: Iterable[str | Origin]) -> Iterator[Entry]:
    """What lies open to who spells the name otherwise, where no application stands in front.

    The connector compares names as they are spelled, so that a rule which keeps strangers out is
    passed over, and a wider one behind it serves them. Access knows all spellings of a name.
    Whether Cloudflare hands on the one that a visitor wrote is not recorded (cloudflared issue
    1715).
    """
    apps = state.applications
    bare = [path for path in state.paths if not deciding(state.host, path, apps)[0]]
    if not bare or denied_unmatched(state):
        return
    for end in ends:
        found = state.tunnels(end) if isinstance(end, str) else None
        for rule in (
            it for rules in (found.lists if found else ()) for it in _behind(state, rules)
        ):
            for path in set(paths_at(rule, bare)).intersection(bare):
                yield Entry(path, Origin(str(end), rule.service), OPEN, Openness.OPEN)


def _behind(state: HostState, rules: Sequence[Ingress]) -> Iterator[Ingress]:
    """Unchecked origins of a host behind the rule that takes its name and lets no stranger in."""
    fitting = [it for it in rules if ingress_matches(it.hostname, state.host)]
    first = next((place for place, it in enumerate(fitting) if not it.path), len(fitting))
    for rule in fitting[first + 1 :]:
        if _is_open(rule) and not _is_open(fitting[first]):
            yield rule


def _is_open(rule: Ingress) -> bool:
    return rule.is_origin and rule.audience is None


# -- records and ingress rules --------------------------------------------------------------


def routes(
    state: HostState, ends: Iterable[str | Origin]
) -> Iterator[tuple[Ingress, str, list[str]]]:
    """The ingress rules that may serve the host, each with its tunnel's id.

    And with the path expressions of the rules before it that lead elsewhere.
    """
    for end in ends:
        if isinstance(end, Origin):
            if end != DIRECT:
                yield Ingress(end.service), end.tunnel, []
            continue
        found = state.tunnels(end)
        for rules in serving(found, state.host) if found is not None else ():
            for place, rule in enumerate(rules):
                if rule.is_origin:
                    leads = rule.service, rule.audience
                    earlier = (it for it in rules[:place] if (it.service, it.audience) != leads)
                    yield rule, end, [it.path for it in earlier]


def serving(tunnel: TunnelRules, host: str) -> Iterator[Sequence[Ingress]]:
    """The rules that may serve a host, of each list that may be in force.

    A single one without a known service where none of them was read.
    """
    if tunnel.rules is None:
        yield [Ingress(UNREAD)]
    for rules in tunnel.lists:
        yield [*rules_for(host, rules)]


def _others_at(path: str, expressions: Iterable[str]) -> frozenset[str]:
    """Those of the path expressions that may match a request at a sample path."""
    return frozenset(it for it in expressions if exact_path(it) in (None, path))


def tunnels_of(state: HostState) -> Iterator[tuple[str, TunnelRules]]:
    """The tunnels that the records of the host lead to, by id."""
    for end in ends_of(state.host, state.records, state.zones):
        found = state.tunnels(end) if isinstance(end, str) else None
        if found is not None:
            yield str(end), found


def ends_of(host: str, records: Iterable[Record], zones: Zones) -> Iterator[str | Origin]:
    """Where the requests for a host end: at tunnels (their ids), or at an origin without one.

    Nowhere, if its zone was read and no record answers. A record that is not proxied sends visitors
    to its target past Cloudflare; to a tunnel it leads nobody, because the target of its CNAME is
    not routed (Cloudflare One documentation, "DNS records").
    """
    known = list(records)
    first = records_for(host, known, zones)
    if not first:
        yield from () if zones.is_empty_at(host) else [_unknown(host, zones)]
    elif not any(record.proxied for record in first):
        yield from [DIRECT] if any(record.tunnel is None for record in first) else ()
    else:
        found = (_end_of(record, known, zones) for record in resolve(host, known, zones))
        yield from dict.fromkeys(end for end in found if end is not None)


def _end_of(record: Record, records: Sequence[Record], zones: Zones) -> str | Origin | None:
    """Where a record ends; ``None`` where others answer for its target, or certainly nobody."""
    if record.tunnel is not None:
        return record.tunnel
    if record.unread:
        return Origin("", f"{_UNKNOWN}the record of {record.name} has no target that is a text")
    if records_for(record.alias, records, zones) or zones.is_empty_at(record.alias):
        return None
    return ELSEWHERE if zones.of(record.alias) is None else _unknown(record.alias, zones)


def _unknown(name: str, zones: Zones) -> Origin:
    zone = zones.of(name)
    if zone is None:
        return Origin("", f"{_UNKNOWN}it lies in no active zone that the token sees")
    read = "could not be read" if zone.gap else "was not read"
    return Origin("", f"{_UNKNOWN}the zone {zone.name} {read}")


def resolve(host: str, records: Iterable[Record], zones: Zones = NO_ZONES) -> Iterator[Record]:
    """Records a host resolves through: exact, else closest wildcard, following CNAMEs.

    Only the first record must be proxied: Cloudflare itself resolves the CNAMEs behind it.
    """
    known = list(records)
    waiting = [record for record in records_for(host, known, zones) if record.proxied]
    seen = {host}
    while waiting:
        record = waiting.pop()
        yield record
        if record.alias and record.alias not in seen:
            seen.add(record.alias)
            waiting += records_for(record.alias, known, zones)


def records_for(host: str, records: Iterable[Record], zones: Zones = NO_ZONES) -> list[Record]:
    """The records that answer for a host: exact ones, else those of the closest wildcard.

    A wildcard does not answer below a closer name that exists (RFC 4592, section 2.2.1).
    """
    known = [it for it in records if zones.decides(it, host)]
    found = [it for it in known if _answers(it.name, host, known, zones)]
    closest = max((it.name == host, len(it.name)) for it in found) if found else None
    return [it for it in found if (it.name == host, len(it.name)) == closest]


def _answers(name: str, host: str, records: Sequence[Record], zones: Zones) -> bool:
    if name == host or not dns_wildcard(name, host):
        return name == host
    closer = closest_below(name, host)
    # With a record exist all names above it.
    return not zones.exists(closer) and not any(is_within(it.name, closer) for it in records)


def rules_for(host: str, rules: Sequence[Ingress]) -> Iterator[Ingress]:
    """The ingress rules that may serve a host, up to and including the first without a path.

    Paths are regular expressions, which are not evaluated but for ``exact_path``: each rule may
    serve some request. So may one whose name is spelled otherwise (``Ingress.perhaps``).
    """
    for rule in rules:
        if ingress_matches(rule.hostname, host):
            yield rule
            if not rule.path:
                return
        elif rule.perhaps and ingress_matches(rule.perhaps, host):
            yield rule


def paths_at(rule: Ingress, samples: Sequence[str]) -> Sequence[str]:
    """The sample paths at which a rule may serve a request."""
    exact = exact_path(rule.path)
    return samples if exact is None else (exact,)


# One segment between the anchors, its dots escaped, and none of `.` and `..`.
_EXACT = re.compile(r"\^/(?!(?:\\\.){1,2}\$)((?:[A-Za-z0-9_~-]|\\\.)+)\$")


@lru_cache(maxsize=4096)
def exact_path(expression: str) -> str | None:
    """The one path that a rule's expression matches, such as ``^/healthz$``; ``None`` if unknown.

    An expression for more than one path is never narrowed down. Access decides by the normalised
    path, and the connector matches the path as it was sent, decoded (Cloudflare documentation, "URL
    normalization", default settings; cloudflared 2026.8.2): ``^/a/`` also matches ``/a/../b`` and
    ``/a%2Fb``, for which no application on ``/a`` decides.
    """
    found = _EXACT.fullmatch(expression) if expression else None
    return found[1].replace("\\.", ".") if found else None


# -- applications ---------------------------------------------------------------------------


def paths_of(
    host: str, applications: Iterable[Application], rules: Iterable[Ingress], witness: str
) -> tuple[str, ...]:
    """Sample paths of a host: the root, one for each path and override of an application.

    And one for each rule for a single path. Requests differ only by the most specific application
    that covers them. ``witness`` takes the place of each wildcard.
    """
    found = {
        place.partition("/")[2].replace("*", witness)
        for app in applications
        for place in (*app.places, *_public_places(app))
        if "/" in place and access_covers(place.partition("/")[0], host)
    }
    exact = {exact_path(it.path) for it in rules if it.path and ingress_matches(it.hostname, host)}
    return ("", *sorted(found.union(path for path in exact if path) - {""}))


def _public_places(app: Application) -> Iterator[str]:
    """Overrides as ``host/path``; one of the whole place needs no sample of its own."""
    for it in app.public_paths:
        if it.pattern != "*":
            yield f"{it.place.partition('/')[0]}/{it.pattern}"


def begins_at(app: Application, host: str, path: str) -> bool:
    """Whether a place of the application begins at a path, rather than above it."""
    places = (place.partition("/") for place in app.places)
    return any(access_covers(name, host) and _fits(below, path) for name, _, below in places)


def public_grants(app: Application, host: str, path: str) -> Iterator[Grant]:
    """What overrides of the application grant at a sample path; they count for all its places.

    ``PUBLIC`` where the path and all below is public. What is less than that covers nothing that
    opens later. That an override ends where a more specific application decides is a guess.
    """
    for it in app.public_paths:
        name, _, below = it.place.partition("/")
        if access_covers(name, host) and path_matches(below, path) and _fits(it.pattern, path):
            named = "" if it.is_certain and it.pattern else it.written
            yield PUBLIC if it.has_all_below else public_at(named)


def applications_for(
    host: str, path: str, applications: Iterable[Application]
) -> list[Application]:
    """Most specific applications for the request; several when the tie-break is undocumented."""
    best: tuple[object, ...] = ()
    found: list[Application] = []
    for app in applications:
        for place in app.places:
            name, _, below = place.partition("/")
            if access_covers(name, host) and path_matches(below, path):
                rank = specificity(name, below)
                if rank > best:
                    best, found = rank, []
                # Two places of one application may match equally well.
                if rank == best and not (found and found[-1] is app):
                    found.append(app)
    return found


def deciding(
    host: str, path: str, applications: Iterable[Application]
) -> tuple[list[Application], list[Application]]:
    """The applications that decide about a request, and those that perhaps decide instead.

    The last are those of a zone's own list, each looked at as if it alone were in force: nobody has
    recorded whether the edge knows them where the account's list does not.
    """
    known = list(applications)
    sure = [app for app in known if not app.perhaps]
    others = [app for app in known if app.perhaps]
    return applications_for(host, path, sure), [
        app
        for app in others
        if any(found is app for found in applications_for(host, path, [*sure, app]))
    ]


def path_matches(pattern: str, path: str) -> bool:
    """True if a path pattern covers a path, both without a leading slash; an empty one covers all.

    It covers paths below; ``*`` stands for any text.
    """
    top = pattern.rstrip("/")
    return not pattern or _fits(top, path) or _fits(f"{top}/*", path)


def _fits(pattern: str, path: str) -> bool:
    """True if a path is what the pattern says, and no path below it."""
    first, *others = pattern.split("*")
    if not others:
        return path == pattern
    *inner, last = others
    # No regular expression: what others have written could make one run for ever.
    at, end = len(first), len(path) - len(last)
    for piece in inner:
        found = path.find(piece, at, max(end, 0))
        if found < 0:
            return False
        at = found + len(piece)
    return path.startswith(first) and path.endswith(last) and at <= end


def _entries_at(state: HostState, path: str, rule: Ingress, tunnel: str) -> Iterator[Entry]:
    origin = Origin(tunnel, rule.service)
    found, perhaps = deciding(state.host, path, state.applications)
    # Where one of each stands in the same place, which of them decides is not known either.
    equal = [app for app in perhaps if len(applications_for(state.host, path, [*found, app])) > 1]
    unless = {
        f"unless {app.perhaps} decides in the same place" if app in equal else _unless(app)
        for app in perhaps
    }
    if not found and rule.audience is None and not denied_unmatched(state):
        yield Entry(path, origin, OPEN, Openness.OPEN, provided=frozenset(unless))
    for entry in _entries_by(found, state, path, rule, origin):
        yield replace(entry, provided=frozenset(unless))
    for app in perhaps:
        provided = {_if(app), *([_DECIDES] if app in equal else [])}
        for entry in _entries_by([app], state, path, rule, origin):
            yield replace(entry, provided=frozenset(provided))


_DECIDES = "it decides before the account's in the same place"


def _if(app: Application) -> str:
    return f"if {app.perhaps} is in force, which no list of the account holds"


def _unless(app: Application) -> str:
    return f"unless {app.perhaps} is in force, which no list of the account holds"


def _entries_by(
    applications: Iterable[Application], state: HostState, path: str, rule: Ingress, origin: Origin
) -> Iterator[Entry]:
    """What applications grant that decide at a sample path."""
    for app in applications:
        public = frozenset(public_grants(app, state.host, path))
        # Access issues no token there, so that a connector which checks takes nobody.
        if rule.audience is None:
            yield from (Entry(path, origin, grant, Openness.OPEN) for grant in public)
        # Below a path that is public by itself decides what decides beside it.
        if PUBLIC in public or (public and not begins_at(app, state.host, path)):
            continue
        # Not counted as open: the file says so, and no session can begin with such a request.
        if app.passes_options and rule.audience is None:
            yield Entry(path, origin, PREFLIGHT, Openness.CLOSED)
        # The connector accepts tokens for its audience alone.
        if rule.audience is None or app.aud in rule.audience:
            for grant, degree in _grants_of(app, state, checked=rule.audience is not None):
                yield Entry(path, origin, grant, degree)


def _grants_of(
    app: Application, state: HostState, *, checked: bool
) -> Iterator[tuple[Grant, Openness]]:
    """The grants of an application's policies, each with the openness of its policy.

    ``checked``: the connector requires an Access token. Then a Bypass policy shuts its visitors
    out: it is evaluated first, and a bypassed request carries no token.
    """
    listed = [state.policies(item) if isinstance(item, str) else item for item in app.policies]
    policies = [policy for policy in listed if policy is not None]
    denials: list[Policy] = []
    asks_factor = state.settings.asks_factor
    terms = Terms(app.session, app.providers, app.second_factor, app.waives, asks_factor)
    if checked:
        bypasses = [it.about for it in policies if it.decision == "bypass"]
        passing = (tested(resolved(about, state.groups), "bypass") for about in bypasses)
        denials = [Policy("deny", about) for about in passing if about is not None]
        policies = [policy for policy in policies if policy.decision != "bypass"]
    for policy in policies:
        if policy.decision == "deny":
            denials.append(policy)
            continue
        # Access evaluates Bypass and Service Auth before any Deny.
        before = denials if policy.decision == "allow" else []
        found = list(grants([*before, policy], state.groups, terms))
        degree = openness(policy, state.groups, state.logins) if found else Openness.CLOSED
        yield from ((grant, degree) for grant in found)


def denied_unmatched(state: HostState) -> bool:
    """Whether the account refuses requests to the host for which no application decides."""
    exempt = any(is_within(state.host, zone) for zone in state.settings.exempt_zones)
    return state.settings.deny_unmatched and not exempt
