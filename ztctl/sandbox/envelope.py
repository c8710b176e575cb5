"""The JSON envelope of every response.

Source: Cloudflare OpenAPI description, July 2026: `result`, `success`, `errors`, `messages`, for
lists `result_info`; `result` is null on every failure. Recorded: an unknown path, method or client
is refused without `result` and `messages`.
"""

from __future__ import annotations

import json

from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Reply, Response

JSON_TYPE = ("content-type", "application/json")


def answered(reply: Reply, ray: str) -> Response:
    """The response of a successful call; `ray` is the `cf-ray` header."""
    envelope: Object = {
        "result": reply.result,
        "success": True,
        "errors": [],
        "messages": list(reply.messages),
    }
    if reply.info is not None:
        envelope["result_info"] = reply.info
    return _response(reply.status, envelope, ray)


def refused(error: ApiError, ray: str) -> Response:
    """The response of a refused call."""
    envelope: Object = {"success": False, "errors": error.errors()}
    if not error.bare:
        envelope = {"result": None, **envelope, "messages": []}
    return _response(error.status, envelope, ray)


def _response(status: int, envelope: Object, ray: str) -> Response:
    body = json.dumps(envelope, separators=(",", ":")).encode()
    return Response(status, (JSON_TYPE, ("cf-ray", ray)), body)
