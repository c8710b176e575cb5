"""Requests, responses and log entries as frozen values, independent of an HTTP library."""

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
    Headers and body are not in the repr, as they hold tokens and secrets.
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
    """One HTTP response, or what the transport does instead of sending it.

    `fate` is `answer` unless a scripted fault sets `reset` (abort the connection) or `hang` (send
    nothing). The transport waits `seconds` first.
    """

    status: int
    headers: Pairs = ()
    body: bytes = field(default=b"", repr=False)
    fate: Fate = "answer"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a handler, before it is wrapped in the envelope.

    `kind` is the kind of the objects in `result`, by which awkward mode selects their
    representation; `info` is the `result_info` of a list.
    """

    result: Any
    status: int = 200
    kind: str = ""
    info: Object | None = None
    messages: tuple[Object, ...] = ()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request in the sandbox's log.

    `path` is without the `/client/v4` prefix. `status` 0: not handled, nothing sent. `time` is
    the aware time of arrival by the sandbox's clock, `seconds` the delay of the response.
    """

    method: str
    path: str
    query: Pairs
    body: bytes = field(repr=False)
    status: int
    time: datetime
    seconds: float = 0.0
