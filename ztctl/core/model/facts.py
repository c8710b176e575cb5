"""Facts: what an object means for access, independent of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import IntEnum
from typing import Any, TypeVar

from ztctl.core.model.names import all_below, is_wildcard, may_meet, serves_every_name, upwards

T = TypeVar("T")
NameOf = Callable[[str], str]


class Openness(IntEnum):
    """To how many strangers a way in is open; false for none."""

    CLOSED = 0
    ANY_LOGIN = 1  # to anybody who logs in: a mailbox or a free account will do
    OPEN = 2  # nobody is asked to log in

    @property
    def text(self) -> str:
        """The value in JSON output."""
        return ("nobody", "any_login", "everybody")[self]


class Fact:
    """Base class: what an object means for access, independent of its kind.

    The hooks here are all that plan and order know of a further class of facts.
    """

    __slots__ = ()

    @property
    def names(self) -> Iterable[str]:
        """The host names and patterns that the object is about."""
        return ()

    def entries(self, name_of: NameOf) -> Iterable[tuple[str, DescribedEntry]]:
        """Access that the object grants by itself, apart from host names: (place, entry) pairs.

        ``name_of`` gives the display name of an id.
        """
        return ()


# Identifies an object by the class of its fact and its id.
Slot = tuple[type[Fact], str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One Access test of a visitor: a selector of the file and its canonical value."""

    selector: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Members(Fact):
    """The visitors who pass three rule lists: those of a group or of a policy.

    ``label`` is the display name; sets that differ in nothing else are equal.
    """

    include: frozenset[Test] = frozenset()
    exclude: frozenset[Test] = frozenset()
    require: frozenset[Test] = frozenset()
    label: str = field(default="", compare=False)

    @property
    def is_helper(self) -> bool:
        """Whether it holds a list that a group or a policy of the file requires."""
        return HELPER in self.label


# Between the name of a group or policy and a selector: the name of a helper group.
HELPER = ".require."
Test = Criterion | Members


EVERYONE = Criterion("everyone", "true")
# A policy or an application that does without the second factor of Access.
NO_SECOND_FACTOR = Criterion("second_factor", "none")
# What the organisation may ask of everybody, where no policy or application says otherwise.
ORGANIZATION_FACTOR = Criterion("organization_factor")
# A login at an identity provider, where the session of the device's WARP client counts as one.
PROVIDER_LOGIN = Criterion("provider_login")
# Visitors of a private route: the connector authenticates nobody, the WARP client is enrolled.
DEVICES = "every enrolled device (WARP)"


@dataclass(frozen=True, slots=True)
class Policy(Fact):
    """An Access policy: a decision about some visitors.

    Attributes:
        decision: as in the API: allow, deny, bypass or non_identity (Service Auth).
        about: its visitors; groups by reference, as ``Criterion("group", id)``.
        session: session duration in seconds; ``None``: the application's.
        terms: what everybody who logs in must provide in addition, such as an approval.
        second_factor: that of Access itself, or ``NO_SECOND_FACTOR``; ``None``: the application's.
    """

    decision: str
    about: Members
    session: float | None = None
    terms: frozenset[Criterion] = frozenset()
    second_factor: Criterion | None = None


@dataclass(frozen=True, slots=True)
class PublicPaths:
    """Paths of an application at which nobody is asked.

    Attributes:
        place: the place of the application to which they belong.
        pattern: without its leading slash; ``*`` stands for any text. No path beside it is public.
        written: as people know it.
        is_certain: whether every path that fits the pattern is public; otherwise some may be.
    """

    place: str
    pattern: str
    written: str
    is_certain: bool = True

    @property
    def has_all_below(self) -> bool:
        """Whether what is below a path that fits is public, too."""
        return self.is_certain and self.pattern.endswith("*")


