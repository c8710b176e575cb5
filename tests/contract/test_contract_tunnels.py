"""Tunnels, their tokens and configurations.

Source: Cloudflare OpenAPI description, July 2026; cloudflared's API client and ingress validation;
Terraform provider's acceptance tests; answers that third-party clients recorded.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from .service import UUID, Service

TUNNELS = "{A}/cfd_tunnel"
CATCH_ALL = {"service": "http_status:404"}
SECRET = base64.b64encode(bytes(range(32))).decode()


def tunnel(service: Service, **fields: Any) -> Any:
    """A new remotely managed tunnel."""
    body = {"name": service.name(), "config_src": "cloudflare", **fields}
    return service.post(TUNNELS, body).result


def token(service: Service, one: Any) -> Any:
    """What a tunnel's token says."""
    spelled = service.get(f"{TUNNELS}/{one['id']}/token").result
    return json.loads(base64.b64decode(spelled, validate=True))


def test_created(service: Service) -> None:
    """A tunnel is created with 200: living, never run, with its token and credentials."""
    answer = service.post(TUNNELS, {"name": service.name(), "config_src": "cloudflare"})

    one = answer.result
    assert (answer.status, bool(UUID.fullmatch(one["id"]))) == (200, True)
    assert (one["account_tag"], one["deleted_at"]) == (service.place.account, None)
    assert (one["tun_type"], one["status"]) == ("cfd_tunnel", "inactive")
    assert {"AccountTag", "TunnelID", "TunnelName", "TunnelSecret"} <= one[
        "credentials_file"
    ].keys()


def test_config_source(service: Service) -> None:
    """A tunnel is managed locally unless it says otherwise."""
    local = service.post(TUNNELS, {"name": service.name(), "tunnel_secret": SECRET}).result
    read = service.get(f"{TUNNELS}/{local['id']}").result

    assert read.get("config_src", "local") == "local"
    assert not read.get("remote_config")


def test_secrets_are_not_read(service: Service) -> None:
    """Neither a read nor the list shows a token or a secret."""
    one = tunnel(service, tunnel_secret=SECRET)
    read = service.get(f"{TUNNELS}/{one['id']}").result
    listed = service.get(TUNNELS, name=one["name"]).result

    for shown in (read, *listed):
        assert not {"token", "credentials_file", "tunnel_secret"} & shown.keys()
        assert SECRET not in str(shown)


def test_token(service: Service) -> None:
    """A token is base64 of JSON: account, tunnel and the secret that was sent."""
    one = tunnel(service, tunnel_secret=SECRET)

    said = token(service, one)
    assert (said["a"], said["t"], said["s"]) == (service.place.account, one["id"], SECRET)
    assert service.get(f"{TUNNELS}/{one['id']}/token").result == one["token"]


def test_taken_name(service: Service) -> None:
    """The name of a living tunnel is refused with 409/1013."""
    one = tunnel(service)

    assert service.post(TUNNELS, {"name": one["name"]}).error == (409, 1013)


def test_soft_deletion(service: Service) -> None:
    """A deleted tunnel is still read, with the time of its end."""
    one = tunnel(service)
    answer = service.delete(f"{TUNNELS}/{one['id']}")
    read = service.get(f"{TUNNELS}/{one['id']}")

    assert (answer.status, read.status) == (200, 200)
    assert read.result["deleted_at"] is not None


def test_name_is_free_again(service: Service) -> None:
    """The name of a deleted tunnel can be used again."""
    one = tunnel(service)
    assert service.delete(f"{TUNNELS}/{one['id']}").status == 200

    assert tunnel(service, name=one["name"])["id"] != one["id"]


def test_lists_of_living_and_deleted(service: Service) -> None:
    """`is_deleted` lists the living or the deleted; without it both are listed."""
    name = service.name()
    old = tunnel(service, name=name)
    assert service.delete(f"{TUNNELS}/{old['id']}").status == 200
    new = tunnel(service, name=name)

    def ids(**query: Any) -> set[str]:
        return {one["id"] for one in service.get(TUNNELS, name=name, **query).result}

    assert ids(is_deleted="false") == {new["id"]}
    assert ids(is_deleted="true") == {old["id"]}
    assert ids() == {old["id"], new["id"]}


