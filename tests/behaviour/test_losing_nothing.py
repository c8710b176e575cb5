"""A write loses nothing that the file does not name, whoever put it there and whatever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.by_hand import zone
from tests.support.files import HOST, whole
from ztctl.cli.calls import calls_page
from ztctl.kinds.registry import KINDS

Json = Any
File = dict[str, Any]
APP = f"access_application.{HOST}"
# Python SDK 5.9.0; the last is of a type that is to come.
ELSEWHERE: list[File] = [
    {"type": "all_workers"},
    {"type": "all_preview_workers", "overrides": [{"behavior": "public", "path_pattern": "/x"}]},
    {"type": "worker", "worker_id": "abc"},
    {"type": "preview_worker", "worker_id": "abc"},
    {"type": "via_mcp_server_portal", "mcp_server_id": "m1"},
]
TO_COME = {"type": "to_come", "uri": "other.example.com", "cidr": "10.0.0.0/8"}
STORED = {"apps": "app", "policies": "policy", "groups": "access_group"}


def applied(account: Account, **application: Any) -> File:
    """The whole file, applied; more may be said of its application."""
    file = whole()
    file["applications"][HOST] |= application
    account.apply(file)
    account.forget_log()
    return file


def edited(**application: Any) -> File:
    """The whole file with one edit of its application."""
    file = whole()
    file["applications"][HOST] |= {"skip_interstitial": True, **application}
    return file


def by_hand(account: Account, section: str, **members: Any) -> None:
    """Somebody, or the service, gives the one live object members that no field models."""
    found = account.one(section)
    with account.sandbox.session() as state:
        state.store.put(STORED[section], found["id"], {**found, **members})


def configured(account: Account, config: Json) -> None:
    """The tunnel gets this configuration, with whatever is in it."""
    found = account.one("tunnel_configurations")
    with account.sandbox.session() as state:
        stored = {**found, "config": config}
        state.store.put("tunnel_configuration", found["tunnel_id"], stored)


def sent(account: Account, path: str) -> Json:
    """The body of the one PUT below a path."""
    writes = (one for one in account.writes() if one.method == "PUT" and path in one.path)
    (body,) = (json.loads(one.body) for one in writes)
    return body


# -- destinations ---------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [{}, {"destinations": [HOST]}], ids=["unstated", "stated"])
def test_destinations_of_other_types_stay(account: Account, stated: File) -> None:
    """Workers keep their Access whatever is edited, and are no difference."""
    file = applied(account, **stated)
    public = {"type": "public", "uri": HOST}
    by_hand(account, "apps", destinations=[ELSEWHERE[0], public, *ELSEWHERE[1:]])

    plan = account.plan(file)
    account.apply(edited(**stated))

    assert told(plan) == []
    live = account.one("apps")["destinations"]
    assert sorted(map(str, live)) == sorted(map(str, [public, *ELSEWHERE]))


def test_they_stay_while_destinations_come_and_go(account: Account) -> None:
    """Also where the file takes one of its own away and adds another, in two writes."""
    applied(account, destinations=[HOST, "old.example.com"])
    by_hand(account, "apps", destinations=[*account.one("apps")["destinations"], *ELSEWHERE])

    account.apply(edited(destinations=[HOST, "new.example.com"]))

    live = account.one("apps")["destinations"]
    assert {it["uri"] for it in live if "uri" in it} == {HOST, "new.example.com"}
    assert [it for it in live if "uri" not in it] == ELSEWHERE


def test_a_destination_that_is_to_come_is_sent_as_it_came(account: Account) -> None:
    """Whatever it is called and whatever is in it, it is neither a public nor a private one."""
    file = applied(account)
    live = [TO_COME, {"type": "public", "uri": HOST, "new": [1]}]
    by_hand(account, "apps", destinations=live)
    assert told(account.plan(file)) == []

    plan = account.plan(edited())
    account.carry_out(plan)

    assert sent(account, "/access/apps/")["destinations"] == live
    assert account.one("apps")["destinations"] == live


def test_an_adoption_drops_no_destination_of_another_type(account: Account) -> None:
    """What nobody marked becomes the stack's with everything that it is in front of."""
    body = {"type": "self_hosted", "name": "By hand", "domain": HOST}
    places = [{"type": "public", "uri": HOST}, *ELSEWHERE]
    account.call("POST", "{A}/access/apps", {**body, "destinations": places})

    account.apply(whole(), adopt=True)

    assert account.one("apps")["destinations"] == places


