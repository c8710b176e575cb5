"""Rules that log SSH, and the key to which logs are encrypted, as an account has them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.drifting import drift
from ztctl.core.model.plan import Action

RULES = "{A}/gateway/rules"
SETTINGS = "{A}/gateway/audit_ssh_settings"
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()
GROUPS = {"people": {"include": [{"email_domain": "example.com"}]}}
TRAFFIC = "net.dst.ip in {10.0.0.5}"


def rule(key: str = "ssh", **fields: Any) -> dict[str, Any]:
    """A file with one rule."""
    return {"gateway_rules": {key: {"traffic": TRAFFIC, **fields}}}


def audit_key(key: str = KEY) -> dict[str, Any]:
    """A file with the account's key."""
    return {"ssh_audit_keys": {"account": {"public_key": key}}}


def live(account: Account) -> dict[str, Any]:
    """The rules of the account by name."""
    return {item["name"]: item for item in account.everything()["gateway_rules"]}


def key_of(account: Account) -> str:
    """The account's key."""
    return str(account.call("GET", SETTINGS)["public_key"])


@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
def test_a_rule_is_made_with_the_mark_behind_its_description(tmp_path: Path, awkward: bool) -> None:
    """What is made is on, logs what the file says, and the next plan is empty."""
    account = Account(tmp_path, awkward=awkward)
    file = {**rule(description="the  bastion", command_logging=True), **audit_key()}

    account.apply(file)

    made = live(account)["ssh"]
    assert (made["description"], made["enabled"]) == ("the bastion ztctl-prod", True)
    assert made["rule_settings"]["audit_ssh"] == {"command_logging": True}
    assert key_of(account) == KEY
    plan = account.plan(file)
    assert (plan.is_empty, plan.warnings) == (True, ())
    assert account.sandbox.ignored == []


def test_a_rule_that_is_new_may_be_refused(account: Account) -> None:
    """That the service is said to take no new ones is told before one is made, and not again."""
    plan = account.plan(rule())
    account.carry_out(plan)

    assert [str(it.code) for it in plan.warnings] == ["audit-ssh-ended"]
    assert account.plan(rule()).warnings == ()


def test_a_rule_stays_where_others_put_it(account: Account) -> None:
    """A place that the file does not state is nobody's difference, and an update keeps it."""
    account.apply(rule())
    made = live(account)["ssh"]
    moved = {name: made[name] for name in ("name", "action", "traffic", "description", "enabled")}
    account.call("PUT", f"{RULES}/{made['id']}", {**moved, "precedence": 77})

    assert account.plan(rule()).is_empty
    account.apply(rule(identity='identity.email == "a@example.com"'))

    assert live(account)["ssh"]["precedence"] == 77


def test_a_place_is_handed_on_in_one_apply(account: Account) -> None:
    """A rule under another name takes the place of the old one, and others move up behind it."""
    first = {
        "one": {"traffic": TRAFFIC, "precedence": 500},
        "two": {"traffic": TRAFFIC, "precedence": 501},
    }
    account.apply({"gateway_rules": first})
    after = {
        "new": {"traffic": TRAFFIC, "precedence": 500},
        "one": {"traffic": TRAFFIC, "precedence": 501},
    }
    after["two"] = {"traffic": TRAFFIC, "precedence": 502}

    outcome = account.apply({"gateway_rules": after})

    assert outcome is not None
    assert outcome.is_complete
    assert {name: it["precedence"] for name, it in live(account).items()} == {
        "new": 500,
        "one": 501,
        "two": 502,
    }


def test_an_update_keeps_what_the_files_cannot_say(account: Account) -> None:
    """A schedule and settings that somebody added by hand outlive an edit."""
    account.apply(rule())
    made = live(account)["ssh"]
    by_hand = {
        **{name: made[name] for name in ("name", "action", "traffic", "description", "enabled")},
        "schedule": {"mon": "08:00-17:00"},
        "rule_settings": {**made["rule_settings"], "payload_log": {"enabled": True}},
    }
    account.call("PUT", f"{RULES}/{made['id']}", by_hand)

    plan = account.plan(rule(enabled=False))
    account.carry_out(plan)

    after = live(account)["ssh"]
    assert edits(plan) == ["gateway_rule.ssh enabled"]
    assert (after["enabled"], after["schedule"]) == (False, {"mon": "08:00-17:00"})
    assert after["rule_settings"]["payload_log"] == {"enabled": True}


