"""Policies that an application has of its own: stated, edited, kept, and made reusable."""

from __future__ import annotations

import json

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.by_hand import put
from tests.support.files import HOST
from tests.support.own_policies import (
    ANN,
    APP,
    BOB,
    OWN,
    STAFF,
    attached,
    by_hand,
    reusable,
    stated,
)
from ztctl.core.model.diagnostics import Problems


def test_own_policies_stated_as_they_are_live_are_no_edit(account: Account) -> None:
    """Only the mark comes; ids, names, order and precedences stay."""
    by_hand(account)
    before = attached(account)
    file = stated(*OWN, {"live": "std"})

    plan = account.plan(file)

    assert edits(plan) == [f"{APP} tags"]
    assert account.apply(file, adopt=True).is_complete
    assert attached(account) == before
    assert account.plan(file).is_empty


def test_an_application_that_states_no_policies_gives_up_those_that_it_has(
    account: Account,
) -> None:
    """Left out they are none, which a plan shows, and refuses without a yes."""
    file = {"policies": {"std": {"decision": "allow", "include": [{"email": ANN}]}}}
    account.apply({**file, "applications": {HOST: {"policies": ["std"]}}})

    plan = account.plan({**file, "applications": {HOST: {}}})

    assert edits(plan) == [f"{APP} policies[0]"]
    assert [it.flag.split()[0] for it in plan.refusals] == ["--allow-no-policy"]


def test_an_own_policy_is_named_by_its_id_alone(account: Account) -> None:
    """A file that does not care what it says keeps it as it is."""
    by_hand(account)
    office, staff, leavers, std = (key for key, *_ in attached(account))
    file = stated({"id": office}, {"id": staff}, {"id": leavers}, {"id": std})

    assert edits(account.plan(file)) == [f"{APP} tags"]


def test_an_edit_of_an_own_policy_is_told_by_its_field(account: Account) -> None:
    """The policy keeps its id; what the file does not state of it stays as it is."""
    by_hand(account)
    _, staff, *_ = before = attached(account)
    shorter = {name: it for name, it in OWN[1].items() if name != "session_duration"}
    path = f"{{A}}/access/apps/{account.one('apps')['id']}/policies"
    put(account, path, {**STAFF, "id": staff[0]}, purpose_justification_prompt="Why?")
    file = stated(OWN[0], {**shorter, "approval_required": True}, OWN[2], {"live": "std"})

    plan = account.plan(file)

    assert edits(plan) == [f"{APP} policies[1].approval_required", f"{APP} tags"]
    assert account.apply(file, adopt=True).is_complete
    assert attached(account) == before
    live = account.one("policies", id=staff[0])
    assert (live["session_duration"], live["purpose_justification_prompt"]) == ("8h", "Why?")
    assert account.plan(file).is_empty


def test_own_policies_are_made_with_their_application(account: Account) -> None:
    """In order; a list under `require` means any of, as everywhere."""
    own = {**OWN[1], "require": [{"country": ["PT", "ES"]}]}
    file = stated(
        own, "team", OWN[2], policies={"team": {"decision": "allow", "include": [{"email": ANN}]}}
    )

    assert account.apply(file).is_complete

    found = [(name, place, reusable) for _, name, place, reusable in attached(account)]
    assert found == [("Staff", 1, False), ("team.ztctl-prod", 2, True), ("Leavers", 3, False)]
    group = account.one("groups")
    assert account.one("policies", name="Staff")["require"] == [{"group": {"id": group["id"]}}]
    assert [it["geo"]["country_code"] for it in group["include"]] == ["ES", "PT"]
    assert account.plan(file).is_empty


def test_a_policy_between_others_moves_none_that_need_not_move(account: Account) -> None:
    """Those before and behind it keep their precedence."""
    by_hand(account)
    (office, *_), (staff, *_), (leavers, *_), (std, *_) = attached(account)
    new = {"name": "New", "decision": "deny", "include": [{"email": "x@example.com"}]}
    file = stated(OWN[0], OWN[1], new, OWN[2], {"live": "std"})

    account.apply(file, adopt=True)

    found = {key: place for key, _, place, _ in attached(account)}
    assert [name for _, name, *_ in attached(account)] == [
        "Office", "Staff", "New", "Leavers", "std",
    ]  # fmt: skip
    assert (found[office], found[staff], found[leavers], found[std]) == (2, 4, 7, 9)


def test_an_own_policy_that_is_left_out_is_shown_whole_before_it_goes(account: Account) -> None:
    """It is deleted, and nothing but the plan tells what it was."""
    by_hand(account)
    file = stated(OWN[0], OWN[1], {"live": "std"})

    (change,) = (it for it in account.plan(file).changes if it.address.key == HOST)

    assert change.notes == ("drops the application's own policy 'Leavers'",)
    (gone,) = (it.before for it in change.edits if it.path == "policies[2]")
    assert (gone["decision"], gone["include"]) == ("deny", [{"email": "eve@example.com"}])


def test_two_own_policies_of_one_name_are_told_apart_by_id(account: Account) -> None:
    """And without it the file is refused: nobody guesses which is which."""
    twin = {**STAFF, "include": [{"email": {"email": BOB}}]}
    body = {"type": "self_hosted", "name": HOST, "domain": HOST, "policies": [STAFF, twin]}
    account.call("POST", "{A}/access/apps", body)
    (first, *_), (second, *_) = attached(account)
    other = {**OWN[1], "include": [{"email": BOB}]}

    with pytest.raises(Problems, match="twice"):
        account.plan(stated(OWN[1], other))

    swapped = stated({**other, "id": second}, {**OWN[1], "id": first})
    assert account.apply(swapped, adopt=True).is_complete
    assert [key for key, *_ in attached(account)] == [second, first]
    assert account.plan(swapped).is_empty