# -- members that no field models -----------------------------------------------------------


def test_unknown_members_of_an_application_are_sent_back(account: Account) -> None:
    """Those of today, such as an OAuth server without a secret, and those to come."""
    file = applied(account, cors_headers={"max_age": 5})
    oauth = {"enabled": True, "grant": {"session_duration": "24h"}}
    cors = {"max_age": 5, "new": {"deep": [1]}}
    by_hand(account, "apps", oauth_configuration=oauth, new=False, cors_headers=cors)
    file["applications"][HOST]["cors_headers"] = {"max_age": 6}

    account.carry_out(account.plan(file))

    body = sent(account, "/access/apps/")
    assert (body["oauth_configuration"], body["new"]) == (oauth, False)
    assert body["cors_headers"] == {"max_age": 6, "new": {"deep": [1]}}
    assert account.one("apps")["cors_headers"] == body["cors_headers"]


def test_unknown_members_of_a_policy_are_sent_back(account: Account) -> None:
    """Also inside an element of a list that stays."""
    file = whole()
    approvals = {"approvals_needed": 1, "email_addresses": ["boss@example.com"]}
    file["policies"]["team"] |= {"approval_required": True, "approval_groups": [approvals]}
    account.apply(file)
    account.forget_log()
    live = [{**approvals, "new": True}]
    by_hand(account, "policies", new={"a": 1}, approval_groups=live)
    file["policies"]["team"]["session_duration"] = "1h"

    account.carry_out(account.plan(file))

    body = sent(account, "/access/policies/")
    assert (body["new"], body["approval_groups"]) == ({"a": 1}, live)


def test_unknown_members_of_a_group_are_sent_back(account: Account) -> None:
    """Those of the rules are no members: a rule with more in it is another rule."""
    file = applied(account)
    by_hand(account, "groups", new=[1])
    file["groups"]["people"]["include"].append({"email": "bob@example.com"})

    account.carry_out(account.plan(file))

    assert sent(account, "/access/groups/")["new"] == [1]


def test_unknown_keys_of_a_configuration_are_sent_back(account: Account) -> None:
    """At the top, in the settings of all rules, in a rule, its settings and its check."""
    file = whole()
    file["tunnels"]["pool"] |= {"origin_request": {"connect_timeout": "5s"}}
    account.apply(file)
    account.forget_log()
    config = account.one("tunnel_configurations")["config"]
    rule, closing = config["ingress"]
    own = rule["originRequest"]
    rule |= {
        "id": "7",
        "originRequest": {
            "access": {**own["access"], "environment": "fed"},
            "proxyAddress": "127.0.0.1",
            "proxyPort": 8123,
            "new": 1,
        },
    }
    general = {**config["originRequest"], "proxyAddress": "10.0.0.1", "new": {"a": 1}}
    live = {**config, "new": {"b": 2}, "warp-routing": {"enabled": True}, "originRequest": general}
    configured(account, live)
    assert told(account.plan(file)) == []
    more = {"hostname": HOST, "path": "^/new$", "service": "http_status:403"}
    file["tunnels"]["pool"]["ingress"].insert(0, more)
    file["tunnels"]["pool"]["origin_request"] = {}

    account.carry_out(account.plan(file))

    del general["connectTimeout"]
    body = sent(account, "/configurations")["config"]
    assert body == {**live, "ingress": [more, rule, closing], "originRequest": general}


def test_a_rule_keeps_its_meaning_when_the_tunnel_changes(account: Account) -> None:
    """A live setting that only repeats the tunnel's does not outlive it as the rule's own."""
    file = whole()
    file["tunnels"]["pool"]["origin_request"] = {"no_tls_verify": True}
    account.apply(file)
    config = account.one("tunnel_configurations")["config"]
    config["ingress"][0]["originRequest"]["noTLSVerify"] = True
    configured(account, config)
    assert told(account.plan(file)) == []
    file["tunnels"]["pool"]["origin_request"] = {}

    account.apply(file)

    assert "noTLSVerify" not in str(account.one("tunnel_configurations")["config"])


