"""Hosts as people name them: `hosts.NAME` in targets, moves and removals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, File
from ztctl.cli.planning import parts_of
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problems

ALL = {"deletions": True, "no_policy": ["all"], "ca_deletion": ["all"]}


def hosts(*names: str, **more: Any) -> File:
    """A file of hosts behind one policy and one tunnel."""
    entry = {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
    return {
        "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "tunnels": {"pool": {}},
        "hosts": {name: dict(entry) for name in names},
        **more,
    }


def keys(account: Account) -> dict[str, str]:
    """The public keys of the CAs by the domain of their applications."""
    apps = {app["id"]: app["domain"] for app in account.everything()["apps"]}
    found = account.call("GET", "{A}/access/apps/ca", None)
    by_aud = {app["aud"]: app["domain"] for app in account.everything()["apps"]}
    assert apps
    return {by_aud[key["aud"]]: key["public_key"] for key in found}


@pytest.mark.parametrize("new", ["b.example.com", "b.example.org"], ids=["in the zone", "other"])
def test_a_host_that_is_renamed_keeps_its_ca(account: Account, new: str) -> None:
    """One line is enough, also where the new name lies in another zone."""
    account.apply(hosts("a.example.com"))
    before = keys(account)["a.example.com"]
    file = hosts(new, moved=[{"from": "hosts.a.example.com", "to": f"hosts.{new}"}])

    account.apply(file, deletions=True)

    assert keys(account) == {new: before}
    assert [record["name"] for record in account.everything()["dns_records"]] == [new]
    assert account.plan(file).is_empty


def test_a_host_that_goes_may_be_named_as_one(account: Account) -> None:
    """`removed` takes its application, record and CA away; what it shares loses only its name."""
    account.apply(hosts("a.example.com", "b.example.com"))
    file = hosts("b.example.com", removed=[{"address": "hosts.a.example.com"}])

    account.apply(file, **ALL)

    assert [app["domain"] for app in account.everything()["apps"]] == ["b.example.com"]
    rules = account.one("tunnel_configurations")["config"]["ingress"]
    assert [rule.get("hostname") for rule in rules] == ["b.example.com", None]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"removed": [{"address": "hosts.a.example.com"}]}, "declared and removed at once"),
        (
            {"moved": [{"from": "hosts.x.example.com", "to": "hosts.y.example.com"}]},
            "hosts.y.example.com is where something moved to, but no file declares it",
        ),
        (
            {"moved": [{"from": "hosts.x.example.com", "to": "tunnel.pool"}]},
            "hosts.x.example.com cannot become tunnel.pool: the kind stays",
        ),
        (
            {"removed": [{"address": "hosts.x.example.com", "name": "old"}]},
            "hosts.x.example.com is several objects",
        ),
        (
            {"moved": [{"from": "hosts.a.example.com", "to": "hosts.b.example.com"}]},
            "declared and moved away at once",
        ),
    ],
)
def test_a_host_that_cannot_be_meant_is_told(
    account: Account, more: dict[str, Any], said: str
) -> None:
    """With its place, before anything is read."""
    with pytest.raises(Problems, match=said):
        account.declared(hosts("a.example.com", "b.example.com", **more))


def test_a_target_is_what_the_host_alone_needs(account: Account) -> None:
    """Its own objects, and the application that it shares."""
    file = hosts("a.example.com", "b.example.com")
    shared = {"applications": {"web": {"domain": "c.example.com", "policies": ["team"]}}}
    file["hosts"]["b.example.com"] = {
        "tunnel": "pool", "service": "ssh://localhost:22", "application": "web",
    }  # fmt: skip
    declared = account.declared({**file, **shared})

    found = [
        {str(part) for part in parts_of(Address("hosts", name), declared)}
        for name in ("a.example.com", "b.example.com")
    ]

    assert found == [
        {
            "access_application.a.example.com",
            "dns_record.a.example.com",
            "ca_key.a.example.com",
        },
        {"access_application.web", "dns_record.b.example.com"},
    ]


def test_a_rename_that_is_not_said_is_told_before_the_ca_is_refused(account: Account) -> None:
    """The plan shows the line that keeps the CA; with it nothing is refused."""
    account.apply(hosts("a.example.com"))

    plan = account.plan(hosts("a.example.org"), deletions=True)

    (told,) = (it for it in plan.warnings if "goes with its CA" in it.summary)
    assert "moved: [{from: hosts.a.example.com, to: hosts.a.example.org}]" in told.hint
    assert [refusal.flag for refusal in plan.refusals] == [
        "--allow-ca-deletion ca_key.a.example.com"
    ]


def test_hosts_that_have_nothing_to_do_with_each_other_are_no_rename(account: Account) -> None:
    """Of several that come and go only those with one first label may be the same."""
    account.apply(hosts("a.example.com", "b.example.com"))

    plan = account.plan(hosts("a.example.org", "c.example.com"), **ALL)

    told = [it.summary for it in plan.warnings if "goes with its CA" in it.summary]
    assert told == ["a.example.com goes with its CA, and a.example.org comes with another"]


def test_an_application_that_is_no_host_is_no_rename(account: Account) -> None:
    """Under its own name no line that is about a host would keep its CA."""

    def file(key: str, host: str) -> File:
        rules = [{"hostname": host, "service": "ssh://localhost:22"}]
        return {
            "policies": hosts()["policies"],
            "applications": {key: {"domain": host, "policies": ["team"]}},
            "tunnels": {"pool": {"ingress": rules}},
            "dns": {host: {"tunnel": "pool"}},
            "ca_keys": {key: {}},
        }

    account.apply(file("web", "a.example.com"))

    plan = account.plan(file("site", "b.example.com"), **ALL)

    assert not any("goes with its CA" in it.summary for it in plan.warnings)


def test_a_host_that_is_there_and_wrong_is_not_missing_where_it_moves(account: Account) -> None:
    """What is wrong with it is one problem, and no second one says that it is not there."""
    move = {"from": "hosts.a.example.com", "to": "hosts.b.example.com"}
    file = {**hosts("b.example.com", moved=[move]), "tunnels": {"other": {}}}

    with pytest.raises(Problems) as caught:
        account.declared(file)

    assert [str(it.summary).partition(":")[0] for it in caught.value.items] == [
        "hosts.b.example.com"
    ]
