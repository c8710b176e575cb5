"""Authentication and authorisation by API tokens.

Source: recorded answers: 401/1000 when an unknown token is verified, 401/10000 elsewhere, 403/10000
without the permission, 403/9109 for another account. Unrecorded: 400/6003 for a malformed header.
Any bearer token is accepted until the first one is defined. Only digests of tokens are stored.
Not emulated: tokens limited to some zones, global API keys, expiry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ztctl.sandbox.errors import ApiError, unauthorised
from ztctl.sandbox.ids import derived
from ztctl.sandbox.messages import Request
from ztctl.sandbox.permissions import allows, spelled
from ztctl.sandbox.routing import Route
from ztctl.sandbox.store import Store

BEARER = re.compile(r"[Bb]earer +([!-~]+)")


@dataclass(frozen=True, slots=True)
class Holder:
    """The token of a request. `permissions` None: all; `account_owned` None: unknown."""

    id: str
    permissions: frozenset[str] | None = None
    account_owned: bool | None = None

    def check(self, route: Route) -> None:
        """Raise 403/10000 if the token lacks the permission that the route needs."""
        held = self.permissions
        if held is not None and not allows(
            held, route.groups, write=route.write, revoke=route.revoke
        ):
            raise unauthorised()


def store_token(
    store: Store, token: str, permissions: Iterable[str], *, account_owned: bool
) -> None:
    """Define a token; from then on only defined ones are accepted."""
    digest = derived(token).hex()
    known = {"permissions": spelled(permissions), "account_owned": account_owned}
    store.put("token", digest, known)


def holder_of(store: Store, request: Request) -> Holder:
    """Authenticate a request; raises ApiError 400/6003, 401/1000 or 401/10000."""
    header = request.header("authorization")
    if header is None:
        raise ApiError(401, 10000, "Authentication error")
    match = BEARER.fullmatch(header)
    if match is None:
        wording = "Invalid format for Authorization header"
        raise ApiError(400, 6003, "Invalid request headers", chain=((6111, wording),))
    return _holder(store, request, derived(match[1]).hex())


def rate_limit_key(store: Store, request: Request) -> str:
    """Key of the rate limit counter: user tokens share one, account-owned tokens have their own."""
    header = request.header("authorization") or ""
    # Before authentication: requests with an invalid token are limited, too.
    digest = derived(header.partition(" ")[2].strip()).hex()
    known = store.get("token", digest)
    return "user" if known is not None and not known["account_owned"] else digest


def _holder(store: Store, request: Request, digest: str) -> Holder:
    if store.count("token") == 0:
        return Holder(digest[:32])
    known = store.get("token", digest)
    if known is None and request.path.endswith("/tokens/verify"):
        raise ApiError(401, 1000, "Invalid API Token")
    if known is None:
        raise ApiError(401, 10000, "Authentication error")
    return Holder(digest[:32], frozenset(known["permissions"]), known["account_owned"])
