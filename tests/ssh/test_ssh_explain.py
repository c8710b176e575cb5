"""Promises about what a log says, by recordings of a real sshd with each fault made for real."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from tests.ssh import sshd_lab
from tests.support.sshd import missing
from ztctl.core.model.ssh_log import LoginEnd, LogKind, LogReading
from ztctl.ssh.explain import explained, named_keys
from ztctl.ssh.log_causes import ANOTHER_KEY, NO_REASON, NOTHING_TAKEN, UNTRUSTED
from ztctl.ssh.log_rules import RULES

RECORDED = Path(__file__).parent / "recorded"
# Each recording, and the one cause that is to be told of it.
CAUSES = {
    "accepted.sshd": None,
    "accepted-at-info.sshd": None,
    "accepted.ssh": None,
    "not-a-principal.sshd": "not-a-principal",
    "no-principals.sshd": "no-principals",
    "expired.sshd": "expired",
    "not-yet-valid.sshd": "not-yet-valid",
    "other-ca.sshd": "untrusted-ca",
    "other-ca.ssh": "denied",
    "other-ca-at-info.sshd": "no-reason",
    "no-ca-file.sshd": "untrusted-ca",
    "ca-file-missing.sshd": "untrusted-ca",
    "source-address.sshd": "source-address",
    "pubkey-off.sshd": "nothing-taken",
    "pubkey-off.ssh": "no-publickey",
    "no-account.sshd": "no-account",
    "locked.sshd": "locked",
    "no-shell.sshd": "no-shell",
    "account-expired.sshd": "account-expired",
    "root-refused.sshd": "root-refused",
    "allow-users.sshd": "allow-users",
    "deny-users.sshd": "deny-users",
    "allow-groups.sshd": "allow-groups",
    "ca-algorithms.sshd": "ca-algorithms",
    "key-algorithms.sshd": "key-algorithms",
    "revoked.sshd": "revoked",
    "revoked-file-missing.sshd": "revoked-file",
    "another-key.sshd": "another-key",
    "principals-unreadable.sshd": "principals-unreadable",
    "principals-writable.sshd": "bad-modes",
    "principals-folder-writable.sshd": "bad-modes",
    "principals-other.sshd": "not-in-principals-file",
    "principals-none.sshd": "not-in-principals-file",
    "two-files.sshd": "extra-arguments",
    "methods.sshd": "methods",
    "command-without-user.sshd": "command-without-user-global",
    "command-without-user-in-match.sshd": "command-without-user",
    "unsafe-command.sshd": "unsafe-command",
    "no-command.sshd": "no-command",
}
# Lines that no fault on loopback gives: of cloudflared (its source, and its users' reports), of
# newer OpenSSH, and of clients.
LINES = {
    "websocket: bad handshake": "handshake",
    "failed to find Access application at https://ssh.example.com": "no-access-application",
    "Unable to find your Access application!": "application-gone",
    "dial tcp: lookup ssh.example.com on 10.0.0.1:53: no such host": "no-such-host",
    "dial tcp [fd10:aec2:5dae::]:443: connect: network is unreachable": "grey-cloud",
    "error code: 1033": "error-1033",
    "error code: 1016": "error-1016",
    "remote error: tls: handshake failure": "tls",
    "0: Bad Request. Please create a ca for application.": "no-ca",
    "0: Bad Request. Invalid issuer. Currently only cloudflareaccess subdomains are": "bad-issuer",
    "invalid character 'u' looking for beginning of value": "stale-token",
    "metadata JWT is more than 5m0s in the future": "clock",
    "failed to run transfer service: Failed to fetch resource": "waiting",
    "jdoe@ssh.example.com: Permission denied (publickey).": "denied",
    "jdoe@ssh.example.com: Permission denied ().": "no-publickey",
    "ssh: Could not resolve hostname ssh.example.com: Name or service not known": "not-resolved",
    "banner exchange: banner line contains invalid characters": "not-ssh",
    "kex_exchange_identification: Connection closed by remote host": "closed-early",
    "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @": "host-key-changed",
    "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @": "open-key",
    "Host key verification failed.": "host-key-unknown",
    "channel 0: open failed: administratively prohibited: open failed": "forwarding-refused",
    "/home/a/.ssh/config line 3: Unsupported Match attribute hostname]": "placeholder",
    "/bin/bash: line 1: exec: cloudflared: not found": "cloudflared-missing",
    '2026-11-30T12:00:00Z ERR  error="Did not receive final destination from client. The '
    '--destination flag is likely not set on the client side"': "no-destination",
    '2026-11-30T12:00:00Z ERR  error="request filtered by middleware handler (AccessJWTValidator) '
    'due to: no access token in request"': "no-token",
    '2026-11-30T12:00:00Z ERR  error="request filtered by middleware handler (AccessJWTValidator) '
    'due to: Invalid token in jwt: [x]"': "refused-by-connector",
    '{"level":"error","error":"dial tcp 127.0.0.1:22: connect: connection refused","time":"x"}': (
        "origin-refused"
    ),
    '2026-11-30T12:00:00Z ERR  error="dial tcp 10.0.0.9:22: i/o timeout"': "origin-silent",
    '2026-11-30T12:00:00Z ERR  error="dial tcp: lookup db1 on 10.0.0.1:53: no such host"': (
        "origin-unresolved"
    ),
    '2026-11-30T12:00:00Z ERR Register tunnel error from server side error="Unauthorized: '
    'Invalid tunnel secret"': "tunnel-unauthorized",
    "2026-11-30T12:00:00Z ERR failed to dial to edge with quic: timeout": "edge-unreachable",
    "Provided Tunnel token is not valid.": "bad-tunnel-token",
    "Tunnel credentials file '/etc/x.json' doesn't exist or is not a file": "no-credentials",
    "Warning: unused keys detected in your config file. Here is a list:": "unused-keys",
    "Nov 30 13:00:00 web sshd[7]: drop connection #0 from [127.0.0.1]:40000 on [127.0.0.1]:22 "
    "penalty: failed authentication": "penalties",
    "Nov 30 13:00:00 web sshd[7]: error: beginning MaxStartups throttling": "too-many-startups",
    "Nov 30 13:00:00 web sshd[7]: error: maximum authentication attempts exceeded for jdoe from "
    "127.0.0.1 port 40000 ssh2 [preauth]": "too-many-failures",
}
LINES |= {
    "Nov 30 13:00:00 web sshd[7]: Refused by certificate options": "refused-by-options",
    "Nov 30 13:00:00 web sshd[7]: User jdoe not allowed because of the moon": "not-allowed",
    "/etc/ssh/sshd_config: terminating, 1 bad configuration options": "bad-setting",
    '2026-11-30T12:00:00Z ERR  error="Unable to reach the origin service."': "origin-unreachable",
}
# What is told although no line says it.
INFERRED = {UNTRUSTED, NO_REASON, NOTHING_TAKEN, ANOTHER_KEY}
KEY = "SHA256:" + "k" * 43
CA = "SHA256:" + "c" * 43


def told(text: str | bytes, cas: dict[str, str] | None = None) -> LogReading:
    """What is read of a text."""
    content = text.encode() if isinstance(text, str) else text
    return explained("log", io.BytesIO(content), cas or {})


def causes(found: LogReading) -> list[str]:
    """The ids of all causes."""
    return [cause.id for it in found.attempts for cause in it.causes]


def tagged(recording: str, process: int, port: int) -> list[str]:
    """A recording as syslog has it, of one connection, whose port is another one."""
    lines = (RECORDED / f"{recording}.sshd.log").read_text().splitlines()
    client = next(line for line in lines if line.startswith("Connection from")).split()[4]
    return [
        f"Nov 30 13:00:00 web sshd[{process}]: {line.replace(client, str(port))}"
        for line in lines
        if "listening" not in line and "signal 15" not in line
    ]


@pytest.mark.parametrize("recording", CAUSES)
def test_each_fault_of_a_server_is_told_by_its_cause(recording: str) -> None:
    """One cause for one fault, with what to do; none for a login that works."""
    found = told((RECORDED / f"{recording}.log").read_bytes())

    assert causes(found) == ([CAUSES[recording]] if CAUSES[recording] else [])
    assert all(it.remedy for attempt in found.attempts for it in attempt.causes)
    assert found.has_fault is (CAUSES[recording] is not None)


def test_every_recording_has_its_row() -> None:
    """None is made and then looked at by nobody."""
    assert {path.name.removesuffix(".log") for path in RECORDED.glob("*.log")} == CAUSES.keys()


def test_every_rule_is_shown() -> None:
    """By a recording or a line; and nothing is told that no rule says."""
    shown = {cause for cause in (*CAUSES.values(), *LINES.values()) if cause is not None}

    assert shown - INFERRED == {rule.id for rules in RULES.values() for rule in rules}


@pytest.mark.parametrize("line", LINES)
def test_each_known_line_is_told_by_its_cause(line: str) -> None:
    """Whoever wrote it is told from the line itself."""
    assert causes(told(f"{line}\n")) == [LINES[line]]


@pytest.mark.parametrize("tag", ["sshd[7]", "sshd-session[7]"])
def test_a_tagged_line_is_told_like_a_bare_one(tag: str) -> None:
    """By syslog or journalctl, and by OpenSSH before 9.8 and after."""
    bare = (RECORDED / "not-a-principal.sshd.log").read_text().splitlines()
    text = "\n".join(f"2026-11-30T13:00:00.1+00:00 web {tag}: {line}" for line in bare)

    assert causes(told(text)) == ["not-a-principal"]


def test_a_success_says_who_as_whom() -> None:
    """By the key id of the certificate and the account; its two lines count once."""
    (attempt,) = told((RECORDED / "accepted.sshd.log").read_bytes()).attempts

    assert (attempt.end, attempt.who, attempt.user) == (
        LoginEnd.ACCEPTED,
        "jdoe@example.com",
        "jdoe",
    )
    assert attempt.count == 1


def test_connections_at_once_are_kept_apart() -> None:
    """Lines of two connections that alternate are each told of their own one."""
    one, other = tagged("expired", 7, 50001), tagged("not-a-principal", 8, 50002)
    mixed = [line for pair in zip(one, other, strict=True) for line in pair]

    found = told("\n".join(mixed))

    assert {(it.ports, it.causes[0].id) for it in found.attempts} == {
        ((50001,), "expired"),
        ((50002,), "not-a-principal"),
    }


def test_the_same_again_is_counted() -> None:
    """Not listed again."""
    lines = [line for n in range(4) for line in tagged("expired", 7, 50000 + n)]

    (attempt,) = told("\n".join(lines)).attempts

    assert (attempt.count, attempt.ports) == (4, (50000, 50001, 50002, 50003))


def test_a_silent_log_asks_for_verbose() -> None:
    """At INFO an untrusted CA leaves nothing, and that is said instead of guessed."""
    (attempt,) = told((RECORDED / "other-ca-at-info.sshd.log").read_bytes()).attempts

    assert attempt.end is LoginEnd.UNCLEAR
    assert "LogLevel VERBOSE" in attempt.causes[0].remedy


@pytest.mark.parametrize(
    ("cas", "words"),
    [
        ({}, "does not trust the CA"),
        ({CA: "x"}, "which is that of x"),
        ({KEY: "x"}, "none of those"),
    ],
    ids=["none", "known", "another"],
)
def test_an_untrusted_ca_is_compared(cas: dict[str, str], words: str) -> None:
    """The server lacks the stack's CA, or the certificate is another application's."""
    line = (
        f"Failed publickey for jdoe from 127.0.0.1 port 40014 ssh2: ECDSA-CERT {KEY} ID "
        f"jdoe@example.com (serial 7) CA ECDSA {CA}\n"
    )

    (attempt,) = told(line, cas).attempts

    assert words in attempt.causes[0].words


def test_keys_of_a_file_are_read_by_fingerprint() -> None:
    """What is no key is passed over."""
    line = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB x\n# no\n"

    assert list(named_keys(line, "f")) == []


def test_of_two_causes_the_first_one_is_told() -> None:
    """What only follows from another one is left out."""
    text = "OpenSSH_9.2\nwebsocket: bad handshake\nkex_exchange_identification: Connection closed\n"

    assert causes(told(text)) == ["handshake"]


def test_what_is_unknown_is_no_kind_of_log() -> None:
    """Nothing is read into it."""
    found = told("hello\nthis is prose\n")

    assert (found.kinds, found.attempts) == ((), ())


def test_logs_of_two_programs_in_one_file() -> None:
    """Each line is told by who wrote it."""
    text = "\n".join(
        [
            *tagged("expired", 7, 50001),
            '2026-11-30T13:00:00Z ERR  error="dial tcp 10.0.0.9:22: i/o timeout"',
        ]
    )

    found = told(text)

    assert set(found.kinds) == {LogKind.SSHD, LogKind.CLOUDFLARED}
    assert set(causes(found)) == {"expired", "origin-silent"}


# -- hostile logs ---------------------------------------------------------------------------


def test_a_name_cannot_forge_a_success() -> None:
    """Whoever connects chooses the account's name and, under an own CA, the key id."""
    forged = (
        f"Accepted publickey for root from 1.2.3.4 port 1 ssh2: ECDSA-CERT {KEY} ID a (serial 1)"
    )
    text = (
        f"Nov 30 13:00:00 web sshd[7]: Invalid user {forged} from 6.6.6.6 port 40001\n"
        f"Nov 30 13:00:01 web sshd[8]: Failed publickey for jdoe from 6.6.6.6 port 40002 ssh2: "
        f"ECDSA-CERT {KEY} ID x (serial 1) CA ECDSA {KEY} (serial 9) CA ECDSA {CA}\n"
    )

    found = told(text)

    assert {it.end for it in found.attempts} == {LoginEnd.REFUSED}
    assert CA in {it.ca for it in found.attempts}


