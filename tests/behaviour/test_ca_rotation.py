"""A host gets another CA: never open, served but for one moment, trusted at every step."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import refused, told
from tests.support.files import HOST, host, short, whole
from tests.support.rotating import ANN, STEPS, Rotating
from ztctl.core.model.diagnostics import Failure
from ztctl.core.planning.rotation import RotationStep

START, MOVE, FINISH = STEPS
ABORT = RotationStep.ABORT
OTHER = "db.example.com"
NEXT, FORMER = f"{HOST}--next", f"{HOST}--former"


@pytest.fixture
def account(tmp_path: Path) -> Rotating:
    """A fresh account; whatever a test does, each of its applies is observed."""
    return Rotating(tmp_path)


def applied(account: Rotating, file: dict[str, Any]) -> dict[str, Any]:
    """The file, applied, with a connector at each tunnel."""
    account.apply(file)
    account.connected()
    return file


def apps(account: Rotating) -> dict[str, list[str]]:
    """The tags of each application, by its name."""
    return {app["name"]: app["tags"] for app in account.everything()["apps"]}


@pytest.mark.parametrize("make", [host, whole])
def test_the_account_is_as_the_file_says_after_each_step(account: Rotating, make: Any) -> None:
    """No plan in between undoes or repeats anything; at the end there is one CA, another one."""
    file = applied(account, make())
    before = account.one("app_cas")["public_key"]

    for step in STEPS:
        account.step(file, step)
        assert account.plan(file).is_empty

    assert apps(account) == {HOST: ["ztctl-prod"]}
    assert account.one("app_cas")["public_key"] != before
    assert [tag["name"] for tag in account.everything()["tags"]] == ["ztctl-prod"]
    rules = account.one("tunnel_configurations")["config"]["ingress"]
    audience = rules[0]["originRequest"]["access"]["audTag"]
    assert audience == [account.one("apps")["aud"]]


def test_what_stands_there_in_between_is_marked(account: Rotating) -> None:
    """The spare application says by its tag whose it is and what for; the rule takes both."""
    file = applied(account, host())

    account.step(file, START)
    started = apps(account)
    account.step(file, MOVE)

    assert started == {HOST: ["ztctl-prod"], NEXT: ["ztctl-prod--next"]}
    assert apps(account) == {HOST: ["ztctl-prod"], FORMER: ["ztctl-prod--former"]}
    audience = account.one("tunnel_configurations")["config"]["ingress"][0]["originRequest"]
    auds = {app["aud"] for app in account.everything()["apps"]}
    assert set(audience["access"]["audTag"]) == auds


def test_the_host_is_closed_for_one_moment_and_never_open(account: Rotating) -> None:
    """After every write: nobody comes in unasked; who may enter does, but for one state."""
    file = applied(account, host())
    seen: list[tuple[str, str]] = []
    account.looks.append(lambda _: seen.append((account.outcome(), account.outcome(ANN))))

    for step in STEPS:
        account.step(file, step)

    asked, ann = zip(*seen, strict=True)
    assert set(asked) == {"login", "refused"}
    assert set(ann) == {"origin", "refused"}
    assert ann.count("refused") == asked.count("refused") == 1


def test_servers_trust_what_signs_at_every_step(account: Rotating) -> None:
    """With the keys that are told before each step, after every single write of it."""
    file = applied(account, host())
    old = account.signer()
    signers: list[str | None] = []
    account.looks.append(lambda _: signers.append(account.signer()))
    bundles = []
    for step in STEPS:
        bundle = asyncio.run(account.trusted(file, old=step is not FINISH))
        signers.clear()
        account.step(file, step)
        bundles.append((step, bundle, {*signers} - {None}))

    for step, bundle, signed in bundles:
        assert signed, step
        assert signed <= bundle, step
    assert old not in bundles[-1][1]
    assert [len(bundle) for _, bundle, _ in bundles] == [1, 2, 1]


def test_an_open_name_is_not_moved(account: Rotating) -> None:
    """Where the connector makes no check, the name would be open between two writes."""
    file = host()
    file["hosts"][HOST] = short(access=False)
    applied(account, file)
    account.step(file, START)
    account.forget_log()

    plan = account.step_plan(file, MOVE)

    assert refused(plan)[0] == (f"access_application.{FORMER}", "")
    assert "turn `access` on for its rule" in plan.refusals[0].reason
    assert account.writes() == []


def test_where_the_account_denies_unmatched_requests_it_is(account: Rotating) -> None:
    """The same name stays closed, because the edge refuses what no application guards."""
    organisation = account.call("GET", "{A}/access/organizations")
    body = {"name": organisation["name"], "auth_domain": organisation["auth_domain"]}
    account.call("PUT", "{A}/access/organizations", {**body, "deny_unmatched_requests": True})
    file = host()
    file["hosts"][HOST] = short(access=False)
    applied(account, file)

    for step in STEPS:
        account.step(file, step)

    assert account.plan(file).is_empty


@pytest.mark.parametrize(
    ("before", "step", "says"),
    [
        ([], MOVE, f"no CA rotation of {HOST} is under way"),
        ([START], FINISH, f"the name {HOST} has not moved to the new CA yet"),
        ([START, MOVE], START, f"the CA rotation of {HOST} is past that: the name has moved"),
        ([START, MOVE], ABORT, f"the CA rotation of {HOST} is past that: the name has moved"),
    ],
)
def test_steps_come_in_their_order(
    account: Rotating, before: list[RotationStep], step: RotationStep, says: str
) -> None:
    """A step that is not the next one says so, and changes nothing."""
    file = applied(account, host())
    for earlier in before:
        account.step(file, earlier)

    with pytest.raises(Failure, match=says):
        account.step_plan(file, step)


def test_a_step_that_is_done_does_nothing(account: Rotating) -> None:
    """Each may be asked for again."""
    file = applied(account, host())
    for step in STEPS:
        account.step(file, step)
        assert account.step_plan(file, step).is_empty


def test_it_is_given_up_before_the_move(account: Rotating) -> None:
    """The new CA goes, and nothing else has changed."""
    file = applied(account, host())
    before = account.one("app_cas")["public_key"]
    account.step(file, START)

    account.step(file, ABORT)

    assert account.one("app_cas")["public_key"] == before
    assert apps(account) == {HOST: ["ztctl-prod"]}
    assert account.plan(file).is_empty


def test_an_ordinary_apply_keeps_both_alike(account: Rotating) -> None:
    """Somebody else's policy in between is that of both applications, so that nobody gains."""
    file = applied(account, host())
    account.step(file, START)
    file["policies"]["more"] = {"decision": "allow", "include": [{"email": "bob@example.com"}]}
    file["hosts"][HOST]["policies"] = ["team", "more"]

    account.apply(file)

    policies = [len(app["policies"]) for app in account.everything()["apps"]]
    assert policies == [2, 2]
    account.step(file, MOVE)
    assert account.plan(file).is_empty


