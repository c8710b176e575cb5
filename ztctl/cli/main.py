"""The entry point: runs a command, and turns whatever ends it into words and an exit code."""

from __future__ import annotations

import gc
import os
import sys

from ztctl import __version__
from ztctl.cli.exits import INTERRUPTED, Exit


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_streams()
    sys.exit(_flushed(_run(sys.argv[1:])))


def _run(arguments: list[str]) -> int:
    # Answered before anything is imported: scripts ask for it often.
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
    # Imports make many objects and no rubbish: collecting it costs a fifth of the start.
    gc.set_threshold(200_000, 50, 100)
    # Plugins of other packages have no business here, and looking for them takes time.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _open_streams() -> None:
    """Put nothing in the place of a standard stream that the caller has closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _flushed(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # Python flushes once more when it ends, and must not complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            # That the reader has seen enough changes nothing about what was done.
            if not isinstance(error, BrokenPipeError):
                code = code or Exit.ERROR
    return code
