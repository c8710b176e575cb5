"""A value of the environment is masked in every form, and nothing else is."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.documents.mask import Mask, forms_of
from ztctl.kinds.registry import KINDS


def masked(value: str, text: str, leaves: Collection[str] = ()) -> str:
    """What is shown of a text when the variable X has a value."""
    return Mask(forms_of({"X": value}, {"X": set(leaves)}, KINDS)).hide(text)


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        ("Ann@Corp.com", "to ann@corp.com.", "to (env X)."),
        ("Ann@Corp.com", "to aNN@corp.COM.", "to (env X)."),
        ("B\u00fccher", "at www.xn--bcher-kva.example.com", "at www.(env X).example.com"),
        ("5400s", "for 1h30m", "for (env X)"),
        ("192.0.2.7", "from 192.0.2.7/32", "from (env X)"),
        ("2001:DB8::0:1", "from 2001:db8::1/128", "from (env X)"),
        ("a  b\tc", "see a b c ztctl-prod", "see (env X) ztctl-prod"),
        ('say "x"\\y', '{"a": "say \\"x\\"\\\\y"}', '{"a": "(env X)"}'),
        ("caf\u00e9 au lait", '{"a": "caf\\u00e9 au lait"}', '{"a": "(env X)"}'),
        ("a b/c", "GET /tags/a%20b%2Fc", "GET /tags/(env X)"),
        ("first line\nsecond", "it says 'first line\\nsecond'", "it says '(env X)'"),
    ],
)
def test_each_form_of_a_value_is_masked(value: str, text: str, shown: str) -> None:
    """Also where it is a part of a longer text that no file has."""
    assert masked(value, text) == shown


def test_what_a_value_and_its_surroundings_become_is_masked() -> None:
    """``${env.X}m`` with 135 is a duration of which no part is the value."""
    assert masked("135", "for 2h15m or 2h", ["135m"]) == "for (env X) or 2h"


def test_short_values_are_masked_as_words_only() -> None:
    """A `1` is in every other word."""
    assert masked("1", "a1 1 10.1.2.3 x", []) == "a1 (env X) 10.(env X).2.3 x"


def test_longer_values_win() -> None:
    """A value that another one contains does not cut it up."""
    mask = Mask({"A": ("secret",), "B": ("secret-person",)})

    assert mask.hide("secret-person, secret") == "(env B), (env A)"


@given(st.text(min_size=4, max_size=30), st.text(max_size=10))
def test_a_value_is_never_left_in_a_text(value: str, around: str) -> None:
    """Whatever it is, it is found in the middle of anything."""
    mask = Mask(forms_of({"X": value}, {}, KINDS))

    assert mask.hide(f"<{value}>") == "<(env X)>"
    assert "(env X)" in mask.hide(f"{around}{value}{around}")
