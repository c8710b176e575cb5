"""Ingress rules of a tunnel: validation and conversion.

Validation follows cloudflared 2026.8.2. What cloudflared accepts and nobody means is odd: a rule
that never matches, or whose service is the public host name itself. Hand-made tunnels hold such
rules, so that the files may state them; a plan makes none that is not live already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ModelWrapValidatorHandler, PrivateAttr, model_validator

from ztctl.core.model import go_regexp
from ztctl.core.model.canonical import Spec, canonical
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.identity import Fields
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import Local, Normalised
from ztctl.core.model.names import (
    has_star_label,
    ingress_name,
    ingress_takers,
    is_wildcard,
    serves_every_name,
    to_ascii,
)
from ztctl.core.model.objects import Wanted
from ztctl.core.model.plan import Action, Change
from ztctl.kinds import origin_request
from ztctl.kinds.carry import Elements
from ztctl.kinds.common import Flag, check_host, encoded_host, invalid, text_of
from ztctl.kinds.origin_request import OriginRequest
from ztctl.kinds.services import spelt

CLOSING = "http_status:404"
_SCHEMES = frozenset({"ssh", "tcp", "rdp", "smb", "http", "https", "ws", "wss"})
_BARE_SERVICES = frozenset({"hello_world", "hello-world", "bastion", "socks-proxy"})
_PREFIXES = ("unix:", "unix+tls:", "http_status:")
# What decides who reaches what in a configuration of the API, and its types.
_ACCESS_TYPES = {
    "": Mapping,
    ".access": Mapping,
    ".access.required": bool,
    ".access.teamName": str,
    ".access.audTag": list,
    ".access.audTag[]": str,
    ".bastionMode": bool,
}
_TYPES: Mapping[str, type] = {
    "": Mapping,
    "ingress": list,
    "ingress[]": Mapping,
    "ingress[].hostname": str,
    "ingress[].path": str,
    "ingress[].service": str,
    **{f"originRequest{at}": type for at, type in _ACCESS_TYPES.items()},
    **{f"ingress[].originRequest{at}": type for at, type in _ACCESS_TYPES.items()},
}
# An address as Go's `net/url` takes it, and no more: what it refuses costs the tunnel its whole new
# configuration (cloudflared 2026.8.2, `url.Parse` in `ingress/ingress.go`).
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[A-Za-z0-9._~:-]+@)?(?P<host>\[[^\[\]]*\]|[^][:/?#@]+)"
    r"(?::(?P<port>[0-9]{0,9}))?(?P<rest>[/?#].*)?"
)
_HOST = re.compile("[a-z0-9_][a-z0-9._-]*")
# A name without a dot, which cloudflared accepts.
_LABEL = re.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NARROW_FIRST = (
    "put the narrower rule first; those of `hosts` stand behind those of `ingress`, so that a "
    "wildcard beside them has to be a host, too"
)
# Control characters, and those that nobody sees.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def check_pattern(value: Any) -> Any:
    """Validate a host name of a rule and convert it to punycode; ``*`` may be the first label.

    Only the file's names are converted: live ones are compared as cloudflared does, which
    converts nothing.

    Raises:
        PydanticCustomError: for a port, any other wildcard, or an invalid host name.
    """
    text = encoded_host(value)
    if text == "*":
        return text
    if ":" in text:
        what = "scheme" if "://" in text else "port"
        raise invalid(value, f"{{value}} carries a {what}", "write the host name alone")
    if is_wildcard(text[1:]):
        # The connector refuses the whole configuration (`errBadWildcard` in `ingress/ingress.go`).
        reason = "{value} never matches: a star may only stand for the whole first label"
        raise invalid(value, reason, "write *.example.com")
    if not _LABEL.fullmatch(text.removeprefix("*")):
        check_host(value if not text.startswith("*") or has_star_label(text) else text[1:])
    return text


def check_service(value: Any) -> Any:
    """Validate a service in one of the forms that cloudflared knows.

    Raises:
        PydanticCustomError: when cloudflared would refuse it.
    """
    text = value if isinstance(value, str) else ""
    if unseen := _CONTROL.search(text):
        reason = "the service {value} holds a control character ({code})"
        raise invalid(value, reason, "take it out", code=f"U+{ord(unseen[0]):04X}")
    if text in _BARE_SERVICES or re.fullmatch(r"unix(\+tls)?:/.+", text):
        return value
    if text.startswith("http_status:"):
        code = re.fullmatch("http_status:([0-9]{3,9})", text)
        if code and 100 <= int(code[1]) <= 999:
            return value
        raise invalid(value, "{value} is no HTTP status", "write http_status:404")
    return _check_url(value, text)


def _check_url(value: Any, text: str) -> Any:
    hint = "write ssh://localhost:22, bastion, http_status:404 or another service with a scheme"
    if "://" not in text:
        raise invalid(value, "the service {value} has no scheme", hint)
    bare = "".join(text.split())
    if bare != text:
        _check_url(value, bare)
        raise invalid(value, "the service {value} holds a blank", f"write {bare}")
    parts = _URL.fullmatch(text)
    if parts is None or not _is_address(parts):
        hint = "write scheme://host:port, the host as a name or an address, such as [2001:db8::1]"
        raise invalid(value, "the service {value} is no address", hint)
    if parts["rest"]:
        reason = "the service {value} has a path, which a tunnel cannot proxy to"
        raise invalid(value, reason, f"write {text.removesuffix(parts['rest'])}")
    return value


def _is_address(parts: re.Match[str]) -> bool:
    host, port = parts["host"], parts["port"]
    if port and not 0 < int(port) <= 65535:
        return False
    if not host.startswith("["):
        return _HOST.fullmatch(encoded_host(host)) is not None
    try:
        # With a zone, as in `fe80::1%eth0`, it would be one of the connector's own host.
        return IPv6Address(host[1:-1]).scope_id is None
    except ValueError:
        return False


def _check_path(value: Any) -> Any:
    reason, hint = "{value} is no regular expression", "write it in quotes, such as '^/api'"
    if not isinstance(value, str):
        raise invalid(value, reason, hint)
    try:
        go_regexp.check(value)
    except go_regexp.NotInGo as error:
        hint = "the connector compiles it with Go's regexp: https://pkg.go.dev/regexp/syntax"
        raise invalid(value, f"{reason} of Go: {{error}}", hint, error=str(error)) from None
    return value


def _as_matched(value: Any) -> Any:
    """The name that the connector compares with a request's; ``*`` is the same as no name."""
    return None if value == "*" else ingress_name(value) if isinstance(value, str) else value


