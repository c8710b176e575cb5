"""Promises about plain kinds: what a kind gets by naming its calls and the place of its mark."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.flows import Ask
from ztctl.core.model.identity import Fields
from ztctl.core.model.marks import UNMARKED, InName
from ztctl.core.model.objects import Live, Mark, Wanted
from ztctl.kinds.common import ACCESS_APPS, ACCESS_ORG, TUNNEL
from ztctl.kinds.plain import Comment, CommentedKind, InComment, PlainKind, Rest
from ztctl.kinds.registry import KINDS

from .replay import GONE, LOST, Fails, ledger, play, serve

PATH = "/accounts/{account}/things"
MARK = Mark("prod")


class ThingFields(Fields):
    """A thing."""

    name: str | None = None
    comment: Comment = None


class Thing(CommentedKind):
    """A kind with its mark in the comment, and a list that not every token may read."""

    name = "thing"
    section = "things"
    title = "thing"
    model = ThingFields
    marking = InComment(longest=30)
    rest = Rest(
        PATH, "Account · Things", 50, {"is_deleted": "false"}, change="PATCH", optional=True
    )


class Named(PlainKind):
    """A kind with its mark in the name."""

    name = "named"
    section = "named"
    title = "named thing"
    model = ThingFields
    marking = InName()
    rest = Rest(PATH, "Account · Things")


class ReadOnly(PlainKind):
    """A kind that is only looked up."""

    name = "known"
    title = "known thing"
    rest = Rest(PATH, "Account · Things")


THING = Thing()
RAW = {"id": "t-1", "name": "lamp", "comment": "by the door ztctl-prod", "secret": "hush"}


def live(**fields: Any) -> Live:
    """A live thing."""
    return THING.live_from({**RAW, **fields})


def wanted(**fields: Any) -> Wanted:
    """The thing of the file."""
    return THING.declare("lamp", ThingFields(**fields))


def test_the_list_is_asked_with_its_filters_and_pages() -> None:
    """A kind is read by one list, with the filters that it names, in pages of the maximum."""
    (call,) = serve(THING.read(Ask("prod")), lambda call: [RAW]).calls

    assert call == Call(
        "GET",
        PATH,
        query=(("is_deleted", "false"),),
        per_page=50,
        members=("name",),
        permission="Account · Things",
    )


def test_a_write_is_one_call_and_its_answer_is_the_object() -> None:
    """Creation and change are one call each; what they answer is the live object."""
    values = THING.complete(wanted(), None, ledger())

    made = play(THING.create(values), RAW)
    changed = play(THING.update(made.result, values, "update"), {**RAW, "comment": str(MARK)})

    assert made.writes == [f"POST {PATH}"]
    assert changed.writes == [f"PATCH {PATH}/t-1"]
    assert changed.result.values["comment"] == str(MARK)


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    """What the API calls an object stays one segment of the path."""
    played = play(THING.delete(live(id="../apps")), None)

    assert played.writes == [f"DELETE {PATH}/..%2Fapps"]


def test_what_is_gone_is_deleted() -> None:
    """A deletion of what is not there any more is done."""
    assert play(THING.delete(live()), GONE).result is None


def test_a_lost_creation_is_looked_up_before_it_is_made_again() -> None:
    """When the answer is lost, the object is found by its unique fields, and nothing is made."""
    values = THING.complete(wanted(), None, ledger())

    played = play(THING.create_once(values), LOST, [{**RAW, "id": "t-0", "name": "desk"}, RAW])

    assert played.writes == [f"POST {PATH}"]
    assert played.result.id == "t-1"


def test_what_was_not_made_is_made_again() -> None:
    """When the look finds nothing of these unique fields, the creation is sent once more."""
    values = THING.complete(wanted(), None, ledger())

    played = play(THING.create_once(values), LOST, [{**RAW, "name": "desk"}], RAW)

    assert played.writes == [f"POST {PATH}", f"POST {PATH}"]


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        ("ztctl-prod", Mark("prod")),
        ("by the door ztctl-prod.protect", Mark("prod", protect=True)),
        ("ztctl-prod by the door", None),
        ("see ztctl-production-notes!", None),
        ("", None),
        (None, None),
    ],
)
def test_the_mark_is_the_last_word_of_the_comment(comment: str | None, mark: Mark | None) -> None:
    """A mark counts at the end of the comment and as a whole word."""
    assert live(comment=comment).mark == mark


def test_the_mark_is_put_behind_the_words_of_the_file() -> None:
    """The user's own words come first, in one line."""
    values = THING.complete(wanted(comment=" by \n the window "), live(), ledger())

    assert values["comment"] == "by the window ztctl-prod"


