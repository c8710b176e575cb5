"""Distinguish an invalid token from a missing permission, after a 401 or 403 only.

A user's token is verified at ``/user/tokens/verify``, an account's at
``/accounts/{account}/tokens/verify``; each refuses the other's (Cloudflare OpenAPI description,
July 2026). Verification covers the validity of the token, not its permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from ztctl.cloudflare.errors import NotAuthorised, NotFound, Rejected
from ztctl.core.model.calls import Call, CallFailed, Json, permission_of

OF_USER: Final = Call("GET", "/user/tokens/verify")
OF_ACCOUNT: Final = Call("GET", "/accounts/{account}/tokens/verify")
NOT_VALID: Final = "not valid"
RENEW: Final = "make a new token in the Cloudflare dashboard, or check that it was copied whole"
UNPLACED: Final = "not a valid token of a user, and no account is stated whose it could be"


class Sender(Protocol):
    """Sends calls and may know the account; ``Client`` is one."""

    @property
    def account(self) -> str | None:
        """The account's id, if it is known."""

    async def send(self, call: Call) -> Json:
        """Return the result of a call, or raise ``CallFailed``."""


async def explain(client: Sender, failure: CallFailed) -> CallFailed:
    """Blame a 401 or 403 on the token or on a missing permission; sends one call, or two.

    Call it once a run: the result is the same for every failure. Any other failure, and one whose
    token cannot be verified, is returned unchanged.
    """
    if not isinstance(failure, NotAuthorised):
        return failure
    try:
        state = (await verified(client)).status
    except CallFailed:
        return failure
    return NotAuthorised(
        failure.call,
        f"{_verdict(failure.call, state)} ({_status_and_codes(failure)})",
        status=failure.status,
        errors=failure.errors,
        # Without a hint of its own, the failure advises on the missing permission.
        hint="" if state == "active" else RENEW,
        ray=failure.ray,
    )


@dataclass(frozen=True, slots=True)
class TokenState:
    """What the verification of a token says.

    Attributes:
        status: ``active``, ``disabled``, ``expired``; else why it is none of them.
        expires_on, not_before: times as the API spells them (RFC 3339); empty where there is none.
        of_account: the account owns it, not a user.
    """

    status: str
    expires_on: str = ""
    not_before: str = ""
    of_account: bool = False


async def verified(client: Sender) -> TokenState:
    """Verify the client's token as a user's, then as the account's; sends one call, or two.

    Raises:
        CallFailed: the service does not say.
    """
    for call in (OF_USER, OF_ACCOUNT) if client.account else (OF_USER,):
        try:
            result = await client.send(call)
        except (NotAuthorised, NotFound, Rejected):
            continue
        ends, begins = (_text(result, name) for name in ("expires_on", "not_before"))
        return TokenState(_status_of(result), ends, begins, call is OF_ACCOUNT)
    return TokenState(NOT_VALID if client.account else UNPLACED)


def _text(result: Json, name: str) -> str:
    value = result.get(name) if isinstance(result, dict) else None
    return "" if value is None else str(value)


def _status_of(result: Json) -> str:
    status = result.get("status") if isinstance(result, dict) else None
    return status if status in ("active", "disabled", "expired") else NOT_VALID


def _verdict(call: Call, state: str) -> str:
    if state != "active":
        return f"the API token is {state}"
    needed = permission_of(call)
    lack = f'the permission "{needed}"' if needed else "a permission that this call needs"
    return f"the API token is valid, but lacks {lack} or does not cover this account or zone"


def _status_and_codes(failure: NotAuthorised) -> str:
    codes = ", ".join(str(error.code) for error in failure.errors if error.code)
    return f"HTTP {failure.status}" + (f", code {codes}" if codes else "")
