"""Authentication and authorisation by API tokens and by a user's Global API Key.

Source: recorded answers: 401/1000 when an unknown token is verified, 401/10000 elsewhere, 403/10000
without the permission, 403/9109 for another account, 400/6003 for a malformed header. Cloudflare's
documentation: a Global API Key in `X-Auth-Key` with the user's `X-Auth-Email` may do everything;
the codes of malformed and unknown ones (6102, 6103, 9103). The official Terraform provider sends
them beside an empty bearer token, which then does not count.
Any token and any key is accepted until the first token is defined. Only digests are stored.
A token may stand for a session in the dashboard, which has none: it tells who somebody is.
Not emulated: a list of Global API Keys; that a token ends, which is only told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ztctl.sandbox.errors import ApiError, unauthenticated, unauthorised
from ztctl.sandbox.ids import derived
from ztctl.sandbox.messages import Request
from ztctl.sandbox.permissions import allows, spelled, within
from ztctl.sandbox.routing import Route
from ztctl.sandbox.store import Store

BEARER = re.compile(r"[Bb]earer +([!-~]+)")
# Keys were 37 hex digits for years; newer ones are longer, and not hex.
KEY = re.compile(r"[0-9A-Za-z_-]{37,100}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Holder:
    """The token of a request. `permissions` None: all; `account_owned` None: unknown.

    `name` is the token's, `email` its owner's, `context` by which means the audit log says that a
    request came, `expires_on` when it ends; empty: not known.
    """

    id: str
    permissions: frozenset[str] | None = None
    account_owned: bool | None = None
    name: str = ""
    email: str = ""
    context: str = "api_token"
    expires_on: str = ""

    def check(self, route: Route, place: str) -> None:
        """Raise 403/10000 if the token lacks the permission that the route needs in this place."""
        held = self.permissions
        if held is not None and not allows(
            within(held, place), route.groups, write=route.write, revoke=route.revoke
        ):
            raise unauthorised()


@dataclass(frozen=True, slots=True)
class Known:
    """What is told of a defined token beside its permissions: see `Holder`."""

    account_owned: bool = False
    name: str = ""
    email: str = ""
    dashboard: bool = False
    expires_on: str = ""


def store_token(store: Store, token: str, permissions: Iterable[str] | None, known: Known) -> None:
    """Define a token; from then on only defined ones are accepted."""
    held = None if permissions is None else spelled(permissions)
    store.put("token", derived(token).hex(), {"permissions": held, **asdict(known)})


def holder_of(store: Store, request: Request) -> Holder:
    """Authenticate a request; raises ApiError 400/6003, 401 (1000, 10000, 10001) or 403/9103."""
    header, key = request.header("authorization"), request.header("x-auth-key")
    if key is not None and (header or "Bearer").strip().lower() == "bearer":
        return _holder_of_key(store, key, request.header("x-auth-email") or "")
    if header is None:
        raise unauthenticated()
    match = BEARER.fullmatch(header)
    if match is None:
        raise _malformed(6111, "Authorization")
    return _holder(store, request, derived(match[1]).hex())


def _holder_of_key(store: Store, key: str, email: str) -> Holder:
    if EMAIL.fullmatch(email) is None:
        raise _malformed(6102, "X-Auth-Email")
    if KEY.fullmatch(key) is None:
        raise _malformed(6103, "X-Auth-Key")
    if store.count("token"):
        raise ApiError(403, 9103, "Unknown X-Auth-Key or X-Auth-Email")
    return Holder(derived(key).hex()[:32], email=email, context="api_key")


def _malformed(code: int, name: str) -> ApiError:
    wording = f"Invalid format for {name} header"
    return ApiError(400, 6003, "Invalid request headers", chain=((code, wording),))


def rate_limit_key(store: Store, request: Request) -> str:
    """Key of the rate limit counter: user tokens share one, account-owned tokens have their own."""
    header = request.header("x-auth-key") or request.header("authorization") or ""
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
    held = known["permissions"]
    return Holder(
        digest[:32],
        None if held is None else frozenset(held),
        known["account_owned"],
        known.get("name", ""),
        known.get("email", ""),
        "dash" if known.get("dashboard") else "api_token",
        known.get("expires_on", ""),
    )
