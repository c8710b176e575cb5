r"""Translation of Go's regular expressions (RE2) to Python's.

Source: documentation and parser of Go's regexp/syntax: classes are ASCII, `$` and `\z` are the very
end, `[[:alpha:]]`, `\Q...\E`, `\x{10FFFF}`, `\pL`, `(?U)` and `(?<name>x)` exist, flags hold for
the rest of their group, `{,3}` is plain text, nothing is repeated more than 1,000 times,
repetitions inside others multiplied. What is not of that language is not compiled: look-arounds,
back-references, possessive quantifiers, `\Z`, comments.
Not emulated: more than 100 groups inside each other, two groups of one name, `\C`, other names of
Unicode classes than those of Unicode 15; that RE2 takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ztctl.sandbox.edge.go_classes import (
    LAST,
    NAMED,
    SHORT,
    Ranges,
    complement,
    unicode_class,
)

MOST = 1000
DEEPEST = 100
LONGEST = 8192
LARGEST = 3_355_443

_WORD = "[0-9A-Z_a-z]"
_BOUNDARY = f"(?:(?<!{_WORD})(?={_WORD})|(?<={_WORD})(?!{_WORD}))"
_INSIDE = f"(?:(?<!{_WORD})(?!{_WORD})|(?<={_WORD})(?={_WORD}))"
_PLACES = {"A": r"\A", "z": r"\Z", "b": _BOUNDARY, "B": _INSIDE}
_SINGLE = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
# One token of a pattern; in a class only escapes count.
_TOKEN = re.compile(
    r"""
    \\Q (?P<quoted> .*? ) (?: \\E | \Z )
    | (?P<escape> \\ (?: x\{ [0-9A-Fa-f]+ \} | x [0-9A-Fa-f]{2} | [pP] \{ [^}]* \} | [pP] [A-Z]
        | 0 [0-7]{0,2} | [1-7] [0-7]{1,2} | [afnrtvdDsSwWAzbB]
        | [\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f] ) )
    | \( \? P? < (?P<name> [0-9A-Za-z_]+ ) >
    | \( \? (?P<on> [imsU]* ) (?P<off> - [imsU]+ )? (?P<opens> [:)] )
    | (?P<group> \( (?! \? ) )
    | (?P<class> \[ \^? )
    | (?P<times> [*+?] | \{ (?: 0 | [1-9] [0-9]* ) (?: , (?: 0 | [1-9] [0-9]* )? )? \} )
      (?P<lazy> \?? )
    | (?P<other> [^\\(\[] )
    """,
    re.DOTALL | re.VERBOSE,
)
_POSIX = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)


class _Untranslatable(ValueError):
    """The pattern is not of Go's language."""


@dataclass(frozen=True, slots=True)
class _Flags:
    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False

    def with_letters(self, on: str, off: str) -> _Flags:
        changed = {**dict.fromkeys(on, True), **dict.fromkeys(off.lstrip("-"), False)}
        return replace(self, **changed)


@dataclass(slots=True)
class _Piece:
    """Translated text, how often counts repeat its innermost part, and its size in Go."""

    text: str
    copies: int = 1
    size: int = 1


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a Go pattern for `search`; None if it cannot be translated."""
    try:
        whole = _Translation(pattern).whole() if len(pattern) <= LONGEST else None
        return None if whole is None else re.compile(whole)
    except (re.error, ValueError, OverflowError, RecursionError):
        return None


class _Translation:
    """One pattern, translated token by token with a stack of open groups."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.flags = _Flags()
        self.names: set[str] = set()
        # The alternatives of each open group, and what else is to be known at its end.
        self.open: list[tuple[list[list[_Piece]], _Flags, int]] = []
        self.branches: list[list[_Piece]] = [[]]
        self.just_repeated = False

    def whole(self) -> str:
        while self.place < len(self.pattern):
            self._token()
        if self.open:
            raise _Untranslatable("a group is open")
        found = _joined(self.branches)
        if found.size > LARGEST:
            raise _Untranslatable("too large")
        return found.text

    def _token(self) -> None:
        token = _TOKEN.match(self.pattern, self.place)
        if token is None:
            raise _Untranslatable("unknown syntax")
        self.place = token.end()
        if token["times"]:
            self._repeat(token["times"], lazy=bool(token["lazy"]) != self.flags.U)
            return
        self.just_repeated = False
        if token["quoted"] is not None:
            self.branches[-1].extend(self._literal(ord(char)) for char in token["quoted"])
        elif token["escape"]:
            self.branches[-1].append(self._escape(token["escape"]))
        elif token["class"]:
            self.branches[-1].append(self._class(negated=token["class"] == "[^"))
        elif token["opens"] == ")":
            self.flags = self.flags.with_letters(token["on"], token["off"] or "")
        elif token["other"]:
            self._other(token["other"])
        else:
            self._open(token)

    def _open(self, token: re.Match[str]) -> None:
        if (name := token["name"]) is not None:
            if name in self.names:
                raise _Untranslatable("a name twice")
            self.names.add(name)
        if len(self.open) >= DEEPEST:
            raise _Untranslatable("nested too deeply")
        captures = not token["opens"]
        self.open.append((self.branches, self.flags, 2 * captures))
        self.branches = [[]]
        if not captures:
            self.flags = self.flags.with_letters(token["on"], token["off"] or "")

    def _other(self, char: str) -> None:
        if char == "|":
            self.branches.append([])
        elif char == ")":
            if not self.open:
                raise _Untranslatable("no group is open")
            inner = _joined(self.branches)
            self.branches, self.flags, more = self.open.pop()
            self.branches[-1].append(_Piece(inner.text, inner.copies, inner.size + more))
        else:
            special = {
                ".": "[\\s\\S]" if self.flags.s else r"[^\n]",
                "^": "(?m:^)" if self.flags.m else r"\A",
                "$": "(?m:$)" if self.flags.m else r"\Z",
            }
            found = special.get(char)
            self.branches[-1].append(_Piece(found) if found else self._literal(ord(char)))

    def _repeat(self, times: str, *, lazy: bool) -> None:
        if self.just_repeated or not self.branches[-1]:
            raise _Untranslatable("nothing to repeat")
        self.just_repeated = True
        piece = self.branches[-1].pop()
        low, high = 0, 1
        if times.startswith("{"):
            least, comma, most = times[1:-1].partition(",")
            low = int(least)
            high = int(most) if most else low
            if not low <= high <= MOST:
                raise _Untranslatable("repeated too often")
            piece.size = high * piece.size + high - low
            if comma and not most:
                piece.size = 2 + max(1, low) * piece.size
            piece.copies = high * piece.copies if high else 1
            if piece.copies > MOST:
                raise _Untranslatable("repeated too often")
        else:
            piece.size += 1 + (times == "*")
        piece.text = f"(?:{piece.text}){times}{'?' if lazy else ''}"
        piece.size = max(1, piece.size)
        self.branches[-1].append(piece)

    def _literal(self, code: int) -> _Piece:
        return self._characters(((code, code),))

    def _characters(self, ranges: Ranges) -> _Piece:
        """What matches one character of these ranges."""
        inside = "".join(_spelled(low, high) for low, high in ranges)
        found = f"[{inside}]" if inside else r"[^\s\S]"
        return _Piece(f"(?i:{found})" if self.flags.i else found)

    def _escape(self, text: str) -> _Piece:
        if text[1:] in _PLACES:
            return _Piece(_PLACES[text[1:]])
        return self._characters(_members(text))

    def _class(self, *, negated: bool) -> _Piece:
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.pattern.startswith("]", self.place):
            first = False
            ranges.extend(self._item())
        self.place += 1
        if not negated:
            return self._characters(tuple(ranges))
        if not self.flags.i:
            return self._characters(complement(ranges))
        inside = "".join(_spelled(low, high) for low, high in ranges)
        return _Piece(f"(?i:[^{inside}])")

    def _item(self) -> Iterator[tuple[int, int]]:
        named = _POSIX.match(self.pattern, self.place)
        if named:
            if named[2] not in NAMED:
                raise _Untranslatable("unknown class")
            self.place = named.end()
            yield from complement(NAMED[named[2]]) if named[1] else NAMED[named[2]]
            return
        low = self._one()
        rest = self.pattern[self.place : self.place + 2]
        if not _is_one(low) or len(rest) < 2 or rest[0] != "-" or rest[1] == "]":
            yield from low
            return
        self.place += 1
        escape = self.pattern.startswith("\\", self.place) and self.pattern[self.place + 1 :][:1]
        high = self._one()
        if (escape and escape in "dDsSwWpP") or high[0][0] < low[0][0]:
            raise _Untranslatable("no range")
        yield low[0][0], high[0][0]

    def _one(self) -> Ranges:
        """One character, or one escape."""
        char = self.pattern[self.place : self.place + 1]
        if not char:
            raise _Untranslatable("a class is open")
        if char != "\\":
            self.place += 1
            return ((ord(char), ord(char)),)
        token = _TOKEN.match(self.pattern, self.place)
        if token is None or not token["escape"] or token["escape"][1:] in _PLACES:
            raise _Untranslatable("unknown escape")
        self.place = token.end()
        return _members(token["escape"])


def _joined(branches: list[list[_Piece]]) -> _Piece:
    texts = ("".join(piece.text for piece in branch) for branch in branches)
    copies = max((piece.copies for branch in branches for piece in branch), default=1)
    sizes = (max(1, sum(piece.size for piece in branch)) for branch in branches)
    return _Piece(f"(?:{'|'.join(texts)})", copies, sum(sizes) + len(branches) - 1)


def _members(escape: str) -> Ranges:
    """The characters of an escape that stands for some."""
    letter, rest = escape[1], escape[2:].strip("{}")
    if letter in "dDsSwW":
        found = SHORT[letter.lower()]
        return complement(found) if letter.isupper() else found
    if letter in "pP":
        known = unicode_class(rest.removeprefix("^"))
        if known is None:
            raise _Untranslatable("unknown class")
        return complement(known) if (letter == "P") != rest.startswith("^") else known
    if letter == "x":
        code = int(rest, 16)
    elif letter.isdigit():
        code = int(escape[1:], 8)
    else:
        code = ord(_SINGLE.get(letter, letter))
    if code > LAST:
        raise _Untranslatable("no character")
    return ((code, code),)


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _spelled(low: int, high: int) -> str:
    return f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}"
