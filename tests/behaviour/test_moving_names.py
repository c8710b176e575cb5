"""Names that change hands: never without Access in front, whoever serves them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.files import HOST, host, short, whole
from ztctl.core.model.plan import Action, Reason

NEW = "login.example.com"
YES: dict[str, Any] = {"deletions": True, "ca_deletion": ["all"]}


def watched(account: Account) -> list[str]:
    """The names without an application after some write from now on; fills while applying."""
    account.observer.uncovered.clear()
    return account.observer.uncovered


@pytest.mark.parametrize("access", [True, False, None])
def test_a_renamed_domain_is_covered_throughout(account: Account, access: bool | None) -> None:
    """One application changes its domain: it covers both names while records and rules move."""
    before, after = whole(), whole()
    for file, name in ((before, HOST), (after, NEW)):
        file["applications"] = {"shell": {"domain": name, "policies": ["team"]}}
        rule: dict[str, Any] = {"hostname": name, "service": "ssh://localhost:22"}
        rule |= {} if access is None else {"access": access}
        file["tunnels"]["pool"]["ingress"] = [rule]
        file["dns"] = {name: {"tunnel": "pool"}}
        file["ca_keys"] = {"shell": {}}
    account.apply(before)
    ids = account.one("apps")["id"], account.one("app_cas")["public_key"]
    found = watched(account)

    plan = account.plan(after)

    verbs = [step.id.verb for step in plan.steps if step.id.address.kind == "access_application"]
    assert verbs == ["widen", "narrow"]
    assert account.carry_out(plan).is_complete
    assert found == []
    assert (account.one("apps")["id"], account.one("app_cas")["public_key"]) == ids
    assert account.plan(after).is_empty


def test_a_renamed_host_is_covered_throughout(account: Account) -> None:
    """In the short form all four objects are new: the old ones go from the outside inwards."""
    account.apply(host())
    found = watched(account)

    account.apply(host(NEW), **YES)

    assert found == []
    assert account.plan(host(NEW)).is_empty
    assert [item["name"] for item in account.everything()["apps"]] == [NEW]


def two_tunnels(tunnel: str, **fields: Any) -> dict[str, Any]:
    """A host behind one of two tunnels."""
    file = host()
    file["tunnels"] = {"pool": {}, "other": {}}
    file["hosts"] = {HOST: short(tunnel, **fields)}
    return file


@pytest.mark.parametrize("access", [True, False])
def test_a_host_moves_between_tunnels(account: Account, access: bool) -> None:
    """The new tunnel serves the name before the record leads there, the old one after it left."""
    account.apply(two_tunnels("pool", access=access))
    found = watched(account)
    file = two_tunnels("other", access=access)

    plan = account.plan(file)

    assert told(plan) == ["update tunnel.pool", "update tunnel.other", f"update dns_record.{HOST}"]
    assert [path for path in edits(plan) if path.startswith("dns")] == [f"dns_record.{HOST} tunnel"]
    outcome = account.carry_out(plan)
    assert [step.address.key for step in outcome.done] == ["other", HOST, "pool"]
    assert found == []
    assert account.plan(file).is_empty


def test_a_host_that_moves_is_always_served(account: Account) -> None:
    """At no time does its record lead to a tunnel that does not serve it."""
    account.apply(two_tunnels("pool"))
    lost: list[str] = []
    account.looks.append(lambda live: lost.extend(unserved(live)))

    account.apply(two_tunnels("other"))

    assert lost == []


def unserved(live: Any) -> list[str]:
    """Records that lead to a tunnel without a rule for their name."""
    served = {
        (item["tunnel_id"], rule.get("hostname"))
        for item in live["tunnel_configurations"]
        for rule in item["config"]["ingress"]
    }
    return [
        record["name"]
        for record in live["dns_records"]
        if (record["content"].partition(".")[0], record["name"]) not in served
    ]


# -- moved ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "kind", "old", "new"),
    [
        ("groups", "access_group", "people", "staff"),
        ("policies", "access_policy", "team", "crew"),
        ("tunnels", "tunnel", "pool", "edge"),
    ],
)
def test_a_moved_object_is_renamed(
    account: Account, section: str, kind: str, old: str, new: str
) -> None:
    """It keeps its id and everything that refers to it: one edit, of the name."""
    account.apply(whole())
    ids = {item["id"] for item in account.everything()[section]}
    file = renamed(old, new)
    file["moved"] = [{"from": f"{kind}.{old}", "to": f"{kind}.{new}"}]

    plan = account.plan(file)

    assert edits(plan) == [f"{kind}.{new} name"]
    assert plan.changes[0].reason is Reason.MOVED
    account.carry_out(plan)
    assert {item["id"] for item in account.everything()[section]} == ids
    assert account.plan(file).is_empty


def renamed(old: str, new: str) -> dict[str, Any]:
    """The whole file with one key renamed wherever it stands."""
    import json

    text = json.dumps(whole()).replace(f'"{old}"', f'"{new}"')
    file: dict[str, Any] = json.loads(text)
    return file


def test_a_moved_application_keeps_its_ca(account: Account) -> None:
    """Only its name changes: the key that servers trust stays."""
    before, after = whole(), whole()
    before["applications"] = {"old": {"domain": HOST, "policies": ["team"]}}
    before["ca_keys"] = {"old": {}}
    after["applications"] = {"new": {"domain": HOST, "policies": ["team"]}}
    after["ca_keys"] = {"new": {}}
    after["moved"] = [{"from": "access_application.old", "to": "access_application.new"}]
    account.apply(before)
    key = account.one("app_cas")["public_key"]

    account.apply(after)

    assert account.one("app_cas")["public_key"] == key
    assert account.plan(after).is_empty


def test_a_move_that_was_made_is_nothing(account: Account) -> None:
    """The entry may stay in the file."""
    account.apply(whole())

    assert account.plan({**whole(), "moved": [{"from": "tunnel.x", "to": "tunnel.pool"}]}).is_empty


# -- replaced -------------------------------------------------------------------------------


def terminal() -> dict[str, Any]:
    """The whole file with the application as a terminal in the browser."""
    file = whole()
    file["applications"][HOST]["type"] = "ssh"
    return file


def test_a_replaced_application_wants_two_yeses(account: Account) -> None:
    """People are locked out for a moment, and servers must learn a new CA."""
    account.apply(whole())

    plan = account.plan(terminal())

    assert refused(plan) == [
        (f"access_application.{HOST}", f"--allow-interruption access_application.{HOST}"),
        (f"ca_key.{HOST}", f"--allow-ca-deletion ca_key.{HOST}"),
    ]


def test_a_replaced_application_gets_a_ca_again(account: Account) -> None:
    """The new application has one of its own, the connector takes its tokens, no door was open."""
    account.apply(whole())
    old = account.one("app_cas")

    account.apply(terminal(), interruption=["all"], ca_deletion=["all"])

    new, app = account.one("app_cas"), account.one("apps")
    assert new["public_key"] != old["public_key"]
    assert (new["aud"], app["type"]) == (app["aud"], "ssh")
    assert app["aud"] in str(account.one("tunnel_configurations"))
    assert account.plan(terminal()).is_empty


def test_an_application_is_not_replaced_over_an_open_rule(account: Account) -> None:
    """Without the connector's own check the name would be open meanwhile: it wants its own yes."""
    before, after = whole(), terminal()
    for file in (before, after):
        file["tunnels"]["pool"]["ingress"][0]["access"] = False
    account.apply(before)

    plan = account.plan(after, interruption=["all"], ca_deletion=["all"])

    assert Action.REPLACE in {change.action for change in plan.changes}
    assert refused(plan) == [(f"access_application.{HOST}", f"--allow-exposure {HOST}")]


