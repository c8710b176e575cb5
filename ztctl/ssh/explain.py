"""Read the log of an SSH login and say in words what happened, each connection by itself.

A log is hostile: accounts and key ids in it are chosen by whoever connects. Lines are cut, what is
kept is bounded, and time grows with the length of the log alone.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Final

from ztctl.core.model.ssh_log import LogCause, LoginAttempt, LoginEnd, LogKind, LogReading
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.log_causes import (
    ANOTHER_KEY,
    CHECK,
    NO_REASON,
    NOTHING_TAKEN,
    UNTRUSTED,
    VERBOSE,
)
from ztctl.ssh.log_lines import LogLine, bounded_lines, log_lines
from ztctl.ssh.log_rules import FOLLOWS, RULES

# Connections that are followed at once, attempts that are told apart, ports that are named.
_MOST_OPEN: Final = 2000
_MOST_TOLD: Final = 2000
_MOST_PORTS: Final = 5

_FROM: Final = re.compile(r"Connection from \S+ port (\d+) on ")
_SIGNED: Final = re.compile(
    r'Accepted certificate ID "(.*)" \(serial \d+\) signed by \S+ CA (SHA256:\S+) via '
)
# The key id stands between what sshd writes itself, and the last of these counts.
_CERTIFICATE: Final = r"ECDSA-CERT SHA256:\S+ ID (.*) \(serial \d+\) CA \S+ (SHA256:\S+)"
_PUBLICKEY: Final = re.compile(
    r"(Accepted|Failed|Postponed) (\S+) for (?:invalid user )?(\S+) from \S+ port (\d+) ssh2"
    rf"(?:: (?:{_CERTIFICATE}|.*))?(?: \[preauth\])?$"
)
_CLOSED: Final = re.compile(
    r"(?:Connection (?:closed|reset) by|Disconnected from|Received disconnect from) "
    r"(?:(?:authenticating |invalid )?user (\S+) )?\S+ port (\d+)"
)
_PORT: Final = re.compile(r".* port (\d+)(?: \[preauth\])?$")
_AS: Final = re.compile(r"debug1: Authenticating to \S+ as '([^']{0,300})'")
_IN: Final = re.compile(r"(?:debug1: )?Authenticat(?:ed to|ion succeeded)")
_AUTHENTICATING: Final = "Connection closed by authenticating user "


def explained(name: str, stream: IO[bytes], cas: Mapping[str, str]) -> LogReading:
    """Read a log to its end.

    Args:
        name: the file, for people.
        stream: its content.
        cas: the CAs that are to have signed, from fingerprint (``SHA256:…``) to a name.
    """
    reading = _LogState(cas)
    for line in log_lines(bounded_lines(stream)):
        reading.take(line)
    reading.end()
    order = list(LoginEnd)
    order.insert(0, order.pop(order.index(LoginEnd.REFUSED)))
    order.append(order.pop(order.index(LoginEnd.ACCEPTED)))
    attempts = sorted(reading.told.values(), key=lambda it: (order.index(it.end), it.line))
    kinds = tuple(kind for kind in LogKind if kind in reading.kinds)
    return LogReading(name, kinds, reading.lines, tuple(attempts), len(cas))


@dataclass(slots=True)
class _Connection:
    """What is known so far of one connection, or of one run of ssh."""

    line: int
    port: int | None = None
    user: str = ""
    who: str = ""
    ca: str = ""
    accepted: bool = False
    signed: bool = False
    failed_certificate: bool = False
    failed_key: bool = False
    left: bool = False
    causes: dict[str, LogCause] = field(default_factory=dict)
    processes: set[str] = field(default_factory=set)
    text: str = ""

    def blame(self, cause: LogCause, text: str) -> None:
        """Add a cause; the first line of one is kept."""
        self.causes.setdefault(cause.id, cause)
        self.text = self.text or text


@dataclass(slots=True)
class _LogState:
    """The state of reading one log."""

    cas: Mapping[str, str]
    lines: int = 0
    kinds: set[LogKind] = field(default_factory=set)
    told: dict[tuple[object, ...], LoginAttempt] = field(default_factory=dict)
    by_process: OrderedDict[str, _Connection] = field(default_factory=OrderedDict)
    by_port: OrderedDict[int, _Connection] = field(default_factory=OrderedDict)
    pending: list[tuple[LogCause, LogLine]] = field(default_factory=list)
    signed: re.Match[str] | None = None
    last: _Connection | None = None
    client: _Connection | None = None
    is_verbose: bool = False

    def take(self, line: LogLine) -> None:
        """Read one line."""
        self.lines += 1
        if line.kind is LogKind.SSHD:
            self._sshd(line)
        elif line.kind is LogKind.SSH:
            self._ssh(line)
        elif line.kind is LogKind.CLOUDFLARED:
            self.kinds.add(LogKind.CLOUDFLARED)
            if cause := _cause(line):
                self._tell(LogKind.CLOUDFLARED, LoginEnd.REFUSED, (cause,), _alone(line))

    def end(self) -> None:
        """The log has ended: so has everything in it."""
        self._settle_pending()
        for connection in (*self.by_port.values(), *self.by_process.values()):
            self._close(connection)
        self._close_client()

    # -- sshd ---------------------------------------------------------------------------

    def _sshd(self, line: LogLine) -> None:
        self.kinds.add(LogKind.SSHD)
        message = line.message
        if started := _FROM.match(message):
            self.is_verbose = True
            self._settle_pending()
            self._begin(line, int(started[1]))
        elif signed := _SIGNED.match(message):
            self._certificate(line, signed)
        elif told := _PUBLICKEY.match(message):
            self._judged(line, told)
        elif closed := _CLOSED.match(message):
            self._closed(line, closed)
        elif cause := _cause(line):
            self._blamed(line, cause)

    def _begin(self, line: LogLine, port: int | None) -> _Connection:
        """A new connection; one that had its process or port is over."""
        if port is not None and (old := self.by_port.pop(port, None)):
            self._close(old)
        if line.process and (other := self.by_process.pop(line.process, None)):
            self._close(other)
        made = _Connection(line.number, port)
        self._keep(made, line.process)
        return made

    def _keep(self, connection: _Connection, process: str) -> None:
        self.last = connection
        if connection.port is not None:
            self.by_port[connection.port] = connection
        if process:
            self.by_process[process] = connection
            connection.processes.add(process)
        for known in (self.by_port, self.by_process):
            if len(known) > _MOST_OPEN:
                self._close(next(iter(known.values())))

    def _at(self, line: LogLine, port: int) -> _Connection:
        """The connection of a line that names its port, with what came before without one."""
        found = self.by_port.get(port) or self.by_process.get(line.process)
        if found is None or found.port not in (None, port):
            found = self._begin(line, port)
        found.port = port
        self._keep(found, line.process)
        if not line.process:
            for cause, told in self.pending:
                found.blame(cause, told.text)
            if self.signed is not None:
                self._sign(found, self.signed)
            self.pending, self.signed = [], None
        return found

    def _certificate(self, line: LogLine, signed: re.Match[str]) -> None:
        if not line.process:
            self.signed = signed
            return
        found = self.by_process.get(line.process) or self._begin(line, None)
        self._sign(found, signed)

    @staticmethod
    def _sign(found: _Connection, signed: re.Match[str]) -> None:
        found.signed, found.who, found.ca = True, signed[1], signed[2]

    def _judged(self, line: LogLine, told: re.Match[str]) -> None:
        verdict, method, user, port, who, ca = told.groups()
        found = self._at(line, int(port))
        found.user = user
        if who is not None:
            found.who, found.ca = who, ca
        if verdict == "Accepted":
            found.accepted, found.text = True, line.text
        elif verdict == "Failed":
            found.text = found.text or line.text
            found.failed_certificate |= who is not None
            found.failed_key |= who is None and method == "publickey"

    def _closed(self, line: LogLine, closed: re.Match[str]) -> None:
        found = self._at(line, int(closed[2]))
        found.user = found.user or closed[1] or ""
        found.left |= line.message.startswith(_AUTHENTICATING)
        found.text = found.text or line.text
        self._close(found)

    def _blamed(self, line: LogLine, cause: LogCause) -> None:
        if port := _PORT.match(line.message):
            found = self._at(line, int(port[1]))
        elif line.process:
            found = self.by_process.get(line.process) or self._begin(line, None)
        elif len(self.pending) < _MOST_PORTS:
            self.pending.append((cause, line))
            return
        else:
            return
        found.blame(cause, line.text)
        if cause.id in _NAMES_USER and not found.user:
            found.user = _user_of(line.message)

    def _settle_pending(self) -> None:
        """Causes that no line with a port came after: of the last connection, or of none."""
        found = self.last or (_alone(self.pending[0][1]) if self.pending else None)
        for cause, line in self.pending:
            assert found is not None
            found.blame(cause, line.text)
        if found is not None and found is not self.last:
            causes = _without_consequences(found.causes)
            self._tell(LogKind.SSHD, LoginEnd.REFUSED, causes, found)
        self.pending, self.signed = [], None

    def _close(self, connection: _Connection) -> None:
        if connection.port is not None:
            self.by_port.pop(connection.port, None)
        for process in connection.processes:
            if self.by_process.get(process) is connection:
                del self.by_process[process]
        if self.last is connection:
            self.last = None
        if connection.accepted:
            self._tell(LogKind.SSHD, LoginEnd.ACCEPTED, (), connection)
            return
        causes = _without_consequences(connection.causes) or self._inferred(connection)
        if causes:
            unclear = {cause.id for cause in causes} <= {NO_REASON, NOTHING_TAKEN}
            end = LoginEnd.UNCLEAR if unclear else LoginEnd.REFUSED
            self._tell(LogKind.SSHD, end, causes, connection)

    def _inferred(self, it: _Connection) -> tuple[LogCause, ...]:
        """What sshd does not say, and what its silence means."""
        if it.signed and it.failed_key:
            words = "the certificate is in order, and the private key is another one"
            remedy = "delete ~/.cloudflared/HOST-cf_key* on the laptop, and log in again"
            return (LogCause(ANOTHER_KEY, words, remedy),)
        if it.failed_certificate:
            return (self._untrusted(it.ca),)
        if not it.left:
            return ()
        if not self.is_verbose:
            words = (
                "the log does not say why: at LogLevel INFO sshd leaves out what it says of an "
                "untrusted CA, the most common reason"
            )
            return (LogCause(NO_REASON, words, VERBOSE),)
        words = (
            "the client had nothing that sshd looks at: no certificate, or PubkeyAuthentication is "
            "off"
        )
        remedy = "sshd -T | grep pubkeyauthentication; on the laptop ssh -v tells what it offers"
        return (LogCause(NOTHING_TAKEN, words, remedy),)

    def _untrusted(self, ca: str) -> LogCause:
        if ca in self.cas:
            words = (
                f"the server does not trust the CA {ca}, which is that of {self.cas[ca]}: "
                "TrustedUserCAKeys is not in force, its file is missing, a folder or named by a "
                "relative path, or the key in it is broken over lines or has cert-authority before "
                "it"
            )
            return LogCause(UNTRUSTED, words, CHECK)
        if self.cas:
            words = (
                f"a CA signed that is none of those given: {ca}. It is another application's, or "
                "the application was made anew and has a new CA"
            )
            remedy = "ztctl ssh ca shows the CAs of the stack; give the server the new one"
            return LogCause(UNTRUSTED, words, remedy)
        words = f"the server does not trust the CA {ca} that signed the certificate"
        remedy = (
            "compare it: ssh-keygen -lf FILE, with the file of TrustedUserCAKeys; with --ca FILE "
            "this command does"
        )
        return LogCause(UNTRUSTED, words, remedy)

    # -- ssh ----------------------------------------------------------------------------

    def _ssh(self, line: LogLine) -> None:
        self.kinds.add(LogKind.SSH)
        if line.message.startswith("OpenSSH_"):
            self._close_client()
        run = self.client = self.client or _Connection(line.number)
        if found := _AS.match(line.message):
            run.user = found[1]
        elif _IN.match(line.message):
            run.accepted, run.text = True, line.text
        elif cause := _cause(line):
            run.blame(cause, line.text)

    def _close_client(self) -> None:
        run, self.client = self.client, None
        if run is None:
            return
        causes = _without_consequences(run.causes)
        if causes or run.accepted:
            end = LoginEnd.ACCEPTED if run.accepted else LoginEnd.REFUSED
            self._tell(LogKind.SSH, end, causes, run)

    # -- what was found -----------------------------------------------------------------

    def _tell(
        self, kind: LogKind, end: LoginEnd, causes: tuple[LogCause, ...], it: _Connection
    ) -> None:
        key = (kind, end, it.who, it.user, it.ca, *causes)
        known = self.told.get(key)
        port = () if it.port is None else (it.port,)
        if known is None:
            if len(self.told) < _MOST_TOLD:
                self.told[key] = LoginAttempt(
                    kind, end, it.who, it.user, it.ca, causes, 1, port, it.line, it.text
                )
            return
        ports = (*known.ports, *port)[:_MOST_PORTS]
        self.told[key] = LoginAttempt(
            kind,
            end,
            it.who,
            it.user,
            it.ca,
            causes,
            known.count + 1,
            ports,
            known.line,
            known.text,
        )


_NAMES_USER: Final = frozenset(
    {
        *("no-account", "locked", "no-shell", "allow-users", "deny-users", "allow-groups"),
        *("not-allowed", "account-expired"),
    }
)


def _user_of(message: str) -> str:
    found = re.match(r"(?:fatal: )?(?:Invalid|Access denied for|)\s?[Uu]ser (\S+)", message)
    return found[1] if found else ""


def _cause(line: LogLine) -> LogCause | None:
    assert line.kind is not None
    found: Iterator[LogCause | None] = (rule.cause(line.message) for rule in RULES[line.kind])
    return next((cause for cause in found if cause is not None), None)


def _alone(line: LogLine) -> _Connection:
    return _Connection(line.number, text=line.text)


def _without_consequences(causes: Mapping[str, LogCause]) -> tuple[LogCause, ...]:
    """The causes, without those that only say that another one stopped something."""
    return tuple(it for id_, it in causes.items() if not FOLLOWS.get(id_, set()) & causes.keys())


def named_keys(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Fingerprint and name of each public key in a text; other lines are passed over."""
    for line in text.splitlines():
        bare = line.strip()
        is_key = bare.isascii() and bare.startswith(("ecdsa-", "ssh-", "sk-"))
        if is_key and (found := fingerprint(bare)):
            yield found, name
