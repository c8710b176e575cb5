"""Promises about what is open already when a plan is made."""

from __future__ import annotations

from dataclasses import replace

from tests.core.making import Account, edited, files, host, living, plan
from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.plan import Exposed

HOST = "ssh.example.com"
BARE = {
    **host(),
    "tunnels": {
        "edge": {"ingress": [{"hostname": HOST, "service": "ssh://localhost:22", "access": False}]}
    },
}


def without_application(account: Account) -> Account:
    """The account after somebody deleted the application by hand."""
    return {**account, "access_application": ()}


def test_a_closed_stack_has_nothing_to_say() -> None:
    """Where Access stands in front nothing is told."""
    assert plan(files(BARE), living(files(BARE))).exposed == ()


def test_an_application_that_is_gone_leaves_its_host_open() -> None:
    """A name of the stack without an application is told first, and that the plan closes it."""
    found = plan(files(BARE), without_application(living(files(BARE))))

    reason = "no application covers it, and it leads to ssh://localhost:22"
    assert found.exposed == (Exposed(HOST, reason, stays=False),)
    assert found.refusals == ()


def test_what_the_plan_does_not_close_stays() -> None:
    """A name that the plan leaves open stays so, and is no reason to refuse."""
    account = without_application(living(files(BARE)))
    rest = {name: section for name, section in BARE.items() if name != "applications"}

    found = plan(files(rest), account)

    assert [(item.host, item.stays) for item in found.exposed] == [(HOST, True)]
    assert found.refusals == ()


def test_a_bypass_is_an_open_door() -> None:
    """A policy that was made a bypass for everyone by hand is told as what it is."""
    values = {"decision": "bypass", "include": [{"everyone": True}]}
    account = edited(living(files(BARE)), "access_policy", "team", values=values)

    found = plan(files(BARE), account)

    reason = "a Bypass policy lets everybody in to ssh://localhost:22"
    assert found.exposed == (Exposed(HOST, reason, stays=False),)


def test_what_a_file_states_to_be_open_is_not_told() -> None:
    """An open name that is stated to be public is as it should be."""
    account = without_application(living(files(BARE)))
    declared = replace(files(BARE), public=(PublicPlace(HOST, reason="for the tests"),))

    assert plan(declared, account).exposed == ()


def test_what_others_have_open_is_not_told() -> None:
    """Open names of other stacks are theirs."""
    account = without_application(living(files(BARE, stack="other")))

    assert plan(files(host("db.example.com", "mine")), account).exposed == ()
