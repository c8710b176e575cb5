"""A server with the real sshd on a machine of its own, and logins with certificates to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ztctl.ssh.bundle import Server, TrustedKey, bundle_of, write_folder

from .process import Ended
from .unshared import PATH, Machine
from .unshared import missing as no_machine

DEBIAN = """\
Include /etc/ssh/sshd_config.d/*.conf

HostKey /etc/ssh/ssh_host_ed25519_key
KbdInteractiveAuthentication no
UsePAM yes
Subsystem sftp internal-sftp
"""
PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
sshd:x:104:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
jdoe:x:1001:1001::/home/jdoe:/bin/sh
"""
# What an install may change; the halves that shadow leaves (`passwd-`) are its own.
ACCOUNTS = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
# Where a stand-in of a program lies, before the program itself.
STAND_INS = "/run/stand-ins"


def missing() -> str | None:
    """Why there can be no such server here; ``None`` where there can."""
    lacking = [it for it in ("sshd", "ssh", "ssh-keygen") if shutil.which(it, path=PATH) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else no_machine()


def new_key(path: Path, *options: str) -> Path:
    """A new pair of keys in files: the private one, and its public one beside it."""
    kind = options or ("-t", "ecdsa", "-b", "256")
    command = ["ssh-keygen", "-q", *kind, "-N", "", "-C", "open-ssh-ca@cloudflareaccess.org"]
    subprocess.run([*command, "-f", str(path)], check=True, capture_output=True)
    return path


def public(key: Path) -> str:
    """The public key of a pair, one line."""
    return Path(f"{key}.pub").read_text(encoding="utf-8").strip()


@dataclass(frozen=True, slots=True)
class Host:
    """A server that a bundle is for.

    Attributes:
        machine: it runs there.
        folder: of this machine's, seen from there too: the bundle lies in ``bundle``.
        ca: the private key of the CA whose certificates it is to take.
    """

    machine: Machine
    folder: Path
    ca: Path

    def set_up(self, host_key: Path, config: str = DEBIAN) -> None:
        """Accounts and an sshd as a new server has them."""
        ssh = self.machine.path("/etc/ssh")
        shutil.rmtree(ssh)
        self.machine.write("/etc/ssh/sshd_config", config)
        ssh.joinpath("sshd_config.d").mkdir()
        # Without a system of services sshd is told itself to reload.
        self.machine.path("/etc/init.d/ssh").unlink(missing_ok=True)
        for suffix, mode in (("", 0o600), (".pub", 0o644)):
            text = Path(f"{host_key}{suffix}").read_text(encoding="utf-8")
            self.machine.write(f"/etc/ssh/ssh_host_ed25519_key{suffix}", text, mode)
        names = [line.split(":")[0] for line in PASSWD.splitlines()]
        self.machine.write("/etc/passwd", PASSWD)
        self.machine.write("/etc/shadow", "".join(f"{it}:*:20000::::::\n" for it in names), 0o640)
        for name, rest in (("group", "x:1001:"), ("gshadow", "!::")):
            groups = f"root:{rest.replace('1001', '0')}\njdoe:{rest}\nnogroup:x:65534:\n"
            self.machine.write(f"/etc/{name}", groups if name == "group" else f"jdoe:{rest}\n")
        self.machine.path("/home/jdoe").mkdir()

    def bundle(self, *more: Path, stack: str = "prod", **wishes: Any) -> None:
        """Render a bundle for its CA, and for more of them."""
        keys = tuple(TrustedKey(key.name, public(key)) for key in (self.ca, *more))
        server = Server(stack, ("ssh.example.com",), keys, connector=False, **wishes)
        write_folder(bundle_of(server), self.folder / "bundle")

    def script(self, *words: str, shell: Sequence[str] = ("sh",), path: str = PATH) -> Ended:
        """Run the bundle's script."""
        script = self.folder / "bundle" / "install.sh"
        environment = {"PATH": f"{STAND_INS}:{path}"}
        return self.machine.run(*shell, script, *words, environment=environment)

    def stand_in(self, name: str, text: str) -> None:
        """A program of this name that comes before the real one."""
        self.machine.write(f"{STAND_INS}/{name}", f"#!/bin/sh\n{text}\n", 0o755)

    def start(self) -> None:
        """Start sshd, on port 22 of the machine's own loopback."""
        done = self.machine.run("/usr/sbin/sshd")
        assert done.code == 0, done.said
        self.wait(lambda: self.machine.path("/run/sshd.pid").exists())

    def wait(self, happened: Callable[[], bool]) -> None:
        """Wait for a condition."""
        from time import monotonic, sleep

        end = monotonic() + 10
        while not happened():
            assert monotonic() < end, "it did not happen"
            sleep(0.01)

    def certificate(self, *names: str, ca: Path | None = None, valid: str = "-1m:+5m") -> Path:
        """A new client key with a certificate for these names."""
        key = self.folder / f"id-{'-'.join(names)}-{(ca or self.ca).name}"
        key.unlink(missing_ok=True)
        new_key(key)
        signing = ["ssh-keygen", "-q", "-s", str(ca or self.ca), "-I", "jdoe@example.com"]
        signing += ["-n", ",".join(names), "-V", valid, f"{key}.pub"]
        subprocess.run(signing, check=True, capture_output=True)
        return key

    def login(self, account: str, key: Path, *command: str) -> Ended:
        """Log in as an account with a key, and its certificate if it has one; says who it is."""
        options = ["BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "LogLevel=ERROR"]
        options += ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
        words = [word for it in options for word in ("-o", it)]
        command = command or ("id", "-un")
        return self.machine.run(
            "ssh", "-F", "none", "-i", key, *words, f"{account}@127.0.0.1", *command
        )

    def files(self) -> dict[str, tuple[int, int, bytes]]:
        """All that an install may change: mode, owner and bytes, by path."""
        etc = self.machine.path("/etc")
        # A path below /proc is that of the machine's root: links are not followed out of it.
        found = [path for path in sorted((etc / "ssh").rglob("*")) if not path.is_dir()]
        found += [etc / name for name in ACCOUNTS if (etc / name).exists()]
        return {
            str(path.relative_to(etc)): (
                path.lstat().st_mode,
                path.lstat().st_uid,
                str(path.readlink()).encode() if path.is_symlink() else path.read_bytes(),
            )
            for path in found
        }
