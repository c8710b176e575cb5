"""Promises about copies of the files by which servers run tunnels that nobody can look into."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import DAYS, TEAM, ByHand, found, not_stated
from tests.support.files import HOST, host, whole
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.copies import Copy, Trusted
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problems, Where
from ztctl.core.model.drift import Deviation, DriftItem, DriftSeverity
from ztctl.core.model.facts import UNKNOWN_TUNNEL, TunnelRules
from ztctl.core.model.plan import Plan
from ztctl.core.planning.drift import drift_items
from ztctl.core.reach.audit import AuditReport
from ztctl.core.reach.auditing import Auditor
from ztctl.engine.plan import emptied
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


@pytest.mark.parametrize("name", ["*.EXAMPLE.com", "A.B.Example.com.", "*.example.com.", "*."])
def test_a_name_that_is_spelled_otherwise_may_be_served(account: Account, name: str) -> None:
    """Whether the connector gets a visitor's own spelling is not known, and unknown is open.

    What stands behind such a rule may answer as well.
    """
    hand = ByHand(account)
    hand.tunnel("office", source="local")
    hand.record(DEEP, "office")
    closed = {"hostname": name, "service": "http_status:403"}

    opened = audited(account, copy_of("office", served(name)))
    passed = audited(account, copy_of("office", closed, served("*.example.com")))

    assert ("no-cover", DEEP) in found(opened)
    assert ("no-cover", DEEP) in found(passed)


@pytest.mark.parametrize("wider", ["*.example.com", "*"])
@pytest.mark.parametrize(
    "first", [served(DEEP, originRequest=CHECKED), served(DEEP, "http_status:403")]
)
def test_who_spells_a_name_otherwise_gets_to_a_wider_rule(
    account: Account, first: dict[str, Any], wider: str
) -> None:
    """The connector passes over the rule that keeps strangers out; an application knows better."""
    hand = ByHand(account)
    hand.tunnel("office", source="local")
    hand.record(DEEP, "office")
    rules = [first, served(wider), *([CLOSING] if wider != "*" else [])]
    copy = Copy("office", FILE, {"ingress": rules})

    assert ("no-cover", DEEP) in found(audited(account, copy))
    hand.app(DEEP)
    assert ("no-cover", DEEP) not in found(audited(account, copy))


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


def test_a_copy_of_a_tunnel_that_has_the_bare_name_itself_is_refused(account: Account) -> None:
    """A name leads cloudflared to the tunnel that is called so, and not to the one with a mark."""
    hand = ByHand(account)
    hand.tunnel("pool", source="local")
    key = hand.tunnel("pool.ztctl-prod", source="local")

    with pytest.raises(Problems, match="the file of another tunnel, pool"):
        read(account, copy_of(key, states="pool"))


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


# -- declared tunnels -----------------------------------------------------------------------

THIRD = "third.example.com"


def local(**tunnel: Any) -> dict[str, Any]:
    """One host behind a tunnel of the files that a file on its server configures."""
    return {**host(), "tunnels": {"pool": {"config": "local", **tunnel}}}


@pytest.fixture
def declared(account: Account) -> Account:
    """That host, applied."""
    assert account.apply(local()).is_complete
    return account


def with_copy(account: Account, file: Any, copy: Copy) -> Declared:
    """What a file declares, with a copy beside it."""
    return replace(account.declared(file), copies=(replace(copy, stack="prod"),))


def differences(account: Account, file: Any, copy: Copy) -> tuple[DriftItem, ...]:
    """What a drift tells."""

    async def work() -> tuple[DriftItem, ...]:
        async with account.client() as client:
            source = plan_source(
                client, with_copy(account, file, copy), options_of(), account.view()
            )
            found = await source.plan()
        return drift_items(found.draft, found.plan)

    return asyncio.run(work())


def aud_of(account: Account) -> dict[str, Any]:
    """The check that the file declares for the host, as cloudflared spells it."""
    tag = account.one("apps")["aud"]
    team = account.call("GET", "{A}/access/organizations")["auth_domain"].partition(".")[0]
    return {"access": {"required": True, "teamName": team, "audTag": [tag]}}


def test_a_server_that_runs_what_the_files_say_does_not_drift(declared: Account) -> None:
    """The declared rules are compared as they would be written, the check of Access with them."""
    copy = copy_of("pool", served(HOST, originRequest=aud_of(declared)))

    assert differences(declared, local(), copy) == ()
    assert declared.plan_of(with_copy(declared, local(), copy)).changes == ()


@pytest.mark.parametrize(
    ("rule", "is_checked", "severity"),
    [
        (served(HOST, "ssh://elsewhere:22"), True, DriftSeverity.WIDER),
        (served(THIRD), True, DriftSeverity.LOST),
        (served(HOST), False, DriftSeverity.WIDER),
        (served(HOST, noHappyEyeballs=True), True, DriftSeverity.OTHER),
    ],
)
def test_a_server_that_runs_something_else_drifts_and_no_apply_writes_it(
    declared: Account, rule: Any, is_checked: bool, severity: DriftSeverity
) -> None:
    """Another origin, none at all, a check that is gone, a setting; an apply is no remedy."""
    settings = {"noHappyEyeballs": rule.get("noHappyEyeballs", False)}
    settings |= aud_of(declared) if is_checked else {}
    copy = copy_of("pool", {**rule, "originRequest": settings})

    (item,) = differences(declared, local(), copy)

    assert (item.deviation, item.severity) == (Deviation.SERVER, severity)
    assert item.edits
    assert declared.plan_of(with_copy(declared, local(), copy)).changes == ()


def test_what_a_server_serves_in_the_open_is_told_as_open(declared: Account) -> None:
    """Of a name that nobody guards, and that the files do not know."""
    ByHand(declared, {"pool": declared.one("tunnels")["id"]}).record(THIRD, "pool")
    copy = copy_of("pool", served(HOST), served(THIRD))

    plan = declared.plan_of(with_copy(declared, local(), copy))
    report = audited(declared, copy)

    assert THIRD in [it.host for it in plan.exposed]
    assert ("no-cover", THIRD) in found(report)


@pytest.mark.parametrize("where", ["copy", "file", "neither"])
def test_a_plan_reckons_with_the_copy_and_with_the_file(declared: Account, where: str) -> None:
    """Whoever puts the declared file on the server needs no run for it."""
    rules = [{"hostname": THIRD, "service": SSH, "access": False}]
    file = local(ingress=rules if where == "file" else [])
    file["dns"] = {THIRD: {"tunnel": "pool"}}
    copy = copy_of("pool", served(HOST), *([served(THIRD)] if where == "copy" else []))

    plan = declared.plan_of(with_copy(declared, file, copy))

    assert bool(plan.refusals) == (where != "neither")


def test_a_record_goes_before_the_application_though_only_the_server_serves_the_name(
    declared: Account,
) -> None:
    """What is out of the files may still be in the file of the server."""
    file = {**local(), "hosts": {}}
    copy = copy_of("pool", served(HOST))

    outcome = declared.carry_out(
        declared.plan_of(with_copy(declared, file, copy), deletions=True, ca_deletion=["all"])
    )

    assert outcome.is_complete
    written = [it.path.split("/")[-2] for it in declared.writes()]
    assert written.index("dns_records") < written.index("apps")


def test_a_rename_under_a_copy_is_written_and_the_rules_are_not(account: Account) -> None:
    """An adoption looks again before it writes, and the copy is no difference then."""
    ByHand(account).tunnel("pool", source="local")
    copy = copy_of("pool", served(HOST))
    plan = account.plan_of(with_copy(account, local(), copy), adopt=True)
    account.forget_log()

    assert account.carry_out(plan).is_complete
    assert [it.method for it in account.writes() if "cfd_tunnel" in it.path] == ["PATCH"]


def test_to_destroy_a_stack_twice_needs_no_copy_the_second_time(declared: Account) -> None:
    """A tunnel that is gone has no file; an option that names it is wrong all the same."""
    of_file = replace(copy_of("pool", served(HOST)), where=Where("ztctl.yaml", 3, 5))
    assert declared.destroy(local()).is_complete

    nothing = emptied(with_copy(declared, local(), of_file), KINDS)
    by_option = emptied(with_copy(declared, local(), copy_of("pool")), KINDS)

    assert declared.plan_of(nothing).changes == ()
    with pytest.raises(Problems, match="no live tunnel"):
        declared.plan_of(by_option)


def test_a_copy_is_of_a_tunnel_that_is_declared_as_local(account: Account) -> None:
    """Of another one the account itself tells."""
    with pytest.raises(Problems, match="`config_file` is of a locally managed tunnel"):
        account.declared({**host(), "tunnels": {"pool": {"config_file": "pool.yml"}}})


# -- a copy that the files name -------------------------------------------------------------

RULES = f"{{hostname: {HOST}, service: {SSH}}}, {{service: 'http_status:404'}}"
OWN = f"tunnel: pool\ningress: [{RULES}]\n"


def test_a_copy_stands_beside_the_file_that_names_it(declared: Account) -> None:
    """Wherever the command is run; it means the tunnel of that entry."""
    (declared.folder / "pool.yml").write_text(OWN, encoding="utf-8")
    file = declared.declared(local(config_file="pool.yml"))

    plan = declared.plan_of(file)

    assert [it.file for it in plan.copies] == [str(declared.folder / "pool.yml")]
    assert plan.changes == ()


def test_a_copy_that_leads_out_of_the_folder_is_refused(account: Account, tmp_path: Path) -> None:
    """By dots, as an absolute path or by a link; so is one that is missing."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pool.yml").write_text(OWN, encoding="utf-8")
    account.folder = tmp_path / "inside"
    account.folder.mkdir()
    (account.folder / "link").symlink_to(outside)

    for name in ("link/pool.yml", "../outside/pool.yml", f"{outside}/pool.yml", "gone.yml"):
        with pytest.raises(Problems) as refused:
            account.declared(local(config_file=name))
        assert len(refused.value.items) == 1, name


def test_a_copy_of_the_files_and_one_of_an_option_are_one_too_many(declared: Account) -> None:
    """Nobody knows which of them to trust."""
    (declared.folder / "pool.yml").write_text(OWN, encoding="utf-8")
    file = declared.declared(local(config_file="pool.yml"))
    both = replace(file, copies=(*file.copies, copy_of(declared.one("tunnels")["id"])))

    with pytest.raises(Problems, match=r"has the copy .*pool\.yml already"):
        declared.plan_of(both)
