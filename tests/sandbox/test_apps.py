"""Applications: defaults, mirrors, refusals, replacement."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .api import EVERYONE, Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"
DEFAULTS = {
    "session_duration": "24h",
    "allowed_idps": [],
    "auto_redirect_to_identity": False,
    "app_launcher_visible": True,
    "enable_binding_cookie": False,
    "http_only_cookie_attribute": True,
    "eager_redirect_cookie_setting": True,
    "options_preflight_bypass": False,
    "tags": [],
    "policies": [],
}


def written(api: Api, **fields: Any) -> Any:
    """The answer to an application with these fields."""
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com", **fields}
    given = {name: value for name, value in body.items() if value is not None}
    return api.post("{A}/access/apps", given)


def public(*uris: str) -> list[dict[str, str]]:
    """Public destinations."""
    return [{"type": "public", "uri": uri} for uri in uris]


@pytest.mark.parametrize("kind", ["self_hosted", "ssh"])
def test_new_application_shows_its_defaults(api: Api, kind: str) -> None:
    """An application of three fields answers 201 with the defaults of the others."""
    answer = written(api, type=kind)

    assert answer.status == 201
    assert {name: answer.result[name] for name in DEFAULTS} == DEFAULTS
    assert re.fullmatch(r"[0-9a-f]{64}", answer.result["aud"])


def test_domain_is_mirrored(api: Api) -> None:
    """A domain alone shows as self_hosted_domains and as a public destination."""
    app = api.app("ssh.example.com/shell")

    assert app["self_hosted_domains"] == ["ssh.example.com/shell"]
    assert app["destinations"] == public("ssh.example.com/shell")


def test_self_hosted_domains_are_mirrored(api: Api) -> None:
    """self_hosted_domains alone show as destinations; the first is the domain."""
    app = written(api, domain=None, self_hosted_domains=["b.example.com", "a.example.com"]).result

    assert app["domain"] == "b.example.com"
    assert app["destinations"] == public("b.example.com", "a.example.com")


def test_destinations_win(api: Api) -> None:
    """Destinations win over self_hosted_domains, keep their order, and default to public."""
    sent = [{"uri": "b.example.com"}, *public("a.example.com")]
    app = written(
        api, domain="a.example.com", destinations=sent, self_hosted_domains=["c.example.com"]
    ).result

    assert app["destinations"] == public("b.example.com", "a.example.com")
    assert app["self_hosted_domains"] == ["b.example.com", "a.example.com"]
    assert app["domain"] == "a.example.com"


def test_domain_must_be_among_destinations(api: Api) -> None:
    """A domain that is not among the public destinations answers 400/12130."""
    answer = written(api, domain="x.example.com", destinations=public("a.example.com"))

    assert answer.error == (400, 12130)
    assert "domain not included in destinations" in answer.message


def test_private_destination_gets_its_mask(api: Api) -> None:
    """A single private address comes back with its mask; the public one stays the domain."""
    private = {"type": "private", "cidr": "10.0.0.5", "l4_protocol": "tcp", "port_range": "22"}
    app = written(api, destinations=[private, *public("ssh.example.com")]).result

    assert app["destinations"][0] == {**private, "cidr": "10.0.0.5/32"}
    assert app["self_hosted_domains"] == ["ssh.example.com"]


def test_private_application_has_no_domain(api: Api) -> None:
    """An application with private destinations only has no domain, and refuses one."""
    private = [{"type": "private", "hostname": "db.internal", "port_range": "22-23"}]
    app = written(api, domain=None, destinations=private).result

    assert ("domain" in app, app["self_hosted_domains"]) == (False, [])
    assert written(api, destinations=private).error == (400, 12130)


@pytest.mark.parametrize(
    "destinations",
    [
        [],
        "a.example.com",
        ["a.example.com"],
        [{"type": "public"}],
        [{"type": "private"}],
        [{"type": "private", "cidr": "10.0.0.1", "hostname": "a"}],
        [{"type": "private", "cidr": "10.0.0.1", "port_range": "0"}],
        [{"type": "private", "cidr": "10.0.0.1", "port_range": 22}],
        [{"type": "unheard_of"}],
        public("https://a.example.com"),
        public("a.example.com:22"),
        public("*"),
    ],
)
def test_wrong_destinations_are_refused(api: Api, destinations: Any) -> None:
    """A destination that cannot be answers 400/12130."""
    assert written(api, domain=None, destinations=destinations).error == (400, 12130)


def test_five_public_domains_are_the_most(api: Api) -> None:
    """A sixth public domain is refused."""
    uris = [f"h{number}.example.com" for number in range(6)]

    assert written(api, domain=None, destinations=public(*uris)).status == 400
    assert written(api, domain=None, destinations=public(*uris[:5])).status == 201


def test_wildcards_are_taken(api: Api) -> None:
    """A wildcard in host and path is a domain like any other."""
    assert written(api, domain="*.example.com/team*").status == 201


@pytest.mark.parametrize("domain", ["ssh.example.org", "example.com.evil.net", "ssh.pending.net"])
def test_domain_must_be_in_an_active_zone(domain: str) -> None:
    """A domain outside of the account's active zones answers 400/12130."""
    zones = ("example.com", ZoneSeed("pending.net", status="pending"))
    answer = written(Api(Sandbox.create(zones=zones)), domain=domain)

    assert answer.error == (400, 12130)
    assert "domain does not belong to zone" in answer.message


