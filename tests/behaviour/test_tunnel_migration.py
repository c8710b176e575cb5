"""A tunnel goes from its server's file to remote management: never open, served at every moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.account import File, refused, told
from tests.support.files import HOST, host, short, whole
from tests.support.migrating import ABORT, ANN, FINISH, NEXT, OLD, START, Migrating, remote
from ztctl.cli.migrations import tunnel_to_migrate
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure
from ztctl.core.planning.migration import MigrationStep

OTHER = "web.example.org"


@pytest.fixture
def account(tmp_path: Path) -> Migrating:
    """A fresh account; whatever a test does, each of its applies is observed."""
    return Migrating(tmp_path)


def started(account: Migrating, file: File) -> dict[str, Any]:
    """The file, applied, with a twin for which a connector runs."""
    file = account.by_file(file)
    account.step(file, START)
    account.connect()
    return file


def foreign_record(account: Migrating, name: str, comment: str = "by hand") -> None:
    """A record that leads to the old tunnel, and that no file of the stack declares."""
    zone = account.one("zones", name=name.partition(".")[2])["id"]
    target = f"{account.one('tunnels', name=OLD)['id']}.cfargotunnel.com"
    body = {"type": "CNAME", "name": name, "content": target, "proxied": True, "comment": comment}
    account.call("POST", f"/zones/{zone}/dns_records", body)


def test_it_is_served_by_the_one_and_then_by_the_other(account: Migrating) -> None:
    """After every write: nobody comes in unasked, and who may enter does."""
    file = account.by_file(host())
    seen: list[tuple[str, str]] = []
    account.looks.append(lambda _: seen.append((account.outcome(), account.outcome(ANN))))

    account.step(file, START)
    account.connect()
    between = account.names(), account.leads(), account.plan(file).is_empty
    account.step(file, FINISH, disconnect=True)

    assert between == ({OLD: "local", NEXT: "cloudflare"}, {HOST: OLD}, True)
    assert (account.names(), account.leads()) == ({OLD: "cloudflare"}, {HOST: OLD})
    assert set(seen) == {("login", "origin")}
    assert account.plan(remote(file)).is_empty


def test_the_file_says_at_last_what_is_so(account: Migrating) -> None:
    """Each step takes it as it is; a plan says by which command, or which line, it comes right."""
    file = account.by_file(host())
    before = account.plan(remote(file))
    account.step(remote(file), START)
    account.connect()
    account.step(remote(file), FINISH)
    between = account.plan(remote(file)), account.plan(file)
    account.step(remote(file), FINISH, disconnect=True)
    after = account.plan(file)

    assert any("ztctl tunnel migrate pool" in it.reason for it in before.refusals)
    assert [plan.is_empty for plan in between] == [True, True]
    assert any("take `config: local` out" in it.reason for it in after.refusals)


def test_the_twin_has_the_rules_of_the_old_one(account: Migrating) -> None:
    """All of them, the connector's check of the login included."""
    file = account.by_file(host())
    rules = account.one("tunnels")["connectors"][0]["file"]["ingress"]

    account.step(file, START)

    assert account.one("tunnel_configurations")["config"]["ingress"] == rules
    assert rules[0]["originRequest"]["access"]["required"]


def test_it_takes_one_batch_a_zone(account: Migrating) -> None:
    """However many names there are."""
    file = host()
    names = [f"{label}.{zone}" for zone in ("example.com", "example.org") for label in "abc"]
    file["hosts"] = {name: short() for name in names}
    file = started(account, file)
    account.forget_log()

    account.step(file, FINISH)

    writes = [(it.method, it.path.rpartition("/")[2]) for it in account.writes()]
    assert writes == [("POST", "batch"), ("POST", "batch")]
    assert set(account.leads().values()) == {NEXT}


def test_nobody_is_cut_off_who_works_through_the_old_one(account: Migrating) -> None:
    """It stays while its connector runs, and no plan undoes or repeats anything; then it goes."""
    file = started(account, host())

    account.step(file, FINISH)
    kept = account.names()
    between = account.plan(file), account.step_plan(file, FINISH)
    account.sandbox.disconnect(account.one("tunnels", name=OLD)["id"])
    account.step(file, FINISH)

    assert kept == {OLD: "local", NEXT: "cloudflare"}
    assert [plan.is_empty for plan in between] == [True, True]
    assert account.names() == {OLD: "cloudflare"}


def test_rules_that_nobody_has_compared_want_a_yes(account: Migrating) -> None:
    """The server's file may say something else: it is not taken for the same."""
    file = account.by_file(host())
    account.forget_log()

    plan = account.step_plan(file, START, unseen=False)

    assert refused(plan) == [("tunnel.pool", "--allow-unseen-rules")]
    assert account.writes() == []


def test_a_name_without_a_rule_in_the_files_is_refused(account: Migrating) -> None:
    """The server's file may serve it, and the twin would not: no yes helps."""
    file = account.by_file(host())
    foreign_record(account, "wiki.example.com")

    plan = account.step_plan(file, START, unseen=True)

    assert refused(plan) == [("tunnel.pool", "")]
    assert "no rule of these files serves wiki.example.com" in plan.refusals[0].reason


