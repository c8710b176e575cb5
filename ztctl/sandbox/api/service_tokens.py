"""Access service tokens.

Source: fields and status codes (DELETE 200) from the Cloudflare OpenAPI description, July 2026;
the secret is shown by POST, rotate and a PUT that raises `client_secret_version`, and never again.
Unrecorded: that names may repeat, that PUT merges, that a new duration moves `expires_at`, that a
token in use is not deleted (409), the code of the 404.
Not emulated: `last_seen_at`, the limit of 50, the overlap of old and new secrets (recorded only).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.rules import refuse_if_referred
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, invalid
from ztctl.sandbox.fields import Field, Shape, duration, integer, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import SERVICE_TOKENS
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/service_tokens"
ONE = PATH + "/{service_token_id}"
SIZES = Sizes(1000)
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found: service token not found")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
LONGEST = 100 * 365 * 24 * 3600


def _lasting(value: Any) -> str:
    return "forever" if value == "forever" else str(duration(value))


SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("duration", _lasting, "8760h"),
        Field("client_secret_version", integer(1, 2**31), 1),
        Field("previous_client_secret_expires_at", text()),
    ),
)


def _list(call: Call) -> Reply:
    name, search = call.query("name"), (call.query("search") or "").lower()
    tokens = [
        token
        for token in call.store.all("service_token")
        if name in (None, token["name"]) and search in token["name"].lower()
    ]
    return paged(call, tokens, SIZES, "service_token", dict)


def _create(call: Call) -> Reply:
    now, fields = call.state.now(), call.fields(SHAPE)
    token = {
        "id": call.state.uuid(),
        "client_id": f"{call.state.hex(32)}.access",
        **fields,
        "created_at": now,
        "updated_at": now,
        "expires_at": _end(call, fields["duration"]),
        "last_seen_at": None,
    }
    return Reply(_kept(call, token, reveal=True), 201, "service_token")


def _get(call: Call) -> Reply:
    return Reply(_found(call), kind="service_token")


def _change(call: Call) -> Reply:
    old = _found(call)
    token = {**old, **call.merged(SHAPE, call.body()), "updated_at": call.state.now()}
    if token["client_secret_version"] < old["client_secret_version"]:
        raise invalid("client_secret_version cannot be lowered")
    if token["duration"] != old["duration"]:
        token["expires_at"] = _end(call, token["duration"])
    newer = token["client_secret_version"] > old["client_secret_version"]
    return Reply(_kept(call, token, reveal=newer), kind="service_token")


def _refresh(call: Call) -> Reply:
    old = _found(call)
    token = {**old, "expires_at": _end(call, old["duration"]), "updated_at": call.state.now()}
    return Reply(_kept(call, token, reveal=False), kind="service_token")


def _rotate(call: Call) -> Reply:
    old = _found(call)
    version = old["client_secret_version"] + 1
    token = {**old, "client_secret_version": version, "updated_at": call.state.now()}
    return Reply(_kept(call, token, reveal=True), kind="service_token")


def _delete(call: Call) -> Reply:
    token = _found(call)
    refuse_if_referred(call.store, "service_token", token["id"])
    call.store.remove("service_token", token["id"])
    return Reply(token, kind="service_token")


def _found(call: Call) -> Object:
    return found(call, "service_token", "service_token_id", UNKNOWN)


def _kept(call: Call, token: Object, *, reveal: bool) -> Object:
    call.store.put("service_token", token["id"], token)
    return {**token, "client_secret": call.state.hex(64)} if reveal else token


def _end(call: Call, lasting: str) -> str | None:
    if lasting == "forever":
        return None
    parts = re.findall(r"([0-9.]+)(ns|us|µs|ms|s|m|h)", lasting)
    seconds = sum(float(amount) * SECONDS[unit] for amount, unit in parts)
    return call.state.now(ahead=timedelta(seconds=min(seconds, LONGEST)))


FAMILY = Family(
    (
        Route("GET", PATH, _list, SERVICE_TOKENS, (*PAGING, "name", "search")),
        Route("POST", PATH, _create, SERVICE_TOKENS, write=True),
        Route("GET", ONE, _get, SERVICE_TOKENS),
        Route("PUT", ONE, _change, SERVICE_TOKENS, write=True),
        Route("DELETE", ONE, _delete, SERVICE_TOKENS, write=True),
        Route("POST", ONE + "/refresh", _refresh, SERVICE_TOKENS, write=True),
        Route("POST", ONE + "/rotate", _rotate, SERVICE_TOKENS, write=True),
    )
)
