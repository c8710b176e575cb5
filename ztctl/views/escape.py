"""Foreign text made harmless: nothing that a name holds can move a cursor or hide a letter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Redact = Callable[[str], str]

# Letters, marks and symbols to Unicode that nevertheless leave nothing to be seen
# (Default_Ignorable_Code_Point in DerivedCoreProperties.txt, and the blank Braille pattern).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def visible(text: str) -> str:
    r"""Give the text with everything unprintable spelt out, as in ``\x1b``.

    Total and idempotent: for every input the result holds neither control characters nor terminal
    escapes, line breaks, bidi controls, lone surrogates or characters of no width.
    """
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(char if _is_seen(char) else _spelt(char) for char in text)


def _is_seen(char: str) -> bool:
    return char.isprintable() and not _INVISIBLE.match(char)


def _spelt(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class Clean:
    """The one way from foreign text to a line: values to hide are masked, the rest is escaped."""

    redact: Redact

    def __call__(self, foreign: object) -> str:
        """The text on one line, harmless."""
        return visible(self.redact(str(foreign)))

    def quoted(self, text: str) -> str:
        r"""The text in quotes, so that ``"(sensitive)"`` is told from ``(sensitive)``."""
        bare = self.redact(text).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{visible(bare)}"'
