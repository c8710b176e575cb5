"""The accept file of an audit: names that may be open, why, until when, and what was seen of them.

Read with the position of everything that is wrong; written to be edited by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from ztctl.core.model.diagnostics import Problem, Problems, Where
from ztctl.core.model.names import to_ascii
from ztctl.core.reach.acceptance import Acceptance, Seen
from ztctl.documents.files import read_sources
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode
from ztctl.documents.suggest import did_you_mean

_TOP: Final = ("version", "accept")
# Of more places of one mistake only so many are named.
_MOST_LINES: Final = 3
_SEEN: Final = ("tunnel", "service", "cover")
_KEYS: Final = ("host", "reason", "until", *_SEEN)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MADE: Final = "`ztctl audit --write-accept FILE` writes it"
_HEAD: Final = """\
# Names that may be open, for `ztctl audit --accept`. Each wants a reason, and the last day on which
# it may be so. A name counts as open again once its tunnel, service or cover is another than here.
version: 1
accept:
"""


def read_accepted(path: Path) -> tuple[Acceptance, ...]:
    """Read an accept file.

    Raises:
        Problems: everything that is wrong with it.
    """
    problems: list[Problem] = []
    found: list[Acceptance] = []
    sources = read_sources([path], problems)
    if len(sources) > 1:
        problems.append(Problem(f"{path} holds several files", hint="name one of them"))
    for source in sources:
        if source.root is not None:
            found += _accepted(source.root, problems)
    if problems:
        raise Problems(_folded(problems))
    return tuple(found)


def _folded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems in the order of the file; equal ones are one, with the lines of the others."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for it in sorted(problems, key=lambda it: it.where or Where("", 0, 0)):
        alike.setdefault((it.summary, it.hint), []).append(it)
    for first, *others in alike.values():
        lines = [str(it.where.line) for it in others if it.where is not None]
        named, left = lines[:_MOST_LINES], len(lines) - _MOST_LINES
        more = f" and {left} more" if left > 0 else ""
        word = "line" if len(lines) == 1 else "lines"
        told = f", and so it is in {word} {', '.join(named)}{more}" if lines else ""
        yield replace(first, summary=f"{first.summary}{told}")


def _accepted(root: MappingNode, problems: list[Problem]) -> Iterator[Acceptance]:
    _only(root, _TOP, problems)
    version = root.value("version")
    if version is None or version != "1":
        problems.append(Problem("the accept file must say `version: 1`", root.where))
    listed = root.value("accept")
    if listed is not None and not isinstance(listed, SequenceNode):
        text = "`accept` must be a list of names"
        problems.append(Problem(text, listed.where, f"each begins with `- host:`; {_MADE}"))
        return
    first: dict[str, Where] = {}
    for item in listed.items if listed is not None else ():
        accepted = _entry(item, problems)
        if accepted is not None and accepted.host in first:
            text = f"{accepted.host} is accepted twice"
            hint = f"it stands first at {first[accepted.host]}"
            problems.append(Problem(text, accepted.where, hint))
        elif accepted is not None:
            first[accepted.host] = accepted.where or root.where
            yield accepted


def _entry(item: Node, problems: list[Problem]) -> Acceptance | None:
    if not isinstance(item, MappingNode):
        text = "an accepted name must be a mapping with a `host`"
        problems.append(Problem(text, item.where, _MADE))
        return None
    count = len(problems)
    _only(item, _KEYS, problems)
    host = to_ascii(_text(item, "host", "write the name as the audit has it", problems))
    why = _text(item, "reason", "write why it may be open", problems)
    until = _text(item, "until", "write the last day, such as 2027-02-28", problems)
    if until and not _is_day(until):
        place = _where(item, "until")
        text = f"`until` is no day: {until!r}"
        problems.append(Problem(text, place, "write the last day, such as 2027-02-28"))
    tunnel, service, cover = (_texts(item, key, problems) for key in _SEEN)
    if len(problems) > count:
        return None
    return Acceptance(host, why, until, Seen(tunnel, service, cover), _where(item, "host"))


def _text(item: MappingNode, key: str, hint: str, problems: list[Problem]) -> str:
    pair = item.entries.get(key)
    value = pair[1] if pair is not None else None
    if isinstance(value, Scalar) and not value.is_null and value.strip():
        return str(value).strip()
    if value is None:
        what, place = "is missing", item.where
    elif isinstance(value, Scalar):
        what, place = "is empty", value.where
    else:
        what, place = "must be a text", _where(item, key)
    problems.append(Problem(f"`{key}` {what}", place, hint))
    return ""


def _texts(item: MappingNode, key: str, problems: list[Problem]) -> tuple[str, ...]:
    """A text or a list of them; what was seen of a name is always stated, if only as empty."""
    pair = item.entries.get(key)
    value = pair[1] if pair is not None else None
    listed = value.items if isinstance(value, SequenceNode) else (value,)
    if value is None or not all(isinstance(it, Scalar) for it in listed):
        text = f"`{key}` must be what the audit saw: a list of texts"
        problems.append(Problem(text, _where(item, key), _MADE))
        return ()
    return tuple(str(it) for it in listed if it)


def _where(item: MappingNode, key: str) -> Where:
    pair = item.entries.get(key)
    return pair[0].where if pair is not None else item.where


def _only(node: MappingNode, known: Iterable[str], problems: list[Problem]) -> None:
    for name, (key, _) in node.entries.items():
        if name not in known:
            text = f"`{name}` is not known here"
            problems.append(Problem(text, key.where, did_you_mean(name, known)))


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


# -- writing --------------------------------------------------------------------------------


def accept_text(accepted: Iterable[Acceptance]) -> str:
    """Write names as the text of an accept file; an empty reason is for somebody to fill in."""
    return _HEAD + ("".join(map(_entry_text, accepted)) or "  []\n")


def _entry_text(it: Acceptance) -> str:
    seen = "".join(f"    {name}: {_list(getattr(it.seen, name))}\n" for name in _SEEN)
    reason = f" {_quoted(it.reason)}" if it.reason else ""
    return f"  - host: {_quoted(it.host)}\n    reason:{reason}\n    until: {it.until}\n{seen}"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """A text in double quotes, in which only what prints stands as it is (YAML 1.2, 7.3.1)."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if "\ud800" <= char <= "\udfff":
        return "?"  # no character, so that no file can hold it
    return char if char.isprintable() else f"\\U{ord(char):08x}"
