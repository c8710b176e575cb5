"""Between plan and write: what somebody else has done meanwhile is never overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.by_hand import (
    READ_ONLY,
    a_longer_session,
    a_member_more,
    another_service,
    delete_application,
    delete_ca,
    delete_record,
    delete_tunnel,
    not_proxied,
    other_words,
    put,
    zone,
)
from tests.support.files import HOST, whole
from ztctl.core.model.events import Outcome

ByHand = Callable[[Account], None]
SECTIONS = {
    "access_group": ["groups"],
    "access_policy": ["policies"],
    "access_application": ["apps"],
    "tunnel": ["tunnels", "tunnel_configurations"],
    "dns_record": ["dns_records"],
}
CHANGED = "changed by somebody else since the plan was made"


def edited() -> dict[str, Any]:
    """The whole file with one edit in every object that can be edited."""
    file = whole()
    file["groups"]["people"]["include"] = [{"email": "ann@example.com"}, {"email": "bo@x.example"}]
    file["policies"]["team"]["session_duration"] = "1h"
    file["applications"][HOST]["session_duration"] = "1h"
    file["tunnels"]["pool"]["ingress"][0]["origin_request"] = {"connect_timeout": "10s"}
    file["dns"][HOST]["comment"] = "another way in"
    return file


def failures(outcome: Outcome) -> dict[str, str]:
    """Why each object failed that did."""
    return {str(item.step.address): item.reason for item in outcome.failed}


def hidden(account: Account) -> None:
    """Somebody took the application off the launcher."""
    put(account, "{A}/access/apps", account.one("apps"), app_launcher_visible=False)


def renamed_tunnel(account: Account) -> None:
    """Somebody gave the tunnel another name."""
    path = f"{{A}}/cfd_tunnel/{account.one('tunnels')['id']}"
    account.call("PATCH", path, {"name": "pool.ztctl-other"})


def a_private_network(account: Account) -> None:
    """Somebody switched the tunnel's private networks on: no field of a file, but a PUT's part."""
    stored = account.one("tunnel_configurations")
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": {**stored["config"], "warp-routing": {"enabled": True}}})


def no_clipboard(account: Account) -> None:
    """Somebody restricted the policy's connections: no field of a file, but a PUT's part."""
    rules: Any = {"rdp": {"allowed_clipboard_local_to_remote_formats": []}}
    put(account, "{A}/access/policies", account.one("policies"), connection_rules=rules)


def workers_too(account: Account) -> None:
    """Somebody put the application before Workers: no field of a file, but a PUT's part."""
    app = account.one("apps")
    places = [*app["destinations"], {"type": "all_workers"}]
    put(account, "{A}/access/apps", app, destinations=places)


def another_type(account: Account) -> None:
    """Somebody made an address record of it."""
    address = {"type": "A", "content": "192.0.2.7"}
    account.call("PATCH", f"{zone(account)}/{account.one('dns_records')['id']}", address)


