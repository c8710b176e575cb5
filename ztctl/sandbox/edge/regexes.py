r"""Translation of Go's regular expressions (RE2) to Python's.

Source: documentation of Go's regexp/syntax: classes are ASCII, `$` and `\z` are the very end,
`[[:alpha:]]`, `\Q...\E`, `\x{10FFFF}` and `(?<name>x)` exist, `{,3}` is plain text, nothing is
repeated more than 1,000 times.
Not emulated: `\pN` and other Unicode classes, `\C`, `(?U)`, flags for the rest of a pattern, a
class with `--`: such a pattern is not compiled; that RE2 takes linear time.
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
    r"|\\x\{(?P<point>[0-9A-Fa-f]{1,6})\}"
    r"|\\(?P<escaped>.)"
    r"|\(\?<(?P<name>[A-Za-z_]\w*)>"
    r"|\{(?P<low>[0-9]+)(?:,(?P<high>[0-9]*))?\}"
    r"|\[(?P<no>\^?)(?P<first>\]?)(?P<inside>(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]"
    r"|(?P<other>.)",
    re.DOTALL,
)
_POSIX = re.compile(r"\[:(\w+):\]")
# Characters in a class for which Python reserves set operations (FutureWarning): to be escaped.
_NOT_PLAIN = re.compile(r"(\\.)|([\[&|~])", re.DOTALL)
MOST = 1000
PLAIN = {"$": r"\Z", "{": r"\{"}


def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a Go pattern for `search`; None if it cannot be translated."""
    try:
        return re.compile("".join(_translated(pattern)), re.ASCII)
    except (re.error, ValueError, OverflowError, RecursionError):
        return None


def _translated(pattern: str) -> Iterator[str]:
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup
        if kind == "plain":
            yield re.escape(piece["plain"])
        elif kind == "point":
            yield re.escape(chr(int(piece["point"], 16)))
        elif kind == "name":
            yield f"(?P<{piece['name']}>"
        elif kind in ("low", "high"):
            yield _repeated(piece)
        elif kind == "escaped":
            yield r"\Z" if piece["escaped"] == "z" else piece[0]
        elif kind == "inside":
            yield f"[{piece['no']}{piece['first'] and chr(92) + ']'}{_class(piece['inside'])}]"
        else:
            yield PLAIN.get(piece[0], piece[0])


def _repeated(piece: re.Match[str]) -> str:
    if max(int(number or 0) for number in piece.group("low", "high")) > MOST:
        raise ValueError("repeated too often")
    return piece[0]


def _class(inside: str) -> str:
    known = _POSIX.sub(lambda named: CLASSES.get(named[1], named[0]), inside)
    if "--" in known:
        raise ValueError("a class with --")
    return _NOT_PLAIN.sub(lambda one: one[1] or "\\" + one[2], known)