def test_filters(service: Service) -> None:
    """Tunnels are found by id and by the beginning of their name."""
    one = tunnel(service)

    assert [found["id"] for found in service.get(TUNNELS, uuid=one["id"]).result] == [one["id"]]
    ours = service.get(TUNNELS, include_prefix=service.prefix, is_deleted="false").result
    assert [found["id"] for found in ours] == [one["id"]]


def test_all_types_are_listed(service: Service) -> None:
    """The list of all tunnels shows cloudflared's too."""
    one = tunnel(service)

    listed = service.get("{A}/tunnels", name=one["name"], is_deleted="false").result
    assert [(found["id"], found["tun_type"]) for found in listed] == [(one["id"], "cfd_tunnel")]


def test_patch_merges(service: Service) -> None:
    """PATCH renames a tunnel and keeps its secret; a new secret changes its token."""
    one, other = tunnel(service, tunnel_secret=SECRET), base64.b64encode(b"x" * 32).decode()
    renamed = service.patch(f"{TUNNELS}/{one['id']}", {"name": service.name()})
    kept = token(service, one)["s"]
    service.patch(f"{TUNNELS}/{one['id']}", {"tunnel_secret": other})

    assert renamed.result["name"] != one["name"]
    assert (kept, token(service, one)["s"]) == (SECRET, other)


def test_no_connections(service: Service) -> None:
    """A tunnel that never ran has no connections, and ending them all is a success."""
    path = f"{TUNNELS}/{tunnel(service)['id']}/connections"

    assert service.get(path).result == []
    assert service.delete(path).status == 200


def test_unknown_tunnel(service: Service) -> None:
    """An unknown tunnel answers 404."""
    assert service.get(f"{TUNNELS}/6a1b5c9e-0000-4000-8000-000000000000").status == 404


def test_configuration_is_replaced(service: Service) -> None:
    """PUT replaces the whole configuration, keeps the order of rules, raises the version."""
    one = tunnel(service)
    path, host = f"{TUNNELS}/{one['id']}/configurations", service.host()
    rules = [
        {"hostname": host, "service": "ssh://localhost:22"},
        {"hostname": f"b.{host}", "service": "http://localhost:80"},
    ]
    origin = {"connectTimeout": 10}
    first = service.put(path, {"config": {"ingress": [*rules, CATCH_ALL], "originRequest": origin}})
    second = service.put(path, {"config": {"ingress": [rules[1], CATCH_ALL]}})
    read = service.get(path).result

    assert [rule["service"] for rule in first.result["config"]["ingress"]] == [
        "ssh://localhost:22",
        "http://localhost:80",
        "http_status:404",
    ]
    assert first.result["config"]["originRequest"]["connectTimeout"] == 10
    assert second.result["version"] == first.result["version"] + 1
    assert [rule["service"] for rule in read["config"]["ingress"]] == [
        "http://localhost:80",
        "http_status:404",
    ]
    assert not (read["config"].get("originRequest") or {}).get("connectTimeout")
    assert (read["tunnel_id"], read["source"]) == (one["id"], "cloudflare")


def test_configuration_of_a_local_tunnel(service: Service) -> None:
    """A configuration is taken for a locally managed tunnel too."""
    one = tunnel(service, config_src="local")
    body = {"config": {"ingress": [CATCH_ALL]}}

    assert service.put(f"{TUNNELS}/{one['id']}/configurations", body).status == 200


@pytest.mark.parametrize("seconds", [0, 30])
def test_access_of_a_rule(service: Service, seconds: int) -> None:
    """A rule's own settings come back: Access, and durations in whole seconds."""
    one = tunnel(service)
    access = {"required": True, "teamName": "acme", "audTag": ["0" * 64]}
    origin = {"access": access, "connectTimeout": seconds}
    rule = {"hostname": service.host(), "service": "ssh://localhost:22", "originRequest": origin}
    path = f"{TUNNELS}/{one['id']}/configurations"
    assert service.put(path, {"config": {"ingress": [rule, CATCH_ALL]}}).status == 200

    read = service.get(path).result["config"]["ingress"][0]["originRequest"]
    assert (read["access"], read["connectTimeout"]) == (access, seconds)
