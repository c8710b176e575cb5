"""Three accounts that a person would recognise, and the files that they become, line by line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.account import Account
from tests.support.exporting import (
    adopted,
    application,
    exported,
    group,
    policy,
    record,
    rule,
    text_of,
    tunnel,
)

GOLDEN = Path(__file__).parent / "golden"


def a_dashboard(account: Account) -> None:
    """Made by clicking: words for names, tiles in the launcher, no CA, no connector's check."""
    std = policy(account, "Team", session_duration="24h")
    hosts = ("wiki.example.com", "ssh.example.com")
    pool = tunnel(account, [rule(host, originRequest={}) for host in hosts], "office")
    for host, name in zip(hosts, ("Wiki", "SSH"), strict=True):
        application(account, host, name=name, policies=[std])
        record(account, host, pool)
    account.call("POST", "{A}/access/apps", {"type": "app_launcher", "name": "App Launcher"})


def a_fleet(account: Account) -> None:
    """Hosts by one pattern, as a script made them: hidden, with CAs, checked by the connector."""
    ops = group(account, "ops", include=[{"email_domain": {"domain": "example.com"}}])
    std = policy(account, "ssh-team", include=[{"group": {"id": ops}}], session_duration="8h")
    rules = []
    for host in ("db1.example.com", "db2.example.com", "web1.example.com"):
        app = application(account, host, policies=[std], app_launcher_visible=False)
        account.call("POST", f"{{A}}/access/apps/{app['id']}/ca")
        access = {"required": True, "teamName": "acme", "audTag": [app["aud"]]}
        rules.append(rule(host, originRequest={"access": access}))
    pool = tunnel(account, rules, "ssh-pool")
    for it in rules:
        record(account, it["hostname"], pool)


def a_company(account: Account) -> None:
    """Grown for years: two of one name, a wildcard, a private network, another stack, old ways."""
    call = account.call
    (okta,) = (it for it in account.everything()["identity_providers"] if it["name"] == "Okta")
    infra = {"okta": {"identity_provider_id": okta["id"], "name": "infra"}}
    both = [{"geo": {"country_code": "NO"}}, {"geo": {"country_code": "PT"}}]
    first = group(account, "Ops", include=[infra], require=both)
    group(account, "Ops", include=[{"email": {"email": "eve@example.com"}}])
    group(account, "theirs.ztctl-lab")
    people = policy(account, "People", include=[{"group": {"id": first}}], session_duration="12h")
    machines = policy(account, "Machines", decision="non_identity", include=[NETWORK])
    app = application(
        account,
        "*.lab.example.com",
        name="The lab",
        policies=[people, machines],
        session_duration="12h",
        tags=[call("POST", "{A}/access/tags", {"name": "lab"})["name"]],
    )
    assert app["aud"]
    settings = {"connectTimeout": 10, "noTLSVerify": True}
    pool = tunnel(account, [rule("*.lab.example.com", originRequest=settings)], "lab")
    record(account, "*.lab.example.com", pool, comment="ask ops: 1e3 hosts")
    network = call("POST", "{A}/teamnet/virtual_networks", {"name": "lab", "comment": ""})["id"]
    route = {"network": "10.1.0.0/16", "tunnel_id": pool, "virtual_network_id": network}
    call("POST", "{A}/teamnet/routes", {**route, "comment": "the lab"})
    call("POST", "{A}/cfd_tunnel", {"name": "closet", "config_src": "local"})


NETWORK = {"ip": {"ip": "192.0.2.0/24"}}


@pytest.mark.parametrize("made", [a_dashboard, a_fleet, a_company], ids=lambda it: it.__name__)
def test_an_account_becomes_the_file_that_a_person_would_write(
    account: Account, made: Callable[[Account], None]
) -> None:
    """The file is as it was reviewed, and what it says is adopted without another difference."""
    made(account)

    found = exported(account)

    file = GOLDEN / f"{made.__name__}.yaml"
    if "ZTCTL_UPDATE_GOLDEN" in os.environ:
        file.write_text(text_of(found), encoding="utf-8")
    assert text_of(found) == file.read_text(encoding="utf-8")
    assert adopted(account, found).is_empty