def test_an_id_that_the_application_does_not_have_is_refused(account: Account) -> None:
    """Nothing is made in its place."""
    by_hand(account)
    nobody = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"

    with pytest.raises(Problems, match="no policy of its own with the id"):
        account.plan(stated({**OWN[0], "id": nobody}))


def test_another_applications_own_policy_is_refused_with_the_way_out(account: Account) -> None:
    """The service lets nobody else use it."""
    by_hand(account)
    staff = attached(account)[1][0]
    file = {"applications": {"other.example.com": {"policies": [{"id": staff}]}}}

    with pytest.raises(Problems, match="another application has of its own"):
        account.plan(file)


# -- case eleven: a session that nobody stated -------------------------------------------------


def test_a_silent_own_policy_keeps_the_session_of_its_application(account: Account) -> None:
    """A write would make it 24 hours; it goes on as it was."""
    by_hand(account, session_duration="30m")
    staff = attached(account)[1][0]
    with account.sandbox.session() as state:
        policy = dict(state.store.get("policy", staff) or {})
        del policy["session_duration"]
        state.store.put("policy", staff, policy)
    silent = {name: it for name, it in OWN[1].items() if name != "session_duration"}
    file = stated(OWN[0], silent, OWN[2], {"live": "std"})
    file["applications"][HOST]["session_duration"] = "30m"

    assert edits(account.plan(file)) == [f"{APP} tags"]
    assert account.apply(file, adopt=True).is_complete
    assert account.one("policies", id=staff)["session_duration"] == "30m"
    assert account.plan(file).is_empty


# -- made reusable -----------------------------------------------------------------------------


def test_a_declared_policy_takes_over_the_own_one_of_its_name(account: Account) -> None:
    """By the service's own call: ids, order and precedences stay, and the list is not touched."""
    by_hand(account)
    before = attached(account)
    file = reusable()

    plan = account.plan(file)

    assert [it for it in told(plan) if "policy" in it] == [
        "adopt access_policy.office", "adopt access_policy.staff", "adopt access_policy.leavers",
    ]  # fmt: skip
    assert "access_policy.staff reusable" in edits(plan)
    assert f"{APP} policies[0]" not in edits(plan)
    assert ("access_policy.staff", "--adopt") in refused(plan)
    assert account.apply(file, adopt=True).is_complete
    keys = [(key, place) for key, _, place, _ in before]
    assert [(key, place) for key, _, place, _ in attached(account)] == keys
    assert all(shared for *_, shared in attached(account))
    assert account.plan(file).is_empty


def test_a_claim_makes_it_reusable_and_keeps_its_name(account: Account) -> None:
    """Nothing else has to differ for that: it is what the file asks for."""
    by_hand(account)
    _, (staff, *_), *_ = before = attached(account)
    file = stated(OWN[0], "people", OWN[2], {"live": "std"})
    file["policies"] = {"people": {**OWN[1], "id": staff}}
    del file["policies"]["people"]["name"]

    plan = account.plan(file)

    assert edits(plan) == ["access_policy.people reusable", f"{APP} tags"]
    assert account.apply(file, adopt=True).is_complete
    assert attached(account) == [(*it[:3], True) if it[0] == staff else it for it in before]
    assert account.plan(file).is_empty


def test_no_write_leaves_out_an_own_policy_that_stays(account: Account) -> None:
    """Each list of policies that is sent names all of them, before and after they are reusable."""
    by_hand(account)
    keys = [key for key, *_ in attached(account)]
    file = reusable({"session_duration": "4h"})
    file["applications"][HOST]["session_duration"] = "4h"

    account.apply(file, adopt=True)

    sent = [
        json.loads(it.body) for it in account.writes() if "/access/apps/" in it.path and it.body
    ]
    lists = [[one["id"] for one in body["policies"]] for body in sent if "policies" in body]
    assert lists == [keys]


def test_an_application_does_not_go_while_its_policy_is_taken_over(account: Account) -> None:
    """With it would go the policy: first the one, then the other."""
    by_hand(account, tags=[])
    file = stated(*OWN, {"live": "std"})
    account.apply(file, adopt=True)
    staff = attached(account)[1][0]
    claim = {name: it for name, it in OWN[1].items() if name != "name"}
    moved = {"policies": {"people": {**claim, "id": staff}}}

    found = refused(account.plan(moved, deletions=True, exposure=[HOST]))

    assert APP in [address for address, _ in found]


def test_an_own_policy_nobody_can_pass_is_refused_unless_it_is_live(account: Account) -> None:
    """What is shut already stays so; nothing is made or edited into one."""
    never = {**STAFF, "exclude": [{"everyone": {}}]}
    body = {"type": "self_hosted", "name": HOST, "domain": HOST, "policies": [never]}
    account.call("POST", "{A}/access/apps", body)
    file = stated({**OWN[1], "exclude": [{"everyone": True}]})

    plan = account.plan(file, adopt=True)

    assert plan.refusals == ()
    assert [it.code for it in account.declared(file).warnings] == ["no-one-enters"]
    edited = stated({**OWN[1], "exclude": [{"everyone": True}], "session_duration": "1h"})
    assert refused(account.plan(edited, adopt=True)) == [(APP, "")]
