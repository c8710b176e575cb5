"""``release`` takes the marks off, and leaves everything else as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, refused, told
from tests.support.files import HOST, MARKED, whole
from tests.support.foreign import changed, lived_in, marked, snapshot
from tests.support.handmade import Killed, Mortal, by_hand, changes, lasting
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Action
from ztctl.core.planning.handover import Handover

ALL = Handover()


def only(*addresses: str) -> Handover:
    """A release of these."""
    return Handover(chosen=frozenset(map(Address.parse, addresses)))


def protected() -> dict[str, Any]:
    """The whole file, with `protect` on all that can have it."""
    file = whole()
    for section in MARKED:
        for entry in file[section].values():
            entry["protect"] = True
    return file


@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
def test_an_account_that_was_adopted_is_again_what_it_was(tmp_path: Path, *, awkward: bool) -> None:
    """Field by field, but for times and versions, with another stack and other people in it."""
    account = Account(tmp_path, awkward=awkward)
    lived_in(account)
    by_hand(account)
    before = lasting(account)
    assert account.apply(whole(), adopt=True).is_complete

    outcome = account.apply(whole(), handover=ALL)

    assert outcome.is_complete, outcome.failed
    assert changes(before, lasting(account)) == []


def test_what_the_stack_made_stays_live_without_a_mark(account: Account) -> None:
    """Nothing is deleted but the tag, which was only the mark."""
    account.apply(whole())
    before = account.everything()

    account.apply(whole(), handover=ALL)

    after = account.everything()
    assert "ztctl" not in str(after)
    gone = {kind for kind in before if len(before[kind]) != len(after[kind])}
    assert gone == {"tags"}


def test_a_second_release_has_nothing_to_do(account: Account) -> None:
    """What is released is known by having no mark."""
    account.apply(whole())
    account.apply(whole(), handover=ALL)

    assert account.plan(whole(), handover=ALL).is_empty


def test_what_was_released_is_adopted_by_mark_edits_alone(account: Account) -> None:
    """The way back: the same file, and no field of it differs."""
    account.apply(whole())
    account.apply(whole(), handover=ALL)

    plan = account.plan(whole(), adopt=True)

    edits = {edit.path for change in plan.changes for edit in change.edits if change.live}
    assert {change.action for change in plan.changes if change.live} == {Action.ADOPT}
    assert {path.partition("[")[0] for path in edits} == {"name", "tags", "comment"}


def test_a_release_changes_nothing_that_the_files_say_otherwise(account: Account) -> None:
    """What is edited in the files and was not applied is neither compared nor written."""
    account.apply(whole())
    before = lasting(account)
    file = whole()
    file["policies"]["team"]["session_duration"] = "1h"
    file["groups"]["other"] = {"include": [{"email": "bob@example.com"}]}

    plan = account.plan(file, handover=ALL)
    account.carry_out(plan)

    assert {change.action for change in plan.changes} == {Action.FORGET, Action.DELETE}
    left = changes(before, lasting(account))
    assert not [it for it in left if "name:" not in it and "tags:" not in it and "comm" not in it
                and "is gone" not in it]  # fmt: skip


def test_killed_after_each_write_it_goes_on(tmp_path: Path) -> None:
    """A run dies after every write; in between the same file deletes nothing and makes nothing."""
    account = Mortal(tmp_path)
    lived_in(account)
    by_hand(account)
    before, foreign = lasting(account), snapshot(account)
    account.apply(whole(), adopt=True)
    others = {key: text for key, text in foreign.items() if "foreign" in text}
    runs = 0
    while not (plan := account.plan(whole(), handover=ALL)).is_empty:
        runs += 1
        account.lives = 1
        with pytest.raises(Killed):
            account.carry_out(plan)
        account.lives = None
        again = account.plan(whole(), adopt=True)
        assert {it.action for it in again.changes if not it.housekeeping} <= {
            Action.ADOPT, Action.UPDATE
        }, told(again)  # fmt: skip
        assert changed(others, account) == []

    assert runs >= len(MARKED)
    assert changes(before, lasting(account)) == []


def test_the_tag_is_the_last_that_goes(account: Account) -> None:
    """While anybody carries it, it is there."""
    account.apply(whole())
    account.forget_log()

    account.apply(whole(), handover=ALL)

    writes = [f"{it.method} {it.path}" for it in account.writes()]
    (tag,) = (at for at, it in enumerate(writes) if "/access/tags/" in it)
    (app,) = (at for at, it in enumerate(writes) if "/access/apps/" in it)
    assert writes[tag].startswith("DELETE")
    assert app < tag


def test_a_tag_on_an_application_of_others_stays_and_is_told(account: Account) -> None:
    """Somebody put it on a bookmark: that keeps it, and so it is still there."""
    account.apply(whole())
    body = {
        "type": "bookmark",
        "name": "Wiki",
        "domain": "wiki.example.com",
        "tags": ["ztctl-prod"],
    }
    wiki = account.call("POST", "{A}/access/apps", body)["id"]

    plan = account.plan(whole(), handover=ALL)
    account.carry_out(plan)

    (warning,) = plan.warnings
    assert warning.summary == (
        f"access_tag.ztctl-prod stays: it is used by the Access application 'Wiki' ({wiki}), "
        "which is not of this stack"
    )
    assert [it["name"] for it in account.everything()["tags"]] == ["ztctl-prod"]
    assert account.one("apps", id=wiki)["tags"] == ["ztctl-prod"]
    assert account.one("apps", name=HOST)["tags"] == []


def test_a_tunnel_whose_bare_name_is_taken_is_refused_before_the_first_write(
    account: Account,
) -> None:
    """Names of tunnels are unique: somebody made another one called so meanwhile."""
    account.apply(whole())
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})

    plan = account.plan(whole(), handover=ALL)

    assert refused(plan) == [("tunnel.pool", "")]
    assert "is called 'pool' already" in plan.refusals[0].reason


def test_another_policy_of_the_bare_name_is_told(account: Account) -> None:
    """Names of policies are not unique: it is possible, and said before anybody agrees to it."""
    account.apply(whole())
    body = {"name": "team", "decision": "deny", "include": [{"everyone": {}}]}
    other = account.call("POST", "{A}/access/policies", body)["id"]

    plan = account.plan(whole(), handover=ALL)

    notes = {str(it.address): it.notes for it in plan.changes if it.notes}
    assert notes["access_policy.team"] == (f"another Access policy is called 'team' too: {other}",)


def test_a_mark_behind_the_mark_is_refused(account: Account) -> None:
    """Without its own it would count as the other stack's."""
    account.call("POST", "{A}/access/groups", {"name": "x.ztctl-other.ztctl-prod", "include": []})

    plan = account.plan(whole(), handover=ALL)

    assert refused(plan) == [("access_group.x.ztctl-other", "")]


