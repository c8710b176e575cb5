"""Settings of a zone, mainly those that SSH over WebSockets depends on.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026 (paths, values).
Recorded: 400/1006 for a name that does not exist, `modified_on` null until a setting is changed
(Terraform provider's logs). Unrecorded: 400/1007 for a wrong value; that a setting which this plan
cannot change answers 403.
Not emulated: every other setting; changing several at once; effects of settings.
"""

from __future__ import annotations

from ztctl.sandbox.api.lookups import plan_of, zone_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, Shape, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import ZONE_SETTINGS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Store

PATH = "/zones/{zone_id}/settings"
ONE = PATH + "/{setting_id}"
KIND = "zone_setting"


# Values of each setting; the first one is the default.
SETTINGS: dict[str, tuple[str, ...]] = {
    "always_use_https": ("off", "on"),
    "browser_check": ("on", "off"),
    "http2": ("on", "off"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "ssl": ("full", "off", "flexible", "strict", "origin_pull"),
    "websockets": ("on", "off"),
}
# On a free plan HTTP/2 cannot be turned off (recorded: `editable` false).
FIXED_WHEN_FREE = ("http2",)
SHAPE = Shape(
    lambda detail: ApiError(400, 1007, f"Invalid value for zone setting: {detail}"),
    (Field("value", text(100), required=True),),
)


def setting(store: Store, zone: Object, name: str) -> Object:
    """A setting of a zone for a response; the default if it has never been changed."""
    changed = store.get(KIND, f"{zone['id']}/{name}") or {}
    return {
        "id": name,
        "value": changed.get("value", SETTINGS[name][0]),
        "modified_on": changed.get("modified_on"),
        "editable": not (name in FIXED_WHEN_FREE and plan_of(zone) == "free"),
    }


def _list(call: Call) -> Reply:
    zone = zone_of(call)
    return Reply([setting(call.store, zone, name) for name in SETTINGS], kind=KIND)


def _get(call: Call) -> Reply:
    return Reply(setting(call.store, zone_of(call), _name(call)), kind=KIND)


def _change(call: Call) -> Reply:
    zone, name = zone_of(call), _name(call)
    value = call.fields(SHAPE)["value"]
    if value not in SETTINGS[name]:
        raise ApiError(400, 1007, f"Invalid value for zone setting {name}")
    if not setting(call.store, zone, name)["editable"]:
        raise ApiError(403, 1009, f"The zone setting {name} cannot be changed on this plan")
    new = {"zone_id": zone["id"], "id": name, "value": value, "modified_on": call.state.instant()}
    call.store.put(KIND, f"{zone['id']}/{name}", new)
    return Reply(setting(call.store, zone, name), kind=KIND)


def _name(call: Call) -> str:
    name = call.params["setting_id"]
    if name not in SETTINGS:
        raise ApiError(400, 1006, f"Unrecognized zone setting name: {name[:60]}")
    return name


FAMILY = Family(
    (
        Route("GET", PATH, _list, ZONE_SETTINGS),
        Route("GET", ONE, _get, ZONE_SETTINGS),
        Route("PATCH", ONE, _change, ZONE_SETTINGS, write=True),
    )
)
