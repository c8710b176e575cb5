"""Canonical host names, and the wildcard matchers of Access, DNS and tunnel ingress.

Access: a wildcard matches inside one label (Cloudflare One documentation, "Application paths").
DNS: a whole first label ``*`` answers at any depth (RFC 4592). Ingress: ``*.`` at the start matches
any depth, everything else is compared literally (cloudflared 2026.8.2, package ``ingress``).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_BLANKS = " \t\r\n\v\f"


# -- canonical form -------------------------------------------------------------------------


def to_ascii(name: str) -> str:
    """A host name in lower case and punycode, without a trailing dot; idempotent.

    A name that cannot be encoded is returned in lower case: files are validated elsewhere, and
    live data must not end a run.
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
    # UTS 46 maps several characters to dots and blanks, which have to be stripped again.
    return _bare(".".join(_label(label) for label in bare.split(".")))


def _bare(name: str) -> str:
    return name.lstrip(_BLANKS).rstrip(_BLANKS + ".")


def _label(label: str) -> str:
    if label.isascii():
        return label.lower()
    # Imported late: few files need it, and its tables load slowly.
    import idna

    parts = idna.uts46_remap(label, std3_rules=False).split(".")
    # The package refuses ASCII labels such as `a_b`, which DNS accepts.
    return ".".join(part if part.isascii() else idna.alabel(part).decode() for part in parts)


def ingress_name(written: str) -> str:
    """The `hostname` of a live ingress rule in the form in which cloudflared matches requests.

    Wildcards stay as written; other names in IDNA 2008, or as written where that fails. So a
    wildcard or a name with an underscore in upper case, a wildcard before Unicode, and a name with
    a final dot match no request. Source:
    cloudflared 2026.8.2, ``ingress/ingress.go`` (``idna.Lookup.ToASCII`` of golang.org/x/net).
    """
    if is_wildcard(written) or (written.isascii() and written == written.lower()):
        return written
    import idna

    try:
        labels = idna.uts46_remap(written).split(".")
        if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in written):
            # One label from right to left binds all of them (RFC 5893, section 1.4).
            for label in filter(None, labels):
                idna.check_bidi(label, check_ltr=True)
        return ".".join(map(_lookup_label, labels))
    except UnicodeError:
        return written


def _lookup_label(label: str) -> str:
    """Encode a mapped label as Go's lookup profile does, which permits symbols, unlike IDNA 2008.

    Raises:
        UnicodeError: when the profile refuses the label.
    """
    import idna

    is_ascii = label.isascii()
    hyphens = label.startswith("-") or label.endswith("-") or label[2:4] == "--"
    if hyphens and not (is_ascii and label.startswith("xn--")):
        raise UnicodeError(label)
    if is_ascii:
        return label
    idna.check_initial_combiner(label)
    if any(
        char in "\u200c\u200d" and not idna.valid_contextj(label, place)
        for place, char in enumerate(label)
    ):
        raise UnicodeError(label)
    return "xn--" + label.encode("punycode").decode()


def spelled_alike(pattern: str) -> str:
    """The name or pattern of a live ingress rule without case and final dot.

    cloudflared compares both as they are written. Whether Cloudflare hands on a name as a visitor
    spells it is not recorded, and a change that compares without case is proposed (cloudflared
    issue 1715, pull request 1716): so what differs only in that may be served.
    """
    return pattern.lower().removesuffix(".")


# -- patterns -------------------------------------------------------------------------------


def is_wildcard(pattern: str) -> bool:
    """True for a name that contains ``*``."""
    return "*" in pattern


def any_other(name: str) -> str:
    """A host name for people; a pattern stands for the names that no other line is about."""
    return f"any other {name}" if is_wildcard(name) else name


def has_star_label(pattern: str) -> bool:
    """True if the whole first of several labels is a star, as DNS and ingress understand one."""
    return pattern.startswith("*.")


def all_below(name: str) -> str:
    """The wildcard of the names below one, at any depth."""
    return f"*.{name}"


def deeper_than_access(pattern: str) -> Iterator[str]:
    """Patterns of the names that only a star that matches dots takes in, as in ssh_config(5)."""
    for place, char in enumerate(pattern):
        if char == "*":
            yield f"{pattern[:place]}*.{pattern[place:]}"


def serves_every_name(hostname: str) -> bool:
    """True for what an ingress rule without a host name of its own may have in its place."""
    return hostname in ("", "*")


