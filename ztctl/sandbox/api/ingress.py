"""Validation of a tunnel configuration.

Source: cloudflared's ingress validation (July 2026): at least one rule, the last one and only the
last one matches everything, no port and at most a leading wildcard in a host name, a path that is a
regular expression, a service in one of the known forms without a path; `access.required` with
audiences needs `teamName`. Cloudflare OpenAPI description, July 2026: members of `originRequest`,
durations in whole seconds. Recorded: 400/1056 "Bad Configuration", in full for no rules and for a
last one that does not match all. Members that nobody describes are stored as they come.
Recorded: `bastionMode`, `proxyAddress`, `proxyPort` and `ipRules` come back, although the
description lacks them.
Go's regexp: a path that cannot be translated is refused (`ztctl.sandbox.edge.regexes`). Go's
net/url: no blank, control character or escape in the address, an IPv6 address in brackets.
"""

from __future__ import annotations

import re
from typing import Any

from ztctl.sandbox.api.addresses import address
from ztctl.sandbox.call import Call
from ztctl.sandbox.edge.regexes import compiled
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, Shape, anything, choice, flag, integer, listing, text
from ztctl.sandbox.messages import Object

_SECONDS = integer(0, 10**9)
_FIXED = re.compile(
    r"http_status:0*[1-9][0-9]{2}|hello[_-]world|bastion|socks-proxy|unix(\+tls)?:.+"
)

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(
    r"""
    [A-Za-z][A-Za-z0-9+.-]* ://
    (?: [A-Za-z0-9._:~!$&'()*+,;=-]* @ )?
    (?P<host> \[ [0-9A-Fa-f:.]+ (?: %25 [A-Za-z0-9._~-]+ )? \]
        | (?: [A-Za-z0-9._~!$&'()*+,;=<>"-] | [^\x00-\x7f] )+ )
    (?: : (?P<port> [0-9]* ) )?
    (?P<path> / [^?#]* )? (?: [?#] .* )?
    """,
    re.VERBOSE,
)


NO_RULES = "Validation failed: The config file doesn't contain any ingress rules\n"
NO_LAST = (
    "Validation failed: The last ingress rule must match all URLs (i.e. it should not have a "
    "hostname or path filter)\n"
)


def bad_configuration(detail: str) -> ApiError:
    """The error for every invalid configuration."""
    return ApiError(400, 1056, f"Bad Configuration: {detail}")


ORIGIN = Shape(
    bad_configuration,
    (
        *(
            Field(name, _SECONDS)
            for name in ("connectTimeout", "tlsTimeout", "tcpKeepAlive", "keepAliveTimeout")
        ),
        Field("keepAliveConnections", _SECONDS),
        *(
            Field(name, flag)
            for name in (
                "noHappyEyeballs",
                "matchSNItoHost",
                "noTLSVerify",
                "disableChunkedEncoding",
                "http2Origin",
            )
        ),
        *(Field(name, text()) for name in ("httpHostHeader", "originServerName", "caPool")),
        Field("proxyType", choice(("", "socks"))),
        Field("bastionMode", flag),
        Field("proxyAddress", text()),
        Field("proxyPort", integer(0, 65535)),
        Field("ipRules", listing(anything)),
        Field("access", anything),
    ),
)
ACCESS = Shape(
    bad_configuration,
    (Field("required", flag), Field("teamName", text()), Field("audTag", listing(text()))),
)
RULE = Shape(
    bad_configuration,
    (
        Field("hostname", text(255)),
        Field("path", text()),
        Field("service", text(empty=False), required=True),
        Field("originRequest", anything),
    ),
)
CONFIG = Shape(
    bad_configuration,
    (
        Field("ingress", listing(anything), required=True),
        Field("originRequest", anything),
        Field("warp-routing", anything),
    ),
)


def checked_configuration(call: Call, given: Any) -> Object:
    """Validate a configuration; raises ApiError 400/1056."""
    config = _read(call, CONFIG, _object(given, "config"), "config.")
    rules = [_rule(call, one, place) for place, one in enumerate(config["ingress"])]
    _check_order(rules)
    config["ingress"] = rules
    if "originRequest" in config:
        config["originRequest"] = _origin(call, config["originRequest"], "config.originRequest")
    if "warp-routing" in config:
        config["warp-routing"] = _object(config["warp-routing"], "warp-routing")
    return config


def _read(call: Call, shape: Shape, given: Object, where: str) -> Object:
    """The validated members, and those that nobody describes: the document is stored whole."""
    return {
        **{name: given[name] for name in shape.unknown(given)},
        **call.read(shape, given, where),
    }


def _rule(call: Call, given: Any, place: int) -> Object:
    where = f"config.ingress[{place}]"
    rule = _read(call, RULE, _object(given, f"rule {place + 1}"), where + ".")
    _check_hostname(rule.get("hostname", ""), place)
    _check_path(rule.get("path", ""), place)
    _check_service(rule["service"], place)
    if "originRequest" in rule:
        rule["originRequest"] = _origin(call, rule["originRequest"], where + ".originRequest")
    return rule


def _origin(call: Call, given: Any, where: str) -> Object:
    origin = _read(call, ORIGIN, _object(given, "originRequest"), where + ".")
    if "access" in origin:
        access = _read(call, ACCESS, _object(origin["access"], "access"), where + ".access.")
        if access.get("required") and access.get("audTag") and not access.get("teamName"):
            raise bad_configuration("access.audTag needs access.teamName")
        origin["access"] = access
    return origin


def _check_order(rules: list[Object]) -> None:
    if not rules:
        raise bad_configuration(NO_RULES)
    if not _catches_all(rules[-1]):
        raise bad_configuration(NO_LAST)
    for place, rule in enumerate(rules[:-1]):
        if _catches_all(rule):
            raise bad_configuration(f"rule {place + 1} matches all URLs, but is not the last one")


def _catches_all(rule: Object) -> bool:
    return rule.get("hostname", "") in ("", "*") and not rule.get("path")


def _check_hostname(name: str, place: int) -> None:
    if ":" in name:
        raise bad_configuration(f"rule {place + 1}: the hostname cannot contain a port")
    if name != "*" and "*" in name.removeprefix("*."):
        raise bad_configuration(f"rule {place + 1}: only a leading *. wildcard is possible")


def _check_path(path: str, place: int) -> None:
    if compiled(path) is None:
        raise bad_configuration(f"rule {place + 1}: the path is no regular expression")


def _check_service(service: str, place: int) -> None:
    if _FIXED.fullmatch(service):
        return
    url = None if _UNPRINTABLE.search(service) else _ADDRESS.fullmatch(service)
    port = int((url["port"] or "1")[:6]) if url else 0
    if url is None or not 0 < port <= 65535 or not _is_host(url["host"]):
        raise bad_configuration(f"rule {place + 1}: the service must have a scheme and a host")
    if url["path"]:
        raise bad_configuration(f"rule {place + 1}: the service cannot have a path")


def _is_host(text: str) -> bool:
    if not text.startswith("["):
        return True
    try:
        return address(text[1:-1].partition("%25")[0]).version == 6
    except ValueError:
        return False


def _object(given: Any, name: str) -> Object:
    if not isinstance(given, dict):
        raise bad_configuration(f"{name} must be an object")
    return given
