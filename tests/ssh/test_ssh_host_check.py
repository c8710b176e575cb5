"""Promises about `install.sh check`: what keeps people out is found, each fault made for real."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support.servers import DEBIAN, Host, new_key

CA_FILE = "/etc/ssh/ztctl_ca.pub"
DROP_IN = "/etc/ssh/sshd_config.d/00-ztctl-prod.conf"
MAIN = "/etc/ssh/sshd_config"
NAMES = "/etc/ssh/names"
NO_TERMINAL = "no terminal in a browser logs in here"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to keep jdoe out.

    Attributes:
        how: what makes it, on a server where he could log in; `{main}` and such are files.
        said: how the line of the check begins, its code included.
        asked: the account that is to log in.
        names: names that are mapped to it.
    """

    how: str
    said: str
    asked: str = "jdoe"


def first(line: str) -> str:
    """A setting that is read before all others."""
    return f"echo '{line}' | cat - {DROP_IN} >/run/new; cat /run/new >{DROP_IN}"


def last(line: str) -> str:
    """A setting that is read after all others."""
    return f"printf '{line}\\n' >>{MAIN}"


PRINCIPALS = (
    f"mkdir {NAMES}; echo jdoe >{NAMES}/jdoe; {first(f'AuthorizedPrincipalsFile {NAMES}/%u')}"
)
BY_COMMAND = "AuthorizedPrincipalsCommand /run/names\\nAuthorizedPrincipalsCommandUser nobody"
FAULTS = {
    "no TrustedUserCAKeys": Fault(
        f"sed -i /Trusted/d {DROP_IN}", "H2   TrustedUserCAKeys is not set for everybody"
    ),
    "CA file missing": Fault(f"rm {CA_FILE}", f"H3   {CA_FILE} is missing"),
    "CA file by a relative path": Fault(
        f"sed -i s,/etc/ssh/ztctl,ztctl, {DROP_IN}", "H3   //ztctl_ca.pub is missing"
    ),
    "CA file is a folder": Fault(
        f"rm {CA_FILE}; mkdir {CA_FILE}",
        f"H3   {CA_FILE} is no file: TrustedUserCAKeys ({DROP_IN}:3)",
    ),
    "key wrapped": Fault(
        f"fold -w 76 {CA_FILE} >/run/new; cp /run/new {CA_FILE}",
        f"H3   {CA_FILE}, which sshd reads for everybody, lacks a CA key: ca SHA256:",
    ),
    "cert-authority before the key": Fault(
        f"sed -i 's/^ecdsa/cert-authority ecdsa/' {CA_FILE}", f"H3   {CA_FILE}, which sshd reads"
    ),
    "a line above that is no key": Fault(
        f"sed -i '1i nonsense' {CA_FILE}", f"H3   {CA_FILE}, which sshd reads"
    ),
    "a damaged key above": Fault(
        # One with another end, so that it is no point of the curve.
        f"sed -n 's,....= open.*,AAAA=,p' {CA_FILE} | cat - {CA_FILE} >/run/new;"
        f"cp /run/new {CA_FILE}",
        f"H3   {CA_FILE}, which sshd reads",
    ),
    "another CA": Fault(f"cp {{other}} {CA_FILE}", f"H3   {CA_FILE}, which sshd reads"),
    "PubkeyAuthentication no": Fault(
        first("PubkeyAuthentication no"),
        f"H2   PubkeyAuthentication is no for everybody ({DROP_IN}:1)",
    ),
    "shadowed by a file before": Fault(
        "echo 'PubkeyAuthentication no' >/etc/ssh/sshd_config.d/00-a.conf",
        "H2   PubkeyAuthentication is no for everybody (/etc/ssh/sshd_config.d/00-a.conf:1)",
    ),
    "taken back by a Match": Fault(
        last("Match User jdoe\\nPubkeyAuthentication no"),
        f"H2   PubkeyAuthentication is no for jdoe ({DROP_IN}:2, {MAIN}:8)",
    ),
    "Include behind a Match": Fault(
        f"sed -i '/HostKey/d; /UsePAM/d; /Subsys/d; 1i Match User bob' {MAIN}",
        "H2   TrustedUserCAKeys is not set for everybody",
    ),
    "no Include": Fault(
        f"sed -i /Include/d {MAIN}", "H2   TrustedUserCAKeys is not set for everybody"
    ),
    "no such account": Fault("", "H8   there is no account ghost", "ghost"),
    "locked, and no PAM": Fault(
        f"usermod -p '!' jdoe; sed -i 's/UsePAM yes/UsePAM no/' {MAIN}", "H8   jdoe is locked"
    ),
    "no such shell": Fault("usermod -s /x jdoe", "H8   the shell of jdoe does not exist: /x"),
    "expired": Fault("chage -E 1 jdoe", "H8   the account jdoe has expired"),
    "nologin": Fault("touch /etc/nologin", "H8   /etc/nologin is there: only root logs in"),
    "root": Fault(first("PermitRootLogin no"), f"H9   PermitRootLogin is no ({DROP_IN}:1)", "root"),
    "AllowUsers": Fault(last("AllowUsers bob al*"), f"H9   AllowUsers lacks jdoe ({MAIN}:7)"),
    "DenyUsers": Fault(last("DenyUsers j?oe"), f"H9   DenyUsers has jdoe ({MAIN}:7)"),
    "AllowGroups": Fault(last("AllowGroups ops"), "H9   AllowGroups has no group of jdoe"),
    "DenyGroups": Fault(last("DenyGroups jdoe"), "H9   DenyGroups has jdoe, of which jdoe is"),
    "CASignatureAlgorithms": Fault(
        first("CASignatureAlgorithms ssh-ed25519"),
        f"H4   CASignatureAlgorithms lacks ecdsa-sha2-nistp256 for everybody ({DROP_IN}:1)",
    ),
    "PubkeyAcceptedAlgorithms": Fault(
        first("PubkeyAcceptedAlgorithms ssh-ed25519"),
        "H4   pubkeyacceptedalgorithms lacks ecdsa-sha2-nistp256-cert-v01@openssh.com",
    ),
    "CA revoked": Fault(
        f"cp {CA_FILE} /etc/ssh/revoked; {first('RevokedKeys /etc/ssh/revoked')}",
        "H6   /etc/ssh/revoked revokes a CA key: ca SHA256:",
    ),
    "CA revoked by a KRL": Fault(
        f"grep ecdsa {CA_FILE} >/run/ca.pub; ssh-keygen -q -k -f /etc/ssh/krl /run/ca.pub;"
        + first("RevokedKeys /etc/ssh/krl"),
        "H6   /etc/ssh/krl revokes a CA key: ca SHA256:",
    ),
    "RevokedKeys missing": Fault(
        first("RevokedKeys /etc/ssh/gone"), "H6   RevokedKeys /etc/ssh/gone is missing"
    ),
    "more than a certificate": Fault(
        first("AuthenticationMethods publickey,password"),
        "H7   AuthenticationMethods asks everybody for more than a certificate",
    ),
    "methods that cannot be": Fault(
        first("AuthenticationMethods publickey,keyboard-interactive"),
        "H1   sshd refuses its configuration: Disabled method",
    ),
    "two CA files on a line": Fault(
        first("TrustedUserCAKeys /a /b"), f"H1   sshd refuses its configuration: {DROP_IN} line 1"
    ),
    "principals file missing": Fault(
        f"{PRINCIPALS}; rm {NAMES}/jdoe", f"H5   {NAMES}/jdoe is missing: nobody logs in as jdoe"
    ),
    "principals file unreadable": Fault(
        f"{PRINCIPALS}; chmod 600 {NAMES}/jdoe",
        f"H5   {NAMES}/jdoe is not trusted: jdoe cannot read {NAMES}/jdoe",
    ),
    "principals folder closed": Fault(
        f"{PRINCIPALS}; chmod 700 {NAMES}",
        f"H5   {NAMES}/jdoe is not trusted: jdoe cannot read {NAMES}",
    ),
    "principals file open": Fault(
        f"{PRINCIPALS}; chmod 666 {NAMES}/jdoe",
        f"H5   {NAMES}/jdoe is not trusted: others than its owner can write {NAMES}/jdoe",
    ),
    "principals folder open": Fault(
        f"{PRINCIPALS}; chmod 777 {NAMES}",
        f"H5   {NAMES}/jdoe is not trusted: others than its owner can write {NAMES}",
    ),
    "principals file of another": Fault(
        f"{PRINCIPALS}; chown nobody {NAMES}/jdoe",
        f"H5   {NAMES}/jdoe is not trusted: {NAMES}/jdoe is of another owner",
    ),
    "principals file lacks the name": Fault(
        f"{PRINCIPALS}; printf '#jdoe\\njd\\n' >{NAMES}/jdoe",
        f"H5   {NAMES}/jdoe lacks the name jdoe",
    ),
    "principals file has it as a remark": Fault(
        f"{PRINCIPALS}; echo ' # jdoe' >{NAMES}/jdoe", f"H5   {NAMES}/jdoe lacks the name jdoe"
    ),
    "password expired": Fault("chage -d 1 -M 9 jdoe", "H8   the password of jdoe has expired"),
    "password to be changed": Fault("chage -d 0 jdoe", "H8   the password of jdoe has expired"),
    "no sessions": Fault(first("MaxSessions 0"), f"H9   MaxSessions is 0: no shell ({DROP_IN}:1)"),
    "RevokedKeys of nonsense": Fault(
        f"echo x >/etc/ssh/bad; {first('RevokedKeys /etc/ssh/bad')}",
        "H6   /etc/ssh/bad:1 is no key, so sshd refuses every key",
    ),
    "a Match by a name of this machine": Fault(
        f"sed -i /Trusted/d {DROP_IN};"
        + last(f"Match Host localhost\\nTrustedUserCAKeys {CA_FILE}"),
        "H2   TrustedUserCAKeys is not set for everybody",
    ),
    "a Match by the port": Fault(
        f"sed -i '1i Port 2222' {MAIN};"
        + last("Match LocalPort 2222\\nPubkeyAuthentication no")
        + f"; sed -i /Pubkey/d {DROP_IN}",
        "H2   PubkeyAuthentication is no for everybody",
    ),
    "a command without a user": Fault(
        last("AuthorizedPrincipalsCommand /run/names"),
        "H1   sshd refuses its configuration: AuthorizedPrincipalsCommand set without",
    ),
    "a command without a user, in a Match": Fault(
        last("Match User jdoe\\nAuthorizedPrincipalsCommand /usr/bin/true"),
        "H5   AuthorizedPrincipalsCommand has no AuthorizedPrincipalsCommandUser",
    ),
    "a command that is not there": Fault(
        last(BY_COMMAND), "H5   AuthorizedPrincipalsCommand: there is no program /run/names"
    ),
    "a command that others can write": Fault(
        f"cp /usr/bin/true /run/names; chmod 777 /run/names; {last(BY_COMMAND)}",
        "H5   AuthorizedPrincipalsCommand is not run: others than its owner can write /run/names",
    ),
}


