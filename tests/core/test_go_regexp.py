r"""Promises about the paths of ingress rules: exactly what Go compiles is taken.

RE2, of which Go's package is a translation, is the oracle. It differs in three ways that are left
out here: it has ``\C``, it bears less nesting, and its programs may be smaller.
"""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.go_regexp import NotInGo, check

QUIET = re2.Options()
QUIET.log_errors = False
QUIET.max_mem = 1 << 30

# Pieces of which expressions are made: right ones, and what other dialects have.
PIECES = """
a é - ^ $ . | ( ) (?: (?i) (?s-m: (?U) (?-i) (?P<n> (?<m> (?= (?! (?<= (?> (?# (?x) (?P=n) (?
[ ] [^ [a-z] [z-a] []a] [[:alpha:]] [[:^digit:]] [:alpha:] [[:nope:]] [a- -] :] \\d-z a-\\d
\\d \\D \\w \\s \\b \\B \\A \\z \\Z \\Q \\E \\Qa.b\\E \\pL \\PN \\p{Greek} \\p{^Greek} \\p{Nope} \\p
\\x41 \\x{41} \\x{110000} \\x{} \\1 \\12 \\0 \\8 \\_ \\. \\/ \\n \\h \\u0041 \\N \\
* + ? *? ++ {2} {2,} {2,3} {3,2} {,3} {999} {1001} {0} {01} {2}? { } / 0
""".replace("\\\\", "\\").split()
expressions = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def taken(expression: str) -> bool:
    """Whether it passes."""
    try:
        check(expression)
    except NotInGo:
        return False
    return True


def compiles(expression: str) -> bool:
    """Whether RE2 compiles it."""
    try:
        re2.compile(expression, QUIET)
    except re2.error:
        return False
    return True


@given(expressions)
def test_what_is_taken_is_what_the_oracle_compiles(expression: str) -> None:
    """Neither more nor less, whatever the pieces and their order."""
    assert taken(expression) == compiles(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "^/api(/.*)?$",
        r"\.(jpg|png|css|js)$",
        "(?U)a+",
        r"\Qa.b\E",
        r"\Q never closed",
        "(?<n>a)",
        "(?P<n>a)",
        r"\pL+",
        r"[\pN\p{Greek}]",
        r"\x{10FFFF}",
        "(?-i)",
        "(?i)a(?-i)b",
        r"\123",
        r"\\1",
        "{,3}",
        "a{01}",
        "[[:word:]-]",
        "((a{10}){10}){10}",
        "(" * 100 + ")" * 100,
    ],
)
def test_an_expression_of_go_is_taken(expression: str) -> None:
    """What the connector compiles may be written."""
    assert taken(expression)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("^/(?!admin)", r"a look-ahead (`(?!`) does not exist there"),
        ("(?=x)", "a look-ahead (`(?=`) does not exist there"),
        ("(?<=a)b", "a look-behind (`(?<=`) does not exist there"),
        ("(?<!a)b", "a look-behind (`(?<!`) does not exist there"),
        ("(?>a)", "an atomic group (`(?>`) does not exist there"),
        ("(?#c)", "a comment (`(?#`) does not exist there"),
        ("(?x) a b", "the flag `x` (`(?x`) does not exist there"),
        ("(?a)x", "`(?a` does not exist there"),
        ("(?iL)x", "`(?iL` does not exist there"),
        ("(?P<n>a)(?P=n)", "a back-reference (`(?P=`) does not exist there"),
        ("(?i-)x", "no flag stands behind `-`"),
        (r"(a)\1", r"a back-reference (`\1`) does not exist there"),
        ("a++", "`+` repeats a repetition"),
        ("x*+", "`+` repeats a repetition"),
        ("a{2}{3}", "`{3}` repeats a repetition"),
        ("*a", "`*` repeats nothing"),
        ("(|+)", "`+` repeats nothing"),
        (r"a\Z", r"`\Z` does not exist there; write \z for the end of the path"),
        (r"\u0041", r"`\u` does not exist there; write \x{0041} for a character by its number"),
        (r"\N{DIGIT ONE}", r"`\N` does not exist there; write the character itself"),
        (r"\C", r"`\C` does not exist there; there is no single byte"),
        (r"\h", r"`\h` does not exist there; write [\t ]"),
        ("\\é", "`\\é` does not exist there"),
        ("a\\", "a backslash stands at the end"),
        (r"\x{110000}", r"`\x{110000}` is no character"),
        (r"\p{Nonsense}", r"there is no class `\p{Nonsense}`; write one such as \pL or \p{Greek}"),
        ("[[:nope:]]", "there is no class `[:nope:]`"),
        ("[z-a]", "a range of a class ends before it begins"),
        ("[a", "a class is not closed by `]`"),
        ("(a", "a group is not closed"),
        ("a)", "`)` closes no group"),
        ("(?P<n", "the name of a group is letters, digits and underscores, then `>`"),
        ("(?P<n>a)(?<n>b)", "two groups are called n"),
        ("a{1001}", "`{1001}` repeats more than 1000 times, what is in it counted"),
        ("a{99999999999}", "`{99999999999}` repeats more than 1000 times"),
        ("a{3,2}", "`{3,2}` ends before it begins"),
        ("(a{100}){11}", "`{11}` repeats more than 1000 times, what is in it counted"),
        ("(" * 101 + ")" * 101, "its groups are nested more than 100 deep"),
        ("(" * 5000, "its groups are nested more than 100 deep"),
        (f"({'a' * 4000}){{1000}}", "it is too large"),
        ("a" * 8193, "it is longer than 8192 characters"),
    ],
)
def test_what_go_has_not_is_named(expression: str, reason: str) -> None:
    """The reason says which part of it is of another dialect, or what is wrong with it."""
    with pytest.raises(NotInGo) as refused:
        check(expression)

    assert str(refused.value) == reason
