"""What the parser says, in words for people."""

from __future__ import annotations

import pytest

from ztctl.core.model.diagnostics import Problem
from ztctl.documents.reader import read_bytes


def told(text: str) -> tuple[str, str]:
    """The only problem of a file: place and words, and the hint."""
    found: list[Problem] = []
    read_bytes(text.encode(), "f.yaml", found)
    (problem,) = found
    return f"{problem.where}: {problem.summary}", problem.hint


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: {b: ${env.X}, c: d}\n", "1:8"),
        ("a: [x, ${var.b}]\n", "1:8"),
        ("a: {\n  ${env.X}: b}\n", "2:3"),
        ("a: {b: pre-${env.X:-y}}\n", "1:12"),
    ],
)
def test_a_variable_in_flow_wants_quotes(text: str, place: str) -> None:
    """The parser's riddle about commas becomes the advice to quote, at the variable."""
    found = told(text)

    summary = "`${…}` without quotes cannot stand inside `{…}` or `[…]`"
    assert (f"f.yaml:{place}: {summary}", 'quote it: "${…}"') == found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hosts:\n  *.example.com: {}\n", "2:3"),
        ("hostname: *.example.com\n", "1:11"),
        ("- *\n", "1:3"),
        ("{*.a: b}\n", "1:2"),
        ("a: *wild.example.com\n", "1:4"),
    ],
)
def test_a_wildcard_wants_quotes(text: str, place: str) -> None:
    """A star that begins a host name is told from an alias."""
    found = told(text)

    summary = "`*` begins an alias, and this is not the name of one"
    hint = 'quote it if a text is meant: "*.example.com"'
    assert (f"f.yaml:{place}: {summary}", hint) == found


def test_a_blank_that_is_no_space_is_named() -> None:
    """Nobody sees a no-break space: its line is the one that has to be corrected."""
    place, hint = told("a:\n\u00a0\u00a0b: 1\n  c: [x]\n")

    assert place == "f.yaml:2:1: the indentation holds the character U+00A0, which is no space"
    assert hint == "write spaces"


@pytest.mark.parametrize(
    ("text", "opened"),
    [("p: {a: [b]\nt: {c: d}\n", "f.yaml:1:4"), ("x:\n  y: [a\n  z: b\n", "f.yaml:2:6")],
)
def test_an_open_bracket_is_to_be_closed(text: str, opened: str) -> None:
    """The parser stops lines later: the hint names the bracket."""
    assert told(text)[1].startswith(f"close the bracket that opens at {opened}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: @b\n", "1:4: a text without quotes cannot begin with '@'"),
        ("a: `b`\n", "1:4: a text without quotes cannot begin with '`'"),
        ("a: b: c\n", "1:5: a `key: value` cannot stand here"),
        ("key\nother: 1\n", "2:6: a `key: value` cannot stand here"),
        ("a:\n   b: 1\n  c: 2\n", "3:3: this fits into no block above it"),
        ("- a\nb: c\n", "2:1: this fits into no list above it"),
        ("a: 'x' y\n", "1:8: this fits into no block above it"),
        ("a: 'x\nb: c\n", "1:4: this quote is never closed"),
        ("a: [1,\n  2\n", "1:4: this bracket is never closed"),
        ("p:\n  x: {\n", "2:6: this bracket is never closed"),
        ("p: {x: [1], y: {\n# end\n", "1:16: this bracket is never closed"),
        ("a: [1, b: {c]\n", "1:13: a comma or a closing bracket is missing here"),
        ("a: ]\n", "1:4: a value is missing here"),
        ('a: "\\d"\n', "1:5: an escape that YAML does not know"),
        ('a: "\\ud800"\n', "1:7: an escape of no Unicode character"),
        ("a: & b\n", "1:5: `&` begins an anchor, and no name follows"),
        ("a: - b\n", "1:4: a list item cannot stand here"),
        ("'a':b\n", "1:4: something stands after the end of the document"),
        ("%YAML 3.0\n---\na: b\n", "1:1: a YAML version that cannot be read"),
        ("a:\n  b\n\n  c\nd\n", "5:1: this key is not followed by `:`"),
    ],
)
def test_parser_errors_are_told_in_plain_words(text: str, expected: str) -> None:
    """A mistake is named at the place where a person has to look."""
    place, _ = told(text)

    assert f"f.yaml:{expected}" == place


def test_an_unforeseen_error_is_told_as_it_is() -> None:
    """What the parser says is passed on when there are no better words."""
    place, _ = told("a: |3x\n  b\n")

    assert place.startswith("f.yaml:1:6: this is not YAML: did not find expected comment")