def test_a_copy_of_the_server_s_file_stands_for_it(account: Migrating) -> None:
    """With equal rules no yes is wanted, at any step, and the next plan is empty."""
    file = account.by_file(host())
    account.copy = account.one("tunnels")["connectors"][0]["file"]

    account.step(file, START, unseen=False)
    account.connect()
    account.step(file, FINISH)
    assert account.plan(file).is_empty
    account.step(file, FINISH, disconnect=True)

    account.copy = None
    assert account.plan(remote(file)).is_empty


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"service": "ssh://localhost:2222"}, "ingress[0].service is 'ssh://localhost:2222' there"),
        ({"originRequest": {}}, "ingress[0].origin_request"),
        ({"hostname": "more.example.com"}, "ingress[0].hostname"),
    ],
)
def test_other_rules_than_the_server_s_are_refused(
    account: Migrating, changed: dict[str, Any], says: str
) -> None:
    """Whoever comes would be served otherwise by the twin; it is said where, and no yes helps."""
    file = account.by_file(host())
    rules = account.one("tunnels")["connectors"][0]["file"]["ingress"]
    account.copy = {"ingress": [{**rules[0], **changed}, *rules[1:]]}

    plan = account.step_plan(file, START, unseen=True)

    assert refused(plan) == [("tunnel.pool", "")]
    assert "its server's file and these files differ" in plan.refusals[0].reason
    assert says in plan.refusals[0].reason


def test_names_move_only_to_a_connector(account: Migrating) -> None:
    """Without one nobody would get through; nor by one that runs other rules."""
    file = account.by_file(host())
    account.step(file, START)
    none = account.step_plan(file, FINISH)
    account.connect()
    account.sandbox.edge.lag("tunnel_configuration", 3600)
    file["hosts"]["more.example.com"] = short()
    account.carry_out(account.plan(file))

    older = account.step_plan(file, FINISH)

    assert "no healthy connector runs for pool.ztctl-prod--next" in none.refusals[0].reason
    assert "runs version 2 of its rules yet" in older.refusals[0].reason
    assert [refused(none)[0][1], refused(older)[0][1]] == ["", ""]


def test_a_connector_that_does_not_say_what_it_runs_wants_a_yes(account: Migrating) -> None:
    """It may have no rules yet, and answer 503 to everybody."""
    file = account.by_file(host())
    account.sandbox.edge.lag("tunnel_configuration", 3600)
    account.step(file, START)
    account.connect()

    plan = account.step_plan(file, FINISH)

    assert refused(plan) == [("tunnel.pool", "--connector-ready")]
    assert account.step_plan(file, FINISH, ready=True).refusals == ()


@pytest.mark.parametrize("zone", ["example.com", "example.org"])
def test_a_record_of_nobody_s_is_named(account: Migrating, zone: str) -> None:
    """Also in a zone of which the files say nothing; with a yes it goes along, as it was."""
    file = started(account, host())
    foreign_record(account, f"wiki.{zone}")

    plan = account.step_plan(file, FINISH)
    account.step(file, FINISH, foreign=True, disconnect=True)

    assert refused(plan) == [("tunnel.pool", "--move-foreign")]
    assert f"the DNS record wiki.{zone} leads to it" in plan.refusals[0].reason
    assert account.leads() == {HOST: OLD, f"wiki.{zone}": OLD}
    assert account.one("dns_records", name=f"wiki.{zone}")["comment"] == "by hand"
    assert account.names() == {OLD: "cloudflare"}
    assert account.plan(remote(file)).is_empty


def test_a_record_of_another_stack_is_its_own(account: Migrating) -> None:
    """No yes of this stack moves it."""
    file = started(account, host())
    foreign_record(account, "wiki.example.com", "ztctl-other")

    plan = account.step_plan(file, FINISH, foreign=True)

    assert "belongs to the stack other: lead it elsewhere there" in plan.refusals[0].reason
    assert refused(plan) == [("tunnel.pool", "")]


def test_a_record_that_the_files_lead_there_by_its_name_is_refused(account: Migrating) -> None:
    """It would go on to lead to the old tunnel."""
    file = started(account, host())
    file["dns"] = {"wiki.example.com": {"tunnel": {"live": OLD}}}
    account.carry_out(account.plan(file))

    plan = account.step_plan(file, FINISH)

    assert "let the files lead it there by the tunnel's key" in plan.refusals[0].reason


def started_twin(account: Migrating, file: File) -> None:
    """The twin, and its connector."""
    account.step(file, START)
    account.connect()


def test_private_routes_go_along(account: Migrating) -> None:
    """Those of the files; one of nobody's is named, and moved with a yes."""
    file = host()
    file["private_routes"] = {"10.0.0.0/8": {"tunnel": "pool"}}
    file = started(account, file)
    old = account.one("tunnels", name=OLD)["id"]
    account.call("POST", "{A}/teamnet/routes", {"network": "10.9.0.0/16", "tunnel_id": old})

    plan = account.step_plan(file, FINISH)
    account.step(file, FINISH, foreign=True, disconnect=True)

    assert refused(plan) == [("tunnel.pool", "--move-foreign")]
    assert {it["tunnel_id"] for it in account.everything()["routes"]} == {
        account.one("tunnels", name=OLD)["id"]
    }
    assert account.plan(remote(file)).is_empty


