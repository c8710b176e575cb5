"""Host names as identity: punycode, lower case, and which patterns meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_BLANKS = " \t\r\n\v\f"


def to_ascii(name: str) -> str:
    """A host name in lower case and punycode, without a trailing dot; idempotent.

    What cannot be encoded comes back in lower case: it is foreign data, or reported elsewhere.
    """
    bare = _bare(name)
    if bare.isascii():
        return bare
    try:
        # Encoding may bring dots and blanks to light: several characters stand for them.
        return _bare(".".join(_label(label) for label in bare.split(".")))
    except UnicodeError:
        return bare


def _bare(name: str) -> str:
    return name.lstrip(_BLANKS).rstrip(_BLANKS + ".").lower()


def _label(label: str) -> str:
    return label if label.isascii() else label.encode("idna").decode("ascii")


def is_wildcard(pattern: str) -> bool:
    """True for a name with a star in it."""
    return "*" in pattern


def meet(one: str, other: str) -> bool:
    """True when some host name fits both patterns, a star standing for any depth.

    More generous than Access, whose star covers one label: it decides who waits for whom, and
    waiting once too often is harmless.
    """
    if is_wildcard(one) and is_wildcard(other):
        a, b = _suffix(one), _suffix(other)
        return a.endswith(b) or b.endswith(a)
    if is_wildcard(one):
        return other.endswith(_suffix(one))
    if is_wildcard(other):
        return one.endswith(_suffix(other))
    return one == other


def _suffix(pattern: str) -> str:
    return pattern.rpartition("*")[2]


class ByHost(Generic[T]):
    """Things found by the host names and patterns that they are about."""

    def __init__(self, things: Iterable[tuple[T, Iterable[str]]]) -> None:
        self._exact: dict[str, list[T]] = defaultdict(list)
        self._wild: list[tuple[str, T]] = []
        for thing, names in things:
            for name in names:
                if is_wildcard(name):
                    self._wild.append((name, thing))
                else:
                    self._exact[name].append(thing)

    def named(self, names: Iterable[str]) -> Iterator[T]:
        """Everything that is about exactly one of these names or patterns."""
        for name in names:
            yield from self._exact.get(name, ())
            yield from (thing for pattern, thing in self._wild if pattern == name)

    def meeting(self, names: Iterable[str]) -> Iterator[T]:
        """Everything that is about a name which meets one of these; repetitions are possible."""
        for name in names:
            yield from self._exact.get(name, ())
            yield from (thing for pattern, thing in self._wild if meet(pattern, name))
            if is_wildcard(name):
                for exact, things in self._exact.items():
                    if exact != name and meet(name, exact):
                        yield from things
