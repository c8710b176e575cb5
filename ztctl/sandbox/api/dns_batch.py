"""Many DNS records in one request.

Source: Cloudflare OpenAPI description, July 2026: deletes, patches, puts, posts, always in that
order; documentation: one database transaction, so an error undoes all of it; 200 operations on the
free plan, 3,500 on others. Recorded: `source.pointer` such as `/posts/0` in an error, but not in
that of an unknown id; null for what nothing was done for.
Unrecorded: the code of a batch that is too large; that an empty batch is accepted.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.dns_records import (
    PATH,
    UNKNOWN,
    Write,
    created,
    merged,
    overwritten,
    removed,
    shown_record,
)
from ztctl.sandbox.api.dns_values import invalid_record, is_free
from ztctl.sandbox.api.lookups import zone_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import DNS
from ztctl.sandbox.routing import Family, Route

GROUPS: dict[str, Write] = {
    "deletes": removed,
    "patches": merged,
    "puts": overwritten,
    "posts": created,
}


def _batch(call: Call) -> Reply:
    zone, body = zone_of(call), call.body()
    call.ignored.extend(name for name in body if name not in GROUPS)
    asked = {group: _operations(body, group) for group in GROUPS}
    _check_size(zone, sum(map(len, asked.values())))
    return Reply(
        {group: _done(call, zone, group, some) or None for group, some in asked.items()},
        kind="dns_batch",
    )


def _operations(body: Object, group: str) -> list[Any]:
    operations = body.get(group)
    if operations is None:
        return []
    if not isinstance(operations, list):
        raise invalid_record(f"{group} must be an array")
    return operations


def _check_size(zone: Object, size: int) -> None:
    most = 200 if is_free(zone) else 3500
    if size > most:
        raise ApiError(400, 1004, f"A batch can hold at most {most} operations on this plan")


def _done(call: Call, zone: Object, group: str, operations: list[Any]) -> list[Object]:
    return [
        shown_record(_operation(call, zone, group, place, one))
        for place, one in enumerate(operations)
    ]


def _operation(call: Call, zone: Object, group: str, place: int, one: Any) -> Object:
    pointer = f"/{group}/{place}"
    if not isinstance(one, dict):
        raise invalid_record("an operation must be an object").at(pointer)
    try:
        return GROUPS[group](call, zone, one, f"{group}[{place}].")
    except ApiError as error:
        raise (error if error.code == UNKNOWN else error.at(pointer)) from error


FAMILY = Family((Route("POST", PATH + "/batch", _batch, DNS, write=True),))
