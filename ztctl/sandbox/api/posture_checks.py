"""Device posture checks, which the API calls rules.

Source: official Python SDK 5.9.0 and Cloudflare API reference (paths, fields, types, a list without
pages; a permission of their own). Unrecorded: every code; which members are needed, that `input` is
kept as sent.
Not emulated: the checks themselves (a visitor `holds` one), integrations with other products; that
one that a rule names may not be deleted.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, FieldError, Shape, choice, listing, mapping, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import POSTURE
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/devices/posture"
ONE = PATH + "/{check_id}"
UNKNOWN = Refusal(404, 2075, "posture rule not found")
TYPES = (
    *("file", "application", "tanium", "gateway", "warp", "disk_encryption", "serial_number"),
    *("sentinelone", "carbonblack", "firewall", "os_version", "domain_joined", "antivirus"),
    *("client_certificate", "client_certificate_v2", "unique_client_id", "kolide", "tanium_s2s"),
    *("crowdstrike_s2s", "intune", "workspace_one", "sentinelone_s2s", "custom_s2s"),
)
PLATFORMS = ("windows", "mac", "linux", "android", "ios", "chromeos")


def _invalid(detail: str) -> ApiError:
    return ApiError(400, 2009, f"invalid posture rule: {detail}")


def _input(value: Any) -> Object:
    if not isinstance(value, dict):
        raise FieldError("must be an object")
    return value


SHAPE = Shape(
    _invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("type", choice(TYPES), required=True),
        Field("description", text(), ""),
        Field("schedule", text()),
        Field("expiration", text()),
        Field("match", listing(mapping({"platform": choice(PLATFORMS)})), []),
        Field("input", _input, {}),
    ),
)


def _list(call: Call) -> Reply:
    return Reply([dict(one) for one in call.store.all("posture_check")])


def _create(call: Call) -> Reply:
    return _stored(call, {"id": call.state.uuid(), **call.fields(SHAPE)})


def _get(call: Call) -> Reply:
    return Reply(_found(call))


def _replace(call: Call) -> Reply:
    return _stored(call, {"id": _found(call)["id"], **call.fields(SHAPE)})


def _delete(call: Call) -> Reply:
    key = _found(call)["id"]
    call.store.remove("posture_check", key)
    return Reply({"id": key})


def _found(call: Call) -> Object:
    return found(call, "posture_check", "check_id", UNKNOWN)


def _stored(call: Call, check: Object) -> Reply:
    call.store.put("posture_check", check["id"], check)
    return Reply(check)


FAMILY = Family(
    (
        Route("GET", PATH, _list, POSTURE),
        Route("POST", PATH, _create, POSTURE, write=True),
        Route("GET", ONE, _get, POSTURE),
        Route("PUT", ONE, _replace, POSTURE, write=True),
        Route("DELETE", ONE, _delete, POSTURE, write=True),
    ),
)
