"""Blocks of ssh_config that other tools have told people to paste, and what takes their place.

Known are the forms that cloudflared prints (``access ssh-config``, 2026.8.2, with and without
``--short-lived-cert``), and the two blocks with ``cfpipe-`` that stood in Cloudflare's documents
until November 2022. A block with any other line in it is not one of them: somebody has changed it,
and it is left alone and told of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ztctl.ssh.client_reading import LINE

_PROGRAM: Final = (
    r"(?:\"[^\"]*cloudflared(?:\.exe)?\"|'[^']*cloudflared(?:\.exe)?'|\S*cloudflared(?:\.exe)?)"
)
_NAME: Final = r"(?P<name>[A-Za-z0-9*_.-]+)"
_TUNNEL: Final = rf"{_PROGRAM} access ssh --hostname (?:%h|(?P=name))"
_INNER: Final = r"ssh -tt %r@cfpipe-(?:%h|(?P=name)) >&2 <&1'"
# By its first line; then what else is in it, each line once, in any order.
_FORMS: Final = (
    (
        rf"host {_NAME}",
        (rf"proxycommand {_TUNNEL}",),
    ),
    (
        rf"match host {_NAME} exec \"{_PROGRAM} access ssh-gen --hostname (?:%h|(?P=name))\"",
        (
            rf"proxycommand {_TUNNEL}",
            r"identityfile ~/\.cloudflared/(?:%h|(?P=name))-cf_key",
            r"certificatefile ~/\.cloudflared/(?:%h|(?P=name))-cf_key-cert\.pub",
        ),
    ),
    (
        rf"host {_NAME}",
        (rf"proxycommand bash -c '{_PROGRAM} access ssh-gen --hostname %h; {_INNER}",),
    ),
    (
        rf"host cfpipe-{_NAME}",
        (
            r"hostname (?P=name)",
            rf"proxycommand {_TUNNEL}",
            r"identityfile ~/\.cloudflared/(?:%h|(?P=name))-cf_key",
            r"certificatefile ~/\.cloudflared/(?:%h|(?P=name))-cf_key-cert\.pub",
        ),
    ),
)
_BEGIN: Final = re.compile(r"# BEGIN ztctl (\S+)")
_TRACES: Final = re.compile(r"cfpipe-|cloudflared(?:\.exe)?[\"']?\s+access\s+ssh")
_PIPE: Final = "cfpipe-"


def is_of_two_blocks(value: str) -> bool:
    """Whether a value of ssh_config is of the form with two blocks, however it was changed."""
    return _PIPE in value


@dataclass(frozen=True, slots=True)
class OldBlock:
    """A block that something of this package takes the place of, or that looks like one.

    Attributes:
        start: index of its first line.
        end: index behind its last line that is no comment and not blank.
        name: the host that it is for; empty where its form is not known.
    """

    start: int
    end: int
    name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether each of its lines is as some tool has printed it."""
        return bool(self.name)


def old_blocks(lines: Sequence[str], rendered: str = "") -> Iterator[OldBlock]:
    """Find such blocks among the lines of an ssh_config file, in their order.

    Args:
        lines: each may end in its line end.
        rendered: what is to take their place; a part of it that was pasted is known as well.
    """
    pasted = [*_pasted(lines, rendered)]
    for block in (*pasted, *_others(lines)):
        if block in pasted or not any(it.start <= block.start < it.end for it in pasted):
            yield block


def _pasted(lines: Sequence[str], rendered: str) -> Iterator[OldBlock]:
    """What stands between two lines of ours, word for word as it is rendered now."""
    for at, line in enumerate(lines):
        if name := _BEGIN.fullmatch(line.rstrip()):
            ends = [
                it for it in range(at, len(lines)) if lines[it].rstrip() == f"# END ztctl {name[1]}"
            ]
            text = "".join(f"{it.rstrip()}\n" for it in lines[at : ends[0] + 1]) if ends else ""
            if text and text in rendered:
                yield OldBlock(at, ends[0] + 1, name[1])


def _others(lines: Sequence[str]) -> Iterator[OldBlock]:
    starts = [at for at, line in enumerate(lines) if _keyword(line) in ("host", "match")]
    for start, stop in pairwise([*starts, len(lines)]):
        stated = [at for at in range(start, stop) if _is_stated(lines[at])]
        name = _known([lines[at] for at in stated])
        if name or any(_TRACES.search(lines[at]) for at in stated):
            yield OldBlock(start, stated[-1] + 1, name)


def without(lines: Sequence[str], blocks: Sequence[OldBlock]) -> list[str]:
    """The lines that are in none of these blocks."""
    gone = {at for block in blocks for at in range(block.start, block.end)}
    return [line for at, line in enumerate(lines) if at not in gone]


def _is_stated(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _keyword(line: str) -> str:
    found = LINE.fullmatch(line.rstrip("\r\n")) if _is_stated(line) else None
    return found[1].lower() if found else ""


def _known(stated: Sequence[str]) -> str:
    """The host of a block that has a known form; empty where it has none."""
    first, *rest = (_spelled(line) for line in stated)
    for head, body in _FORMS:
        found = re.fullmatch(head, first)
        if found and len(rest) == len(body):
            name = found["name"]
            forms = [form.replace("(?P=name)", re.escape(name)) for form in body]
            if all(
                sum(re.fullmatch(form, line) is not None for line in rest) == 1 for form in forms
            ):
                return name.lower()
    return ""


def _spelled(line: str) -> str:
    """A line in one spelling: the keyword in lower case, single blanks."""
    found = LINE.fullmatch(line.rstrip("\r\n"))
    if found is None:
        return line.strip()
    keyword, rest = found[1].lower(), " ".join(found[2].split())
    if keyword == "match":
        # The words before the command are keywords as well.
        rest = re.sub(r"\Ahost\b", "host", rest, flags=re.IGNORECASE)
    return f"{keyword} {rest}"
