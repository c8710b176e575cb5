"""The tags that make up a lock: their names, and what a list of them says about who holds it.

A lock is two Access tags. The *door*, ``ztctl-lock.<stack>``, can be created once; the *flag* says
in its name who stands behind it and until when::

    ztctl-held.k3x9.alice.8f2kq.hnm4c
               │    │     │     └ the minute in which it ends, since 1970, in base 36
               │    │     └ chance: which run of that person
               │    └ who: at most seven characters
               └ which lock: digest of the stack's name, ``-all`` for the account's

Names have at most 35 characters (Cloudflare documentation, account limits); this one always has 35
or fewer, and nothing but lower-case letters, digits, dots and hyphens, as the mark has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

DOOR = "ztctl-lock"
FLAG = "ztctl-held"
NOBODY = "someone"
# How long a flag stands without being renewed: longer than the five minutes for which the service
# blocks a client that has asked too often.
LEASE = 15 * 60
# By so much may the clocks of two machines differ, each from the true time.
SKEW = 60
# A door without a flag is one whose taker is about to raise it, or died before it could.
GRACE = 2 * 60

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WHO = 7
_CHANCE = 5
_FLAG = re.compile(
    FLAG + r"\.([0-9a-z]{4}|-all)\.([a-z0-9-]{1,7})\.([0-9a-z]{5})\.([0-9a-z]{5})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a lock is about: its door, its four characters in a flag, its name for people."""

    door: str
    key: str
    title: str


ACCOUNT = Scope(DOOR, "-all", "the account")


def scope_of(stack: str) -> Scope:
    """The lock of one stack."""
    number = int.from_bytes(hashlib.sha256(stack.encode()).digest()[:8], "big")
    return Scope(f"{DOOR}.{stack}", _base36(number, 4), f"the stack {stack!r}")


def is_lock(tag: str) -> bool:
    """True for the name of any lock's tag, which is no business of a plan."""
    return tag in (DOOR, FLAG) or tag.startswith((f"{DOOR}.", f"{FLAG}."))


@dataclass(frozen=True, slots=True)
class Holder:
    """One run of one person or machine."""

    who: str
    chance: str

    @classmethod
    def named(cls, name: str, below: Callable[[int], int]) -> Holder:
        """A new one; ``below`` gives a number by chance, from zero to below its argument."""
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).strip("-")[:_WHO]
        return cls(plain.strip("-") or NOBODY, _base36(below(36**_CHANCE), _CHANCE))


@dataclass(frozen=True, slots=True)
class LockFlag:
    """One holder's hold on one lock, until a minute since 1970."""

    key: str
    holder: Holder
    minute: int

    @classmethod
    def raised(cls, scope: Scope, holder: Holder, now: float) -> LockFlag:
        """The flag of somebody who takes or renews a lock now."""
        return cls(scope.key, holder, -int(-(now + LEASE) // 60))

    @classmethod
    def read(cls, tag: str) -> LockFlag | None:
        """The flag that a tag is, or ``None``."""
        found = _FLAG.fullmatch(tag)
        return cls(found[1], Holder(found[2], found[3]), int(found[4], 36)) if found else None

    @property
    def name(self) -> str:
        """The tag."""
        who = self.holder
        return f"{FLAG}.{self.key}.{who.who}.{who.chance}.{_base36(self.minute, 5)}"

    @property
    def until(self) -> float:
        """When it ends, in seconds since 1970."""
        return self.minute * 60.0

    def is_over(self, now: float) -> bool:
        """True once others may count it out."""
        return now > self.until + SKEW

    def may_write(self, now: float) -> bool:
        """True as long as the holder itself may count on it."""
        return now < self.until - SKEW


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a lock cannot be had.

    Attributes:
        scope: the lock that stands in the way, its title for people.
        flag: who holds it, ``None`` while somebody is taking it or giving it back.
        since: when it was taken, in seconds since 1970; ``None`` when nobody can tell.
    """

    scope: Scope
    flag: LockFlag | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class LockState:
    """The locks of an account at one moment.

    Attributes:
        doors: each door that is there, with its age's beginning in seconds since 1970.
        flags: every flag, ended ones included.
    """

    doors: Mapping[str, float | None] = field(default_factory=dict)
    flags: tuple[LockFlag, ...] = ()

    def of(self, scope: Scope) -> tuple[LockFlag, ...]:
        """The flags of one lock."""
        return tuple(flag for flag in self.flags if flag.key == scope.key)

    def over(self, scope: Scope, now: float) -> tuple[LockFlag, ...]:
        """The flags of one lock that no longer count."""
        return tuple(flag for flag in self.of(scope) if flag.is_over(now))

    def scope(self, flag: LockFlag) -> Scope:
        """The lock that a flag is about; without its door nobody can tell the stack's name."""
        stacks = (door.partition(".")[2] for door in self.doors if "." in door)
        known = (ACCOUNT, *map(scope_of, stacks))
        unknown = Scope("", flag.key, f"a stack ({flag.key})")
        return next((scope for scope in known if scope.key == flag.key), unknown)

    def obstacle(self, scopes: Iterable[Scope], holder: Holder, now: float) -> Obstacle | None:
        """What keeps this holder from these locks, ``None`` when nothing does.

        A lock of the account is at odds with every lock of others: while protection is taken
        away nobody may begin to lean on it.
        """
        wanted = tuple(scopes)
        for flag in self.flags:
            if flag.holder != holder and not flag.is_over(now) and _at_odds(flag, wanted):
                scope = self.scope(flag)
                return Obstacle(scope, flag, self.doors.get(scope.door))
        return next((found for scope in wanted if (found := self._entered(scope, now))), None)

    def _entered(self, scope: Scope, now: float) -> Obstacle | None:
        if scope.door not in self.doors or self.of(scope):
            return None
        since = self.doors[scope.door]
        fresh = since is None or now <= since + GRACE
        return Obstacle(scope, None, since) if fresh else None


def _at_odds(flag: LockFlag, wanted: tuple[Scope, ...]) -> bool:
    keys = {scope.key for scope in wanted}
    return flag.key in keys or ACCOUNT.key in (flag.key, *keys)
