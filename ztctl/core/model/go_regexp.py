r"""The regular expressions that Go compiles: an allow-list, read by recursive descent.

cloudflared hands the path of an ingress rule to Go's ``regexp.Compile``, and drops a whole
configuration in which one fails. Source: Go 1.26, package ``regexp/syntax``, ``parse.go`` (flags
``Perl``). Where Go versions differ, only what all of them take is taken here: the names of Unicode
classes are those of Unicode 15 as written, and a group's name may be used once (RE2 refuses two of
a name, too). Nesting ends far above what Go bears.

The grammar::

    alternation  = sequence { "|" sequence }
    sequence     = { repetition | flags | quoted }
    repetition   = atom [ ("*" | "+" | "?" | "{" n [ "," [ m ] ] "}") [ "?" ] ]
    atom         = "(" [ "?:" | "?" flags ":" | "?P<" name ">" | "?<" name ">" ] alternation ")"
                 | "[" [ "^" ] { item } "]" | "." | "^" | "$" | escape | character
    flags        = "(?" { "i" | "m" | "s" | "U" } [ "-" { "i" | "m" | "s" | "U" } ] ")"
    quoted       = "\Q" { character } ( "\E" | end )

A brace that begins no such repetition is a character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

_MOST_COPIES: Final = 1000
# Go bears 1,000 levels of its tree, of which one group may take four.
_DEEPEST: Final = 100
# Instructions: Go's `maxSize`, 128 MB of 40 bytes each.
_LARGEST: Final = 2**27 // 40
# Go bounds the characters of all classes together, which no expression of this length reaches.
_LONGEST: Final = 8192

_FLAGS: Final = frozenset("imsU")
_REPEATED: Final = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}")
_NAME: Final = re.compile(r"[0-9A-Za-z_]+")
_OCTAL: Final = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL: Final = re.compile(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_UNICODE: Final = re.compile(r"[pP](?:\{\^?([^}]*)\}|([A-Z]))")
_POSIX: Final = re.compile(r"\[:(.*?):\]", re.DOTALL)
_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_LAST_CHARACTER: Final = 0x10FFFF
# They stand for a place, not for a character.
_EMPTY_ESCAPES: Final = ("A", "b", "B", "z")

_POSIX_CLASSES: Final = frozenset(
    {
        *("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph"),
        *("lower", "print", "punct", "space", "upper", "word", "xdigit"),
    }
)
_CATEGORIES: Final = """
C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs
"""
_SCRIPTS: Final = """
Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali
Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian
Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret
Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian
Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo
Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian
Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi
Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic
Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive
Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari
New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic
Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya
Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic
Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo
Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut
Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi
Zanabazar_Square
"""
_UNICODE_CLASSES: Final = frozenset({"Any", *_CATEGORIES.split(), *_SCRIPTS.split()})

# What other dialects have and Go has not, by how it begins behind `(?`.
_FOREIGN_GROUPS: Final = (
    ("=", "a look-ahead"),
    ("!", "a look-ahead"),
    ("<=", "a look-behind"),
    ("<!", "a look-behind"),
    (">", "an atomic group"),
    ("#", "a comment"),
    ("P=", "a back-reference"),
    ("P>", "a recursion"),
    ("(", "a condition"),
    ("|", "a branch reset"),
    ("R", "a recursion"),
    ("'", "a name in quotes"),
    ("x", "the flag `x`"),
)
_FOREIGN_ESCAPES: Final = {
    "Z": "write \\z for the end of the path",
    "u": "write \\x{0041} for a character by its number",
    "U": "write \\x{10FFFF} for a character by its number",
    "N": "write the character itself",
    "k": "there are no back-references",
    "g": "there are no back-references",
    "C": "there is no single byte",
    "h": "write [\\t ]",
    "R": "write \\r?\\n",
    "G": "write \\A",
    "K": "there are no look-behinds",
    "X": "write the characters themselves",
}


class NotInGo(ValueError):
    """Why Go refuses an expression, in words for people."""


def check(expression: str) -> None:
    """Accept what Go compiles.

    Raises:
        NotInGo: when it is refused.
    """
    if len(expression) > _LONGEST:
        raise NotInGo(f"it is longer than {_LONGEST} characters")
    _Parser(expression).whole()


@dataclass(frozen=True, slots=True)
class _Part:
    """What a part of an expression costs.

    Attributes:
        size: instructions, as Go estimates them.
        copies: how often its innermost part is repeated by counts.
    """

    size: int = 1
    copies: int = 1


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._names: set[str] = set()

    def whole(self) -> None:
        """Read all of it."""
        if self._alternation().size > _LARGEST:
            raise NotInGo("it is too large")
        if self._at < len(self._text):
            raise NotInGo("`)` closes no group")

    def _alternation(self) -> _Part:
        branches = [self._sequence()]
        while self._takes("|"):
            branches.append(self._sequence())
        size = sum(branch.size for branch in branches) + len(branches) - 1
        return _Part(size, max(branch.copies for branch in branches))

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        # Whether the last thing read was a repetition, which cannot be repeated at once.
        repeated = False
        while self._next not in ("", "|", ")"):
            if times := self._repetition():
                if repeated:
                    raise NotInGo(f"`{times}` repeats a repetition")
                if not parts:
                    raise NotInGo(f"`{times}` repeats nothing")
                parts.append(_times(parts.pop(), times))
                repeated = True
                continue
            parts.extend(self._items())
            repeated = False
        size = sum(part.size for part in parts)
        return _Part(max(1, size), max((part.copies for part in parts), default=1))

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _takes(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found

    def _repetition(self) -> str:
        """A repetition operator; empty if there is none here."""
        if self._next in ("*", "+", "?"):
            times = self._next
            self._at += 1
        else:
            counted = self._matched(_REPEATED)
            if counted is None:
                return ""
            times = counted[0]
        self._takes("?")
        return times

    def _items(self) -> list[_Part]:
        """The parts that begin here; flags are none, and quoted text is one for each character."""
        if self._takes("("):
            return self._group()
        if self._takes("\\Q"):
            quoted, end, _ = self._text[self._at :].partition("\\E")
            self._at += len(quoted) + len(end)
            return [_Part()] * len(quoted)
        if self._takes("["):
            self._class()
        elif not self._takes("\\"):
            self._at += 1
        elif not any(map(self._takes, _EMPTY_ESCAPES)):
            self._escape(with_classes=True)
        return [_Part()]

    def _group(self) -> list[_Part]:
        captures = True
        if self._takes("?"):
            captures = self._takes_name()
            if not captures and not self._opens_group():
                return []
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotInGo(f"its groups are nested more than {_DEEPEST} deep")
        inner = self._alternation()
        if not self._takes(")"):
            raise NotInGo("a group is not closed")
        self._depth -= 1
        return [_Part(inner.size + 2 * captures, inner.copies)]

    def _takes_name(self) -> bool:
        if self._text.startswith(("<=", "<!"), self._at):
            self._refuse_group(self._at)
        if not (self._takes("P<") or self._takes("<")):
            return False
        name = self._matched(_NAME)
        if name is None or not self._takes(">"):
            raise NotInGo("the name of a group is letters, digits and underscores, then `>`")
        if name[0] in self._names:
            raise NotInGo(f"two groups are called {name[0]}")
        self._names.add(name[0])
        return True

    def _opens_group(self) -> bool:
        """Read flags behind ``(?``; false if they are for what follows, so that no group opens."""
        start = self._at
        self._take_flags()
        if self._takes("-"):
            behind = self._at
            self._take_flags()
            if self._at == behind:
                raise NotInGo("no flag stands behind `-`")
        if self._takes(":"):
            return True
        if not self._takes(")"):
            self._refuse_group(start)
        return False

    def _take_flags(self) -> None:
        while self._next in _FLAGS:
            self._at += 1

    def _refuse_group(self, start: int) -> NoReturn:
        rest = self._text[start:]
        for begin, what in _FOREIGN_GROUPS:
            if rest.startswith(begin):
                raise NotInGo(f"{what} (`(?{begin}`) does not exist there")
        raise NotInGo(f"`(?{self._text[start : self._at + 1]}` does not exist there")

    def _class(self) -> None:
        self._takes("^")
        first = True
        while first or self._next != "]":
            if not self._next:
                raise NotInGo("a class is not closed by `]`")
            first = False
            named = self._matched(_POSIX)
            if named is None:
                self._range()
            elif named[1].removeprefix("^") not in _POSIX_CLASSES:
                raise NotInGo(f"there is no class `{named[0]}`")
        self._at += 1

    def _range(self) -> None:
        low = self._class_character(with_classes=True)
        # A hyphen before the end of the class is a character.
        following = self._text[self._at : self._at + 2]
        if low is None or len(following) < 2 or following[0] != "-" or following[1] == "]":
            return
        self._at += 1
        high = self._class_character(with_classes=False)
        if high is None or high < low:
            raise NotInGo("a range of a class ends before it begins")

    def _class_character(self, *, with_classes: bool) -> int | None:
        """One character of a class; ``None`` for an escape that is a class itself."""
        if self._takes("\\"):
            return self._escape(with_classes=with_classes)
        if not self._next:
            raise NotInGo("a class is not closed by `]`")
        self._at += 1
        return ord(self._text[self._at - 1])

    def _escape(self, *, with_classes: bool) -> int | None:
        """What follows a backslash: a character, or ``None`` for a class."""
        char = self._next
        if with_classes and char and char in "dDsSwW":
            self._at += 1
            return None
        if with_classes and char and char in "pP":
            self._unicode_class()
            return None
        if char in _CONTROLS:
            self._at += 1
            return _CONTROLS[char]
        if octal := self._matched(_OCTAL):
            return int(octal[0], 8)
        if number := self._matched(_HEXADECIMAL):
            value = int(number[1] or number[2], 16)
            if value > _LAST_CHARACTER:
                raise NotInGo(f"`\\{number[0]}` is no character")
            return value
        if char and char.isascii() and not char.isalnum():
            self._at += 1
            return ord(char)
        raise NotInGo(_why_no_escape(char))

    def _unicode_class(self) -> None:
        found = self._matched(_UNICODE)
        name = (found[1] or found[2] or "") if found else ""
        if name not in _UNICODE_CLASSES:
            shown = found[0] if found else self._text[self._at : self._at + 2]
            raise NotInGo(f"there is no class `\\{shown}`; write one such as \\pL or \\p{{Greek}}")


def _times(part: _Part, times: str) -> _Part:
    """A part with a repetition operator behind it."""
    if not times.startswith("{"):
        return _Part(part.size + (2 if times == "*" else 1), part.copies)
    least, comma, most = times[1:-1].partition(",")
    if max(len(least), len(most)) > len(str(_MOST_COPIES)):
        raise NotInGo(f"`{times}` repeats more than {_MOST_COPIES} times")
    low = int(least)
    high = int(most) if most else low
    if high < low:
        raise NotInGo(f"`{times}` ends before it begins")
    # What is repeated no time at all is not looked into, as in Go.
    copies = high * part.copies if high else 1
    if max(high, copies) > _MOST_COPIES:
        raise NotInGo(f"`{times}` repeats more than {_MOST_COPIES} times, what is in it counted")
    open_ended = bool(comma) and not most
    size = 2 + max(1, low) * part.size if open_ended else high * part.size + high - low
    return _Part(max(1, size), copies)


def _why_no_escape(char: str) -> str:
    if not char:
        return "a backslash stands at the end"
    if char.isascii() and char.isdigit():
        return f"a back-reference (`\\{char}`) does not exist there"
    hint = _FOREIGN_ESCAPES.get(char)
    return f"`\\{char}` does not exist there" + (f"; {hint}" if hint else "")