def shared(**applications: list[str]) -> dict[str, Any]:
    """Applications that share out the names of one tunnel."""
    file = host()
    file["hosts"] = {}
    file["applications"] = {
        key: {"destinations": names, "policies": ["team"]} for key, names in applications.items()
    }
    named = [name for names in applications.values() for name in names]
    file["dns"] = {name: {"tunnel": "pool"} for name in named}
    service = "ssh://localhost:22"
    file["tunnels"]["pool"] = {
        "ingress": [{"hostname": name, "service": service} for name in sorted(named)]
    }
    return file


def test_a_name_is_handed_to_a_new_application(account: Account) -> None:
    """The old one, which stays for its other name, lets go first: that wants a yes."""
    account.apply(shared(wide=[HOST, NEW]))
    file = shared(team=[NEW], wide=[HOST])
    assert refused(account.plan(file)) == [
        ("access_application.wide", "--allow-interruption access_application.wide")
    ]

    account.apply(file, interruption=["access_application.wide"])

    owners = {item["name"]: item["self_hosted_domains"] for item in account.everything()["apps"]}
    assert owners == {"wide": [HOST], "team": [NEW]}
    assert account.plan(file).is_empty


def test_a_name_is_handed_to_an_application_that_is_there(account: Account) -> None:
    """Both stay the objects that they are."""
    third = "third.example.com"
    account.apply(shared(wide=[HOST, NEW], team=[third]))
    ids = {item["id"] for item in account.everything()["apps"]}
    file = shared(wide=[HOST], team=[NEW, third])

    account.apply(file, interruption=["all"])

    assert {item["id"] for item in account.everything()["apps"]} == ids
    assert account.plan(file).is_empty


