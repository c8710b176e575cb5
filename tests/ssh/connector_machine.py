"""A machine to install a connector on: this one, with an /etc, a /run, a /usr and a /var/log of its own.

What runs there sees stand-ins for systemd, OpenRC and SysV, for package tools, and for cloudflared.
Nothing of the real machine is touched, and everything that was started there ends with it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.process import PATIENCE, Ended

INSTALL = Path(__file__).parents[2] / "ztctl" / "ssh" / "install"
STAND_INS = Path(__file__).parent / "install"
SHELLS = {"dash": ["dash"], "ash": ["busybox", "ash"]}
TUNNEL = "6f1d2c3b-0000-4000-8000-00000000abcd"
OTHER = "7a2e3d4c-0000-4000-8000-00000000ef01"
# What `install.sh` does with the part, and no more.
MAIN = """
MODE=install
while [ $# -gt 0 ]; do
    case $1 in
        --root) ROOT=$2; shift ;;
        --cloudflared) CLOUDFLARED=$2; shift ;;
        --token-file) TOKEN_FILE=$2; shift ;;
        --replace-connector) REPLACE_CONNECTOR=yes ;;
        --dry-run) DRY_RUN=yes ;;
        *) MODE=$1 ;;
    esac
    shift
done
WORK=$(mktemp -d)
trap finish EXIT
trap 'exit 130' INT TERM HUP
: >"$WORK/undo"
"connector_$MODE"
"""
# /etc/init.d and the runlevels of another init system would speak for it.
SETUP = r"""
set -e
mount -t tmpfs none @FOLDER@/over
for name in etc usr; do
    mkdir -p "@FOLDER@/over/$name/up" "@FOLDER@/over/$name/work"
    mount -t overlay none "/$name" \
        -o "lowerdir=/$name,upperdir=@FOLDER@/over/$name/up,workdir=@FOLDER@/over/$name/work"
done
mount -t tmpfs none /run
mount -t tmpfs none /var/log
rm -rf /etc/cloudflared /etc/systemd/system/cloudflared.service /etc/init.d/cloudflared
case INIT in
    systemd) mkdir -p /run/systemd/system /etc/systemd/system ;;
    openrc) mkdir -p /run/openrc /etc/init.d /etc/runlevels ;;
    sysv) mkdir -p /etc/init.d ;;
esac
echo up
# The first process of a machine takes what others leave behind.
while :; do sleep 0.1; done
"""


def missing() -> str:
    """What keeps such a machine from being made here; empty when nothing does."""
    for name in ("unshare", "nsenter", "setsid", "dash", "busybox"):
        if shutil.which(name) is None:
            return f"there is no {name}"
    return "" if os.geteuid() == 0 else "only root makes such a machine"


def token(tunnel: str = TUNNEL, secret: str = "canary-of-the-connector-token") -> str:
    """A token of a tunnel, as cloudflared takes it."""
    parts = {"a": "0" * 32, "t": tunnel, "s": base64.b64encode(secret.encode()).decode()}
    return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


class Machine:
    """A machine, while its block lasts.

    Args:
        folder: where what belongs to it lies; it may look into it at any time.
        init: ``systemd``, ``openrc`` or ``sysv``.
        shell: what runs the script: ``dash`` or ``ash``.
    """

    def __init__(self, folder: Path, init: str = "systemd", shell: str = "dash") -> None:
        self.folder = folder
        self.port = _free_port()
        self._shell = SHELLS[shell]
        self._bin = folder / "bin"
        for name in ("over", "bin", "tmp"):
            (folder / name).mkdir()
        self.connects("ready")
        self.write(folder / "cloudflared", self.stand_in("cloudflared.py"), 0o755)
        tools = {"systemd": ["systemctl"], "openrc": ["rc-service", "rc-update"], "sysv": []}
        for name in tools[init]:
            file = "rc-service" if name == "rc-update" else name
            self.write(self._bin / name, self.stand_in(file), 0o755)
        for name in ("update-rc.d", "journalctl"):
            text = f'#!/bin/sh\necho "{name} $*" >>{folder}/calls\n'
            self.write(self._bin / name, text, 0o755)
        parts = [(INSTALL / f"{it}.sh").read_text() for it in ("head", "files", "connector")]
        limits = f"CONNECTOR_METRICS=127.0.0.1:{self.port}\nCONNECTOR_WAIT=10\n"
        script = "".join(parts).replace("@STACK@", "prod") + limits + MAIN
        self.script = self.write(folder / "install.sh", script)
        self._setup = SETUP.replace("@FOLDER@", str(folder)).replace("INIT", init)
        self._namespace: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        words = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c"]
        self._namespace = subprocess.Popen(
            [*words, self._setup], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._namespace.stdout is not None
        assert self._namespace.stderr is not None
        if self._namespace.stdout.readline() != "up\n":
            raise AssertionError(self._namespace.stderr.read())
        children = f"/proc/{self._namespace.pid}/task/{self._namespace.pid}/children"
        (self._inner,) = Path(children).read_text().split()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._namespace is not None
        with self._namespace:
            self._namespace.kill()

    def stand_in(self, name: str, version: str = "2026.8.2") -> str:
        """The text of a stand-in."""
        text = (STAND_INS / name).read_text()
        for word, value in (
            ("@PYTHON@", sys.executable),
            ("@FOLDER@", str(self.folder)),
            ("@VERSION@", version),
        ):
            text = text.replace(word, value)
        return text

    @staticmethod
    def write(path: Path, text: str, mode: int = 0o644) -> Path:
        """Write a file outside the machine, which sees it."""
        path.write_text(text)
        path.chmod(mode)
        return path

    def connects(self, mode: str) -> None:
        """How cloudflared is going to connect: `ready`, `late N`, `never` or `second`."""
        (self.folder / "mode").write_text(mode)

    def tool(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        self.write(self._bin / name, f"#!/bin/sh\n{text}\n", 0o755)

    def install(self, *words: object, given: str | None = None) -> Ended:
        """Run the script; `given` is its standard input."""
        return self.run([*self._shell, str(self.script), *map(str, words)], given=given)

    def with_program(self, *words: object, given: str | None = None) -> Ended:
        """The same with the stand-in for cloudflared given."""
        return self.install("--cloudflared", self.folder / "cloudflared", *words, given=given)

    def run(self, words: list[str], given: str | None = None) -> Ended:
        """Run something there to its end."""
        path = f"{self._bin}:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            ["nsenter", "-t", self._inner, "-m", "-p", *words],
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True, text=True, check=False, timeout=PATIENCE, env={"PATH": path, "TMPDIR": f"{self.folder}/tmp"},
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def sh(self, text: str) -> str:
        """What a line of shell says there."""
        return self.run(["sh", "-c", text]).out

    def seen(self, name: str) -> list[str]:
        """The lines that a stand-in noted: `calls`, `argv`, `environ`, `token`."""
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def tree(self) -> str:
        """Every file that the connector may touch, with mode, owner and content."""
        places = "/etc/cloudflared /etc/systemd/system /etc/init.d /etc/ssh/ztctl_backup"
        places += " /etc/apt/sources.list.d /usr/local/bin /usr/share/keyrings /etc/yum.repos.d"
        find = f"find {places} -printf '%p %m %u %y %l\\n' 2>/dev/null | sort"
        sums = f"find {places} -type f -exec cksum {{}} + 2>/dev/null | sort"
        return self.sh(f"{find}; {sums}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
