"""What real accounts answered otherwise than the sandbox once did, one test a fact.

Facts that other tests hold stand with these in the table of `tests/test_faults.py`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ztctl.sandbox.messages import Request
from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import EVERYONE, Answer, Api

UNKNOWN = "5c3a06e9-cdce-4975-9b06-03293db87732"
LAST = {"service": "http_status:404"}
KEY = "0123456789abcdef0123456789abcdef01234"


def configured(api: Api, *rules: Any, **members: Any) -> Answer:
    """The answer to a configuration of a new tunnel."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}/configurations"
    return api.put(path, {"config": {"ingress": list(rules), **members}})


def inline(name: str, **fields: Any) -> dict[str, Any]:
    """An inline policy."""
    return {"name": name, "decision": "allow", "include": EVERYONE, **fields}


# Tunnels and their configurations.


def test_a_fresh_configuration_is_version_0_without_a_document(api: Api) -> None:
    """GET of what was never written is a success, and 404/1055 once the tunnel is deleted."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    fresh = api.get(f"{path}/configurations").result
    api.delete(path)

    assert (fresh["version"], fresh["config"]) == (0, None)
    assert api.get(f"{path}/configurations").error == (404, 1055)


def test_warp_routing_is_added_where_it_was_left_out(api: Api) -> None:
    """A stored configuration says that private routing is off."""
    assert configured(api, LAST).result["config"]["warp-routing"] == {"enabled": False}


def test_a_configuration_keeps_what_nobody_describes(api: Api) -> None:
    """Members of a document, its settings and its rules come back."""
    origin = {"bastionMode": True, "proxyAddress": "10.0.0.1", "proxyPort": 1, "future": [1]}
    ours = {"hostname": "a.example.com", "service": "ssh://a:22", "originRequest": origin}
    config = configured(api, ours, LAST, originRequest=origin, futureTop={"a": 1}).result["config"]

    assert config["ingress"][0]["originRequest"] == config["originRequest"] == origin
    assert config["futureTop"] == {"a": 1}


def test_a_configuration_names_no_account(api: Api) -> None:
    """None of the recorded replies does."""
    assert "account_id" not in configured(api, LAST).result


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([], "The config file doesn't contain any ingress rules\n"),
        ([{"hostname": "a.example.com", "service": "http://a"}], "The last ingress rule must "),
    ],
)
def test_a_bad_configuration_is_told_in_cloudflareds_words(
    api: Api, rules: list[Any], text: str
) -> None:
    """The message is that of the connector's own validation."""
    answer = configured(api, *rules)

    assert answer.error == (400, 1056)
    assert answer.message.startswith(f"Bad Configuration: Validation failed: {text}")


def test_tunnels_come_by_a_thousand_and_say_no_number_of_pages(api: Api) -> None:
    """So do routes, virtual networks and targets."""
    paths = ("cfd_tunnel", "teamnet/routes", "teamnet/virtual_networks", "infrastructure/targets")
    infos = [api.get(f"{{A}}/{path}").body["result_info"] for path in paths]

    assert {info["per_page"] for info in infos} == {1000}
    assert not any("total_pages" in info for info in infos)


def test_a_new_tunnel_is_inactive_since_it_was_made(api: Api) -> None:
    """Both times are equal."""
    tunnel = api.tunnel()

    assert tunnel["conns_inactive_at"] == tunnel["created_at"]


