"""Read ssh_config as ssh would, without running anything of it.

``ssh -G`` would run the command of each ``Match exec``: a login, and a certificate. Here such a
``Match`` counts as true. Source: ssh_config(5); the first value counts; an ``Include`` belongs to
the block in which it stands, and relative paths begin in ``~/.ssh``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ztctl.core.model.globs import glob_matches

# A keyword is followed by blanks or by one `=` with blanks around it (ssh_config(5)).
LINE: Final = re.compile(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*")
_DEEPEST: Final = 8
_MOST_FILES: Final = 200
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a configuration."""

    keyword: str
    value: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """As ``FILE:LINE``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What is in force for one host.

    Attributes:
        first: by keyword in small letters the value that counts, the first one.
        lines: every line of every file that was read, whatever host it is for.
    """

    first: Mapping[str, Setting]
    lines: tuple[Setting, ...]

    def value(self, keyword: str) -> Setting | None:
        """The value of a keyword in small letters; ``None``: it is not set."""
        return self.first.get(keyword)


def read_config(path: Path, host: str, home: Path) -> ClientConfig:
    """Read a configuration and what it includes, for a host as it is typed."""
    reader = _ConfigReader(host, home)
    reader.read(path, 0, active=True)
    return ClientConfig(reader.first, tuple(reader.lines))


@dataclass(slots=True)
class _ConfigReader:
    host: str
    home: Path
    first: dict[str, Setting] = field(default_factory=dict)
    lines: list[Setting] = field(default_factory=list)
    files: int = 0

    def read(self, path: Path, depth: int, *, active: bool) -> None:
        """Read one file; ``active``: the block in which it is included is in force."""
        self.files += 1
        if depth > _DEEPEST or self.files > _MOST_FILES:
            return
        try:
            text = path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")
        except OSError:
            return
        inside = active
        for number, line in enumerate(text.splitlines(), 1):
            found = LINE.fullmatch(line)
            if found is None or line.lstrip().startswith("#"):
                continue
            setting = Setting(found[1].lower(), found[2], str(path), number)
            self.lines.append(setting)
            if setting.keyword in ("host", "match"):
                inside = active and self._matches(setting)
            elif setting.keyword == "include":
                for included in self._included(setting.value):
                    self.read(included, depth + 1, active=inside)
            elif inside:
                self.first.setdefault(setting.keyword, setting)

    def _included(self, value: str) -> Iterator[Path]:
        for word in _words(value):
            pattern = word.replace("~/", f"{self.home}/", 1) if word.startswith("~/") else word
            path = Path(pattern)
            if not path.is_absolute():
                path = self.home / ".ssh" / path
            if "*" in path.name or "?" in path.name:
                yield from sorted(path.parent.glob(path.name))
            else:
                yield path

    def _matches(self, setting: Setting) -> bool:
        words = _words(setting.value)
        if setting.keyword == "host":
            return self._is_one_of(words)
        at, true = 0, True
        while at < len(words):
            criterion = words[at].lower().lstrip("!")
            if criterion in ("all", "canonical", "final"):
                at += 1
                continue
            if criterion in ("host", "originalhost") and at + 1 < len(words):
                said = self._is_one_of(words[at + 1].split(","))
                true = true and said is not words[at].startswith("!")
            # Who types and what a command says is not known from here: it counts as true.
            at += 2
        return true

    def _is_one_of(self, patterns: list[str]) -> bool:
        true = False
        for pattern in patterns:
            # Patterns of ssh_config: `*` is any text, dots included, and `?` one character.
            if glob_matches(pattern.lstrip("!").lower()[:300], self.host, one="?"):
                if pattern.startswith("!"):
                    return False
                true = True
        return true


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()
