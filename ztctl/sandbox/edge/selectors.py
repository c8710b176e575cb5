"""Rule elements against visitors: what an element asks, and what is true of somebody.

Source: the vocabulary of Access rules in the Cloudflare OpenAPI description, July 2026;
Cloudflare's documentation of selectors (which of them are of an identity, that a service token
counts only in Service Auth). Unrecorded: that e-mail addresses are compared without case.
Not emulated: lists, device posture, certificates, risk scores, external evaluation and groups of
identity providers are true of nobody but those of whom `Visitor.holds` says so.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ztctl.sandbox.edge.foreign import table, word
from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.messages import Object

Word = tuple[str, str]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What is known of somebody only after a login.
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
EVERYONE: Word = ("everyone", "{}")
ANY_TOKEN: Word = ("any_valid_service_token", "{}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a visitor in one evaluation."""

    words: frozenset[Word]
    address: Address | None


@dataclass(frozen=True, slots=True)
class Elements:
    """Rule elements of which any suffices, sorted by how they are tested."""

    words: frozenset[Word]
    networks: tuple[Network, ...]
    groups: tuple[str, ...]

    def direct(self, facts: Facts) -> bool:
        """Whether one of them is true; groups apart."""
        if not self.words.isdisjoint(facts.words):
            return True
        address = facts.address
        return address is not None and any(address in network for network in self.networks)


def read(elements: Iterable[Object]) -> Elements:
    """Sort the elements of a rule list; what is malformed is true of nobody."""
    words, networks, groups = set[Word](), list[Network](), list[str]()
    for element in elements:
        ((key, inner),) = element.items() if len(element) == 1 else (("", {}),)
        if key == "group":
            groups.append(word(table(inner).get("id")))
        elif key == "ip":
            networks.extend(network_of(word(table(inner).get("ip"))))
        elif key:
            words.add(word_of(key, inner))
    return Elements(frozenset(words), tuple(networks), tuple(groups))


def facts_of(visitor: Visitor, *, token: str | None = None, identified: bool = False) -> Facts:
    """What is true of a visitor.

    `token` is the id of the valid service token that was presented, where it counts; without
    `identified` nothing is known that only a login tells.
    """
    words = {EVERYONE, _word("geo", "country_code", visitor.country.upper())}
    if token is not None:
        words |= {ANY_TOKEN, _word("service_token", "token_id", token)}
    if identified:
        words.update(_identity(visitor))
    for element in visitor.holds:
        words.update(
            word_of(key, inner)
            for key, inner in element.items()
            if identified or key not in IDENTITY
        )
    return Facts(frozenset(words), address_of(visitor.address))


def word_of(key: str, inner: Any) -> Word:
    """One element in the one spelling in which two of them are compared."""
    if key in ("email", "email_domain") and isinstance(inner, dict):
        inner = {name: str(value).lower().removeprefix("@") for name, value in inner.items()}
    return key, json.dumps(inner, sort_keys=True, default=str) if inner else "{}"


def _identity(visitor: Visitor) -> Iterator[Word]:
    if visitor.email is not None:
        yield _word("email", "email", visitor.email)
        yield _word("email_domain", "domain", visitor.email.rpartition("@")[2])
    if visitor.login_method is not None:
        yield _word("login_method", "id", visitor.login_method)


@lru_cache(maxsize=4096)
def _word(key: str, name: str, value: str) -> Word:
    return word_of(key, {name: value})


@lru_cache(maxsize=4096)
def network_of(text: str) -> tuple[Network, ...]:
    """The network that a CIDR or an address names; none for anything else."""
    try:
        return (ipaddress.ip_network(text, strict=False),)
    except ValueError:
        return ()


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """The IP address that a text names, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
