"""Texts of any content inside YAML that is written by hand: readable where they can be."""

from __future__ import annotations

from textwrap import indent


def literal(text: str, spaces: int) -> str:
    """A value of a mapping, as a block that shows the text as it is, or else in quotes.

    Args:
        text: any text.
        spaces: how far the lines of the block are indented.

    Returns:
        What stands behind the colon and its blank, without a line end.
    """
    plain = all(it in "\t\n" or it.isprintable() for it in text)
    if not plain or not text.strip() or text[0] in " \t\n":
        return quoted(text)
    body = text.rstrip("\n")
    chomping = {0: "-", 1: ""}.get(len(text) - len(body), "+")
    lines = indent(text.removesuffix("\n"), " " * spaces, lambda line: line != "\n")
    return f"|{chomping}\n{lines}"


def quoted(text: str) -> str:
    """The text in double quotes, of printable ASCII alone."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\' or not " " <= character <= "~":
        return f"\\U{ord(character):08x}"
    return character
