"""Lines of a log: cut to a bounded length, cleared of colours, and told apart by who wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Final, NamedTuple

from ztctl.core.model.ssh_log import LogKind
from ztctl.ssh.log_causes import SSHD, LogRule
from ztctl.ssh.log_rules import ACCESS, CONNECTOR, SSH

# No line of sshd or cloudflared that means anything is longer.
LONGEST: Final = 4096
_CHUNK: Final = 1 << 16
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
# As syslog, journalctl and `sshd -E` (which has no tag) write it; from 9.8 on `sshd-session`.
_TAG: Final = re.compile(r".{0,200}?\bsshd(?:-session|-auth)?\[(\d{1,10})\]: ")
_CONNECTOR: Final = re.compile(
    r"(?:.{0,200}?\bcloudflared(?:\[\d{1,10}\])?: )?"
    r"(?:\d{4}-\d\d-\d\dT\S{1,40} (?:DBG|INF|WRN|ERR|FTL|PNC) |\{.{0,200}\"level\":\")"
)
_OF_SSHD: Final = (
    *("Server listening on ", "Connection from ", "Accepted ", "Failed publickey for "),
    *("Connection closed by ", "Postponed publickey ", "Disconnected from ", "Invalid user "),
)
_OF_SSH: Final = ("OpenSSH_", "debug1: Connecting ", "debug1: Authenticating ", "debug1: Offering ")
# So many lines are looked at before those without a tag are said to be somebody's.
_SNIFFED: Final = 1000


class LogLine(NamedTuple):
    """A line of a log.

    Attributes:
        number: counted from one.
        text: as it was written, colours and what is too long left out.
        message: the text without time, host and tag.
        process: the process id of the tag; empty: there is none.
    """

    number: int
    text: str
    message: str
    process: str
    kind: LogKind | None


def bounded_lines(stream: IO[bytes]) -> Iterator[str]:
    """The lines of a file, each cut to ``LONGEST`` characters; the rest of it is passed over."""
    kept = b""
    while chunk := stream.read(_CHUNK):
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            yield _text(kept + piece[:LONGEST])
            kept = b""
        kept = (kept + rest[:LONGEST])[:LONGEST]
    if kept:
        yield _text(kept)


def _text(line: bytes) -> str:
    text = line[:LONGEST].decode("utf-8", "replace").rstrip("\r")
    return _COLOUR.sub("", text) if "\x1b" in text else text


def log_lines(texts: Iterable[str]) -> Iterator[LogLine]:
    """Tell lines apart; those without a tag are taken for what most of the first ones are."""
    waiting: list[LogLine] = []
    untagged: LogKind | None = None
    numbered = (_line(number, text) for number, text in enumerate(texts, 1))
    for line in numbered:
        waiting.append(line)
        if len(waiting) == _SNIFFED:
            break
    untagged = _most(waiting)
    for line in waiting:
        yield _of(line, untagged)
    for line in numbered:
        yield _of(line, untagged)


def _line(number: int, text: str) -> LogLine:
    if "sshd" in text and (tag := _TAG.match(text)):
        return LogLine(number, text, text[tag.end() :], tag[1], LogKind.SSHD)
    if (":" in text) and _CONNECTOR.match(text):
        return LogLine(number, text, text, "", LogKind.CLOUDFLARED)
    return LogLine(number, text, text, "", None)


def _of(line: LogLine, untagged: LogKind | None) -> LogLine:
    if line.kind is not None or untagged is None:
        return line
    return LogLine(line.number, line.text, line.message, "", untagged)


def _most(lines: Iterable[LogLine]) -> LogKind | None:
    count = dict.fromkeys((LogKind.SSH, LogKind.SSHD, LogKind.CLOUDFLARED), 0)
    for line in lines:
        if line.kind is None and line.text:
            for kind, starts, rules in (
                (LogKind.SSH, _OF_SSH, (*SSH, *ACCESS)),
                (LogKind.SSHD, _OF_SSHD, SSHD),
                (LogKind.CLOUDFLARED, (), CONNECTOR),
            ):
                if line.text.startswith(starts or ("\0",)) or _known(line.text, rules):
                    count[kind] += 1
                    break
    best = max(count, key=lambda kind: count[kind])
    return best if count[best] else None


def _known(text: str, rules: Iterable[LogRule]) -> bool:
    return any(rule.cause(text) is not None for rule in rules)
