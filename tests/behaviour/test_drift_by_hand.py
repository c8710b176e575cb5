"""What somebody did by hand: the plan shows that, undoes that, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.account import Account, edits, told
from tests.support.by_hand import (
    a_bypass,
    a_hidden_application,
    a_longer_session,
    a_member_more,
    another_service,
    delete_application,
    delete_ca,
    delete_group,
    delete_policy,
    delete_record,
    delete_tunnel,
    no_check,
    no_policy,
    not_proxied,
    other_words,
    put,
    zone,
)
from tests.support.files import HOST, host, whole
from tests.support.foreign import changed, lived_in, snapshot
from ztctl.core.model.plan import Action, Reason

ByHand = Callable[[Account], None]


@pytest.mark.parametrize(
    ("by_hand", "expected"),
    [
        (a_member_more, "access_group.people include[]"),
        (a_longer_session, "access_policy.team session_duration"),
        (a_bypass, "access_policy.team decision"),
        (a_hidden_application, f"access_application.{HOST} app_launcher_visible"),
        (no_policy, f"access_application.{HOST} policies[0]"),
        (another_service, "tunnel.pool ingress[0].service"),
        (no_check, "tunnel.pool ingress[0].origin_request"),
        (other_words, f"dns_record.{HOST} comment"),
        (not_proxied, f"dns_record.{HOST} proxied"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_field_changed_by_hand_is_one_edit(
    account: Account, by_hand: ByHand, expected: str
) -> None:
    """The plan shows the field and no other, and the next apply puts it back."""
    account.apply(whole())
    by_hand(account)

    assert edits(account.plan(whole())) == [expected]

    account.apply(whole())
    assert account.plan(whole()).is_empty


def test_a_field_that_the_file_does_not_state_is_left_alone(account: Account) -> None:
    """It shows in no plan, and a replacing write of another field carries it over."""
    account.apply(whole())
    put(account, "{A}/access/apps", account.one("apps"), logo_url="https://example.com/logo.png")
    assert account.plan(whole()).is_empty
    file = whole()
    file["applications"][HOST]["session_duration"] = "1h"

    account.apply(file)

    assert account.one("apps")["logo_url"] == "https://example.com/logo.png"


def test_a_mark_taken_off_a_record_is_put_back(account: Account) -> None:
    """A record that leads to a tunnel of ours is ours: one edit, and no adoption."""
    account.apply(whole())
    record = account.one("dns_records")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"comment": "the way in"})

    plan = account.plan(whole())

    assert edits(plan) == [f"dns_record.{HOST} comment"]
    assert [(change.action, change.reason) for change in plan.changes] == [
        (Action.UPDATE, Reason.MARK_LOST)
    ]
    account.apply(whole())
    assert account.one("dns_records", id=record["id"])["comment"] == "the way in ztctl-prod"


# -- deleted by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_hand", "expected"),
    [
        (delete_record, [f"create dns_record.{HOST}"]),
        (delete_ca, [f"create ca_key.{HOST}"]),
        (delete_tunnel, ["create tunnel.pool", f"update dns_record.{HOST}"]),
        (
            delete_application,
            [
                f"create access_application.{HOST}",
                "update tunnel.pool",
                f"create ca_key.{HOST}",
            ],
        ),
        (delete_policy, ["create access_policy.team", f"update access_application.{HOST}"]),
        (delete_group, ["create access_group.people", "update access_policy.team"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_an_object_deleted_by_hand_is_made_again(
    account: Account, by_hand: ByHand, expected: list[str]
) -> None:
    """One create, and an edit of what referred to it: tunnel in a record, audience in a rule."""
    account.apply(whole())
    by_hand(account)

    plan = account.plan(whole())

    assert told(plan) == expected
    assert account.carry_out(plan).is_complete
    assert account.plan(whole()).is_empty


def test_only_the_reference_of_an_update_that_follows_is_edited(account: Account) -> None:
    """A record whose tunnel is new gets the new target and keeps everything else."""
    account.apply(whole())
    delete_tunnel(account)

    plan = account.plan(whole())

    assert [path for path in edits(plan) if path.startswith("dns_record")] == [
        f"dns_record.{HOST} tunnel"
    ]


def test_an_application_that_is_made_again_is_the_audience_again(account: Account) -> None:
    """The connector takes the tokens of the new application: one edit of the tunnel."""
    account.apply(whole())
    delete_application(account)

    account.apply(whole())

    access = account.one("tunnel_configurations")["config"]["ingress"][0]["originRequest"]["access"]
    assert access["audTag"] == [account.one("apps")["aud"]]


# -- others ---------------------------------------------------------------------------------


def test_foreign_objects_are_not_shown(account: Account) -> None:
    """Whatever else lives in the account, with or without another mark: the plan is about ours."""
    lived_in(account)
    others = snapshot(account)

    plan = account.plan(whole())

    ours = {"pool", "team", "people", HOST, "ztctl-prod"}
    assert {change.address.key for change in plan.changes} == ours
    account.carry_out(plan)
    assert account.plan(whole()).is_empty
    assert changed(others, account) == []


def test_two_stacks_do_not_touch_each_other(account: Account) -> None:
    """Each plans, applies and destroys its own, also where both have the same keys."""
    one = host("one.example.com")
    other = {**host("other.example.com"), "stack": "staging"}
    account.apply(one)
    before = snapshot(account)
    account.apply(other)
    assert changed(before, account) == []
    assert account.plan(one).is_empty
    assert account.plan(other).is_empty
    before = snapshot(account)

    account.destroy(other)

    assert {item["name"] for item in account.everything()["apps"]} == {"one.example.com"}
    assert account.plan(one).is_empty
    left = [key for key in changed(before, account) if "staging" in before[key]]
    assert len(left) > 3
    assert not [key for key in changed(before, account) if "ztctl-prod" in before[key]]
