"""Checks of one host by what the account has of it.

Sources: Cloudflare One documentation and the API reference (states and settings), issues of
cloudflared (binding cookie, two-level names), runs of its 2026.8.2 (what each fault looks like).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import Final

from ztctl.core.model.certificates import uncovered
from ztctl.core.model.checkup import Verdict
from ztctl.core.model.facts import Fact
from ztctl.core.model.globs import glob_matches
from ztctl.core.model.guide import Typed
from ztctl.core.model.objects import Live
from ztctl.core.model.ssh_check import HostCheck
from ztctl.core.reach.audit import AuditedName, Finding
from ztctl.core.reach.audit_rules import AuditCode, Risk
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.stack import SshHost

_TUNNEL: Final = ".cfargotunnel.com"
_LOOPBACK: Final = re.compile(r"ssh://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?")
_VERSION: Final = re.compile(r"(\d{4})\.(\d{1,2})\.")
# Cloudflare supports a version of cloudflared for a year (documentation).
_MONTHS: Final = 12
_OF_COVER: Final = frozenset(
    {
        *(AuditCode.NO_COVER, AuditCode.LOCAL_TUNNEL, AuditCode.UNREAD_TUNNEL),
        *(AuditCode.UNREAD_ZONE, AuditCode.ZONE_APPLICATION),
    }
)
_WEAK: Final = frozenset(
    {
        *(AuditCode.ANY_LOGIN, AuditCode.BYPASS_NETWORK, AuditCode.ANY_SERVICE_TOKEN),
        AuditCode.OPTIONS_UNASKED,
    }
)
_OF_TERMINAL: Final = ("allow", "deny")
_BY_APPLY: Final = "ztctl apply makes the rule"
_NOT_READ: Final = "the token may not read it, or the account has none"


@dataclass(frozen=True, slots=True)
class CloudSight:
    """What the account has of a host.

    Attributes:
        host: what the files say.
        named: what an audit says of it.
        zone: its active zone; empty: there is none.
        waiting: what is wrong with its zone that is not active, and what to do; empty: none is.
        certificates: those of zones, of which a deep name may need one.
        settings: values of the zone's settings; what was not read is not in it.
        guard: the application that decides for the whole host.
        ca: the CA of that application.
        records: A, AAAA and CNAME records on the name, or else on the pattern that it is one of.
        tunnel: the tunnel to which the record leads.
        connectors: by id the version of cloudflared; ``None``: not read.
        routes: patterns of the zone's Worker routes; ``None``: not read.
        organization: the account's Zero Trust organisation; ``None``: not read.
        month: year and month of now.
        typed: how the command was called.
    """

    host: SshHost
    named: AuditedName
    zone: str = ""
    waiting: tuple[str, str] = ("", "")
    certificates: Sequence[Fact] = ()
    settings: Mapping[str, str] | None = None
    guard: Live | None = None
    ca: Live | None = None
    records: Sequence[Live] = ()
    tunnel: Live | None = None
    connectors: Mapping[str, str] | None = None
    routes: Sequence[str] | None = None
    organization: Live | None = None
    month: tuple[int, int] = (0, 0)
    typed: Typed = field(default_factory=Typed)


def cloud_checks(seen: CloudSight) -> Iterator[HostCheck]:
    """Every check of the account, in the order of their ids."""
    yield from _HostCloud(seen).all()


class _HostCloud:
    def __init__(self, seen: CloudSight) -> None:
        self._seen = seen
        self._found = {it.code: it for it in seen.named.findings}

    def all(self) -> Iterator[HostCheck]:
        """The checks."""
        yield self._zone()
        yield self._setting("D2", "websockets", "SSH comes through Cloudflare as a WebSocket")
        yield self._setting("D3", "ssl", "without TLS nothing is proxied")
        yield self._application()
        yield self._policies()
        yield self._ca()
        yield self._cookie()
        yield self._depth()
        yield self._record()
        yield self._tunnel()
        yield self._rule()
        yield self._workers()
        yield from self._organization()
        yield self._replicas()
        yield self._terminal()

    def _of(
        self, id_: str, verdict: Verdict, found: str, remedy: str = "", *, opens: bool = False
    ) -> HostCheck:
        return HostCheck(id_, self._seen.host.name, verdict, found, remedy, opens)

    def _zone(self) -> HostCheck:
        if self._seen.zone:
            return self._of("D1", Verdict.PASS, f"{self._seen.zone} is active")
        state, remedy = self._seen.waiting
        if state:
            return self._of("D1", Verdict.FAIL, f"its zone is {state}", remedy)
        text = f"{self._seen.host.name} lies in no active zone that the token sees"
        return self._of("D1", Verdict.FAIL, text, "set the zone's name servers at its registrar")

    def _setting(self, id_: str, name: str, why: str) -> HostCheck:
        value = (self._seen.settings or {}).get(name)
        if value is None:
            return self._of(id_, Verdict.SKIP, _NOT_READ)
        if value == "off":
            remedy = f"switch it on: dashboard, {self._seen.zone}, "
            place = "Network" if name == "websockets" else "SSL/TLS"
            return self._of(id_, Verdict.FAIL, f"{name} is off: {why}", f"{remedy}{place}")
        return self._of(id_, Verdict.PASS, f"{name} is {value}")

    def _application(self) -> HostCheck:
        for code, finding in self._found.items():
            if code in _OF_COVER:
                return self._finding("D4", finding)
        guard = self._seen.guard
        if guard is None:
            return self._of("D4", Verdict.FAIL, "no application decides for it", "ztctl plan")
        type_ = guard.values.get("type")
        if type_ not in ("self_hosted", "ssh"):
            text = f"{guard.name} is of the type {type_}, and signs nothing for SSH"
            return self._of("D4", Verdict.FAIL, text, "declare an application for it")
        return self._of("D4", Verdict.PASS, f"{guard.name} decides")

    def _finding(self, id_: str, finding: Finding) -> HostCheck:
        opens = finding.risk in (Risk.OPEN, Risk.UNSEEN)
        verdict = {Risk.OPEN: Verdict.FAIL, Risk.UNSEEN: Verdict.SKIP}.get(
            finding.risk, Verdict.WARN
        )
        text = f"{finding.rule.title}: {'; '.join(finding.reasons)}"
        return self._of(id_, verdict, text, finding.rule.remedy, opens=opens)

    def _policies(self) -> HostCheck:
        others = [it for code, it in self._found.items() if code not in _OF_COVER]
        worst = [it for it in others if it.risk is not Risk.WEAK]
        weak = [it for it in others if it.code in _WEAK]
        if worst or weak:
            return self._finding("D5", (worst or weak)[0])
        guard = self._seen.guard
        if guard is None:
            return self._of("D5", Verdict.SKIP, "there is no application")
        rulings = [it for guard in self._seen.named.reach.guards for it in guard.policies]
        if not any(it.decision == "allow" for it in rulings):
            text = "nobody may enter: no policy of it allows anybody"
            return self._of("D5", Verdict.FAIL, text, f"ztctl who {self._seen.host.name}")
        names = dict.fromkeys(it.name for it in rulings)
        verb = "decides" if len(names) == 1 else "decide"
        return self._of("D5", Verdict.PASS, f"{', '.join(names)} {verb} who enters")

    def _ca(self) -> HostCheck:
        if self._seen.ca is not None:
            key = str(self._seen.ca.attribute("public_key") or "")
            return self._of("D6", Verdict.PASS, fingerprint(key) or "it has one")
        if self._seen.host.ca_key is None:
            return self._of("D6", Verdict.SKIP, "people log in by keys of their own")
        text = "the application has no CA, so that no certificate can be signed"
        return self._of("D6", Verdict.FAIL, text, "ztctl apply makes it")

    def _cookie(self) -> HostCheck:
        if self._seen.guard is None:
            return self._of("D7", Verdict.SKIP, "there is no application")
        if self._seen.guard.values.get("enable_binding_cookie"):
            text = "it is on, and cloudflared does not send it: logins end in a bad handshake"
            return self._of("D7", Verdict.FAIL, text, "enable_binding_cookie: false, the default")
        return self._of("D7", Verdict.PASS, "it is off")

    def _depth(self) -> HostCheck:
        if not self._seen.zone:
            return self._of("D8", Verdict.SKIP, "there is no zone")
        found = uncovered(self._seen.host.name, self._seen.zone, self._seen.certificates)
        if found:
            remedy = (
                "a name one level below, or a certificate for it: N2 tells whether there is one"
            )
            return self._of("D8", Verdict.WARN, found, remedy)
        return self._of("D8", Verdict.PASS, "a certificate of the zone covers it")

    def _record(self) -> HostCheck:
        records = self._seen.records
        if not records:
            return self._of("D9", Verdict.FAIL, "there is no record", "ztctl apply makes it")
        if len(records) > 1:
            text = f"{len(records)} records are on the name: {', '.join(map(_kind, records))}"
            return self._of("D9", Verdict.FAIL, text, "one CNAME to the tunnel")
        (record,) = records
        content = str(record.raw.get("content") or "").lower()
        if _kind(record) != "CNAME" or not content.endswith(_TUNNEL):
            text = f"a record of the type {_kind(record)} leads to {content}, which is no tunnel"
            return self._of("D9", Verdict.FAIL, text, "ztctl plan shows what it should be")
        if not record.raw.get("proxied"):
            text = "it is not proxied, and leads to an address that nobody reaches"
            return self._of("D9", Verdict.FAIL, text, "proxied: true, the default")
        if self._seen.tunnel is None:
            text = f"it leads to {content}, which is no tunnel of this account"
            return self._of("D9", Verdict.FAIL, text, "ztctl apply leads it to the tunnel")
        return self._of("D9", Verdict.PASS, f"a proxied CNAME to {self._seen.tunnel.name}")

    def _tunnel(self) -> HostCheck:
        tunnel = self._seen.tunnel
        if tunnel is None:
            return self._of("D10", Verdict.SKIP, "no tunnel was found")
        status = str(tunnel.attribute("status") or "")
        guide = self._seen.typed.command(f"ssh guide {quote(self._seen.host.name)}")
        start = f"start cloudflared: {guide}"
        if status in ("down", "inactive"):
            text = f"{tunnel.name} is {status}: no connector runs"
            return self._of("D10", Verdict.FAIL, text, start)
        if status == "degraded":
            text = f"{tunnel.name} is degraded: not all connections of a connector stand"
            return self._of("D10", Verdict.WARN, text, "see the connector's log: ssh explain")
        old = {it for it in (self._seen.connectors or {}).values() if self._is_old(it)}
        if old:
            text = f"{tunnel.name} is {status}, with cloudflared {', '.join(sorted(old))}"
            return self._of("D10", Verdict.WARN, text, "versions older than a year: update it")
        if status != "healthy":
            return self._of("D10", Verdict.SKIP, f"its status is {status or 'not told'}")
        versions = ", ".join(sorted(set((self._seen.connectors or {}).values()) - {""}))
        return self._of("D10", Verdict.PASS, f"{tunnel.name} is healthy {versions}".strip())

    def _is_old(self, version: str) -> bool:
        found = _VERSION.match(version)
        if found is None or self._seen.month == (0, 0):
            return False
        year, month = self._seen.month
        return (year - int(found[1])) * 12 + month - int(found[2]) > _MONTHS

    def _rule(self) -> HostCheck:
        services, tunnel = self._seen.named.reach.services, self._seen.tunnel
        # By a copy that is trusted, where its rules are in a file on a server.
        copies = [it.file for it in self._seen.named.reach.copies]
        told = f" (by {', '.join(copies)}, a copy)" if copies else ""
        makes = "ztctl tunnel files writes the server's file" if copies else _BY_APPLY
        if not services and not copies and tunnel is not None and not tunnel.is_whole:
            text = "what the tunnel serves is not known: its file is on its server, or was not read"
            return self._of("D11", Verdict.SKIP, text, "a copy of the file tells it: --local")
        if not services:
            text = f"no rule of the tunnel serves it: requests end in its closing 404{told}"
            return self._of("D11", Verdict.FAIL, text, makes)
        first = services[0]
        if not (first.service == "bastion" or first.service.startswith(("ssh://", "tcp://"))):
            text = f"it leads to {first.service}, which is no SSH"
            return self._of("D11", Verdict.FAIL, text, "service: ssh://HOST:22")
        if first.path:
            text = f"the rule is for the path {first.path}, and clients ask for /"
            return self._of("D11", Verdict.FAIL, text, "take the path out")
        if self._seen.host.service and first.service != self._seen.host.service:
            text = f"it leads to {first.service}{told}; the files say {self._seen.host.service}"
            remedy = makes if copies else "ztctl plan shows the difference"
            return self._of("D11", Verdict.WARN, text, remedy)
        return self._of("D11", Verdict.PASS, f"it leads to {first.service}{told}")

    def _workers(self) -> HostCheck:
        if self._seen.routes is None:
            return self._of("D12", Verdict.SKIP, _NOT_READ)
        name = self._seen.host.name.replace("*", "x")
        taken = [it for it in self._seen.routes if _route_takes(it, name)]
        if taken:
            text = f"a Worker answers for it: {', '.join(taken[:3])}"
            return self._of("D12", Verdict.WARN, text, "a route without a Worker excepts the name")
        return self._of("D12", Verdict.PASS, "no Worker route is about it")

    def _organization(self) -> Iterator[HostCheck]:
        found = self._seen.organization
        if found is None:
            yield self._of("D13", Verdict.SKIP, _NOT_READ)
            yield self._of("D14", Verdict.SKIP, _NOT_READ)
            return
        denied = found.attribute("deny_unmatched")
        text = "names without an application are denied" if denied else "they reach their origin"
        yield self._of("D13", Verdict.PASS, text)
        if team := found.attribute("team"):
            yield self._of("D14", Verdict.PASS, f"{team}.cloudflareaccess.com")
            return
        text = "it is a domain of your own, for which no certificate is signed"
        yield self._of("D14", Verdict.FAIL, text, "use the team's own domain")

    def _replicas(self) -> HostCheck:
        connectors = self._seen.connectors
        if connectors is None:
            return self._of("D15", Verdict.SKIP, "which connectors run was not read")
        if not connectors:
            return self._of("D15", Verdict.SKIP, "no connector runs")
        local = [it for it in self._seen.named.reach.services if _LOOPBACK.fullmatch(it.service)]
        if local and len(connectors) > 1:
            text = (
                f"{len(connectors)} connectors serve {local[0].service}, each its own machine: "
                "people land on any of them"
            )
            remedy = "write the server's address into the rule, or a tunnel for each server"
            return self._of("D15", Verdict.FAIL, text, remedy)
        count = f"{len(connectors)} connector{'' if len(connectors) == 1 else 's'}"
        return self._of("D15", Verdict.PASS, f"{count}, one server")

    def _terminal(self) -> HostCheck:
        """What an application of the type ``ssh`` needs (Cloudflare docs, browser-rendered SSH)."""
        guard = self._seen.guard
        if guard is None or guard.values.get("type") != "ssh":
            return self._of("D16", Verdict.PASS, "none is asked for")
        if self._seen.host.is_bastion:
            text = "it sends no destination, and the host is a bastion"
            return self._of("D16", Verdict.FAIL, text, "a rule of its own for that machine")
        rulings = [it for each in self._seen.named.reach.guards for it in each.policies]
        others = sorted({it.name for it in rulings if it.decision not in _OF_TERMINAL})
        if others:
            text = f"it takes Allow and Block alone, not {', '.join(others)}"
            return self._of("D16", Verdict.FAIL, text, "put those into another application")
        if guard.values.get("app_launcher_visible") is False:
            text = "the App Launcher does not show it"
            return self._of("D16", Verdict.WARN, text, "app_launcher_visible: true, the default")
        return self._of("D16", Verdict.PASS, "it is shown; H17 tells whether sshd suits it")


def _kind(record: Live) -> str:
    return str(record.raw.get("type") or "")


def _route_takes(pattern: str, host: str) -> bool:
    """Whether a Worker route (``*`` stands for any text) is about a host."""
    name = pattern.lower().partition("://")[2] or pattern.lower()
    return glob_matches(name.partition("/")[0][:300], host)
