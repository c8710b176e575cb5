"""What tunnels do is written as it is: rules in their order, checks, files on servers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.exporting import (
    adopted,
    application,
    body_of,
    exported,
    left,
    old_tunnel,
    policy,
    record,
    rule,
    stored,
    text_of,
    tunnel,
)
from ztctl.core.planning.selection import Chosen

HOST = "ssh.example.com"
OTHER = "0" * 64


def behind(account: Account, **settings: Any) -> tuple[str, str]:
    """A host of which the connector asks for the token as said; the tunnel and the audience."""
    std = policy(account, session_duration="24h")
    app = application(account, HOST, policies=[std], app_launcher_visible=False)
    access = {"required": True, "teamName": "acme", "audTag": [app["aud"]], **settings}
    if access.get("audTag") == [OTHER]:
        access["audTag"] = [app["aud"], OTHER]
    pool = tunnel(account, [rule(HOST, originRequest={"access": access})])
    record(account, HOST, pool)
    return pool, app["aud"]


def test_a_check_that_is_the_default_is_left_out(account: Account) -> None:
    """The connector asks for the token of the one application that decides: nothing to say."""
    behind(account)

    found = exported(account)

    assert yaml.safe_load(text_of(found))["hosts"][HOST] == {
        "tunnel": "pool",
        "service": "ssh://localhost:22",
        "policies": ["std"],
        "ca_key": False,
    }
    assert adopted(account, found).is_empty


def test_a_check_of_a_bypassed_host_is_said_in_a_word(account: Account) -> None:
    """There the default is none: what nobody states would switch it off."""
    behind(account)
    stored(account, "policy", account.one("policies")["id"], decision="bypass")

    found = exported(account)

    assert "access: true" in body_of(found)
    assert adopted(account, found).is_empty


@pytest.mark.parametrize("settings", [{"audTag": [OTHER]}, {"required": False}], ids=str)
def test_another_check_is_written_out(account: Account, settings: dict[str, Any]) -> None:
    """Whose tokens are taken beside, and that none is asked for, stay as they are."""
    pool, aud = behind(account, **settings)

    found = exported(account)

    (said,) = yaml.safe_load(text_of(found))["tunnels"]["pool"]["ingress"]
    access = said["origin_request"]["access"]
    assert access["required"] is settings.get("required", True)
    assert HOST in access["aud_tag"]
    assert aud not in body_of(found)
    assert adopted(account, found).is_empty
    assert account.one("tunnels")["id"] == pool


def test_a_tunnel_of_a_file_on_a_server_is_declared_as_one(account: Account) -> None:
    """What it serves is not known here; what leads to it is exported all the same."""
    body = {"name": "closet", "config_src": "local"}
    made = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    application(account, HOST, policies=[policy(account)])
    record(account, HOST, made)

    found = exported(account)

    said = yaml.safe_load(text_of(found))
    assert said["tunnels"] == {"closet": {"config": "local"}}
    assert said["dns"] == {HOST: {"tunnel": "closet"}}
    assert "ztctl tunnel files" in body_of(found)
    assert adopted(account, found).is_empty


ODD_RULES = [
    rule("web"),
    rule("*dev.example.com"),
    rule("x.example.com"),
    {"hostname": "x.example.com", "service": "http://localhost:1"},
    {"hostname": "y.example.com", "service": "https://y.example.com:443"},
    {"hostname": "z.example.com", "path": r"^/\pL\z", "service": "http://localhost:2"},
]


def test_odd_rules_are_exported_as_they_are(account: Account) -> None:
    """No dot, a star inside a label, a duplicate, split DNS, Go's own expressions: all adopted."""
    made = old_tunnel(account, ODD_RULES)

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))["tunnels"]["pool"]["ingress"]
    assert (found.is_complete, said, again.is_empty) == (True, ODD_RULES, True)
    kept = account.one("tunnel_configurations", tunnel_id=made)["config"]
    assert kept["ingress"] == [*ODD_RULES, {"service": "http_status:404"}]


def test_odd_settings_of_a_configuration_are_kept_or_named(account: Account) -> None:
    """A rule that no file takes is named; without it, every setting survives an edit."""
    rules = [
        rule("db.example.com", originRequest={"bastionMode": True}),
        {"hostname": "s.example.com", "service": "socks-proxy", "originRequest": {"ipRules": IP}},
    ]
    fine = tunnel(account, rules, "fine", **{"warp-routing": {"enabled": True}})
    old_tunnel(account, [rule("ssh.*.example.com")], "odd")

    found = exported(account)

    said = yaml.safe_load(text_of(found))["tunnels"]
    assert list(said) == ["fine"]
    assert "a star may only stand for the whole first label" in left(found)["odd"]
    assert said["fine"]["ingress"][0]["origin_request"] == {"bastion_mode": True}
    assert len(said["fine"]["ingress"][1]["origin_request"]["ip_rules"]) == len(IP)
    assert adopted(account, found).is_empty
    kept = account.one("tunnel_configurations", tunnel_id=fine)["config"]
    assert kept["ingress"][:2] == rules


