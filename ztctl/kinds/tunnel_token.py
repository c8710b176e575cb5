"""The connector token of a tunnel: who has it can run a connector, and answer for its names.

Form (cloudflared 2026.8.2, source): base64 of JSON with ``a``, the account, ``t``, the tunnel,
``s``, the secret in base64, and at times ``e``, an endpoint. The call is a GET that wants the
permission to edit (Cloudflare OpenAPI description, July 2026); it answers with a bare string.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.values import Secret
from ztctl.kinds.common import TUNNEL, segment
from ztctl.kinds.tunnel import PATH

# What is longer is no token: one with the longest secret that was seen has some 250 characters.
LONGEST = 4096


def token_of(tunnel: str, account: str) -> Flow[Secret]:
    """Ask for the token of a tunnel.

    Args:
        tunnel: its id.
        account: the id of the account, which the token names as well.

    Raises:
        CallFailed: the call failed, or its answer is no token of this tunnel; it is not repeated.
    """
    call = Call("GET", f"{PATH}/{segment(tunnel)}/token", permission=f"{TUNNEL} · Edit")
    reply = yield call
    if fault := _fault(reply, tunnel, account):
        text = f"the service's answer is no token of this tunnel: {fault}"
        raise CallFailed(call, text, hint="try again; the dashboard shows the token, too")
    return Secret(reply)


def _fault(reply: Any, tunnel: str, account: str) -> str:
    """What is wrong with an answer; empty for a token of this tunnel."""
    if not isinstance(reply, str) or len(reply) > LONGEST:
        return "it is no short text"
    try:
        found = json.loads(base64.b64decode(reply, validate=True))
        if not isinstance(found, dict):
            return "it holds no JSON object"
        secret = base64.b64decode(found.get("s", ""), validate=True)
    except (ValueError, TypeError, RecursionError):
        return "it is no JSON in base64"
    if not secret:
        return "it holds no secret"
    if found.get("t") != tunnel:
        return "it is one of another tunnel"
    return "" if found.get("a") == account else "it is one of another account"
