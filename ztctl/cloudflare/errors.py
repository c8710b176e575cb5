"""Failures of API calls: one class for each remedy.

::

    CallFailed                core: what a flow may catch
    └── ApiFailure            adds the ray id and the wait that the service asks for
        ├── NotAuthorised     401, 403     give the token the permission that is named
        ├── ZeroTrustMissing  code 9999    set up Zero Trust in the dashboard
        ├── NotFound          404          the object does not exist any more
        ├── Conflict          409, exists  another object is in the way
        ├── Rejected          other 4xx    correct what was sent
        ├── Withheld          not sent     what `Client.withhold` says
        ├── NotRecorded       not sent     take a snapshot that holds it
        ├── RateLimited       429          wait
        ├── Unavailable       5xx          try later
        ├── Unreachable       no response  check the network
        └── BadReply          not the API  check --api-url

Codes: Cloudflare OpenAPI description, July 2026, and replies that other clients report. The HTTP
status decides first, because codes are less stable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from ztctl.core.model.calls import ApiMessage, Call, CallFailed, permission_of

ZERO_TRUST_MISSING: Final = 9999


class ApiFailure(CallFailed):
    """A call that did not succeed, with what the response says about it.

    Attributes:
        ray: the ``cf-ray`` id, which Cloudflare's support asks for; empty when there is none.
        retry_after: seconds that the service asks to wait, ``None`` when it does not.
    """

    call: Call
    headline: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    def __init__(
        self,
        call: Call,
        detail: str,
        *,
        status: int | None = None,
        errors: tuple[ApiMessage, ...] = (),
        lost: bool = False,
        hint: str = "",
        ray: str = "",
        retry_after: float | None = None,
    ) -> None:
        lead = f"{self.headline}: " if self.headline else ""
        trace = f" (ray {ray})" if ray else ""
        summary = f"{call}: {lead}{detail}{trace}"
        super().__init__(call, summary, status=status, errors=errors, lost=lost)
        self.hint = hint or self.advice()
        self.ray = ray
        self.retry_after = retry_after

    def advice(self) -> str:
        """The remedy for a failure of this class."""
        return self.remedy


class NotAuthorised(ApiFailure):
    """The token is not valid, or lacks a permission."""

    def advice(self) -> str:
        """Name the permission that the call needs, as the dashboard's token editor does."""
        needed = permission_of(self.call)
        if not needed:
            return "check that the API token is valid and covers this account or zone"
        return f'the API token needs the permission "{needed}" for this account or zone'


class ZeroTrustMissing(ApiFailure):
    """The account has no Zero Trust organisation, and so no Access."""

    headline = "Zero Trust is not set up on this account"
    remedy = "open Zero Trust once in the Cloudflare dashboard and choose a team name"


class NotFound(ApiFailure):
    """What the path names does not exist, or the token cannot see it."""

    remedy = "the object may have been deleted, or belongs to another account"


class Conflict(ApiFailure):
    """Another object exists already, or an earlier change has not propagated yet."""

    remedy = "another object is in the way, or an earlier change has not spread yet"


class Rejected(ApiFailure):
    """The API understood the request and refused its content."""


class Withheld(ApiFailure):
    """The call was not sent, or not again."""


class NotRecorded(ApiFailure):
    """A snapshot stands in for the account, and has no reply to the call."""

    remedy = (
        "take it again, of the whole account or with the files that are looked at: "
        "ztctl snapshot FILE"
    )

    @property
    def leaves_gap(self) -> bool:
        """Always: nobody has asked, so that it says nothing about what there is."""
        return True


class RateLimited(ApiFailure):
    """The rate limit was hit, and waiting did not help."""

    remedy = (
        "wait five minutes: the limit counts the dashboard and all tokens of a user together "
        "(1,200 calls in five minutes)"
    )


class Unavailable(ApiFailure):
    """The service returned a 5xx."""

    remedy = "try again later; https://www.cloudflarestatus.com tells about known trouble"


class Unreachable(ApiFailure):
    """There was no response.

    Attributes:
        connected: false when certainly nothing of the request was sent.
    """

    remedy = "check the network, the proxy settings and --api-url"

    def __init__(self, call: Call, detail: str, *, connected: bool, hint: str = "") -> None:
        super().__init__(call, detail, lost=call.writes and connected, hint=hint)
        self.connected = connected


class BadReply(ApiFailure):
    """The response is not one of the Cloudflare API.

    Its ``status`` is always ``None``: a 404 of a captive portal says nothing about the object.
    """

    remedy = "check --api-url, and whether a proxy or a login page stands in between"


BY_STATUS: Final[Mapping[int, type[ApiFailure]]] = {
    401: NotAuthorised,
    403: NotAuthorised,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}
# DNS answers 400 for a record that exists (81053, 81057, 81058).
BY_CODE: Final[Mapping[int, type[ApiFailure]]] = {
    # 10000 says so with 401 and 403 alone: with 405 it is a method that an address does not take
    # (recorded replies, 2026).
    **dict.fromkeys((6003, 6111, 9109), NotAuthorised),
    **dict.fromkeys((81053, 81057, 81058, 1013, 1014, 11010), Conflict),
}


def class_of(status: int, errors: tuple[ApiMessage, ...]) -> type[ApiFailure]:
    """Choose the class: first by 5xx, then by code 9999, other statuses, other codes."""
    if status >= 500:
        return Unavailable
    if any(error.code == ZERO_TRUST_MISSING for error in errors):
        return ZeroTrustMissing
    if status in BY_STATUS:
        return BY_STATUS[status]
    return next((BY_CODE[error.code] for error in errors if error.code in BY_CODE), Rejected)
