"""Parse HTTP responses as the API's envelope; pure, and total over hostile input.

The envelope: ``{success, errors: [{code, message, source?, error_chain?}], messages, result,
result_info?}`` (Cloudflare OpenAPI description, July 2026; ``error_chain`` and plain strings in
place of objects come from older services). ``messages`` are not read. Any 2xx
is a success unless ``success`` is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import NoneType
from typing import Final

from ztctl.cloudflare import jsontext
from ztctl.cloudflare.errors import ApiFailure, BadReply, RateLimited, Unavailable, class_of
from ztctl.cloudflare.sanitize import sanitize
from ztctl.core.model.calls import ApiMessage, Call, Json

MEMBERS: Final = frozenset({"success", "errors", "result"})
MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether it is a 2xx: creating returns 200 or 201, deleting 200 or 202."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class PageInfo:
    """``result_info``; a number that is missing, negative or no integer is ``None``."""

    per_page: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful reply; ``page`` is ``None`` when the list has one page only."""

    result: Json = field(repr=False)
    page: PageInfo | None = None


def read(call: Call, answer: Response, hide: Iterable[str] = ()) -> Reply:
    """Parse the envelope of a response; ``hide`` are secrets that a server might echo.

    Raises:
        CallFailed: one of ``ztctl.cloudflare.errors``; never anything else.
    """
    hidden = tuple(hide)
    if answer.succeeded and not answer.body.strip():
        # Some deletions answer nothing; what a list, a creation or a change answers is needed.
        if call.is_list or call.method in ("POST", "PUT", "PATCH"):
            raise _unusable(call, answer, "nothing, although more was asked for", hidden)
        return Reply(None)
    try:
        envelope = _envelope(jsontext.parse(answer.body))
    except ValueError as reason:
        raise _unusable(call, answer, str(reason), hidden) from None
    if answer.succeeded and envelope.get("success") is not False:
        # An object that is missing from a list is created again.
        if call.is_list and "result" not in envelope:
            raise _unusable(call, answer, "no result, although a list was asked for", hidden)
        return Reply(envelope.get("result"), _page(envelope))
    raise _api_failure(call, answer, tuple(_errors(envelope.get("errors"), hidden)), hidden)


def _envelope(document: Json) -> Mapping[str, Json]:
    if not isinstance(document, dict) or MEMBERS.isdisjoint(document):
        raise ValueError("JSON, but not an envelope of the API")
    # `success` may be missing: the OpenAPI description of deleting a DNS record has `result` only.
    if type(document.get("success")) not in (bool, NoneType):
        raise ValueError("an envelope whose success is neither true nor false")
    return document


def _page(envelope: Mapping[str, Json]) -> PageInfo | None:
    info = envelope.get("result_info")
    if not isinstance(info, dict) or not info:
        return None
    return PageInfo(_count(info.get("per_page")), _count(info.get("total_count")))


def _count(value: Json) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _errors(items: Json, hide: tuple[str, ...]) -> Iterator[ApiMessage]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield _error(item, hide)
            yield from _errors(item.get("error_chain"), hide)
        else:
            yield ApiMessage(0, sanitize(str(item), hide))


def _error(item: Mapping[str, Json], hide: tuple[str, ...]) -> ApiMessage:
    source = item.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return ApiMessage(
        code=_count(item.get("code")) or 0,
        # Some recorded messages end in a new line.
        message=sanitize(str(item.get("message") or "").strip(), hide),
        pointer=sanitize(pointer, hide) if isinstance(pointer, str) else "",
    )


def _api_failure(
    call: Call, answer: Response, errors: tuple[ApiMessage, ...], hide: tuple[str, ...]
) -> ApiFailure:
    return class_of(answer.status, errors)(
        call,
        f"HTTP {answer.status}: {_lines(errors)}",
        status=answer.status,
        errors=errors,
        # After a 5xx the write may have been done or not.
        lost=call.writes and answer.status >= 500,
        ray=sanitize(answer.headers.get("cf-ray", ""), hide),
        retry_after=retry_after(answer.headers),
    )


def _lines(errors: tuple[ApiMessage, ...]) -> str:
    shown = [_line(error) for error in errors[:MOST_SHOWN]]
    if len(errors) > MOST_SHOWN:
        shown.append(f"and {len(errors) - MOST_SHOWN} more")
    return "; ".join(shown) or "no reason given"


def _line(error: ApiMessage) -> str:
    place = f"at {error.pointer}" if error.pointer else ""
    return " ".join(part for part in (str(error.code or ""), error.message, place) if part)


def _unusable(call: Call, answer: Response, reason: str, hide: tuple[str, ...]) -> ApiFailure:
    kind = {429: RateLimited}.get(answer.status, Unavailable if answer.status >= 500 else BadReply)
    return kind(
        call,
        f"HTTP {answer.status}: {_describe(answer, reason, hide)}",
        status=None if kind is BadReply else answer.status,
        lost=call.writes and (answer.succeeded or answer.status >= 500),
        ray=sanitize(answer.headers.get("cf-ray", ""), hide),
        retry_after=retry_after(answer.headers),
    )


def _describe(answer: Response, reason: str, hide: tuple[str, ...]) -> str:
    if 300 <= answer.status < 400:
        return "a redirect, which is never followed: the token must not go elsewhere"
    if not answer.body:
        return "the answer is empty"
    media = sanitize(answer.headers.get("content-type", "no content type"), hide)
    return f"the answer is {reason} ({media}, {len(answer.body)} bytes)"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Parse ``Retry-After`` into seconds; ``None`` when it is absent or invalid.

    A date is measured from the response's own ``Date``, so that a wrong local clock does no harm.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        until, now = map(parsedate_to_datetime, (text, headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