def upwards(name: str) -> Iterator[str]:
    """The name and every name above it, nearest first."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))


def is_within(name: str, domain: str) -> bool:
    """True if a name is the domain or lies below it."""
    return name == domain or name.endswith(f".{domain}")


def is_below_first_level(name: str, zone: str) -> bool:
    """True if a name or pattern lies two levels or more below its zone."""
    return "." in name.removesuffix(zone).rstrip(".")


def certificate_covers(pattern: str, name: str) -> bool:
    """True if a name of a certificate covers a host name, or all names that a pattern stands for.

    A star is the whole first label and stands for one level (RFC 6125, section 6.4.3).
    """
    if pattern == name:
        return True
    above = name.partition(".")[2]
    return has_star_label(pattern) and not is_wildcard(name) and pattern == all_below(above)


@lru_cache(maxsize=65536)
def access_covers(pattern: str, host: str) -> bool:
    """True if an application's host pattern covers the name; ``*`` matches inside one label."""
    if not is_wildcard(pattern):
        return pattern == host
    labels = "[^.]*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(labels, host) is not None


def named_or_covering(host: str, known: Iterable[str]) -> str | None:
    """The known name that a name is, else the most specific pattern among them that covers it."""
    found = [it for it in known if it == host or access_covers(it, host)]
    return max(found, key=lambda it: (it == host, specificity(it)), default=None)


def access_may_cover(pattern: str, served: str) -> bool:
    """True if an application's host pattern may cover a name that an ingress pattern serves.

    An ingress wildcard serves names of any depth, so every application below it may decide for one.
    """
    if serves_every_name(served):
        return True
    if not has_star_label(served):
        return access_covers(pattern, served)
    tail = served[2:]
    labels = pattern.split(".")
    depth = len(labels) - tail.count(".") - 1
    return depth > 0 and access_covers(".".join(labels[depth:]), tail)


def dns_wildcard(pattern: str, host: str) -> bool:
    """True if a DNS wildcard matches the name, at any depth; closer names are not considered."""
    return has_star_label(pattern) and host.endswith(pattern[1:])


def closest_below(pattern: str, host: str) -> str:
    """The name between a DNS wildcard and a host it matches that stops it if it exists.

    Source: RFC 4592, section 2.2.1.
    """
    base = pattern.removeprefix("*")
    return host.removesuffix(base).rpartition(".")[2] + base


def ingress_matches(pattern: str, host: str) -> bool:
    """True if an ingress rule with this hostname serves the name, or all of a narrower wildcard."""
    if serves_every_name(pattern):
        return True
    return host.endswith(pattern[1:]) if has_star_label(pattern) else pattern == host


def ingress_takers(pattern: str) -> Iterator[str]:
    """The patterns of ingress rules that serve a name, or all of a pattern: itself, then wider."""
    yield pattern
    for above in upwards(pattern.partition(".")[2]) if "." in pattern else ():
        yield all_below(above)
    yield "*"


def may_meet(one: str, other: str) -> bool:
    """True if some host name may match both patterns, by any of the three matchers.

    Two wildcards are compared by their ends alone, which gives false positives: the result decides
    which step needs which, and a superfluous need is harmless.
    """
    one, other = one or "*", other or "*"
    if is_wildcard(one) and is_wildcard(other):
        (head, tail), (head_2, tail_2) = _ends(one), _ends(other)
        heads = head.startswith(head_2) or head_2.startswith(head)
        return heads and (tail.endswith(tail_2) or tail_2.endswith(tail))
    pattern, host = (one, other) if is_wildcard(one) else (other, one)
    # A cheap test first: every matcher requires the same end.
    if not host.endswith(pattern.rpartition("*")[2]):
        return False
    return ingress_matches(pattern, host) or access_covers(pattern, host)


def _ends(pattern: str) -> tuple[str, str]:
    return pattern.partition("*")[0], pattern.rpartition("*")[2]


@lru_cache(maxsize=65536)
def specificity(host: str, path: str = "") -> tuple[bool, int, int]:
    """Specificity of an application's place, to be compared; wildcard characters do not count."""
    literal = path.rstrip("/").replace("*", "")
    return not is_wildcard(host), len(host.replace("*", "")), len(literal)


class HostIndex(Generic[T]):
    """An index of items by the host names and patterns that belong to them.

    Only patterns are compared one by one, so that looking up an exact name stays fast.
    """

    def __init__(self, items: Iterable[tuple[T, Iterable[str]]]) -> None:
        self._named: dict[str, list[T]] = defaultdict(list)
        for item, names in items:
            for name in names:
                self._named[name].append(item)
        self._wild = [name for name in self._named if not name or is_wildcard(name)]

    def meeting(self, names: Iterable[str]) -> Iterator[T]:
        """The items whose patterns may match the same names as one of these; may repeat items."""
        for name in names:
            yield from self._named.get(name, ())
            known = self._named if not name or is_wildcard(name) else self._wild
            for other in known:
                if other != name and may_meet(other, name):
                    yield from self._named[other]
