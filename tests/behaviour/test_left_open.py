"""An application never gives up a name that would then be open, and marks are never forged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, refused, told
from tests.support.files import HOST, host, short
from ztctl.core.model.diagnostics import Problems

SERVICE = "ssh://localhost:22"
YES: dict[str, Any] = {"deletions": True, "ca_deletion": ["all"], "interruption": ["all"]}
TEAM = {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}


@pytest.fixture
def by_hand(account: Account) -> str:
    """The id of a tunnel that somebody else made, and that serves the host without Access."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "By hand", "config_src": "cloudflare"})
    tunnel = str(account.one("tunnels", name="By hand")["id"])
    rules = [{"hostname": HOST, "service": SERVICE}, {"service": "http_status:404"}]
    account.call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": {"ingress": rules}})
    return tunnel


def record(account: Account, content: str, *, proxied: bool = True) -> None:
    """A record on the host that somebody else made."""
    zone = account.one("zones", name="example.com")["id"]
    body = {"type": "CNAME", "name": HOST, "content": content, "proxied": proxied}
    account.call("POST", f"/zones/{zone}/dns_records", body)


def application(**fields: Any) -> dict[str, Any]:
    """A file with nothing but an application on the host, and its policy."""
    return {"policies": TEAM, "applications": {HOST: {"policies": ["team"], **fields}}}


def test_an_application_stays_while_a_foreign_way_leads_in(account: Account, by_hand: str) -> None:
    """A record of others to a tunnel of others: without the application everybody could enter."""
    account.apply(application())
    record(account, f"{by_hand}.cfargotunnel.com")

    plan = account.plan({"policies": TEAM}, **YES)

    assert refused(plan) == [(f"access_application.{HOST}", f"--allow-exposure {HOST}")]


def test_an_application_is_not_replaced_in_front_of_an_open_way(
    account: Account, by_hand: str
) -> None:
    """The moment between the old and the new application would be enough."""
    way = {"dns": {HOST: {"tunnel": {"live": "By hand"}}}}
    account.apply({**application(), **way})

    plan = account.plan({**application(type="ssh"), **way}, **YES)

    assert refused(plan) == [(f"access_application.{HOST}", f"--allow-exposure {HOST}")]


def test_a_way_past_access_holds_nothing_up(account: Account) -> None:
    """Where a record is not proxied, everybody connects, with the application and without."""
    account.apply(application())
    record(account, "elsewhere.example.net", proxied=False)

    plan = account.plan({"policies": TEAM}, **YES)

    assert refused(plan) == []
    assert f"delete access_application.{HOST}" in told(plan)


def test_a_wildcard_that_covers_the_name_lets_the_application_go(
    account: Account, by_hand: str
) -> None:
    """Another application decides for the name all the time, so that nothing opens."""
    wide = {"*.example.com": {"policies": ["team"]}}
    file = application()
    file["applications"].update(wide)
    account.apply(file)
    record(account, f"{by_hand}.cfargotunnel.com")

    plan = account.plan({"policies": TEAM, "applications": wide}, **YES)

    assert refused(plan) == []
    assert f"delete access_application.{HOST}" in told(plan)


def test_a_destroy_finds_the_record_of_a_public_host(account: Account) -> None:
    """Neither an application nor a marked tunnel leads to the zone: the file's own names do."""
    body = {"name": "By hand", "config_src": "cloudflare"}
    key = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    file = {
        "tunnels": {"claimed": {"id": key}},
        "hosts": {
            "far.example.org": {
                "tunnel": "claimed", "service": SERVICE, "public": {"reason": "a demo"},
            }
        },
    }  # fmt: skip
    account.apply(file)

    account.destroy(file)

    assert account.everything()["dns_records"] == []


def test_the_order_of_hosts_means_nothing(account: Account) -> None:
    """The rules of a tunnel are written by name, so that moving a host in the file is no edit."""
    file = host("a.example.com")
    file["hosts"]["b.example.com"] = short()
    account.apply(file)

    plan = account.plan({**file, "hosts": dict(reversed(file["hosts"].items()))})

    assert told(plan) == []


def test_what_the_api_does_not_describe_never_nags(account: Account) -> None:
    """Settings that only cloudflared's documentation knows are sent, and come back as they were."""
    rule = {
        "hostname": HOST,
        "service": "socks-proxy",
        "origin_request": {"ip_rules": [{"prefix": "10.0.0.0/8", "ports": [22], "allow": True}]},
    }
    file = {"tunnels": {"pool": {"origin_request": {"bastion_mode": True}, "ingress": [rule]}}}
    account.apply(file)

    plan = account.plan(file)

    sent = [entry.body for entry in account.writes() if "configurations" in entry.path]
    assert "ipRules" in str(sent[-1])
    assert "bastionMode" in str(sent[-1])
    assert told(plan) == []


@pytest.mark.parametrize(
    "file",
    [
        {"policies": TEAM, "applications": {HOST: {"policies": ["team"], "tags": ["ztctl-other"]}}},
        {"tunnels": {"pool.ztctl-other": {}}},
        {"groups": {"g": {"include": [{"everyone": True}], "name": "g.ztctl-prod"}}},
        {
            "tunnels": {"pool": {}},
            "dns": {HOST: {"tunnel": "pool", "comment": "mine ztctl-other"}},
        },
    ],
    ids=["tag", "key", "name", "comment"],
)
def test_a_mark_cannot_be_written_by_hand(account: Account, file: dict[str, Any]) -> None:
    """It would make the object another stack's, which would then delete it."""
    with pytest.raises(Problems, match="looks like the mark of a stack"):
        account.plan(file)


def test_what_is_claimed_cannot_be_protected(account: Account) -> None:
    """Protection is part of the mark, which it does not carry, and a no-op would deceive."""
    key = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
    file = {"tunnels": {"claimed": {"id": key, "protect": True}}}

    with pytest.raises(Problems, match="cannot be protected"):
        account.plan(file)


def test_an_application_with_the_marks_of_two_stacks_is_nobodys(account: Account) -> None:
    """Somebody put a second mark on by hand: neither stack changes or deletes it."""
    file = application()
    account.apply(file)
    account.call("POST", "{A}/access/tags", {"name": "ztctl-staging"})
    live = account.one("apps", name=HOST)
    tags = [*live["tags"], "ztctl-staging"]
    account.call("PUT", f"{{A}}/access/apps/{live['id']}", {**live, "tags": tags})

    for stack in ("prod", "staging"):
        assert refused(account.plan({**file, "stack": stack}, **YES)) == [
            (f"access_application.{HOST}", "")
        ]
        without = account.plan({"stack": stack, "tunnels": {"pool": {}}}, **YES)
        assert f"delete access_application.{HOST}" not in told(without)
