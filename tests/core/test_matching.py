"""Promises about which live object is which wanted one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.objects import Live, Mark, Spare
from ztctl.core.model.plan import Action, Reason
from ztctl.kinds.dns_record import DnsRecordAttributes

from .making import (
    EMPTY_ACCOUNT,
    Account,
    actions,
    change_of,
    edited,
    files,
    host,
    live_object,
    living,
    moved,
    plan,
    told,
)

APP = "access_application.ssh.example.com"
ID = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
TEAM = {"policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}}
OWNED = living(files(host()))


def renamed(account: Account, kind: str, key: str, name: str) -> Account:
    """The account in which somebody called an object by another name."""
    head, mark = Mark.of_name(name)
    live = live_object(account, kind, key)
    return edited(
        account, kind, key, name=name, key=head, mark=mark, values={**live.values, "name": name}
    )


def doubled(account: Account, kind: str, key: str, id: str) -> Account:
    """The account in which an object is there twice."""
    twin = replace(live_object(account, kind, key), id=id)
    return {**account, kind: (*account[kind], twin)}


def untagged(account: Account, tags: list[str], mark: Mark | None = None) -> Account:
    """The account in which the application has other tags."""
    values = {"tags": tags}
    return edited(account, "access_application", "ssh.example.com", mark=mark, values=values)


def test_what_carries_our_mark_is_ours() -> None:
    """An account that was applied to is in step, and is matched whole."""
    found = plan(files(host()), OWNED)

    assert found.is_empty
    assert found.unchanged == 4


def test_a_part_of_a_mark_is_no_mark() -> None:
    """A stack whose name begins like ours owns nothing of ours."""
    found = plan(files({}, stack="pro"), OWNED)

    assert found.is_empty


def test_another_stack_does_not_even_see_what_it_does_not_name() -> None:
    """Two stacks live in one account without touching each other."""
    other = host("b.example.com", "west", "others")

    found = plan(files(other, stack="other"), OWNED)

    assert set(actions(found).values()) == {Action.CREATE}


def claimed(account: Account, **fields: Any) -> tuple[Account, dict[str, Any]]:
    """The account with the team's policy under an id, and a file that claims it."""
    account = edited(account, "access_policy", "team", id=ID)
    return account, {"policies": {"team": {**TEAM["policies"]["team"], "id": ID, **fields}}}


def test_a_claim_by_id_needs_no_adoption() -> None:
    """Who writes the id may change the object without --adopt, and it keeps its name."""
    account = renamed(living(files(TEAM)), "access_policy", "team", "Team policy")
    live, file = claimed(
        edited(account, "access_policy", "Team policy", key="team"), session_duration="8h"
    )

    found = plan(files(file), live)

    assert actions(found) == {"access_policy.team": Action.UPDATE}
    assert change_of(found, "access_policy.team").reason is Reason.DIFFERS
    assert found.refusals == ()


def test_what_moved_is_renamed_and_stays_the_same_object() -> None:
    """A moved entry keeps the live object and says where it came from."""
    account = living(files(TEAM))
    new = {"policies": {"crew": TEAM["policies"]["team"]}}

    found = plan(files(new, moved=[moved("access_policy.team", "access_policy.crew")]), account)

    change = change_of(found, "access_policy.crew")
    assert actions(found) == {"access_policy.crew": Action.UPDATE}
    assert (change.reason, change.detail) == (Reason.MOVED, "access_policy.team")
    assert [(edit.before, edit.after) for edit in change.edits] == [
        ("team.ztctl-prod", "crew.ztctl-prod")
    ]


def test_a_move_that_is_done_does_nothing() -> None:
    """The entry can stay in the file after it was applied."""
    account = living(files(TEAM))

    found = plan(files(TEAM, moved=[moved("access_policy.old", "access_policy.team")]), account)

    assert found.is_empty


def test_a_lost_mark_on_a_record_of_ours_is_put_back() -> None:
    """A declared record that leads to a tunnel of ours needs no --adopt, only one edit."""
    account = edited(
        OWNED, "dns_record", "ssh.example.com", mark=None, values={"comment": "mine now"}, raw={}
    )

    found = plan(files(host()), account)

    change = change_of(found, "dns_record.ssh.example.com")
    assert (change.action, change.reason) == (Action.UPDATE, Reason.MARK_LOST)
    assert [edit.path for edit in change.edits] == ["comment"]
    assert found.refusals == ()


