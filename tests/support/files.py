"""Files that the tests begin with; each call gives a fresh one, to be changed at will."""

from __future__ import annotations

from typing import Any

HOST = "ssh.example.com"
# The addresses of the marked objects of `whole`, by section.
MARKED = {
    "groups": "access_group.people",
    "policies": "access_policy.team",
    "tunnels": "tunnel.pool",
    "applications": f"access_application.{HOST}",
    "dns": f"dns_record.{HOST}",
}


def whole() -> dict[str, Any]:
    """One object of every kind, each written out."""
    return {
        "groups": {"people": {"include": [{"email": "ann@example.com"}]}},
        "policies": {
            "team": {
                "decision": "allow",
                "include": [{"group": "people"}],
                "session_duration": "8h",
            }
        },
        "applications": {HOST: {"policies": ["team"]}},
        "tunnels": {"pool": {"ingress": [{"hostname": HOST, "service": "ssh://localhost:22"}]}},
        "dns": {HOST: {"tunnel": "pool", "comment": "the way in"}},
        "ca_keys": {HOST: {}},
    }


def host(name: str = HOST, tunnel: str = "pool") -> dict[str, Any]:
    """One host in the short form, with its policy and tunnel."""
    return {
        "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "tunnels": {tunnel: {}},
        "hosts": {name: short(tunnel)},
    }


def short(tunnel: str = "pool", **fields: Any) -> dict[str, Any]:
    """The fields of one host in the short form."""
    return {"tunnel": tunnel, "service": "ssh://localhost:22", "policies": ["team"], **fields}
