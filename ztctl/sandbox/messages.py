"""What goes in and comes out: plain frozen values, no HTTP library."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Object = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]
Fate = Literal["answer", "reset", "hang"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    `path` is as sent: percent-encoded, without the query, with the `/client/v4` prefix.
    `query` is decoded, in order, repetitions kept; header names are lower case.
    Neither headers nor body are printed: they hold tokens and secrets.
    """

    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, or what happens instead of it.

    `fate` is `answer` in ordinary life; a scripted fault may say `reset` or `hang`, and the
    transport then breaks the connection or stays silent instead of sending the rest. `seconds`
    is how long the transport waits before either.
    """

    status: int
    headers: Pairs = ()
    body: bytes = field(default=b"", repr=False)
    fate: Fate = "answer"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers, before it is wrapped in the envelope.

    `kind` names the objects in `result`, so that awkward spellings know what they spell;
    `info` is the `result_info` of a list.
    """

    result: Any
    status: int = 200
    kind: str = ""
    info: Object | None = None
    messages: tuple[Object, ...] = ()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request as the sandbox saw it.

    `path` is without the `/client/v4` prefix; `status` 0 means that nothing was done and nothing
    sent. `time` is when it came, aware, by the sandbox's clock; `seconds` how long its answer
    was held back.
    """

    method: str
    path: str
    query: Pairs
    body: bytes = field(repr=False)
    status: int
    time: datetime
    seconds: float = 0.0
