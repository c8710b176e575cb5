"""Accounts, and the verification of tokens.

Source: Cloudflare OpenAPI description, July 2026 (fields, `per_page` 5 to 50). Recorded: the
`/user/…` form fails for account-owned tokens. Unrecorded: that the account form fails for user
tokens, that any token can read its account.
Not emulated: disabled and expired tokens; a second account.
"""

from __future__ import annotations

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.tokens import holder_of

SIZES = Sizes(20, 5, 50)
# Recorded, with the null.
VALID: Object = {"code": 10000, "message": "This API Token is valid and active", "type": None}


def _list(call: Call) -> Reply:
    name = call.query("name")
    accounts = [one for one in call.store.all("account") if name in (None, one["name"])]
    return paged(call, accounts, SIZES, "account", dict)


def _get(call: Call) -> Reply:
    return Reply(call.state.account, kind="account")


def _verify_user(call: Call) -> Reply:
    return _verified(call, account_owned=False)


def _verify_account(call: Call) -> Reply:
    return _verified(call, account_owned=True)


def _verified(call: Call, *, account_owned: bool) -> Reply:
    holder = holder_of(call.store, call.request)
    if holder.account_owned not in (None, account_owned):
        raise ApiError(401, 1000, "Invalid API Token")
    token: Object = {"id": holder.id, "status": "active"}
    if holder.expires_on:
        token["expires_on"] = holder.expires_on
    return Reply(token, messages=(VALID,))


FAMILY = Family(
    (
        Route("GET", "/accounts", _list, query=(*PAGING, "name", "direction")),
        Route("GET", "/accounts/{account_id}", _get),
        Route("GET", "/user/tokens/verify", _verify_user),
        Route("GET", "/accounts/{account_id}/tokens/verify", _verify_account),
    )
)