def test_an_unmarked_record_that_leads_elsewhere_is_adopted() -> None:
    """A record of somebody else is shown with what it leads to, and wants --adopt."""
    elsewhere = {"tunnel": "other.example.net", "comment": "by hand"}
    account = edited(OWNED, "dns_record", "ssh.example.com", mark=None, values=elsewhere)

    found = plan(files(host()), account)

    change = change_of(found, "dns_record.ssh.example.com")
    assert (change.action, change.reason) == (Action.ADOPT, Reason.NOT_MARKED)
    assert change.notes == ("ssh.example.com leads to other.example.net now",)
    assert told(found) == [("dns_record.ssh.example.com", "--adopt")]


def test_every_address_record_of_a_name_is_taken_over_at_once() -> None:
    """An A and an AAAA beside each other make room for one CNAME."""
    addresses = tuple(
        Live(
            "dns_record",
            id,
            "ssh.example.com",
            "ssh.example.com",
            {"tunnel": content},
            DnsRecordAttributes(kind),
            container=EMPTY_ACCOUNT["zone"][0],
        )
        for id, kind, content in (("a", "A", "192.0.2.1"), ("b", "AAAA", "2001:db8::1"))
    )

    found = plan(files(host()), {**OWNED, "dns_record": addresses}, adopt=["all"])

    change = change_of(found, "dns_record.ssh.example.com")
    assert change.live is not None
    assert {change.live.id, *(other.id for other in change.others)} == {"a", "b"}
    assert found.refusals == ()


@pytest.mark.parametrize(("kind", "key"), [("access_policy", "team"), ("tunnel", "edge")])
def test_an_unmarked_object_of_the_bare_name_is_adopted(kind: str, key: str) -> None:
    """A policy or tunnel called like the key is taken over only when that was asked for."""
    account = renamed(OWNED, kind, key, key)

    found = plan(files(host()), account)

    assert actions(found)[f"{kind}.{key}"] is Action.ADOPT
    assert (f"{kind}.{key}", "--adopt") in told(found)
    assert (f"{kind}.{key}", "--adopt") not in told(plan(files(host()), account, adopt=["all"]))


def test_an_unmarked_application_on_the_domain_is_adopted() -> None:
    """No two applications can have one domain, so that the live one is taken over."""
    account = untagged(OWNED, ["blue"])

    found = plan(files(host()), account)

    assert actions(found) == {APP: Action.ADOPT}
    assert [(edit.path, edit.after) for edit in change_of(found, APP).edits] == [
        ("tags[]", "ztctl-prod")
    ]


def test_an_adoption_lists_the_policies_that_it_drops() -> None:
    """Policies that belong to the application alone vanish, and the plan says so."""
    account = edited(
        untagged(OWNED, []),
        "access_application",
        "ssh.example.com",
        raw={"policies": [{"id": "own", "name": "Allow office", "reusable": False}]},
    )

    found = plan(files(host()), account)

    assert change_of(found, APP).notes == ("drops the application's own policy 'Allow office'",)


def test_an_adoption_names_the_foreign_users_of_the_object() -> None:
    """Who takes over a policy learns whose applications it will change."""
    account = renamed(OWNED, "access_policy", "team", "team")
    user = replace(
        live_object(OWNED, "access_application", "ssh.example.com"),
        id="foreign",
        name="wiki",
        key="wiki",
        mark=None,
        values={"destinations": ["wiki.example.com"], "policies": ["access_policy-team"]},
    )
    account = {**account, "access_application": (*account["access_application"], user)}

    found = plan(files(host()), account)

    assert change_of(found, "access_policy.team").notes == (
        "is used by the Access application 'wiki', too",
    )


def test_an_adoption_never_replaces() -> None:
    """An unmarked application of another type is refused, not deleted."""
    account = edited(
        untagged(OWNED, []), "access_application", "ssh.example.com", values={"type": "ssh"}
    )

    found = plan(files(host()), account, adopt=["all"])

    assert APP not in actions(found)
    assert told(found) == [(APP, "")]
    assert "differs in type" in found.refusals[0].reason


@pytest.mark.parametrize("given", [{}, {"adopt": ["all"]}])
def test_what_another_stack_owns_is_refused_always(given: dict[str, Any]) -> None:
    """No flag takes an object away from another stack, and the refusal names it."""
    account = untagged(OWNED, ["ztctl-other"], Mark("other"))

    found = plan(files(host()), account, **given)

    assert APP not in actions(found)
    assert told(found) == [(APP, "")]
    assert "'other'" in found.refusals[0].reason
    assert found.unchanged + len(actions(found)) == 3


