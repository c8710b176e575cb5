"""Each misconfiguration of sshd made for real, one after the other, and what the log says of it.

As a program it writes the recordings: `python -m tests.ssh.sshd_lab tests/ssh/recorded`, as root.
It makes accounts and files in a mount namespace of its own, where /etc is an overlay.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sshd import PATIENCE, PENALTIES, program, user, waited

CA_COMMENT = "open-ssh-ca@cloudflareaccess.org"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of this machine, with its output kept."""
    path = program(str(command[0])) or str(command[0])
    return subprocess.run(
        [path, *map(str, command[1:])],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@dataclass
class Case:
    """One server and one login.

    Attributes:
        settings: lines of sshd_config behind the usual ones; of a keyword the first value counts,
            so that they stand first in the file. ``{d}`` is the folder.
        principals: of the certificate; empty: it has none.
        ca: the CA that signs: ``ca``, which is trusted, or ``other``.
        prepare: makes the fault, before the server starts.
    """

    name: str
    settings: str = ""
    user: str = ""
    principals: str | None = None
    validity: str = "-1m:+2m"
    ca: str = "ca"
    level: str = "VERBOSE"
    options: tuple[str, ...] = ("-O", "permit-pty")
    prepare: Callable[[Path], object] = field(default=lambda _: None)
    trusts: str = "{d}/ca.pub"
    checks_only: bool = False
    key: str = "id"


def make_keys(folder: Path) -> None:
    """Make two CAs, a host key and two keys of a user."""
    for name in ("ca", "other"):
        run(*f"ssh-keygen -q -t ecdsa -b 256 -N  -C {CA_COMMENT} -f {folder / name}".split(" "))
    run(*f"ssh-keygen -q -t ed25519 -N  -f {folder / 'hostkey'}".split(" "))
    for name in ("id", "id2"):
        run(*f"ssh-keygen -q -t ecdsa -b 256 -m PEM -N  -f {folder / name}".split(" "))


def log_of(case: Case, folder: Path) -> tuple[str, str]:
    """Start a server, log in once, end it: the log of the server, and what the client said."""
    name = case.user or user()
    case.prepare(folder)
    _sign(case, folder, name)
    port = _free_port()
    config, log, pid = folder / "sshd_config", folder / "log", folder / "sshd.pid"
    for old in (log, pid):
        old.unlink(missing_ok=True)
    config.write_text(_config(case, folder, port))
    if case.checks_only:
        done = run("sshd", "-t", "-f", config)
        return done.stderr, ""
    command = [program("sshd") or "", "-D", "-f", str(config), "-E", str(log)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            waited(lambda: pid.exists() or process.poll() or None, "the pid file of sshd")
            said = _login(folder, name, port, case.key)
            waited(lambda: _ended(log) or None, f"the end of the connection of {case.name}")
        finally:
            process.terminate()
    return log.read_text(errors="replace"), said


def _config(case: Case, folder: Path, port: int) -> str:
    usual = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/hostkey\n"
        f"PidFile {folder}/sshd.pid\nLogLevel {case.level}\nUsePAM no\nPasswordAuthentication no\n"
        f"AuthorizedKeysFile none\n{_penalties()}"
    )
    if case.trusts:
        usual += f"TrustedUserCAKeys {case.trusts.format(d=folder)}\n"
    settings = f"{case.settings.format(d=folder)}\n"
    return usual + settings if settings.startswith("Match") else settings + usual


def _ended(log: Path) -> bool:
    text = log.read_text(errors="replace")
    return any(
        it in text
        for it in ("closed by", "Disconnected from", "Connection reset", "by PAM", "fatal: ")
    )


def _sign(case: Case, folder: Path, user: str) -> None:
    principals = user if case.principals is None else case.principals
    named = ("-n", principals) if principals else ()
    (folder / "id-cert.pub").unlink(missing_ok=True)
    run(
        *("ssh-keygen", "-q", "-s", str(folder / case.ca), "-I", "jdoe@example.com", *named),
        *("-V", case.validity, "-z", "7", "-O", "clear", *case.options, str(folder / "id.pub")),
    )


def _login(folder: Path, user: str, port: int, key: str) -> str:
    options = "IdentitiesOnly=yes IdentityAgent=none StrictHostKeyChecking=no BatchMode=yes"
    given = [part for it in options.split() for part in ("-o", it)]
    done = run(
        *("ssh", "-v", "-F", "none", "-p", str(port), "-i", str(folder / key), *given),
        *("-o", f"CertificateFile={folder / 'id-cert.pub'}"),
        *("-o", f"UserKnownHostsFile={folder / 'known_hosts'}", f"{user}@127.0.0.1", "true"),
    )
    return done.stderr


def _penalties() -> str:
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", run("ssh", "-V").stderr)
    assert found
    return "PerSourcePenalties no\n" * ((int(found[1]), int(found[2])) >= PENALTIES)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# -- the recordings -------------------------------------------------------------------------


def _principals(
    mode: int = 0o644, text: str = "jdoe\n", folder_mode: int = 0o755
) -> Callable[[Path], object]:
    def prepare(_: Path) -> None:
        place = Path("/etc/ssh/principals")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o755)
        (place / "jdoe").write_text(text)
        (place / "jdoe").chmod(mode)
        place.chmod(folder_mode)

    return prepare