def test_a_step_changes_nothing_else(account: Rotating) -> None:
    """What the files want beside it is for an apply."""
    file = applied(account, host())
    file["hosts"][HOST]["session_duration"] = "8h"

    with pytest.raises(Failure, match="the account is not as the files say"):
        account.step_plan(file, START)


def test_another_stack_s_host_is_refused(account: Rotating) -> None:
    """A file that declares the same host does not make it its own."""
    applied(account, host())
    account.forget_log()

    with pytest.raises(Failure, match="the account is not as the files say"):
        account.step_plan({"stack": "other", **host()}, START)
    assert account.writes() == []


def test_what_no_file_states_is_taken_along(account: Rotating) -> None:
    """What somebody set by hand on the application is so on the one that gets the name."""
    file = applied(account, host())
    app = account.one("apps")
    body = {name: app[name] for name in ("type", "domain", "destinations", "tags", "name")}
    body |= {"custom_deny_message": "ask Ann", "app_launcher_visible": False}
    body["policies"] = [{"id": it["id"], "precedence": 1} for it in app["policies"]]
    account.call("PUT", f"{{A}}/access/apps/{app['id']}", body)

    for step in STEPS:
        account.step(file, step)

    assert account.one("apps")["custom_deny_message"] == "ask Ann"


def test_an_audience_written_by_hand_is_not_left_behind(account: Rotating) -> None:
    """The rule would go on to take the tokens of the old application alone: refused."""
    file = whole()
    rule = file["tunnels"]["pool"]["ingress"][0]
    applied(account, file)
    aud = {"id": account.one("apps")["aud"]}
    rule["origin_request"] = {"access": {"required": True, "aud_tag": [aud]}}
    assert account.plan(file).is_empty
    account.step(file, START)

    plan = account.step_plan(file, MOVE)

    assert any("written out by hand" in it.reason for it in plan.refusals)


def test_an_audience_that_names_the_application_takes_both(account: Rotating) -> None:
    """Written out by hand, too, the rule takes both tokens before the name moves."""
    file = whole()
    rule = file["tunnels"]["pool"]["ingress"][0]
    rule["origin_request"] = {"access": {"required": True, "aud_tag": [HOST]}}
    applied(account, file)
    account.step(file, START)

    plan = account.step_plan(file, MOVE)

    assert {step.id.address.kind for step in plan.steps} == {"access_application", "access_tag"}
    account.carry_out(plan)
    account.step(file, FINISH)
    assert account.plan(file).is_empty


