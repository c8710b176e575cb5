"""Explain syntax errors of libyaml, in words for people."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

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
_NO_COLON: Final = "could not find expected ':'"
_QUOTE: Final = "quote the text"
_CLOSE: Final = "close the bracket above, or quote the text"
_INDENT: Final = "check the indentation and the quotes of this line and the one before"

# What libyaml says (scanner.c and parser.c of 0.2.5), each with a summary and a hint.
_EXPLANATIONS: Final = {
    "found a tab character": TABS,
    "mapping values are not allowed": (
        "a `key: value` cannot stand here",
        "quote the text if the colon belongs to it; otherwise check the indentation",
    ),
    _NO_COLON: ("this key is not followed by `:`", "write `key: value`"),
    "did not find expected key": ("this fits into no block above it", _INDENT),
    "did not find expected '-' indicator": ("this fits into no list above it", _INDENT),
    "block sequence entries are not allowed": (
        "a list item cannot stand here",
        "put the list on lines of its own below the key",
    ),
    "did not find expected ','": ("a comma or a closing bracket is missing here", _CLOSE),
    "did not find expected node content": ("a value is missing here", _CLOSE),
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
    "while scanning an anchor": ("`&` begins an anchor, and no name follows", _QUOTE),
    "while scanning a tag": ("tags (`!…`) are not used here", _QUOTE),
}
_START: Final[Any] = yaml.Mark("", 0, 0, 0, None, 0)


def explain_error(error: yaml.YAMLError, source: str, file: str) -> Problem:
    """Translate a parser error into a problem at the position that has to be corrected."""
    mark = getattr(error, "problem_mark", None) or _START
    opening = getattr(error, "context_mark", None) or mark
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    context = str(getattr(error, "context", None) or "")
    where = Where(file, mark.line + 1, mark.column + 1)
    opened = Where(file, opening.line + 1, opening.column + 1)
    # In flow context `{` ends a plain scalar, so that the parser stops behind the `$`.
    if source[max(0, mark.index - 1) : mark.index + 1] == "${":
        return _problem(QUOTE_VARIABLE, Where(file, where.line, where.column - 1))
    if "an alias" in context:
        return _problem(QUOTE_STAR, opened)
    # The parser stops at the end of the file; the mistake is where the quote or bracket opens.
    if "end of stream" in problem and "quoted" in context:
        return Problem("this quote is never closed", opened)
    if mark.index >= len(source.rstrip()) and (bracket := _open_bracket(source, file)):
        return Problem("this bracket is never closed", bracket)
    if blank := _odd_indentation(source, mark.line):
        line, column, code = blank
        summary = f"the indentation holds the character U+{code:04X}, which is no space"
        return Problem(summary, Where(file, line, column), "write spaces")
    if "cannot start any token" in problem:
        character = source[mark.index : mark.index + 1]
        bad_start = (f"a text without quotes cannot begin with {character!r}", _QUOTE)
        return _problem(TABS if character == "\t" else bad_start, where)
    for message, explanation in _EXPLANATIONS.items():
        if message in problem or message in context:
            if explanation[1] == _CLOSE and (bracket := _open_bracket(source[: mark.index], file)):
                hint = f"close the bracket that opens at {bracket}, or quote the text if it has one"
                return Problem(explanation[0], where, hint)
            return _problem(explanation, opened if message == _NO_COLON else where)
    return Problem(f"this is not YAML: {problem} {context}".rstrip(), where)


def _open_bracket(source: str, file: str) -> Where | None:
    """Where the innermost bracket opens that is not closed at the end of a text."""
    opened: list[Where] = []
    with suppress(yaml.YAMLError):
        for token in yaml.scan(source, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.FlowMappingStartToken | yaml.FlowSequenceStartToken):
                mark = token.start_mark
                opened.append(Where(file, mark.line + 1, mark.column + 1))
            elif isinstance(token, yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken):
                opened = opened[:-1]
    return opened[-1] if opened else None


def _odd_indentation(source: str, last: int) -> tuple[int, int, int] | None:
    """Line, column and code of a blank that is no space, at the begin of the line or one before."""
    lines = source.split("\n")[max(0, last - 1) : last + 1]
    for number, line in enumerate(lines, start=max(0, last - 1) + 1):
        for column, character in enumerate(line[: len(line) - len(line.lstrip())], start=1):
            if character not in " \t\r":
                return number, column, ord(character)
    return None


def _problem(explanation: tuple[str, str], where: Where) -> Problem:
    summary, hint = explanation
    return Problem(summary, where, hint)
