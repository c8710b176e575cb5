"""The entry point: run a command and exit with its code."""

from __future__ import annotations

import gc
import os
import signal
import sys

from ztctl import __version__
from ztctl.cli.exits import INTERRUPTED, Exit


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_streams()
    _hear_termination()
    sys.exit(_flushed(_run(sys.argv[1:])))


def _hear_termination() -> None:
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # A job in the background ignores Ctrl-C by inheritance. It is blocked instead, which comes
        # to the same, so that what ends a run in order can be installed, and SIGTERM can use it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: object) -> None:  # noqa: ARG001
    """End as by Ctrl-C: with a word about what was done, and with its exit code.

    Not with 143, by which a shell tells of a process that died without a word.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)


def _run(arguments: list[str]) -> int:
    # Answered before the other modules are imported, which takes time: scripts call it often.
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"ztctl {__version__}\n")
        return Exit.DONE
    _start_fast()
    try:
        from ztctl.cli.app import run

        return run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write(INTERRUPTED)
        return Exit.INTERRUPTED


def _start_fast() -> None:
    # Imports allocate many objects and free few: collecting costs a fifth of the start-up time.
    gc.set_threshold(200_000, 50, 100)
    # Otherwise pydantic searches all installed packages for plugins, which takes time, and runs
    # their code.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _open_streams() -> None:
    """Open the null device for each standard stream that the caller has closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _flushed(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # Python flushes again at exit, and would print the same error then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            # A closed pipe (`| head`) is no failure of the command.
            if not isinstance(error, BrokenPipeError):
                code = code or Exit.ERROR
    return code
