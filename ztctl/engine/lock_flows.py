"""Taking, checking, renewing and giving back a lock, as flows of calls on Access tags.

The protocol. Creating the door is atomic: of two who come at once, one is told that it exists. But
a door can be deleted by somebody who still believes that it is a dead man's, so it decides nothing;
it only spares the second comer the rest. What decides are the flags:

    1. create the door (taken: look, give way, or clear away what has ended and try once more)
    2. raise a flag of one's own, under a name that nobody else uses
    3. look once more: the lock is held if one's own flag is there and no other that still counts;
       otherwise everything is taken back

*Nobody holds a lock that another holds.* Each raises before looking, and a flag is deleted by its
holder (who no longer writes), or when it has ended (then its holder has stopped, SKEW seconds
before its end by its own clock, while others wait SKEW seconds longer by theirs), or by a person.
Of two who raised and looked, the one who looked last looked after both had raised, saw the other's
flag, and gave way. Whatever happens to doors in the meantime, and in whatever order the calls of
several meet, does not enter into it. Two may both give way; then nobody has the lock, and both may
try again.

*Nothing is blocked for ever.* A flag ends by itself. A door without a flag (its taker died between
the calls, or gave way to somebody who had finished) counts for GRACE seconds from its created_at.

*A renewal* raises the new flag before the old one goes, so that there is always one; if the old one
is no longer seen then, a person has taken the lock away, and the run stops.

A lost answer to the creation of a door is taken for a yes, for the same reason that doors decide
nothing; a flag whose answer was lost is raised once more, and one that exists is one's own: that
another run of the same name has the same number is a chance of one in sixty millions.

A list is one answer as long as the account has no more tags than a page holds. Beyond that a tag
can be missed between two pages, when another is deleted at that moment; so who misses its own flag
looks twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.runs.locks import ACCOUNT, Holder, LockFlag, LockState, Obstacle, Scope, is_lock

TAGS = "/accounts/{account}/access/tags"
PERMISSION = "Account · Access: Apps and Policies"

Now = Callable[[], float]


@dataclass(slots=True)
class HeldTags:
    """What a run has, or may have, put into the account; it outlives a flow that is cut off.

    Attributes:
        doors: the doors that it created, or may have.
        flags: the flags that it raised, or may have.
        until: the flags of the latest renewal, by which it holds the lock.
    """

    holder: Holder
    doors: list[str] = field(default_factory=list)
    flags: list[LockFlag] = field(default_factory=list)
    until: tuple[LockFlag, ...] = ()

    def may_write(self, now: float) -> bool:
        """True as long as no flag is near its end."""
        return all(flag.may_write(now) for flag in self.until)


def look() -> Flow[LockState]:
    """The locks of the account; one list."""
    found = yield Call("GET", TAGS, per_page=1000, permission=PERMISSION)
    return LockState(dict(_doors(found)), tuple(_flags(found)))


def take(grip: HeldTags, scopes: tuple[Scope, ...], now: Now) -> Flow[Obstacle | None]:
    """Take these locks, all or none, in this order; ``None`` when they are held.

    Raises:
        CallFailed: when it cannot be told; what ``grip`` names may be there.
    """
    for scope in scopes:
        obstacle = yield from _enter(grip, scope, scopes, now)
        if obstacle is not None:
            yield from give_back(grip)
            return obstacle
        flag = LockFlag.raised(scope, grip.holder, now())
        grip.flags.append(flag)
        yield from _raise(flag)
    seen = yield from look()
    obstacle = seen.obstacle(scopes, grip.holder, now()) or _missing(grip, scopes, seen)
    if obstacle is not None:
        yield from give_back(grip)
        return obstacle
    grip.until = tuple(grip.flags)
    ended = [flag.name for scope in scopes for flag in seen.over(scope, now())]
    yield from _delete(ended)
    return None


def _enter(
    grip: HeldTags, scope: Scope, scopes: tuple[Scope, ...], now: Now
) -> Flow[Obstacle | None]:
    if (yield from _create_door(grip, scope)):
        return None
    seen = yield from look()
    obstacle = seen.obstacle(scopes, grip.holder, now())
    if obstacle is not None:
        return obstacle
    yield from _delete(flag.name for flag in seen.over(scope, now()))
    yield from _delete([scope.door])
    if (yield from _create_door(grip, scope)):
        return None
    return Obstacle(scope)


def _missing(grip: HeldTags, scopes: Iterable[Scope], seen: LockState) -> Obstacle | None:
    gone = {flag.key for flag in grip.flags if flag not in seen.flags}
    return next((Obstacle(scope) for scope in scopes if scope.key in gone), None)


def check(grip: HeldTags) -> Flow[LockState | None]:
    """``None`` while the locks are still held, else what is there in their place."""
    seen = yield from look()
    if not set(grip.until) <= set(seen.flags):
        seen = yield from look()
    return None if set(grip.until) <= set(seen.flags) else seen


def renew(grip: HeldTags, scopes: Iterable[Scope], now: Now) -> Flow[LockState | None]:
    """Put off the end of the locks; ``None`` when they are held, else what is there instead."""
    old = grip.until
    new = tuple(LockFlag.raised(scope, grip.holder, now()) for scope in scopes)
    fresh = [flag for flag in new if flag not in old]
    grip.flags.extend(fresh)
    for flag in fresh:
        yield from _raise(flag)
    lost = yield from check(grip)
    if lost is None:
        grip.until = new
        yield from _lower(grip, [flag for flag in old if flag not in new])
    return lost


def give_back(grip: HeldTags, *, doors: bool = True) -> Flow[None]:
    """Delete what a grip names, flags first: a door without one soon stops nobody.

    Raises:
        CallFailed: when something may be left.
    """
    yield from _lower(grip, list(grip.flags))
    if doors:
        yield from _delete(grip.doors)
        grip.doors.clear()


def belongings(seen: LockState, scope: Scope, now: float) -> tuple[str, ...]:
    """The tags of whoever holds a lock, flags first: those of the account's lock as well.

    A flag on the account whose run holds no stack is what is left of a dead one.
    """
    flags, everywhere = seen.of(scope), seen.of(ACCOUNT)
    holders = {flag.holder for flag in flags}
    others = {flag.holder for flag in seen.flags if flag.key not in (scope.key, ACCOUNT.key)}
    theirs = [
        flag
        for flag in everywhere
        if flag.holder in holders or flag.holder not in others or flag.is_over(now)
    ]
    doors = [scope.door] if scope.door in seen.doors else []
    if theirs and len(theirs) == len(everywhere) and ACCOUNT.door in seen.doors:
        doors.append(ACCOUNT.door)
    return (*(flag.name for flag in (*flags, *theirs)), *doors)


def remove(tags: Iterable[str]) -> Flow[None]:
    """Take a lock away, tag by tag; what is gone already is fine."""
    for tag in tags:
        yield from _delete([tag])


def _create_door(grip: HeldTags, scope: Scope) -> Flow[bool]:
    try:
        yield _creation(scope.door)
    except CallFailed as failure:
        if _exists(failure):
            return False
        if not failure.lost:
            raise
    grip.doors.append(scope.door)
    return True


def _raise(flag: LockFlag) -> Flow[None]:
    try:
        yield from _raise_once(flag)
    except CallFailed as failure:
        if not failure.lost:
            raise
        yield from _raise_once(flag)


def _raise_once(flag: LockFlag) -> Flow[None]:
    try:
        yield _creation(flag.name)
    except CallFailed as failure:
        if not _exists(failure):
            raise


def _lower(grip: HeldTags, flags: list[LockFlag]) -> Flow[None]:
    yield from _delete(flag.name for flag in flags)
    grip.flags = [flag for flag in grip.flags if flag not in flags]


def _delete(names: Iterable[str]) -> Flow[None]:
    calls = tuple(
        Call("DELETE", f"{TAGS}/{quote(name, safe='')}", permission=PERMISSION, optional=True)
        for name in names
    )
    if calls:
        yield calls


def _creation(name: str) -> Call:
    return Call("POST", TAGS, {"name": name}, permission=PERMISSION)


def _exists(failure: CallFailed) -> bool:
    """The status is not recorded for tags; the text is (reports of other clients)."""
    return failure.status == 409 or any(
        "resource_already_exists" in error.message for error in failure.errors
    )


def _tags(reply: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for tag in reply if isinstance(reply, list) else ():
        name = tag.get("name") if isinstance(tag, Mapping) else None
        if isinstance(name, str) and is_lock(name):
            yield name, tag


def _doors(reply: Any) -> Iterator[tuple[str, float | None]]:
    for name, tag in _tags(reply):
        if LockFlag.read(name) is None:
            yield name, _seconds(tag.get("created_at"))


def _flags(reply: Any) -> Iterator[LockFlag]:
    # A list is no snapshot: between two pages a tag can come twice.
    yield from dict.fromkeys(flag for name, _ in _tags(reply) if (flag := LockFlag.read(name)))


def _seconds(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None
