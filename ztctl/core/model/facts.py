"""Facts: what one object means for who reaches what, whichever kind it is of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Criterion:
    """One test of a visitor: a selector of the file and its canonical value."""

    selector: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Members:
    """Who passes three rule lists: a group, or whom a policy is about.

    ``label`` is what people call it; it does not tell two sets apart.
    """

    include: frozenset[Test] = frozenset()
    exclude: frozenset[Test] = frozenset()
    require: frozenset[Test] = frozenset()
    label: str = field(default="", compare=False)


Test = Criterion | Members


EVERYONE = Criterion("everyone", "true")


@dataclass(frozen=True, slots=True)
class Policy:
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
class Application:
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
class TunnelRules:
    """What a tunnel serves; ``None``: anything, for all that is known."""

    rules: tuple[Ingress, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A DNS record of any type; ``tunnel`` is the id of that to which it leads, if it does.

    ``alias`` is what else it points to: where that is a name of the account, it leads as that does.
    """

    name: str
    tunnel: str | None = None
    proxied: bool = True
    alias: str = ""


@dataclass(frozen=True, slots=True)
class OrganizationSettings:
    """The organisation: whether a host without an application is refused."""

    deny_unmatched: bool = False
    exempt_zones: frozenset[str] = frozenset()


# What an account has that says nothing: hosts without an application are let through.
DEFAULT_SETTINGS = OrganizationSettings()


Fact = Application | TunnelRules | Record | Policy | Members | OrganizationSettings


UNKNOWN_TUNNEL = TunnelRules(None)
