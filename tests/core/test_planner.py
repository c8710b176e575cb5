"""Promises about plans: every action, and what a person sees of it."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.objects import Live, Mark
from ztctl.core.model.plan import Action, Edit, Reason, Summary

from .making import (
    EMPTY_ACCOUNT,
    actions,
    change_of,
    edited,
    files,
    host,
    live_object,
    living,
    order,
    plan,
    removed,
    told,
)

APP = "access_application.ssh.example.com"
POLICY = "access_policy.team"
OWNED = living(files(host()))
CA = {**host(), "ca_keys": {"ssh.example.com": {}}}
RULE: dict[str, Any] = {"decision": "allow", "include": [{"email": "ann@example.com"}]}
ALL = frozenset({"all"})


def test_an_empty_account_gets_everything() -> None:
    """All is created, for the reason that it is not there, and the tag is not counted."""
    found = plan(files(host()))

    assert set(actions(found).values()) == {Action.CREATE}
    assert {change.reason for change in found.changes} == {Reason.NOT_LIVE}
    assert found.summary == Summary(add=4)
    assert found.refusals == ()


def test_what_comes_after_apply_is_said_to_be_unknown() -> None:
    """An id that does not exist yet is shown as such, and a mark is shown at once."""
    after = change_of(plan(files(host())), "dns_record.ssh.example.com").after

    assert str(after["tunnel"]) == "(known after apply)"
    assert after["comment"] == "ztctl-prod"


@pytest.mark.parametrize("sections", [host(), CA, {"policies": host()["policies"]}])
def test_after_an_apply_there_is_nothing_to_do(sections: dict[str, Any]) -> None:
    """The second plan is empty, and counts what is in step."""
    found = plan(files(sections), living(files(sections)))

    assert found.is_empty
    assert found.unchanged == sum(map(len, sections.values()))


def test_an_edit_shows_both_sides_of_the_field() -> None:
    """An update says what is live and what is wanted; the policy lasts as long."""
    wanted = host()
    wanted["applications"]["ssh.example.com"]["session_duration"] = "8h"

    found = plan(files(wanted), OWNED)

    both = (Edit("session_duration", "24h", "8h"),)
    assert actions(found) == {POLICY: Action.UPDATE, APP: Action.UPDATE}
    assert (change_of(found, POLICY).edits, change_of(found, APP).edits) == (both, both)


def test_a_field_that_the_file_leaves_unsaid_is_left_alone() -> None:
    """What somebody set in the dashboard and no file states is neither changed nor shown."""
    account = edited(
        OWNED, "access_application", "ssh.example.com", values={"logo_url": "https://x.test/l.png"}
    )

    assert plan(files(host()), account).is_empty


def test_names_stand_where_people_look_for_ids() -> None:
    """An edit of a policy list shows the keys of the file."""
    wanted = host()
    wanted["policies"]["more"] = RULE
    account = living(files(wanted))
    wanted["applications"]["ssh.example.com"]["policies"] = ["more", "team"]

    (edit, *_) = change_of(plan(files(wanted), account), APP).edits

    assert {edit.before, edit.after} <= {"more", "team", None}


def test_a_foreign_object_is_shown_by_its_live_name() -> None:
    """A looked-up provider appears as it is called in the account."""
    group = {"groups": {"g": {"include": [{"okta": {"identity_provider": "Okta", "name": "x"}}]}}}

    after = change_of(plan(files(group)), "access_group.g").after

    assert after["include"] == [{"okta": {"identity_provider": "Okta", "name": "x"}}]


def test_what_cannot_be_changed_is_replaced_and_what_hangs_on_it_too() -> None:
    """Another type of application means a new one, and its certificate authority goes with it."""
    wanted = {**CA, "applications": {"ssh.example.com": {"type": "ssh", "policies": ["team"]}}}

    found = plan(files(wanted), living(files(CA)), interruption=ALL, ca_deletion=ALL)

    application, key = change_of(found, APP), change_of(found, "ca_key.ssh.example.com")
    assert (application.action, application.reason) == (Action.REPLACE, Reason.CANNOT_UPDATE)
    assert (key.action, key.reason) == (Action.REPLACE, Reason.DEPENDENCY_RENEWED)
    assert (found.summary.add, found.summary.destroy) == (2, 2)


def test_who_refers_to_a_replaced_object_is_updated() -> None:
    """The connector learns the audience of the new application."""
    wanted = {**host(), "applications": {"ssh.example.com": {"type": "ssh", "policies": ["team"]}}}

    found = plan(files(wanted), OWNED)

    assert actions(found)["tunnel.edge"] is Action.UPDATE


@pytest.mark.parametrize("declared", [CA, host()])
def test_a_replaced_application_takes_its_certificate_authority_along(
    declared: dict[str, Any],
) -> None:
    """Whether the file declares the CA or not, its loss is in the plan and wants a yes."""
    wanted = {**declared, "applications": {"ssh.example.com": {"type": "ssh"}}}

    found = plan(files(wanted), living(files(CA)), interruption=ALL, no_policy=ALL)

    flag = "--allow-ca-deletion ca_key.ssh.example.com"
    assert ("ca_key.ssh.example.com", flag) in told(found)


def test_what_is_not_declared_any_more_goes() -> None:
    """A marked object without a declaration is deleted; the rest stays."""
    wanted = host()
    wanted["policies"]["spare"] = RULE

    found = plan(files(host()), living(files(wanted)))

    assert actions(found) == {"access_policy.spare": Action.DELETE}
    assert change_of(found, "access_policy.spare").reason is Reason.NOT_DECLARED


def test_what_is_not_ours_stays() -> None:
    """An unmarked object that no file names is no part of a plan."""
    stranger = Live("access_policy", "p", "legacy", "legacy", {"name": "legacy"})
    account = {**OWNED, "access_policy": (*OWNED["access_policy"], stranger)}

    assert plan(files(host()), account).is_empty


def test_a_certificate_authority_goes_with_its_application() -> None:
    """It has no life of its own, and the plan says with whom it goes."""
    found = plan(files({}), living(files(CA)), deletions=True, ca_deletion=ALL)

    change = change_of(found, "ca_key.ssh.example.com")
    assert (change.action, change.reason, change.detail) == (Action.DELETE, Reason.OWNER_GOES, APP)


def test_a_certificate_authority_outlives_its_declaration() -> None:
    """Taking a CA out of the file deletes nothing that servers trust."""
    assert plan(files(host()), living(files(CA))).is_empty


# -- removed ------------------------------------------------------------------------------------


def test_a_removed_certificate_authority_goes() -> None:
    """What carries no mark is deleted when the file says so by its address."""
    gone = [removed("ca_key.ssh.example.com")]

    found = plan(files(host(), removed=gone), living(files(CA)), ca_deletion=ALL)

    change = change_of(found, "ca_key.ssh.example.com")
    assert (change.action, change.reason) == (Action.DELETE, Reason.REMOVED)


def test_a_removed_name_goes_though_it_has_no_mark() -> None:
    """An object that was claimed by name is deleted by name."""
    stranger = Live("access_policy", "p", "legacy", "legacy", {"name": "legacy"})
    account = {**EMPTY_ACCOUNT, "access_policy": (stranger,)}
    gone = [removed("access_policy.old", "legacy")]

    found = plan(files({}, removed=gone), account, deletions=True)

    assert actions(found) == {"access_policy.old": Action.DELETE}


def test_what_is_removed_already_does_nothing() -> None:
    """Both forms of an entry can stay in the file."""
    gone = [removed("access_policy.a", "legacy"), removed("tunnel.b", forget=True)]

    assert plan(files({}, removed=gone)).is_empty


def test_another_stack_is_safe_from_removed() -> None:
    """A name under another stack's mark is refused."""
    theirs = living(files({"policies": {"team": RULE}}, stack="other"))
    gone = [removed("access_policy.x", "team.ztctl-other")]

    found = plan(files({}, removed=gone), theirs)

    assert found.is_empty
    assert told(found) == [("access_policy.x", "")]


