"""Awkward mode: another spelling, the same meaning."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .api import EVERYONE, Api

TWO = [{"email": {"email": "a@example.com"}}, {"email": {"email": "b@example.com"}}]


def test_empty_lists_are_null(awkward: Api) -> None:
    """Empty rule lists come back as null."""
    group = awkward.group()

    assert (group["exclude"], group["require"]) == (None, None)


def test_sets_come_back_reversed(awkward: Api) -> None:
    """Rules come back in another order."""
    assert awkward.group(include=TWO)["include"] == TWO[::-1]


def test_defaults_are_left_out(awkward: Api) -> None:
    """False switches and true defaults are left out of an application."""
    app = awkward.app()

    assert not {"enable_binding_cookie", "http_only_cookie_attribute"} & set(app)
    assert (app["tags"], app["options_preflight_bypass"]) == (None, None)


def test_what_confuses_other_clients_is_not_done(awkward: Api) -> None:
    """What the tests of the Terraform provider show that the service does not do."""
    private = {"type": "private", "cidr": "10.0.0.5/32", "port_range": "22"}
    app = awkward.app(destinations=[{"uri": "ssh.example.com"}, private])

    empty = ("cors_headers", "mfa_config", "logo_url", "same_site_cookie_attribute")
    assert not set(empty) & set(app)
    assert (app["session_duration"], app["app_launcher_visible"]) == ("24h", True)
    assert app["destinations"][1]["port_range"] == "22"


def test_stated_switches_are_shown(awkward: Api) -> None:
    """A switch that differs from its default is shown."""
    app = awkward.app(http_only_cookie_attribute=False, enable_binding_cookie=True)

    assert (app["http_only_cookie_attribute"], app["enable_binding_cookie"]) == (False, True)


def test_organisation_leaves_switches_out(awkward: Api) -> None:
    """False switches of the organisation are missing, empty lists null."""
    path = "{A}/access/organizations"
    sent = {
        "deny_unmatched_requests": False,
        "deny_unmatched_requests_exempted_zone_names": [],
    }
    organisation = awkward.put(path, sent).result

    assert "deny_unmatched_requests" not in organisation
    assert organisation["deny_unmatched_requests_exempted_zone_names"] is None
    assert awkward.put(path, {"deny_unmatched_requests": True}).result["deny_unmatched_requests"]


def test_settings_say_the_least(awkward: Api) -> None:
    """A zone's setting that nobody changed is an id and a value."""
    setting = awkward.get(f"{awkward.zone()}/settings/ssl").result

    assert setting == {"id": "ssl", "value": "full"}


def test_private_networks_leave_comments_out(awkward: Api) -> None:
    """A route without a comment shows none; a network says twice whether it is the default."""
    tunnel = awkward.tunnel()
    body = {"network": "10.0.0.0/24", "tunnel_id": tunnel["id"]}
    route = awkward.post("{A}/teamnet/routes", body).result
    named = {"name": "lab", "is_default_network": False}
    network = awkward.post("{A}/teamnet/virtual_networks", named).result

    assert "comment" not in route
    assert (network["is_default"], network["is_default_network"]) == (False, False)
    assert tunnel["connections"] == []


def test_members_of_infrastructure_applications_stay_away(awkward: Api) -> None:
    """An infrastructure application shows no cookie, session or domain members."""
    criterion = {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["web1"]}}
    body = {"type": "infrastructure", "name": "servers", "target_criteria": [criterion]}
    app = awkward.post("{A}/access/apps", body).result

    assert not {"cors_headers", "same_site_cookie_attribute", "domain_type"} & set(app)


def test_configurations_echo_what_nobody_sent(awkward: Api) -> None:
    """A configuration shows nulls and empty objects for what was left out."""
    tunnel = awkward.tunnel()
    path = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
    rule = {"hostname": "a.example.com", "service": "http://a", "originRequest": {"tlsTimeout": 5}}
    config = awkward.put(
        path, {"config": {"ingress": [rule, {"service": "http_status:404"}]}}
    ).result["config"]

    assert config["ingress"][1] == {
        "hostname": "",
        "path": None,
        "service": "http_status:404",
        "originRequest": {},
    }
    assert config["ingress"][0]["originRequest"]["noTLSVerify"] is None
    assert config["warp-routing"] == {"enabled": False}
    assert "config_src" not in tunnel


def test_records_spell_no_settings_out(awkward: Api) -> None:
    """A record without settings, tags and comment shows no settings, null and nothing."""
    record = awkward.record(content="T.cfargotunnel.com")

    assert (record["tags"], record["settings"]) == (None, {})
    assert (record["comment"], record["content"]) == ("", "t.cfargotunnel.com")


def test_batches_leave_groups_null(awkward: Api) -> None:
    """A batch shows null for groups that did nothing."""
    record = awkward.record()
    batch = {"deletes": [{"id": record["id"]}]}
    done = awkward.post(f"{awkward.zone()}/dns_records/batch", batch).result

    assert done["posts"] is None
    assert done["deletes"][0]["tags"] is None


def test_times_have_several_precisions(awkward: Api) -> None:
    """Timestamps have 0, 3 or 6 fractional digits."""
    times = [awkward.tunnel(f"t{number}")["created_at"] for number in range(9)]

    lengths = {len(re.sub(r".*:\d\d", "", time)) for time in times}
    assert lengths == {1, 5, 8}


@pytest.fixture
def seven(awkward: Api) -> Api:
    """An account with seven tags."""
    for number in range(7):
        awkward.post("{A}/access/tags", {"name": f"t{number}"})
    return awkward


def pages(api: Api) -> list[Any]:
    """Every page of the tags until an empty one."""
    found = []
    for number in range(1, 20):
        answer = api.get(f"{{A}}/access/tags?per_page=50&page={number}")
        if not answer.result:
            break
        found.append(answer)
    return found


def test_pages_are_small_and_say_so(seven: Api) -> None:
    """A page holds three objects however many were asked for, and says so."""
    first = seven.get("{A}/access/tags?per_page=50")

    assert (len(first.result), first.body["result_info"]["per_page"]) == (3, 3)


def test_one_object_is_on_two_pages(seven: Api) -> None:
    """The pages together hold every object, one of them twice."""
    names = [tag["name"] for page in pages(seven) for tag in page.result]

    assert len(names) == 8
    assert set(names) == {f"t{number}" for number in range(7)}


def test_single_page_has_no_result_info(awkward: Api) -> None:
    """A list of one page comes without result_info."""
    awkward.post("{A}/access/tags", {"name": "a"})

    assert "result_info" not in awkward.get("{A}/access/tags").body


def test_everything_is_understood_when_sent_back(awkward: Api) -> None:
    """What awkward mode shows of a group can be written again with the same meaning."""
    group = awkward.group(include=TWO)
    body = {name: group[name] for name in ("name", "include", "exclude", "require")}
    again = awkward.put(f"{{A}}/access/groups/{group['id']}", body)

    assert again.status == 200
    assert sorted(map(str, again.result["include"])) == sorted(map(str, TWO))


def test_inline_policies_are_awkward_too(awkward: Api) -> None:
    """Policies inside an application leave out false switches."""
    app = awkward.app(policies=[{"name": "i", "decision": "allow", "include": EVERYONE}])

    assert "approval_required" not in app["policies"][0]