def test_a_deleted_tunnel_has_no_configuration_source(api: Api) -> None:
    """It says `remote_config: false`, and `config_src` is gone."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    deleted = api.delete(path).result

    assert api.get(path).result == deleted
    assert (deleted["remote_config"], "config_src" in deleted) == (False, False)


def test_a_tunnel_does_not_tell_its_connections(api: Api) -> None:
    """They have a path of their own."""
    tunnel = api.tunnel()
    api.sandbox.connect(tunnel["id"])

    assert "connections" not in api.get(f"{{A}}/cfd_tunnel/{tunnel['id']}").result


def test_a_connector_tells_a_version_once_there_is_one(api: Api) -> None:
    """Nothing at version 0; `ha_status` is null."""
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}"
    api.sandbox.connect(path.rpartition("/")[2])
    (before,) = api.get(f"{path}/connections").result
    api.put(f"{path}/configurations", {"config": {"ingress": [LAST]}})
    (after,) = api.get(f"{path}/connections").result

    assert ("config_version" in before, before["ha_status"]) == (False, None)
    assert after["config_version"] == 1


@pytest.mark.parametrize(("counts", "versions"), [(False, [1, 1, 2]), (True, [1, 2, 3])])
def test_an_identical_configuration_leaves_the_version_alone(
    api: Api, counts: bool, versions: list[int]
) -> None:
    """Unless the sandbox is told that the service counts it."""
    api.sandbox.settings = Settings(counts_identical=counts)
    path = f"{{A}}/cfd_tunnel/{api.tunnel()['id']}/configurations"
    rule = {"hostname": "a.example.com", "service": "ssh://a:22"}
    documents = ([LAST], [LAST], [rule, LAST])
    answers = [api.put(path, {"config": {"ingress": rules}}) for rules in documents]

    assert [one.result["version"] for one in answers] == versions


def test_a_taken_tunnel_name_is_told_with_both_ways_out(api: Api) -> None:
    """409/1013."""
    api.tunnel()
    answer = api.post("{A}/cfd_tunnel", {"name": "pool"})

    assert answer.error == (409, 1013)
    assert answer.message.endswith("or choose a different name for your new tunnel")


@pytest.mark.parametrize("length", [24, 30, 32])
def test_a_tunnel_secret_may_be_shorter_than_documented(api: Api, length: int) -> None:
    """32 bytes are documented, shorter ones are in use."""
    secret = base64.b64encode(b"x" * length).decode()
    made = api.post("{A}/cfd_tunnel", {"name": "a", "tunnel_secret": secret}).result

    assert made["credentials_file"]["TunnelSecret"] == secret


# Access.


def test_inline_and_reusable_policies_stand_beside_each_other(api: Api) -> None:
    """Three policies, one without a precedence, come back the same twice."""
    sent = [
        inline("first", precedence=2),
        {"id": api.policy()["id"], "precedence": 4},
        inline("last"),
    ]
    app = api.app(policies=sent)
    again = api.get(f"{{A}}/access/apps/{app['id']}").result

    assert [one["name"] for one in app["policies"]] == ["first", "allow", "last"]
    assert [one["precedence"] for one in app["policies"]] == [2, 4, 5]
    assert again["policies"] == app["policies"]


def test_what_is_sent_with_a_reusable_policy_is_ignored(api: Api) -> None:
    """Only its id counts; what is sent with an inline one is written."""
    shared = api.policy("shared")
    app = api.app(policies=[shared["id"], inline("own")])
    own = app["policies"][1]["id"]
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com"}
    policies = [{**inline("x"), "id": shared["id"]}, {**inline("y"), "id": own}]
    after = api.put(f"{{A}}/access/apps/{app['id']}", {**body, "policies": policies}).result

    assert [(one["id"], one["name"]) for one in after["policies"]] == [
        (shared["id"], "shared"),
        (own, "y"),
    ]


def test_a_policy_tells_no_switch_that_is_off(api: Api) -> None:
    """Not even one that was sent as false; nor an empty list of approval groups."""
    switches = ("approval_required", "isolation_required", "purpose_justification_required")
    off: dict[str, Any] = dict.fromkeys(switches, False)
    policy = api.policy(**off, approval_groups=[])

    assert not {*switches, "approval_groups"} & set(policy)
    assert (policy["uid"], policy["session_duration"]) == (policy["id"], "24h")


def test_an_application_tells_no_switch_that_is_off(api: Api) -> None:
    """Those four that the service nullifies; others are always there."""
    off = (
        "allow_iframe",
        "path_cookie_attribute",
        "skip_interstitial",
        "service_auth_401_redirect",
    )
    sent: dict[str, Any] = dict.fromkeys(off, False)
    app = api.app(**sent)

    assert not set(off) & set(app)
    always = ("enable_binding_cookie", "options_preflight_bypass", "auto_redirect_to_identity")
    assert [app[name] for name in always] == [False] * 3


@pytest.mark.parametrize("path", [f"policies/{UNKNOWN}", f"service_tokens/{UNKNOWN}", "tags/none"])
def test_what_is_not_found_is_told_without_a_reason(api: Api, path: str) -> None:
    """12135 and 11021 stand alone."""
    answer = api.get(f"{{A}}/access/{path}")

    assert answer.message == "access.api.error.not_found"
    unknown = api.get(f"{{A}}/access/apps/{UNKNOWN}").message
    assert unknown == "access.api.error.unknown_application"


def test_warp_sessions_are_refused_in_the_services_words(api: Api) -> None:
    """Without a duration of the account."""
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com"}
    answer = api.post("{A}/access/apps", {**body, "allow_authenticate_via_warp": True})

    assert "if the Warp Auth Session Duration is not set for the account" in answer.message


@pytest.mark.parametrize(
    "rule",
    [
        {"azureAD": {"id": "aaaa", "identity_provider_id": "1234"}},
        {
            "saml": {
                "attribute_name": "a",
                "attribute_value": "b",
                "identity_provider_id": "1234",
            }
        },
    ],
)
def test_a_group_may_name_a_provider_by_no_uuid(api: Api, rule: dict[str, Any]) -> None:
    """It is stored as sent; a UUID that is no provider's is still refused."""
    assert api.group(include=[rule])["include"] == [rule]
    (name,) = rule
    wrong = {name: {**rule[name], "identity_provider_id": UNKNOWN}}
    body = {"name": "b", "include": [wrong]}
    assert api.post("{A}/access/groups", body).error == (400, 12130)


