"""Fold lists of names: ``web-1 … web-5``, and of more than a few only the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

# Of a longer list of names and ranges only so many are shown.
MOST_NAMED = 6
# Fewer names with consecutive numbers are no range.
_LEAST_RANGE = 3
# A domain that fewer hosts share is written out.
_LEAST_SHARED = 3
# Where a list does not name everything.
FOLDED = re.compile(" … | and [0-9]+ more")
# What stands before and after the last number of a name, and the width of padded numbers.
Series = tuple[str, str, int]
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})(\D*)", re.ASCII)


def shared_domain(hosts: Iterable[str]) -> str:
    """The domain directly below which most of the hosts are; empty where few share one."""
    found = Counter(domain for host in {*hosts} if (domain := _domain(host)))
    domain, count = min(found.items(), key=lambda it: (-it[1], it[0]), default=("", 0))
    return domain if count >= _LEAST_SHARED else ""


def _domain(host: str) -> str:
    first, _, domain = host.partition(".")
    return domain if "." in domain and first and "*" not in first and " " not in host else ""


@dataclass(frozen=True, slots=True)
class Folding:
    """How lists of names are written.

    Attributes:
        domain: what is left out of names directly below it.
        every: nothing is folded.
    """

    domain: str = ""
    every: bool = False

    def short(self, name: str, others: Iterable[str] = ()) -> str:
        """A name without the shared domain, unless another one reads like that."""
        first = name.removesuffix(f".{self.domain}") if self.domain else name
        plain = "." not in first and "*" not in first and first not in others
        return first if plain else name

    def full(self, names: Iterable[str]) -> str:
        """Every name, none shortened, for what nobody may overlook."""
        return ", ".join(sorted(names, key=_natural))

    def folded(self, names: Iterable[str]) -> str:
        """The names in order: ranges, and how many more there are."""
        found = sorted({*names}, key=_natural)
        known = {*found}
        shown = [self.short(name, known) for name in found]
        if self.every:
            return ", ".join(shown)
        items = list(_ranges(shown))
        # "and 1 more" is no shorter than the one.
        most = MOST_NAMED if len(items) > MOST_NAMED + 1 else len(items)
        rest = sum(count for _, count in items[most:])
        text = ", ".join(item for item, _ in items[:most])
        return f"{text} and {rest} more" if rest else text


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorts ``web-9`` before ``web-10``."""
    parts = re.split("([0-9]{1,9})", name)
    return [(int(it), "") if place % 2 else (-1, it) for place, it in enumerate(parts)], name


def _ranges(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Names and ranges of them, each with how many it stands for, in the order of the first."""
    keys = _keys(names)
    numbers: dict[Series, dict[int, str]] = {}
    for name, (series, number) in keys.items():
        numbers.setdefault(series, {})[number] = name
    told: set[str] = set()
    for name in names:
        if name in told:
            continue
        run = _run(numbers[keys[name][0]], keys[name][1]) if name in keys else [name]
        if len(run) < _LEAST_RANGE:
            yield name, 1
        else:
            told |= {*run}
            yield f"{run[0]} … {run[-1]}", len(run)


def _run(known: Mapping[int, str], number: int) -> list[str]:
    """The names with consecutive numbers around one of them."""
    first = last = number
    while first - 1 in known:
        first -= 1
    while last + 1 in known:
        last += 1
    return [known[it] for it in range(first, last + 1)]


def _keys(names: Iterable[str]) -> dict[str, tuple[Series, int]]:
    """The series and the number of each name that holds a number.

    Where a number of a series is padded with zeros, all of its width form a series of their own.
    """
    parts = {name: found.groups() for name in names if (found := _NUMBERED.fullmatch(name))}
    padded = {
        (before, after, len(digits))
        for before, digits, after in parts.values()
        if digits.startswith("0") and digits != "0"
    }
    keys = {}
    for name, (before, digits, after) in parts.items():
        width = len(digits) if (before, after, len(digits)) in padded else 0
        keys[name] = (before, after, width), int(digits)
    return keys
