"""Facts: what one object means for who reaches what, whichever kind it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

NameOf = Callable[[str], str]


class Fact:
    """What one object means for who reaches what, whichever kind it is of.

    A new sort of fact says here what it is about; plan and order ask for nothing else.
    """

    __slots__ = ()

    @property
    def names(self) -> Iterable[str]:
        """The host names and patterns that it speaks of."""
        return ()

    def ways(self, name_of: NameOf) -> Iterable[tuple[str, Way]]:
        """What it opens by itself, beside host names: a place, and who enters what there.

        ``name_of`` tells what people call the object of an id.
        """
        return ()


# An object among the facts of an account: the class of its facts, and its id.
Slot = tuple[type[Fact], str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One test of a visitor: a selector of the file and its canonical value."""

    selector: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Members(Fact):
    """Who passes three rule lists: a group, or whom a policy is about.

    ``label`` is what people call it; it does not tell two sets apart.
    """

    include: frozenset[Test] = frozenset()
    exclude: frozenset[Test] = frozenset()
    require: frozenset[Test] = frozenset()
    label: str = field(default="", compare=False)


Test = Criterion | Members


EVERYONE = Criterion("everyone", "true")
# Whom a private route lets in: the connector asks nobody, and the way to it is a WARP client.
DEVICES = "every enrolled device (WARP)"


@dataclass(frozen=True, slots=True)
class Policy(Fact):
    """One policy: a decision about some visitors.

    Attributes:
        about: whom it is about; groups stand in it by reference, as ``Criterion("group", id)``.
        session: how long a login lasts in seconds; ``None`` is the application's.
        terms: what is asked of everybody in addition, such as an approval or a second factor.
    """

    decision: str
    about: Members
    session: float | None = None
    terms: frozenset[Criterion] = frozenset()


@dataclass(frozen=True, slots=True)
class Application(Fact):
    """An application: where it stands, and whom it asks.

    Attributes:
        places: ``host`` or ``host/path``, stars in both.
        policies: what they hold by themselves, and by reference (the id of a reusable policy), in
            order of precedence.
        aud: what its tokens are for.
    """

    places: tuple[str, ...]
    policies: tuple[str | Policy, ...] = ()
    aud: str = ""
    session: float | None = None
    providers: frozenset[str] | None = None

    @property
    def names(self) -> Iterable[str]:
        """The hosts of its places."""
        return (place.partition("/")[0] for place in self.places)


@dataclass(frozen=True, slots=True)
class Ingress:
    """One rule of a tunnel. ``audience``: whose tokens the connector itself asks for, if any."""

    service: str
    hostname: str = "*"
    path: str = ""
    audience: frozenset[str] | None = None

    @property
    def is_origin(self) -> bool:
        """False for a rule that answers by itself."""
        return not self.service.startswith("http_status")


@dataclass(frozen=True, slots=True)
class TunnelRules(Fact):
    """What a tunnel serves; ``None``: anything, for all that is known."""

    rules: tuple[Ingress, ...] | None = ()

    @property
    def names(self) -> Iterable[str]:
        """The names of its rules."""
        found = (rule.hostname for rule in self.rules or ())
        return (name for name in found if name not in ("", "*"))


@dataclass(frozen=True, slots=True)
class Record(Fact):
    """A DNS record of any type; ``tunnel`` is the id of that to which it leads, if it does.

    ``alias`` is what else it points to: where that is a name of the account, it leads as that does.
    """

    name: str
    tunnel: str | None = None
    proxied: bool = True
    alias: str = ""

    @property
    def names(self) -> Iterable[str]:
        """Its own name."""
        return (self.name,)


@dataclass(frozen=True, slots=True)
class OrganizationSettings(Fact):
    """The organisation: whether a host without an application is refused."""

    deny_unmatched: bool = False
    exempt_zones: frozenset[str] = frozenset()


# What an account has that says nothing: hosts without an application are let through.
DEFAULT_SETTINGS = OrganizationSettings()


@dataclass(frozen=True, slots=True)
class PrivateNetwork(Fact):
    """A private route: every address of a range, to every device that is enrolled in the account.

    Gateway network policies may narrow that; they are not read. No host name is opened by it.

    Attributes:
        network: the range, as ``10.0.0.0/8``.
        tunnel: the id of the tunnel that it leads to.
        virtual_network: the id of the network that it is in; empty: the default one.
    """

    network: str
    tunnel: str
    virtual_network: str = ""

    def ways(self, name_of: NameOf) -> Iterable[tuple[str, Way]]:
        """The range with its network, and every device."""
        inside = f" in {name_of(self.virtual_network)}" if self.virtual_network else ""
        yield f"{self.network}{inside}", Way(DEVICES, f"tunnel {name_of(self.tunnel)}")


UNKNOWN_TUNNEL = TunnelRules(None)


@dataclass(frozen=True, slots=True)
class Way:
    """Some people, and the origin that they may enter; ``loud``: everybody on the internet may."""

    who: str
    origin: str
    loud: bool = False
