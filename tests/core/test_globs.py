"""Promises about patterns of other programs."""

from __future__ import annotations

import fnmatch
import time

import pytest

from ztctl.core.model.globs import glob_matches

TEXTS = ("", "a", "ab", "ba", "abab", "a.b", "*", "?")
PATTERNS = (
    "",
    "*",
    "?",
    "a",
    "a*",
    "*a",
    "*b",
    "a*b",
    "?b",
    "a?",
    "**",
    "*?*",
    "a*b*",
    "*.b",
    "??",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_elsewhere(pattern: str) -> None:
    """As the standard library reads it."""
    found = [glob_matches(pattern, text, one="?") for text in TEXTS]

    assert found == [fnmatch.fnmatchcase(text, pattern) for text in TEXTS]


def test_without_a_sign_for_one_a_question_mark_is_itself() -> None:
    """Not every program has it."""
    assert (glob_matches("a?", "ab"), glob_matches("a?", "a?")) == (False, True)


def test_a_hostile_pattern_takes_no_time() -> None:
    """Many stars before what is not there."""
    began = time.process_time()

    assert not glob_matches("*a" * 150 + "b", "a" * 250, one="?")
    assert time.process_time() - began < 1
