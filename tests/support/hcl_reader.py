"""Reads what is written in Terraform's language, as far as resources and imports need it.

Written from HashiCorp's HCL native syntax specification; it shares nothing with what writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n\s*)*"""
    r"""(?P<token>"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.\-]*|-?\d+|[{}\[\]=,])""",
    re.ASCII,
)
SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Reference:
    """An expression that is no literal; the text around it, if it stands in a template."""

    to: str
    after: str = ""


def read(text: str) -> list[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """The blocks of a file: type, labels, attributes."""
    tokens = _tokens(text)
    found = []
    while tokens:
        kind, labels = tokens.pop(0), []
        while tokens[0] != "{":
            labels.append(_text(tokens.pop(0)))
        found.append((kind, tuple(labels), _map(tokens)))
    return found


def _tokens(text: str) -> list[str]:
    at, found = 0, []
    while rest := text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            assert all(line.strip().startswith("#") for line in rest.splitlines()), rest[:80]
            break
        found.append(match["token"])
        at = match.end()
    return found


def _map(tokens: list[str]) -> dict[str, Any]:
    assert tokens.pop(0) == "{"
    found: dict[str, Any] = {}
    while tokens[0] != "}":
        name = tokens.pop(0)
        name = str(_text(name)) if name.startswith('"') else name
        assert name not in found, f"{name} is there twice"
        assert tokens.pop(0) == "="
        found[name] = _value(tokens)
    tokens.pop(0)
    return found


def _value(tokens: list[str]) -> Any:
    if tokens[0] == "{":
        return _map(tokens)
    token = tokens.pop(0)
    if token == "[":
        found = []
        while tokens[0] != "]":
            found.append(_value(tokens))
            if tokens[0] == ",":
                tokens.pop(0)
        tokens.pop(0)
        return found
    if token.startswith('"'):
        return _text(token)
    if token in WORDS:
        return WORDS[token]
    return int(token) if token.lstrip("-").isdigit() else Reference(token)


def _text(token: str) -> Any:
    """A quoted text; templates in it are references, of which one may stand at the beginning."""
    inner = token[1:-1]
    template = re.match(r"\$\{([\w.\-]+)\}", inner)
    if template:
        return Reference(template[1], _plain(inner[template.end() :]))
    return _plain(inner)


def _plain(inner: str) -> str:
    found, at = "", 0
    while at < len(inner):
        if inner[at] == "\\":
            escape = inner[at + 1]
            size = {"u": 4, "U": 8}.get(escape, 0)
            found += chr(int(inner[at + 2 : at + 2 + size], 16)) if size else SIMPLE[escape]
            at += 2 + size
        elif inner[at : at + 3] in ("$${", "%%{"):
            found += inner[at + 1 : at + 3]
            at += 3
        else:
            assert inner[at : at + 2] not in ("${", "%{"), f"a template: {inner}"
            found += inner[at]
            at += 1
    return found
