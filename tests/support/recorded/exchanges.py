"""Recorded requests and replies, as fixtures of tests. Their sources: `README.md` beside this."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

FILE = Path(__file__).with_name("exchanges.jsonl")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply. `status` None: the recording does not tell it."""

    line: int
    kind: str
    recorded: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    request: Any
    status: int | None
    response: Any

    @property
    def result(self) -> Any:
        """The result of the reply."""
        return self.response["result"]

    @property
    def below(self) -> str:
        """The path below the account, or the whole path."""
        parts = self.path.split("/", 3)
        return parts[3] if parts[1] == "accounts" else self.path

    def __str__(self) -> str:
        return f"{self.line} {self.method} {self.below}"


def _read(line: str) -> Exchange:
    raw = json.loads(line)
    members = ("line", "kind", "recorded", "method", "path", "request", "status", "response")
    return Exchange(query=tuple(parse_qsl(raw["query"])), **{name: raw[name] for name in members})


EXCHANGES = tuple(map(_read, FILE.read_text(encoding="utf-8").splitlines()))
BY_LINE = {one.line: one for one in EXCHANGES}
