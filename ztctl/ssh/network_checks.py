"""Checks of the way from this machine to a host, by what it answers without a login."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from shlex import quote
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

from ztctl.core.model.checkup import Verdict
from ztctl.core.model.guide import Typed
from ztctl.core.model.ssh_check import HostCheck

# What a record that is not proxied resolves to (cloudflared and its users).
_UNROUTED: Final = "fd10:aec2:5dae:"
# By so many seconds a clock may be wrong (section 3.1: certificates begin a minute ago).
_SKEW: Final = 60
_TUNNEL_ERROR: Final = 530


@dataclass(frozen=True, slots=True)
class NetworkSight:
    """What was seen of a host from here.

    Attributes:
        host: its name.
        addresses: what it resolves to; ``None``: not asked.
        dns_error: why it does not resolve; empty: it does.
        tls: what there is of TLS; empty: not tried.
        tls_error: why there is none.
        state: ``closed``: a login answers; ``open``: something else; ``unseen``: nothing.
        status: HTTP status; ``None``: no answer.
        location: where it redirects to.
        reply: the answer in words.
        metadata: header ``cf-access-metadata`` of a second request; ``None``: not asked.
        skew: seconds by which this clock is ahead of the answer's; ``None``: not told.
        aud: audience tag of the application; empty: not known.
        is_public: the files say that it is open.
        typed: how the command was called.
    """

    host: str
    addresses: tuple[str, ...] | None = None
    dns_error: str = ""
    tls: str = ""
    tls_error: str = ""
    state: Literal["closed", "open", "unseen"] = "unseen"
    status: int | None = None
    location: str = ""
    reply: str = ""
    metadata: str | None = None
    skew: float | None = None
    aud: str = ""
    is_public: bool = False
    typed: Typed = field(default_factory=Typed)


def network_checks(seen: NetworkSight) -> Iterator[HostCheck]:
    """Every check of the way, in the order of their ids."""

    def of(
        id_: str, verdict: Verdict, found: str, remedy: str = "", *, opens: bool = False
    ) -> HostCheck:
        return HostCheck(id_, seen.host, verdict, found, remedy, opens)

    if seen.dns_error:
        yield of("N1", Verdict.FAIL, seen.dns_error, "ztctl apply; a negative answer is kept long")
    elif seen.addresses is None:
        yield of("N1", Verdict.SKIP, "not asked from here: a proxy resolves it, or the sandbox")
    elif any(it.lower().startswith(_UNROUTED) for it in seen.addresses):
        text = f"it resolves to {seen.addresses[0]}, which nobody reaches"
        yield of("N1", Verdict.FAIL, text, "proxied: true on its record")
    else:
        yield of("N1", Verdict.PASS, ", ".join(seen.addresses[:2]))
    if seen.tls_error:
        remedy = "a name one level below the zone, or a certificate for it"
        yield of("N2", Verdict.FAIL, seen.tls_error, remedy)
    elif seen.tls:
        yield of("N2", Verdict.PASS, seen.tls)
    else:
        yield of("N2", Verdict.SKIP, "no handshake was tried from here")
    yield _login(seen, of("N3", Verdict.SKIP, ""))
    yield _audience(seen, of("N4", Verdict.SKIP, ""))
    if seen.skew is None:
        yield of("N5", Verdict.SKIP, "the answer tells no time")
    elif abs(seen.skew) > _SKEW:
        text = f"this clock is {abs(seen.skew):.0f} s {'ahead' if seen.skew > 0 else 'behind'}"
        yield of("N5", Verdict.FAIL, text, "set it by NTP: certificates last minutes")
    else:
        yield of("N5", Verdict.PASS, f"within {_SKEW} s of Cloudflare's")
    if seen.status == _TUNNEL_ERROR:
        text = "status 530: no connector runs (1033), or the tunnel is gone (1016)"
        yield of("N6", Verdict.FAIL, text, seen.typed.command(f"ssh guide {quote(seen.host)}"))
    elif seen.status is None:
        yield of("N6", Verdict.SKIP, "nothing answered")
    elif seen.state != "open":
        yield of("N6", Verdict.SKIP, "a login is asked for before the tunnel is")
    else:
        yield of("N6", Verdict.PASS, "no error of the tunnel")


def _login(seen: NetworkSight, base: HostCheck) -> HostCheck:
    def of(verdict: Verdict, found: str, remedy: str = "", *, opens: bool = False) -> HostCheck:
        return HostCheck(base.id, base.host, verdict, found, remedy, opens)

    if seen.state == "unseen":
        return of(Verdict.SKIP, seen.reply or "nothing answered")
    if seen.state == "open":
        text = f"it answers without a login: {seen.reply}"
        if seen.is_public:
            return of(Verdict.PASS, f"{text}, as the files say")
        return of(Verdict.FAIL, text, f"ztctl who {seen.host}", opens=True)
    if seen.metadata == "":
        text = "a login answers, and says nothing to cloudflared (cf-access-metadata)"
        return of(Verdict.WARN, text, "see whether a proxy on the way takes headers out")
    return of(Verdict.PASS, "it asks for a login")


def _audience(seen: NetworkSight, base: HostCheck) -> HostCheck:
    def of(verdict: Verdict, found: str, remedy: str = "") -> HostCheck:
        return HostCheck(base.id, base.host, verdict, found, remedy)

    told = {it for it in (_kid(seen.location), _aud(seen.metadata or "")) if it}
    if not told:
        return of(Verdict.SKIP, "the answer names no application")
    if not seen.aud:
        return of(
            Verdict.SKIP, f"the login is of {sorted(told)[0][:12]}…; what it should be is not"
        )
    if told != {seen.aud}:
        text = f"another application answers: {', '.join(sorted(it[:12] for it in told))}…"
        return of(Verdict.FAIL, text, "was it made anew? wait a minute, and look at ztctl who")
    return of(Verdict.PASS, f"{seen.aud[:12]}…, the application of the files")


def _kid(location: str) -> str:
    try:
        return next(iter(parse_qs(urlsplit(location).query).get("kid", ())), "")
    except ValueError:
        return ""


def _aud(token: str) -> str:
    """The audience of a JWT, whose signature is not looked at."""
    parts = token[:8192].split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return ""
    found = claims.get("aud") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""
