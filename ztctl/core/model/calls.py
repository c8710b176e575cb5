"""API requests as values, failed requests, and the generators (flows) that yield requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ztctl.core.model.diagnostics import ZtctlError

# The service may send anything: code that reads a reply checks the types.
Json = Any

T = TypeVar("T")
# What of an object of a reply may be written into a file.
Keep = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def only(*members: str) -> Keep:
    """Keep these members of an object, where it has them."""
    return lambda raw: {name: raw[name] for name in members if name in raw}


@dataclass(frozen=True, slots=True)
class Passing:
    """A failure that passes by itself, because the service is eventually consistent there.

    Attributes:
        status: HTTP status.
        text: regular expression, searched in the ``code message`` of all errors.
        seconds: for how long the call is repeated, at most.
    """

    status: int
    text: str = ""
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the Cloudflare API.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: path below ``/client/v4``; ``{account}`` is replaced by the account id.
        body: JSON body; ``None`` sends none.
        query: query parameters without paging, which the client adds.
        per_page: page size; if positive, all pages are read and the reply is one list.
        members: of a list, what each object must have as text beside its identity. A list that
            states any is checked also if it has no pages.
        permission: the token permission by its name in the dashboard, without Read or Edit.
        optional: treat a 404 as success; the reply is ``None``.
        absent: error code that such a 404 must have; 0 for any. A 404 with another code does not
            prove that the object is missing.
        patience: failures after which the call is repeated for a while.
        needs_lock: a write is not sent, or not again, once the run's lock has ended.
        keep: what a snapshot keeps of each object of the reply; ``None``: all that is no credential
            by its name.
    """

    method: str
    path: str
    body: Json = None
    query: tuple[tuple[str, str], ...] = ()
    per_page: int = 0
    members: tuple[str, ...] = ()
    permission: str = ""
    optional: bool = False
    absent: int = 0
    patience: tuple[Passing, ...] = ()
    needs_lock: bool = True
    keep: Keep | None = field(default=None, compare=False, repr=False)

    @property
    def writes(self) -> bool:
        """Whether the call may change the account."""
        return self.method != "GET"

    @property
    def is_list(self) -> bool:
        """Whether the reply is a list, read whole and checked."""
        return self.per_page > 0 or bool(self.members)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def permission_of(call: Call) -> str:
    """Name the permission with its level: Read for GET, Edit for writes, unless it states one."""
    if not call.permission or call.permission.endswith(("· Read", "· Edit")):
        return call.permission
    return f"{call.permission} · {'Edit' if call.writes else 'Read'}"


@dataclass(frozen=True, slots=True)
class ApiMessage:
    """One entry of ``errors`` in a reply's envelope."""

    code: int
    message: str
    pointer: str = ""


class CallFailed(ZtctlError):
    """A call that failed; thrown into the flow that yielded it.

    Attributes:
        call: the failed call; ``None`` if none was sent or several failed together.
        status: HTTP status; ``None`` without a response.
        errors: error messages of the envelope.
        lost: no usable response arrived, so that the write may have been done.
        hint: what to do about it.
    """

    def __init__(
        self,
        call: Call | None,
        summary: str,
        *,
        status: int | None = None,
        errors: tuple[ApiMessage, ...] = (),
        lost: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(summary)
        self.call = call
        self.summary = summary
        self.status = status
        self.errors = errors
        self.lost = lost
        self.hint = hint

    @property
    def is_forbidden(self) -> bool:
        """Whether the token lacks the permission for the call."""
        return self.status == 403

    @property
    def leaves_gap(self) -> bool:
        """Whether what was asked for counts as not read, where that can be told: never as absent.

        The token lacks the permission, or a snapshot does not hold it.
        """
        return self.is_forbidden

    @property
    def says_exists(self) -> bool:
        """Whether what was to be created exists already.

        Of tags the text is known from reports of other clients, the status is not: either counts.
        """
        return self.status == 409 or any(
            "resource_already_exists" in error.message for error in self.errors
        )

    def has_code(self, *codes: int) -> bool:
        """Whether an error of the reply has one of these codes."""
        return any(error.code in codes for error in self.errors)

    @property
    def passes_within(self) -> float:
        """Seconds after which the call's ``patience`` with this failure ends; 0 without any."""
        told = " ".join(f"{error.code} {error.message}" for error in self.errors)
        patience = self.call.patience if self.call is not None else ()
        fitting = [it for it in patience if it.status == self.status and re.search(it.text, told)]
        return max((it.seconds for it in fitting), default=0.0)


@dataclass(frozen=True, slots=True)
class LiveObjects:
    """A request for the live objects of another kind, read once for all kinds that need them."""

    kind: str


# A flow yields a call, or a tuple of calls to send concurrently, and is sent the reply or replies.
Flow = Generator["Call | tuple[Call, ...]", Json, T]
# Only reading flows may also request the live objects of other kinds.
ReadFlow = Generator["Call | LiveObjects | tuple[Call | LiveObjects, ...]", Json, T]
