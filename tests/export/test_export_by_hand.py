"""What somebody made by hand is written as it is: adopted by marks alone, never opened."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.account import Account, told
from tests.support.exporting import (
    EVERYONE,
    adopted,
    application,
    body_of,
    exported,
    group,
    left,
    policy,
    read_back,
    record,
    rule,
    stored,
    text_of,
    tunnel,
)
from ztctl.core.planning.handover import Handover

COUNTRIES = {"country": ["ES", "PT"]}
HOSTS = ("db.example.com", "git.example.com", "ssh.example.com")
OTHER_TYPES: dict[str, Any] = {
    "warp": {"name": "Warp Login App", "domain": "acme.cloudflareaccess.com/warp"},
    "app_launcher": {"name": "App Launcher", "domain": "acme.cloudflareaccess.com"},
    "bookmark": {"name": "Docs", "domain": HOSTS[2]},
    "vnc": {"name": "Desktop", "domain": "desk.example.com"},
    "saas": {"name": "CRM", "saas_app": {"auth_type": "saml", "sp_entity_id": "sp"}},
    "mcp_portal": {"name": "Portal", "domain": "portal.acme.cloudflareaccess.com"},
    "infrastructure": {
        "name": "Servers",
        "target_criteria": [
            {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["db"]}}
        ],
    },
}


def dashboard(account: Account) -> dict[str, Any]:
    """Three hosts as the dashboard makes them: visible, called by words, no CA, no check."""
    std = policy(account, session_duration="24h")
    pool = tunnel(account, [rule(host) for host in reversed(HOSTS)])
    for host in HOSTS:
        record(account, host, pool)
    return {host: application(account, host, name=f"My {host}", policies=[std]) for host in HOSTS}


def test_a_dashboard_account_keeps_ids_and_audiences(account: Account) -> None:
    """Its names, launcher tiles and missing checks are stated; adoption only puts marks on."""
    made = dashboard(account)

    found = exported(account)
    again = adopted(account, found)

    assert found.is_complete
    assert again.is_empty
    assert "ca_keys" not in yaml.safe_load(text_of(found))
    assert text_of(found).count("access: false") == len(HOSTS)
    live = {it["id"]: it["aud"] for it in account.everything()["apps"]}
    assert live == {it["id"]: it["aud"] for it in made.values()}


def test_names_are_kept_where_that_is_asked_for(account: Account) -> None:
    """Tunnels, policies and groups are claimed by their ids, and no name changes."""
    dashboard(account)
    before = account.everything()

    found = exported(account, keeps_names=True)
    again = adopted(account, found)

    assert found.is_complete
    assert again.is_empty
    after = account.everything()
    for kind in ("policies", "tunnels", "apps"):
        assert [it["name"] for it in after[kind]] == [it["name"] for it in before[kind]]
    said = yaml.safe_load(text_of(found))
    assert said["tunnels"]["pool"]["id"] == before["tunnels"][0]["id"]


def test_what_hosts_says_exactly_is_written_short(account: Account) -> None:
    """A host whose rule, record, application and CA an entry of `hosts` says is one."""
    std = policy(account, session_duration="24h")
    pool = tunnel(account, [rule("a.example.com"), rule("b.example.com"), rule("c.example.com")])
    for host in ("a.example.com", "b.example.com", "c.example.com"):
        record(account, host, pool)
        hidden = host != "a.example.com"
        cookies = {"same_site_cookie_attribute": "lax", "logo_url": "https://example.com/l.png"}
        more = {} if hidden else cookies
        app = application(account, host, policies=[std], app_launcher_visible=not hidden, **more)
        if host == "b.example.com":
            account.call("POST", f"{{A}}/access/apps/{app['id']}/ca")

    found = yaml.safe_load(text_of(exported(account)))

    assert found["hosts"] == {
        "a.example.com": {
            "tunnel": "pool",
            "service": "ssh://localhost:22",
            "policies": ["std"],
            "app_launcher_visible": True,
            "logo_url": "https://example.com/l.png",
            "same_site_cookie_attribute": "lax",
            "access": False,
            "ca_key": False,
        },
        "b.example.com": {
            "tunnel": "pool",
            "service": "ssh://localhost:22",
            "policies": ["std"],
            "access": False,
        },
        "c.example.com": {
            "tunnel": "pool",
            "service": "ssh://localhost:22",
            "policies": ["std"],
            "access": False,
            "ca_key": False,
        },
    }


def test_a_rule_out_of_order_is_written_in_full(account: Account) -> None:
    """Rules keep their order, which decides: `hosts` would sort them by name."""
    std = policy(account, session_duration="24h")
    names = ["z.example.com", "a.example.com"]
    pool = tunnel(account, [rule(host) for host in names])
    for host in names:
        record(account, host, pool)
        application(account, host, policies=[std], app_launcher_visible=False)

    found = yaml.safe_load(text_of(exported(account)))

    assert [it["hostname"] for it in found["tunnels"]["pool"]["ingress"]] == ["z.example.com"]
    assert list(found["hosts"]) == ["a.example.com"]


def test_countries_that_are_required_together_stay_apart(account: Account) -> None:
    """Under `require` a list means any of them, which would let more people in."""
    both = [{"geo": {"country_code": "PT"}}, {"geo": {"country_code": "ES"}}]
    group(account, "iberia", require=both)

    found = yaml.safe_load(text_of(exported(account)))

    assert found["groups"]["iberia"]["require"] == [{"country": "ES"}, {"country": "PT"}]


def test_a_policy_that_excludes_everyone_is_stated_or_named(account: Account) -> None:
    """Nobody enters by it, and nobody does after its adoption."""
    policy(account, "nobody", exclude=EVERYONE)

    found = exported(account)

    said = yaml.safe_load(text_of(found)).get("policies", {})
    assert said.get("nobody", {}).get("exclude") == [{"everyone": True}] or left(found)


def test_a_selector_that_is_not_known_is_named_and_not_dropped(account: Account) -> None:
    """A rule set without one of its rules would be another one."""
    team = group(account)
    stored(account, "access_group", team, require=[{"moon_phase": {"phase": "full"}}])
    policy(account, include=[{"group": {"id": team}}])

    found = exported(account)

    assert "moon_phase" in left(found)["team"]
    assert yaml.safe_load(text_of(found))["policies"]["std"]["include"] == [
        {"group": {"live": "team"}}
    ]
    assert not found.is_complete


def test_two_of_one_name_are_told_apart_by_id(account: Account) -> None:
    """Each is the object that it was, and what refers to one refers to it still."""
    first, second = (
        group(account, "Ops", include=[{"email": {"email": mail}}])
        for mail in ("ann@example.com", "bob@example.com")
    )
    policy(account, "std", include=[{"group": {"id": second}}])
    policy(account, "std", include=[{"group": {"id": first}}])

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))
    assert {it["id"] for it in said["groups"].values()} == {first, second}
    assert {it["include"][0]["group"] for it in said["policies"].values()} == {
        f"Ops-{first[:8]}",
        f"Ops-{second[:8]}",
    }
    assert again.is_empty


@pytest.mark.parametrize(
    "name",
    [
        "NO",
        "1e3",
        "022",
        "a.b",
        "🚀 team",
        "a\u202eb",
        "${x}",
        "${env.HOME}",
        "~",
        "#1",
        "a: b",
        "'",
        "",
    ],
)
def test_a_hostile_name_is_the_same_after_reading(account: Account, name: str) -> None:
    """Whatever a group is called, its adoption is of that group and keeps its name."""
    made = group(account, name or " ")
    policy(account, include=[{"group": {"id": made}}])

    found = exported(account)
    again = adopted(account, found)

    assert found.is_complete
    assert again.is_empty
    (kept,) = account.everything()["groups"]
    assert (kept["id"], kept["name"]) == (made, f"{name or ' '}.ztctl-prod")


def test_a_name_that_is_too_long_for_a_key_is_said_beside_its_id(account: Account) -> None:
    """YAML takes 1024 characters, and what nobody sees takes six each."""
    name = "\u202e" * 300
    made = group(account, name)
    policy(account, include=[{"group": {"id": made}}])

    found = exported(account)
    again = adopted(account, found)

    assert yaml.safe_load(text_of(found))["groups"][made]["name"] == name
    assert again.is_empty
    assert body_of(exported(account)) == body_of(found)


def test_what_another_stack_owns_is_named_and_left(account: Account) -> None:
    """An object of another stack is in no file, and what refers to it says that it is live."""
    theirs = group(account, "x.ztctl-other")
    policy(account, include=[{"group": {"id": theirs}}])

    found = exported(account)

    assert left(found) == {"x.ztctl-other": "it belongs to the stack other"}
    assert "live: x.ztctl-other" in body_of(found)
    assert found.is_complete


@pytest.mark.parametrize("type_", OTHER_TYPES)
def test_an_application_of_another_type_is_named(account: Account, type_: str) -> None:
    """It is in no file, not even where it has the domain of a host, and the host is."""
    dashboard(account)
    made = account.call("POST", "{A}/access/apps", {"type": type_, **OTHER_TYPES[type_]})

    found = exported(account)

    assert [it.id for it in found.document.left] == [made["id"]]
    assert type_ in left(found)[made["name"]]
    assert not found.is_complete
    assert made["id"] not in body_of(found)


@pytest.mark.parametrize("name", ["shared", "${x}"])
def test_a_policy_without_a_session_keeps_that_of_its_applications(
    account: Account, name: str
) -> None:
    """It is left unsaid; where applications differ, the policy is never written."""
    unsaid = policy(account, "unsaid")
    shared = policy(account, name)
    for key in (unsaid, shared):
        stored(account, "policy", key, session_duration=None)
    half, day = {"session_duration": "30m"}, {"session_duration": "8h"}
    application(account, "a.example.com", policies=[unsaid, shared], **half)
    application(account, "b.example.com", policies=[shared], **day)

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))["policies"]
    assert "session_duration" not in said["unsaid"]
    assert said[name.replace("$", "$$")]["id"] == shared
    live = {it["id"]: it.get("session_duration") for it in account.everything()["policies"]}
    assert live == {unsaid: "30m", shared: None}
    assert again.is_empty


def test_the_same_account_gives_the_same_file(account: Account) -> None:
    """Whatever order the service lists things in, two exports are equal, byte for byte."""
    dashboard(account)
    group(account)

    assert text_of(exported(account)) == text_of(exported(account))


def test_an_exported_stack_is_exported_as_it_is_declared(account: Account) -> None:
    """Once adopted, another export says the same and its plan is empty."""
    dashboard(account)
    first = exported(account)
    adopted(account, first)

    second = exported(account)

    assert body_of(second) == body_of(first)
    assert told(adopted(account, second)) == []


def test_a_helper_group_is_the_list_that_is_required(account: Account) -> None:
    """As the file had it that made the group; one that others use, too, stays a group."""
    file = {
        "groups": {"ops": {"include": [{"email": "a@example.com"}], "require": [COUNTRIES]}},
        "policies": {"std": {"decision": "allow", "include": [{"group": "ops"}]}},
    }
    account.apply({**file, "stack": "prod"})

    alone = yaml.safe_load(text_of(exported(account, stack="prod")))
    helper = next(it for it in account.everything()["groups"] if ".require." in it["name"])
    group(account, "others", include=[{"group": {"id": helper["id"]}}])
    shared = yaml.safe_load(text_of(exported(account, stack="prod")))

    assert [*alone["groups"]] == ["ops"]
    assert alone["groups"]["ops"]["require"] == [COUNTRIES]
    assert {*shared["groups"]} == {"group.ops.require.country", "ops", "others"}


def test_foreign_records_are_left_out_without_a_word(account: Account) -> None:
    """Most records of a zone lead to no tunnel, and are nothing for these files."""
    body = {"type": "A", "name": "www.example.com", "content": "192.0.2.1", "proxied": True}
    zone = account.one("zones", name="example.com")["id"]
    account.call("POST", f"/zones/{zone}/dns_records", body)

    found = exported(account)

    assert (found.objects, found.document.left) == (0, ())


@pytest.mark.parametrize("comment", ["  two  blanks  ", "line\nkey: value # x"])
def test_blanks_of_a_comment_come_back_with_a_release(account: Account, comment: str) -> None:
    """The mark is put behind the text as it is: a file says it on one line, and no write does."""
    way = record(account, HOSTS[0], tunnel(account, []), comment=comment)["id"]
    body = {"name": "inside", "comment": comment}
    inside = account.call("POST", "{A}/teamnet/virtual_networks", body)["id"]

    def comments() -> list[str]:
        places = (("dns_records", way), ("virtual_networks", inside))
        return [account.one(kind, id=key)["comment"] for kind, key in places]

    found = exported(account)
    again = adopted(account, found)
    marked = comments()
    declared = read_back(found, account.folder)
    account.carry_out(account.plan_of(declared, handover=Handover()))

    assert again.is_empty
    assert marked == [f"{comment} ztctl-prod"] * 2
    assert comments() == [comment] * 2


def test_rules_that_log_ssh_are_stated(account: Account) -> None:
    """A rule made by hand gets a mark and nothing else; the account's key is no stack's."""
    logs = {"audit_ssh": {"command_logging": True}}
    body = {"name": "Log SSH", "action": "audit_ssh", "traffic": "net.dst.ip == 10.0.0.5"}
    account.call("POST", "{A}/gateway/rules", {**body, "enabled": True, "rule_settings": logs})
    account.call("POST", "{A}/gateway/rules", {"name": "no", "action": "block", "filters": ["l4"]})
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    account.call("PUT", "{A}/gateway/audit_ssh_settings", {"public_key": key})

    found = exported(account)
    again = adopted(account, found)

    stated = yaml.safe_load(text_of(found))
    assert "ssh_audit_keys" not in stated
    assert [*stated["gateway_rules"]] == ["Log SSH"]
    assert stated["gateway_rules"]["Log SSH"]["command_logging"] is True
    assert (again.is_empty, again.warnings) == (True, ())


def test_a_private_application_is_stated_by_its_places(account: Account) -> None:
    """It has no domain, and is adopted as the one object that it is."""
    places = [{"type": "private", "cidr": "10.0.0.0/24", "port_range": "22"}]
    body = {"type": "self_hosted", "name": "inside", "destinations": places}
    made = account.call("POST", "{A}/access/apps", body)

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))["applications"]
    assert said == {"inside": {"destinations": [{"cidr": "10.0.0.0/24", "port_range": "22"}]}}
    assert again.is_empty
    assert account.one("apps")["id"] == made["id"]


def test_public_paths_of_a_host_are_stated_or_named(account: Account) -> None:
    """What nobody is asked to log in for stays so, and is seen; other ways are named."""
    known = {"behavior": "public", "path_pattern": "/healthz"}
    odd, more = {"behavior": "moonlight", "path_pattern": "/x"}, {**known, "until": "noon"}
    for host, override in zip(HOSTS, (known, odd, more), strict=True):
        app = application(account, host)
        place = {"type": "public", "uri": host, "overrides": [override]}
        stored(account, "app", app["id"], destinations=[place])

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))["applications"]
    assert said[HOSTS[0]]["destinations"] == [{"uri": HOSTS[0], "overrides": [known]}]
    assert "moonlight" in left(found)[HOSTS[1]]
    assert said[HOSTS[2]] == {}
    assert again.is_empty
    kept = {it["name"]: it["destinations"][0]["overrides"] for it in account.everything()["apps"]}
    assert kept == {HOSTS[0]: [known], HOSTS[1]: [odd], HOSTS[2]: [more]}
