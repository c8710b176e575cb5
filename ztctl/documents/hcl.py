"""Terraform's language, written: blocks with attributes, every text escaped.

Syntax: HashiCorp's HCL native syntax specification (templates, quoted literals).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_INDENT = "  "
# Code points from here on have eight digits.
_LONG = 0x10000
# Halves of characters, which stand for nothing by themselves.
_SURROGATES = (0xD800, 0xDFFF)


class Expression(str):
    """A text that is written as it is: a reference to an attribute of another resource."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block, such as ``resource "TYPE" "NAME" { … }``.

    Attributes:
        labels: what stands in quotation marks behind its type.
        body: attributes in the order in which they are written; blocks within it are last.
        remarks: comments above it, one a line.
    """

    type: str
    labels: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def written(blocks: Sequence[Block]) -> str:
    """The text of a file with these blocks."""
    return "\n".join("".join(f"{line}\n" for line in _block(block)) for block in blocks)


def identifier(text: str) -> str:
    """A name in Terraform that is made of a text: letters, digits, ``_`` and ``-``."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text, flags=re.ASCII).strip("_") or "unnamed"
    return name if _NAME.fullmatch(name) else f"_{name}"


def quoted(text: str) -> str:
    """A text in quotation marks, in which nothing is a template and nothing is invisible."""
    escaped = "".join(_character(char) for char in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _character(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isprintable():
        return char
    if _SURROGATES[0] <= ord(char) <= _SURROGATES[1]:
        return "\\ufffd"
    return f"\\U{ord(char):08x}" if ord(char) >= _LONG else f"\\u{ord(char):04x}"


def _block(block: Block) -> Iterator[str]:
    for remark in block.remarks:
        shown = (it if it.isprintable() else _character(it) for it in " ".join(remark.split()))
        yield f"# {''.join(shown)}"
    yield " ".join([block.type, *map(quoted, block.labels), "{"])
    within = [it for it in block.body.values() if isinstance(it, Block)]
    plain = {name: it for name, it in block.body.items() if not isinstance(it, Block)}
    yield from _attributes(plain, _INDENT)
    for number, inner in enumerate(within):
        yield from [""] if plain or number else []
        yield from (f"{_INDENT}{line}" for line in _block(inner))
    yield "}"


def _attributes(body: Mapping[str, Any], indent: str) -> Iterator[str]:
    """The lines of attributes; those of one line are aligned, as ``terraform fmt`` has it."""
    keys = [name if _NAME.fullmatch(name) else quoted(name) for name in body]
    values = [_value(value, indent) for value in body.values()]
    for short, group in groupby(zip(keys, values, strict=True), lambda it: len(it[1]) == 1):
        lines = [*group]
        width = max(len(key) for key, _ in lines) if short else 0
        for key, (first, *more) in lines:
            yield f"{indent}{key.ljust(width)} = {first}"
            yield from more


def _value(value: Any, indent: str) -> list[str]:
    match value:
        case Expression():
            return [str(value)]
        case bool() | None:
            return [{True: "true", False: "false", None: "null"}[value]]
        case str():
            return [quoted(value)]
        case int() | float():
            return [str(value)]
        case Mapping():
            inner = [*_attributes(value, indent + _INDENT)]
            return ["{", *inner, f"{indent}}}"] if inner else ["{}"]
        case _:
            return _list([*value], indent)


def _list(items: list[Any], indent: str) -> list[str]:
    if not any(isinstance(item, Mapping | list) for item in items):
        return [f"[{', '.join(_value(item, indent)[0] for item in items)}]"]
    lines = ["["]
    for item in items:
        first, *more = _value(item, indent + _INDENT)
        lines += [f"{indent}{_INDENT}{first}", *more]
        lines[-1] += ","
    return [*lines, f"{indent}]"]