def test_an_action_changed_by_hand_is_put_back(account: Account) -> None:
    """A rule that no longer logs is a difference, and the same rule afterwards."""
    account.apply(rule())
    made = live(account)["ssh"]
    stays = {name: made[name] for name in ("name", "traffic", "description", "enabled")}
    account.call("PUT", f"{RULES}/{made['id']}", {**stays, "action": "allow", "filters": ["l4"]})

    plan = account.plan(rule())
    account.carry_out(plan)

    assert edits(plan) == ["gateway_rule.ssh action"]
    assert live(account)["ssh"]["id"] == made["id"]
    assert account.plan(rule()).is_empty


def test_a_rule_of_nobody_is_adopted_with_a_yes(account: Account) -> None:
    """The same name without a mark is adopted; what blocks under that name is left alone."""
    body = {"name": "ssh", "action": "audit_ssh", "traffic": TRAFFIC, "enabled": True}
    made = account.call("POST", RULES, {**body, "description": "by hand"})
    blocks = account.call("POST", RULES, {"name": "ssh", "action": "block", "filters": ["l4"]})

    plan = account.plan(rule())
    account.carry_out(account.plan(rule(), adopt=True))

    assert refused(plan) == [("gateway_rule.ssh", "--adopt")]
    after = {item["id"]: item for item in account.everything()["gateway_rules"]}
    assert after[made["id"]]["description"] == "by hand ztctl-prod"
    assert after[blocks["id"]] == blocks


def test_rules_go_when_the_section_leaves_the_file(account: Account) -> None:
    """The mark finds them although no file speaks of rules any more; those of others stay."""
    account.call("POST", RULES, {"name": "telnet", "action": "block", "filters": ["l4"]})
    account.apply({**rule(), "groups": GROUPS})

    plan = account.plan({"groups": GROUPS})
    account.carry_out(plan)

    assert told(plan) == ["delete gateway_rule.ssh"]
    assert list(live(account)) == ["telnet"]


def test_the_rule_of_another_stack_is_refused(account: Account) -> None:
    """A rule that another stack made under that name stays, and the plan says whose it is."""
    account.apply({**rule(), "stack": "other"})

    (refusal,) = account.plan(rule()).refusals

    assert "belongs to the stack 'other'" in refusal.reason


def test_the_same_key_is_nobodys_change(account: Account) -> None:
    """A key set by hand that is the one of the file needs no yes."""
    account.call("PUT", SETTINGS, {"public_key": KEY})

    assert account.plan(audit_key()).is_empty


def test_another_key_is_replaced_with_a_yes_and_a_warning(account: Account) -> None:
    """Later logs would be somebody else's to read: the plan says so, and wants a yes."""
    account.call("PUT", SETTINGS, {"public_key": OTHER})
    seed = account.call("GET", SETTINGS)["seed_id"]

    plan = account.plan(audit_key())
    account.carry_out(account.plan(audit_key(), adopt=True))

    (change,) = plan.changes
    assert (change.action, refused(plan)) == (
        Action.ADOPT,
        [("ssh_audit_key.account", "--adopt")],
    )
    assert plan.refusals[0].reason == "another one is live, and no mark can say whose it is"
    assert [(it.before, it.after) for it in change.edits] == [(OTHER, KEY)]
    assert "earlier ones are read by the old private key alone" in " ".join(change.notes)
    after = account.call("GET", SETTINGS)
    assert (after["public_key"], after["seed_id"]) == (KEY, seed)
    assert account.plan(audit_key()).is_empty


def test_the_key_stays_when_it_leaves_the_file(account: Account) -> None:
    """Neither a file without it nor a destroy ends the logging of a whole account."""
    account.apply({**audit_key(), "groups": GROUPS})

    assert account.plan({"groups": GROUPS}).is_empty
    account.destroy(audit_key())

    assert key_of(account) == KEY


def test_the_key_goes_by_removed(account: Account) -> None:
    """Asked for by its address, it is taken away; the next plan has nothing to do."""
    account.apply(audit_key())
    file = {"removed": [{"address": "ssh_audit_key.account"}]}

    plan = account.plan(file)
    account.carry_out(plan)

    assert told(plan) == ["delete ssh_audit_key.account"]
    assert key_of(account) == ""
    assert account.plan(file).is_empty


def test_a_key_that_changed_since_the_plan_is_not_overwritten(account: Account) -> None:
    """Whoever sets a key between plan and apply is not undone without a yes."""
    plan = account.plan(audit_key())
    account.call("PUT", SETTINGS, {"public_key": OTHER})

    outcome = account.carry_out(plan)

    assert not outcome.is_complete
    assert key_of(account) == OTHER


def test_a_key_changed_by_hand_is_drift(account: Account) -> None:
    """Whoever puts another key in place reads all later logs: a drift tells of it."""
    account.apply(audit_key())
    account.call("PUT", SETTINGS, {"public_key": OTHER})

    (item,) = drift(account, audit_key())

    assert str(item.address) == "ssh_audit_key.account"
