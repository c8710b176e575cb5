"""Make untrusted text fit for messages: one line, bounded length, no secrets."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 500
# Shorter ones occur by chance in any text, so that masking them would garble messages.
SHORTEST_SECRET = 8


def sanitize(text: str, hide: Iterable[str] = ()) -> str:
    """Mask secrets, bound the length and escape control characters."""
    # Masked before the text is cut, because part of a secret would not be found; longest first,
    # because one secret may contain another.
    for secret in sorted(hide, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "(sensitive)")
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return shown if shown.isprintable() else "".join(map(_escaped, shown))


def _escaped(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