def test_a_check_that_pauses_keeps_what_else_is_in_it(account: Account) -> None:
    """While a wildcard is split the connector asks for no token; its settings stay."""
    rule = {"hostname": HOST, "service": "ssh://localhost:22"}
    file = whole()
    file["applications"] = {"*.example.com": {"policies": ["team"]}}
    del file["ca_keys"]
    account.apply(file)
    config = account.one("tunnel_configurations")["config"]
    config["ingress"][0]["originRequest"]["access"]["environment"] = "fed"
    configured(account, config)
    account.forget_log()
    file["applications"][HOST] = {"policies": ["team"]}

    plan = account.plan(file)
    account.carry_out(plan)

    bodies = [json.loads(it.body) for it in account.writes() if "/configurations" in it.path]
    checks = [body["config"]["ingress"][0]["originRequest"]["access"] for body in bodies]
    assert "relax" in [step.id.verb for step in plan.steps]
    assert {check.get("environment") for check in checks} == {"fed"}
    assert rule.items() <= bodies[-1]["config"]["ingress"][0].items()


def test_unknown_members_of_a_record_are_sent_back(account: Account) -> None:
    """And nothing that the service alone sets."""
    file = applied(account)
    found = account.one("dns_records")
    with account.sandbox.session() as state:
        state.store.put("dns_record", found["id"], {**found, "new": {"a": 1}})
    file["dns"][HOST]["comment"] = "other words"

    account.carry_out(account.plan(file))

    (batch,) = (json.loads(one.body) for one in account.writes() if "/dns_records" in one.path)
    (record,) = batch["puts"]
    assert record["new"] == {"a": 1}
    assert not {"meta", "created_on", "modified_on", "proxiable"} & record.keys()


def test_a_record_that_takes_the_place_of_an_address_keeps_its_tags(account: Account) -> None:
    """They are of no field that the file states; those of a further record are told."""
    for number, tag in ((1, "team:a"), (2, "team:b")):
        record = {"type": "A", "name": HOST, "content": f"192.0.2.{number}", "tags": [tag]}
        account.call("POST", zone(account), record)

    plan = account.plan(whole(), adopt=True)
    account.carry_out(plan)

    kept = account.one("dns_records")["tags"]
    gone = {"team:a": "team:b", "team:b": "team:a"}[kept[0]]
    assert any(f"and its tags {gone}" in note for change in plan.changes for note in change.notes)


def test_letting_go_of_a_policy_keeps_rules_that_are_not_understood(account: Account) -> None:
    """Somebody whom an unknown rule keeps out is not let in by taking the mark off."""
    file = applied(account)
    unknown = {"new_selector": {"id": "x"}}
    by_hand(account, "policies", exclude=[unknown])
    del file["policies"]
    file["applications"][HOST]["policies"] = [{"live": "team.ztctl-prod"}]
    file["removed"] = [{"address": "access_policy.team", "forget": True}]

    account.carry_out(account.plan(file))

    assert sent(account, "/access/policies/")["exclude"] == [unknown]


def test_what_is_made_anew_has_what_the_file_does_not_state(account: Account) -> None:
    """A type cannot be changed: what no field models is told to go, all else is as it was."""
    logo = "https://example.com/logo.png"
    file = applied(account, logo_url=logo, custom_deny_message="no")
    by_hand(account, "apps", new={"a": 1})
    file["applications"][HOST] = {"policies": ["team"], "type": "ssh"}
    yes = {"interruption": ["all"], "ca_deletion": ["all"]}

    plan = account.plan(file, **yes)
    outcome = account.carry_out(plan)

    assert outcome.is_complete, outcome.failed
    live = account.one("apps")
    assert (live["type"], live["logo_url"], live["custom_deny_message"]) == ("ssh", logo, "no")
    (change,) = (change for change in plan.changes if str(change.address) == APP)
    assert "drops new, unknown to ztctl" in change.notes


# -- what cannot be carried -----------------------------------------------------------------

SCIM = {
    "enabled": True,
    "remote_uri": "https://scim.example.com",
    "authentication": {"scheme": "httpbasic", "user": "u", "password": "**********"},
}
KEPT_BACK: list[tuple[File, str]] = [
    ({"scim_config": SCIM}, "scim_config.authentication"),
    ({"oauth_configuration": {"client_secret": ""}}, "oauth_configuration.client_secret"),
    ({"oauth_configuration": {"client": {"key": "******"}}}, "oauth_configuration.client.key"),
    ({"new": {"api_token": None}}, "new.api_token"),
    ({"new": ["<redacted>"]}, "new[]"),
    ({"mfa_config": {"seed_secret": "x"}}, "mfa_config.seed_secret"),
]


