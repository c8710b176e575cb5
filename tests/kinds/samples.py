"""Objects of each kind as the service gives them back, and what is written of them."""

from __future__ import annotations

from typing import Any

from .replay import declare

APPS = "/accounts/{account}/access/apps"
POLICY = {"id": "p-1", "name": "team.ztctl-prod", "decision": "allow"}
GROUP = {"id": "g-1", "name": "infra.ztctl-prod"}
TUNNEL = {"id": "t-1", "name": "edge.ztctl-prod", "config_src": "cloudflare"}
APP = {
    "id": "a-1",
    "aud": "aud-1",
    "name": "ssh.example.com",
    "type": "self_hosted",
    "domain": "ssh.example.com",
    "tags": ["ztctl-prod"],
}
PRIVATE = {
    **APP,
    "domain": None,
    "destinations": [{"type": "private", "cidr": "10.0.0.0/8", "l4_protocol": "tcp"}],
}
CA = {"id": "k-1", "aud": "aud-1", "public_key": "ecdsa-sha2-nistp256 AAAA"}


def values(name: str, key: str, **fields: Any) -> dict[str, Any]:
    """Completed values as an execution hands them to a kind."""
    return {**declare(name, key, **fields).values, "name": key}


APPLICATION = values("access_application", "ssh.example.com")
RULES = values("access_policy", "team.ztctl-prod", decision="allow", include=[{"everyone": True}])