def test_a_private_host_name_is_named(account: Migrating) -> None:
    """What ztctl cannot move is in the way, whatever is said."""
    file = started(account, host())
    body = {"hostname": "db.internal", "tunnel_id": account.one("tunnels", name=OLD)["id"]}
    account.call("POST", "{A}/zerotrust/routes/hostname", body)

    plan = account.step_plan(file, FINISH, foreign=True, disconnect=True)

    assert "the private host name route db.internal leads to it" in plan.refusals[0].reason
    assert refused(plan)[0] == ("tunnel.pool", "")


def test_a_zone_that_cannot_be_read_stops_it(account: Migrating) -> None:
    """Something in it may lead to the old tunnel."""
    file = started(account, host())
    zone = account.one("zones", name="example.org")["id"]
    account.sandbox.faults.add(path=f"/zones/{zone}/dns_records", status=403, times=None)

    with pytest.raises(CallFailed):
        account.step_plan(file, FINISH)


def test_a_name_by_which_the_twin_is_tried_out_moves_nothing(account: Migrating) -> None:
    """A record of the files that leads to the twin by its live name is no beginning."""
    file = started(account, host())
    file["dns"] = {"try.example.com": {"tunnel": {"live": NEXT}}}

    plan = account.plan(file)
    account.carry_out(plan)

    assert told(plan) == ["create dns_record.try.example.com"]
    assert account.plan(file).is_empty
    assert account.leads()[HOST] == OLD


def test_an_apply_in_between_changes_the_twin(account: Migrating) -> None:
    """A new name is served by the twin, too, before names move."""
    file = started(account, host())
    file["hosts"][OTHER] = short()

    account.carry_out(account.plan(file))

    rules = account.one("tunnel_configurations")["config"]["ingress"]
    assert {it.get("hostname") for it in rules} == {HOST, OTHER, None}


def test_it_is_given_up_before_names_move(account: Migrating) -> None:
    """The twin goes, and nothing else has changed; afterwards it is too late."""
    file = started(account, host())
    account.step(file, ABORT)
    given_up = account.names()
    started_twin(account, file)
    account.step(file, FINISH)

    with pytest.raises(Failure, match="its names move to the twin"):
        account.step_plan(file, ABORT)
    assert given_up == {OLD: "local"}


@pytest.mark.parametrize("step", [FINISH, ABORT])
def test_no_step_but_the_first_begins_it(account: Migrating, step: MigrationStep) -> None:
    """It is not said to be done."""
    file = account.by_file(host())

    with pytest.raises(Failure, match="no migration of the tunnel pool is under way"):
        account.step_plan(file, step)


def test_a_step_that_is_done_does_nothing(account: Migrating) -> None:
    """Each may be asked for again; one that is managed remotely is not migrated."""
    file = started(account, host())
    assert account.step_plan(file, START).is_empty
    account.step(file, FINISH, disconnect=True)

    assert account.step_plan(file, FINISH, disconnect=True).is_empty
    with pytest.raises(Failure, match="is managed remotely already"):
        account.step_plan(file, START)


def test_a_step_changes_nothing_else(account: Migrating) -> None:
    """What the files want beside it is for an apply."""
    file = account.by_file(host())
    file["hosts"][HOST]["session_duration"] = "8h"

    with pytest.raises(Failure, match="the account is not as the files say"):
        account.step_plan(file, START)


def test_a_protected_tunnel_stays_protected(account: Migrating) -> None:
    """The one with the name carries the protecting mark; the old one may go."""
    file = whole()
    file["tunnels"]["pool"]["protect"] = True
    file = account.by_file(file)
    account.step(file, START)
    account.connect()

    account.step(file, FINISH, disconnect=True)

    assert account.names() == {f"{OLD}.protect": "cloudflare"}
    assert account.plan(remote(file)).is_empty


@pytest.mark.parametrize("moved", [False, True])
def test_destroy_takes_both_along(account: Migrating, *, moved: bool) -> None:
    """However far it has come."""
    file = started(account, host())
    if moved:
        account.step(file, FINISH)

    assert account.destroy(file).is_complete

    assert account.names() == {}


@pytest.mark.parametrize(
    ("tunnels", "says"),
    [
        ({"pool": {"id": "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"}}, "`id:` names the old one"),
        ({"pool": {}, "pool--next": {}}, "call another one like its twin"),
    ],
)
def test_what_cannot_be_migrated_is_said_to_be(
    account: Migrating, tunnels: dict[str, Any], says: str
) -> None:
    """Without asking the account."""
    declared = account.declared({**host(), "tunnels": tunnels})

    with pytest.raises(Failure, match=says):
        tunnel_to_migrate("pool", declared)
