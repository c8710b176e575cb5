"""Virtual networks, of which exactly one is the account's default.

Source: Cloudflare OpenAPI description, July 2026: fields, filters. Recorded: a page of 1,000.
cloudflared: names are unique among undeleted networks; `force` deletes the routes in a network and
moves other objects to the default one. Recorded: name and comment of the first default network,
1046; quoted by others: 400/1049 for a deletion of the default one. Terraform provider's tests: a
deleted network cannot be read by id (lists hold it). Unrecorded: every other code; that another
network has to be made the default to demote the default one; that targets and applications keep a
network in use, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ztctl.sandbox.api.lifetimes import deletion_tests
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, flag, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import NETWORKS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.seeds import default_network
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/teamnet/virtual_networks"
ONE = PATH + "/{virtual_network_id}"
SIZES = Sizes(1000, total=False)
UNKNOWN = Refusal(404, 1046, "Virtual network not found")
DEFAULT = Refusal(
    400, 1049, "Cannot delete the Virtual Network because: it is the default virtual network"
)
FILTERS = ("id", "name", "is_default", "is_default_network", "is_deleted")


def _bad(detail: str) -> ApiError:
    return ApiError(400, 1003, f"Invalid virtual network: {detail}")


_NAME = text(256, empty=False)
NEW = Shape(
    _bad,
    (
        Field("name", _NAME, required=True),
        Field("comment", text(100), ""),
        Field("is_default_network", flag),
        Field("is_default", flag, False),
    ),
)
CHANGE = Shape(
    _bad,
    (Field("name", _NAME), Field("comment", text(100)), Field("is_default_network", flag)),
)


def network_id(call: Call, asked: str | None) -> str:
    """The given id, or that of the default network; raises 404/1046 if unknown or deleted."""
    if asked is None:
        return str(default_network(call.state)["id"])
    network = call.store.get("virtual_network", asked)
    if network is None or network["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    return asked


def _list(call: Call) -> Reply:
    networks = list(_candidates(call))
    for test in deletion_tests(call):
        networks = [one for one in networks if test(one)]
    for name, wanted in _wanted(call):
        networks = [one for one in networks if one[name] == wanted]
    return paged(call, networks, SIZES, "virtual_network", dict)


def _candidates(call: Call) -> Sequence[Object]:
    if (name := call.query("name")) is None:
        return call.store.all("virtual_network")
    return call.store.find("virtual_network", "name", name)


def _wanted(call: Call) -> list[tuple[str, Any]]:
    asked = [(name, call.query(name)) for name in ("id", "name")]
    switches = [
        ("is_default_network", call.switch(name)) for name in ("is_default", "is_default_network")
    ]
    return [(name, value) for name, value in (*asked, *switches) if value is not None]


def _create(call: Call) -> Reply:
    body = call.fields(NEW)
    check_room(call, "virtual_network")
    _refuse_taken(call, body["name"])
    first = body.get("is_default_network", body["is_default"])
    network: Object = {
        "id": call.state.uuid(),
        "name": body["name"],
        "comment": body["comment"],
        "is_default_network": first,
        "created_at": call.state.instant(),
        "deleted_at": None,
    }
    return Reply(_stored(call, network), kind="virtual_network")


def _get(call: Call) -> Reply:
    return Reply(_undeleted(call), kind="virtual_network")


def _change(call: Call) -> Reply:
    old, body = _undeleted(call), call.merged(CHANGE, call.body())
    if body.get("name", old["name"]) != old["name"]:
        _refuse_taken(call, body["name"])
    if old["is_default_network"] and body.get("is_default_network") is False:
        raise _bad("the account needs a default network; make another one the default")
    return Reply(_stored(call, {**old, **body}), kind="virtual_network")


def _delete(call: Call) -> Reply:
    network = _undeleted(call)
    if network["is_default_network"]:
        raise ApiError(*DEFAULT)
    if call.switch("force"):
        _empty(call, network["id"])
    elif _held(call, network["id"]):
        raise ApiError(409, 1045, "Cannot delete a virtual network that is in use")
    deleted = {**network, "deleted_at": call.state.instant()}
    call.store.put("virtual_network", deleted["id"], deleted)
    return Reply(deleted, kind="virtual_network")


def _undeleted(call: Call) -> Object:
    network = found(call, "virtual_network", "virtual_network_id", UNKNOWN)
    if network["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    return network


def _stored(call: Call, network: Object) -> Object:
    # Exactly one network is the default: promoting one demotes the other.
    before = default_network(call.state)
    if network["is_default_network"] and before["id"] != network["id"]:
        call.store.put("virtual_network", before["id"], {**before, "is_default_network": False})
    call.store.put("virtual_network", network["id"], network)
    return network


def _refuse_taken(call: Call, name: str) -> None:
    if call.store.tally("virtual_network", "undeleted", name):
        raise ApiError(409, 1044, "You already have a virtual network with this name")


def _held(call: Call, key: str) -> bool:
    return any(
        call.store.tally(kind, "virtual_network", key) for kind in ("route", "target", "app")
    )


def _empty(call: Call, key: str) -> None:
    """Delete the routes in a network, and move targets and applications to the default one."""
    now, default = call.state.instant(), default_network(call.state)["id"]
    for route in call.store.find("route", "virtual_network", key):
        call.store.put("route", route["id"], {**route, "deleted_at": now})
    for kind in ("target", "app"):
        for one in call.store.find(kind, "virtual_network", key):
            call.store.put(kind, one["id"], _moved(one, key, default))
            # After the write, so that two targets moved by this call are found to clash, too.
            _refuse_clash(call, kind, one, default)


def _refuse_clash(call: Call, kind: str, one: Object, default: str) -> None:
    addresses = [address["ip_addr"] for address in one.get("ip", {}).values() if address]
    if any(call.store.tally(kind, "place", (one_ip, default)) > 1 for one_ip in addresses):
        raise ApiError(409, 1045, "Cannot move a target to an address that is taken")


def _moved(value: Any, key: str, default: str) -> Any:
    if isinstance(value, dict):
        return {name: _moved(member, key, default) for name, member in value.items()}
    if isinstance(value, list):
        return [_moved(member, key, default) for member in value]
    return default if value == key else value


FAMILY = Family(
    (
        Route("GET", PATH, _list, NETWORKS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, NETWORKS, write=True),
        Route("GET", ONE, _get, NETWORKS),
        Route("PATCH", ONE, _change, NETWORKS, write=True),
        Route("DELETE", ONE, _delete, NETWORKS, ("force",), write=True),
    ),
    (
        Index(
            "virtual_network", "undeleted", lambda one: () if one["deleted_at"] else (one["name"],)
        ),
        Index("virtual_network", "default", lambda one: (one["is_default_network"],)),
        Index("virtual_network", "name", lambda one: (one["name"],)),
    ),
)
