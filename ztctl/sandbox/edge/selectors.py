"""Evaluation of rule elements (selectors) for a visitor.

Source: the vocabulary of Access rules in the Cloudflare OpenAPI description, July 2026;
Cloudflare's documentation of selectors (which of them are based on identity, that a service token
counts only in Service Auth). Unrecorded: that e-mail addresses are compared without case.
Not emulated: lists, device posture, certificates, risk scores, external evaluation and groups of
identity providers; they match only visitors with that element in `Visitor.holds`.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ztctl.sandbox.edge.foreign import as_object, as_text
from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.messages import Object

Selector = tuple[str, str]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Selectors that can only be evaluated after a login.
IDENTITY = frozenset(
    {
        "auth_context",
        "auth_method",
        "azureAD",
        "cloudflare_account_member",
        "email",
        "email_domain",
        "email_list",
        "external_evaluation",
        "github-organization",
        "gsuite",
        "login_method",
        "oidc",
        "okta",
        "saml",
        "user_risk_score",
    }
)
EVERYONE: Selector = ("everyone", "{}")
ANY_TOKEN: Selector = ("any_valid_service_token", "{}")


@dataclass(frozen=True, slots=True)
class Facts:
    """Selectors that are true of a visitor, and the visitor's address."""

    selectors: frozenset[Selector]
    address: Address | None


@dataclass(frozen=True, slots=True)
class Elements:
    """Rule elements joined by OR, grouped by how they are evaluated."""

    selectors: frozenset[Selector]
    networks: tuple[Network, ...]
    groups: tuple[str, ...]

    def direct(self, facts: Facts) -> bool:
        """Whether an element other than a group is true."""
        if not self.selectors.isdisjoint(facts.selectors):
            return True
        address = facts.address
        return address is not None and any(address in network for network in self.networks)


def read(elements: Iterable[Object]) -> Elements:
    """Parse a rule list; malformed elements match nobody."""
    selectors, networks, groups = set[Selector](), list[Network](), list[str]()
    for element in elements:
        ((key, inner),) = element.items() if len(element) == 1 else (("", {}),)
        if key == "group":
            groups.append(as_text(as_object(inner).get("id")))
        elif key == "ip":
            networks.extend(network_of(as_text(as_object(inner).get("ip"))))
        elif key:
            selectors.add(selector_of(key, inner))
    return Elements(frozenset(selectors), tuple(networks), tuple(groups))


def facts_of(visitor: Visitor, *, token: str | None = None, identified: bool = False) -> Facts:
    """The facts of a visitor.

    `token` is the id of a valid service token, where it counts. Without `identified`, selectors
    of `IDENTITY` are left out.
    """
    selectors = {EVERYONE, _selector("geo", "country_code", visitor.country.upper())}
    if token is not None:
        selectors |= {ANY_TOKEN, _selector("service_token", "token_id", token)}
    if identified:
        selectors.update(_identity(visitor))
    for element in visitor.holds:
        selectors.update(
            selector_of(key, inner)
            for key, inner in element.items()
            if identified or key not in IDENTITY
        )
    return Facts(frozenset(selectors), address_of(visitor.address))


def selector_of(key: str, inner: Any) -> Selector:
    """The canonical form of an element, by which two elements are compared."""
    if key in ("email", "email_domain") and isinstance(inner, dict):
        inner = {name: str(value).lower().removeprefix("@") for name, value in inner.items()}
    return key, json.dumps(inner, sort_keys=True, default=str) if inner else "{}"


def _identity(visitor: Visitor) -> Iterator[Selector]:
    if visitor.email is not None:
        yield _selector("email", "email", visitor.email)
        yield _selector("email_domain", "domain", visitor.email.rpartition("@")[2])
    if visitor.login_method is not None:
        yield _selector("login_method", "id", visitor.login_method)


@lru_cache(maxsize=4096)
def _selector(key: str, name: str, value: str) -> Selector:
    return selector_of(key, {name: value})


@lru_cache(maxsize=4096)
def network_of(text: str) -> tuple[Network, ...]:
    """A CIDR or an address as a network, in a tuple; empty for anything else."""
    try:
        return (ipaddress.ip_network(text, strict=False),)
    except ValueError:
        return ()


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """An IP address, or None for anything else."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
