"""Which ingress rule of a tunnel serves a request, and what its connector does then.

Source: cloudflared 2026.8.2 (ingress/rule.go, ingress/ingress.go, ingress/middleware, proxy.go,
carrier.go). The first rule that fits serves, a leading `*.` fits any depth, a path is a regular
expression found anywhere in the decoded path. A name without a star is compared in punycode and
lower case too, one with a star only as written. `access` counts where the rule itself says it:
the tunnel-wide `originRequest.access` is inherited but never asked for. `required` without a
token is 403; with a token of another team the check itself fails, which is 502; with one that is
for none of `audTag`, so for any if the list is empty, 403. `bastionMode` makes any URL a bastion;
a bastion dials what the client says, which must have a port. A port that is left out is 22 for
ssh, 3389 rdp, 445 smb, 7864 tcp. Without any rules every request is answered 503.
Unrecorded: that the edge hands over host names in lower case.
Not emulated: SOCKS (a `socks-proxy` counts as an origin), ports by service name, the federal
environment; "200" stands for whatever an origin answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from ztctl.sandbox.edge.foreign import table, tables, word, words
from ztctl.sandbox.edge.regexes import compiled
from ztctl.sandbox.edge.values import Outcome
from ztctl.sandbox.messages import Object

PORTS = {"ssh": 22, "rdp": 3389, "smb": 445, "tcp": 7864}
HTTP = ("http", "https", "ws", "wss")
TEAMS = ".cloudflareaccess.com"
_STATUS = re.compile(r"http_status:[1-9][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Check:
    """What the connector asks of the Access token."""

    team: str
    audiences: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One ingress rule, read. `service` is spelt as cloudflared spells it."""

    hosts: frozenset[str]
    suffix: str | None
    path: re.Pattern[str] | None
    service: str
    check: Check | None = None

    def fits(self, host: str, path: str) -> bool:
        """Whether the rule serves a host (none: any) and a decoded path."""
        named = (not self.hosts and self.suffix is None) or host in self.hosts
        if not named and (self.suffix is None or not host.endswith(self.suffix)):
            return False
        return self.path is None or self.path.search(path) is not None


@dataclass(frozen=True, slots=True)
class Served:
    """What the connector does with a request."""

    outcome: Outcome
    status: int
    reason: str
    service: str | None = None
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Arriving:
    """A request as it reaches a connector; `issuer` and `audience` are of its Access token."""

    host: str
    path: str
    destination: str | None = None
    issuer: str = ""
    audience: str | None = None


def rules_of(config: Any) -> tuple[Rule, ...]:
    """The rules of a configuration, if it is one; what cannot be read fits nothing."""
    given = table(config)
    return tuple(_rules(tables(given.get("ingress")), table(given.get("originRequest"))))


def served(rules: tuple[Rule, ...], request: Arriving) -> Served:
    """What the connector with these rules does."""
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
    """What a bastion dials: without scheme and path, with a port; else None."""
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
        own = table(given.get("originRequest"))
        bastion = bool({**defaults, **own}.get("bastionMode"))
        expression = word(given.get("path"))
        path = compiled(expression) if expression else None
        if expression and path is None:
            continue
        hosts, suffix = _names(word(given.get("hostname")))
        service = _service(word(given.get("service")), bastion=bastion)
        if service is not None:
            yield Rule(hosts, suffix, path, service, _check(table(own.get("access"))))


def _names(hostname: str) -> tuple[frozenset[str], str | None]:
    if hostname in ("", "*"):
        return frozenset(), None
    if "*" in hostname:
        # Not a name for IDNA, so it is compared as written; a star elsewhere fits nothing else.
        return frozenset({hostname}), hostname[1:] if hostname.startswith("*.") else None
    import idna

    try:
        return frozenset(
            {hostname, idna.encode(hostname, uts46=True, std3_rules=True).decode()}
        ), None
    except UnicodeError:
        return frozenset({hostname}), None


def _check(access: Object) -> Check | None:
    if not access.get("required"):
        return None
    return Check(word(access.get("teamName")), frozenset(words(access.get("audTag"))))


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
