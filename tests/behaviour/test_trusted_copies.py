"""Promises about copies of the files by which servers run tunnels that nobody can look into."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import DAYS, TEAM, ByHand, found, not_stated
from tests.support.files import HOST, whole
from ztctl.core.model.copies import Copy, Trusted
from ztctl.core.model.diagnostics import Problems, Where
from ztctl.core.model.facts import UNKNOWN_TUNNEL, TunnelRules
from ztctl.core.model.plan import Plan
from ztctl.core.reach.audit import AuditReport
from ztctl.core.reach.auditing import Auditor
from ztctl.engine.planfile import Saved, alike, moved
from ztctl.engine.whole_account import WholeAccount, whole_account
from ztctl.kinds.registry import KINDS

FILE = "office.yml"
SSH = "ssh://localhost:22"
CLOSING = {"service": "http_status:404"}
DEEP = "a.b.example.com"
WITHOUT_AUDIENCE = {"access": {"required": True, "teamName": "acme", "audTag": []}}
CHECKED = {"access": {"required": True, "teamName": "acme", "audTag": ["a" * 64]}}


def served(name: str, service: str = SSH, **more: Any) -> dict[str, Any]:
    """One rule."""
    return {"hostname": name, "service": service, **more}


def copy_of(tunnel: str, *rules: Any, states: str = "", **settings: Any) -> Copy:
    """The copy of a file with these rules, and a closing one."""
    config = {"ingress": [*rules, CLOSING], **settings}
    return Copy(tunnel, FILE, config, states)


def read(account: Account, *copies: Copy) -> WholeAccount:
    """Read an account as an audit does."""

    async def reading() -> WholeAccount:
        async with account.client() as client:
            return await whole_account(KINDS, client, lambda _: None, copies)

    return asyncio.run(reading())


def audited(account: Account, *copies: Copy) -> AuditReport:
    """The report about an account."""
    known = read(account, *copies)
    return Auditor(known.live, known.facts, DAYS, not_stated).report("a", unread=known.unread)


@pytest.fixture
def office(account: Account) -> ByHand:
    """A tunnel that its server configures, and a name that leads to it."""
    hand = ByHand(account)
    hand.tunnel("office", source="local")
    hand.record(HOST, "office")
    return hand


# -- audit and who --------------------------------------------------------------------------


def test_a_name_that_a_copy_serves_is_told_as_the_copy_says(office: ByHand) -> None:
    """Open without an application, closed behind one; no more is it unseen."""
    copy = copy_of("office", served(HOST))

    open_now = audited(office.account, copy)
    office.app(HOST, TEAM)
    closed = audited(office.account, copy)

    assert {("no-cover", HOST), ("trusted-copy", "office")} <= found(open_now)
    assert not {code for code, _ in found(closed)} & {"no-cover", "local-tunnel"}
    assert closed.names[0].reach.services[0].service == SSH


@pytest.mark.parametrize(
    ("rules", "settings", "service"),
    [
        ([{"service": SSH}], {}, SSH),
        ([served("*.example.com")], {}, SSH),
        ([served(DEEP, "bastion")], {}, "bastion"),
        ([served(DEEP)], {"originRequest": {"bastionMode": True}}, "bastion"),
        ([served(DEEP, originRequest=WITHOUT_AUDIENCE)], {}, SSH),
        ([served(DEEP, path="^/x"), served("*", "tcp://all:1")], {}, SSH),
    ],
)
def test_what_a_copy_opens_is_open(
    account: Account, rules: Sequence[Any], settings: Any, service: str
) -> None:
    """Catch-all, a star of any depth, a bastion, a check without an audience, a path."""
    hand = ByHand(account)
    hand.tunnel("office", source="local")
    hand.record(DEEP, "office")
    copy = Copy(
        "office",
        FILE,
        {"ingress": [*rules, *([CLOSING] if "hostname" in rules[0] else [])], **settings},
    )

    report = audited(account, copy)

    assert ("no-cover", DEEP) in found(report)
    assert report.names[0].reach.services[0].service == service


def test_what_a_copy_does_not_serve_is_closed_as_long_as_there_is_the_copy(office: ByHand) -> None:
    """Without it nobody knows what the tunnel serves, and unknown is open."""
    copy = copy_of("office", served("other.example.com"))

    (with_it,), (without,) = (audited(office.account, *it).names for it in ([copy], []))

    assert not with_it.may_be_open
    assert with_it.reach.copies == (
        Trusted("office", with_it.reach.copies[0].id, FILE, with_it.reach.copies[0].digest),
    )
    assert (without.findings[0].code.value, without.reach.copies) == ("local-tunnel", ())


@pytest.mark.parametrize(
    "config",
    [
        {"ingress": [served(HOST, originRequest=CHECKED), CLOSING]},
        {"ingress": [served(HOST, originRequest=WITHOUT_AUDIENCE), CLOSING]},
        {"ingress": [served(HOST), CLOSING], "originRequest": CHECKED},
        {"ingress": [served(HOST, "http://x:1"), CLOSING], "originRequest": {"bastionMode": True}},
        {"ingress": [served(HOST, path="^/a$"), served("*.example.com", "bastion"), CLOSING]},
        {"ingress": [{"service": "hello_world"}]},
    ],
)
def test_a_copy_means_what_the_same_configuration_of_the_api_means(
    account: Account, config: Any
) -> None:
    """Nothing is safer, or less safe, for being told by a copy."""
    hand = ByHand(account)
    remote, local = hand.tunnel("remote"), hand.tunnel("local", source="local")
    path = f"{{A}}/cfd_tunnel/{remote}/configurations"
    account.call("PUT", path, {"config": config})

    facts = read(account, Copy("local", FILE, config)).facts

    assert facts[TunnelRules, local] == facts[TunnelRules, remote]


# -- which tunnel a copy stands for ---------------------------------------------------------


def test_copies_that_may_not_stand_for_a_tunnel_are_refused_together(account: Account) -> None:
    """Remotely managed, not live, of another tunnel, named twice, without rules, of other types."""
    hand = ByHand(account)
    hand.tunnel("remote")
    other = hand.tunnel("b", source="local")
    for name in ("a", "c", "d"):
        hand.tunnel(name, source="local")
    copies = (
        copy_of("remote"),
        copy_of("gone"),
        copy_of("a", states=other),
        copy_of("b"),
        copy_of(other),
        Copy("c", FILE, {}),
        Copy("d", FILE, {"ingress": ["ssh"]}),
    )

    with pytest.raises(Problems) as refused:
        read(account, *copies)

    texts = [it.text for it in refused.value.items]
    expected = (
        "is managed remotely",
        "no live tunnel 'gone'",
        f"the file of another tunnel, {other}",
        "has the copy office.yml already",
        "has no `ingress`",
        "`ingress[]` is of another type",
    )
    assert len(texts) == len(expected)
    assert all(part in text for part, text in zip(expected, texts, strict=True))


@pytest.mark.parametrize("states", ["", "ID", "pool", "pool.ztctl-prod"])
def test_a_copy_is_of_the_tunnel_that_it_names(account: Account, states: str) -> None:
    """By id, by name, or by the name that it had before it got a mark; or it names none."""
    key = ByHand(account).tunnel("pool.ztctl-prod", source="local")
    copy = copy_of("pool", states=key if states == "ID" else states)

    assert read(account, copy).facts[TunnelRules, key] != UNKNOWN_TUNNEL


def test_a_key_of_the_files_is_never_the_tunnel_of_another_stack(account: Account) -> None:
    """And an option has to say which of several tunnels with one key is meant."""
    hand = ByHand(account)
    for stack in ("one", "two"):
        hand.tunnel(f"pool.ztctl-{stack}", source="local")
    ours = replace(copy_of("pool"), stack="prod", where=Where("ztctl.yaml", 3, 5))

    for copy, text in ((ours, "no live tunnel"), (copy_of("pool"), "key of several tunnels")):
        with pytest.raises(Problems, match=text):
            read(account, copy)


# -- plans ----------------------------------------------------------------------------------


def planned(account: Account, *copies: Copy, **file: Any) -> Plan:
    """The plan of a file that leads the host to the tunnel of others; by default unguarded."""
    dns = {HOST: {"tunnel": {"live": "office"}}}
    declared = account.declared({"dns": dns, **file})
    return account.plan_of(replace(declared, copies=copies))


@pytest.fixture
def server(account: Account) -> Account:
    """A tunnel that its server configures; no record leads there."""
    ByHand(account).tunnel("office", source="local")
    return account


def test_a_plan_is_proved_against_what_a_copy_says(server: Account) -> None:
    """To lead a name to a tunnel is refused where the copy serves it, or where there is none."""
    elsewhere, here = (
        copy_of("office", served("other.example.com")),
        copy_of("office", served(HOST)),
    )

    refused = [bool(planned(server, *it).refusals) for it in ((), (here,), (elsewhere,))]

    assert refused == [True, True, False]


def test_a_plan_behind_an_application_is_carried_out_and_the_tunnel_is_never_written(
    server: Account,
) -> None:
    """The configuration of the copy is no configuration of the account."""
    base = {name: whole()[name] for name in ("groups", "policies", "applications", "ca_keys")}

    plan = planned(server, copy_of("office", served(HOST)), **base)
    outcome = server.carry_out(plan)
    again = planned(server, copy_of("office", served(HOST)), **base)

    assert (outcome.is_complete, again.changes) == (True, ())
    assert plan.access[0].gained[0].origin == SSH
    assert not [it for it in server.writes() if "cfd_tunnel" in it.path and it.method == "PUT"]


def test_a_saved_plan_does_not_hold_with_another_copy(server: Account) -> None:
    """Nor does one that was shown: what it was decided by is a part of it."""
    one, same, other = (
        planned(server, copy_of("office", served(name)))
        for name in ("other.example.com", "other.example.com", "third.example.com")
    )
    saved = Saved(None, frozenset(), one.account, one)

    assert (moved(saved, same), alike(one, same)) == ((), True)
    assert moved(saved, other) == ("what office.yml, the copy that is trusted for office, says",)
    assert not alike(one, other)