Pattern = Annotated[str | None, BeforeValidator(check_pattern), Normalised(_as_matched)]


class IngressRule(Fields):
    """Which names go to which service. The first rule that fits wins."""

    hostname: Pattern = None
    """A host name, or `*.example.com`, which covers any depth."""
    path: Annotated[str | None, BeforeValidator(_check_path)] = None
    """A regular expression of Go (RE2); an SSH client asks for `/`."""
    service: Annotated[str, BeforeValidator(check_service), Normalised(spelt)]
    """`ssh://host:port`, `bastion`, `http_status:404`, …"""
    origin_request: OriginRequest | None = None
    access: Annotated[Flag | None, Local()] = None
    """Whether the connector itself refuses requests without the Access token."""
    _where: Where | None = PrivateAttr(None)

    @property
    def where(self) -> Where | None:
        """Position of the rule in the file."""
        return self._where

    @model_validator(mode="wrap")
    @classmethod
    def _placed(cls, data: Any, handler: ModelWrapValidatorHandler[IngressRule]) -> IngressRule:
        rule = handler(data)
        texts = data.values() if isinstance(data, Mapping) else ()
        rule._where = next((text.where for text in texts if hasattr(text, "where")), None)
        return rule


def is_no_address(service: str) -> bool:
    """Whether a service is one of those that cloudflared knows by themselves, but for `bastion`."""
    return service in _BARE_SERVICES - {"bastion"} or service.startswith(_PREFIXES)


def is_origin(rule: Mapping[str, Any]) -> bool:
    """Whether the rule leads to an origin: ``http_status`` is answered by the connector itself."""
    return not str(rule.get("service", "")).startswith("http_status")


def closed(rules: Sequence[Any]) -> list[Any]:
    """Append a rule that matches everything else, unless there is one."""
    last = rules[-1] if rules else None
    if isinstance(last, Mapping) and matches_everything(last):
        return list(rules)
    return [*rules, {"service": CLOSING}]


