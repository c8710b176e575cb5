"""SSH audit settings: the public key that encrypts SSH command logs, one per account.

Source: Cloudflare OpenAPI description, July 2026 (GET, PUT, `rotate_seed`; `public_key` is the
base64 of 32 bytes as Cloudflare's ssh-log-cli prints it; the seed is the server's). An empty key
takes the key away (Cloudflare One documentation, SSH with Access for Infrastructure). Unrecorded:
the answer before the first PUT (an empty key here, 404 in awkward mode), that the seed outlives the
key, that a seed is not rotated before there is a key, every code.
Not emulated: the logs.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, FieldError, Shape
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import ZERO_TRUST
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/gateway/audit_ssh_settings"
KIND = "audit_ssh_settings"
UNKNOWN = Refusal(404, 2005, "audit SSH settings not found")
EMPTY: Object = {"public_key": "", "seed_id": None, "created_at": None, "updated_at": None}


def _invalid(detail: str) -> ApiError:
    return ApiError(400, 2001, f"invalid audit SSH settings: {detail}")


def _key(value: Any) -> str:
    if value == "":
        return ""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise FieldError("must be 32 bytes in base64")
    return str(value)


SHAPE = Shape(_invalid, (Field("public_key", _key, required=True),))


def _get(call: Call) -> Reply:
    settings = _settings(call)
    if settings is None and call.state.awkward:
        raise ApiError(*UNKNOWN)
    return Reply(settings or EMPTY, kind=KIND)


def _replace(call: Call) -> Reply:
    key, now = call.fields(SHAPE)["public_key"], call.state.now()
    old = _settings(call) or {"seed_id": call.state.uuid(), "created_at": now}
    return _stored(call, {**old, "public_key": key, "updated_at": now})


def _rotate(call: Call) -> Reply:
    old = _settings(call)
    if old is None:
        raise ApiError(*UNKNOWN)
    return _stored(call, {**old, "seed_id": call.state.uuid(), "updated_at": call.state.now()})


def _settings(call: Call) -> Object | None:
    return call.store.get(KIND, call.state.account["id"])


def _stored(call: Call, settings: Object) -> Reply:
    call.store.put(KIND, call.state.account["id"], settings)
    return Reply(settings, kind=KIND)


FAMILY = Family(
    (
        Route("GET", PATH, _get, ZERO_TRUST),
        Route("PUT", PATH, _replace, ZERO_TRUST, write=True),
        Route("POST", PATH + "/rotate_seed", _rotate, ZERO_TRUST, write=True),
    )
)
