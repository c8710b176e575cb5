"""What somebody did by hand: the plan shows that, undoes that, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.behaviour.account import Account, edits, told
from tests.behaviour.files import HOST, host, whole
from tests.laws.foreign import changed, lived_in, snapshot
from ztctl.core.model.plan import Action, Reason

ByHand = Callable[[Account], None]
READ_ONLY = (
    "id", "aud", "created_at", "updated_at", "self_hosted_domains", "domain", "created_on",
    "modified_on", "comment_modified_on", "tags_modified_on", "proxiable", "meta", "zone_id",
    "reusable",
)  # fmt: skip


def put(account: Account, path: str, found: Any, **changes: Any) -> None:
    """Replace an object by itself with some fields changed."""
    body = {name: value for name, value in {**found, **changes}.items() if name not in READ_ONLY}
    account.call("PUT", f"{path}/{found['id']}", body)


def zone(account: Account, name: str = "example.com") -> str:
    """Where the records of a zone are."""
    return f"/zones/{account.one('zones', name=name)['id']}/dns_records"


def a_member_more(account: Account) -> None:
    """Somebody let one more person into the group."""
    group = account.one("groups")
    more = [*group["include"], {"email": {"email": "eve@example.com"}}]
    put(account, "{A}/access/groups", group, include=more)


def a_longer_session(account: Account) -> None:
    """Somebody made the policy's sessions longer."""
    put(account, "{A}/access/policies", account.one("policies"), session_duration="720h")


def a_bypass(account: Account) -> None:
    """Somebody opened the policy to everybody."""
    put(account, "{A}/access/policies", account.one("policies"), decision="bypass")


def a_hidden_application(account: Account) -> None:
    """Somebody took the application off the launcher."""
    put(account, "{A}/access/apps", account.one("apps"), app_launcher_visible=False)


def no_policy(account: Account) -> None:
    """Somebody took the application's policy away."""
    put(account, "{A}/access/apps", account.one("apps"), policies=[])


def another_service(account: Account) -> None:
    """Somebody sent the name to another origin."""
    stored = account.one("tunnel_configurations")
    stored["config"]["ingress"][0]["service"] = "ssh://elsewhere:22"
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": stored["config"]})


def no_check(account: Account) -> None:
    """Somebody took the connector's own check away."""
    stored = account.one("tunnel_configurations")
    del stored["config"]["ingress"][0]["originRequest"]
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": stored["config"]})


def other_words(account: Account) -> None:
    """Somebody wrote other words before the mark."""
    record = account.one("dns_records")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"comment": "mine! ztctl-prod"})


def not_proxied(account: Account) -> None:
    """Somebody took the record out of the proxy."""
    record = account.one("dns_records")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"proxied": False})


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


def delete_record(account: Account) -> None:
    """The record alone."""
    account.call("DELETE", f"{zone(account)}/{account.one('dns_records')['id']}")


def delete_ca(account: Account) -> None:
    """The CA alone."""
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}/ca")


def delete_tunnel(account: Account) -> None:
    """The tunnel, and its configuration with it."""
    account.call("DELETE", f"{{A}}/cfd_tunnel/{account.one('tunnels')['id']}")


def delete_application(account: Account) -> None:
    """The application, and its CA with it."""
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}")


def delete_policy(account: Account) -> None:
    """The policy, which the application had to let go first."""
    no_policy(account)
    account.call("DELETE", f"{{A}}/access/policies/{account.one('policies')['id']}")


def delete_group(account: Account) -> None:
    """The group, which the policy had to let go first."""
    everyone: Any = [{"everyone": {}}]
    put(account, "{A}/access/policies", account.one("policies"), include=everyone)
    account.call("DELETE", f"{{A}}/access/groups/{account.one('groups')['id']}")


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
