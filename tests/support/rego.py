"""Evaluate a Rego query in a process of its own: ``python -m tests.support.rego QUERY FILE…``.

The native library of ``regopy`` brings a copy of RE2 with it, and together with that of
``google-re2`` in one process either of them aborts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def evaluated(query: str, rules: Iterable[Path], document: Any) -> Any:
    """The value of a query by these files of rules, for a document as their input."""
    words = [sys.executable, "-m", __name__, query, *map(str, rules)]
    done = subprocess.run(
        words, input=json.dumps(document), capture_output=True, text=True, check=True, cwd=ROOT
    )
    (found,) = json.loads(done.stdout)["expressions"]
    return found


def main(query: str, *files: str) -> None:
    """Print what the query gives for the document on standard input."""
    from regopy import Interpreter

    rules = Interpreter()
    for file in files:
        rules.add_module(file, Path(file).read_text(encoding="utf-8"))
    rules.set_input(json.load(sys.stdin))
    sys.stdout.write(str(rules.query(query)))


if __name__ == "__main__":
    main(*sys.argv[1:])
