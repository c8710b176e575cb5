"""Quotas of an account, enforced if the setting `quotas` is on.

Source: Cloudflare's documentation, July 2026 (account limits of Zero Trust; 81045 for the DNS
record quota is recorded). Unrecorded: every other status and code; the quota of DNS records by plan
(200 free, 3,500 paid). The limits are soft: an account may have been given more.
Not emulated: API tokens, mTLS roots, connectors of a tunnel, e-mail addresses and networks of one
rule (an element holds one), limits that a contract has raised.
"""

from __future__ import annotations

from collections.abc import Hashable, Sized

from ztctl.sandbox.api.lookups import plan_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object
from ztctl.sandbox.routing import Family
from ztctl.sandbox.state import State
from ztctl.sandbox.store import Index

COUNTED = "quota"

# Maximum number of objects by kind, without softly deleted ones and inline policies.
MOST: dict[str, int] = {
    "app": 500,
    "policy": 500,
    "access_group": 300,
    "service_token": 50,
    "identity_provider": 50,
    "target": 5000,
    "tunnel": 1000,
    "virtual_network": 1000,
}
ROUTES = ("route", "hostname_route")
MOST_ROUTES = 1000

# Maximum number of elements of a list in one object.
LONGEST: dict[str, int] = {"rules of a group": 1000, "rules of a policy": 1000}


def check_room(call: Call, kind: str, *, more: int = 1) -> None:
    """Raise ApiError 400 if `more` objects of a kind would exceed the quota."""
    if not call.state.settings.quotas:
        return
    if kind in ROUTES:
        _check(sum(_count(call.state, one) for one in ROUTES) + more, MOST_ROUTES, "routes")
    else:
        _check(_count(call.state, kind) + more, MOST[kind], kind.replace("_", " ") + " objects")


def check_length(state: State, what: str, elements: Sized) -> None:
    """Raise ApiError 400 if a list in `LONGEST` has too many elements."""
    if state.settings.quotas:
        _check(len(elements), LONGEST[what], what)


def record_quota(zone: Object) -> int:
    """The quota of DNS records of a zone, by its plan."""
    return 200 if plan_of(zone) == "free" else 3500


def check_record_room(call: Call, zone: Object) -> None:
    """Raise ApiError 400/81045 if a zone has as many DNS records as its quota."""
    full = call.store.tally("dns_record", "zone", zone["id"]) >= record_quota(zone)
    if call.state.settings.quotas and full:
        raise ApiError(400, 81045, "Record quota exceeded.")


def _check(wanted: int, most: int, what: str) -> None:
    if wanted > most:
        raise ApiError(400, 10001, f"This account is limited to {most} {what}")


def _count(state: State, kind: str) -> int:
    return state.store.tally(kind, COUNTED, kind)


def _counted(kind: str) -> Index:
    def values(one: Object) -> tuple[Hashable, ...]:
        exempt = one.get("deleted_at") is not None or one.get("app_id") is not None
        return () if exempt else (kind,)

    return Index(kind, COUNTED, values)


FAMILY = Family((), tuple(_counted(kind) for kind in (*MOST, *ROUTES)))
