"""The command line as a process of its own, and how a command ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "ztctl")
PATIENCE = 45.0
TOKEN = "canary-token-0123456789abcdef"
KEPT = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all that it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything that it said."""
        return self.out + self.err


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A small environment that is the same everywhere; any warning of Python ends the command."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    fixed = {"HOME": str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "80", "TERM": "xterm"}
    return {**kept, **fixed, "PYTHONWARNINGS": "error", **(more or {})}


def started(arguments: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a process that Ctrl-C ends, even where it is ignored here: ignoring is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(arguments, **options)
    finally:
        signal.signal(signal.SIGINT, before)
