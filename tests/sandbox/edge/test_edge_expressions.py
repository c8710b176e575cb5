r"""Go's expressions, translated: the same are taken, and they mean the same.

RE2, of which Go's package is a translation, is the oracle; what it has beyond Go (``\C``) is left
out.
"""

from __future__ import annotations

import re2
from hypothesis import given
from hypothesis import strategies as st

from ztctl.sandbox.edge.regexes import compiled

QUIET = re2.Options()
QUIET.log_errors = False
QUIET.max_mem = 1 << 30

ATOMS = (
    *("a", "B", "é", "k", "0", "/", "-", ".", "^", "$", "|", "{", "}", "]"),
    *("[a-c]", "[^a]", "[]b]", "[^]b]", "[a-]", "[-a]", "[[:alpha:]]", "[[:^alpha:]_]", "[a&&b]"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", r"\A", r"\z", r"[\d\s]", r"[^\W]"),
    *(r"\pL", r"\PL", r"\p{Lu}", r"[\p{Nd}-]", r"\x41", r"\x{e9}", r"\12", r"\.", r"\Qa.\E"),
)
OPENINGS = ("(", "(?:", "(?i)", "(?i:", "(?s)", "(?m)", "(?U)", "(?s-i:", "(?P<n>", "(?<m>")
TIMES = ("*", "+", "?", "*?", "{2}", "{0,1}", "{1,}?")
WRONG = (
    *("(?=", "(?<!", "(?>", "(?#x", "(?P=n)", "(?x)", "**", "a++", r"\1", r"\Z", r"\u0041", "\\"),
    *("[z-a]", "[[:nope:]]", r"\p{Nope}", "a{1001}", "(", ")", "["),
)
pieces = st.sampled_from((*ATOMS, *OPENINGS, *TIMES, ")", *WRONG))
right = st.sampled_from((*ATOMS, *OPENINGS, *TIMES, ")", ")"))
texts = st.text(alphabet="abABé0k/-.\n _K", max_size=4)


@given(st.lists(pieces, max_size=7).map("".join))
def test_the_same_expressions_are_taken(expression: str) -> None:
    """What RE2 refuses is not translated, and nothing else."""
    assert (compiled(expression) is not None) == compiles(expression)


@given(st.lists(right, max_size=6).map("".join), texts)
def test_an_expression_finds_what_it_finds_in_go(expression: str, text: str) -> None:
    """Flags, classes, borders and folding of case mean what they mean to RE2."""
    translated = compiled(expression)
    if translated is None:
        return

    found = re2.compile(expression, QUIET).search(text) is not None

    assert (translated.search(text) is not None) == found


def compiles(expression: str) -> bool:
    """Whether RE2 compiles it."""
    try:
        re2.compile(expression, QUIET)
    except re2.error:
        return False
    return True
