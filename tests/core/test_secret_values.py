"""Promises about secrets, references and silence."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where
from ztctl.core.model.values import UNSET, Ref, Secret, Unknown

CANARY = "canary-4f1d"


@pytest.mark.parametrize(
    "rendered",
    [
        repr,
        str,
        lambda it: f"{it}",
        lambda it: f"{it!r:>40}",
        lambda it: f"{it:>40}",
        lambda it: "%s %r" % (it, it),  # noqa: UP031
        "{0} {0!r} {0!a}".format,
        lambda it: str([it, {"key": it}]),
        lambda it: str(ValueError("broken", it)),
        lambda it: json.dumps({"token": it}, default=str),
        lambda it: str(dir(it)),
    ],
)
def test_no_rendering_shows_a_secret(rendered: Callable[[Secret], str]) -> None:
    """However a secret gets into a text, the text does not hold it."""
    assert CANARY not in rendered(Secret(CANARY))


@pytest.mark.parametrize("saved", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_no_serialisation_takes_a_secret(saved: Callable[[Secret], object]) -> None:
    """What writes objects away refuses a secret, and its complaint does not hold it."""
    with pytest.raises(TypeError) as refused:
        saved(Secret(CANARY))

    assert CANARY not in str(refused.value)


def test_a_width_pads_what_is_shown() -> None:
    """A secret lines up in a table like any text."""
    assert f"{Secret(CANARY):>14}" == "   (sensitive)"


def test_only_asking_reveals() -> None:
    """The one place that sends a secret gets it whole."""
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize("text", ["", "grün", "half a \udcff character"])
def test_secrets_are_equal_by_their_text(text: str) -> None:
    """Any text can be compared, also what the environment could not decode."""
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret(text + "x")
    assert hash(Secret(text)) == hash(Secret(text))


def test_a_secret_is_no_text() -> None:
    """A secret never equals the text that it holds: nobody finds it by guessing in a set."""
    assert Secret(CANARY) != CANARY
    assert CANARY not in {Secret(CANARY)}


def test_where_a_reference_stands_does_not_matter() -> None:
    """Two references to one thing are equal wherever they were written."""
    edge = Address("tunnel", "edge")

    assert Ref(edge, where=Where("a.yaml", 1, 1)) == Ref(edge, where=Where("b.yaml", 9, 9))
    assert Ref(edge) != Ref(edge, "name")


def test_the_unknown_says_when_it_will_be_known() -> None:
    """An id that does not exist yet is shown as Terraform users know it."""
    assert str(Unknown(Address("tunnel", "edge"))) == "(known after apply)"


def test_silence_is_not_null() -> None:
    """A field that is not said differs from one that is said to be nothing."""
    assert UNSET is not None
    assert repr(UNSET) == "UNSET"