def _write(name: str, text: str | Callable[[Path], str]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(
        text if isinstance(text, str) else text(folder)
    )


def _usermod(*arguments: str) -> Callable[[Path], object]:
    return lambda _: run("usermod", *arguments, "jdoe")


def _writable_command(folder: Path) -> None:
    (folder / "command").write_text("#!/bin/sh\n")
    (folder / "command").chmod(0o777)


def _back(_: Path) -> None:
    run("usermod", "-p", "*", "-s", "/bin/sh", "-e", "", "jdoe")


FILE = "AuthorizedPrincipalsFile /etc/ssh/principals/%u"
CASES = (
    Case("accepted"),
    Case("accepted-at-info", level="INFO"),
    Case("not-a-principal", principals="asmith"),
    Case("no-principals", principals=""),
    Case("expired", validity="-10m:-5m"),
    Case("not-yet-valid", validity="+5m:+10m"),
    Case("other-ca", ca="other"),
    Case("other-ca-at-info", ca="other", level="INFO"),
    Case("no-ca-file", trusts=""),
    Case("ca-file-missing", trusts="{d}/none.pub"),
    Case("source-address", options=("-O", "source-address=10.1.2.3/32")),
    Case("pubkey-off", "PubkeyAuthentication no\nKbdInteractiveAuthentication yes"),
    Case("no-account", user="ghost"),
    Case("locked", prepare=_usermod("-p", "!")),
    Case("no-shell", prepare=_usermod("-s", "/bin/nosuch")),
    Case("account-expired", "UsePAM yes", prepare=_usermod("-e", "1")),
    Case("root-refused", "PermitRootLogin no", user="root"),
    Case("allow-users", "AllowUsers asmith"),
    Case("deny-users", "DenyUsers jdoe"),
    Case("allow-groups", "AllowGroups wheelies"),
    Case("ca-algorithms", "CASignatureAlgorithms ssh-ed25519"),
    Case("key-algorithms", "PubkeyAcceptedAlgorithms ssh-ed25519"),
    Case(
        "revoked",
        "RevokedKeys {d}/revoked",
        prepare=_write("revoked", lambda d: (d / "id.pub").read_text()),
    ),
    Case("revoked-file-missing", "RevokedKeys {d}/norevoked"),
    Case("another-key", key="id2"),
    Case("principals-unreadable", FILE, prepare=_principals(0o600)),
    Case("principals-writable", FILE, prepare=_principals(0o666)),
    Case("principals-folder-writable", FILE, prepare=_principals(folder_mode=0o777)),
    Case("principals-other", FILE, prepare=_principals(text="asmith\n")),
    Case("principals-none", "AuthorizedPrincipalsFile /etc/ssh/principals/none-%u"),
    Case("two-files", "TrustedUserCAKeys {d}/ca.pub {d}/other.pub", checks_only=True),
    Case(
        "methods",
        "AuthenticationMethods publickey,keyboard-interactive\nKbdInteractiveAuthentication no",
        checks_only=True,
    ),
    Case("command-without-user", "AuthorizedPrincipalsCommand /bin/echo jdoe", checks_only=True),
    Case(
        "command-without-user-in-match",
        "Match User jdoe\nAuthorizedPrincipalsCommand /bin/echo jdoe",
    ),
    Case(
        "unsafe-command",
        "AuthorizedPrincipalsCommand {d}/command\nAuthorizedPrincipalsCommandUser nobody",
        prepare=_writable_command,
    ),
    Case(
        "no-command",
        "AuthorizedPrincipalsCommand /nosuch\nAuthorizedPrincipalsCommandUser nobody",
    ),
)


# The cases of which the client's side is kept, too.
CLIENT_SIDE = ("accepted", "other-ca", "pubkey-off")


def record(target: Path) -> None:
    """Write the log of each case, and what the client said, without this machine's names."""
    lab = Path("/tmp/lab")
    shutil.rmtree(lab, ignore_errors=True)
    lab.mkdir(mode=0o755)
    make_keys(lab)
    run("useradd", "-m", "-s", "/bin/sh", "-p", "*", "jdoe")
    _principals()(lab)
    names: dict[str, str] = {}
    for case in CASES:
        case.user = case.user or "jdoe"
        log, said = log_of(case, lab)
        _back(lab)
        (target / f"{case.name}.sshd.log").write_text(_clean(log, names))
        if case.name in CLIENT_SIDE:
            (target / f"{case.name}.ssh.log").write_text(_clean(said, names))


def _clean(text: str, names: dict[str, str]) -> str:
    def port(found: re.Match[str]) -> str:
        return f"port {names.setdefault(found[1], str(40001 + len(names)))}"

    text = text.replace("/tmp/lab", "/etc/ssh/lab")
    text = re.sub(r"port (\d+)", port, text)
    text = re.sub(r"\[127\.0\.0\.1\]:(\d+)", "[127.0.0.1]:22", text)
    return re.sub(r"pid = \d+|pid \d+", "pid 1", text)


def main() -> None:
    """Enter a mount namespace in which nothing of this machine is touched, and record."""
    target = Path(sys.argv[1]).resolve()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x00020000) == 0, os.strerror(ctypes.get_errno())
    assert run("mount", "--make-rprivate", "/").returncode == 0
    assert run("mount", "-t", "tmpfs", "tmpfs", "/mnt").returncode == 0
    for name in ("upper", "work"):
        Path("/mnt", name).mkdir()
    overlay = "lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work"
    assert run("mount", "-t", "overlay", "overlay", "-o", overlay, "/etc").returncode == 0
    for place in ("/home", "/run"):
        assert run("mount", "-t", "tmpfs", "tmpfs", place).returncode == 0
    Path("/run/sshd").mkdir(mode=0o755)
    record(target)


if __name__ == "__main__":
    main()
