"""Permission groups, by the API's own names.

Source: Cloudflare OpenAPI description, July 2026. A group is held in its Read or Write form
("Edit" in the dashboard); Write includes Read, and so does Revoke where it exists. Which group
covers tags is not documented: "Apps and Policies" is what works in practice.
"""

from __future__ import annotations

from collections.abc import Iterable

APPS = ("Access: Apps and Policies",)
ORGANISATION = ("Access: Organizations, Identity Providers, and Groups",)
SERVICE_TOKENS = ("Access: Service Tokens",)
TUNNELS = (
    "Cloudflare Tunnel",
    "Cloudflare One Connectors",
    "Cloudflare One Connector: cloudflared",
)
DNS = ("DNS",)
ZONE = ("Zone",)


def spelled(permissions: Iterable[str]) -> list[str]:
    """Permissions in the API's spelling: the dashboard's "Edit" is Write."""
    return sorted(
        {
            one.removesuffix(" Edit") + " Write" if one.endswith(" Edit") else one
            for one in permissions
        }
    )


def allows(held: Iterable[str], groups: tuple[str, ...], *, write: bool) -> bool:
    """Whether a token with these permissions may do what needs one of the groups."""
    forms = ("Write",) if write else ("Write", "Read", "Revoke")
    return not groups or any(f"{group} {form}" in held for group in groups for form in forms)
