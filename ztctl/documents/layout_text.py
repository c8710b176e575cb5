"""How a scalar is written: without quotes where every reader of YAML takes it for one text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import yaml
from yaml import events as ev

from ztctl.documents.layout_tree import Part

WIDTH: Final = 100
# Plain at any place. Only a short cut: what does not match is tried.
_SAFE: Final = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_@./-]*(?::[A-Za-z0-9_@./-]+)*")
# Numbers of YAML 1.2 (core schema) and booleans of YAML 1.1 that PyYAML does not know.
_TYPED: Final = re.compile(
    r"[yYnN]|0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def inline(part: Part, *, flow: bool = False, key: bool = False) -> str:
    """A scalar or an alias on one line, with its anchor.

    Args:
        part: what is written.
        flow: it stands in brackets.
        key: it is a key.
    """
    if part.style == "*":
        return f"*{part.text} " if key else f"*{part.text}"
    text = _written(part, flow=flow, key=key)
    return f"&{part.anchor} {text}".rstrip() if part.anchor else text


def _written(part: Part, *, flow: bool, key: bool) -> str:
    text = part.text
    if part.is_missing:
        return "null" if flow else ""
    if not part.style and "${" in text:
        # In quotes it would always be a text.
        return text
    if part.style and (means_more(text) or not text):
        return quoted(text)
    return text if is_plain(text, flow=flow, key=key) else quoted(text)


def means_more(text: str) -> bool:
    """Whether the text without quotes is, or could be, no text to some reader.

    A variable is one: what replaces it is typed as the scalar is.
    """
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    known = (*resolvers.get(text[:1], ()), *resolvers.get(None, ()))
    return (
        "${" in text
        or _TYPED.fullmatch(text) is not None
        or any(pattern.match(text) for _, pattern in known)
    )


@lru_cache(maxsize=1 << 14)
def is_plain(text: str, *, flow: bool, key: bool) -> bool:
    """Whether a text can stand without quotes; the parser is asked."""
    if _SAFE.fullmatch(text):
        return True
    if not text.isprintable() or text != text.strip():
        return False
    places = [f"[{text}, {text}]"] if flow else [f"- {text}\n- {text}\n"]
    if key:
        places.append(f"{{{text}: {text}}}" if flow else f"{text}: {text}\n")
    return all(_scalars(place) == [text, text] for place in places)


def _scalars(source: str) -> list[str] | None:
    """The plain scalars of a text that holds two; of any other, and what is not YAML, nothing."""
    try:
        found = list(yaml.parse(source, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return None
    scalars = [event for event in found if isinstance(event, ev.ScalarEvent)]
    as_meant = len(found) == len(scalars) + 6 and not any(
        event.style or event.anchor or event.tag for event in scalars
    )
    return [event.value for event in scalars] if as_meant else None


def quoted(text: str) -> str:
    """A text in double quotes; in single ones where those save escapes."""
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def as_lines(part: Part, indent: int, head: int) -> list[str] | None:
    """A scalar of several lines: its header, and the lines below; ``None`` if one line is for it.

    Args:
        part: a scalar.
        indent: of the lines below.
        head: characters before it on its line.
    """
    block = _block(part, indent, head)
    if block is None:
        return None
    header, lines = block
    if not _reads_as(part.text, [f"- {header}", *("  " + line if line else "" for line in lines)]):
        return None
    anchor = f"&{part.anchor} " if part.anchor else ""
    return [anchor + header, *(" " * indent + line if line else "" for line in lines)]


def _block(part: Part, indent: int, head: int) -> tuple[str, list[str]] | None:
    """The header of a block and its lines, which may not say the same."""
    text = part.text
    if part.style in ("|", ">") and text.strip() and _shows(text):
        lines = _folded(part) if part.style == ">" else text.rstrip("\n").split("\n")
        first = next((line for line in lines if line), "")
        deeper = "2" if first[:1] in (" ", "\t") else ""
        # Blank lines at the end that count are left to quotes: one behind the block would, too.
        return part.style + deeper + ("" if text.endswith("\n") else "-"), lines
    words = text.split(" ")
    wraps = "\n" in part.source and text.isprintable() and all(words) and not means_more(text)
    if wraps and part.style not in ("|", ">") and head + len(inline(part)) > WIDTH:
        return ">-", _wrapped(words, WIDTH - indent)
    return None


def _shows(text: str) -> bool:
    return all(line.replace("\t", "").isprintable() for line in text.split("\n"))


def _folded(part: Part) -> list[str]:
    """The lines of a folded block as they are folded, without their indentation."""
    lines = part.source.rstrip(" \n").split("\n")[1:]
    lead = _lead(lines) - _lead(part.text.split("\n"))
    return [line[max(0, lead) :] for line in lines]


def _lead(lines: list[str]) -> int:
    first = next((line for line in lines if line.strip(" ")), "")
    return len(first) - len(first.lstrip(" "))


def _wrapped(words: list[str], width: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _reads_as(text: str, lines: list[str]) -> bool:
    try:
        found = list(yaml.parse("\n".join(lines) + "\n", Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return False
    return [event.value for event in found if isinstance(event, ev.ScalarEvent)] == [text]
