"""Ingress rules in the form of the API: what cloudflared refuses in them, and what it should.

Source: cloudflared 2026.8.2, ``ingress/ingress.go`` (``validateIngress``, ``validateHostname``),
and Go 1.26, ``net/url``. What cloudflared takes is taken here, strange as it may be: the rules are
those of a file that a connector runs by. ztctl's own files are held to more (``kinds/ingress.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any, Final

from ztctl.core.model import go_regexp
from ztctl.core.model.names import (
    has_star_label,
    ingress_name,
    ingress_takers,
    is_wildcard,
    serves_every_name,
)

# A rule's number from 0, the key that it is about (empty: the rule), what is wrong, what to do.
Fault = tuple[int, str, str, str]
Rule = Mapping[str, Any]

_BARE: Final = frozenset({"bastion", "hello_world", "hello-world", "socks-proxy"})
_KNOWN: Final = frozenset({"ssh", "tcp", "rdp", "smb", "http", "https", "ws", "wss"})
_STATUS: Final = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_USER: Final = re.compile(r"(?:[A-Za-z0-9._:~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})*", re.ASCII)
# Go takes escapes in a host for bytes of UTF-8 alone, and for the percent sign.
_HOST: Final = re.compile(
    r"""(?:[A-Za-z0-9._~!$&'()*+,;=:<>"-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])+"""
)
_PORT: Final = re.compile("(?::[0-9]*)?", re.ASCII)
_ESCAPED: Final = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_SERVICE_HINT: Final = "write ssh://localhost:22, bastion, http_status:404 or another scheme://host"
_STAR_HINT: Final = "a star stands for the whole first label, such as *.example.com"


def refused(rules: Sequence[Rule], general: Rule) -> Iterator[Fault]:
    """All for which cloudflared refuses a list of rules, and with it the whole file.

    Args:
        rules: members of ``ingress``.
        general: the ``originRequest`` of the tunnel.
    """
    for index, rule in enumerate(rules):
        number = f"rule {index + 1}"
        yield from ((index, *it) for it in _refused_name(number, str(rule.get("hostname", ""))))
        last = index == len(rules) - 1
        if last and not takes_everything(rule):
            text = f"{number} is the last one, and does not take every request"
            yield index, "", text, "end the list with `- service: http_status:404`"
        if not last and takes_everything(rule):
            text = f"{number} takes every request, so that the rules behind it are never reached"
            yield index, "", text, "put it last, or give it a hostname"
        fault = "" if is_bastion(rule, general) else service_fault(str(rule.get("service", "")))
        if fault:
            yield index, "service", f"{number}: {fault}", _SERVICE_HINT
        try:
            go_regexp.check(str(rule.get("path", "")))
        except go_regexp.NotInGo as error:
            text = f"{number}: the path is no regular expression of Go: {error}"
            yield index, "path", text, "write one such as '^/api'"
        access = _of(rule, "originRequest").get("access") or {}
        if access.get("required") and access.get("audTag") and not access.get("teamName"):
            text = f"{number}: `access` lists audiences (`audTag`) and names no team"
            yield index, "originRequest", text, "write `teamName:` beside them"


def doubtful(rules: Sequence[Rule], general: Rule) -> Iterator[Fault]:
    """What cloudflared takes in a list of rules, and does not do what it looks like."""
    seen: dict[tuple[str, str], int] = {}
    for index, rule in enumerate(rules):
        number, service = f"rule {index + 1}", str(rule.get("service", ""))
        name, path = str(rule.get("hostname") or "*"), str(rule.get("path") or "")
        scheme, colon, rest = service.partition("://")
        if is_wildcard(name) and not serves_every_name(name) and not has_star_label(name):
            yield index, "hostname", f"{number}: {name!r} never matches any name", _STAR_HINT
        for place in _takers(name, path):
            if place in seen and place != ("*", ""):
                text = f"{number} is never reached: rule {seen[place] + 1} takes its names first"
                yield index, "hostname", text, "put the narrower rule first, or drop one"
                break
        seen.setdefault((ingress_name(name), path), index)
        if is_bastion(rule, general):
            if not (_of(rule, "originRequest").get("access") or {}).get("required"):
                text = (
                    f"{number} is a bastion and does not check the Access token: without an "
                    "application for its name anybody reaches whatever the connector reaches"
                )
                yield index, "service", text, "add `originRequest.access`, or lead to one host"
            continue
        if not colon:
            continue
        if scheme.lower() not in _KNOWN:
            text = f"{number}: {scheme}:// is no known scheme, and becomes raw TCP"
            yield index, "service", text, "write tcp:// when that is meant"
        if scheme.lower() == "ssh" and path:
            text = f"{number} has a path, but an SSH client asks for `/`"
            yield index, "path", text, "take the path out"
        host = rest.rpartition("@")[2].partition(":")[0].lower()
        if host and host == ingress_name(name):
            text = f"{number} sends {name} back to itself"
            yield index, "service", text, "name the host inside, such as ssh://localhost:22"


def _takers(name: str, path: str) -> Iterator[tuple[str, str]]:
    for host in ingress_takers(ingress_name(name)):
        yield host, ""
        yield host, path


def is_bastion(rule: Rule, general: Rule) -> bool:
    """Whether the client names the destination, whatever the service looks like."""
    service = str(rule.get("service", ""))
    if service == "bastion":
        return True
    if service in _BARE or service.startswith(("unix:", "unix+tls:", "http_status:")):
        return False
    own = _of(rule, "originRequest").get("bastionMode")
    return bool(general.get("bastionMode") if own is None else own)


def takes_everything(rule: Rule) -> bool:
    """Whether a rule is for every name and path, so that it has to be the last one."""
    return serves_every_name(str(rule.get("hostname") or "")) and not rule.get("path")


def _of(rule: Rule, key: str) -> Rule:
    found = rule.get(key)
    return found if isinstance(found, Mapping) else {}


def _refused_name(number: str, name: str) -> Iterator[tuple[str, str, str]]:
    # What `net.SplitHostPort` splits: one colon, or brackets around all before the last one.
    if name.count(":") == 1 or re.fullmatch(r"\[[^\[\]]*\]:[^:]*", name):
        yield "hostname", f"{number}: the hostname {name!r} has a port", "write the name alone"
    if name.rfind("*") > 0:
        yield "hostname", f"{number}: the hostname {name!r} has a star inside", _STAR_HINT


def service_fault(service: str) -> str:
    """Why cloudflared refuses a service; empty if it takes it."""
    if service in _BARE or service.startswith(("unix:", "unix+tls:")):
        return ""
    if service.startswith("http_status:"):
        code = service.removeprefix("http_status:")
        is_one = _STATUS.fullmatch(code) and 100 <= int(code) <= 999
        return "" if is_one else f"{service!r} is no HTTP status of 100 to 999"
    if not service:
        return "it has no service"
    scheme, colon, rest = service.partition("#")[0].partition("?")[0].partition("://")
    if not colon or not _SCHEME.fullmatch(scheme):
        return f"the service {service!r} has no scheme"
    authority, slash, _ = rest.partition("/")
    user, _, host = authority.rpartition("@")
    fine = _USER.fullmatch(user) and _ESCAPED.fullmatch(service.partition("#")[2])
    if re.search(r"[\x00-\x1f\x7f]", service) or not fine or not _is_host(host, scheme.lower()):
        return f"the service {service!r} is no address"
    return f"the service {service!r} has a path, which a tunnel cannot proxy to" if slash else ""


def _is_host(host: str, scheme: str) -> bool:
    if host.startswith("["):
        inner, bracket, port = host[1:].rpartition("]")
        address, _, zone = inner.partition("%25")
        try:
            IPv6Address(address)
        except ValueError:
            return False
        whole = "%" not in address and (bool(zone) or "%25" not in inner)
        return bool(bracket) and whole and _PORT.fullmatch(port) is not None
    name, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    # Go takes several colons but in HTTP (Go issue 78077).
    several = ":" in name and scheme in ("http", "https")
    return not several and bool(_PORT.fullmatch(colon + port) and _HOST.fullmatch(name))
