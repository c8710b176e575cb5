"""Names of the Access tags that make up a lock, and the lock state that a list of tags shows.

A lock is two Access tags. The *mutex tag*, ``ztctl-lock.<stack>``, can be created only once. The
*flag* is a lease: its name holds the holder and the expiry time::

    ztctl-held.k3x9.alice.8f2kq.hnm4c
               │    │     │     └ expiry: minutes since 1970, in base 36
               │    │     └ nonce: random, tells runs of one user apart
               │    └ user name, or ``ci``: at most seven characters
               └ scope: digest of the stack's name; ``-all`` for the account lock

Tag names have at most 35 characters (Cloudflare documentation, account limits). Both names fit, and
consist of lower-case letters, digits, dots and hyphens, as the mark does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

MUTEX = "ztctl-lock"
FLAG = "ztctl-held"
NOBODY = "someone"
# Seconds until a flag expires unless it is renewed. Longer than the five minutes for which the API
# blocks a client that exceeded its rate limit: a blocked run must be able to renew afterwards.
LEASE = 15 * 60
# Seconds by which a machine's clock may be wrong. Holder and others each keep this margin, so that
# the clocks of two machines may differ by twice as much.
SKEW = 60
# Seconds for which a mutex tag without a flag counts: its creator is about to create the flag, or
# was killed between the two calls.
GRACE = 2 * 60

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WHO = 7
_NONCE = 5
_FLAG = re.compile(
    FLAG + r"\.([0-9a-z]{4}|-all)\.([a-z0-9-]{1,7})\.([0-9a-z]{5})\.([0-9a-z]{5})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a lock protects: one stack, or the account.

    Attributes:
        mutex: name of its mutex tag.
        key: its four characters in the name of a flag.
        title: its name in messages.
    """

    mutex: str
    key: str
    title: str


ACCOUNT = Scope(MUTEX, "-all", "the account")


def scope_of(stack: str) -> Scope:
    """The lock of one stack; its key is taken from the SHA-256 of the stack's name."""
    number = int.from_bytes(hashlib.sha256(stack.encode()).digest()[:8], "big")
    return Scope(f"{MUTEX}.{stack}", _base36(number, 4), f"the stack {stack!r}")


def is_lock(tag: str) -> bool:
    """True for the name of a mutex tag or a flag; plans ignore these tags."""
    return tag in (MUTEX, FLAG) or tag.startswith((f"{MUTEX}.", f"{FLAG}."))


@dataclass(frozen=True, slots=True)
class Holder:
    """One run: a user name (or ``ci``) and a random nonce."""

    who: str
    nonce: str

    @classmethod
    def named(cls, name: str, below: Callable[[int], int]) -> Holder:
        """Make a holder; ``below(n)`` returns a random integer in ``range(n)``."""
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).strip("-")[:_WHO]
        return cls(plain.strip("-") or NOBODY, _base36(below(36**_NONCE), _NONCE))


@dataclass(frozen=True, slots=True)
class LockFlag:
    """One holder's lease on one lock; ``minute`` is its expiry in minutes since 1970."""

    key: str
    holder: Holder
    minute: int

    @classmethod
    def new(cls, scope: Scope, holder: Holder, now: float) -> LockFlag:
        """The flag of a holder who takes or renews a lock at ``now`` (seconds since 1970)."""
        # Rounded up to a whole minute: a lease is never shorter than promised.
        return cls(scope.key, holder, -int(-(now + LEASE) // 60))

    @classmethod
    def parse(cls, tag: str) -> LockFlag | None:
        """Parse a tag's name; ``None`` when it is not a flag."""
        found = _FLAG.fullmatch(tag)
        return cls(found[1], Holder(found[2], found[3]), int(found[4], 36)) if found else None

    @property
    def name(self) -> str:
        """The tag's name."""
        who = self.holder
        return f"{FLAG}.{self.key}.{who.who}.{who.nonce}.{_base36(self.minute, 5)}"

    @property
    def expires_at(self) -> float:
        """Expiry time in seconds since 1970."""
        return self.minute * 60.0

    def has_expired(self, now: float) -> bool:
        """True once other runs may ignore and delete it."""
        return now > self.expires_at + SKEW

    def may_write(self, now: float) -> bool:
        """True as long as the holder itself may rely on it."""
        return now < self.expires_at - SKEW


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a lock cannot be taken.

    Attributes:
        scope: the conflicting lock.
        flag: the flag of its holder; ``None`` while a run is taking or releasing it.
        since: when it was taken, in seconds since 1970; ``None`` when unknown.
    """

    scope: Scope
    flag: LockFlag | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class LockState:
    """The locks of an account, as one list of its tags shows them.

    Attributes:
        mutexes: ``created_at`` of each mutex tag in seconds since 1970, ``None`` when unknown.
        flags: every flag, expired ones included.
    """

    mutexes: Mapping[str, float | None] = field(default_factory=dict)
    flags: tuple[LockFlag, ...] = ()

    def flags_of(self, scope: Scope) -> tuple[LockFlag, ...]:
        """All flags of one lock."""
        return tuple(flag for flag in self.flags if flag.key == scope.key)

    def expired(self, scope: Scope, now: float) -> tuple[LockFlag, ...]:
        """The expired flags of one lock."""
        return tuple(flag for flag in self.flags_of(scope) if flag.has_expired(now))

    def scope(self, flag: LockFlag) -> Scope:
        """The lock of a flag; the stack's name is known only while its mutex tag exists."""
        stacks = (mutex.partition(".")[2] for mutex in self.mutexes if "." in mutex)
        known = (ACCOUNT, *map(scope_of, stacks))
        unknown = Scope("", flag.key, f"a stack ({flag.key})")
        return next((scope for scope in known if scope.key == flag.key), unknown)

    def obstacle(self, scopes: Iterable[Scope], holder: Holder, now: float) -> Obstacle | None:
        """Why this holder cannot have these locks, ``None`` when it can.

        The account lock conflicts with the locks of all other holders: while a run removes
        protection, no other stack may start to rely on it.
        """
        wanted = tuple(scopes)
        for flag in self.flags:
            if flag.holder != holder and not flag.has_expired(now) and _conflicts(flag, wanted):
                scope = self.scope(flag)
                return Obstacle(scope, flag, self.mutexes.get(scope.mutex))
        return next((found for scope in wanted if (found := self._being_taken(scope, now))), None)

    def _being_taken(self, scope: Scope, now: float) -> Obstacle | None:
        if scope.mutex not in self.mutexes or self.flags_of(scope):
            return None
        since = self.mutexes[scope.mutex]
        fresh = since is None or now <= since + GRACE
        return Obstacle(scope, None, since) if fresh else None


def _conflicts(flag: LockFlag, wanted: tuple[Scope, ...]) -> bool:
    keys = {scope.key for scope in wanted}
    return flag.key in keys or ACCOUNT.key in (flag.key, *keys)