@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@pytest.mark.parametrize(
    ("by_hand", "stopped", "field"),
    [
        (a_member_more, "access_group.people", "include"),
        (a_longer_session, "access_policy.team", "session_duration"),
        (hidden, f"access_application.{HOST}", "app_launcher_visible"),
        (another_service, "tunnel.pool", "ingress"),
        (renamed_tunnel, "tunnel.pool", "mark, name"),
        (other_words, f"dns_record.{HOST}", "comment"),
        (not_proxied, f"dns_record.{HOST}", "proxied"),
        (a_private_network, "tunnel.pool", "warp-routing"),
        (no_clipboard, "access_policy.team", "connection_rules"),
        (workers_too, f"access_application.{HOST}", "destinations"),
        (another_type, f"dns_record.{HOST}", "tunnel, type"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_moved_since_the_plan_is_left_as_it_is(
    tmp_path: Path, by_hand: ByHand, stopped: str, field: str, *, awkward: bool
) -> None:
    """Its change fails and names the field; nothing is written to it, and the rest is done."""
    account = Account(tmp_path, awkward=awkward)
    account.apply(whole())
    plan = account.plan(edited(), interruption=["all"])
    by_hand(account)
    left = [account.everything()[section] for section in SECTIONS[stopped.partition(".")[0]]]

    outcome = account.carry_out(plan)

    assert list(failures(outcome)) == [stopped]
    assert f"{CHANGED}: {field}" in failures(outcome)[stopped]
    assert "plan again" in outcome.failed[0].hint
    now = [account.everything()[section] for section in SECTIONS[stopped.partition(".")[0]]]
    assert now == left
    assert len(outcome.done) + len(outcome.skipped) == len(plan.steps) - 1


@pytest.mark.parametrize(
    ("by_hand", "stopped"),
    [
        (delete_application, f"access_application.{HOST}"),
        (delete_tunnel, "tunnel.pool"),
        (delete_record, f"dns_record.{HOST}"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_an_update_of_what_is_gone_fails(account: Account, by_hand: ByHand, stopped: str) -> None:
    """It says that somebody else has deleted it, and makes nothing in its place."""
    account.apply(whole())
    plan = account.plan(edited(), interruption=["all"])
    by_hand(account)

    outcome = account.carry_out(plan)

    assert failures(outcome)[stopped] == "it was deleted by somebody else since the plan was made"


@pytest.mark.parametrize(
    "by_hand",
    [delete_application, delete_tunnel, delete_record, delete_ca],
    ids=lambda value: value.__name__,
)
def test_a_deletion_of_what_is_gone_is_done(account: Account, by_hand: ByHand) -> None:
    """The destroy is complete, and sends no deletion for it."""
    account.apply(whole())
    plan = account.plan({}, deletions=True, ca_deletion=["all"])
    by_hand(account)

    outcome = account.carry_out(plan)

    assert outcome.is_complete, outcome.failed
    assert account.plan({}).is_empty


def test_a_deletion_of_what_moved_fails(account: Account) -> None:
    """What somebody has changed is not what the plan showed, and stays."""
    account.apply(whole())
    plan = account.plan({}, deletions=True, ca_deletion=["all"])
    a_longer_session(account)

    outcome = account.carry_out(plan)

    assert "access_policy.team" in failures(outcome)
    assert account.one("policies")["session_duration"] == "720h"


# -- creations ------------------------------------------------------------------------------


def somebodys_tunnel(account: Account) -> None:
    """Somebody made a tunnel of the key's bare name."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})


def somebodys_policy(account: Account) -> None:
    """Somebody made another policy under our name, mark included."""
    body = {"name": "team.ztctl-prod", "decision": "bypass", "include": [{"everyone": {}}]}
    account.call("POST", "{A}/access/policies", body)


def somebodys_application(account: Account) -> None:
    """Somebody took the domain."""
    body = {"name": "mine", "type": "self_hosted", "domain": HOST}
    account.call("POST", "{A}/access/apps", body)


def somebodys_record(account: Account) -> None:
    """Somebody gave the name an address."""
    account.call("POST", zone(account), {"type": "A", "name": HOST, "content": "192.0.2.7"})


@pytest.mark.parametrize(
    ("by_hand", "stopped"),
    [
        (somebodys_tunnel, "tunnel.pool"),
        (somebodys_policy, "access_policy.team"),
        (somebodys_application, f"access_application.{HOST}"),
        (somebodys_record, f"dns_record.{HOST}"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_nothing_is_made_beside_what_somebody_else_has_made(
    account: Account, by_hand: ByHand, stopped: str
) -> None:
    """The creation fails and names what is there; what depends on it is skipped."""
    plan = account.plan(whole())
    by_hand(account)

    outcome = account.carry_out(plan)

    assert list(failures(outcome)) == [stopped]
    assert "somebody else has made it" in failures(outcome)[stopped]
    assert all(str(item.because_of.address) == stopped for item in outcome.skipped)


def test_what_is_there_as_wanted_counts_as_made(account: Account, tmp_path: Path) -> None:
    """The policy that another apply has just made is used, not made again."""
    plan = account.plan(whole())
    twin = Account(tmp_path)
    twin.apply(whole())
    group = account.call(
        "POST", "{A}/access/groups", _body(twin.one("groups"), name="people.ztctl-prod")
    )
    include = [{"group": {"id": group["id"]}}]
    account.call("POST", "{A}/access/policies", _body(twin.one("policies"), include=include))
    account.forget_log()

    outcome = account.carry_out(plan)

    assert outcome.is_complete, outcome.failed
    paths = [entry.path.rpartition("/")[2] for entry in account.writes()]
    assert not {"groups", "policies"} & set(paths)
    assert account.plan(whole()).is_empty


def test_an_edit_that_somebody_else_has_made_already_counts_as_done(account: Account) -> None:
    """The object is as wanted: no write, no failure."""
    account.apply(whole())
    file = whole()
    file["policies"]["team"]["session_duration"] = "720h"
    plan = account.plan(file, interruption=["all"])
    a_longer_session(account)
    account.forget_log()

    outcome = account.carry_out(plan)

    assert (outcome.is_complete, account.writes()) == (True, [])
    assert account.plan(file).is_empty


def _body(found: Any, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**found, **changes}.items() if name not in READ_ONLY}


# -- what an object takes the place of ------------------------------------------------------


def _readdressed(account: Account) -> None:
    record = account.one("dns_records", type="AAAA")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"content": "2001:db8::2"})


def _gone(account: Account) -> None:
    account.call("DELETE", f"{zone(account)}/{account.one('dns_records', type='AAAA')['id']}")


@pytest.mark.parametrize("by_hand", [_readdressed, _gone], ids=["changed", "deleted"])
def test_what_an_adopted_object_displaces_must_be_as_it_was(
    account: Account, by_hand: ByHand
) -> None:
    """Of two address records that one CNAME displaces, a change of either stops the write."""
    records = [
        account.call("POST", zone(account), {"type": kind, "name": HOST, "content": content})
        for kind, content in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"))
    ]
    plan = account.plan(whole(), adopt=True)
    by_hand(account)
    left = account.everything()["dns_records"]

    outcome = account.carry_out(plan)

    assert failures(outcome) == {
        f"dns_record.{HOST}": f"{HOST!r} ({records[1]['id']}), whose place it takes, was changed"
    }
    assert account.everything()["dns_records"] == left


# -- its own writes, and its cost -----------------------------------------------------------


def test_what_the_run_itself_has_written_did_not_move(account: Account) -> None:
    """A domain that is renamed takes several writes of one object; none stops the next."""
    account.apply(whole())
    new = "new.example.com"
    file = whole()
    file["applications"] = {HOST: {"policies": ["team"], "domain": new}}
    file["tunnels"]["pool"]["ingress"][0]["hostname"] = new
    file["dns"] = {new: {"tunnel": "pool"}}

    outcome = account.carry_out(account.plan(file, interruption=["all"], deletions=True))

    assert outcome.is_complete, outcome.failed
    assert account.plan(file).is_empty


def reads(account: Account) -> list[str]:
    """The paths that a run has read, without the account's and without ids."""
    paths = (entry.path for entry in account.sandbox.log if entry.method == "GET")
    return sorted(
        "/".join("*" if len(part) >= 32 else part for part in path.split("/")[3:]) for path in paths
    )


def test_a_run_of_every_kind_costs_eight_lists_more(account: Account, root: Path) -> None:
    """Each kind is listed once; what is not there yet has no configuration to read."""
    text = (root / "examples" / "quickstart" / "ztctl.yaml").read_text(encoding="utf-8")
    plan = account.plan(yaml.safe_load(text))
    account.forget_log()

    account.carry_out(plan)

    access = [
        f"access/{kind}" for kind in ("apps", "apps", "apps/ca", "groups", "policies", "tags")
    ]
    assert reads(account) == [*access, "cfd_tunnel", "dns_records"]


def test_only_the_configuration_about_to_be_written_is_read(account: Account) -> None:
    """A tunnel beside it costs nothing, nor do the kinds that nothing is written of."""
    both = whole()
    both["tunnels"]["other"] = {}
    account.apply(both)
    file = {**edited(), **{key: both[key] for key in ("groups", "policies", "applications", "dns")}}
    file["tunnels"]["other"] = {}
    plan = account.plan(file)
    account.forget_log()

    account.carry_out(plan)

    assert reads(account) == ["cfd_tunnel", "cfd_tunnel/*/configurations"]


def test_a_look_that_fails_stops_the_write(account: Account) -> None:
    """Without a look nothing is overwritten; the failure is that of the look."""
    account.apply(whole())
    file = whole()
    file["policies"]["team"]["session_duration"] = "1h"
    plan = account.plan(file, interruption=["all"])
    account.sandbox.faults.add(method="GET", path="/access/policies$", status=500)
    account.forget_log()

    outcome = account.carry_out(plan)

    assert "GET" in failures(outcome)["access_policy.team"]
    assert account.writes() == []
