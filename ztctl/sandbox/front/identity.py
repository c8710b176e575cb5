"""Conversion between logins, visitors and the claims of Access tokens.

Source: Cloudflare's documentation of the application token (aud, email, exp, iat, nbf, iss, type,
identity_nonce, sub, country; common_name and no e-mail for a service token; `custom` for what the
identity provider says); cloudflared 2026.8.2 (an organisation token needs exp, type is not read).
Unrecorded: the other claims of the organisation token.
Not emulated: revoked sessions, identities that change during the lifetime of a token.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.ids import derived, uuid_of
from ztctl.sandbox.messages import Object

DAY = 24 * 3600
MONTH = 730 * 3600
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
EMAIL = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,190}")
COUNTRY = re.compile(r"[A-Z][A-Z0-9]")
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")

# Rule element and member for a group of the identity provider, by type of provider.
GROUPS = {
    "okta": ("okta", "name"),
    "google-apps": ("gsuite", "email"),
    "azureAD": ("azureAD", "id"),
    "github": ("github-organization", "name"),
}


@dataclass(frozen=True, slots=True)
class Login:
    """A user who is logged in to the team.

    `groups` are the names (Entra ID: ids, Google: addresses) of the user's groups at the identity
    provider. Raises ValueError for an invalid e-mail address or country code.
    """

    email: str
    groups: tuple[str, ...] = ()
    country: str = "PT"

    def __post_init__(self) -> None:
        if EMAIL.fullmatch(self.email) is None:
            raise ValueError(f"{self.email!a} is no e-mail address")
        if COUNTRY.fullmatch(self.country) is None:
            raise ValueError(f"{self.country!a} is no two-letter country code")


def visitor_of(login: Login, providers: list[Object]) -> Visitor:
    """The visitor of a login; by the first identity provider with groups, else the first."""
    knowing = [one for one in providers if one["type"] in GROUPS]
    used = next(iter(knowing or providers), None)
    holds = tuple(_membership(used, group) for group in login.groups) if knowing and used else ()
    return Visitor(
        country=login.country,
        email=login.email,
        login_method=used["id"] if used else None,
        holds=holds,
    )


def _membership(provider: Object, group: str) -> Object:
    element, member = GROUPS[provider["type"]]
    return {element: {member: group, "identity_provider_id": provider["id"]}}


def claims_of(visitor: Visitor, kind: str, issuer: str, now: datetime, lifetime: float) -> Object:
    """Claims of a token with this `type` claim for a user or a service token.

    `lifetime` is in seconds.
    """
    began = int(now.timestamp())
    subject = {"email": visitor.email, "sub": _subject(visitor.email)} if visitor.email else {}
    if visitor.service_token and not subject:
        subject = {"common_name": visitor.service_token[0], "sub": ""}
    return {
        **subject,
        "type": kind,
        "iss": issuer,
        "iat": began,
        "nbf": began,
        "exp": began + int(lifetime),
        "identity_nonce": hashlib.sha256(repr(visitor).encode()).hexdigest()[:16],
        "country": visitor.country,
        "custom": {"login_method": visitor.login_method, "holds": list(visitor.holds)},
    }


def visitor_from(claims: Object, origin: Visitor) -> Visitor:
    """The visitor that verified claims describe, with the address of `origin`."""
    custom = claims["custom"]
    return replace(
        origin,
        country=claims["country"],
        email=claims.get("email"),
        login_method=custom["login_method"],
        holds=tuple(custom["holds"]),
    )


def lifetime_of(app: Object) -> float:
    """The session duration of an application in seconds, at most a month (730h)."""
    parts: Iterator[re.Match[str]] = PART.finditer(app.get("session_duration") or "24h")
    return min(sum(float(part[1]) * SECONDS[part[2]] for part in parts), MONTH)


def _subject(email: str) -> str:
    return uuid_of(derived(f"user {email}")[:16])
