"""Every field that the official SDK can set is one of the file, or is carried, with a reason."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cloudflare.types.zero_trust.access import application_create_params as sdk
from cloudflare.types.zero_trust.access import policy_create_params as policies

from ztctl.kinds.registry import KINDS

# Of the path of a request, and no fields of an object.
PLACES = {"account_id", "zone_id"}
# What no field states, by kind: a write sends it back as it came.
CARRIED: Mapping[str, Mapping[str, str]] = {
    "access_application": {
        "self_hosted_domains": "the service mirrors `destinations` there",
        "scim_config": "holds credentials that are not given back: a write is refused with them",
        "oauth_configuration": "for MCP clients: no SSH client speaks it",
    },
    "access_policy": {
        "connection_rules": "of RDP alone, or of infrastructure applications",
    },
}
SOURCES = {
    "access_application": (sdk.SelfHostedApplication, sdk.BrowserSSHApplication),
    "access_policy": (policies.PolicyCreateParams,),
}


def settable(kind: str) -> Iterator[str]:
    """The names of all fields of these objects in the SDK."""
    for source in SOURCES[kind]:
        yield from typing.get_type_hints(source, include_extras=True)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_settable_field_is_modelled_or_carried(kind: str) -> None:
    """A new version of the SDK that knows one more field fails here."""
    modelled = {*KINDS[kind].model.model_fields}

    left = {*settable(kind)} - modelled - PLACES

    assert left == CARRIED[kind].keys()


OVERRIDE = {"behavior": "public", "path_pattern": "/healthz"}
DESTINATIONS: list[dict[str, Any]] = [
    {
        "type": "worker",
        "worker_id": "w1",
        "overrides": [{"behavior": "public", "path_pattern": "/a"}],
    },
    {"type": "preview_worker", "worker_id": "w2"},
    {"type": "all_workers"},
    {"type": "all_preview_workers"},
    {"type": "via_mcp_server_portal", "mcp_server_id": "m1"},
]


def test_every_sort_of_destination_is_carried() -> None:
    """Those that no field states stand in the write as they came, after those of the file."""
    kind: Any = KINDS["access_application"]
    host = {"type": "public", "uri": "a.example.com"}
    raw = {
        "id": "a-1",
        "name": "a",
        "type": "self_hosted",
        "destinations": [{**host, "overrides": [OVERRIDE]}, *DESTINATIONS],
        "oauth_configuration": {"enabled": True, "grant": {"session_duration": "8h"}},
        "scim_config": {"idp_uid": "i-1", "remote_uri": "https://scim.example.com"},
    }
    live = kind.live_from(raw)

    body = kind.body({**live.values, "name": "b"}, live)

    assert body["name"] == "b"
    assert body["destinations"] == raw["destinations"]
    assert body["oauth_configuration"] == raw["oauth_configuration"]
    assert body["scim_config"] == raw["scim_config"]


def test_every_sort_of_destination_of_the_sdk_is_tried() -> None:
    """A new one fails here."""
    found = typing.get_type_hints(sdk.SelfHostedApplication, include_extras=True)["destinations"]
    named = {type_ for it in _members(found) for type_ in _types(it)}

    assert named == {it["type"] for it in DESTINATIONS} | {"public", "private"}


def _members(hint: Any) -> Iterator[Any]:
    inner = typing.get_args(hint)
    if hasattr(hint, "__required_keys__"):
        yield hint
    for it in inner:
        yield from _members(it)


def _types(destination: Any) -> Iterator[str]:
    hint = typing.get_type_hints(destination).get("type")
    yield from (it for it in typing.get_args(hint) if isinstance(it, str))
