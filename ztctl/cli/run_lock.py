"""The account's lock, in the name of the user, and what this machine knows of its holders."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ztctl.cli.journal_paths import journals_of, runner
from ztctl.core.model.diagnostics import Failure
from ztctl.core.runs.journal import process_of
from ztctl.core.runs.locks import Holder
from ztctl.engine.journal import lines
from ztctl.engine.lock import Lock
from ztctl.engine.processes import Process

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.client import Client
    from ztctl.views.view import View


def lock_of(chosen: Settings, client: Client, stack: str, wait: float, view: View) -> Lock:
    """The lock of a run of the user whom the environment names; ``client`` writes under it."""
    clock = client.service_clock
    lock = Lock(
        Holder.named(stack, runner(chosen.environment), secrets.randbelow),
        wait,
        view.note,
        now=clock.now,
        skew=lambda: clock.skew,
        is_dead=lambda holder: is_dead(holder, chosen),
    )
    client.withhold = lock.withheld
    return lock


def is_dead(holder: Holder, chosen: Settings) -> bool:
    """Whether a holder of the lock is a run in this user's journals whose process is dead.

    Whatever cannot be told counts as alive.
    """
    # Suppressed: no home folder, or a journal that cannot be read.
    with suppress(Failure):
        for path, _ in journals_of(chosen, None):
            with suppress(Failure):
                process = Process.of(process_of(lines(path), str(holder)))
                if process is not None:
                    return process.is_dead()
    return False