@pytest.mark.parametrize(("members", "path"), KEPT_BACK, ids=[path for _, path in KEPT_BACK])
def test_what_holds_credentials_is_not_edited(account: Account, members: File, path: str) -> None:
    """Refused with the reason and a way out: the service does not give them back."""
    file = applied(account)
    by_hand(account, "apps", **members)

    plan = account.plan(edited())

    assert told(account.plan(file)) == []
    assert refused(plan) == [(APP, "")]
    assert f"it has {path}, which the service keeps to itself" in plan.refusals[0].reason
    assert "in the dashboard" in plan.refusals[0].reason


def test_an_adoption_of_what_holds_credentials_is_refused(account: Account) -> None:
    """The mark is an edit, too: no yes makes it one that loses nothing."""
    body = {"type": "self_hosted", "name": "By hand", "domain": HOST}
    account.call("POST", "{A}/access/apps", body)
    by_hand(account, "apps", scim_config=SCIM)

    plan = account.plan(whole(), adopt=True)

    assert refused(plan) == [(APP, "")]
    assert "scim_config.authentication" in plan.refusals[0].reason


def test_what_holds_credentials_is_neither_let_go_of_nor_replaced(account: Account) -> None:
    """Both write the object; only its deletion is what the file says."""
    file = applied(account)
    by_hand(account, "apps", scim_config=SCIM)
    yes = {"interruption": ["all"], "deletions": True, "ca_deletion": ["all"]}
    terminal = edited(type="ssh")
    forgetting = {**file, "removed": [{"address": APP, "forget": True}], "applications": {}}
    forgetting = {name: forgetting[name] for name in forgetting if name not in ("ca_keys", "dns")}
    forgetting["tunnels"] = {"pool": {}}

    assert (APP, "") in refused(account.plan(terminal, **yes))
    assert (APP, "") in refused(account.plan(forgetting, **yes))
    assert account.destroy(file).is_complete


# -- back to a default ----------------------------------------------------------------------

UNUSUAL: File = {
    "app_launcher_visible": False,
    "skip_interstitial": True,
    "session_duration": "12h",
    "http_only_cookie_attribute": False,
    "logo_url": "https://example.com/logo.png",
}


def test_the_calls_of_a_plan_show_no_credentials(account: Account) -> None:
    """Also of a change that is refused, and where the service gives them back after all."""
    applied(account)
    told = {"authentication": {"scheme": "oauthbearertoken", "token": "hush"}, "api_key": "hush"}
    by_hand(account, "apps", scim_config=told)

    page = calls_page(account.plan(edited()), KINDS)

    assert "hush" not in str(page)
    assert "(sensitive)" in str(page)


@pytest.mark.parametrize("keeps_omitted", [False, True], ids=["replacing", "keeping"])
def test_a_change_back_to_a_default_takes(tmp_path: Path, *, keeps_omitted: bool) -> None:
    """What the dashboard had set otherwise is as the file says, whatever a PUT does."""
    account = Account(tmp_path, keeps_omitted=keeps_omitted)
    body = {"type": "self_hosted", "name": "By hand", "domain": HOST}
    account.call("POST", "{A}/access/apps", {**body, **UNUSUAL})
    file = whole()
    file["applications"][HOST]["logo_url"] = ""

    account.apply(file, adopt=True)

    assert told(account.plan(file)) == []
    live = account.one("apps")
    assert [live.get(name, False) for name in UNUSUAL] == [True, False, "24h", True, ""]


@pytest.mark.parametrize("keeps_omitted", [False, True], ids=["replacing", "keeping"])
def test_headers_that_cannot_stay_are_told(tmp_path: Path, *, keeps_omitted: bool) -> None:
    """The service takes no CORS headers beside the bypass: the plan says that live ones go."""
    account = Account(tmp_path, keeps_omitted=keeps_omitted)
    applied(account, cors_headers={"max_age": 5})
    file = whole()
    file["applications"][HOST] |= {"options_preflight_bypass": True}

    plan = account.plan(file)
    outcome = account.carry_out(plan)

    assert f"{APP} cors_headers" in edits(plan)
    assert outcome.is_complete, outcome.failed
    assert not account.one("apps").get("cors_headers")