def is_closing(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is the one that is appended."""
    return dict(rule) == {"service": CLOSING}


def to_file(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical rule as a file states it."""
    settings = {"origin_request": origin_request.to_file(rule.get("origin_request"))}
    return {**rule, **{name: it for name, it in settings.items() if it}}


def pattern_of(rule: Mapping[str, Any]) -> str:
    """The host name or pattern that a rule serves; no name is ``*``."""
    return str(rule.get("hostname") or "*")


def names(rules: Any) -> frozenset[str]:
    """Host names and patterns that lead to an origin; ``*`` for a rule without a name."""
    return frozenset(
        pattern_of(rule) for rule in rules or () if isinstance(rule, Mapping) and is_origin(rule)
    )


Mistake = tuple[int, str, str, Code | None]


def mistakes(rules: Sequence[Mapping[str, Any]]) -> Iterator[Mistake]:
    """Yield index, text, hint and of a warning its code, for each mistake in a list of rules."""
    seen: dict[tuple[str, str], int] = {}
    for index, rule in enumerate(rules):
        if index < len(rules) - 1 and matches_everything(rule):
            text = f"rule {index + 1} takes every name, so that the rules behind it never match"
            yield index, text, "put it last, or give it a hostname", None
        yield from _shadowed(index, rule, seen)
        yield from _name_mistakes(index, pattern_of(rule))
        yield from _service_mistakes(index, rule)
        seen.setdefault(_reach(rule), index)


def problems(wanted: Wanted, *, bears_odd: bool) -> Iterator[Problem]:
    """The mistakes in the rules of a tunnel; ``bears_odd``: odd rules are warnings alone."""
    for index, text, hint, code in mistakes(wanted.values["ingress"]):
        where = wanted.local["places"][index] or wanted.where
        summary = f"{wanted.address}: {text}"
        if code is None or (code is Code.ODD_RULE and not bears_odd):
            yield Problem(summary, where, hint)
        else:
            yield warning(code, summary, where, hint)


def new_oddities(change: Change) -> Iterator[str]:
    """What is odd of rules that a change makes, or edits; not of those that are live already."""
    if change.action is Action.DELETE:
        return
    before, after = (it.get("ingress") or () for it in (change.before, change.after))
    known = {_spelling(before[index]) for index, *_ in _oddities(before)}
    for index, text, hint in _oddities(after):
        if _spelling(after[index]) not in known:
            yield f"{text}: {hint}"


def _oddities(rules: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str, str]]:
    for index, text, hint, code in mistakes(rules):
        if code is Code.ODD_RULE:
            yield index, text, hint


