"""Suggest the known word that a misspelt one was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

# Longer texts and more words get no suggestion: difflib compares in quadratic time.
_LONGEST = 64
_MOST_WORDS = 200
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-\s]+")


def did_you_mean(text: str, words: Iterable[str]) -> str:
    """Make a hint of the nearest known word, else of all words when they are few; may be empty."""
    known = tuple(words)
    if (near := nearest(text, known)) is not None:
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 24 else ""


@lru_cache(maxsize=1024)
def nearest(text: str, words: tuple[str, ...]) -> str | None:
    """Find the known word that is spelt most like the text; ``None`` when there is none.

    Words that differ in case and separators only come first: ``originRequest`` and ``noTLSVerify``,
    as cloudflared spells them, are nearest to ``origin_request`` and ``no_tls_verify``.
    """
    if len(text) > _LONGEST:
        return None
    same = _by_letters(words).get(_letters(text))
    if same is not None:
        return same
    if len(words) > _MOST_WORDS:
        return None
    found = get_close_matches(_snake(text), words, n=1)
    return found[0] if found else None


@lru_cache(maxsize=32)
def _by_letters(words: tuple[str, ...]) -> dict[str, str]:
    return {_letters(word): word for word in reversed(words)}


def _snake(text: str) -> str:
    return _HUMPS.sub("_", text).lower()


def _letters(text: str) -> str:
    return re.sub(r"[-_\s]", "", text).lower()
