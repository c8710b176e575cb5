"""Parse one YAML file into nodes, or report what is wrong with it.

Only the events of the C parser are used: libyaml's composer recurses and crashes on a file of open
brackets, and PyYAML's types follow YAML 1.1, in which the country `NO` is false.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import yaml

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.lint import Silence
from ztctl.documents.build import Builder, Stop
from ztctl.documents.comments import silences_in
from ztctl.documents.nodes import Node
from ztctl.documents.streams import read_bounded
from ztctl.documents.syntax import explain_error

MAX_BYTES: Final = 10_000_000

UTF8_BOM: Final = b"\xef\xbb\xbf"
_OTHER_BOMS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# All that YAML 1.2.2 (section 5.1) does not call printable, and libyaml refuses. Two sets, because
# one over all planes takes ten times as long to compile.
_UNPRINTABLE: Final = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|[\ufeff\ufffe\uffff]"
)
_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def read_file(
    path: Path, name: str, problems: list[Problem], silences: list[Silence] | None = None
) -> Node | None:
    """Read a file; its root node, or ``None`` when it cannot be used.

    What is wrong is appended to ``problems``, and what its comments silence to ``silences``. At
    most ``MAX_BYTES`` are read, of a pipe for a minute at most.
    """
    content = content_of(path, name, problems)
    return None if content is None else read_bytes(content, name, problems, silences)


def content_of(path: Path, name: str, problems: list[Problem]) -> bytes | None:
    """Read the bytes of a file; like ``read_file``."""
    try:
        return read_bounded(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        problems.append(Problem(f"cannot read {name}: {reason.lower()}"))
        return None


def read_bytes(
    content: bytes, name: str, problems: list[Problem], silences: list[Silence] | None = None
) -> Node | None:
    """Parse the content of a file; like ``read_file``."""
    builder = Builder(name)
    text = ""
    root: Node | None = None
    try:
        text = _decoded(content, name)
        root = builder.build(yaml.parse(text, Loader=yaml.CSafeLoader))
        if silences is not None:
            silences.extend(silences_in(text, name, _BREAK))
    except Stop as stop:
        builder.problems.append(stop.problem)
    except yaml.YAMLError as error:
        builder.problems.append(explain_error(error, text, name))
    problems.extend(builder.problems)
    return root if builder.usable else None


def _decoded(content: bytes, name: str) -> str:
    start = Where(name, 1, 1)
    if len(content) > MAX_BYTES:
        summary = f"{name} is larger than {MAX_BYTES // 1_000_000} MB"
        raise Stop(Problem(summary, hint="split it, or check that it is the right file"))
    # The mark of UTF-8, which some editors put before the text, says nothing.
    content = content.removeprefix(UTF8_BOM)
    if content.startswith(_OTHER_BOMS):
        raise Stop(Problem("not UTF-8 but UTF-16 or UTF-32", start, "save it as UTF-8"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _end_of(content[: error.start].decode("utf-8"), name)
        summary = f"not UTF-8: byte 0x{content[error.start]:02x}"
        raise Stop(Problem(summary, place, "save the file as UTF-8")) from None
    if match := _UNPRINTABLE.search(text):
        what = "a NUL character" if match[0] == "\0" else f"the character U+{ord(match[0]):04X}"
        hint = 'remove it, or write it as an escape in double quotes, such as "\\x1b"'
        place = _end_of(text[: match.start()], name)
        raise Stop(Problem(f"{what} cannot stand in YAML", place, hint))
    return text


def _end_of(text: str, name: str) -> Where:
    breaks = list(_BREAK.finditer(text))
    start = breaks[-1].end() if breaks else 0
    return Where(name, len(breaks) + 1, len(text) - start + 1)
