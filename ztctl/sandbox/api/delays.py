"""Simulated propagation delays inside the API, enabled by settings.

Recorded: a policy's deletion is refused (409) for some time after it was detached from its last
application, and names of a new zone ("domain does not belong to zone") after the zone was added.
From the code of another client, whose tests run on a real account: a policy made a moment ago is
"not found" (400) to writes of applications for some 45 s, and so is the whole list of applications
while one of them holds such a policy. A guess: that groups behave alike, and the code.
The duration is unknown: here a number of refused calls, counted per object in the store.
"""

from __future__ import annotations

from collections.abc import Iterable

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import conflict, invalid
from ztctl.sandbox.messages import Object

DETACHED = "detached_policy"
SEEN_ZONE = "seen_zone"
JUST_MADE = "just_made"
WORDING = {"policy": "policy", "access_group": "access group"}


def detached(call: Call, before: Iterable[Object], after: Iterable[Object] = ()) -> None:
    """Start the delay for reusable policies that an application no longer links."""
    left = call.state.settings.detached_calls
    for key in {link["id"] for link in before} - {link["id"] for link in after}:
        policy = call.store.get("policy", key)
        if left and policy is not None and policy["reusable"]:
            call.store.put(DETACHED, key, {"id": key, "left": left})


def refuse_just_detached(call: Call, policy_id: str) -> None:
    """Raise ApiError 409 during the delay after a policy was detached."""
    noted = call.store.get(DETACHED, policy_id)
    if noted is None:
        return
    if noted["left"] and call.state.settings.detached_calls:
        # A refusal rolls back all writes, so the counter has to be one that survives it.
        call.lasting.append((DETACHED, policy_id, {**noted, "left": noted["left"] - 1}))
        raise conflict("policy is in use by an application")
    call.store.remove(DETACHED, policy_id)


def refuse_new_zone(call: Call, zone: Object) -> None:
    """Raise ApiError 400/12130 during the delay after a zone was added."""
    most = call.state.settings.new_zone_calls
    noted = (call.store.get(SEEN_ZONE, zone["id"]) or {"refused": 0})["refused"]
    if noted < most:
        call.lasting.append((SEEN_ZONE, zone["id"], {"id": zone["id"], "refused": noted + 1}))
        raise invalid("domain does not belong to zone")


def made(call: Call, kind: str, key: str) -> None:
    """Start the delay for a reusable policy or a group that was just created."""
    if left := call.state.settings.new_policy_calls:
        noted = {"id": key, "kind": kind, "writes": left, "lists": left}
        call.store.put(JUST_MADE, key, noted)


def refuse_just_made(call: Call, kind: str, key: str, where: str = "") -> None:
    """Raise ApiError 400/12130 for a write that names a policy or group during its delay."""
    _refuse(call, key, "writes", f"{where}{WORDING[kind]} {key} not found")


def refuse_list_of_just_made(call: Call) -> None:
    """Raise ApiError 400/12130 for a list of applications while one holds a policy in its delay."""
    for noted in call.store.all(JUST_MADE):
        if noted["kind"] == "policy" and call.store.tally("app", "policy", noted["id"]):
            _refuse(call, noted["id"], "lists", f"policy {noted['id']} not found")


def _refuse(call: Call, key: str, counter: str, reason: str) -> None:
    noted = call.store.get(JUST_MADE, key)
    if noted is not None and noted[counter] and call.state.settings.new_policy_calls:
        call.lasting.append((JUST_MADE, key, {**noted, counter: noted[counter] - 1}))
        raise invalid(reason)
