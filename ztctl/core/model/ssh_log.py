"""What a log of sshd, cloudflared or an SSH client says, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class LogKind(StrEnum):
    """Who wrote a line of a log."""

    SSHD = "sshd"
    CLOUDFLARED = "cloudflared"
    SSH = "ssh"


class LoginEnd(StrEnum):
    """How an attempt to log in ended, as far as the log tells."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class LogCause:
    """Something that is wrong.

    Attributes:
        id: short and lasting, such as ``not-a-principal``.
        words: what is wrong.
        remedy: what to do about it.
    """

    id: str
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Attempts to log in that were alike: the same person, account, end and causes.

    Attributes:
        kind: whose log tells of them.
        who: the key id of the certificate, usually an e-mail address; empty: not seen.
        user: the account; empty: not seen.
        ca: fingerprint of the CA that signed, as ``SHA256:…``; empty: not seen.
        ports: of the client's side, the first ones; empty where the log names none.
        line: where the first of them begins in the log, counted from one.
        text: the line that told most, as it was written.
    """

    kind: LogKind
    end: LoginEnd
    who: str
    user: str
    ca: str
    causes: tuple[LogCause, ...]
    count: int
    ports: tuple[int, ...]
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class LogReading:
    """What was read of a log.

    Attributes:
        name: the file.
        kinds: who wrote it, as far as it was recognised; empty: nobody known.
        lines: how many there are.
        attempts: worst first: refused, then unclear, then accepted.
        known_cas: how many CAs the fingerprints were compared with.
    """

    name: str
    kinds: tuple[LogKind, ...]
    lines: int
    attempts: tuple[LoginAttempt, ...]
    known_cas: int = 0

    @property
    def has_fault(self) -> bool:
        """Whether anything was refused, or ended without a word."""
        return any(it.end is not LoginEnd.ACCEPTED or it.causes for it in self.attempts)

    def count(self, ends: Iterable[LoginEnd]) -> int:
        """How many attempts ended so."""
        wanted = frozenset(ends)
        return sum(it.count for it in self.attempts if it.end in wanted)
