r"""Go's regular expressions (RE2) by Python's, as far as they mean different things.

Source: documentation of Go's regexp/syntax: classes are ASCII, `$` and `\z` are the very end,
`[[:alpha:]]` and `\Q...\E` exist.
Not emulated: `\pN` and other Unicode classes, `\C`; that RE2 takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PIECE = re.compile(
    r"\\Q(?P<plain>.*?)(?:\\E|$)"
    r"|\\(?P<escaped>.)"
    r"|\[(?P<no>\^?)(?P<first>\]?)(?P<inside>(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]"
    r"|(?P<other>.)",
    re.DOTALL,
)
_POSIX = re.compile(r"\[:(\w+):\]")


def compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of Go, to be searched for; None when it means nothing to Python."""
    try:
        return re.compile("".join(_translated(pattern)), re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _translated(pattern: str) -> Iterator[str]:
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup
        if kind == "plain":
            yield re.escape(piece["plain"])
        elif kind == "escaped":
            yield r"\Z" if piece["escaped"] == "z" else piece[0]
        elif kind == "inside":
            yield f"[{piece['no']}{piece['first'] and chr(92) + ']'}{_class(piece['inside'])}]"
        else:
            yield r"\Z" if piece[0] == "$" else piece[0]


def _class(inside: str) -> str:
    known = _POSIX.sub(lambda named: CLASSES.get(named[1], named[0]), inside)
    return re.sub(r"(?<!\\)\[", r"\\[", known)
