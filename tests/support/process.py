"""The command line as a process of its own, and how a command ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