def with_places(**places: list[str]) -> dict[str, Any]:
    """Applications with these places, each with the same people."""
    team = {"decision": "allow", "include": [{"email": "ann@example.com"}]}
    applications = {
        key: {"destinations": found, "policies": ["team"]} for key, found in places.items()
    }
    return {"policies": {"team": team}, "applications": applications}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": [HOST], "b": [f"{HOST}/x"]}, {"a": [NEW], "b": [HOST]}),
        ({"a": [HOST, f"{HOST}/x"], "b": [NEW]}, {"a": [HOST], "b": [NEW, f"{HOST}/x"]}),
        ({"a": [HOST], "b": [f"{HOST}/x"]}, {"b": [HOST]}),
        ({"a": ["*.example.com/x"], "b": [NEW]}, {"a": [HOST], "b": ["*.example.com/x"]}),
        ({"a": [f"{HOST}/x"], "b": [HOST]}, {"b": ["*.example.com"], "c": [f"{HOST}/x"]}),
    ],
)
def test_a_path_is_handed_to_another_application(
    account: Account, before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    """Given up before it is taken, though both may have its host all along: one apply does it."""
    account.apply(with_places(**before))

    plan = account.plan(with_places(**after), **YES)

    assert refused(plan) == []
    assert account.carry_out(plan).is_complete
    assert account.plan(with_places(**after)).is_empty


def test_a_name_is_let_go_to_another_application_only_without_a_record(account: Account) -> None:
    """Its record goes in the same plan: until then Access stands before it, too."""

    def file(*first: str, **second: Any) -> dict[str, Any]:
        applications = {"first": {"destinations": list(first), "policies": ["team"]}, **second}
        rules = [{"hostname": name, "service": "ssh://localhost:22"} for name in (HOST, NEW)]
        return {
            "policies": host()["policies"],
            "applications": applications,
            "tunnels": {"pool": {"ingress": rules}},
            "dns": {name: {"tunnel": "pool"} for name in first},
        }

    account.apply(file(HOST, NEW))
    found = watched(account)

    account.apply(file(HOST, second={"destinations": [NEW], "policies": ["team"]}), **YES)

    assert found == []


def test_a_wildcard_that_goes_leaves_no_name_uncovered(account: Account) -> None:
    """Hosts below it get applications of their own before it is taken away."""
    account.apply(below_a_wildcard())
    found = watched(account)
    file = host("a.dev.example.com")

    account.apply(file, **YES)

    assert found == []
    assert account.plan(file).is_empty


def below_a_wildcard() -> dict[str, Any]:
    """One application for all names of a level, and a host there that leans on it."""
    file = host("a.dev.example.com")
    file["applications"] = {"dev": {"domain": "*.dev.example.com", "policies": ["team"]}}
    fields = {"application": "dev", "ca_key": False}
    file["hosts"] = {
        "a.dev.example.com": {"tunnel": "pool", "service": "ssh://localhost:22", **fields}
    }
    return file


def test_a_moved_virtual_network_is_renamed_with_its_routes(account: Account) -> None:
    """It keeps its id: the route stays in it, and is no difference."""
    route = {"tunnel": "pool", "virtual_network": "old"}
    tunnels: dict[str, Any] = {"pool": {}}
    file = {"virtual_networks": {"old": {}}, "tunnels": tunnels}
    account.apply({**file, "private_routes": {"10.1.0.0/16": route}})
    file = {"virtual_networks": {"new": {}}, "tunnels": tunnels}
    file["private_routes"] = {"10.1.0.0/16": {**route, "virtual_network": "new"}}
    moved = [{"from": "virtual_network.old", "to": "virtual_network.new"}]

    plan = account.plan({**file, "moved": moved})

    assert edits(plan) == ["virtual_network.new name"]
    account.carry_out(plan)
    assert account.plan({**file, "moved": moved}).is_empty


def test_a_private_route_is_the_same_under_any_key(account: Account) -> None:
    """Its range tells what it is, so that nothing has to be said of another key."""
    route = {"network": "10.1.0.0/16", "tunnel": "pool"}
    tunnels: dict[str, Any] = {"pool": {}}
    account.apply({"tunnels": tunnels, "private_routes": {"office": route}})

    assert account.plan({"tunnels": tunnels, "private_routes": {"lisbon": route}}).is_empty