@dataclass(frozen=True, slots=True)
class Application(Fact):
    """A self-hosted Access application.

    Attributes:
        places: its public destinations, ``host`` or ``host/path``, wildcards in both.
        policies: in order of precedence; a reusable policy by its id, an app-scoped one itself.
        aud: the audience tag of its tokens.
        session: session duration in seconds; ``None``: unknown.
        providers: ids of the identity providers that a login may use; ``None``: any.
        second_factor: as that of a policy; ``None``: the organisation's.
        waives: demands of the organisation that it does without.
        passes_options: requests of the method OPTIONS reach the origin, and nobody is asked.
        public_paths: paths at which nobody is asked.
        perhaps: empty; or its name, where only the list of a zone holds it: it may decide, or not.
        name: that is displayed; two applications that differ in it alone are one fact.
    """

    places: tuple[str, ...]
    policies: tuple[str | Policy, ...] = ()
    aud: str = ""
    session: float | None = None
    providers: frozenset[str] | None = None
    second_factor: Criterion | None = None
    waives: frozenset[Criterion] = frozenset()
    passes_options: bool = False
    public_paths: tuple[PublicPaths, ...] = ()
    perhaps: str = ""
    name: str = field(default="", compare=False)

    @property
    def names(self) -> Iterable[str]:
        """The hosts of its places."""
        return (place.partition("/")[0] for place in self.places)


@dataclass(frozen=True, slots=True)
class Ingress:
    """One ingress rule of a tunnel.

    Attributes:
        audience: the audience tags, one of which the connector requires; ``None``: no check.
        perhaps: the name or pattern that it serves as well if the connector gets a visitor's own
            spelling, or takes all spellings for one; not compared. Empty: no other.
    """

    service: str
    hostname: str = "*"
    path: str = ""
    audience: frozenset[str] | None = None
    perhaps: str = field(default="", compare=False)

    @property
    def is_origin(self) -> bool:
        """False for ``http_status`` rules, which cloudflared answers without an origin."""
        return not self.service.startswith("http_status")


@dataclass(frozen=True, slots=True)
class TunnelRules(Fact):
    """The ingress rules of a tunnel; ``None``: not read, so that it may serve anything.

    Attributes:
        others: further lists of rules, any of which may be in force in place of ``rules``.
        copy: the file that tells the rules, where nobody could read what is in force.
    """

    rules: tuple[Ingress, ...] | None = ()
    others: tuple[tuple[Ingress, ...], ...] = ()
    copy: str = field(default="", compare=False)

    @property
    def lists(self) -> tuple[tuple[Ingress, ...], ...]:
        """Every list of rules that may be in force; none where they are not known."""
        return () if self.rules is None else (self.rules, *self.others)

    @property
    def every_rule(self) -> Iterator[Ingress]:
        """The rules of all lists, as far as they are known."""
        return (rule for rules in self.lists for rule in rules)

    @property
    def names(self) -> Iterable[str]:
        """The host names of its rules, without catch-all rules."""
        found = (rule.perhaps or rule.hostname for rule in self.every_rule)
        return (name for name in found if not serves_every_name(name))


@dataclass(frozen=True, slots=True)
class Record(Fact):
    """A DNS record of any type.

    Attributes:
        tunnel: the id of the tunnel that a CNAME points to, if any.
        alias: any other target of the record; a name of the account is followed further.
        target: the content of the record as it is live; not compared.
        zone: the zone that holds it; empty: that of its name; not compared.
        unread: its target is not understood, so that it may be any tunnel.
    """

    name: str
    tunnel: str | None = None
    proxied: bool = True
    alias: str = ""
    target: str = field(default="", compare=False)
    zone: str = field(default="", compare=False)
    unread: bool = False

    @property
    def names(self) -> Iterable[str]:
        """The name of the record."""
        return (self.name,)


@dataclass(frozen=True, slots=True)
class ZoneRecords(Fact):
    """An active zone of the account: whether its records are known.

    Attributes:
        read: every record that may lead somewhere is among the facts.
        gap: why the records cannot be read; empty when they can, or when nobody has tried.
        others: the names of its records that lead nowhere, such as TXT.
    """

    name: str
    read: bool = False
    gap: str = ""
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EdgeCertificates(Fact):
    """The active certificates that a zone has at the edge.

    Attributes:
        name: of the zone.
        hosts: names, and patterns for one level, that they cover.
        gap: why they were not read; empty if they were.
    """

    name: str
    hosts: frozenset[str] = frozenset()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class ZoneApplications(Fact):
    """A zone whose own list of applications was asked for.

    Attributes:
        name: of the zone.
        gap: why the list cannot be read; empty when every application of it is among the facts.
    """

    name: str
    gap: str = ""


