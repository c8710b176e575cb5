"""Policies of an application's own are written in its entry, in order, between references."""

from __future__ import annotations

import yaml

from tests.support.account import Account
from tests.support.exporting import adopted, exported, text_of
from tests.support.files import HOST
from tests.support.own_policies import OWN, STAFF, attached, by_hand


def test_own_policies_are_written_in_full_and_stay(account: Account) -> None:
    """Adoption of what is written puts on marks alone: ids, order and precedences stay."""
    by_hand(account)
    before = [(key, place, shared) for key, _, place, shared in attached(account)]

    found = exported(account)

    policies = yaml.safe_load(text_of(found))["hosts"][HOST]["policies"]
    stated = [{"session_duration": "24h", **it} for it in OWN]
    assert [_plain(it) for it in policies] == [*map(_plain, stated), "std"]
    assert found.is_complete
    assert adopted(account, found).is_empty
    assert [(key, place, shared) for key, _, place, shared in attached(account)] == before


def test_own_policies_of_one_name_are_told_apart(account: Account) -> None:
    """By their ids, which nothing else has."""
    twins = [STAFF, {**STAFF, "decision": "deny"}]
    body = {"type": "self_hosted", "name": HOST, "domain": HOST, "policies": twins}
    account.call("POST", "{A}/access/apps", body)

    found = exported(account)

    policies = yaml.safe_load(text_of(found))["applications"][HOST]["policies"]
    assert [it["id"] for it in policies] == [key for key, *_ in attached(account)]
    assert adopted(account, found).is_empty


def _plain(policy: object) -> object:
    """A policy with a single value and a list of one spelt alike."""
    if isinstance(policy, dict):
        return {name: _plain(it) for name, it in policy.items()}
    if isinstance(policy, list):
        return _plain(policy[0]) if len(policy) == 1 else [_plain(it) for it in policy]
    return policy
