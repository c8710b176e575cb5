"""Promises about the one form that both sides take."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import (
    canonical_fields,
    fields_of,
    live_references,
    references,
    replaced,
    sort_key,
)
from ztctl.core.model.diagnostics import Where
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import (
    Default,
    Immutable,
    KeepsEmpty,
    Local,
    Normalised,
    RefersTo,
    Unordered,
)
from ztctl.core.model.values import Lookup, Ref, Unknown
from ztctl.core.planning.compare import differing


def lower(value: Any) -> Any:
    """Case means nothing; what is no text stays."""
    return value.lower() if isinstance(value, str) else value


class Inner(Fields):
    """A part of a thing."""

    name: Annotated[str, Normalised(lower)]
    ports: Annotated[list[int] | None, Default(()), Unordered()] = None


class Settings(Fields):
    """A part without a default."""

    note: str | None = None
    notes: list[str] | None = None


class Thing(Fields):
    """One field for each marker."""

    title: Annotated[str | None, Normalised(lower)] = None
    on: Annotated[bool | None, Default(True)] = None
    words: Annotated[list[Annotated[str, Normalised(lower)]] | None, Unordered()] = None
    steps: list[str] | None = None
    inner: Inner | None = None
    settings: Settings | None = None
    parts: Annotated[list[Inner] | None, Default(()), Unordered()] = None
    tunnel: Annotated[Any, RefersTo("tunnel", template="{}.cfargotunnel.com")] = None
    header: Annotated[str | None, KeepsEmpty()] = None
    only: Annotated[list[str] | None, KeepsEmpty()] = None
    file: Annotated[str | None, Local()] = None
    type: Annotated[str | None, Immutable()] = None


SPECS = fields_of(Thing)
TEXT = st.text("aAbB", max_size=3)
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), TEXT)
FOREIGN = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "ports", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
VALUES = st.dictionaries(st.sampled_from([*Thing.model_fields, "unheard_of"]), FOREIGN)
EDGE = Address("tunnel", "edge")


@given(VALUES)
def test_canonical_is_final(values: dict[str, Any]) -> None:
    """Whatever a reply holds, bringing it into canonical form twice changes nothing."""
    once = canonical_fields(SPECS, values)

    assert canonical_fields(SPECS, once) == once


@given(st.lists(TEXT), st.randoms())
def test_the_order_and_repetition_of_a_set_mean_nothing(words: list[str], chance: Any) -> None:
    """A set that comes back shuffled, doubled and in other case is the same set."""
    again = [word.swapcase() for word in words] + words
    chance.shuffle(again)

    assert canonical_fields(SPECS, {"words": again}) == canonical_fields(SPECS, {"words": words})


@given(st.lists(st.text("ab", min_size=1), min_size=2, unique=True))
def test_the_order_of_a_list_means_something(steps: list[str]) -> None:
    """What is no set keeps its order."""
    assert canonical_fields(SPECS, {"steps": steps})["steps"] == steps


EMPTINESS: dict[str, tuple[Any, ...]] = {
    "title": (None, "", [], {}),
    "words": (None, "", [], {}, [None], ["", None]),
    "steps": (None, "", [], [None], [""]),
    "settings": (None, "", [], {}, {"note": None}, {"notes": [None]}, {"of_another_api": 1}),
}


@pytest.mark.parametrize(
    ("field", "empty"), [(field, empty) for field, them in EMPTINESS.items() for empty in them]
)
def test_emptiness_is_absence(field: str, empty: Any) -> None:
    """However a reply spells nothing, it is nothing."""
    assert field not in canonical_fields(SPECS, {field: empty})


@pytest.mark.parametrize("absent", [{}, {"on": None}, {"on": True}])
def test_absence_is_the_default(absent: dict[str, Any]) -> None:
    """A field that is left out, null, or at its default is one and the same."""
    assert canonical_fields(SPECS, absent)["on"] is True


@pytest.mark.parametrize("value", [False, 0])
def test_false_and_zero_are_no_emptiness(value: Any) -> None:
    """What says no says something."""
    assert canonical_fields(SPECS, {"on": value, "title": value}) == {
        "on": value,
        "title": value,
        "parts": [],
    }


@pytest.mark.parametrize(("field", "empty"), [("header", ""), ("only", [])])
def test_where_absence_means_something_else_emptiness_stays(field: str, empty: Any) -> None:
    """An empty text or list that overrides what would be inherited differs from none."""
    wanted = canonical_fields(SPECS, {field: empty})

    assert wanted[field] == empty
    assert differing(SPECS, wanted, canonical_fields(SPECS, {field: None})) == (field,)


@pytest.mark.parametrize("field", ["file", "unheard_of"])
def test_what_is_not_compared_is_not_there(field: str) -> None:
    """Local and unknown fields never reach a comparison."""
    assert field not in canonical_fields(SPECS, {field: "x"})


def test_one_element_stands_for_its_list() -> None:
    """A single value keeps its own shape, and is normalised like an element."""
    assert canonical_fields(SPECS, {"words": "LOUD"})["words"] == "loud"


def test_inner_fields_are_canonical_too() -> None:
    """Markers hold at every depth."""
    parts = [{"name": "B"}, {"name": "A", "ports": [2, 1, 2]}, {"name": "b", "ports": []}]

    found = canonical_fields(SPECS, {"parts": parts})["parts"]

    assert found == [{"name": "a", "ports": [1, 2]}, {"name": "b", "ports": []}]


def test_references_pass_untouched() -> None:
    """A reference is no text yet: nothing is normalised in it."""
    values = {"title": Ref(EDGE), "words": [Lookup("tunnel", "Edge"), Unknown(EDGE)]}

    assert list(references(canonical_fields(SPECS, values))) == [
        Ref(EDGE),
        Lookup("tunnel", "Edge"),
    ]


@given(FOREIGN, FOREIGN)
def test_equal_keys_are_equal_values(one: Any, other: Any) -> None:
    """Sorting by key never takes two values for one."""
    if sort_key(one) == sort_key(other):
        assert one == other


def test_a_sort_key_tells_references_apart() -> None:
    """Two references are one element of a set exactly when they mean the same."""
    here, there = Where("a", 1, 1), Where("b", 2, 2)

    assert sort_key(Ref(EDGE, where=here)) == sort_key(Ref(EDGE, where=there))
    assert len({sort_key(it) for it in (Ref(EDGE), Ref(EDGE, "name"), Lookup("tunnel", "e"))}) == 3


def test_markers_are_read_through_unions_and_lists() -> None:
    """Where a marker stands in an annotation does not matter."""
    assert SPECS["words"].unordered
    assert SPECS["words"].element is not None
    assert SPECS["words"].element.normalise == (lower,)
    assert SPECS["type"].immutable
    assert SPECS["parts"].element is not None
    assert SPECS["parts"].element.fields["ports"].default == ()


def test_a_live_reference_is_what_fits_the_template() -> None:
    """The id inside a live value is found; what leads elsewhere refers to nothing."""
    assert list(live_references(SPECS, {"tunnel": "t-1.cfargotunnel.com"})) == [("tunnel", "t-1")]
    assert list(live_references(SPECS, {"tunnel": "host.example.com"})) == []
    assert list(live_references(SPECS, {"tunnel": 7})) == []


@given(FOREIGN)
def test_replacing_nothing_changes_nothing(value: Any) -> None:
    """A walk over a value gives the value back."""
    assert replaced(value, lambda leaf: leaf) == value