def test_words_like_a_mark_where_none_is_read_are_no_obstacle(account: Account) -> None:
    """The mark of an application is a tag: what it is called is its own affair."""
    account.apply(whole())
    app = account.one("apps")
    with account.sandbox.session() as state:
        state.store.put("app", app["id"], {**app, "name": "x.ztctl-other"})

    assert refused(account.plan(whole(), handover=ALL)) == []


def test_what_is_protected_wants_a_yes_of_its_own(account: Account) -> None:
    """Protection is part of the mark, and goes with it."""
    account.apply(protected())
    plan = account.plan(protected(), handover=ALL)
    assert {flag for _, flag in refused(plan)} == {
        f"--allow-protected {address}" for address in MARKED.values()
    }

    account.apply(protected(), handover=ALL, protected=["all"])

    assert marked(account) == []


def test_a_part_is_released_and_the_rest_stays(account: Account) -> None:
    """The tag stays with who carries it, and the plan says what the file has to say then."""
    file = whole()
    file["applications"]["b.example.com"] = {"policies": ["team"]}
    account.apply(file)

    plan = account.plan(file, handover=only(f"access_application.{HOST}", "access_policy.team"))
    account.carry_out(plan)

    assert told(plan) == [f"forget access_application.{HOST}", "forget access_policy.team"]
    notes = {str(it.address): it.notes for it in plan.changes}
    (note,) = notes["access_policy.team"]
    assert note == (
        "used by access_application.b.example.com: once it is out of the file, "
        "write {live: team} there"
    )
    assert [it["name"] for it in account.everything()["tags"]] == ["ztctl-prod"]
    assert account.one("policies")["name"] == "team"
    assert account.one("groups")["name"] == "people.ztctl-prod"


def test_one_that_is_not_in_the_files_any_more_is_named_by_its_key(account: Account) -> None:
    """What an apply would delete can be let go instead."""
    account.apply(whole())

    account.apply({}, handover=only("access_group.people"))

    assert account.one("groups")["name"] == "people"


def test_an_address_that_nothing_has_is_an_error(account: Account) -> None:
    """With the one that was meant, or else what there is."""
    account.apply(whole())

    with pytest.raises(Problems) as caught:
        account.plan(whole(), handover=only("access_group.peple", "gateway_rule.zzz"))

    problem, other = caught.value.items
    assert problem.summary == "no declared or owned object is called access_group.peple"
    assert problem.hint == "did you mean access_group.people?"
    assert other.hint.startswith("live, with the mark of this stack: access_application.")


def test_nothing_is_released_while_a_ca_is_rotated(account: Account) -> None:
    """The spare application has a name of its own only as long as the rotation lasts."""
    account.apply(whole())
    found = account.one("apps")
    tag = "ztctl-prod--next"
    account.call("POST", "{A}/access/tags", {"name": tag})
    body = {"type": "self_hosted", "name": f"{HOST}--next", "domain": "next.example.com"}
    account.call("POST", "{A}/access/apps", {**body, "tags": [tag]})
    assert found

    plan = account.plan(whole(), handover=ALL)

    assert [reason for reason in (it.reason for it in plan.refusals) if "stands beside" in reason]


def test_policies_of_the_application_alone_stay_with_their_precedence(account: Account) -> None:
    """They are in no list of policies, and a list without them would delete them."""
    account.apply(whole())
    app = account.one("apps")
    for precedence in (4, 7):
        inline = {"name": f"own {precedence}", "decision": "deny", "precedence": precedence}
        path = f"{{A}}/access/apps/{app['id']}/policies"
        account.call("POST", path, {**inline, "include": [{"geo": {"country_code": "PT"}}]})
    before = account.call("GET", f"{{A}}/access/apps/{app['id']}")["policies"]

    account.apply(whole(), handover=only(f"access_application.{HOST}"))

    after = account.call("GET", f"{{A}}/access/apps/{app['id']}")["policies"]
    assert [{**it, "updated_at": ""} for it in after] == [{**it, "updated_at": ""} for it in before]
