"""What importing the sandbox costs, and that it stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ztctl.sandbox

FOLDER = Path(ztctl.sandbox.__file__).parent
HEAVY = ("starlette", "uvicorn", "httpx", "cryptography", "asyncio", "pydantic")
SCRIPT = f"""
import sys
from ztctl.sandbox import open_sandbox
open_sandbox()
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def imported(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    names = set[str]()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_it_imports_nothing_else_of_ztctl() -> None:
    """No file of the sandbox imports ztctl outside of it."""
    names = {name for file in FOLDER.rglob("*.py") for name in imported(file)}

    ours = {name for name in names if name.split(".")[0] == "ztctl"}
    assert all(name.startswith("ztctl.sandbox") for name in ours)


def test_in_process_use_imports_nothing_heavy() -> None:
    """A sandbox in memory loads neither web server nor HTTP client nor cryptography."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_every_family_names_its_sources() -> None:
    """Every file that declares routes says where its behaviour was learnt."""
    families = [file for file in FOLDER.rglob("*.py") if "FAMILY = Family(" in file.read_text()]

    assert len(families) > 10
    assert all("Source: " in (ast.get_docstring(ast.parse(f.read_text())) or "") for f in families)