def test_a_token_for_ever_has_an_end(api: Api) -> None:
    """`expires_at` is a time."""
    body = {"name": "a", "duration": "forever"}

    assert api.post("{A}/access/service_tokens", body).result["expires_at"].startswith("2126")


def test_a_provider_tells_where_it_redirects(api: Api) -> None:
    """Also the one-time PIN."""
    providers = api.get("{A}/access/identity_providers").result
    ends = ".cloudflareaccess.com/cdn-cgi/access/callback"

    assert all(one["config"]["redirect_url"].endswith(ends) for one in providers)


def test_a_provider_that_an_application_allows_is_deleted(api: Api) -> None:
    """The application still names it."""
    key = api.get("{A}/access/identity_providers").result[0]["id"]
    app = api.app(allowed_idps=[key])

    assert api.delete(f"{{A}}/access/identity_providers/{key}").status == 202
    assert api.get(f"{{A}}/access/apps/{app['id']}").result["allowed_idps"] == [key]


def test_null_clears_a_member_of_the_organisation(api: Api) -> None:
    """What is not sent is kept."""
    path = "{A}/access/organizations"
    api.put(path, {"warp_auth_session_duration": "36h", "deny_unmatched_requests": True})
    cleared = api.put(path, {"warp_auth_session_duration": None, "login_design": None}).result

    assert not {"warp_auth_session_duration", "login_design"} & set(cleared)
    assert cleared["deny_unmatched_requests"] is True


def test_an_organisation_is_told_as_recorded(api: Api) -> None:
    """It says a session duration from the start, and nothing of unmatched requests."""
    organisation = api.get("{A}/access/organizations").result

    assert organisation["session_duration"] == "24h"
    assert "deny_unmatched_requests" not in organisation