IP = [
    {"prefix": "192.0.2.0/24", "ports": [22], "allow": True},
    {"prefix": "0.0.0.0/0", "allow": False},
]


def test_records_are_kept_whatever_they_are(account: Account) -> None:
    """An apex and a wildcard are exported, what another product manages is named."""
    pool = tunnel(account, [rule("*.example.com"), rule("example.com")])
    for name in ("example.com", "*.example.com"):
        record(account, name, pool, comment="by hand")
    managed = record(account, "mail.example.com", pool)
    stored(account, "dns_record", managed["id"], meta={"read_only": True, "email_routing": True})

    found = exported(account)

    assert list(yaml.safe_load(text_of(found))["dns"]) == ["*.example.com", "example.com"]
    assert left(found) == {"mail.example.com": "it is managed by Email Routing"}
    assert adopted(account, found).is_empty


def alias(account: Account, name: str, of: str, **fields: Any) -> Any:
    """A proxied record that leads to another one."""
    where = account.one("zones", name=name.partition(".")[2])["id"]
    body = {"type": "CNAME", "name": name, "content": of, "proxied": True, **fields}
    return account.call("POST", f"/zones/{where}/dns_records", body)


def test_an_alias_of_a_record_that_leads_to_a_tunnel_is_stated(account: Account) -> None:
    """A chain of CNAMEs, over zones, is written link by link; what leads elsewhere is not."""
    pool = tunnel(account, [rule(HOST)])
    application(account, HOST, policies=[policy(account)])
    record(account, "a.example.com", pool)
    alias(account, "b.example.org", "a.example.com", comment="second")
    alias(account, HOST, "b.example.org")
    alias(account, "www.example.com", "shop.example.net")
    alias(account, "x.example.com", "y.example.com")
    alias(account, "y.example.com", "x.example.com")
    before = account.everything()["dns_records"]

    found = exported(account)
    again = adopted(account, found)

    assert found.is_complete
    assert yaml.safe_load(text_of(found))["dns"] == {
        "a.example.com": {"tunnel": "pool"},
        "b.example.org": {"cname": "a.example.com", "comment": "second"},
        HOST: {"cname": "b.example.org"},
    }
    assert again.is_empty
    kept = account.everything()["dns_records"]
    assert [(it["id"], it["content"]) for it in kept] == [
        (it["id"], it["content"]) for it in before
    ]


def test_a_host_that_is_an_alias_is_exported_with_its_record(account: Account) -> None:
    """Chosen by its name alone, it holds all that it depends on."""
    record(account, "a.example.com", tunnel(account, [rule(HOST)]))
    alias(account, HOST, "a.example.com")

    found = exported(account, Chosen(host=(HOST,)))

    said = yaml.safe_load(text_of(found))
    assert [*said["dns"], *said["tunnels"]] == ["a.example.com", HOST, "pool"]


def test_an_alias_of_a_record_that_stays_as_it_is_names_the_live_one(account: Account) -> None:
    """What another product manages is no entry, and what leads to it is."""
    managed = record(account, "a.example.com", tunnel(account, [rule(HOST)]))
    stored(account, "dns_record", managed["id"], meta={"read_only": True})
    alias(account, HOST, "a.example.com")

    found = exported(account)

    assert yaml.safe_load(text_of(found))["dns"] == {HOST: {"cname": {"live": "a.example.com"}}}
    assert adopted(account, found).is_empty


def test_a_record_of_external_dns_is_named_with_its_owner(account: Account) -> None:
    """It would come back; what else the name needs is exported, and another record is, too."""
    pool = tunnel(account, [rule("a.example.com"), rule("b.example.com")])
    for name in ("a.example.com", "b.example.com"):
        record(account, name, pool)
    text = '"heritage=external-dns,external-dns/owner=k8s"'
    zone = account.one("zones", name="example.com")["id"]
    body = {"type": "TXT", "name": "a.example.com", "content": text}
    account.call("POST", f"/zones/{zone}/dns_records", body)

    found = exported(account)

    assert list(yaml.safe_load(text_of(found))["dns"]) == ["b.example.com"]
    assert "k8s" in left(found)["a.example.com"]
    assert adopted(account, found).is_empty


