"""Tunnels, tokens, connections, configurations."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from .api import Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"
LAST = {"service": "http_status:404"}


def configured(api: Api, *rules: Any, **config: Any) -> Any:
    """The answer to a configuration of a new tunnel."""
    tunnel = api.tunnel(f"t{len(api.sandbox.log)}")
    path = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
    return api.put(path, {"config": {"ingress": list(rules), **config}})


def test_new_tunnel_shows_token_and_credentials(api: Api) -> None:
    """Creating answers 200 with a token and credentials that agree with each other."""
    answer = api.post("{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})
    made = answer.result
    token = json.loads(base64.b64decode(made["token"]))

    assert (answer.status, made["status"], made["tun_type"]) == (200, "inactive", "cfd_tunnel")
    assert token == {"a": api.sandbox.account_id, "t": made["id"], "s": token["s"]}
    assert made["credentials_file"] == {
        "AccountTag": token["a"],
        "TunnelID": token["t"],
        "TunnelName": "pool",
        "TunnelSecret": token["s"],
    }
    assert len(base64.b64decode(token["s"])) == 32


def test_reads_show_no_secret(api: Api) -> None:
    """Neither a read nor a list nor the export holds the secret."""
    made = api.tunnel()
    secret = made["credentials_file"]["TunnelSecret"]
    shown = [api.get(f"{{A}}/cfd_tunnel/{made['id']}").body, api.get("{A}/cfd_tunnel").body]

    assert secret not in json.dumps([*shown, api.sandbox.export()])


def test_token_endpoint_repeats_the_token(api: Api) -> None:
    """The token endpoint answers the token as a bare string."""
    made = api.tunnel()

    assert api.get(f"{{A}}/cfd_tunnel/{made['id']}/token").result == made["token"]


def test_own_secret_is_kept(api: Api) -> None:
    """A secret that was sent is the one in the token; PATCH changes it."""
    secrets = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
    made = api.post("{A}/cfd_tunnel", {"name": "a", "tunnel_secret": secrets[0]}).result
    path = f"{{A}}/cfd_tunnel/{made['id']}"

    assert made["credentials_file"]["TunnelSecret"] == secrets[0]
    assert "tunnel_secret" not in api.patch(path, {"tunnel_secret": secrets[1]}).result
    token = json.loads(base64.b64decode(api.get(f"{path}/token").result))
    assert token["s"] == secrets[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 351},
        {"name": 5},
        {"name": "a", "config_src": "moon"},
        {"name": "a", "tunnel_secret": "short"},
        {"name": "a", "tunnel_secret": base64.b64encode(b"x" * 23).decode()},
        {"name": "a", "tunnel_secret": 7},
    ],
)
def test_wrong_tunnels_are_refused(api: Api, body: dict[str, Any]) -> None:
    """A wrong body answers 400 and creates nothing."""
    assert api.post("{A}/cfd_tunnel", body).status == 400
    assert api.get("{A}/cfd_tunnel").result == []


def test_local_is_the_default(api: Api) -> None:
    """A tunnel without config_src is configured locally."""
    made = api.post("{A}/cfd_tunnel", {"name": "a"}).result

    assert (made["config_src"], made["remote_config"]) == ("local", False)


def test_name_is_unique_among_the_living(api: Api) -> None:
    """A taken name answers 409/1013, for PATCH too; a deleted tunnel frees its name."""
    first, second = api.tunnel("a"), api.tunnel("b")

    assert api.post("{A}/cfd_tunnel", {"name": "a"}).error == (409, 1013)
    rename = api.patch(f"{{A}}/cfd_tunnel/{second['id']}", {"name": "a"})
    assert rename.error == (409, 1013)
    api.delete(f"{{A}}/cfd_tunnel/{first['id']}")
    assert api.patch(f"{{A}}/cfd_tunnel/{second['id']}", {"name": "a"}).result["name"] == "a"


def test_deletion_is_soft(api: Api) -> None:
    """A deleted tunnel is read with deleted_at, and not deleted or changed again."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"

    assert api.delete(path).result["deleted_at"] is not None
    assert api.get(path).result["deleted_at"] is not None
    assert api.delete(path).error == (404, 1002)
    assert api.patch(path, {"name": "new"}).error == (404, 1002)
    assert api.get(f"{path}/token").error == (404, 1054)
    assert api.get(f"{path}/configurations").status == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"a1", "a2", "b"}),
        ("is_deleted=false", {"a1", "b"}),
        ("is_deleted=true", {"a2"}),
        ("name=a1", {"a1"}),
        ("name=a2&is_deleted=false", set()),
        ("include_prefix=a", {"a1", "a2"}),
        ("exclude_prefix=a", {"b"}),
        ("status=inactive&is_deleted=false", {"a1", "b"}),
        ("status=healthy", set()),
        (f"uuid={UNKNOWN}", set()),
        ("existed_at=2020-01-01T00:00:00Z", set()),
        ("existed_at=2030-01-01T00:00:00Z", {"a1", "b"}),
    ],
)
def test_tunnels_are_filtered(api: Api, query: str, names: set[str]) -> None:
    """The list holds deleted tunnels unless told otherwise, and filters by name and more."""
    made = [api.tunnel(name) for name in ("a1", "a2", "b")]
    api.delete(f"{{A}}/cfd_tunnel/{made[1]['id']}")

    listed = api.get(f"{{A}}/cfd_tunnel?{query}").result
    assert {tunnel["name"] for tunnel in listed} == names


