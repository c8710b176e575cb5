"""Character classes of Go's regular expressions, as ranges of code points.

Source: documentation of Go's regexp/syntax; the names of categories and scripts are those of
Unicode 15. Not emulated: Python's tables are of another version of Unicode; a script holds the
characters whose names begin with the script's, so that `Common` and `Inherited` are empty.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
ANY: Ranges = ((0, LAST),)


def ranges_of(members: str) -> Ranges:
    """The ranges that a text names: `0-9A-F` is two of them."""
    pieces = []
    while members:
        low, high = members[0], members[2] if members[1:2] == "-" else members[0]
        pieces.append((ord(low), ord(high)))
        members = members[3 if members[1:2] == "-" else 1 :]
    return tuple(pieces)


NAMED = {
    "alnum": ranges_of("0-9A-Za-z"),
    "alpha": ranges_of("A-Za-z"),
    "ascii": ranges_of("\x00-\x7f"),
    "blank": ranges_of("\t "),
    "cntrl": ranges_of("\x00-\x1f\x7f"),
    "digit": ranges_of("0-9"),
    "graph": ranges_of("!-~"),
    "lower": ranges_of("a-z"),
    "print": ranges_of(" -~"),
    "punct": ranges_of("!-/:-@[-`{-~"),
    "space": ranges_of("\t-\r "),
    "upper": ranges_of("A-Z"),
    "word": ranges_of("0-9A-Z_a-z"),
    "xdigit": ranges_of("0-9A-Fa-f"),
}
SHORT = {"d": NAMED["digit"], "s": ranges_of("\t-\n\f-\r "), "w": NAMED["word"]}

CATEGORIES = """
C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs
"""
SCRIPTS = """
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
# Scripts whose characters are named otherwise.
_NAMES = {"Han": "CJK", "Nko": "NKO", "Phags_Pa": "PHAGS-PA"}


def complement(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All other code points."""
    return tuple(_gaps(ranges))


def _gaps(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    place = 0
    for low, high in sorted(ranges):
        if low > place:
            yield place, low - 1
        place = max(place, high + 1)
    if place <= LAST:
        yield place, LAST


@cache
def unicode_class(name: str) -> Ranges | None:
    """The characters of a category or script; None if there is none of the name."""
    if name == "Any":
        return ANY
    if name in CATEGORIES.split():
        return _runs(code for code, kind in _categories() if kind.startswith(name))
    if name not in SCRIPTS.split():
        return None
    begin = _NAMES.get(name, name.upper().replace("_", " ")) + " "
    begins = (begin, begin.replace(" ", "-", 1) if name == "Han" else begin)
    return _runs(code for code, _ in _categories() if _name(code).startswith(begins))


def _categories() -> Iterator[tuple[int, str]]:
    return ((code, unicodedata.category(chr(code))) for code in range(LAST + 1))


def _name(code: int) -> str:
    return unicodedata.name(chr(code), "")


def _runs(codes: Iterable[int]) -> Ranges:
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return tuple(runs)
