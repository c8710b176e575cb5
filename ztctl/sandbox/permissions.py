"""Permission groups of API tokens, by their names in the API.

Source: Cloudflare OpenAPI description, July 2026. A group is granted with Read or Write access
("Edit" in the dashboard); Write includes Read, and so does Revoke where it exists. Which group
covers tags, targets and SSH audit settings is not documented: what works in practice, or either.
A token has a permission in some places only (Cloudflare's documentation, "Create API token"): here
the name of a zone, or "account", and a slash stand before the group. That the list of zones shows
those in which the token has Zone is unrecorded.
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
NETWORKS = ("Cloudflare One Networks", *TUNNELS)
TARGETS = ("Zero Trust", *APPS)
SSH_AUDITING = ("Access: SSH Auditing",)
ZERO_TRUST = ("Zero Trust",)
POSTURE = ("Access: Device Posture",)
ACCOUNT_SETTINGS = ("Account Settings",)
DNS = ("DNS",)
DNS_USAGE = ("Account DNS Settings", "DNS")
ZONE = ("Zone",)
ZONE_SETTINGS = ("Zone Settings",)
CERTIFICATES = ("SSL and Certificates",)


def spelled(permissions: Iterable[str]) -> list[str]:
    """Permissions by their API names: the dashboard's "Edit" is Write."""
    return sorted(
        {
            one.removesuffix(" Edit") + " Write" if one.endswith(" Edit") else one
            for one in permissions
        }
    )


def within(held: Iterable[str], place: str) -> frozenset[str]:
    """The permissions that count in a place: "account", or the name of a zone; empty: in any."""
    parted = (one.rpartition("/") for one in held)
    return frozenset(name for where, _, name in parted if not (where and place) or where == place)


def allows(
    held: Iterable[str], groups: tuple[str, ...], *, write: bool, revoke: bool = False
) -> bool:
    """Whether `held` permissions include one of the groups with the needed access."""
    forms = ("Write", "Revoke") if revoke else ("Write",) if write else ("Write", "Read", "Revoke")
    return not groups or any(f"{group} {form}" in held for group in groups for form in forms)