def test_a_claim_does_not_reach_into_another_stack() -> None:
    """Writing the id of another stack's object is no way to it."""
    theirs, file = claimed(living(files(TEAM, stack="other")))

    found = plan(files(file), theirs)

    assert found.changes == ()
    assert told(found) == [("access_policy.team", "")]


@pytest.mark.parametrize(
    ("kind", "key"), [("access_policy", "team"), ("access_application", "ssh.example.com")]
)
def test_two_hits_are_a_problem_with_both_ids(kind: str, key: str) -> None:
    """Which of two live objects is meant is never guessed."""
    with pytest.raises(Problems) as raised:
        plan(files(host()), doubled(OWNED, kind, key, "the-other-one"))

    (problem,) = raised.value.items
    assert f"{kind}-{key}" in problem.summary
    assert "the-other-one" in problem.summary
    assert problem.where is not None


def test_of_several_of_ours_the_one_that_shares_most_is_kept() -> None:
    """Applications of the stack that become one: the nearest stays, the others go."""
    names = [f"{letter}.example.com" for letter in "abc"]
    before, after = host(names[0]), host(names[0])
    before["applications"] = {
        "one": {"policies": ["team"], "destinations": names[:1]},
        "two": {"policies": ["team"], "destinations": names[1:]},
    }
    after["applications"] = {"all": {"policies": ["team"], "destinations": names}}

    found = plan(files(after), living(files(before)), deletions=True)

    kept = change_of(found, "access_application.all").live
    assert kept is not None
    assert kept.key == "two"
    assert actions(found)["access_application.one"] is Action.DELETE


def test_a_tag_that_exists_is_simply_used() -> None:
    """A tag belongs to nobody: one that is there is neither made again nor adopted."""
    tagged = host()
    tagged["applications"]["ssh.example.com"]["tags"] = ["blue"]
    account = {**EMPTY_ACCOUNT, "access_tag": (Live("access_tag", "blue", "blue", "blue", {}),)}
    account = edited(account, "access_tag", "blue", values={"name": "blue"})

    found = plan(files(tagged), account)

    assert [str(it.address) for it in found.changes if it.housekeeping] == ["access_tag.ztctl-prod"]


def test_tags_of_the_account_stay_where_the_file_names_none() -> None:
    """The mark is put beside the tags that people gave by hand."""
    account = untagged(OWNED, ["blue", "ztctl-prod"], Mark("prod"))

    assert plan(files(host()), account).is_empty


@given(stack=st.from_regex(r"(?!.*--)[a-z0-9-]{1,20}", fullmatch=True), protect=st.booleans())
def test_a_mark_is_read_back(stack: str, protect: bool) -> None:
    """As a word and as a tag, which has no dot and at most 35 characters."""
    mark = Mark(stack, protect)

    assert Mark.read(str(mark)) == mark
    assert Mark.of_tag(mark.tag) == mark
    assert len(mark.tag) <= 35
    assert "." not in mark.tag


@given(stack=st.from_regex(r"(?!.*--)[a-z0-9-]{1,20}", fullmatch=True), key=st.text())
def test_a_spare_s_name_is_read_back(stack: str, key: str) -> None:
    """Its key ends as its mark does, so that it is nobody else's; no comment is taken for one."""
    mark = Mark(stack, spare=Spare.NEXT)

    assert Mark.of_name(f"{key}.{mark}") == ((f"{key}--next", mark) if key else (f".{mark}", None))
    assert Mark.read(str(mark)) is None


def test_protection_lives_in_the_mark() -> None:
    """Protecting an object is an edit of its mark."""
    protected = {"policies": {"team": {**TEAM["policies"]["team"], "protect": True}}}

    found = plan(files(protected), living(files(TEAM)))

    (edit,) = change_of(found, "access_policy.team").edits
    assert edit.after == "team.ztctl-prod.protect"
    assert plan(files(protected), living(files(protected))).is_empty


def test_an_international_name_is_one_host() -> None:
    """A record is the same however its name is written."""
    account = living(files(host("München.example.com")))

    found = plan(files(host("xn--mnchen-3ya.example.com")), account)

    assert actions(found) == {"access_application.xn--mnchen-3ya.example.com": Action.UPDATE}
