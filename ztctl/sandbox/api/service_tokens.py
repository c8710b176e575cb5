"""Access service tokens.

Source: fields and status codes (DELETE 200) from the Cloudflare OpenAPI description, July 2026;
the secret is shown only by POST, rotate and a PUT that increases `client_secret_version`.
Unrecorded: that names may repeat, that PUT merges, that a new duration changes `expires_at`, that a
token in use is not deleted (409), the code of the 404. Terraform provider's tests: a token for ever
has an end, too (here in a hundred years). Official Python SDK: an old secret ends at
once unless `previous_client_secret_expires_at` is sent with the rotation.
Not emulated: `last_seen_at`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from ztctl.sandbox.api.lifetimes import moment
from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.rules import refuse_if_referred
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, invalid
from ztctl.sandbox.fields import Field, FieldError, Shape, duration, integer, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import SERVICE_TOKENS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/access/service_tokens"
ONE = PATH + "/{service_token_id}"
SIZES = Sizes(1000)
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
LONGEST = 100 * 365 * 24 * 3600
HIDDEN = ("secret", "previous")
VERSION = "client_secret_version"
PREVIOUS_END = "previous_client_secret_expires_at"


def _lasting(value: Any) -> str:
    return "forever" if value == "forever" else str(duration(value))


def _instant(value: Any) -> str:
    try:
        read = moment(text()(value)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FieldError("must be a date and time") from error
    return read.strftime("%Y-%m-%dT%H:%M:%SZ")


_PREVIOUS = Field(PREVIOUS_END, _instant)
ROTATION = Shape(invalid, (_PREVIOUS,))
SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("duration", _lasting, "8760h"),
        Field(VERSION, integer(1, 2**31), 1),
        _PREVIOUS,
    ),
)


def _list(call: Call) -> Reply:
    tokens = cached(call, "service_token", lambda: _listed(call))
    return paged(call, tokens, SIZES, "service_token", _shown)


def _listed(call: Call) -> Sequence[Object]:
    name, search = call.query("name"), (call.query("search") or "").lower()
    store = call.store
    named = (
        store.all("service_token") if name is None else store.find("service_token", "name", name)
    )
    return [one for one in named if search in one["name"].lower()] if search else named


def _create(call: Call) -> Reply:
    check_room(call, "service_token")
    now, fields = call.state.now(), call.fields(SHAPE)
    token = {
        "id": call.state.uuid(),
        "client_id": f"{call.state.hex(32)}.access",
        **fields,
        "created_at": now,
        "updated_at": now,
        "expires_at": _end(call, fields["duration"]),
    }
    return Reply(_revealed(call, token), 201, "service_token")


def _get(call: Call) -> Reply:
    return Reply(_shown(_found(call)), kind="service_token")


def _change(call: Call) -> Reply:
    old = _found(call)
    body = call.merged(SHAPE, call.body())
    token = {**old, **body, "updated_at": call.state.now()}
    if token[VERSION] < old[VERSION]:
        raise invalid("client_secret_version cannot be lowered")
    if token["duration"] != old["duration"]:
        token["expires_at"] = _end(call, token["duration"])
    if token[VERSION] == old[VERSION]:
        return Reply(_stored(call, token), kind="service_token")
    return Reply(_rotated(call, token, body), kind="service_token")


def _refresh(call: Call) -> Reply:
    old = _found(call)
    token = {**old, "expires_at": _end(call, old["duration"]), "updated_at": call.state.now()}
    return Reply(_stored(call, token), kind="service_token")


def _rotate(call: Call) -> Reply:
    old = _found(call)
    body = call.fields(ROTATION) if call.request.body else {}
    token = {**old, VERSION: old[VERSION] + 1, "updated_at": call.state.now()}
    return Reply(_rotated(call, token, body), kind="service_token")


def _delete(call: Call) -> Reply:
    token = _found(call)
    refuse_if_referred(call.store, "service_token", token["id"])
    call.store.remove("service_token", token["id"])
    return Reply(_shown(token), kind="service_token")


def _found(call: Call) -> Object:
    return found(call, "service_token", "service_token_id", UNKNOWN)


def _stored(call: Call, token: Object) -> Object:
    call.store.put("service_token", token["id"], token)
    return _shown(token)


def _revealed(call: Call, token: Object) -> Object:
    secret = call.state.hex(64)
    return {**_stored(call, {**token, "secret": secret}), "client_secret": secret}


def _rotated(call: Call, token: Object, body: Object) -> Object:
    end = body.get(PREVIOUS_END, call.state.now())
    previous = {"secret": token.get("secret")}
    return _revealed(call, {**token, PREVIOUS_END: end, "previous": previous})


def _shown(token: Object) -> Object:
    return {name: token[name] for name in token if name not in HIDDEN}


def _end(call: Call, lasting: str) -> str:
    if lasting == "forever":
        return call.state.now(ahead=timedelta(seconds=LONGEST))
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
    ),
    (Index("service_token", "name", lambda token: (token["name"],)),),
)
