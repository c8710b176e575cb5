"""Selection of a tunnel's ingress rule for a request, and what cloudflared does with it.

Source: cloudflared 2026.8.2 (ingress/rule.go, ingress/ingress.go, ingress/middleware, proxy.go,
carrier.go). The first matching rule serves, a leading `*.` matches any depth, a path is a regular
expression searched in the decoded path. A name without a wildcard is also compared in punycode and
lower case, one with a wildcard only as written. Only the `access` of the rule itself is enforced:
the tunnel-wide `originRequest.access` is inherited but not checked. `required` without a token is
403; with a token of another team the check itself fails, which is 502; with one that is for none of
`audTag`, so for any if the list is empty, 403. `bastionMode` makes any URL a bastion; a bastion
dials the address that the client requests, which must have a port. The default port is 22 for ssh,
3389 rdp, 445 smb, 7864 tcp. Without any rules every request is answered 503.
Unrecorded: that the edge passes host names in lower case.
Not emulated: SOCKS (a `socks-proxy` counts as an origin), ports by service name, the federal
environment; 200 stands for any response of an origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from unicodedata import bidirectional
from urllib.parse import unquote, urlsplit

from ztctl.sandbox.edge.foreign import as_object, as_objects, as_text, as_texts
from ztctl.sandbox.edge.regexes import compiled
from ztctl.sandbox.edge.values import Outcome
from ztctl.sandbox.messages import Object

PORTS = {"ssh": 22, "rdp": 3389, "smb": 445, "tcp": 7864}
HTTP = ("http", "https", "ws", "wss")
TEAMS = ".cloudflareaccess.com"
_STATUS = re.compile(r"http_status:0*[1-9][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Check:
    """Requirements on the Access token, which the connector verifies."""

    team: str
    audiences: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One parsed ingress rule. `service` has the form that cloudflared shows."""

    hosts: frozenset[str]
    suffix: str | None
    path: re.Pattern[str] | None
    service: str
    check: Check | None = None

    def fits(self, host: str, path: str) -> bool:
        """Whether the rule matches a host and a decoded path; a rule without hosts matches all."""
        named = (not self.hosts and self.suffix is None) or host in self.hosts
        if not named and (self.suffix is None or not host.endswith(self.suffix)):
            return False
        return self.path is None or self.path.search(path) is not None


@dataclass(frozen=True, slots=True)
class Served:
    """The result of a request at the connector."""

    outcome: Outcome
    status: int
    reason: str
    service: str | None = None
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Arriving:
    """A request as a connector receives it, with `iss` and `aud` of its Access token."""

    host: str
    path: str
    destination: str | None = None
    issuer: str = ""
    audience: str | None = None


def rules_of(config: Any) -> tuple[Rule, ...]:
    """Parse the rules of a configuration; invalid rules are left out."""
    given = as_object(config)
    return tuple(_rules(as_objects(given.get("ingress")), as_object(given.get("originRequest"))))


def served(rules: tuple[Rule, ...], request: Arriving) -> Served:
    """Simulate a connector with these rules."""
    path = unquote(request.path.partition("?")[0].partition("#")[0])
    rule = next((rule for rule in rules if rule.fits(request.host, path)), None)
    if rule is None:
        return Served("no_service", 503, "the tunnel has no ingress rules", "http_status:503")
    refusal = _refusal(rule.check, request) if rule.check is not None else None
    if refusal is not None:
        return Served("refused", *refusal, service=rule.service)
    return _reached(rule.service, request)


def _refusal(check: Check, request: Arriving) -> tuple[int, str] | None:
    if request.audience is None:
        return 403, "no access token in request"
    if check.team + TEAMS != request.issuer:
        return 502, "the access token is of another team"
    if request.audience not in check.audiences:
        return 403, "the access token is for another application"
    return None


def _reached(service: str, request: Arriving) -> Served:
    if service.startswith("http_status:"):
        status = int(service.removeprefix("http_status:"))
        return Served("no_service", status, "the ingress rule answers by itself", service)
    if service != "bastion":
        return Served("origin", 200, "the ingress rule leads to an origin", service)
    destination = _destination(request.destination or "")
    if destination is None:
        reason = "a bastion needs a destination with a port"
        return Served("bad_gateway", 502, reason, service)
    return Served("origin", 200, "the bastion dials the destination", service, destination)


def _destination(asked: str) -> str | None:
    """The `host:port` that a bastion dials; None without a valid port."""
    try:
        beyond = urlsplit(asked).netloc.rpartition("@")[2]
    except ValueError:
        beyond = ""
    dialled = (beyond or asked).partition("/")[0]
    host, _, port = dialled.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    whole = bool(host) and (bracketed or ":" not in host)
    valid = port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535
    return dialled if whole and valid else None


def _rules(ingress: Iterable[Object], defaults: Object) -> Iterator[Rule]:
    for given in ingress:
        own = as_object(given.get("originRequest"))
        bastion = bool({**defaults, **own}.get("bastionMode"))
        expression = as_text(given.get("path"))
        path = compiled(expression) if expression else None
        if expression and path is None:
            continue
        hosts, suffix = _names(as_text(given.get("hostname")))
        service = _service(as_text(given.get("service")), bastion=bastion)
        if service is not None:
            yield Rule(hosts, suffix, path, service, _check(as_object(own.get("access"))))


def _names(hostname: str) -> tuple[frozenset[str], str | None]:
    if hostname in ("", "*"):
        return frozenset(), None
    if "*" in hostname:
        # IDNA rejects wildcards: compared as written. Only a leading `*.` matches other names.
        return frozenset({hostname}), hostname[1:] if hostname.startswith("*.") else None
    return frozenset({hostname, _looked_up(hostname)}), None


def _looked_up(hostname: str) -> str:
    """A name in punycode, as Go's lookup profile of IDNA 2008 has it, or as written if refused.

    The profile takes symbols and empty labels, which the package refuses.
    """
    import idna

    try:
        labels = idna.uts46_remap(hostname, std3_rules=True).split(".")
        is_bidi = any(bidirectional(char) in ("R", "AL", "AN") for char in hostname)
        for label in filter(None, labels if is_bidi else ()):
            idna.check_bidi(label, check_ltr=True)
        return ".".join(_label(idna, label) for label in labels)
    except UnicodeError:
        return hostname


def _label(idna: Any, label: str) -> str:
    if label.isascii() and label.startswith("xn--"):
        return label
    if label.startswith("-") or label.endswith("-"):
        raise UnicodeError(label)
    idna.check_hyphen_ok(label)
    if label.isascii():
        return label
    idna.check_initial_combiner(label)
    joiners = (place for place, char in enumerate(label) if char in "\u200c\u200d")
    if not all(idna.valid_contextj(label, place) for place in joiners):
        raise UnicodeError(label)
    return "xn--" + label.encode("punycode").decode()


def _check(access: Object) -> Check | None:
    if not access.get("required"):
        return None
    return Check(as_text(access.get("teamName")), frozenset(as_texts(access.get("audTag"))))


def _service(service: str, *, bastion: bool) -> str | None:
    if service.startswith("http_status:"):
        return service if _STATUS.fullmatch(service) else None
    if service.startswith(("unix:", "unix+tls:")) or service == "socks-proxy":
        return service
    if service in ("hello_world", "hello-world"):
        return "hello_world"
    if service == "bastion" or bastion:
        return "bastion"
    try:
        url = urlsplit(service)
        port = "" if url.port or url.scheme not in PORTS else f":{PORTS[url.scheme]}"
    except ValueError:
        return None
    if url.scheme in HTTP:
        return service
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{port}"
