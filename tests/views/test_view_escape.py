"""Promises about foreign text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.views.escape import MOST, MOST_OF_WORD, Clean, cut, visible

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_nothing_unprintable_is_left(text: str) -> None:
    """Whatever comes in, no control, format, separator or surrogate character comes out."""
    found = {unicodedata.category(char) for char in visible(text) if char != " "}

    assert found.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


@given(ANYTHING)
def test_what_is_visible_stays(text: str) -> None:
    """Escaped text is not escaped again."""
    once = visible(text)

    assert visible(once) == once


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_untouched(text: str) -> None:
    """Printable ASCII is shown as it is."""
    assert visible(text) == text


@given(ANYTHING, ANYTHING)
def test_quotes_tell_different_texts_apart(one: str, other: str) -> None:
    """Two texts look the same in quotes only when they are the same."""
    clean = Clean(str)

    assert (clean.quoted(one) == clean.quoted(other)) == (one == other)


@pytest.mark.parametrize("name", ["x" * 200_000, "x y " * 50_000, "\x1b[2J" * 50_000])
def test_a_text_of_any_length_is_cut_and_says_so(name: str) -> None:
    """Its ends stay, and how much is between them."""
    shown = Clean(str)(f"the policy {name} is used by the application b")

    assert len(shown) < 10 * MOST
    assert shown.startswith("the policy ")
    assert " more characters, digest " in shown
    assert Clean(str).quoted(name) != Clean(str).quoted(f"{name}{name}")


def test_a_word_is_cut_and_the_sentence_around_it_stays() -> None:
    """A long name does not take away what is said of it."""
    shown = cut(f"{'x' * 200_000} is open to everybody")

    assert shown.endswith("x is open to everybody")
    assert len(shown) < 2 * MOST_OF_WORD


@pytest.mark.parametrize("at", [150, 1000, 150_000, 199_999])
def test_two_long_texts_that_differ_look_different(at: int) -> None:
    """Also where they differ in what is left out: an edit is never shown as none."""
    text = "x" * 200_000
    other = f"{text[:at]}y{text[at + 1 :]}"

    assert Clean(str).quoted(text) != Clean(str).quoted(other)


@given(st.text(max_size=MOST_OF_WORD))
def test_what_is_short_is_not_cut(text: str) -> None:
    """Nothing that people write is longer."""
    assert cut(text) == text


def test_a_value_is_masked_before_it_is_cut() -> None:
    """A cut that went through a secret would show its ends."""
    secret = "s" * 1000

    assert Clean(lambda text: text.replace(secret, "(env X)"))(f"a {secret} b") == "a (env X) b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;evil\x07", "\\x1b]0;evil\\x07"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("\u202egpj\u2066", "\\u202egpj\\u2066"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u115f\u3164\ufe0f", "\\u115f\\u3164\\ufe0f"),
        ("\U000e0041\ud800", "\\U000e0041\\ud800"),
        ("\u2028\xa0", "\\u2028\\xa0"),
        ("Zürich 東京 [red]x[/red]", "Zürich 東京 [red]x[/red]"),
    ],
)
def test_each_trick_is_spelt_out(text: str, expected: str) -> None:
    """Terminal escapes, line breaks, bidi controls and invisible characters become escapes."""
    assert visible(text) == expected


def test_masking_comes_before_escaping() -> None:
    """A value to hide is found even when it holds what would be escaped."""
    clean = Clean(lambda text: text.replace("to\nken", "(env TOKEN)"))

    assert clean("a to\nken") == "a (env TOKEN)"
