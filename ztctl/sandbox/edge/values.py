"""Visits and answers of the simulated edge, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ztctl.sandbox.messages import Object

Outcome = Literal[
    "no_record",  # the name does not resolve
    "not_proxied",  # it resolves, but is DNS only or its zone is paused
    "elsewhere",  # it is proxied to something other than a tunnel
    "tunnel_error",  # the tunnel does not exist or has no connector (errors 1016, 1033)
    "login",  # Access redirects to its login page
    "blocked",  # Access denies the request
    "refused",  # the connector rejects the Access token, or there is none
    "no_service",  # the ingress rule is http_status, or there are no rules
    "bad_gateway",  # a bastion rule, and no destination with a port
    "origin",  # the request reaches an origin
]


@dataclass(frozen=True, slots=True)
class Visitor:
    """The user or device that makes a request.

    `email` None: not logged in. `login_method` is the id of the identity provider of the login.
    `holds` are further rule elements, in the format of the API, that match this visitor
    (`{"okta": {"name": "infra", "identity_provider_id": "…"}}`). `service_token` is a client id
    and its secret. `enrolled`: a device of the organisation.
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

    `destination` is the `host:port` that the client of a bastion requests; `method` matters for
    applications with `options_preflight_bypass`.
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
    """The result of a visit.

    `status` is the HTTP status (0: no HTTP response). `application` and `policy` are the ids of
    those that decided, `tunnel` (id) and `service` (of the ingress rule) where the request went, or
    for `not_proxied` the tunnel to which the record leads nobody;
    `destination` is the `host:port` that a bastion or a private route reaches.
    """

    outcome: Outcome
    status: int
    reason: str
    application: str | None = None
    policy: str | None = None
    tunnel: str | None = None
    service: str | None = None
    destination: str | None = None
