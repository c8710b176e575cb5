"""What goes in and comes out of the edge: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ztctl.sandbox.messages import Object

Outcome = Literal[
    "no_record",  # the name does not resolve
    "not_proxied",  # it resolves to an address of no tunnel, or to one nobody can route to
    "elsewhere",  # it is proxied to something that is no tunnel of this account
    "tunnel_error",  # there is no such tunnel, or no connector of it runs (errors 1016, 1033)
    "login",  # Access sends the visitor to its login page
    "blocked",  # Access refuses the visitor
    "refused",  # the connector refuses: no token of Access, or one for somebody else
    "no_service",  # the matching ingress rule answers by itself (http_status)
    "bad_gateway",  # a bastion rule and no destination, or one without a port
    "origin",  # the request reaches an origin
]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    `email` None is somebody who has not logged in. `login_method` is the id of the identity
    provider of the login. `holds` are further rule elements, in the API's own spelling, that are
    true of this visitor (`{"okta": {"name": "infra", "identity_provider_id": "…"}}`).
    `service_token` is a client id and its secret. `enrolled`: a device of the organisation.
    """

    address: str = "203.0.113.7"
    country: str = "PT"
    email: str | None = None
    login_method: str | None = None
    holds: tuple[Object, ...] = ()
    service_token: tuple[str, str] | None = field(default=None, repr=False)
    enrolled: bool = False


NOBODY = Visitor()


@dataclass(frozen=True, slots=True)
class Visit:
    """One HTTPS request to a host name.

    `destination` is what a bastion's client asks for; `method` matters where an application lets
    OPTIONS pass.
    """

    host: str
    path: str = "/"
    visitor: Visitor = NOBODY
    destination: str | None = None
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class PrivateVisit:
    """One connection of a device to a private address (or a private host name)."""

    address: str
    port: int = 22
    protocol: Literal["tcp", "udp"] = "tcp"
    virtual_network: str | None = None
    visitor: Visitor = NOBODY


@dataclass(frozen=True, slots=True)
class Answer:
    """What the visitor met.

    `status` is the HTTP status (0 when there is no HTTP answer at all). `application` and
    `policy` are the ids of those that decided, `tunnel` and `service` where the request ended;
    `destination` is the address that a bastion or a private route reaches.
    """

    outcome: Outcome
    status: int
    reason: str
    application: str | None = None
    policy: str | None = None
    tunnel: str | None = None
    service: str | None = None
    destination: str | None = None