@pytest.mark.parametrize(
    ("scim", "text"),
    [
        ({"mappings": [{"schema": "none"}]}, "invalid SCIM schema in mappings"),
        (
            {"authentication": {"scheme": "httpbasic", "user": "u"}},
            "password is a required field",
        ),
        (
            {
                "authentication": {
                    "scheme": "oauth2",
                    "client_id": "c",
                    "client_secret": "s",
                    "authorization_url": "https://a",
                }
            },
            "token_url is a required field",
        ),
    ],
)
def test_wrong_provisioning_is_refused(api: Api, scim: dict[str, Any], text: str) -> None:
    """In the words that others have quoted."""
    config = {"idp_uid": "i", "remote_uri": "https://a", **scim}
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com", "scim_config": config}
    answer = api.post("{A}/access/apps", body)

    assert (answer.status, text in answer.message) == (400, True)


def test_provisioning_comes_back_without_its_credentials(api: Api) -> None:
    """What an OAuth server is told comes back whole."""
    login = {"scheme": "httpbasic", "user": "u", "password": "hush"}
    scim = {"enabled": True, "idp_uid": "i", "remote_uri": "https://a", "authentication": login}
    oauth = {"enabled": True, "grant": {"session_duration": "24h"}}
    app = api.app(scim_config=scim, oauth_configuration=oauth)

    assert app["oauth_configuration"] == oauth
    assert app["scim_config"] == {**scim, "authentication": {**login, "password": "REDACTED"}}
    assert "hush" not in json.dumps(api.sandbox.export())


@pytest.mark.parametrize("kind", ["apps", "policies", "groups"])
def test_a_member_that_nobody_describes_can_be_kept_and_dropped(api: Api, kind: str) -> None:
    """What lies in the account is known to the service: a PUT writes it again, or gives it up."""
    made = getattr(api, {"apps": "app", "policies": "policy", "groups": "group"}[kind])()
    account = api.sandbox.export()
    account[kind][0]["future"] = {"a": [1]}
    api.sandbox.import_(account)
    path = f"{{A}}/access/{kind}/{made['id']}"
    read = api.get(path).result
    body = {name: value for name, value in read.items() if name != "policies"}
    kept = api.put(path, body).result

    assert read["future"] == kept["future"] == {"a": [1]}
    del body["future"]
    assert "future" not in api.put(path, body).result


# Zones and records.


def test_a_batch_is_null_where_nothing_was_asked(api: Api) -> None:
    """Also for an empty list."""
    body: dict[str, Any] = {"deletes": [], "posts": []}

    done = api.post(f"{api.zone()}/dns_records/batch", body).result
    assert done == dict.fromkeys(("deletes", "patches", "puts", "posts"))


def test_a_hundred_zones_a_page_are_taken(api: Api) -> None:
    """Although fifty are documented."""
    assert api.get("/zones?per_page=100").body["result_info"]["per_page"] == 100


def test_an_unknown_record_is_told_by_its_id(api: Api) -> None:
    """404/81044 without a pointer into the batch."""
    batch = {"patches": [{"id": "99999999", "ttl": 60}]}
    (error,) = api.post(f"{api.zone()}/dns_records/batch", batch).body["errors"]

    assert error == {"code": 81044, "message": "Record ID 99999999 does not exist."}


def test_a_malformed_record_id_is_no_record(api: Api) -> None:
    """405/10405; one that is well-formed answers 404/81044."""
    path = f"{api.zone()}/dns_records"

    assert api.get(f"{path}/nonsense").error == (405, 10405)
    assert api.get(f"{path}/{'0' * 32}").error == (404, 81044)


def test_a_clash_of_records_names_a_page_to_read(api: Api) -> None:
    """400/81053."""
    api.record()
    body = {"type": "A", "name": "ssh", "content": "192.0.2.1"}
    answer = api.post(f"{api.zone()}/dns_records", body)

    assert answer.error == (400, 81053)
    assert "<https://developers.cloudflare.com/dns/" in answer.message


