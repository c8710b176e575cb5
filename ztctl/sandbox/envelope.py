"""The JSON envelope of every response.

Source: Cloudflare OpenAPI description, July 2026: `result`, `success`, `errors`, `messages`, for
lists `result_info`; `result` is null on every failure.
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
    envelope = {"result": None, "success": False, "errors": error.errors(), "messages": []}
    return _response(error.status, envelope, ray)


def _response(status: int, envelope: Object, ray: str) -> Response:
    body = json.dumps(envelope, separators=(",", ":")).encode()
    return Response(status, (JSON_TYPE, ("cf-ray", ray)), body)