def _spelling(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a rule takes, and where to; not how its connections are made."""
    return rule.get("hostname"), rule.get("path"), rule.get("service")


def _reach(rule: Mapping[str, Any]) -> tuple[str, str]:
    """The names and paths that a rule takes."""
    return pattern_of(rule), rule.get("path") or ""


def _shadowed(
    index: int, rule: Mapping[str, Any], seen: Mapping[tuple[str, str], int]
) -> Iterator[Mistake]:
    """The first rule, by what it takes, that takes all of this one; of ``*`` alone it is told."""
    name, path = _reach(rule)
    places = {(host, below) for host in ingress_takers(name) for below in ("", path)}
    places.discard(("*", ""))
    found = [(seen[place], place) for place in places if place in seen]
    if not found:
        return
    first, (host, below) = min(found)
    if (host, below) == (name, path):
        text = f"rule {index + 1} is for the same name as rule {first + 1}, which wins"
        yield index, text, "drop one of them", Code.ODD_RULE
        return
    taken = "every name" if host == "*" else host
    text = f"rule {index + 1} is never reached: rule {first + 1} takes {taken} first"
    yield index, text, _NARROW_FIRST, Code.ODD_RULE


def _name_mistakes(index: int, name: str) -> Iterator[Mistake]:
    if serves_every_name(name):
        return
    if is_wildcard(name) and not has_star_label(name):
        text = f"rule {index + 1} never matches: a star may only stand for the whole first label"
        yield index, f"{text}, not as in {name}", "write *.example.com", Code.ODD_RULE
    elif "." not in name:
        text = f"rule {index + 1} is for {name}, which no record leads to"
        yield index, text, "write a full name such as ssh.example.com", Code.ODD_RULE


def _service_mistakes(index: int, rule: Mapping[str, Any]) -> Iterator[Mistake]:
    service = str(rule.get("service", ""))
    parts = urlsplit(service)
    if parts.hostname and rule.get("hostname") == to_ascii(parts.hostname):
        # Unless its connector has other names than the rest of the world (split DNS).
        text = f"rule {index + 1} sends {rule['hostname']} back to itself"
        yield index, text, "name the host inside, such as ssh://localhost:22", Code.ODD_RULE
    if "://" in service and parts.scheme not in _SCHEMES:
        text = f"rule {index + 1}: {parts.scheme}:// is no known scheme, and becomes raw TCP"
        yield index, text, "write tcp:// when that is meant", Code.RAW_TCP
    if parts.scheme == "ssh" and rule.get("path"):
        text = f"rule {index + 1} has a path, but an SSH client asks for `/`"
        yield index, text, "take the path out", Code.SSH_PATH


def with_own_settings(rules: Iterable[Any], general: Mapping[str, Any]) -> list[Any]:
    """Remove from each rule the settings that it inherits from its tunnel in any case."""
    found = []
    for rule in rules:
        own = origin_request.own_settings(rule.get("origin_request"), general)
        bare = {name: item for name, item in rule.items() if name != "origin_request"}
        found.append({**bare, "origin_request": own} if own else bare)
    return found


def restated(
    rules: Iterable[Any], former: Mapping[str, Any], general: Mapping[str, Any]
) -> list[Any]:
    """The same rules for a tunnel whose settings are others now."""
    found = []
    for rule in rules:
        own = origin_request.restated(rule.get("origin_request"), former, general)
        bare = {name: item for name, item in rule.items() if name != "origin_request"}
        found.append({**bare, "origin_request": own} if own else bare)
    return found


def matches_everything(rule: Mapping[str, Any]) -> bool:
    """Whether a rule takes every request, so that cloudflared accepts it only as the last one."""
    return serves_every_name(rule.get("hostname") or "") and not rule.get("path")


def to_api(rules: Any) -> list[dict[str, Any]]:
    """Convert canonical rules for the API; references must be resolved."""
    return [_rule_to_api(rule) for rule in rules or ()]


def _rule_to_api(rule: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: rule[key] for key in ("hostname", "path", "service") if rule.get(key)}
    return {**made, "originRequest": origin_request.to_api(rule.get("origin_request"))}


def elements(spec: Spec, general: Mapping[str, Any]) -> Elements:
    """How rules are told apart: by host name and path.

    Args:
        spec: the specification of a rule.
        general: the canonical settings of the tunnel, as they are to be. A rule that has one of its
            own is understood in relation to them.
    """

    def understood(rule: Any) -> dict[str, Any]:
        read = [canonical(spec, item) for item in from_api([rule])]
        return next(iter(to_api(with_own_settings(read, general))), {})

    return Elements(understood, lambda rule: (rule.get("hostname"), rule.get("path")))


def without_renewed_checks(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Switch ``access`` off in live rules of which the new version has further audiences.

    Once a new application covers the name, users bring its tokens, and the connector would deny
    them until it has the new configuration.
    """
    audiences = {(rule.get("hostname"), rule.get("path")): _audience(rule) for rule in new}
    found: list[Mapping[str, Any]] = []
    for rule in old:
        place = rule.get("hostname"), rule.get("path")
        mine, next_ = _audience(rule), audiences.get(place)
        if mine and next_ and not next_ <= mine:
            settings = rule.get("origin_request") or {}
            # Without being required the check is none, and what else it holds stays.
            off = {name: it for name, it in settings["access"].items() if name != "required"}
            found.append({**rule, "origin_request": {**settings, "access": off}})
        else:
            found.append(rule)
    return found


def _audience(rule: Mapping[str, Any]) -> frozenset[str]:
    access = (rule.get("origin_request") or {}).get("access") or {}
    tags = access.get("aud_tag") or () if access.get("required") else ()
    return frozenset(map(str, tags))


def unreadable(config: Any) -> str:
    """Which part of a configuration is not of the type that cloudflared expects; empty if all are.

    A connector refuses such a configuration and keeps its former one (cloudflared 2026.8.2,
    `ingress.RemoteConfig`), so that nothing in it says what a tunnel serves. ``None``: there is
    none yet.
    """
    return next(_misfits(config, ""), "") if config is not None else ""


def _misfits(value: Any, at: str) -> Iterator[str]:
    found, is_left_out = _TYPES.get(at), value is None and not at.endswith("[]")
    if found is not None and not is_left_out and not isinstance(value, found):
        yield at or "config"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _misfits(item, f"{at}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for item in value:
            yield from _misfits(item, f"{at}[]")


def from_api(raw: Any) -> list[dict[str, Any]]:
    """Convert the rules of a reply that can be read (``unreadable``)."""
    return [
        {
            **{key: text_of(rule, key) or None for key in ("hostname", "path", "service")},
            "origin_request": origin_request.from_api(rule.get("originRequest")),
        }
        for rule in (raw if isinstance(raw, list) else ())
        if isinstance(rule, Mapping)
    ]