def test_a_malformed_zone_id_is_told_with_its_whole_path(api: Api) -> None:
    """404/7003 alone."""
    (error,) = api.get("/zones/nonsense/dns_records").body["errors"]

    path = "/client/v4/zones/nonsense/dns_records"
    assert error == {
        "code": 7003,
        "message": f"Could not route to {path}, perhaps your object identifier is invalid?",
    }


def test_a_wrong_method_is_no_matter_of_permissions(api: Api) -> None:
    """405/10000 in a short envelope."""
    answer = api.delete(f"{api.zone()}/dns_records")

    assert answer.error == (405, 10000)
    assert set(answer.body) == {"success", "errors"}


def test_an_empty_list_of_records_has_one_page(api: Api) -> None:
    """An empty list of Access has none."""
    records = api.get(f"{api.zone()}/dns_records").body["result_info"]

    assert records["total_pages"] == 1
    assert api.get("{A}/access/groups").body["result_info"]["total_pages"] == 0


def test_a_valid_token_is_told_with_a_type_of_null(api: Api) -> None:
    """As both recordings have it."""
    (message,) = api.get("/user/tokens/verify").body["messages"]

    assert message["type"] is None


def test_a_zone_tells_what_the_token_may_do(api: Api) -> None:
    """And who owns it, of a free plan a person."""
    api.sandbox.define_token("token", ["Zone Read", "DNS Read"])
    (zone,) = api.get("/zones").result

    assert zone["permissions"] == ["#dns_records:read", "#zone:read"]
    assert zone["owner"] == {"id": None, "type": "user", "email": None}
    assert (zone["tenant"], zone["vanity_name_servers"]) == ({"id": None, "name": None}, [])


def test_an_internal_zone_lies_beside_one_of_its_name(api: Api) -> None:
    """Without a plan, and its records can be read."""
    account = api.sandbox.export()
    internal = {**account["zones"][0], "id": "b" * 32, "type": "internal", "plan": None}
    account["zones"].append(internal)
    api.sandbox.import_(account)

    assert [one["plan"] is None for one in api.get("/zones?name=example.com").result] == [
        False,
        True,
    ]
    assert api.get(f"/zones/{'b' * 32}/dns_records").result == []


def test_records_of_one_name_come_newest_first(api: Api) -> None:
    """Ordered by type and name before."""
    for content in ("192.0.2.1", "192.0.2.2"):
        api.post(
            f"{api.zone()}/dns_records", {"type": "A", "name": "z", "content": content, "ttl": 60}
        )
    api.record("a")
    for query in ("", "?order=type", "?search=2"):
        records = api.get(f"{api.zone()}/dns_records{query}").result
        addresses = [one["content"] for one in records if one["type"] == "A"]
        assert addresses == ["192.0.2.2", "192.0.2.1"]


def test_a_mail_record_may_lead_nowhere(api: Api) -> None:
    """Its content is a dot."""
    body = {"type": "MX", "name": "@", "content": ".", "priority": 0}

    assert api.post(f"{api.zone()}/dns_records", body).result["content"] == "."


def test_times_of_comments_go_with_them(api: Api) -> None:
    """So do those of tags."""
    api = Api(Sandbox.create(zones=[ZoneSeed("example.com", "pro")]))
    record = api.record(comment="a", tags=["a:b"])
    path = f"{api.zone()}/dns_records/{record['id']}"
    stamps = {"comment_modified_on", "tags_modified_on"}
    cleared = api.patch(path, {"comment": "", "tags": []}).result

    assert stamps <= set(record)
    assert not stamps & set(cleared)


LOCATION = {
    "lat_degrees": 31,
    "lat_minutes": 58,
    "lat_seconds": 52.1,
    "lat_direction": "S",
    "long_degrees": 115,
    "long_minutes": 49,
    "long_seconds": 11.7,
    "long_direction": "E",
    "altitude": 20,
    "size": 10,
    "precision_horz": 10,
    "precision_vert": 2,
}
SERVICE = {"priority": 1, "target": ".", "value": 'alpn="h2"'}


