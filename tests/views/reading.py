"""Reads the compact view of a plan back from its text, knowing nothing of how it is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OBJECT = re.compile(
    r"(?:  (?P<phase>\w+) *| +)(?P<sign>[+~.-]|-/\+) (?P<head>\S.*?)  +(?P<text>\S.*)"
)
_PEOPLE = re.compile(r" {4}(?P<sign>[+~-]) (?P<text>.*)")
_SIGNS = {f"{sign} " for sign in "+~-.!"}
_COUNT = re.compile(r" \((\d+) (?:hosts|places)\)")
_MORE = re.compile(r"(.*) and (\d+) more")


@dataclass
class Names:
    """A list of names: those that can be read, and how many there are in all."""

    shown: set[str] = field(default_factory=set)
    count: int = 0


@dataclass
class Row:
    """One line of objects: how many of what, and the text behind."""

    sign: str
    head: str
    text: str

    @property
    def count(self) -> int:
        """How many objects; 0 for what is not counted."""
        first = self.head.split(" ")[0]
        return int(first) if first.isdigit() else 0


@dataclass
class People:
    """One line of people: who, where, and what changes for them."""

    sign: str
    who: str
    where: Names
    what: str = ""


@dataclass
class Read:
    """What a reader of the compact view knows."""

    objects: list[Row] = field(default_factory=list)
    people: list[People] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closing: str = ""
    flat: str = ""


def read(text: str) -> Read:
    """Read a compact view back, at whatever width it was written."""
    found = Read(flat=" ".join(text.split()))
    domain = ""
    part = "objects"
    for line in _whole(text.splitlines()):
        if match := re.fullmatch(r"Hosts without a dot are below (.*)\.", line):
            domain = match[1]
        elif line.startswith("  Access"):
            part = "people"
        elif line.startswith("Plan: "):
            found.closing = line
        elif not line.startswith(" "):
            continue
        elif part == "people" and (match := _PEOPLE.fullmatch(line)):
            found.people.append(_people(match["sign"], match["text"], domain))
        elif part == "objects" and (match := _OBJECT.fullmatch(line)):
            found.objects.append(Row(match["sign"], match["head"], match["text"]))
    return found


def _whole(lines: list[str]) -> Iterator[str]:
    """The lines before they were broken: what has a sign begins one."""
    whole = ""
    for line in lines:
        begins = not line.startswith("  ") or line == "  Access" or _begins(line)
        if begins or not whole:
            yield from filter(None, [whole])
            whole = line
        else:
            # Names on a line of their own follow people and a colon, or a head of one column.
            people = line.startswith(" " * 26) and whole.endswith(":")
            gap = "  " if people or "  " not in whole[18:] else " "
            whole = f"{whole}{gap}{line.strip()}"
    yield whole


def _begins(line: str) -> bool:
    return bool(re.match(r" {4}\S", line)) or line[16:18] in _SIGNS


def _people(sign: str, text: str, domain: str) -> People:
    who, _, rest = text.partition("  ")
    names, _, what = " ".join(rest.split()).partition(": ")
    return People(sign, who.removesuffix(":"), names_of(names, domain), what)


def names_of(text: str, domain: str) -> Names:
    """Read a list of names back, ranges and counts of more included."""
    count = _COUNT.search(text)
    found = Names()
    items = _COUNT.sub("", text).split(", ")
    more = _MORE.fullmatch(items[-1])
    if more:
        items[-1] = more[1]
    for item in items:
        first, dots, last = item.partition(" … ")
        found.shown |= {*_between(first, last)} if dots else {item}
    # A range of addresses is no host.
    short = {name for name in found.shown if domain and not re.search("[.:/]", name)}
    found.shown = (found.shown - short) | {f"{name}.{domain}" for name in short}
    found.count = int(count[1]) if count else len(found.shown) + int(more[2] if more else 0)
    assert found.count == len(found.shown) + int(more[2] if more else 0)
    return found


def _between(first: str, last: str) -> Iterator[str]:
    start, end = re.fullmatch(r"(.*?)(\d+)(\D*)", first), re.fullmatch(r"(.*?)(\d+)(\D*)", last)
    assert start is not None
    assert end is not None
    assert (start[1], start[3]) == (end[1], end[3])
    width = len(start[2]) if len(start[2]) == len(end[2]) else 0
    for number in range(int(start[2]), int(end[2]) + 1):
        yield f"{start[1]}{number:0{width}}{start[3]}"
