"""Device posture checks, read-only, so that rules can refer to them by name.

Path, members, and a list without pages: Cloudflare's Python SDK 5.9.0, where they are called rules.
"""

from __future__ import annotations

from ztctl.core.model.calls import only
from ztctl.kinds.common import POSTURE
from ztctl.kinds.plain import PlainKind, Rest


class PostureCheck(PlainKind):
    """A device posture check."""

    name = "posture_check"
    title = "posture check"
    rest = Rest(
        "/accounts/{account}/devices/posture",
        POSTURE,
        per_page=0,
        # What a check looks for is nothing to rules.
        keep=only("id", "name"),
    )