def test_tunnel_is_found_by_uuid(api: Api) -> None:
    """The uuid filter finds one tunnel, also in the list of all types."""
    made = api.tunnel()

    assert len(api.get(f"{{A}}/tunnels?uuid={made['id']}").result) == 1


def test_wrong_switch_is_refused(api: Api) -> None:
    """A boolean parameter that is neither true nor false answers 400."""
    assert api.get("{A}/cfd_tunnel?is_deleted=maybe").status == 400


def test_fresh_tunnel_has_no_connections(api: Api) -> None:
    """The connections of a tunnel that never ran are an empty array."""
    assert api.get(f"{{A}}/cfd_tunnel/{api.tunnel()['id']}/connections").result == []


def test_connected_tunnel_is_not_deleted(api: Api) -> None:
    """A tunnel with a connector is healthy and answers 400/1022 until it is disconnected."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    api.sandbox.connect(path.rpartition("/")[2])

    assert api.get(path).result["status"] == "healthy"
    assert api.delete(path).error == (400, 1022)
    dropped = api.delete(f"{path}/connections")
    assert (dropped.status, dropped.result) == (200, None)
    assert api.get(path).result["status"] == "down"
    assert api.delete(path).status == 200


def test_cascade_drops_connections(api: Api) -> None:
    """Deletion with cascade goes through connections."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    api.sandbox.connect(path.rpartition("/")[2])

    assert api.delete(f"{path}?cascade=true").status == 200


def test_one_connector_can_be_dropped(api: Api) -> None:
    """Disconnecting by client_id leaves the other connector."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    for _ in range(2):
        api.sandbox.connect(path.rpartition("/")[2])
    first, second = api.get(f"{path}/connections").result
    api.delete(f"{path}/connections?client_id={first['id']}")

    assert api.get(f"{path}/connections").result == [second]


def test_connector_reports_its_configuration(api: Api) -> None:
    """A connector runs the configuration version of the moment it connected."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    api.put(f"{path}/configurations", {"config": {"ingress": [LAST]}})
    api.sandbox.connect(path.rpartition("/")[2])

    (connector,) = api.get(f"{path}/connections").result
    assert (connector["config_version"], len(connector["conns"])) == (1, 4)


def test_unknown_tunnel_cannot_be_connected(api: Api) -> None:
    """Connecting an unknown tunnel raises KeyError."""
    with pytest.raises(KeyError):
        api.sandbox.connect(UNKNOWN)


