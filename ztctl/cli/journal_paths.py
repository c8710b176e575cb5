"""Locations of journals, below the state folder or ``--journal FILE``; and who writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ztctl.cli.settings import STATE, Settings, is_ci
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.runs.locks import Holder
from ztctl.documents.mask import Mask
from ztctl.engine.journal import Journal, JournalPaths, journals
from ztctl.views.view import View

FOLDER = "ztctl"
SANDBOX = STATE.with_name("journal.jsonl")


def journal_of(
    chosen: Settings, declared: Declared, account: str, holder: Holder, view: View
) -> Journal:
    """The journal of a run that holds the lock as ``holder``.

    Raises:
        Failure: there is no home folder, or the stack's name cannot be a file's name.
    """
    place = _place(chosen, account, declared.stack)
    mask = Mask(declared.environment)
    who = runner(chosen.environment)
    return Journal(
        place, mask.hide, lambda problem: view.problems([problem]), holder=holder, who=who
    )


def _place(chosen: Settings, account: str, stack: str) -> JournalPaths:
    if chosen.journal is not None:
        return JournalPaths(chosen.journal.parent, chosen.journal.name)
    if chosen.sandbox:
        return JournalPaths(SANDBOX.parent, SANDBOX.name)
    return JournalPaths(_state_folder(chosen), f"{stack}.jsonl", (FOLDER, account))


def journals_of(chosen: Settings, stack: str | None) -> Iterator[tuple[Path, bool]]:
    """Paths of the journals to read, each with whether it holds only runs of ``stack``.

    Raises:
        Failure: there is no home folder.
    """
    if chosen.journal is not None:
        yield chosen.journal, False
    elif chosen.sandbox:
        if SANDBOX.exists():
            yield SANDBOX, False
    else:
        for path in journals(_state_folder(chosen), FOLDER):
            if stack is None or path.stem == stack:
                yield path, True


def _state_folder(chosen: Settings) -> Path:
    """The user's state folder (XDG Base Directory Specification 0.8)."""
    given = Path(chosen.environment.get("XDG_STATE_HOME", ""))
    # The specification requires a relative path to be ignored.
    if given.is_absolute():
        return given
    home = Path(chosen.environment.get("HOME", ""))
    if not home.is_absolute():
        raise Failure("there is no home folder for the journal", "name a file by --journal")
    return home / ".local" / "state"


def runner(environment: Mapping[str, str]) -> str:
    """``ci`` where the variable CI is set, else the name of the user, empty if unknown."""
    if is_ci(environment):
        return "ci"
    names = (environment.get(name) for name in ("USER", "LOGNAME", "USERNAME"))
    return next((name for name in names if name), "") or _name_by_number()


def _name_by_number() -> str:
    """The name of the user who runs the process, where the system knows one."""
    with suppress(ImportError, AttributeError, KeyError):
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    return ""