@pytest.fixture
def ready(host: Host) -> Host:
    """A server as an install leaves it, from here on without the time that one takes."""
    host.bundle()
    bundle = host.folder / "bundle"
    host.machine.write(CA_FILE, (bundle / "ca.pub").read_text())
    settings = [it for it in (bundle / "sshd.conf").read_text().splitlines() if "Per" not in it]
    host.machine.write(DROP_IN, "\n".join(["# ztctl", *settings]) + "\n")
    return host


def made(host: Host, fault: Fault) -> None:
    """Break a server in this way."""
    other = f"{new_key(host.folder / 'other')}.pub" if "{other}" in fault.how else ""
    done = host.machine.run("sh", "-c", fault.how.replace("{other}", other))
    assert done.code == 0, done.said


def test_nothing_is_wrong_where_people_log_in(ready: Host) -> None:
    """No failure, no warning, and the host keys for known_hosts of clients."""
    ready.start()

    done = ready.script("check", "--account", "jdoe")

    assert done.code == 0, done.said
    assert not {"FAIL", "warn"} & {line[:4] for line in done.out.splitlines()}
    assert "ok    H8   jdoe can log in, by a certificate for jdoe" in done.out
    assert "ok    H15  sshd answers on 127.0.0.1, port 22" in done.out
    key = ready.machine.path("/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    line = " ".join(["ssh.example.com", *key])
    assert line in done.out.splitlines()
    assert ready.script("host-keys").out == f"{line}\n"
    assert ready.login("jdoe", ready.certificate("jdoe")).out == "jdoe\n"


@pytest.mark.parametrize("name", FAULTS)
def test_what_keeps_people_out_is_found(ready: Host, name: str) -> None:
    """Named with its place, in a line that begins with FAIL; `sshd -t` finds four of these."""
    fault = FAULTS[name]
    made(ready, fault)

    done = ready.script("check", "--account", fault.asked)

    assert done.code == 1
    failed = [line for line in done.out.splitlines() if line.startswith("FAIL")]
    assert any(line.startswith(f"FAIL  {fault.said}") for line in failed), done.said


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAULTS)
def test_each_of_them_keeps_people_out(ready: Host, name: str) -> None:
    """What the check calls a failure ends a real login, or sshd does not even start."""
    fault = FAULTS[name]
    made(ready, fault)

    if ready.machine.run("/usr/sbin/sshd").code == 0:
        ready.wait(lambda: ready.machine.path("/run/sshd.pid").exists())

    assert ready.login(fault.asked, ready.certificate(fault.asked)).code != 0


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (f"chmod 666 {CA_FILE}", f"FAIL  H3   {CA_FILE} can be written by others than root"),
        (f"chown nobody {CA_FILE}", f"FAIL  H3   {CA_FILE} can be written by others than root"),
        (f"echo x >>{CA_FILE}", f"warn  H3   {CA_FILE}:3 is no key, and sshd reads no further"),
        (last("TrustedUserCAKeys /a"), f"warn  H11  TrustedUserCAKeys of {MAIN}:7 has no effect"),
        (
            first("MACs hmac-sha2-512-etm@openssh.com"),
            f"warn  H17  {NO_TERMINAL}: MACs without hmac-sha2-256 ({DROP_IN}:1)",
        ),
        (
            first("KexAlgorithms diffie-hellman-group16-sha512"),
            f"warn  H17  {NO_TERMINAL}: KexAlgorithms without",
        ),
        ("true", "ok    H17  key exchange and MACs suit a terminal in a browser"),
        ("true", "warn  H15  nobody answers on 127.0.0.1, port 22"),
    ],
)
def test_what_is_dangerous_or_dead_is_told_too(ready: Host, how: str, said: str) -> None:
    """Although people still log in."""
    ready.machine.run("sh", "-c", how)

    done = ready.script("check", "--account", "jdoe")

    assert said in done.out


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (last("AllowUsers jdoe@10.0.0.1"), "warn  H9   AllowUsers has jdoe from 10.0.0.1 alone"),
        (last("DenyUsers jdoe@10.0.0.1"), "warn  H9   DenyUsers has jdoe from 10.0.0.1"),
        (last("ForceCommand /bin/false"), "warn  H9   a login of jdoe gets no plain shell"),
        (
            f"{PRINCIPALS}; echo 'from=\"10.0.0.1\" jdoe' >{NAMES}/jdoe",
            f"warn  H5   {NAMES}/jdoe has options before the name jdoe",
        ),
        (first("PubkeyAuthentication no"), "FAIL  H2   PubkeyAuthentication is no for everybody"),
    ],
)
def test_who_may_be_kept_out_is_not_said_to_be_fine(ready: Host, how: str, said: str) -> None:
    """Where it depends on more than is looked at, or nobody logs in, there is no `ok` for them."""
    made(ready, Fault(how, said))

    done = ready.script("check", "--account", "jdoe")

    assert said in done.out
    assert "jdoe can log in" not in done.out


