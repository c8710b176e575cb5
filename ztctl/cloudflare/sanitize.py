"""Foreign text made fit to be shown: short, one line, no secrets."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 500
# Shorter texts are too common to be taken for a secret that a server echoed.
SHORTEST_SECRET = 8


def sanitize(text: str, hide: Iterable[str] = ()) -> str:
    """Give the text with secrets masked, control characters escaped, and a bounded length."""
    for secret in sorted(hide, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "(sensitive)")
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return shown if shown.isprintable() else "".join(map(_visible, shown))


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
