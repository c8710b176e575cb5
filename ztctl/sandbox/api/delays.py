"""What the service still believes for a while after a change, where the settings say so.

Recorded: a policy's deletion is refused (409) for some time after its last application gave it up,
and names of a new zone ("domain does not belong to zone") after the zone was added. How long is not
known: here so many refused calls, counted for each policy and each zone and kept in the store.
"""

from __future__ import annotations

from collections.abc import Iterable

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import conflict, invalid
from ztctl.sandbox.messages import Object

DETACHED = "detached_policy"
SEEN_ZONE = "seen_zone"


def detached(call: Call, before: Iterable[Object], after: Iterable[Object] = ()) -> None:
    """Note the links that an application no longer has."""
    left = call.state.settings.detached_calls
    for key in {link["id"] for link in before} - {link["id"] for link in after}:
        policy = call.store.get("policy", key)
        if left and policy is not None and policy["reusable"]:
            call.store.put(DETACHED, key, {"id": key, "left": left})


def refuse_just_detached(call: Call, policy_id: str) -> None:
    """Raise 409 while the service has not seen that nothing links the policy any more."""
    noted = call.store.get(DETACHED, policy_id)
    if noted is None:
        return
    if noted["left"] and call.state.settings.detached_calls:
        call.lasting.append((DETACHED, policy_id, {**noted, "left": noted["left"] - 1}))
        raise conflict("policy is in use by an application")
    call.store.remove(DETACHED, policy_id)


def refuse_new_zone(call: Call, zone: Object) -> None:
    """Raise 400/12130 while Access has not seen that a zone is there."""
    most = call.state.settings.new_zone_calls
    noted = (call.store.get(SEEN_ZONE, zone["id"]) or {"refused": 0})["refused"]
    if noted < most:
        call.lasting.append((SEEN_ZONE, zone["id"], {"id": zone["id"], "refused": noted + 1}))
        raise invalid("domain does not belong to zone")
