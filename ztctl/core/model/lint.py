"""Warnings: a code for each kind of them, and what silences one.

A silence hides a warning, and nothing else: errors and refusals carry no code, who reaches what is
shown by the plan in any case, and what could not be read and may decide about it is not silenced.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ztctl.core.model.diagnostics import Problem, Severity, Where


class Code(StrEnum):
    """The codes of all warnings of validate and plan; docs/reference/checks.md tells of each."""

    NO_ONE_ENTERS = "no-one-enters"
    OTP_EVERYONE = "otp-everyone"
    UNTESTED_RULE = "untested-rule"
    SHADOWED_RULE = "shadowed-rule"
    SESSION_SHADOWED = "session-shadowed"
    SESSIONS_DIFFER = "sessions-differ"
    NOT_PROXIED = "not-proxied"
    TUNNEL_WIDE_ACCESS = "tunnel-wide-access"
    ODD_RULE = "odd-rule"
    RAW_TCP = "raw-tcp"
    SSH_PATH = "ssh-path"
    BROWSER_TERMINAL = "browser-terminal"
    PRINCIPAL_COLLISION = "principal-collision"
    SYSTEM_PRINCIPAL = "system-principal"
    UNLOGGED_SSH = "unlogged-ssh"
    NO_AUDIT_KEY = "no-audit-key"
    AUDIT_SSH_ENDED = "audit-ssh-ended"
    DOTTED_TAG = "dotted-tag"
    DEEP_NAME = "deep-name"
    CA_LEFT_LIVE = "ca-left-live"
    RENAME_LOSES_CA = "rename-loses-ca"
    SAME_NAME_LIVE = "same-name-live"
    RENAMED_TUNNEL = "renamed-tunnel"
    KEPT_IN_USE = "kept-in-use"
    REMOVED_STAYS = "removed-stays"
    LIVE_ALREADY = "live-already"
    OVER_LIMIT = "over-limit"
    UNREAD_ZONE = "unread-zone"
    KEY_FILE_STALE = "key-file-stale"
    KEY_FILE_UNWRITABLE = "key-file-unwritable"
    SILENCE_WITHOUT_REASON = "silence-without-reason"
    SILENCE_UNKNOWN = "silence-unknown"
    SILENCE_UNUSED = "silence-unused"


# The account decides whether there is one, so that a silence may be of use another day.
BY_ACCOUNT: Final = frozenset(
    {
        Code.NO_ONE_ENTERS,
        Code.SESSIONS_DIFFER,
        Code.DEEP_NAME,
        Code.NO_AUDIT_KEY,
        Code.AUDIT_SSH_ENDED,
        Code.CA_LEFT_LIVE,
        Code.RENAME_LOSES_CA,
        Code.SAME_NAME_LIVE,
        Code.RENAMED_TUNNEL,
        Code.KEPT_IN_USE,
        Code.REMOVED_STAYS,
        Code.LIVE_ALREADY,
        Code.OVER_LIMIT,
        Code.KEY_FILE_STALE,
        Code.KEY_FILE_UNWRITABLE,
    }
)
# What was not read may open a host; and a silence is not told by another one.
NEVER_SILENT: Final = frozenset(
    {
        Code.UNREAD_ZONE,
        Code.SILENCE_WITHOUT_REASON,
        Code.SILENCE_UNKNOWN,
        Code.SILENCE_UNUSED,
    }
)
SILENCEABLE: Final = frozenset(Code) - NEVER_SILENT


def warning(
    code: Code, text: str, where: Where | None = None, hint: str = "", *, about: str = ""
) -> Problem:
    """A warning; with ``about`` the text is one that may be true of others, too."""
    summary = f"{about}: {text}" if about else text
    return Problem(summary, where, hint, Severity.WARNING, code.value, about)


def remark(text: str, where: Where, hint: str = "") -> Problem:
    """A warning about a file that is not ztctl's: it has no code, and nothing silences it."""
    return Problem(text, where, hint, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Silence:
    """A warning that the files take back, or mean to.

    Attributes:
        code: as it is written.
        where: where the silence stands.
        line: the line of that file whose warnings are meant; ``None``: all of the files.
    """

    code: str
    reason: str
    where: Where
    line: int | None = None

    @property
    def _fault(self) -> Problem | None:
        if self.code not in SILENCEABLE:
            known = sorted(SILENCEABLE)
            near = difflib.get_close_matches(self.code, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"codes are {', '.join(known)}"
            text = f"there is no warning with the code {self.code!r}"
            if self.code in NEVER_SILENT:
                text, hint = f"{self.code} cannot be silenced", "put right what it tells of"
            return warning(Code.SILENCE_UNKNOWN, text, self.where, hint)
        if not self.reason:
            text = f"{self.code} is not silenced without a reason"
            hint = f"write one: `# ztctl: ignore[{self.code}] REASON`"
            return warning(Code.SILENCE_WITHOUT_REASON, text, self.where, hint)
        return None

    def covers(self, problem: Problem) -> bool:
        """Whether this silences the problem."""
        if problem.code != self.code or self._fault is not None:
            return False
        if self.line is None:
            return True
        where = problem.where
        return where is not None and (where.file, where.line) == (self.where.file, self.line)

    def fault(self, found: Iterable[Problem]) -> Problem | None:
        """What is wrong with the silence itself; ``found`` as in ``faults``."""
        if self._fault is not None:
            return self._fault
        if self.code in BY_ACCOUNT or any(map(self.covers, found)):
            return None
        text = f"{self.code} is silenced, and nothing here gives that warning"
        return warning(Code.SILENCE_UNUSED, text, self.where, "take the silence out")


def faults(silences: Iterable[Silence], found: Sequence[Problem]) -> Iterator[Problem]:
    """What is wrong with silences; ``found`` are all problems that the files alone tell."""
    return filter(None, (silence.fault(found) for silence in silences))


def audible(problems: Iterable[Problem], silences: Iterable[Silence]) -> Iterator[Problem]:
    """The problems that no silence covers."""
    known = tuple(silences)
    return (item for item in problems if not any(it.covers(item) for it in known))
