"""The SSH certificate authority that all infrastructure applications of the account share.

Source: Cloudflare OpenAPI description, July 2026: paths, `{id, public_key}`, one page; recorded:
200 for a new one; the key has the format of an application's CA. Product documentation: one key
pair per account, and the message `gateway_ca_already_exists` for a second one. Unrecorded: the
status and code of that message, the format of the id (a UUID here).
Not emulated: signing users' certificates.
"""

from __future__ import annotations

from ztctl.sandbox.api.app_cas import COMMENT, key_pair
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import SSH_AUDITING
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/gateway_ca"
ONE = PATH + "/{certificate_id}"
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")
TAKEN = Refusal(409, 12132, "access.api.error.gateway_ca_already_exists")


def _list(call: Call) -> Reply:
    return Reply([_shown(one) for one in call.store.all("gateway_ca")], kind="gateway_ca")


def _create(call: Call) -> Reply:
    if call.store.count("gateway_ca"):
        raise ApiError(*TAKEN)
    private, public = key_pair(call.state.entropy)
    authority = {
        "id": call.state.uuid(),
        "public_key": f"{public} {COMMENT}",
        "private_key": private,
    }
    call.store.put("gateway_ca", authority["id"], authority)
    return Reply(_shown(authority), kind="gateway_ca")


def _delete(call: Call) -> Reply:
    authority = found(call, "gateway_ca", "certificate_id", UNKNOWN)
    call.store.remove("gateway_ca", authority["id"])
    return Reply({"id": authority["id"]})


def _shown(authority: Object) -> Object:
    return {name: authority[name] for name in ("id", "public_key")}


FAMILY = Family(
    (
        Route("GET", PATH, _list, SSH_AUDITING),
        Route("POST", PATH, _create, SSH_AUDITING, write=True),
        Route("DELETE", ONE, _delete, SSH_AUDITING, write=True),
    )
)
