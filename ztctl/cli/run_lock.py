"""The lock of an apply, in the name of the user."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from ztctl.core.runs.locks import Holder
from ztctl.engine.lock import Lock, Note


def lock_of(environment: Mapping[str, str], wait: float, note: Note) -> Lock:
    """The lock of a run of the user whom the environment names."""
    return Lock(Holder.named(runner(environment), secrets.randbelow), wait, note)


def runner(environment: Mapping[str, str]) -> str:
    """``ci`` where the variable CI is set, else the name of the user, empty if unknown."""
    if environment.get("CI", "").lower() not in ("", "0", "false"):
        return "ci"
    names = (environment.get(name) for name in ("USER", "LOGNAME", "USERNAME"))
    return next((name for name in names if name), "")
