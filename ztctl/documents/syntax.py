"""What the YAML parser says, in words for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import yaml

from ztctl.core.model.diagnostics import Problem, Where

TABS: Final = ("a tab cannot indent YAML", "use spaces")
QUOTE_VARIABLE: Final = (
    "`${…}` without quotes cannot stand inside `{…}` or `[…]`",
    'quote it: "${…}"',
)
QUOTE_STAR: Final = (
    "`*` begins an alias, and this is not the name of one",
    'quote it if a text is meant: "*.example.com"',
)
_QUOTE: Final = "quote the text"
_INDENT: Final = "check the indentation and the quotes of this line and the one before"

# libyaml's wording (scanner.c and parser.c of 0.2.5), ours, and a remedy.
_WORDS: Final = {
    "found a tab character": TABS,
    "mapping values are not allowed": (
        "a `key: value` cannot stand here",
        "quote the text if the colon belongs to it; otherwise check the indentation",
    ),
    "could not find expected ':'": ("this key is not followed by `:`", "write `key: value`"),
    "did not find expected key": ("this fits into no block above it", _INDENT),
    "did not find expected '-' indicator": ("this fits into no list above it", _INDENT),
    "block sequence entries are not allowed": (
        "a list item cannot stand here",
        "put the list on lines of its own below the key",
    ),
    "did not find expected ','": ("a comma or a closing bracket is missing here", _QUOTE),
    "did not find expected node content": ("a value is missing here", _QUOTE),
    "found unknown escape character": (
        "an escape that YAML does not know",
        "a backslash in double quotes begins an escape: use single quotes",
    ),
    "found invalid Unicode character escape code": ("an escape of no Unicode character", ""),
    "did not find expected <document start>": (
        "something stands after the end of the document",
        "put a space after the colon of a quoted key; keep one document in a file",
    ),
    "found incompatible YAML document": ("a YAML version that cannot be read", "remove `%YAML`"),
    "found unknown directive name": ("a line cannot begin with `%`", _QUOTE),
    "found undefined tag handle": ("tags (`!…`) are not used here", _QUOTE),
}
_BY_CONTEXT: Final = {
    "while scanning an anchor": ("`&` begins an anchor, and no name follows", _QUOTE),
    "while scanning a tag": ("tags (`!…`) are not used here", _QUOTE),
}


class _Place(NamedTuple):
    offset: int
    line: int
    column: int

    def before(self) -> _Place:
        return _Place(self.offset - 1, self.line, self.column - 1)


def explain_error(error: yaml.YAMLError, source: str, file: str) -> Problem:
    """The problem that the parser met, at the place where a person has to look."""
    mark = _place(getattr(error, "problem_mark", None)) or _Place(0, 0, 0)
    context = _place(getattr(error, "context_mark", None)) or mark
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    told = _Told(problem, str(getattr(error, "context", None) or ""), source, mark, context)
    for explain in _EXPLANATIONS:
        found = explain(told)
        if found is not None:
            place, (summary, hint) = found
            return Problem(summary, Where(file, place.line + 1, place.column + 1), hint)
    where = Where(file, mark.line + 1, mark.column + 1)
    return Problem(f"this is not YAML: {problem} {told.context_text}".rstrip(), where)


class _Told(NamedTuple):
    problem: str
    context_text: str
    source: str
    mark: _Place
    context: _Place


_Found = tuple[_Place, tuple[str, str]]


def _place(mark: Any) -> _Place | None:
    return None if mark is None else _Place(mark.index, mark.line, mark.column)


def _variable_in_flow(told: _Told) -> _Found | None:
    # Outside quotes `{` ends a plain text in flow context, so the parser stops behind the `$`.
    at = told.mark.offset
    if at < 1 or told.source[at - 1 : at + 1] != "${":
        return None
    return told.mark.before(), QUOTE_VARIABLE


def _alias(told: _Told) -> _Found | None:
    return (told.context, QUOTE_STAR) if "an alias" in told.context_text else None


def _never_closed(told: _Told) -> _Found | None:
    if "end of stream" in told.problem and "quoted" in told.context_text:
        return told.context, ("this quote is never closed", "")
    if "did not find expected ','" in told.problem and told.mark.offset >= len(told.source):
        return told.context, ("this bracket is never closed", "")
    return None


def _bad_start(told: _Told) -> _Found | None:
    if "cannot start any token" not in told.problem:
        return None
    character = told.source[told.mark.offset : told.mark.offset + 1]
    if character == "\t":
        return told.mark, TABS
    return told.mark, (f"a text without quotes cannot begin with {character!r}", _QUOTE)


def _key_without_colon(told: _Told) -> _Found | None:
    if "could not find expected ':'" not in told.problem:
        return None
    return told.context, _WORDS["could not find expected ':'"]


def _known_words(told: _Told) -> _Found | None:
    for words, ours in (*_WORDS.items(), *_BY_CONTEXT.items()):
        if words in told.problem or words in told.context_text:
            return told.mark, ours
    return None


_EXPLANATIONS: Final[tuple[Callable[[_Told], _Found | None], ...]] = (
    _variable_in_flow,
    _alias,
    _never_closed,
    _bad_start,
    _key_without_colon,
    _known_words,
)
