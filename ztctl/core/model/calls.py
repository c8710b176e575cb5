"""An API request as a value, and the generators that ask for them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from ztctl.core.model.diagnostics import ZtctlError

# Replies are foreign data: their type is whatever JSON holds, checked by whoever reads them.
Json = Any

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the Cloudflare API.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: below ``/client/v4``; ``{account}`` stands for the account's id.
        body: what is sent as JSON; ``None`` sends no body.
        query: parameters; paging is added by the client.
        per_page: when positive, every page is collected and the reply is one list.
        permission: the token permission by its dashboard name, without its level.
        optional: a 404 is no failure; the reply is ``None``.
        absent: the error code that such a 404 must carry; 0: any. What says something else may
            hide what is there.
        patience: pairs of status and text; a failure that shows one is tried again for a while,
            because the service is known to catch up.
    """

    method: str
    path: str
    body: Json = None
    query: tuple[tuple[str, str], ...] = ()
    per_page: int = 0
    permission: str = ""
    optional: bool = False
    absent: int = 0
    patience: tuple[tuple[int, str], ...] = ()

    @property
    def writes(self) -> bool:
        """True when the call may change the account."""
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class ApiMessage:
    """One entry of the envelope's ``errors``."""

    code: int
    message: str
    pointer: str = ""


class CallFailed(ZtctlError):
    """A call that did not succeed; thrown into the flow that asked for it.

    Attributes:
        call: what was asked; ``None`` when nothing was sent, or no single call is to blame.
        status: HTTP status, ``None`` when no answer came.
        errors: every message of the envelope.
        lost: true when the write may have been done although no answer says so.
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

    def has_code(self, *codes: int) -> bool:
        """True when any message of the envelope carries one of these codes."""
        return any(error.code in codes for error in self.errors)

    def may_pass(self) -> bool:
        """True when the call said that this failure goes away by itself."""
        told = " ".join(f"{error.code} {error.message}" for error in self.errors)
        patience = self.call.patience if self.call is not None else ()
        return any(self.status == status and fragment in told for status, fragment in patience)


@dataclass(frozen=True, slots=True)
class LiveObjects:
    """A request for every live object of another kind, as the same reading has it."""

    kind: str


# A flow yields one call, or several to be sent together, and is sent the reply or the replies.
Flow = Generator["Call | tuple[Call, ...]", Json, T]
# A flow that reads may ask for the objects of other kinds beside its own calls.
ReadFlow = Generator["Call | LiveObjects | tuple[Call | LiveObjects, ...]", Json, T]
