"""The account's lock as data: the names of the Access tags that are its flags.

A flag is a lease. Its name holds everything::

    lock-ztctl-k3x9-alice-8f2kq-hnm4c
               │    │     │     └ expiry: minutes since 1970, in base 36
               │    │     └ nonce: random, tells runs of one user apart
               │    └ user name, or ``ci``: at most seven characters
               └ digest of the stack's name

Tag names have at most 35 characters (Cloudflare documentation, account limits), which this uses up.
No mark is a flag and no flag a mark, whatever a stack is called: marks in tags begin with
``ztctl-``, flags with ``lock-``. Letters, digits and hyphens alone are used, of which it is known
that tags may hold them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

FLAG = "lock-ztctl-"
NOBODY = "someone"
# Seconds until a flag expires unless it is renewed. Longer than the five minutes for which the API
# blocks a client that exceeded its rate limit: a blocked run must be able to renew afterwards.
LEASE = 15 * 60
# Seconds by which a machine's clock may differ from the service's. Holder and others each keep this
# margin, and without it nobody takes the lock.
SKEW = 60

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_STACK, _WHO, _NONCE, _MINUTE = 4, 7, 5, 5
_NAME = re.compile(FLAG + r"([0-9a-z]{4})-([a-z0-9-]{1,7})-([0-9a-z]{5})-([0-9a-z]{5})", re.ASCII)


def is_lock(tag: str) -> bool:
    """True for the name of a flag; plans ignore these tags."""
    return _NAME.fullmatch(tag) is not None


def digest(stack: str) -> str:
    """Four characters of the SHA-256 of a stack's name."""
    number = int.from_bytes(hashlib.sha256(stack.encode()).digest()[:8], "big")
    return _base36(number, _STACK)


@dataclass(frozen=True, slots=True)
class Holder:
    """One run: the digest of its stack, a user name (or ``ci``) and a random nonce."""

    stack: str
    who: str
    nonce: str

    @classmethod
    def named(cls, stack: str, name: str, below: Callable[[int], int]) -> Holder:
        """Make a holder; ``below(n)`` returns a random integer in ``range(n)``."""
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).strip("-")[:_WHO]
        nonce = _base36(below(36**_NONCE), _NONCE)
        return cls(digest(stack), plain.strip("-") or NOBODY, nonce)

    def __str__(self) -> str:
        return f"{self.stack}-{self.who}-{self.nonce}"


@dataclass(frozen=True, slots=True)
class LockFlag:
    """One holder's lease; ``minute`` is its expiry in minutes since 1970."""

    holder: Holder
    minute: int

    @classmethod
    def new(cls, holder: Holder, now: float) -> LockFlag:
        """The flag of a holder who takes or renews the lock at ``now`` (seconds since 1970)."""
        # Rounded up to a whole minute: a lease is never shorter than promised.
        return cls(holder, -int(-(now + LEASE) // 60))

    @classmethod
    def parse(cls, tag: str) -> LockFlag | None:
        """Parse a tag's name; ``None`` when it is not a flag."""
        found = _NAME.fullmatch(tag)
        return cls(Holder(found[1], found[2], found[3]), int(found[4], 36)) if found else None

    @property
    def name(self) -> str:
        """The tag's name."""
        return f"{FLAG}{self.holder}-{_base36(self.minute, _MINUTE)}"

    @property
    def expires_at(self) -> float:
        """Expiry time in seconds since 1970."""
        return self.minute * 60.0

    @property
    def raised_by(self) -> float:
        """When it was raised or renewed at the latest, in seconds since 1970."""
        return self.expires_at - LEASE

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
