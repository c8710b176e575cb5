"""Escape untrusted text, so that a name can neither move the cursor nor hide characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ztctl.core.runs.journal import Redact

# Printable to `str.isprintable`, and yet invisible: two names that differ in them look the same
# (Default_Ignorable_Code_Point in DerivedCoreProperties.txt, and the blank Braille pattern).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


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
    """Makes untrusted text fit for a line: sensitive values are masked, the rest is escaped."""

    redact: Redact

    def __call__(self, foreign: object) -> str:
        """Mask and escape ``str(foreign)``; the result is one line."""
        # Masked first: an escaped value would not be recognised any more.
        return visible(self.redact(str(foreign)))

    def quoted(self, text: str) -> str:
        """Mask, escape and quote a text, so that ``"(sensitive)"`` differs from ``(sensitive)``."""
        bare = self.redact(text).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{visible(bare)}"'