@pytest.mark.parametrize(
    ("kind", "data", "content"),
    [
        (
            "SRV",
            {"priority": 1, "weight": 2, "port": 22, "target": "a.example.com"},
            "1 2 22 a.example.com",
        ),
        (
            "CAA",
            {"flags": 0, "tag": "issue", "value": "ca.example.net"},
            '0 issue "ca.example.net"',
        ),
        ("LOC", LOCATION, "IN LOC 31 58 52.1 S 115 49 11.7 E 20m 10m 10m 2m"),
        ("HTTPS", SERVICE, '1 . alpn="h2"'),
        ("SVCB", SERVICE, '1 . alpn="h2"'),
        ("SSHFP", {"algorithm": 1, "type": 1, "fingerprint": "ab"}, "1 1 ab"),
    ],
)
def test_records_with_data_lie_beside_ours(
    api: Api, kind: str, data: dict[str, Any], content: str
) -> None:
    """The text is made of the data; both come back, and a PATCH keeps them."""
    body = {"type": kind, "name": "_x", "data": data}
    record = api.post(f"{api.zone()}/dns_records", body).result
    after = api.patch(f"{api.zone()}/dns_records/{record['id']}", {"ttl": 600}).result

    assert (record["data"], record["content"], record["proxiable"]) == (data, content, False)
    assert (after["data"], after["ttl"]) == (data, 600)
    wrong = {**body, "data": {**data, next(iter(data)): []}}
    assert api.post(f"{api.zone()}/dns_records", wrong).error == (400, 1004)


def test_a_record_of_another_product_is_only_read(api: Api) -> None:
    """It can neither be changed nor deleted."""
    record = api.record()
    account = api.sandbox.export()
    account["dns_records"][0]["meta"] = {"read_only": True, "email_routing": True}
    api.sandbox.import_(account)
    path = f"{api.zone()}/dns_records/{record['id']}"

    assert api.get(path).result["meta"]["read_only"] is True
    assert api.delete(path).error == api.patch(path, {"ttl": 60}).error == (400, 1004)


# Networks, and who asks.


def test_a_deleted_virtual_network_cannot_be_read(api: Api) -> None:
    """The list still holds it."""
    path = f"{{A}}/teamnet/virtual_networks/{api.network()['id']}"
    api.delete(path)

    assert api.get(path).error == (404, 1046)
    assert len(api.get("{A}/teamnet/virtual_networks").result) == 2


def test_a_wrong_network_is_told_as_an_invalid_address(api: Api) -> None:
    """In a route."""
    body = {"network": "nonsense", "tunnel_id": api.routed()}

    assert "Could not parse input" in api.post("{A}/teamnet/routes", body).message


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ((("x-auth-key", KEY), ("x-auth-email", "a@example.com")), None),
        (
            (("x-auth-key", KEY), ("x-auth-email", "a@example.com"), ("authorization", "Bearer ")),
            None,
        ),
        ((("x-auth-key", KEY),), (400, 6003)),
        ((("x-auth-key", "short"), ("x-auth-email", "a@example.com")), (400, 6003)),
        ((), (401, 10001)),
    ],
)
def test_a_global_api_key_is_taken(
    api: Api, headers: tuple[tuple[str, str], ...], error: tuple[int, int] | None
) -> None:
    """With the user's address, also beside an empty token."""
    response = api.sandbox.handle(Request("GET", "/client/v4/zones", (), headers, b""))
    body = json.loads(response.body)

    assert body["success"] is (error is None)
    if error:
        assert (response.status, body["errors"][0]["code"]) == error


def test_a_global_api_key_is_unknown_where_tokens_are_defined(api: Api) -> None:
    """403/9103."""
    api.sandbox.define_token("token", ["Zone Read"])
    headers = (("x-auth-key", KEY), ("x-auth-email", "a@example.com"))
    response = api.sandbox.handle(Request("GET", "/client/v4/zones", (), headers, b""))

    assert json.loads(response.body)["errors"][0]["code"] == 9103
