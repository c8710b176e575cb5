"""What cloudflared makes of a configuration, by its own rules: an oracle for ours.

Written from cloudflared 2026.8.2 (``ingress/ingress.go``, ``ingress/rule.go``) and Go 1.26
(``net/url``, ``net.SplitHostPort``), and from nothing of this package. Expressions are RE2's, of
which Go's are a translation. Of host names only labels that are listed here are converted, so that
no library for IDNA is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import unquote, urlsplit

import re2

Json = Any
QUIET = re2.Options()
QUIET.log_errors = False

# Labels as Go's lookup profile of IDNA 2008 encodes them; None: it refuses them.
LABELS: Mapping[str, str | None] = {
    "a": "a",
    "ssh": "ssh",
    "SSH": "ssh",
    "Example": "example",
    "example": "example",
    "com": "com",
    "COM": "com",
    "bücher": "xn--bcher-kva",
    "BÜCHER": "xn--bcher-kva",
    "straße": "xn--strae-oqa",
    "strasse": "strasse",
    "日本": "xn--wgv71a",
    "xn--bcher-kva": "xn--bcher-kva",
    "dev-a": "dev-a",
    "_srv": None,
    "_SRV": None,
    "-a": None,
    "ab--c": None,
    "": "",
    "☃": "xn--n3h",
    "I❤": "xn--i-7iq",
    "ａ": "a",
    "a。b": "a.b",
    "a\u200db": None,
    "1a": "1a",
    "1א": None,
    "א1": "xn--1-zhc",
}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_HOST = re.compile(
    r"""(?:[A-Za-z0-9._~!$&'()*+,;=:\[\]<>"-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*"""
)
_ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_PORT = re.compile("(?::[0-9]*)?")


class Refused(ValueError):
    """Why the connector refuses a whole configuration."""


def refusal(config: Json) -> str | None:
    """Why the connector refuses a configuration and keeps its old one; None: it takes it."""
    try:
        _validate(config["ingress"], config.get("originRequest") or {})
    except Refused as why:
        return str(why)
    return None


def answering(rules: Sequence[Json], url: str) -> int:
    """The place of the rule that answers a request for a URL; the last one takes the rest."""
    parts = urlsplit(url)
    host, path = parts.netloc.partition(":")[0], unquote(parts.path)
    found = (place for place, rule in enumerate(rules) if _matches(rule, host, path))
    return next(found, len(rules) - 1)


def _validate(rules: Sequence[Json], general: Json) -> None:
    if not rules:
        raise Refused("no rules")
    for place, rule in enumerate(rules):
        own = rule.get("originRequest") or {}
        _service(rule["service"], bastion={**general, **own}.get("bastionMode", False))
        access = own.get("access") or {}
        if access.get("required") and access.get("audTag") and not access.get("teamName"):
            raise Refused("audiences without a team")
        _hostname(rule.get("hostname", ""))
        if _takes_all(rule) != (place == len(rules) - 1):
            raise Refused("the last rule, and only that, takes everything")
        try:
            re2.compile(rule.get("path", ""), QUIET)
        except re2.error as error:
            raise Refused("the path does not compile") from error


def _takes_all(rule: Json) -> bool:
    return rule.get("hostname", "") in ("", "*") and not rule.get("path")


def _hostname(name: str) -> None:
    if name.count(":") == 1:
        raise Refused("a port in a host name")
    if name.rfind("*") > 0:
        raise Refused("a star that is not first")


def _service(service: str, *, bastion: bool) -> None:
    if service.startswith(("unix:", "unix+tls:")):
        return
    if service.startswith("http_status:"):
        code = service.removeprefix("http_status:")
        if not _INTEGER.fullmatch(code) or not 100 <= int(code[:9]) <= 999:
            raise Refused("no HTTP status")
        return
    if service in ("hello_world", "hello-world", "socks-proxy", "bastion") or bastion:
        return
    _url(service)


def _url(text: str) -> None:
    """``url.Parse``, and what is asked of its result."""
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise Refused("a control character")
    scheme, colon, rest = text.partition("#")[0].partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise Refused("no scheme")
    rest = rest.partition("?")[0]
    if not rest.startswith("//"):
        raise Refused("no host")
    authority, slash, below = rest[2:].partition("/")
    user, _, host = authority.rpartition("@")
    if not _USER.fullmatch(user) or not _ESCAPED.fullmatch(user):
        raise Refused("a wrong user")
    _address(host, scheme.lower())
    if slash or below:
        raise Refused("a path")
    if not _ESCAPED.fullmatch(text.partition("#")[2]):
        raise Refused("a wrong escape")


def _address(host: str, scheme: str) -> None:
    if host.startswith("["):
        inner, bracket, port = host[1:].rpartition("]")
        if not bracket or not _PORT.fullmatch(port) or not _is_ipv6(inner):
            raise Refused("no address in brackets")
        return
    name, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    # Of other schemes lists of hosts with ports are in use (Go issue 78077).
    several = ":" in name and scheme in ("http", "https")
    if not _PORT.fullmatch(colon + port) or several or "[" in name:
        raise Refused("no port")
    if not name or not _HOST.fullmatch(name):
        raise Refused("no host")


def _is_ipv6(text: str) -> bool:
    address, _, zone = text.partition("%25")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return "%" not in address and (bool(zone) or "%25" not in text)


def _matches(rule: Json, host: str, path: str) -> bool:
    expression = rule.get("path")
    if expression and re2.compile(expression, QUIET).search(path) is None:
        return False
    name = rule.get("hostname", "")
    return name in ("", "*") or any(_is_for(one, host) for one in _spellings(name))


def _spellings(name: str) -> Iterator[str]:
    """A name as it is written, and, but for one with a star, in punycode."""
    yield name
    labels = name.split(".")
    encoded = [it for label in labels if (it := LABELS.get(label)) is not None]
    # One label from right to left asks of the others that they begin with a letter and end with
    # one, or a digit (RFC 5893).
    ends = all(it[0].isalpha() and it[-1].isalnum() for it in labels if it)
    if len(encoded) == len(labels) and (ends or "א1" not in labels):
        yield ".".join(encoded)


def _is_for(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.endswith(name[1:]))
