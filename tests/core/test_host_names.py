"""Promises about host names as identity."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ztctl.core.model.names import ByHost, is_wildcard, meet, to_ascii

LABEL = st.sampled_from(["a", "b", "ssh", "x-y"])
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
PATTERN = st.one_of(NAME, NAME.map("*.{}".format), st.just("*"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SSH.Example.COM", "ssh.example.com"),
        ("ssh.example.com.", "ssh.example.com"),
        (" ssh.example.com \n", "ssh.example.com"),
        ("münchen.example.com", "xn--mnchen-3ya.example.com"),
        ("MÜNCHEN.example.com", "xn--mnchen-3ya.example.com"),
        ("xn--mnchen-3ya.example.com", "xn--mnchen-3ya.example.com"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("ssh。example。com", "ssh.example.com"),
        ("ssh．example．com．", "ssh.example.com"),
        ("", ""),
    ],
)
def test_one_host_has_one_spelling(written: str, expected: str) -> None:
    """Case, a final dot, blanks and the script do not make another host."""
    assert to_ascii(written) == expected


@given(st.text())
@example("a. .")
@example("a。")
@example("a\u00a0.")
@example("\u2024a")
def test_the_spelling_is_final(name: str) -> None:
    """Whatever comes in, spelling it twice changes nothing any more."""
    once = to_ascii(name)

    assert to_ascii(once) == once


@pytest.mark.parametrize("name", ["ü" * 64 + ".example.com", "\ud800.example.com"])
def test_what_cannot_be_encoded_comes_back(name: str) -> None:
    """A name that no host can have is returned, not raised about."""
    assert to_ascii(name) == name


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.example.com", "a.example.com", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.example.org", False),
        ("*.example.com", "*.b.example.com", True),
        ("*.a.example.com", "*.b.example.com", False),
        ("*", "a.example.com", True),
        ("*", "*.example.com", True),
        ("dev-*.example.com", "dev-1.example.com", True),
        ("badexample.com", "*.example.com", False),
    ],
)
def test_patterns_meet_where_a_name_fits_both(one: str, other: str, expected: bool) -> None:
    """A star stands for one label or more, never for none."""
    assert meet(one, other) is expected


@given(PATTERN, PATTERN)
def test_meeting_is_mutual(one: str, other: str) -> None:
    """Who comes first does not matter."""
    assert meet(one, other) == meet(other, one)


@given(NAME, PATTERN, PATTERN)
def test_a_name_that_fits_both_makes_them_meet(name: str, one: str, other: str) -> None:
    """Two patterns that share a name meet: nothing is overlooked."""
    if meet(name, one) and meet(name, other):
        assert meet(one, other)


@given(st.lists(PATTERN, max_size=6), PATTERN)
def test_the_index_finds_what_a_walk_would_find(patterns: list[str], name: str) -> None:
    """Looking up by host overlooks nothing and invents nothing."""
    index = ByHost((place, [pattern]) for place, pattern in enumerate(patterns))

    found = set(index.meeting([name]))

    assert found == {place for place, pattern in enumerate(patterns) if meet(pattern, name)}


@given(NAME)
def test_a_star_makes_a_wildcard(name: str) -> None:
    """A name is a wildcard when, and only when, a star is in it."""
    assert not is_wildcard(name)
    assert is_wildcard(f"*.{name}")
