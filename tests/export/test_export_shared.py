"""A tunnel of several stacks: each export states the rules of its own stack, and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from tests.support.account import Account, told
from tests.support.exporting import (
    adopted,
    application,
    body_of,
    exported,
    left,
    policy,
    read_back,
    record,
    rule,
    text_of,
    tunnel,
)
from tests.support.files import short

TEAM = {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}
OURS, THEIRS = "a.example.com", "b.example.com"
LIVE = "pool.ztctl-base"


def two_stacks(account: Account) -> None:
    """A stack that declares a tunnel, and the stack ``prod`` with a host behind it."""
    host: Any = short(ca_key=False)
    base = {"stack": "base", "policies": TEAM, "tunnels": {"pool": {}}, "hosts": {THEIRS: host}}
    account.apply(base)
    edge = {"edge": {"shared": LIVE}}
    hosts = {OURS: {**host, "tunnel": "edge"}}
    account.apply({"policies": TEAM, "tunnels": edge, "hosts": hosts})


def test_a_tunnel_of_another_stack_is_shared(account: Account) -> None:
    """It is said to be, with the rules of the own records, and the plan is empty."""
    two_stacks(account)

    found = exported(account)

    said = yaml.safe_load(text_of(found))
    assert said["tunnels"] == {"pool": {"shared": LIVE}}
    assert list(said["hosts"]) == [OURS]
    assert said["hosts"][OURS]["tunnel"] == "pool"
    assert told(account.plan_of(read_back(found, account.folder))) == []
    assert LIVE not in left(found)


def test_an_export_of_the_declaring_stack_leaves_the_rules_of_others_to_them(
    account: Account,
) -> None:
    """What the other stack changes later is no difference."""
    two_stacks(account)

    found = exported(account, stack="base")

    said = yaml.safe_load(text_of(found))
    assert (list(said["hosts"]), "ingress" in said["tunnels"]["pool"]) == ([THEIRS], False)
    assert told(account.plan_of(read_back(found, account.folder))) == []


def test_a_rule_of_nobody_goes_with_the_record_that_is_adopted(account: Account) -> None:
    """The record of its name gets the mark, so that the rule is stated, and nothing else is."""
    two_stacks(account)
    pool = account.one("tunnels", name=LIVE)["id"]
    path = f"{{A}}/cfd_tunnel/{pool}/configurations"
    config = account.call("GET", path)["config"]
    more = [rule("c.example.com"), rule("dead.example.com")]
    account.call("PUT", path, {"config": {**config, "ingress": [*more, *config["ingress"]]}})
    record(account, "c.example.com", pool)

    found = exported(account)
    again = adopted(account, found)

    (stated,) = yaml.safe_load(text_of(found))["tunnels"]["pool"]["ingress"]
    assert stated["hostname"] == "c.example.com"
    assert "dead.example.com" not in body_of(found)
    assert again.is_empty


def test_a_tunnel_that_is_adopted_leaves_the_rules_of_others_to_them(account: Account) -> None:
    """It was nobody's, and another stack had a host behind it all the same."""
    pool = tunnel(account, [rule(OURS), rule(THEIRS)])
    application(account, OURS, policies=[policy(account, session_duration="24h")])
    record(account, OURS, pool)
    record(account, THEIRS, pool, comment="ztctl-base")

    found = exported(account)
    again = adopted(account, found)

    said = yaml.safe_load(text_of(found))
    assert list(said["hosts"]) == [OURS]
    assert said["tunnels"] == {"pool": {}}
    assert again.is_empty
    theirs = {"dns": {THEIRS: {"tunnel": {"live": "pool.ztctl-prod"}}}}
    other = replace(account.declared(theirs), stack="base")
    assert told(account.plan_of(other)) == []