def test_fresh_tunnel_has_no_configuration(api: Api) -> None:
    """It has version 0 and no configuration; a local tunnel answers 404/1055, an unknown 1002."""
    tunnel = api.tunnel()
    local = api.post("{A}/cfd_tunnel", {"name": "local"}).result["id"]
    fresh = api.get(f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations").result

    assert (fresh["version"], fresh["config"]) == (0, None)
    assert fresh["created_at"] == tunnel["created_at"]
    assert api.get(f"{{A}}/cfd_tunnel/{local}/configurations").error == (404, 1055)
    assert api.get(f"{{A}}/cfd_tunnel/{UNKNOWN}/configurations").error == (404, 1002)


def test_configuration_is_replaced_and_counted(api: Api) -> None:
    """Each PUT that changes something replaces the whole and raises the version by one."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}/configurations"
    rule = {"hostname": "ssh.example.com", "service": "ssh://localhost:22"}
    body = {"config": {"ingress": [rule, LAST], "originRequest": {"connectTimeout": 30}}}
    versions = [api.put(path, body).result["version"] for _ in range(2)]
    no_warp = {"warp-routing": {"enabled": False}}

    assert versions == [1, 1]
    assert api.get(path).result["config"] == {**body["config"], **no_warp}
    replaced = api.put(path, {"config": {"ingress": [LAST]}}).result
    assert (replaced["config"], replaced["version"]) == ({"ingress": [LAST], **no_warp}, 2)


@pytest.mark.parametrize(
    "service",
    [
        "http://localhost:8080",
        "ssh://10.0.0.1:22",
        "smb://host",
        "unix:/run/app.sock",
        "unix+tls:/run/app.sock",
        "http_status:404",
        "hello_world",
        "hello-world",
        "bastion",
        "socks-proxy",
        "https://[::1]:443",
    ],
)
def test_services_are_taken(api: Api, service: str) -> None:
    """Every documented form of a service is taken."""
    assert configured(api, {"hostname": "a.example.com", "service": service}, LAST).status == 200


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"hostname": "a.example.com", "service": "http://a"}],
        [{"hostname": "a.example.com", "path": "x", "service": "http://a"}],
        [LAST, LAST],
        [{"hostname": "*", "service": "http://a"}, LAST],
        [{"hostname": "a.example.com:80", "service": "http://a"}, LAST],
        [{"hostname": "a.*.example.com", "service": "http://a"}, LAST],
        [{"hostname": "*.*.example.com", "service": "http://a"}, LAST],
        [{"hostname": "*a.example.com", "service": "http://a"}, LAST],
        [{"hostname": "a.example.com", "path": "(", "service": "http://a"}, LAST],
        [{"hostname": "a.example.com", "path": "(?=a)", "service": "http://a"}, LAST],
        *(
            [{"hostname": "a.example.com", "path": path, "service": "http://a"}, LAST]
            for path in (
                r"\Z",
                "[[:nope:]]",
                r"\u0041",
                "(?#c)",
                "(?x) a",
                "(?a)x",
                "a++",
                r"(a)\1",
            )
        ),
        *(
            [{"hostname": "a.example.com", "service": service}, LAST]
            for service in ("ssh:// h", " ssh://h", "ssh://h ", "ssh://h\t", r"ssh://h\x:22")
        ),
        *(
            [{"hostname": "a.example.com", "service": service}, LAST]
            for service in ("ssh://h|x", "ssh://%41", "ssh://h%zz", "ssh://[fe80::1%eth0]:22")
        ),
        [{"hostname": "a.example.com", "service": "http_status:٤٠٤"}, LAST],
        [{"hostname": "a.example.com", "service": "http://a/path"}, LAST],
        [{"hostname": "a.example.com", "service": "http://a/"}, LAST],
        [{"hostname": "a.example.com", "service": "localhost:22"}, LAST],
        [{"hostname": "a.example.com", "service": "http://a:99999"}, LAST],
        [{"hostname": "a.example.com", "service": "http_status:42"}, LAST],
        [{"hostname": "a.example.com"}, LAST],
        [{"hostname": 5, "service": "http://a"}, LAST],
        ["http://a", LAST],
    ],
)
def test_wrong_ingress_is_refused(api: Api, rules: list[Any]) -> None:
    """Ingress that breaks a rule of validation answers 400/1056."""
    assert configured(api, *rules).error == (400, 1056)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ({"access": {"required": True, "teamName": "acme", "audTag": ["x"]}}, 200),
        ({"access": {"required": True, "audTag": ["x"]}}, 400),
        ({"access": {"required": True}}, 200),
        ({"connectTimeout": 30, "noTLSVerify": True, "proxyType": "socks"}, 200),
        ({"connectTimeout": "30s"}, 400),
        ({"noTLSVerify": 1}, 400),
        ({"proxyType": "carrier pigeon"}, 400),
        ({"access": []}, 400),
        ([], 400),
    ],
)
def test_origin_requests_are_checked(api: Api, origin: Any, status: int) -> None:
    """OriginRequest takes whole seconds and a consistent access block, anywhere it stands."""
    rule = {"hostname": "a.example.com", "service": "http://a", "originRequest": origin}

    assert configured(api, rule, LAST).status == status
    assert configured(api, LAST, originRequest=origin).status == status


def test_strange_members_are_remembered(api: Api) -> None:
    """An unknown originRequest key is stored, and listed with its place."""
    answer = configured(api, LAST, originRequest={"connect_timeout": 30})

    assert answer.result["config"]["originRequest"] == {"connect_timeout": 30}
    assert api.sandbox.ignored[0][2] == "config.originRequest.connect_timeout"


@pytest.mark.parametrize("body", [{}, {"config": None}, {"config": []}, {"config": {}}])
def test_configuration_needs_ingress(api: Api, body: Any) -> None:
    """A body without config or without ingress answers 400/1056."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}/configurations"

    assert api.put(path, body).error == (400, 1056)


def test_the_configuration_goes_with_its_tunnel(api: Api) -> None:
    """Of a deleted tunnel no configuration is left, neither to be read nor in an export."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    config = {"ingress": [{"service": "http_status:404"}]}
    api.put(f"{path}/configurations", {"config": config})

    assert api.delete(path).status == 200
    assert api.get(f"{path}/configurations").error == (404, 1055)
    assert api.sandbox.export()["tunnel_configurations"] == []