def test_two_hosts_at_once(account: Rotating) -> None:
    """Neither is in the way of the other, at whatever step each is."""
    file = host()
    file["hosts"][OTHER] = short()
    applied(account, file)

    for name, step in (
        (HOST, START), (OTHER, START), (HOST, MOVE), (OTHER, MOVE), (OTHER, FINISH), (HOST, FINISH),
    ):  # fmt: skip
        account.step(file, step, name)
        assert account.plan(file).is_empty

    assert apps(account) == {HOST: ["ztctl-prod"], OTHER: ["ztctl-prod"]}
    assert len(account.everything()["app_cas"]) == 2


@pytest.mark.parametrize("names", [["*.example.com"], [HOST, OTHER, "web.example.org"]])
def test_all_names_of_an_application_move(account: Rotating, names: list[str]) -> None:
    """A pattern, or several names in zones of their own: they have one CA."""
    file = whole()
    file["applications"] = {"shell": {"destinations": names, "policies": ["team"]}}
    rules = [{"hostname": name, "service": "ssh://localhost:22"} for name in names]
    file["tunnels"]["pool"]["ingress"] = rules
    file["dns"] = {name: {"tunnel": "pool"} for name in names}
    file["ca_keys"] = {"shell": {}}
    applied(account, file)

    for step in STEPS:
        account.step(file, step, "shell")
        assert account.plan(file).is_empty

    assert sorted(account.one("apps")["self_hosted_domains"]) == sorted(names)


@pytest.mark.parametrize("done", [[START], [START, MOVE]])
def test_destroy_takes_it_along(account: Rotating, done: list[RotationStep]) -> None:
    """Spare application, CA and tag go with the rest, however far it has come."""
    file = applied(account, host())
    for tunnel in account.everything()["tunnels"]:
        account.sandbox.disconnect(tunnel["id"])
    for step in done:
        account.step(file, step)

    assert account.destroy(file).is_complete

    everything = account.everything()
    assert [everything[kind] for kind in ("apps", "app_cas", "tags")] == [[], [], []]


def test_a_host_taken_out_of_the_file_takes_it_along(account: Rotating) -> None:
    """What a rotation keeps belongs to the stack, and goes with the host."""
    file = host()
    file["hosts"][OTHER] = short()
    applied(account, file)
    account.step(file, START)
    del file["hosts"][HOST]

    plan = account.plan(file, deletions=True, ca_deletion=["all"])

    assert f"delete access_application.{NEXT}" in told(plan)
    account.carry_out(plan)
    assert apps(account) == {OTHER: ["ztctl-prod"]}


def test_a_protected_application_stays_protected(account: Rotating) -> None:
    """The one with the name carries the protecting mark; what had it may go."""
    file = whole()
    file["applications"][HOST]["protect"] = True
    applied(account, file)

    for step in STEPS:
        account.step(file, step)

    assert apps(account) == {HOST: ["ztctl-prod--protect"]}
    assert account.plan(file).is_empty


@pytest.mark.parametrize("tags", [["ztctl-prod"], []], ids=["renamed", "unmarked"])
def test_an_edit_by_hand_moves_nothing(account: Rotating, tags: list[str]) -> None:
    """The application keeps the name while it has it, also under another name or without mark."""
    file = applied(account, host())
    account.step(file, START)
    app = account.one("apps", name=HOST)
    body = {name: app[name] for name in ("type", "domain", "destinations")}
    body["policies"] = [{"id": it["id"], "precedence": 1} for it in app["policies"]]
    account.call("PUT", f"{{A}}/access/apps/{app['id']}", {**body, "name": "shell", "tags": tags})

    plan = account.plan(file, adopt=True)

    assert {it.address.key for it in plan.changes} == {HOST}
    account.carry_out(plan)
    assert account.one("apps", name=HOST)["id"] == app["id"]
    assert account.plan(file).is_empty


def test_the_next_one_takes_over_where_the_application_is_gone(account: Rotating) -> None:
    """Deleted by hand it is not made anew: the spare one has its policies, and a CA."""
    file = applied(account, host())
    account.step(file, START)
    new = account.one("apps", name=NEXT)["id"]
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps', name=HOST)['id']}")

    account.apply(file)

    assert [app["id"] for app in account.everything()["apps"]] == [new]
    assert account.plan(file).is_empty
