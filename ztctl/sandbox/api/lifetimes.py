"""Times in queries, and the filters of softly deleted objects.

Source: Cloudflare OpenAPI description, July 2026: times are RFC 3339; `existed_at` selects objects
that were created and not yet deleted then; without `is_deleted` deleted objects are listed, too.
Unrecorded: the error for an invalid time.
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
    """Parse an RFC 3339 time; UTC if it has no offset. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def asked_moment(call: Call, name: str) -> datetime | None:
    """A time from a query parameter, or None; raises ApiError 400."""
    value = call.query(name)
    if value is None:
        return None
    try:
        return moment(value)
    except ValueError as error:
        raise bad_request(f"{name} must be a date and time such as 2026-07-01T00:00:00Z") from error


def existed(one: Object, instant: datetime) -> bool:
    """Whether a stored object existed at a time: created, and not yet deleted."""
    deleted = one["deleted_at"]
    return moment(one["created_at"]) <= instant and (deleted is None or instant < moment(deleted))


def same(member: str, wanted: str) -> Test:
    """A test for equality of a member."""
    return lambda one: bool(one[member] == wanted)


def deletion_tests(call: Call) -> Iterator[Test]:
    """The test of the filter `is_deleted`, if present."""
    if (deleted := call.switch("is_deleted")) is not None:
        yield lambda one: (one["deleted_at"] is not None) == deleted


def lifetime_tests(call: Call) -> Iterator[Test]:
    """The tests of the filters `is_deleted` and `existed_at`, if present."""
    yield from deletion_tests(call)
    if (instant := asked_moment(call, "existed_at")) is not None:
        yield lambda one: existed(one, instant)