@pytest.mark.parametrize(
    ("sections", "address", "name"),
    [
        ({"policies": {"team": RULE}}, "access_policy.team", None),
        ({"applications": {"ssh.example.com": None}}, APP, None),
        (
            {"applications": {"ssh": {"domain": "ssh.example.com", "name": "SSH prod"}}},
            "access_application.ssh",
            "SSH prod",
        ),
        (
            {"tunnels": {"edge": {}}, "dns": {"münchen.example.com": {"tunnel": "edge"}}},
            "dns_record.münchen.example.com",
            None,
        ),
    ],
)
def test_what_is_forgotten_only_loses_its_mark(
    sections: dict[str, Any], address: str, name: str | None
) -> None:
    """However the key is spelt and the object is called, forgetting never deletes it."""
    account = living(files(sections))

    found = plan(files({}, removed=[removed(address, name, forget=True)]), account, deletions=True)

    change = change_of(found, address)
    assert (change.action, change.reason) == (Action.FORGET, Reason.REMOVED)
    (step,) = change.steps
    assert "ztctl-prod" not in str(step.values)


# -- protection, targets, problems ---------------------------------------------------------------


def protected() -> dict[str, Any]:
    """A host of which the application is protected."""
    wanted = host()
    wanted["applications"]["ssh.example.com"]["protect"] = True
    return wanted


