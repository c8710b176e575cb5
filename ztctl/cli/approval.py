"""Ask a person for approval."""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import TYPE_CHECKING

from ztctl.cli.exits import Exit
from ztctl.core.model.diagnostics import Failure

if TYPE_CHECKING:
    from ztctl.views.view import View


def approved(
    view: View,
    question: str,
    *,
    auto_approve: bool,
    waiting: str = "there are changes to apply",
    flags: str = "--auto-approve",
) -> Exit | None:
    """Ask for approval; ``None`` when it is given, else the exit code.

    Without a terminal nothing can be asked, which counts as wrong usage.
    """
    if auto_approve:
        return None
    view.close()
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        view.failure(Failure(f"{waiting} and nobody to ask", f"pass {flags}"))
        return Exit.USAGE
    if ask(f"\n{question} Only 'yes' is a yes: ").strip() == "yes":
        return None
    view.note("Declined: nothing was changed.")
    return Exit.ERROR


def ask(question: str) -> str:
    """Ask a person at the terminal; the line that was typed, cut short at the end of input.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    # asyncio's SIGINT handler cancels the task only when the loop runs again, that is after Enter.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.stderr.write(question)
        sys.stderr.flush()
        _wait_for_line()
        line = sys.stdin.readline()
    finally:
        signal.signal(signal.SIGINT, before)
    if not line.endswith("\n"):
        sys.stderr.write("\n")
    return line


def _wait_for_line() -> None:
    """Return when standard input can be read; signals are handled meanwhile.

    A signal that arrives just before ``read(2)`` blocks, or in another thread, does not interrupt
    it: Python's handler would run after Enter only. The wakeup descriptor is written in any case.
    """
    if os.name == "nt":  # where only sockets can be waited for
        return
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.set_wakeup_fd(wake)
    try:
        while sys.stdin not in select.select([sys.stdin, woken], [], [])[0]:
            os.read(woken, 1)
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wake)