def test_same_domain_belongs_to_one_application(api: Api) -> None:
    """A second application on the same host and path answers 409/11010, whatever the case."""
    api.app("ssh.example.com")

    assert written(api, domain="SSH.example.com").error == (409, 11010)
    assert written(api, domain="ssh.example.com/path").status == 201


def test_application_may_keep_its_own_domain(api: Api) -> None:
    """PUT with the same domain is no conflict; PUT with another's domain is."""
    first = api.app("a.example.com")
    api.app("b.example.com")
    path = f"{{A}}/access/apps/{first['id']}"

    body = {"type": "self_hosted", "name": "a"}
    assert api.put(path, {**body, "domain": "a.example.com"}).status == 200
    assert api.put(path, {**body, "domain": "b.example.com"}).error == (409, 11010)


def test_freed_domain_can_be_taken(api: Api) -> None:
    """A domain that its application gave up is free for another."""
    first = api.app("a.example.com")
    body = {"type": "self_hosted", "name": "a", "domain": "b.example.com"}
    api.put(f"{{A}}/access/apps/{first['id']}", body)

    assert written(api, domain="a.example.com").status == 201


def test_tags_come_back_sorted(api: Api) -> None:
    """Tags come back in alphabetical order, each once."""
    for name in ("b", "a"):
        api.post("{A}/access/tags", {"name": name})

    assert api.app(tags=["b", "a", "b"])["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tags": ["missing"]},
        {"tags": "prod"},
        {"tags": [1]},
        {"allowed_idps": [UNKNOWN]},
        {"allowed_idps": ["okta"]},
        {"auto_redirect_to_identity": True},
        {"auto_redirect_to_identity": "false"},
        {"session_duration": "8 hours"},
        {"session_duration": ""},
        {"same_site_cookie_attribute": "sometimes"},
        {"allow_authenticate_via_warp": True},
        {"options_preflight_bypass": True, "cors_headers": {"allow_all_origins": True}},
        {"cors_headers": {"max_age": 86401}},
        {"cors_headers": []},
        {"mfa_config": {"session_duration": "soon"}},
        {"name": "x" * 351},
        {"name": 5},
        {"type": "infrastructure"},
        {"type": "teapot"},
        {"type": 1},
        {"policies": {}},
        {"policies": [5]},
        {"policies": [UNKNOWN]},
        {"policies": [{"id": UNKNOWN, "precedence": 1}]},
        {"policies": [{"id": 7}]},
        {"policies": [{"name": "inline"}]},
    ],
)
def test_wrong_fields_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong field answers 400/12130 and creates nothing."""
    assert written(api, **fields).error == (400, 12130)
    assert api.get("{A}/access/apps").result == []


def test_one_provider_can_be_redirected_to(api: Api) -> None:
    """auto_redirect_to_identity is taken with exactly one existing identity provider."""
    okta = api.get("{A}/access/identity_providers").result[0]["id"]

    assert written(api, allowed_idps=[okta], auto_redirect_to_identity=True).status == 201


def test_put_replaces_the_whole(api: Api) -> None:
    """PUT returns omitted fields to their defaults; id, aud and creation time stay."""
    old = api.app("ssh.example.com", session_duration="8h", logo_url="https://a/b.png")
    body = {"type": "self_hosted", "name": "new", "domain": "ssh.example.com"}
    new = api.put(f"{{A}}/access/apps/{old['id']}", body).result

    assert (new["session_duration"], "logo_url" in new) == ("24h", False)
    kept = ("id", "aud", "created_at")
    assert [new[name] for name in kept] == [old[name] for name in kept]


def test_type_cannot_be_changed(api: Api) -> None:
    """PUT with another type is refused."""
    app = api.app("ssh.example.com")
    body = {"type": "ssh", "name": "a", "domain": "ssh.example.com"}

    assert api.put(f"{{A}}/access/apps/{app['id']}", body).status == 400


@pytest.mark.parametrize("omitted", [{}, {"policies": None}])
def test_put_without_policies_keeps_them(api: Api, omitted: dict[str, Any]) -> None:
    """PUT without `policies`, or with null, keeps what is attached."""
    policy = api.policy()
    app = api.app("ssh.example.com", policies=[policy["id"]])
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com", **omitted}
    new = api.put(f"{{A}}/access/apps/{app['id']}", body).result

    assert [one["id"] for one in new["policies"]] == [policy["id"]]


def test_put_with_no_policies_clears_them(api: Api) -> None:
    """PUT with an empty array detaches everything; the reusable policy stays."""
    policy = api.policy()
    app = api.app("ssh.example.com", policies=[policy["id"]])
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com", "policies": []}
    new = api.put(f"{{A}}/access/apps/{app['id']}", body).result

    assert new["policies"] == []
    assert api.get(f"{{A}}/access/policies/{policy['id']}").result["app_count"] == 0


def test_policies_come_back_expanded_by_precedence(api: Api) -> None:
    """Linked policies show whole, lower precedence first, gaps kept."""
    first, second = api.policy("first"), api.policy("second")
    links = [{"id": second["id"], "precedence": 20}, {"id": first["id"], "precedence": 5}]
    app = api.app(policies=links)

    shown = [(one["name"], one["precedence"], one["reusable"]) for one in app["policies"]]
    assert shown == [("first", 5, True), ("second", 20, True)]
    assert app["policies"][0]["include"] == EVERYONE


def test_plain_ids_take_their_place_as_precedence(api: Api) -> None:
    """Policies given as ids have their position, from 1, as precedence."""
    first, second = api.policy("first"), api.policy("second")
    app = api.app(policies=[second["id"], first["id"]])

    shown = [(one["name"], one["precedence"]) for one in app["policies"]]
    assert shown == [("second", 1), ("first", 2)]


def test_precedences_are_unique(api: Api) -> None:
    """Two policies of one precedence answer 400/12130."""
    links = [{"id": api.policy(name)["id"], "precedence": 1} for name in "ab"]
    answer = written(api, policies=links)

    assert answer.error == (400, 12130)
    assert "policy precedences must be unique" in answer.message


@pytest.mark.parametrize("precedence", [0, -1, 1.5, "1", True])
def test_precedence_is_a_whole_number(api: Api, precedence: Any) -> None:
    """A precedence below 1 or of another type is refused."""
    policy = api.policy()

    assert written(api, policies=[{"id": policy["id"], "precedence": precedence}]).status == 400


def test_policy_is_attached_once(api: Api) -> None:
    """The same policy twice is refused."""
    policy = api.policy()

    assert written(api, policies=[policy["id"], policy["id"]]).status == 400


def test_what_is_off_is_absent(api: Api) -> None:
    """A switch that was sent as false is not shown, and one that is true is."""
    app = written(api, skip_interstitial=False, allow_iframe=True).result

    assert "skip_interstitial" not in app
    assert app["allow_iframe"] is True


def test_expanded_policies_may_be_sent_back(api: Api) -> None:
    """What a read shows of linked policies can be written again; the bodies are ignored."""
    app = api.app("ssh.example.com", policies=[api.policy()["id"]])
    body = {
        "type": "self_hosted",
        "name": "a",
        "domain": "ssh.example.com",
        "policies": app["policies"],
    }

    again = api.put(f"{{A}}/access/apps/{app['id']}", body)
    assert again.result["policies"] == app["policies"]
    assert any(field == "policies[0].name" for _, _, field in api.sandbox.ignored)


def test_unknown_application_has_its_code(api: Api) -> None:
    """An unknown application answers 404/11021, for a second deletion too."""
    app = api.app()

    gone = api.delete(f"{{A}}/access/apps/{app['id']}")
    assert (gone.status, gone.result) == (202, {"id": app["id"]})
    assert api.delete(f"{{A}}/access/apps/{app['id']}").error == (404, 11021)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=web", {"web1", "web2"}),
        ("name=web&exact=true", set()),
        ("name=web1&exact=true", {"web1"}),
        ("domain=a.example.com", {"web1"}),
        ("domain=.example.com", {"web1", "web2", "db"}),
        ("domain=b.example.com&exact=true", {"web2"}),
        ("search=C.EXAMPLE", {"db"}),
        ("search=web", {"web1", "web2"}),
        ("aud=0", set()),
    ],
)
def test_applications_are_filtered(api: Api, query: str, names: set[str]) -> None:
    """Name and domain filter by substring, or exactly when asked."""
    for name, host in (("web1", "a"), ("web2", "b"), ("db", "c")):
        api.app(f"{host}.example.com", name=name)

    assert {app["name"] for app in api.get(f"{{A}}/access/apps?{query}").result} == names


def test_settings_change_two_switches(api: Api) -> None:
    """The settings path changes two booleans, answers 202, and leaves the rest."""
    app = api.app(session_duration="8h")
    path = f"{{A}}/access/apps/{app['id']}"

    assert api.patch(f"{path}/settings", {"allow_iframe": True}).status == 202
    changed = api.get(path).result
    assert (changed["allow_iframe"], changed["session_duration"]) == (True, "8h")


def test_tokens_of_an_application_can_be_revoked(api: Api) -> None:
    """Revoking answers 202 for an application that exists."""
    app = api.app()

    assert api.post(f"{{A}}/access/apps/{app['id']}/revoke_tokens").status == 202
    assert api.post(f"{{A}}/access/apps/{UNKNOWN}/revoke_tokens").status == 404
