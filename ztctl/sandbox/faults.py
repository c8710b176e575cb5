"""Scripted faults: errors, delays and broken connections for the n-th matching request.

Faults are deterministic. One that strikes after the request was handled tests how a client copes
with a lost response: the write has happened, the client does not know. A scripted response is
sent as it is: it does not count against the rate limit and has no rate limit headers.
"""

from __future__ import annotations

import json
import math
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict, Unpack, get_args

from ztctl.sandbox.envelope import JSON_TYPE, refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Pairs, Response

Kind = Literal[
    "status",
    "unsuccessful",
    "body",
    "slow",
    "reset_before",
    "reset_after",
    "hang",
    "hang_after",
]
Body = bytes | str | Object | None

_AFTER = ("body", "slow", "reset_after", "hang_after")
_NO_BODY = (204, 304)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t -~]*")


@dataclass(slots=True)
class Fault:
    """One scripted fault. `seen` counts the matching requests, `hits` those that it affected."""

    method: str | None
    path: re.Pattern[str]
    kind: Kind
    nth: int
    times: int | None
    answer: Response
    keep_status: bool
    seconds: float = 0.0
    seen: int = 0
    hits: int = 0

    @property
    def lets_through(self) -> bool:
        """Whether the request is handled first, so that its writes happen."""
        return self.kind in _AFTER

    def strikes(self, method: str, path: str) -> bool:
        """Count a request if it matches; True if the fault applies to it."""
        if self.method not in (None, method) or self.path.search(path) is None:
            return False
        self.seen += 1
        past = self.seen - self.nth
        struck = past >= 0 and (self.times is None or past < self.times)
        self.hits += struck
        return struck

    def fate_of(self, handled: Response | None) -> Response:
        """The response to send; `handled` is the real one if the request was handled.

        The status is 0 if the request was not handled and nothing is sent.
        """
        return replace(self._fate_of(handled), seconds=self.seconds)

    def _fate_of(self, handled: Response | None) -> Response:
        real = handled or Response(0)
        if self.kind == "slow":
            return real
        if self.kind.startswith("reset"):
            return replace(real, fate="reset")
        if self.kind.startswith("hang"):
            return replace(real, fate="hang")
        if handled is not None and self.keep_status:
            return replace(self.answer, status=handled.status)
        return self.answer


class FaultScript(TypedDict, total=False):
    """The arguments of `scripted`."""

    kind: Kind
    method: str | None
    path: str
    nth: int
    times: int | None
    status: int | None
    body: Body
    headers: dict[str, str] | None
    seconds: float


@dataclass(slots=True)
class Faults:
    """All scripted faults. If several apply to one request, the first added wins."""

    script: list[Fault] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **script: Unpack[FaultScript]) -> Fault:
        """Add a fault; arguments as of `scripted`."""
        fault = scripted(**script)
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self.script.clear()

    def striking(self, method: str, path: str) -> Fault | None:
        """The fault that applies to this request, or None. Every matching fault counts it."""
        # A list and not a generator: every matching fault has to count the request.
        with self._mutex:
            struck = [fault for fault in self.script if fault.strikes(method, path)]
        return struck[0] if struck else None


def scripted(
    *,
    kind: Kind = "status",
    method: str | None = None,
    path: str = "",
    nth: int = 1,
    times: int | None = 1,
    status: int | None = None,
    body: Body = None,
    headers: dict[str, str] | None = None,
    seconds: float = 0,
) -> Fault:
    """Create a fault that applies to `times` matching requests (None: all) from the `nth` on.

    `path` is a regular expression, searched in the path without `/client/v4`. Without method and
    path every request matches. Counting starts when the fault is added: `nth` 1 is the next
    matching request. Kinds:

    - `status`: not handled, answered with `status` (default 500);
    - `unsuccessful`: not handled, answered with `success: false` and a 2xx status (default 200);
    - `body`: handled, answered with this body (and status, if given);
    - `slow`: handled, answered normally after `seconds`;
    - `reset_before`, `hang`: not handled, the connection is reset or never answered;
    - `reset_after`, `hang_after`: handled, then the same.

    Every kind waits `seconds` first. Raises ValueError for arguments out of range and an invalid
    regular expression or header.
    """
    if kind not in get_args(Kind) or nth < 1 or (times is not None and times < 1):
        raise ValueError("unknown kind of fault, or nth or times below 1")
    _check_seconds(kind, seconds)
    chosen = status or (200 if kind == "unsuccessful" else 500)
    answer = _answer(chosen, body, _pairs(headers or {}))
    wanted = method.upper() if method else None
    return Fault(wanted, _pattern(path), kind, nth, times, answer, status is None, seconds)


def _check_seconds(kind: Kind, seconds: float) -> None:
    if not 0 <= seconds < math.inf or (kind == "slow" and seconds == 0):
        raise ValueError("seconds must be 0 or more, and for a slow answer more than 0")


def _pattern(path: str) -> re.Pattern[str]:
    try:
        return re.compile(path)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"path is not a regular expression: {error}") from error


def _pairs(headers: dict[str, str]) -> Pairs:
    pairs = tuple((name.lower(), value) for name, value in headers.items())
    for name, value in pairs:
        if _HEADER.fullmatch(f"{name}: {value}") is None:
            raise ValueError("a header must be a plain name and printable ASCII")
    return pairs


def _answer(status: int, body: Body, extra: Pairs) -> Response:
    if not 200 <= status <= 599:
        raise ValueError("status must be from 200 to 599")
    if status in _NO_BODY:
        return Response(status, extra)
    if body is None:
        code = 971 if status == 429 else 10001
        plain = refused(ApiError(status, code, "scripted fault"), "0" * 16)
        return replace(plain, headers=(*plain.headers, *extra))
    if isinstance(body, dict):
        return Response(status, (JSON_TYPE, *extra), json.dumps(body).encode())
    # JSON scripts may hold lone surrogates, which UTF-8 rejects by default.
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    typed = any(name == "content-type" for name, _ in extra)
    return Response(status, extra if typed else (("content-type", "text/html"), *extra), raw)