def test_penalties_that_one_user_brings_on_all_are_told(ready: Host) -> None:
    """From 9.8 on, where the connector's address is not exempt."""
    said = "persourcepenalties authfail:5\\npersourcepenaltyexemptlist none\\n"
    ready.stand_in("sshd", f"/usr/sbin/sshd \"$@\" && printf '{said}'")

    done = ready.script("check", "--account", "jdoe")

    assert "warn  H10  failed logins of one user keep out all that come through" in done.out


def test_who_is_to_log_in_is_asked_of_the_users_file(ready: Host) -> None:
    """An account that is missing is told, and one that others share by its names."""
    ready.bundle(users="account\tasmith\nprincipals\tjdoe\tbob\n")

    done = ready.script("check")

    assert "FAIL  H8   there is no account asmith" in done.out
    assert "jdoe can log in, by a certificate for bob" in done.out


def test_a_check_below_another_root_reads_that_one(ready: Host) -> None:
    """The image is looked at, not this machine; what only a running machine tells is left out."""
    image = ready.folder / "image" / "etc"
    (image / "ssh").mkdir(parents=True)
    text = DEBIAN.replace("Include /etc/ssh/sshd_config.d/*.conf", "Include conf.d/*")
    (image / "ssh" / "sshd_config").write_text(text)
    (image / "ssh" / "conf.d").mkdir()
    (image / "ssh" / "conf.d" / "a").write_text("PubkeyAuthentication no\n")
    (image / "passwd").write_text("")

    done = ready.script("check", "--root", str(image.parent))

    assert "PubkeyAuthentication is no for everybody (/etc/ssh/conf.d/a:1)" in done.out
    assert "H15" not in done.out
