"""Errors of the API: status, code, message, and the `errors` array of the envelope.

Source: Cloudflare OpenAPI description, July 2026 (envelope); codes and messages as third-party
clients have recorded them against the live API. Codes without such a record are marked
"unrecorded" where they are raised: a client may rely on the status only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ztctl.sandbox.messages import Object


class Refusal(NamedTuple):
    """Arguments of an `ApiError` that an endpoint raises in several places."""

    status: int
    code: int
    message: str


@dataclass(eq=False)
class ApiError(Exception):
    """A refused request with the API's status, code and message. Not to be mutated."""

    status: int
    code: int
    message: str
    chain: tuple[tuple[int, str], ...] = ()
    pointer: str = ""
    more: tuple[tuple[int, str], ...] = ()
    bare: bool = False
    """Whether the envelope has neither `result` nor `messages`, as some refusals do (recorded)."""

    def at(self, pointer: str) -> ApiError:
        """A copy with `source.pointer` set to a part of the body (`/posts/0`)."""
        return replace(self, pointer=pointer)

    def errors(self) -> list[Object]:
        """The `errors` array of the envelope."""
        first: Object = {"code": self.code, "message": self.message}
        if self.chain:
            first["error_chain"] = [coded(*link) for link in self.chain]
        if self.pointer:
            first["source"] = {"pointer": self.pointer}
        return [first, *(coded(*error) for error in self.more)]


def coded(code: int, message: str) -> Object:
    """One element of `errors`."""
    return {"code": code, "message": message}


def invalid(detail: str) -> ApiError:
    """Access's error for nearly every invalid field: one code for all of them (recorded)."""
    return ApiError(400, 12130, f"access.api.error.invalid_request: {detail}")


def conflict(detail: str) -> ApiError:
    """Access's error for a write that conflicts with another object (code unrecorded)."""
    return ApiError(409, 12132, f"access.api.error.conflict: {detail}")


def bad_request(detail: str) -> ApiError:
    """Generic error for an invalid request (code unrecorded)."""
    return ApiError(400, 10001, detail)


def no_route() -> ApiError:
    """An unknown path (recorded)."""
    return ApiError(404, 7000, "No route for that URI", bare=True)


def no_object(path: str) -> ApiError:
    """A malformed identifier in a path (recorded; in older recordings 7000 comes with it)."""
    wording = f"Could not route to {path}, perhaps your object identifier is invalid?"
    return ApiError(404, 7003, wording)


def unauthenticated() -> ApiError:
    """No credentials (the text is recorded; the status, and that it means this, is a guess)."""
    return ApiError(401, 10001, "Unable to authenticate request", bare=True)


def no_method(method: str) -> ApiError:
    """A method that a path has not (recorded)."""
    wording = f"{method[:20]} method not allowed for the api_token authentication scheme"
    return ApiError(405, 10000, wording, bare=True)


def unauthorised() -> ApiError:
    """The token lacks a permission (recorded)."""
    return ApiError(403, 10000, "Authentication error")
