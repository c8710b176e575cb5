"""Promises about the edits between two sides of one object."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import canonical_fields, fields_of
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import Default, Immutable, RefersTo, Unordered
from ztctl.core.model.plan import Edit
from ztctl.core.model.values import Unknown
from ztctl.core.planning.compare import at_default, describe, differing, recanonised


class Rule(Fields):
    """A rule of a list."""

    host: str
    service: str | None = None
    settings: dict[str, Any] | None = None


class Thing(Fields):
    """A thing with a set, a list, a default and a field that stays."""

    words: Annotated[list[str] | None, Default(()), Unordered()] = None
    rules: list[Rule] | None = None
    on: Annotated[bool | None, Default(True)] = None
    type: Annotated[str | None, Immutable()] = None
    ids: Annotated[
        list[Annotated[Any, RefersTo("access_application", attribute="aud")]] | None, Unordered()
    ] = None


SPECS = fields_of(Thing)
WORDS = st.lists(st.sampled_from("abcdef"), max_size=4)
RULES = st.lists(
    st.fixed_dictionaries({"host": st.sampled_from("abc"), "service": st.sampled_from("xyz")}),
    max_size=4,
)
THING = st.fixed_dictionaries(
    {}, optional={"words": WORDS, "rules": RULES, "on": st.booleans(), "type": st.just("t")}
)


def edits(field: str, before: Any, after: Any) -> list[Edit]:
    """The edits of one field."""
    return list(describe(field, SPECS[field], before, after))


DEEP = st.recursive(
    st.sampled_from(["a", "b", 1, None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)


@given(DEEP, DEEP, st.sampled_from(["words", "rules"]))
def test_an_edit_is_as_deep_as_it_can_be(before: Any, after: Any, field: str) -> None:
    """No edit leaves it to a view to tell two lists apart, or two maps that hold something."""
    wide = [
        edit
        for edit in edits(field, before, after)
        for sides in [(edit.before, edit.after)]
        if all(isinstance(side, list) for side in sides)
        or (all(isinstance(side, dict) for side in sides) and all(sides))
    ]

    assert wide == []


@given(THING, THING)
def test_a_field_that_is_not_stated_never_differs(
    stated: dict[str, Any], live: dict[str, Any]
) -> None:
    """Without a default, silence in the file leaves the live value alone."""
    wanted = canonical_fields(SPECS, stated)

    found = differing(SPECS, wanted, canonical_fields(SPECS, live))

    assert set(found) <= {*stated, "words", "on"}


@given(THING)
def test_a_side_does_not_differ_from_itself(values: dict[str, Any]) -> None:
    """Equal sides have no edits."""
    side = canonical_fields(SPECS, values)

    assert differing(SPECS, side, side) == ()


@given(THING, THING)
def test_what_differs_has_an_edit(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Nothing changes without being shown, and every edit is one."""
    wanted, live = canonical_fields(SPECS, one), canonical_fields(SPECS, other)

    for name in differing(SPECS, wanted, live):
        found = edits(name, live.get(name), wanted[name])

        assert found
        assert all(edit.before != edit.after for edit in found)
        assert all(edit.path.startswith(name) for edit in found)


def test_what_is_stated_to_be_empty_differs() -> None:
    """Null in the file takes a live value away."""
    assert differing(SPECS, {"rules": None}, {"rules": [{"host": "a"}]}) == ("rules",)


def test_a_set_is_told_by_what_came_and_went() -> None:
    """Elements that stay are not mentioned."""
    assert edits("words", ["a", "b"], ["b", "c"]) == [
        Edit("words[]", "a", None),
        Edit("words[]", None, "c"),
    ]


def test_a_deep_edit_names_the_field_that_changed() -> None:
    """In a list of objects only the changed leaf is told, with its path."""
    before = [{"host": "a", "service": "x"}, {"host": "b", "settings": {"deep": {"n": 1}}}]
    after = [{"host": "a", "service": "y"}, {"host": "b", "settings": {"deep": {"n": 2}}}]

    assert edits("rules", before, after) == [
        Edit("rules[0].service", "x", "y"),
        Edit("rules[1].settings.deep.n", 1, 2),
    ]


def test_a_rule_put_in_front_is_one_edit() -> None:
    """What only moved on by a place is no edit."""
    old = [{"host": "b", "service": "x"}, {"host": "c", "service": "x"}]
    new = {"host": "a", "service": "y", "settings": {"n": 1}}

    assert edits("rules", old, [new, *old]) == [Edit("rules[0]", None, new)]


def test_a_rule_taken_out_is_one_edit() -> None:
    """What follows a removed rule is not told again."""
    old = [{"host": "a", "service": "x"}, {"host": "b", "service": "y"}]

    assert edits("rules", old, old[1:]) == [Edit("rules[0]", old[0], None)]


@pytest.mark.parametrize(("before", "after"), [(None, "a"), ("a", None), ("a", "b")])
def test_a_scalar_is_told_as_a_pair(before: Any, after: Any) -> None:
    """Absence is None."""
    assert edits("type", before, after) == [Edit("type", before, after, replaces=True)]


def test_only_a_field_that_stays_replaces() -> None:
    """The edit itself says whether it can be made in place."""
    assert [edit.replaces for edit in edits("on", True, False)] == [False]


def test_resolved_references_are_sorted_anew() -> None:
    """Ids sort differently than names, and a set does not mind."""
    resolved = recanonised(SPECS, {"ids": ["z-1", "a-9"], "unheard_of": 1})

    assert resolved == {"ids": ["a-9", "z-1"]}


def test_what_is_empty_stays_managed_when_resolved() -> None:
    """An emptied field is still a wish after its references were resolved."""
    assert recanonised(SPECS, {"words": [], "rules": None}) == {"words": [], "rules": None}


def test_the_unknown_differs_from_everything_live() -> None:
    """What exists only after apply is always a change."""
    unknown = Unknown(Address("access_application", "a"), "aud")

    assert differing(SPECS, {"ids": [unknown]}, {"ids": ["aud-1"]}) == ("ids",)


def test_what_holds_its_default_is_known() -> None:
    """Views leave out what the service would assume anyway."""
    values = {"words": [], "on": True, "type": "t"}

    assert at_default(SPECS, values) == {"words", "on"}
    assert at_default(SPECS, {"words": ["a"], "on": False}) == frozenset()
