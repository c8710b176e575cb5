"""Host names as identity, and what the star matchers of Access, DNS and ingress cover.

Access: a star stands inside one label (Cloudflare One documentation, "Application paths"). DNS: a
whole first label ``*`` answers at any depth (RFC 4592). Ingress: ``*.`` at the start takes any
depth, everything else is compared as it is (cloudflared 2026.8.2, package ``ingress``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

_BLANKS = " \t\r\n\v\f"


# -- spelling -------------------------------------------------------------------------------


def to_ascii(name: str) -> str:
    """A host name in lower case and punycode, without a trailing dot; idempotent.

    What cannot be encoded comes back in lower case: it is foreign data, or reported elsewhere.
    """
    try:
        return encoded(name)
    except UnicodeError:
        return _bare(name).lower()


def encoded(name: str) -> str:
    """A host name as ``to_ascii`` gives it: UTS 46 mapping, then IDNA 2008, as in browsers.

    Raises:
        UnicodeError: when IDNA 2008 refuses a label; labels in plain ASCII are never refused.
    """
    bare = _bare(name)
    if bare.isascii():
        return bare.lower()
    # Mapping may bring dots and blanks to light: several characters stand for them.
    return _bare(".".join(_label(label) for label in bare.split(".")))


def _bare(name: str) -> str:
    return name.lstrip(_BLANKS).rstrip(_BLANKS + ".")


def _label(label: str) -> str:
    if label.isascii():
        return label.lower()
    # Few files need it, and its tables take their time to load.
    import idna

    parts = idna.uts46_remap(label, std3_rules=False).split(".")
    # The package refuses ASCII such as `a_b`, which is a label of a host name all the same.
    return ".".join(part if part.isascii() else idna.alabel(part).decode() for part in parts)


def ingress_name(written: str) -> str:
    """The `hostname` of a live ingress rule as cloudflared compares it with a request's.

    With a star as written; else in IDNA 2008, or as written where that fails, so that upper case
    beside a star or an underscore, a star before Unicode, and a final dot match nothing. Source:
    cloudflared 2026.8.2, ``ingress/ingress.go`` (``idna.Lookup.ToASCII`` of golang.org/x/net).
    """
    if is_wildcard(written) or (written.isascii() and written == written.lower()):
        return written
    import idna

    try:
        return ".".join(map(_looked_up, idna.uts46_remap(written).split(".")))
    except UnicodeError:
        return written


def _looked_up(label: str) -> str:
    """A mapped label as Go's lookup profile encodes it: symbols, unlike in IDNA 2008, pass."""
    import idna

    is_ascii = label.isascii()
    hyphens = label.startswith("-") or label.endswith("-") or label[2:4] == "--"
    if hyphens and not (is_ascii and label.startswith("xn--")):
        raise UnicodeError(label)
    if is_ascii:
        return label
    idna.check_bidi(label)
    idna.check_initial_combiner(label)
    if any(
        char in "\u200c\u200d" and not idna.valid_contextj(label, place)
        for place, char in enumerate(label)
    ):
        raise UnicodeError(label)
    return "xn--" + label.encode("punycode").decode()


# -- patterns -------------------------------------------------------------------------------


def is_wildcard(pattern: str) -> bool:
    """True for a name with a star in it."""
    return "*" in pattern


@lru_cache(maxsize=65536)
def access_covers(pattern: str, host: str) -> bool:
    """True when an application's host covers the name: a star stands inside one label."""
    if not is_wildcard(pattern):
        return pattern == host
    labels = "[^.]*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(labels, host) is not None


def access_may_cover(pattern: str, served: str) -> bool:
    """True when an application's host may cover a name that an ingress pattern serves.

    Below an ingress star are names of any depth, and every application there may decide for one.
    """
    if served in ("", "*"):
        return True
    if not served.startswith("*."):
        return access_covers(pattern, served)
    tail = served[2:]
    labels = pattern.split(".")
    depth = len(labels) - tail.count(".") - 1
    return depth > 0 and access_covers(".".join(labels[depth:]), tail)


def dns_wildcard(pattern: str, host: str) -> bool:
    """True when a DNS wildcard takes the name in, at any depth; a nearer name hides it."""
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def ingress_matches(pattern: str, host: str) -> bool:
    """True when an ingress rule of this host name serves the name, or all that a star serves."""
    if pattern in ("", "*"):
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else pattern == host


def may_meet(one: str, other: str) -> bool:
    """True when some host name fits both patterns, whichever of the matchers reads them.

    Of two stars only the ends are compared, which is generous: it decides who waits for whom, and
    waiting once too often is harmless.
    """
    one, other = one or "*", other or "*"
    if is_wildcard(one) and is_wildcard(other):
        (head, tail), (head_2, tail_2) = _ends(one), _ends(other)
        heads = head.startswith(head_2) or head_2.startswith(head)
        return heads and (tail.endswith(tail_2) or tail_2.endswith(tail))
    pattern, host = (one, other) if is_wildcard(one) else (other, one)
    # Said first because it is quick: no matcher gets past another end.
    if not host.endswith(pattern.rpartition("*")[2]):
        return False
    return ingress_matches(pattern, host) or access_covers(pattern, host)


def _ends(pattern: str) -> tuple[str, str]:
    return pattern.partition("*")[0], pattern.rpartition("*")[2]


@lru_cache(maxsize=65536)
def specificity(host: str, path: str = "") -> tuple[bool, int, int]:
    """How specific an application's place is, the greater the more: a star says nothing."""
    literal = path.rstrip("/").replace("*", "")
    return not is_wildcard(host), len(host.replace("*", "")), len(literal)


class HostIndex(Generic[T]):
    """Things found by the host names and patterns that they are about."""

    def __init__(self, things: Iterable[tuple[T, Iterable[str]]]) -> None:
        self._named: dict[str, list[T]] = defaultdict(list)
        for thing, names in things:
            for name in names:
                self._named[name].append(thing)
        self._wild = [name for name in self._named if not name or is_wildcard(name)]

    def named(self, names: Iterable[str]) -> Iterator[T]:
        """Everything that is about exactly one of these names or patterns."""
        for name in names:
            yield from self._named.get(name, ())

    def meeting(self, names: Iterable[str]) -> Iterator[T]:
        """Everything that is about a name which meets one of these; repetitions are possible."""
        for name in names:
            yield from self._named.get(name, ())
            known = self._named if not name or is_wildcard(name) else self._wild
            for other in known:
                if other != name and may_meet(other, name):
                    yield from self._named[other]
