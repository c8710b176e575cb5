"""When an object lived: instants in queries, and the filters of everything that is deleted softly.

Source: Cloudflare OpenAPI description, July 2026: instants are RFC 3339; `existed_at` keeps what
was made and not yet deleted then; without `is_deleted` the deleted are listed too. Unrecorded:
how an instant that is none is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

Test = Callable[[Object], bool]

LIFETIME_FILTERS = ("is_deleted", "existed_at")


def moment(text: str) -> datetime:
    """An RFC 3339 instant; one without a zone is in UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def asked_moment(call: Call, name: str) -> datetime | None:
    """The instant that a query parameter names; raises 400 when it names none."""
    value = call.query(name)
    if value is None:
        return None
    try:
        return moment(value)
    except ValueError as error:
        raise bad_request(f"{name} must be a date and time such as 2026-07-01T00:00:00Z") from error


def existed(one: Object, instant: datetime) -> bool:
    """Whether a stored object had been made and not been deleted then."""
    gone = one["deleted_at"]
    return moment(one["created_at"]) <= instant and (gone is None or instant < moment(gone))


def same(member: str, wanted: str) -> Test:
    """Whether a member of a stored object is exactly that."""
    return lambda one: bool(one[member] == wanted)


def deletion_tests(call: Call) -> Iterator[Test]:
    """What `is_deleted` asks."""
    if (gone := call.switch("is_deleted")) is not None:
        yield lambda one: (one["deleted_at"] is not None) == gone


def lifetime_tests(call: Call) -> Iterator[Test]:
    """What `is_deleted` and `existed_at` ask."""
    yield from deletion_tests(call)
    if (instant := asked_moment(call, "existed_at")) is not None:
        yield lambda one: existed(one, instant)