class Zones:
    """The active zones of the account, and whose records are known.

    ``names``: those of records that exist whatever the run does.
    """

    def __init__(self, zones: Iterable[ZoneRecords], names: Iterable[str] = ()) -> None:
        self._by_name = {zone.name: zone for zone in zones}
        known = self._by_name.values()
        others = (name for zone in known for name in zone.others if self.of(name) is zone)
        # With a name exist all names above it, records or not (RFC 4592, section 2.2.2).
        self._existing = {above for name in (*names, *others) for above in upwards(name)}

    def exists(self, name: str) -> bool:
        """True if a name certainly exists, whatever the run does."""
        return name in self._existing

    def of(self, name: str) -> ZoneRecords | None:
        """The zone of a host name: the longest zone name that it ends with."""
        return next((self._by_name[it] for it in upwards(name) if it in self._by_name), None)

    def decides(self, record: Record, host: str = "") -> bool:
        """Whether a record is in the zone that answers for a host; by default its own name.

        A zone of a name below another one answers for all its names: neither what the other zone
        has left of them nor its wildcard counts (RFC 1034, section 4.2: it is delegated). That
        the edge sees two active zones of an account so is a guess.
        """
        zone, own = self.of(host or record.name), self.of(record.name)
        return zone is None or zone.name == (record.zone or (own or zone).name)

    def meeting(self, pattern: str) -> Iterator[ZoneRecords]:
        """The zones in which a host name may lie that a pattern matches."""
        if is_wildcard(pattern):
            found = self._by_name.values()
            yield from (it for it in found if may_meet(pattern, all_below(it.name)))
        elif (zone := self.of(pattern)) is not None:
            yield zone

    def is_empty_at(self, name: str) -> bool:
        """True if a name without a record among the facts certainly has none."""
        zone = self.of(name)
        return zone is not None and zone.read


@dataclass(frozen=True, slots=True)
class OrganizationSettings(Fact):
    """The Zero Trust organisation.

    Attributes:
        deny_unmatched: requests that match no application are denied, but in ``exempt_zones``.
        asks_factor: a second factor is asked for where nothing else is said; unknown: it may be.
    """

    deny_unmatched: bool = False
    exempt_zones: frozenset[str] = frozenset()
    asks_factor: bool = True


@dataclass(frozen=True, slots=True)
class LoginProvider(Fact):
    """An identity provider. ``is_open``: a mailbox or a free account is enough to log in by it."""

    is_open: bool = True


# The default of an account: requests that match no application are not denied.
DEFAULT_SETTINGS = OrganizationSettings()


@dataclass(frozen=True, slots=True)
class PrivateNetwork(Fact):
    """A private route: a range of addresses that every device enrolled in the account reaches.

    Gateway network policies may restrict that; they are not read. No host name depends on it.

    Attributes:
        network: the range in CIDR notation; or a private host name.
        tunnel: the id of the tunnel that it leads to.
        virtual_network: the id of its virtual network; empty: the default one.
    """

    network: str
    tunnel: str
    virtual_network: str = ""

    def entries(self, name_of: NameOf) -> Iterable[tuple[str, DescribedEntry]]:
        """One entry: the range with its virtual network, for every enrolled device."""
        inside = f" in {name_of(self.virtual_network)}" if self.virtual_network else ""
        tunnel = name_of(self.tunnel)
        entry = DescribedEntry(DEVICES, f"tunnel {tunnel}", tunnel=tunnel)
        yield f"{self.network}{inside}", entry


UNKNOWN_TUNNEL = TunnelRules(None)


def sort_key(value: Any) -> str:
    """A text to sort tests, grants and entries by.

    ``str`` does not serve: it shows a frozenset in an order that differs between processes.
    """
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(sort_key, value)))}}}"
    if is_dataclass(value):
        parts = (sort_key(getattr(value, member.name)) for member in fields(value))
        return f"{type(value).__name__}({', '.join(parts)})"
    return repr(value)


def stable_sorted(values: Iterable[T]) -> list[T]:
    """Sort tests, grants or entries in an order that is the same in every process."""
    return sorted(values, key=sort_key)


@dataclass(frozen=True, slots=True)
class DescribedEntry:
    """Visitors and the origin that they may reach, as text for people.

    Attributes:
        openness: open to how many others.
        change: what changes for visitors who enter before and after a plan, with both sides.
        session: how long a login lasts, such as ``8h``; empty where nobody logs in.
        policy: the name of the policy that lets them in, where that is told.
        tunnel: the name of the tunnel on the way; empty where there is none.
    """

    who: str
    origin: str
    openness: Openness = Openness.CLOSED
    change: str = ""
    session: str = ""
    policy: str = ""
    tunnel: str = ""
