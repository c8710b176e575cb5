"""Write what an export states as YAML, each scalar so that reading gives the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ztctl.documents.layout_text import WIDTH, inline, means_more, quoted
from ztctl.documents.layout_tree import Part

_INDENT: Final = 2
_WORDS: Final[Mapping[Any, str]] = {True: "true", False: "false", None: "null"}


def scalar_text(value: Any, *, flow: bool = False, key: bool = False) -> str:
    """A scalar on one line; a text is quoted wherever some reader would take it for another."""
    if isinstance(value, bool) or value is None:
        return _WORDS[value]
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("${", "$${")
    if flow and "?" in text:
        # It ends a text in brackets for gopkg.in/yaml.v3, which reads cloudflared's file.
        return quoted(text)
    style = '"' if not text or means_more(text) else ""
    return inline(Part(0, 0, 0, text=text, style=style, source=text or '""'), flow=flow, key=key)


def in_brackets(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        pairs = (
            f"{scalar_text(key, flow=True, key=True)}: {in_brackets(item)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(in_brackets, value))}]"
    return scalar_text(value, flow=True)


def block(fields: Mapping[str, Any], indent: int) -> Iterator[str]:
    """The lines of a mapping below its key."""
    for name, value in fields.items():
        yield from _pair(f"{' ' * indent}{scalar_text(name, key=True)}:", value, indent)


def _pair(head: str, value: Any, indent: int) -> Iterator[str]:
    if not isinstance(value, Mapping | list):
        yield f"{head} {scalar_text(value)}"
        return
    short = in_brackets(value)
    is_plain = not isinstance(value, list) or all(map(_is_reference, value))
    if not value or (is_plain and len(head) + 1 + len(short) <= WIDTH):
        yield f"{head} {short}"
    elif isinstance(value, Mapping):
        yield head
        yield from block(value, indent + _INDENT)
    else:
        yield head
        yield from _items(value, indent + _INDENT)


def _is_reference(item: Any) -> bool:
    """Whether an element is a scalar, or names something live."""
    return not isinstance(item, Mapping) or item.keys() <= {"live", "id"}


def _items(items: Sequence[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for item in items:
        if not isinstance(item, Mapping):
            yield f"{pad}- {scalar_text(item) if not isinstance(item, list) else in_brackets(item)}"
            continue
        first, *rest = block(item, indent + _INDENT)
        short = in_brackets(item)
        if len(item) > 1 and indent + 2 + len(short) <= WIDTH:
            yield f"{pad}- {short}"
        else:
            yield f"{pad}- {first[indent + _INDENT :]}"
            yield from rest


def comment(text: str, indent: int = 0) -> str:
    """A comment of one line; what is not printable is escaped, as nobody would see it."""
    shown = "".join(it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)
    return f"{' ' * indent}# {shown}"
