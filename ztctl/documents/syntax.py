"""Explain syntax errors of libyaml, in words for people."""

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

# Messages of libyaml (scanner.c and parser.c of 0.2.5), each with a summary and a hint.
_BY_MESSAGE: Final = {
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
    """Translate a parser error into a problem at the position that has to be corrected."""
    mark = _place(getattr(error, "problem_mark", None)) or _Place(0, 0, 0)
    context = _place(getattr(error, "context_mark", None)) or mark
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    parsed = _YamlError(problem, str(getattr(error, "context", None) or ""), source, mark, context)
    for explain in _EXPLANATIONS:
        found = explain(parsed)
        if found is not None:
            place, (summary, hint) = found
            return Problem(summary, Where(file, place.line + 1, place.column + 1), hint)
    where = Where(file, mark.line + 1, mark.column + 1)
    return Problem(f"this is not YAML: {problem} {parsed.context_text}".rstrip(), where)


class _YamlError(NamedTuple):
    problem: str
    context_text: str
    source: str
    mark: _Place
    context: _Place


_Found = tuple[_Place, tuple[str, str]]


def _place(mark: Any) -> _Place | None:
    return None if mark is None else _Place(mark.index, mark.line, mark.column)


def _variable_in_flow(parsed: _YamlError) -> _Found | None:
    # In flow context `{` ends a plain scalar, so that the parser stops behind the `$`.
    at = parsed.mark.offset
    if at < 1 or parsed.source[at - 1 : at + 1] != "${":
        return None
    return parsed.mark.before(), QUOTE_VARIABLE


def _alias(parsed: _YamlError) -> _Found | None:
    return (parsed.context, QUOTE_STAR) if "an alias" in parsed.context_text else None


def _never_closed(parsed: _YamlError) -> _Found | None:
    # The parser stops at the end of the file; the mistake is where the quote or bracket opens.
    if "end of stream" in parsed.problem and "quoted" in parsed.context_text:
        return parsed.context, ("this quote is never closed", "")
    if "did not find expected ','" in parsed.problem and parsed.mark.offset >= len(parsed.source):
        return parsed.context, ("this bracket is never closed", "")
    return None


def _bad_start(parsed: _YamlError) -> _Found | None:
    if "cannot start any token" not in parsed.problem:
        return None
    character = parsed.source[parsed.mark.offset : parsed.mark.offset + 1]
    if character == "\t":
        return parsed.mark, TABS
    return parsed.mark, (f"a text without quotes cannot begin with {character!r}", _QUOTE)


def _key_without_colon(parsed: _YamlError) -> _Found | None:
    if "could not find expected ':'" not in parsed.problem:
        return None
    return parsed.context, _BY_MESSAGE["could not find expected ':'"]


def _known_message(parsed: _YamlError) -> _Found | None:
    for message, explanation in (*_BY_MESSAGE.items(), *_BY_CONTEXT.items()):
        if message in parsed.problem or message in parsed.context_text:
            return parsed.mark, explanation
    return None


_EXPLANATIONS: Final[tuple[Callable[[_YamlError], _Found | None], ...]] = (
    _variable_in_flow,
    _alias,
    _never_closed,
    _bad_start,
    _key_without_colon,
    _known_message,
)
