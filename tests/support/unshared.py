"""A machine for tests that need root: accounts and files of its own, on this one's programs.

A mount namespace with an overlay on /etc and nothing in /home, /run and /var/log, and a process
namespace whose processes end with it. Nothing of the real machine is touched: what is written there
is gone when the test ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .process import PATIENCE, Ended

# Where /etc itself is an overlay of a kind that carries no other, a copy does as well.
_SET_UP = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work"
if ! mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc 2>"$1/why"
then
    cp -a /etc/. "$1/upper" && mount --bind "$1/upper" /etc
fi
for folder in /home /run /var/log; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir -p /run/sshd
[ -z "$2" ] || busybox ip link set lo up
echo ready
# Orphans are its children; where it ignores that one ends, the kernel keeps no zombie of it.
exec env --ignore-signal=CHLD cat
"""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WANTED = ("unshare", "nsenter", "busybox")


def missing() -> str | None:
    """Why there can be no such machine here; ``None`` where there can."""
    if os.geteuid() != 0:
        return "a machine of its own needs root"
    lacking = [name for name in WANTED if shutil.which(name, path=PATH) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False
    )
    return None if tried.returncode == 0 else f"unshare: {tried.stderr.decode().strip()}"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is up.

    Attributes:
        pid: its first process.
        namespaces: the options by which ``nsenter`` goes there.
    """

    pid: int
    namespaces: tuple[str, ...]

    def path(self, name: str) -> Path:
        """Where a file of it is found from outside: ``/etc/ssh/sshd_config``."""
        return Path(f"/proc/{self.pid}/root") / name.lstrip("/")

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        """Put a text into a file of it; makes its folder."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def run(
        self, *command: str | Path, environment: Mapping[str, str] | None = None, text: str = ""
    ) -> Ended:
        """Run a command there as root, with this on its standard input, until it ends."""
        entering = ["nsenter", f"--target={self.pid}", *self.namespaces, "--", *map(str, command)]
        done = subprocess.run(
            entering,
            env={"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", **(environment or {})},
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def machine(folder: Path, *, network: bool = False) -> Iterator[Machine]:
    """A machine of its own until the block ends.

    Args:
        folder: an empty one, over which what is written there is mounted.
        network: it has a loopback of its own too: every port is free, and none leads outside.
    """
    namespaces = ("--mount", "--pid", *(("--net",) if network else ()))
    command = ["unshare", *namespaces, "--fork", "--kill-child", "--mount-proc"]
    command += ["sh", "-c", _SET_UP, "sh", str(folder), "network" if network else ""]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={"PATH": PATH}
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            said = process.stdout.readline()
            assert said == "ready\n", process.stderr.read()
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            yield Machine(int(children.split()[0]), namespaces)
        finally:
            process.stdin.close()
            process.kill()
