"""Escape and cut untrusted text: a name moves no cursor, hides no characters, fills no screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ztctl.core.runs.journal import Redact

# Printable to `str.isprintable`, and yet invisible: two names that differ in them look the same
# (Default_Ignorable_Code_Point in DerivedCoreProperties.txt, and the blank Braille pattern).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


# Characters of a word and of a text that are shown whole. No word that has to be copied, such as a
# host name, a key or an id, is longer; what is longer is shown by its ends.
MOST_OF_WORD: Final = 300
MOST: Final = 2000
_LONG_WORD: Final = re.compile(rf"\S{{{MOST_OF_WORD + 1},}}")


def cut(text: str) -> str:
    """Cut what is too long to be read, and say so; two texts that differ still do."""
    shown = cut_words(text)
    return shown if len(shown) <= MOST else _ends(shown, MOST)


def cut_words(text: str) -> str:
    """Cut words that are too long to be read, and say so."""
    if len(text) <= MOST_OF_WORD:
        return text
    return _LONG_WORD.sub(lambda word: _ends(word[0], MOST_OF_WORD), text)


def _ends(text: str, most: int) -> str:
    import hashlib

    # JSON shows texts whole; here the digest tells two with the same ends apart.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    begin, end = most * 2 // 3, most // 6
    gone = f"{len(text) - begin - end:,} more characters, digest {digest}"
    return f"{text[:begin]}…({gone})…{text[-end:]}"


def visible(text: str) -> str:
    r"""Escape everything that is not printable, as in ``\x1b``.

    Total and idempotent: for every input the result holds neither control characters nor terminal
    escapes, line breaks, bidi controls, lone surrogates or characters of no width.
    """
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(char if _is_visible(char) else _escaped(char) for char in text)


def _is_visible(char: str) -> bool:
    return char.isprintable() and not _INVISIBLE.match(char)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class Clean:
    """Makes untrusted text fit for a line: masked where sensitive, cut where too long, escaped."""

    redact: Redact

    def __call__(self, foreign: object) -> str:
        """Mask, cut and escape ``str(foreign)``; the result is one line."""
        # Masked first: an escaped or cut value would not be recognised any more.
        return visible(cut(self.redact(str(foreign))))

    def whole(self, text: str) -> str:
        """Mask and escape a text that is there to be copied."""
        return visible(self.redact(text))

    def lines(self, text: str) -> str:
        """Mask lines that are escaped already, and cut their words."""
        return cut_words(self.redact(text))

    def quoted(self, text: str) -> str:
        """Mask, cut, escape and quote a text, so that ``"(env X)"`` differs from ``(env X)``."""
        bare = cut(self.redact(text)).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{visible(bare)}"'
