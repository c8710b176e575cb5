"""The real ``ssh`` reads a config; in cloudflared's place stands a program that notes its words."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# Quick, and it never runs what `exec` names but the program of the test.
PATIENCE = 30


@dataclass(frozen=True)
class Recorder:
    """A program that writes down how it was called, and ends with a code."""

    path: Path

    @property
    def calls(self) -> list[list[str]]:
        """The words of each call until now."""
        log = self.path.parent / "calls"
        lines = log.read_text(encoding="utf-8").split("\0\n") if log.exists() else []
        return [line.split("\0") for line in lines if line]

    @classmethod
    def at(cls, path: Path, code: int = 0) -> Recorder:
        """Make one; each word ends in a zero byte, and each call in a line end."""
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = '"$(dirname -- "$0")"'
        script = f"""#!/bin/sh\nprintf '%s\\0' "$@" >> {folder}/calls\necho >> {folder}/calls\n"""
        path.write_text(f"{script}exit {code}\n", encoding="utf-8")
        path.chmod(0o755)
        return cls(path)


@dataclass(frozen=True)
class Ssh:
    """The client, asked how it reads a file."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def reads(self, config: str | Path, host: str) -> dict[str, list[str]]:
        """What it would do for a host: the values of each keyword, in their order."""
        if isinstance(config, str):
            path = self.folder / "config"
            path.write_text(config, encoding="utf-8", errors="surrogateescape")
        else:
            path = config
        done = self.run("-G", "-F", str(path), host)
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = {}
        for line in done.stdout.splitlines():
            keyword, _, value = line.partition(" ")
            found.setdefault(keyword, []).append(value)
        return found

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            ("ssh", *words),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, "SHELL": "/bin/sh", **self.env},
            stdin=subprocess.DEVNULL,
        )


def client(folder: Path) -> Ssh:
    """The client of this machine; where everything is tested there must be one."""
    if shutil.which("ssh") is None:
        if os.environ.get("CI"):
            pytest.fail("the OpenSSH client is not installed")
        pytest.skip("the OpenSSH client is not installed")
    return Ssh(folder)


def first(found: dict[str, list[str]], keywords: Sequence[str]) -> list[str]:
    """The first value of each keyword."""
    return [found[keyword][0] for keyword in keywords]
