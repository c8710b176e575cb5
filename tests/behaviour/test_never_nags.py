"""Single traps of "apply, then the plan is empty", each as small as it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.account import Account, edits
from tests.support.files import HOST, whole


def test_a_list_of_tags_can_be_emptied(account: Account) -> None:
    """``tags: []`` takes the tags off the record; it does not carry them over."""
    file = whole()
    file["dns"][HOST]["tags"] = ["team:a"]
    account.apply(file)
    file["dns"][HOST]["tags"] = []

    account.apply(file)

    assert account.one("dns_records")["tags"] == []
    assert edits(account.plan(file)) == []


def test_settings_of_a_record_can_be_emptied(account: Account) -> None:
    """``settings: {}`` takes them back."""
    file = whole()
    file["dns"][HOST]["settings"] = {"ipv4_only": True}
    account.apply(file)
    file["dns"][HOST]["settings"] = {}

    account.apply(file)

    assert edits(account.plan(file)) == []


def test_the_order_of_approval_groups_means_nothing(tmp_path: Path) -> None:
    """The service may give them back in another one."""
    account = Account(tmp_path, awkward=True)
    file = whole()
    groups = [{"approvals_needed": 1}, {"approvals_needed": 2, "email_addresses": ["a@b.example"]}]
    file["policies"]["team"] |= {"approval_required": True, "approval_groups": groups}

    account.apply(file)

    assert edits(account.plan(file)) == []


def test_the_case_of_a_private_host_name_means_nothing(account: Account) -> None:
    """A destination inside is a host name like any other."""
    account.apply({**whole(), "applications": inside("inner.example.net")})

    plan = account.plan({**whole(), "applications": inside("Inner.Example.NET")})

    assert edits(plan) == []


def inside(name: str) -> dict[str, Any]:
    """An application in front of a private host beside the public one."""
    return {HOST: {"destinations": [HOST, {"hostname": name}], "policies": ["team"]}}


def test_preflight_bypass_takes_the_place_of_cors_headers(account: Account) -> None:
    """The two exclude each other, so what the file no longer says is not carried over."""
    file = whole()
    file["applications"][HOST]["cors_headers"] = {"max_age": 600}
    account.apply(file)
    file["applications"][HOST] = {"policies": ["team"], "options_preflight_bypass": True}

    outcome = account.apply(file)

    assert outcome.is_complete, outcome.failed
    assert edits(account.plan(file)) == []
