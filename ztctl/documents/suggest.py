"""What a person probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_LONGEST = 64
_MOST_WORDS = 200
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-\s]+")


def did_you_mean(text: str, words: Iterable[str]) -> str:
    """A hint that names the nearest of the known words, or all of them when they are few."""
    known = tuple(words)
    near = nearest(text, known)
    if near is not None:
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 24 else ""


@lru_cache(maxsize=1024)
def nearest(text: str, words: tuple[str, ...]) -> str | None:
    """The known word that is spelt most like the text, other customs of spelling first.

    ``originRequest`` and ``noTLSVerify``, as cloudflared spells them, are nearest to
    ``origin_request`` and ``no_tls_verify``.
    """
    if len(text) > _LONGEST:
        return None
    same = _by_squashed(words).get(_squashed(text))
    if same is not None:
        return same
    if len(words) > _MOST_WORDS:
        return None
    found = get_close_matches(_snake(text), words, n=1)
    return found[0] if found else None


@lru_cache(maxsize=32)
def _by_squashed(words: tuple[str, ...]) -> dict[str, str]:
    return {_squashed(word): word for word in reversed(words)}


def _snake(text: str) -> str:
    return _HUMPS.sub("_", text).lower()


def _squashed(text: str) -> str:
    return re.sub(r"[-_\s]", "", text).lower()
