"""Taking, checking, renewing and releasing a lock, as flows of API calls on Access tags.

The protocol. Creating the mutex tag is atomic: of two concurrent runs, one gets "already exists".
But a run that takes it for a dead run's can delete it, so the mutex tag alone is not safe; it only
lets the second run fail early. Mutual exclusion rests on the flags (leases, `core.runs.locks`):

    1. create the mutex tag (exists: list; stop if the lock is in use, else delete what has expired
       and create it once more)
    2. create a flag whose name no other run uses
    3. list again: the lock is held if the own flag is there and no other unexpired one; otherwise
       delete everything this run created

*Mutual exclusion.* Every run creates its flag before it lists, and a flag is deleted only by its
holder (which no longer writes), after its expiry (the holder stopped writing SKEW seconds before it
by its own clock, others wait SKEW seconds longer by theirs), or by a person. Of two runs that both
created and listed, the one that listed last did so after both creations, saw the other flag, and
backed off. Mutex tags play no part in this argument, in whatever order the calls interleave. Both
runs may back off; then the lock is free, and both may retry.

*No lock is held for ever.* A flag expires. A mutex tag without a flag (its creator was killed
between the calls, or backed off) counts for GRACE seconds from its created_at.

*Renewal* creates the new flag before it deletes the old one, so that one exists at any time; if the
old one is missing by then, a person has deleted the lock, and the run stops.

A lost reply to the creation of a mutex tag counts as success, because mutex tags decide nothing. A
flag whose reply was lost is created once more, and "already exists" then means that it is this
run's own: another run has the same user name and nonce with a chance of one in sixty million.

A list is one reply as long as the account's tags fit on one page. Beyond that a tag can be missed
between two pages when another tag is deleted at that moment; so a run that misses its own flag
lists twice.
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
    """Tags that a run created, or may have created; kept up to date when a flow is cancelled.

    Attributes:
        mutexes: names of its mutex tags.
        flags: all its flags.
        current: the flags of the latest renewal, by which it holds the lock.
    """

    holder: Holder
    mutexes: list[str] = field(default_factory=list)
    flags: list[LockFlag] = field(default_factory=list)
    current: tuple[LockFlag, ...] = ()

    def may_write(self, now: float) -> bool:
        """True until SKEW seconds before the first current flag expires."""
        return all(flag.may_write(now) for flag in self.current)


def read_locks() -> Flow[LockState]:
    """Read the locks of the account; one list call."""
    found = yield Call("GET", TAGS, per_page=1000, permission=PERMISSION)
    # By name: pages are no snapshot, and a tag can be on two of them.
    tags = dict(_tags(found))
    flags = {name: flag for name in tags if (flag := LockFlag.parse(name))}
    mutexes = {name: _seconds(tags[name]) for name in tags if name not in flags}
    return LockState(mutexes, tuple(flags.values()))


def acquire(held: HeldTags, scopes: tuple[Scope, ...], now: Now) -> Flow[Obstacle | None]:
    """Take these locks, all or none, in this order; ``None`` when all are held.

    Raises:
        CallFailed: the state is unknown; the tags that ``held`` names may exist.
    """
    for scope in scopes:
        obstacle = yield from _take_mutex(held, scope, scopes, now)
        if obstacle is not None:
            yield from release(held)
            return obstacle
        flag = LockFlag.new(scope, held.holder, now())
        # Recorded before the call: if the reply is lost, `release` still deletes the tag.
        held.flags.append(flag)
        yield from _create_flag(flag)
    seen = yield from read_locks()
    obstacle = seen.obstacle(scopes, held.holder, now()) or _missing(held, scopes, seen)
    if obstacle is not None:
        yield from release(held)
        return obstacle
    held.current = tuple(held.flags)
    ended = [flag.name for scope in scopes for flag in seen.expired(scope, now())]
    yield from _delete(ended)
    return None


def _take_mutex(
    held: HeldTags, scope: Scope, scopes: tuple[Scope, ...], now: Now
) -> Flow[Obstacle | None]:
    if (yield from _create_mutex(held, scope)):
        return None
    seen = yield from read_locks()
    obstacle = seen.obstacle(scopes, held.holder, now())
    if obstacle is not None:
        return obstacle
    yield from _delete(flag.name for flag in seen.expired(scope, now()))
    yield from _delete([scope.mutex])
    if (yield from _create_mutex(held, scope)):
        return None
    return Obstacle(scope)


def _missing(held: HeldTags, scopes: Iterable[Scope], seen: LockState) -> Obstacle | None:
    absent = {flag.key for flag in held.flags if flag not in seen.flags}
    return next((Obstacle(scope) for scope in scopes if scope.key in absent), None)


def check(held: HeldTags) -> Flow[LockState | None]:
    """``None`` while the locks are still held, else the lock state that was read instead."""
    seen = yield from read_locks()
    if not set(held.current) <= set(seen.flags):
        seen = yield from read_locks()
    return None if set(held.current) <= set(seen.flags) else seen


def renew(held: HeldTags, scopes: Iterable[Scope], now: Now) -> Flow[LockState | None]:
    """Extend the leases; ``None`` when the locks are held, else the lock state that was read."""
    old = held.current
    new = tuple(LockFlag.new(scope, held.holder, now()) for scope in scopes)
    fresh = [flag for flag in new if flag not in old]
    held.flags.extend(fresh)
    for flag in fresh:
        yield from _create_flag(flag)
    lost = yield from check(held)
    if lost is None:
        held.current = new
        yield from _delete_flags(held, [flag for flag in old if flag not in new])
    return lost


def release(held: HeldTags, *, mutexes: bool = True) -> Flow[None]:
    """Delete the tags of a run, flags first: a mutex tag without a flag soon stops counting.

    Args:
        held: the run's tags; what was deleted is removed from it.
        mutexes: delete its mutex tags, too.

    Raises:
        CallFailed: when a tag may be left.
    """
    yield from _delete_flags(held, list(held.flags))
    if mutexes:
        yield from _delete(held.mutexes)
        held.mutexes.clear()


def tags_of_holder(seen: LockState, scope: Scope, now: float) -> tuple[str, ...]:
    """Names of all tags of the holder of a lock, flags first; includes those of the account lock.

    An account flag counts as its holder's, too, when its run holds no stack (the rest of a dead
    run) or when it has expired.
    """
    flags, everywhere = seen.flags_of(scope), seen.flags_of(ACCOUNT)
    holders = {flag.holder for flag in flags}
    others = {flag.holder for flag in seen.flags if flag.key not in (scope.key, ACCOUNT.key)}
    theirs = [
        flag
        for flag in everywhere
        if flag.holder in holders or flag.holder not in others or flag.has_expired(now)
    ]
    mutexes = [scope.mutex] if scope.mutex in seen.mutexes else []
    if theirs and len(theirs) == len(everywhere) and ACCOUNT.mutex in seen.mutexes:
        mutexes.append(ACCOUNT.mutex)
    return (*(flag.name for flag in (*flags, *theirs)), *mutexes)


def delete_tags(tags: Iterable[str]) -> Flow[None]:
    """Delete tags one after the other, in this order; missing ones are ignored."""
    for tag in tags:
        yield from _delete([tag])


def _create_mutex(held: HeldTags, scope: Scope) -> Flow[bool]:
    try:
        if not (yield from _create(scope.mutex)):
            return False
    except CallFailed as failure:
        if not failure.lost:
            raise
    held.mutexes.append(scope.mutex)
    return True


def _create_flag(flag: LockFlag) -> Flow[None]:
    try:
        yield from _create(flag.name)
    except CallFailed as failure:
        if not failure.lost:
            raise
        yield from _create(flag.name)


def _create(name: str) -> Flow[bool]:
    """Create a tag; false when it exists.

    The HTTP status is not documented for tags; the error text is known from reports of other
    clients, so either counts.
    """
    try:
        yield Call("POST", TAGS, {"name": name}, permission=PERMISSION)
    except CallFailed as failure:
        told = " ".join(error.message for error in failure.errors)
        if failure.status == 409 or "resource_already_exists" in told:
            return False
        raise
    return True


def _delete_flags(held: HeldTags, flags: list[LockFlag]) -> Flow[None]:
    yield from _delete(flag.name for flag in flags)
    held.flags = [flag for flag in held.flags if flag not in flags]


def _delete(names: Iterable[str]) -> Flow[None]:
    calls = tuple(
        Call("DELETE", f"{TAGS}/{quote(name, safe='')}", permission=PERMISSION, optional=True)
        for name in names
    )
    if calls:
        yield calls


def _tags(reply: Any) -> Iterator[tuple[str, Any]]:
    """Name and ``created_at`` of each tag of a lock."""
    for tag in reply if isinstance(reply, list) else ():
        name = tag.get("name") if isinstance(tag, Mapping) else None
        if isinstance(name, str) and is_lock(name):
            yield name, tag.get("created_at")


def _seconds(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None
