"""Exit codes. Scripts and schedulers rely on them: they do not change."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of commands."""

    DONE = 0
    """In step, or applied, or nothing to do."""
    ERROR = 1
    """An error; a declined prompt; the first write failed and nothing was done."""
    DIFFERENT = 2
    """Differences, where they were asked for."""
    IN_PART = 3
    """Applied in part."""
    REFUSED = 4
    """A guard, ownership or an invariant forbids it, or a saved plan no longer fits."""
    EXPOSED = 5
    """A host is exposed now, or whether it is cannot be told."""
    USAGE = 64
    """Wrong usage; or changes to apply, no terminal and no ``--auto-approve``."""
    INTERRUPTED = 130
    """Stopped by a person or a service, after saying what was done and what was not."""


def watched(*, exposed: bool = False, unread: bool = False, different: bool = False) -> Exit:
    """The exit code of a command that looks at an account and writes nothing: the first that fits.

    Args:
        exposed: something is open, reachable without a login, or whether it is cannot be told.
        unread: something could not be read that decides nothing about that.
        different: there are differences.
    """
    if exposed:
        return Exit.EXPOSED
    if unread:
        return Exit.ERROR
    return Exit.DIFFERENT if different else Exit.DONE


INTERRUPTED = "\nInterrupted: nothing was changed.\n"


class Ended(Exception):
    """A command has ended early, and its error has been shown."""