def test_protection_holds_when_the_whole_block_is_gone() -> None:
    """The mark remembers what the file does not say any more."""
    found = plan(files({}), living(files(protected())), deletions=True)

    assert (APP, f"--allow-protected {APP}") in told(found)


def test_protection_can_be_taken_off() -> None:
    """Taking it off is an apply of its own that nothing stands against."""
    found = plan(files(host()), living(files(protected())))

    assert actions(found) == {APP: Action.UPDATE}
    assert found.refusals == ()


def test_a_target_brings_what_it_needs_and_nothing_else() -> None:
    """A plan for one address holds that address and all that it waits for."""
    wanted = host()
    wanted["policies"]["spare"] = RULE

    found = plan(files(wanted), targets=[APP])

    assert set(actions(found)) == {APP, "access_policy.team"}
    assert {step.address.kind for step in order(found)} == {
        "access_application",
        "access_policy",
        "access_tag",
    }


def test_a_target_in_step_is_an_empty_plan() -> None:
    """Asking for something that needs nothing is no mistake."""
    assert plan(files(host()), OWNED, targets=[APP]).is_empty


def test_a_target_that_nobody_knows_is_a_problem() -> None:
    """A misspelt address is told, not taken for nothing to do."""
    with pytest.raises(Problems, match=r"tunnel\.egde"):
        plan(files(host()), OWNED, targets=["tunnel.egde"])


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        ((), "there is no live identity provider called 'Okta'"),
        (
            (
                Live("identity_provider", "one", "Okta", "okta", {}),
                Live("identity_provider", "two", "Okta", "okta", {}),
            ),
            "2 live objects are called 'Okta' (identity provider): one, two",
        ),
    ],
)
def test_a_live_name_must_mean_one_thing(providers: tuple[Live, ...], expected: str) -> None:
    """A name with no hit or two is a problem with a place, and both ids."""
    group = {"groups": {"g": {"include": [{"login_method": "Okta"}]}}}

    with pytest.raises(Problems) as raised:
        plan(files(group), {**EMPTY_ACCOUNT, "identity_provider": providers})

    assert [problem.summary for problem in raised.value.items] == [expected]


def test_a_host_outside_every_zone_is_a_problem() -> None:
    """One message says that the zone is missing, and which there are."""
    with pytest.raises(Problems) as raised:
        plan(files(host("ssh.example.net")))

    (problem,) = raised.value.items
    assert problem.summary == "ssh.example.net lies in no active zone of the account"
    assert problem.hint == "the token sees these active zones: example.com, example.org"


def test_a_plan_is_the_same_twice() -> None:
    """The same input always gives the same plan."""
    assert plan(files(CA), OWNED) == plan(files(CA), OWNED)


def test_deletions_come_last_and_backwards() -> None:
    """People read what is made in the order of making, and what goes in reverse."""
    wanted = host("new.example.com", "new", "new")

    found = plan(files(wanted), OWNED, deletions=True)

    kinds = [(str(it.action), it.address.kind) for it in found.changes if not it.housekeeping]
    assert kinds == [
        ("create", "access_policy"),
        ("create", "access_application"),
        ("create", "tunnel"),
        ("create", "dns_record"),
        ("delete", "dns_record"),
        ("delete", "tunnel"),
        ("delete", "access_application"),
        ("delete", "access_policy"),
    ]


def test_an_object_with_two_marks_is_nobodys_prey() -> None:
    """An application that another stack's tag reached too is still compared whole."""
    account = edited(
        OWNED,
        "access_application",
        "ssh.example.com",
        mark=Mark("prod"),
        values={"tags": ["ztctl-other", "ztctl-prod"]},
    )

    found = plan(files(host()), account)

    assert [edit.before for edit in change_of(found, APP).edits] == ["ztctl-other"]
    assert live_object(account, "access_application", "ssh.example.com").mark == Mark("prod")