def test_a_comment_without_room_for_the_mark_is_named(account: Account) -> None:
    """On a free zone a comment has 100 characters: its record cannot be adopted as it is."""
    pool = tunnel(account, [rule("a.example.org"), rule("b.example.org")])
    for name, comment in (("a.example.org", "x" * 100), ("b.example.org", "short")):
        body = {"type": "CNAME", "name": name, "content": f"{pool}.cfargotunnel.com"}
        zone = account.one("zones", name="example.org")["id"]
        sent = {**body, "proxied": True, "comment": comment}
        account.call("POST", f"/zones/{zone}/dns_records", sent)

    found = exported(account)

    assert list(yaml.safe_load(text_of(found))["dns"]) == ["b.example.org"]
    assert "characters" in left(found)["a.example.org"]


def test_a_selection_holds_what_it_needs_and_names_who_shares_it(account: Account) -> None:
    """One host of two: its record, application, policy and tunnel; the other one is told of."""
    std = policy(account, session_duration="24h")
    pool = tunnel(account, [rule("a.example.com"), rule("b.example.com")])
    for host in ("a.example.com", "b.example.com"):
        record(account, host, pool)
        application(account, host, policies=[std], app_launcher_visible=False)

    found = exported(account, Chosen(host=("a.example.com",)))

    said = yaml.safe_load(text_of(found))
    assert list(said["applications"]) == list(said["dns"]) == ["a.example.com"]
    assert [it["hostname"] for it in said["tunnels"]["pool"]["ingress"]] == [
        "a.example.com",
        "b.example.com",
    ]
    assert "Also used by the Access application 'b.example.com'" in body_of(found)
    assert "Also used by the DNS record 'b.example.com'" in body_of(found)
    assert adopted(account, found).is_empty


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(zone=("example.org",)),
        Chosen(tunnel=("second",)),
        Chosen(application=("b.example.org",)),
        Chosen(tag=("mine",)),
    ],
    ids=["zone", "tunnel", "application", "tag"],
)
def test_each_selection_holds_the_whole_host_and_no_other(chosen: Chosen, account: Account) -> None:
    """Record, application, policy, tunnel and rule of one of two hosts that share nothing."""
    account.call("POST", "{A}/access/tags", {"name": "mine"})
    for host, name, tags in (("a.example.com", "first", []), ("b.example.org", "second", ["mine"])):
        std = policy(account, name, session_duration="24h")
        application(account, host, policies=[std], tags=tags)
        where = account.one("zones", name=host.partition(".")[2])["id"]
        to = f"{tunnel(account, [rule(host)], name)}.cfargotunnel.com"
        body = {"type": "CNAME", "name": host, "content": to, "proxied": True}
        account.call("POST", f"/zones/{where}/dns_records", body)

    found = exported(account, chosen)
    again = adopted(account, found)

    said = text_of(found)
    assert ("b.example.org" in said, "a.example.com" in said, "first" in said) == (
        True,
        False,
        False,
    )
    assert found.objects == len({"record", "application", "policy", "tunnel"})
    assert again.is_empty


def test_how_many_calls_an_adoption_takes_is_known_beforehand(account: Account) -> None:
    """One for the mark, each application, policy and tunnel, and for all records of a zone."""
    std = policy(account, session_duration="24h")
    hosts = [f"h{number}.example.com" for number in range(3)]
    pool = tunnel(account, [rule(host) for host in hosts])
    for host in hosts:
        record(account, host, pool)
        application(account, host, policies=[std])

    found = exported(account)

    before = len(account.writes())
    adopted(account, found)
    sent = [it for it in account.writes()[before:] if "lock" not in str(it.body)]
    assert found.writes == 1 + len(hosts) + 1 + 1 + 1
    assert abs(len(sent) - found.writes) <= 1


def test_of_many_users_the_first_are_named_and_the_rest_counted(account: Account) -> None:
    """One policy of a whole fleet does not bury the entry of a single host."""
    std = policy(account, session_duration="24h")
    for number in range(12):
        application(account, f"h{number:02}.example.com", policies=[std])

    text = text_of(exported(account, Chosen(application=("h00.example.com",))))

    lines = [it.strip() for it in text.splitlines() if "Also used by" in it]
    assert len(lines) == 8
    assert "'h01.example.com'" in lines[0]
    assert lines[-1] == "# Also used by 4 more, which are not in here."
