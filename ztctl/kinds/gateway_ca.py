"""The SSH CA that the infrastructure applications of an account share; it is only read.

There is one an account, listed without pages (Cloudflare OpenAPI description, July 2026). It signs
nothing for self-hosted applications, but its key has the comment of theirs (recorded).
"""

from __future__ import annotations

from ztctl.core.model.calls import Call, Flow
from ztctl.kinds.common import objects, text_of

# The group of the list is documented as "Access: SSH Auditing" (Cloudflare OpenAPI description).
_CALL = Call(
    "GET",
    "/accounts/{account}/access/gateway_ca",
    permission="Account · Access: SSH Auditing",
)


def gateway_keys() -> Flow[tuple[str, ...]]:
    """Read its public keys, each one line in OpenSSH form; there is one or none.

    Raises:
        CallFailed: it cannot be read.
    """
    found = objects((yield _CALL))
    return tuple(key for raw in found if (key := text_of(raw, "public_key")))