def test_words_that_the_file_does_not_say_stay() -> None:
    """A file that says no comment keeps the live words, and gives the mark once."""
    values = THING.complete(wanted(), live(), ledger())

    assert values["comment"] == "by the door ztctl-prod"


@pytest.mark.parametrize(("fields", "name"), [({}, "lamp"), ({"name": "desk"}, "desk")])
def test_the_key_is_the_unique_field_unless_it_is_given(fields: dict[str, Any], name: str) -> None:
    """An object is called as its key, or as the file says; what is unset is not sent."""
    body = THING.to_api(wanted(**fields).values)

    assert body == {"name": name}


def test_an_empty_comment_of_the_file_takes_the_words_away() -> None:
    """A comment that is stated to be empty leaves the mark alone."""
    values = THING.complete(wanted(comment=""), live(), ledger())

    assert values["comment"] == "ztctl-prod"


def test_taking_the_mark_off_leaves_the_words() -> None:
    """An object that is let go of keeps the user's own words."""
    assert THING.marking.off(live())["comment"] == "by the door"


def test_a_comment_that_leaves_no_room_for_the_mark_is_a_problem() -> None:
    """What is longer than the API takes, mark included, is told before anything is read."""
    room = 30 - len(" ztctl-prod")

    fits, exceeds = wanted(comment="x" * room), wanted(comment="x" * (room + 1))

    assert [*THING.check(Declared("prod", wanted=(fits,)))] == []
    (problem,) = THING.check(Declared("prod", wanted=(exceeds,)))
    assert "has 31 characters, and 30 is the most" in problem.summary


def test_a_mark_in_the_name_needs_nothing_but_the_place() -> None:
    """A kind whose place is its name is named by its mark, and read by it."""
    kind = Named()

    named = kind.complete(kind.declare("lamp", ThingFields()), None, ledger())
    found = kind.live_from({"id": "t-1", "name": named["name"]})

    assert named["name"] == "lamp.ztctl-prod"
    assert (found.key, found.mark) == ("lamp", MARK)
    assert ReadOnly().marking is UNMARKED


def test_a_list_that_may_not_be_read_is_empty_where_the_files_do_not_use_it() -> None:
    """A 403 on an optional list fails nothing, as long as no file names the kind."""
    assert serve(THING.read(Ask("prod")), lambda call: Fails(403)).result == ()


@pytest.mark.parametrize(
    ("ask", "status"),
    [(Ask("prod", used=frozenset({"thing"})), 403), (Ask("prod"), 500)],
    ids=["used", "another failure"],
)
def test_a_list_that_is_needed_fails_the_reading(ask: Ask, status: int) -> None:
    """What the files use must be readable, and no failure but a 403 is passed over."""
    with pytest.raises(CallFailed):
        serve(THING.read(ask), lambda call: Fails(status))


def test_a_kind_with_a_permission_of_its_own_is_optional() -> None:
    """A stack without objects of a kind needs no permission that only this kind asks for."""
    every_stack = {ACCESS_APPS, ACCESS_ORG, TUNNEL}
    asked_always = {
        kind.name: kind.rest.permission
        for kind in KINDS.values()
        if isinstance(kind, PlainKind) and kind.marking is not UNMARKED and not kind.rest.optional
    }

    strange = {name for name, asked in asked_always.items() if asked not in every_stack}
    assert strange == set(), "say optional=True in its rest"


def test_a_look_before_a_write_must_be_allowed() -> None:
    """What is about to be written is read whoever uses it: a 403 there is no empty list."""
    with pytest.raises(CallFailed):
        serve(THING.reread(Ask("prod"), ()), lambda call: Fails(403))


def test_what_is_only_looked_up_is_read_when_it_is_named() -> None:
    """A kind without a mark costs no call unless something refers to it by name."""
    kind = ReadOnly()

    assert not kind.needed(Ask("prod"))
    assert kind.needed(Ask("prod", lookups=frozenset({"known"})))
    assert THING.needed(Ask("prod"))


def test_of_what_is_only_looked_up_the_reply_is_not_kept() -> None:
    """A reply that may hold a secret is kept only where a write has to carry it over."""
    assert ReadOnly().live_from(RAW).raw == {}
    assert THING.live_from(RAW).raw == RAW


def test_the_address_of_a_plain_object_is_its_kind_and_key() -> None:
    """A declared plain object stands under the key of the file."""
    assert wanted().address == Address("thing", "lamp")