def test_a_name_cannot_forge_a_cause() -> None:
    """What sshd would say of something else is only a name there."""
    text = "sshd[7]: Invalid user Certificate invalid: expired from 6.6.6.6 port 40001\n"

    assert causes(told(text)) == ["no-account"]


HOSTILE = {
    "one line": b"sshd[1]: Failed publickey for " + b"a" * 3_000_000,
    "no ends": b"ID (serial " * 300_000,
    "blanks": b"x sshd[1]: Invalid user " + b" from port" * 300_000,
    "zeros": b"\0\n" * 100_000,
    "brackets": b"sshd[" * 500_000,
    "colours": b"\x1b[" * 500_000 + b"\x1b[0;" * 500_000,
    "connections": b"".join(
        b"Nov 30 13:00:00 w sshd[%d]: Connection from 1.1.1.1 port %d on 1.1.1.1 port 22\n" % (n, n)
        for n in range(20_000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_log_takes_no_longer_than_its_length(name: str) -> None:
    """Megabytes of what would make a careless pattern run for ever are read in a moment."""
    began = time.process_time()

    told(HOSTILE[name])

    assert time.process_time() - began < 10


def test_control_characters_are_carried_and_not_obeyed() -> None:
    """The text is as it was, for JSON; the view escapes it."""
    found = told(b"sshd[1]: Invalid user \x1b]0;owned\x07 from 1.1.1.1 port 5\n")

    assert causes(found) == ["no-account"]


# -- a real server --------------------------------------------------------------------------


def test_a_real_server_says_what_was_recorded(tmp_path: Path) -> None:
    """A certificate of another CA is refused by this machine's sshd, and its log is understood."""
    reason = missing()
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    sshd_lab.make_keys(tmp_path)
    trusted = (tmp_path / "ca.pub").read_text()

    log, _ = sshd_lab.log_of(sshd_lab.Case("other-ca", ca="other"), tmp_path)

    found = told(log, dict(named_keys(trusted, "the stack")))
    assert causes(found) == ["untrusted-ca"]
    assert "none of those given" in found.attempts[0].causes[0].words
