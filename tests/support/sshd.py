"""A real OpenSSH server on loopback, run by whoever runs the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PATIENCE = 20
ATTEMPTS = 5
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
SEPARATION = Path("/run/sshd")
# From this version on a few failures block their source address for a while.
PENALTIES = (9, 8)

T = TypeVar("T")


def program(name: str) -> str | None:
    """The absolute path of a program, also of one for administrators."""
    return shutil.which(name, path=PATH)


def missing() -> str | None:
    """Why no server can be run here, or None."""
    lacking = [name for name in ("sshd", "ssh", "ssh-keygen") if program(name) is None]
    if lacking:
        return f"OpenSSH is needed: there is no {' and no '.join(lacking)}"
    if os.geteuid() == 0:
        SEPARATION.mkdir(mode=0o755, exist_ok=True)
    shell = Path(pwd.getpwuid(os.geteuid()).pw_shell)
    if not os.access(shell, os.X_OK) or shell.name in {"nologin", "false"}:
        return f"{user()} cannot log in anywhere: the shell is {shell}"
    return None


def user() -> str:
    """Whoever runs the tests: a server without privileges lets in nobody else."""
    return pwd.getpwuid(os.geteuid()).pw_name


def waited(look: Callable[[], T | None], what: str) -> T:
    """What a look sees as soon as it sees something; an AssertionError after a while."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while (seen := look()) is None:
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.01)
    return seen


def keygen(*arguments: str | Path) -> str:
    """Run ssh-keygen; what it prints."""
    command = [program("ssh-keygen") or "", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, its log, and the file of the authorities that it trusts."""

    port: int
    log: Path
    trusted: Path

    def logged(self, text: str) -> str:
        """The first line of the log that holds a text, once it is there."""

        def look() -> str | None:
            lines = self.log.read_text(errors="replace").splitlines()
            return next((line for line in lines if text in line), None)

        return waited(look, f"{text!r} in the log of sshd")


@contextlib.contextmanager
def running(folder: Path, authority: str) -> Iterator[Server]:
    """A server that trusts one authority, until the block ends."""
    folder.mkdir()
    keygen("-q", "-t", "ed25519", "-N", "", "-f", folder / "hostkey")
    trusted = folder / "ca.pub"
    trusted.write_text(f"{authority}\n")
    for _ in range(ATTEMPTS):
        server = Server(_free_port(), folder / "log", trusted)
        with _started(server, folder) as listens:
            if listens:
                yield server
                return
    raise AssertionError(f"sshd does not start: {(folder / 'log').read_text()}")


@contextlib.contextmanager
def _started(server: Server, folder: Path) -> Iterator[bool]:
    config, pid = folder / "sshd_config", folder / "sshd.pid"
    config.write_text(_config(server, folder))
    command = [program("sshd") or "", "-D", "-f", str(config), "-E", str(server.log)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:

        def look() -> bool | None:
            return process.poll() is None if pid.exists() or process.poll() is not None else None

        try:
            yield waited(look, "the pid file of sshd")
        finally:
            process.terminate()


def _config(server: Server, folder: Path) -> str:
    penalties = "PerSourcePenalties no\n" if _version() >= PENALTIES else ""
    return (
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {folder}/hostkey\n"
        f"PidFile {folder}/sshd.pid\nLogLevel VERBOSE\nUsePAM no\nPubkeyAuthentication yes\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthorizedKeysFile none\n"
        f"TrustedUserCAKeys {server.trusted}\n{penalties}"
    )


def _version() -> tuple[int, int]:
    command = [program("ssh") or "", "-V"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
