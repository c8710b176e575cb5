"""Draw the screens of the README as SVG: what ztctl prints on a terminal of 80 columns.

usage: scripts/screens.py [FOLDER]    default: docs/screens
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 80
EDITS = {"session_duration: 12h": "session_duration: 4h", "10.1.0.13": "10.1.0.23"}


def printed(folder: Path, *words: str) -> str:
    """What a command prints on a terminal, escapes included."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ztctl", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm", "PYTHONPATH": str(ROOT)},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ):
        os.close(theirs)
        pieces = []
        # A terminal whose other end is closed answers with an error, not with the end of a file.
        with suppress(OSError):
            while piece := os.read(ours, 65536):
                pieces.append(piece)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def drawn(command: str, shown: str) -> str:
    """A screen as SVG; the same text gives the same file."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(shown))
    shown = console.export_svg(title="ztctl", unique_id="ztctl")
    # Nothing is fetched from elsewhere to show it: a font that is there will do.
    return re.sub(r"\s*@font-face \{.*?\}", "", shown, flags=re.DOTALL)


def main(target: Path) -> None:
    """Write both screens: twenty hosts from nothing, and an edit of them."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "team"
        shutil.copytree(ROOT / "examples" / "team", folder)
        words = ("--sandbox", "-f", ".")
        (target / "plan.svg").write_text(drawn("ztctl plan -f .", printed(folder, "plan", *words)))
        printed(folder, "apply", "--auto-approve", *words)
        for path in folder.glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            for old, new in EDITS.items():
                text = text.replace(old, new)
            path.write_text(text, encoding="utf-8")
        (target / "edit.svg").write_text(drawn("ztctl plan -f .", printed(folder, "plan", *words)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens")
