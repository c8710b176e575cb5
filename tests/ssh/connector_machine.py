"""A machine to install a connector on, with stand-ins for its init system and for cloudflared."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

from tests.support.process import Ended
from tests.support.unshared import PATH, Machine
from ztctl.ssh.bundle import Server, bundle_of, write_folder

STAND_INS = Path(__file__).parent / "install"
SHELLS = {"dash": ["dash"], "ash": ["busybox", "ash"]}
TUNNEL = "6f1d2c3b-0000-4000-8000-00000000abcd"
OTHER = "7a2e3d4c-0000-4000-8000-00000000ef01"
METRICS = "127.0.0.1:20241"
# /etc/init.d and the runlevels of another init system would speak for it.
SETUP = r"""
set -e
mkdir "$1/usr"
mount -t tmpfs none "$1/usr"
mkdir "$1/usr/up" "$1/usr/work"
mount -t overlay none /usr -o "lowerdir=/usr,upperdir=$1/usr/up,workdir=$1/usr/work"
rm -rf /etc/cloudflared /etc/systemd/system/cloudflared.service /etc/init.d/cloudflared
case $2 in
    systemd) mkdir -p /run/systemd/system /etc/systemd/system ;;
    openrc) mkdir -p /run/openrc /etc/init.d /etc/runlevels ;;
    sysv) mkdir -p /etc/init.d ;;
esac
"""
TOOLS = {"systemd": ("systemctl",), "openrc": ("rc-service", "rc-update"), "sysv": ()}
PLACES = (
    "/etc/cloudflared /etc/systemd/system /etc/init.d /etc/ssh /etc/apt/sources.list.d "
    "/usr/local/bin /usr/share/keyrings /etc/yum.repos.d"
)


def token(tunnel: str = TUNNEL, secret: str = "canary-of-the-connector-token") -> str:
    """A token of a tunnel, as cloudflared takes it."""
    parts = {"a": "0" * 32, "t": tunnel, "s": base64.b64encode(secret.encode()).decode()}
    return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


class ConnectorMachine:
    """What a bundle for a connector alone is installed on.

    Args:
        up: the machine.
        folder: of this machine's, which that one sees.
        init: ``systemd``, ``openrc`` or ``sysv``.
        shell: what runs the script: ``dash`` or ``ash``.
        services: where the tunnel leads.
    """

    def __init__(
        self, up: Machine, folder: Path, init: str, shell: str, services: tuple[str, ...] = ()
    ) -> None:
        self.up = up
        self.folder = folder
        self._shell = SHELLS[shell]
        self._bin = folder / "bin"
        for name in ("bin", "tmp"):
            (folder / name).mkdir()
        self.connects("ready")
        self.program()
        for name in TOOLS[init]:
            file = "rc-service" if name == "rc-update" else name
            self._write(self._bin / name, self._stand_in(file), 0o755)
        for name in ("update-rc.d", "journalctl"):
            self.tool(name, f'echo "{name} $*" >>{folder}/calls')
        self.script = folder / "bundle" / "install.sh"
        write_folder(
            bundle_of(Server("prod", (), tunnel="ssh-pool", services=services)), folder / "bundle"
        )
        done = up.run("sh", "-c", SETUP, "sh", folder, init)
        assert done.code == 0, done.said

    def program(self, version: str = "2026.8.2") -> None:
        """The stand-in for cloudflared, of this version."""
        text = self._stand_in("cloudflared.py").replace("@VERSION@", version)
        self._write(self.folder / "cloudflared", text, 0o755)

    def _stand_in(self, name: str) -> str:
        text = (STAND_INS / name).read_text(encoding="utf-8")
        return text.replace("@PYTHON@", sys.executable).replace("@FOLDER@", str(self.folder))

    @staticmethod
    def _write(path: Path, text: str, mode: int) -> None:
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def connects(self, mode: str) -> None:
        """How cloudflared is going to connect: `ready`, `late N`, `never` or `second`."""
        (self.folder / "mode").write_text(mode)

    def tool(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        self._write(self._bin / name, f"#!/bin/sh\n{text}\n", 0o755)

    def tunnels(self, text: str) -> None:
        """What the bundle says of the tunnels that it is for."""
        (self.folder / "bundle" / "tunnels").write_text(text, encoding="utf-8")

    def install(self, *words: str | Path, given: str = "") -> Ended:
        """Run the script; `given` is its standard input."""
        return self.run(*self._shell, self.script, *words, given=given)

    def with_program(self, *words: str | Path, given: str = "") -> Ended:
        """The same with the stand-in for cloudflared given."""
        return self.install("--cloudflared", self.folder / "cloudflared", *words, given=given)

    def run(self, *words: str | Path, given: str = "") -> Ended:
        """Run something there to its end."""
        variables = {"PATH": f"{self._bin}:{PATH}", "TMPDIR": str(self.folder / "tmp")}
        return self.up.run(*words, environment=variables, text=given)

    def sh(self, text: str) -> str:
        """What a line of shell says there."""
        return self.run("sh", "-c", text).out

    def seen(self, name: str) -> list[str]:
        """The lines that a stand-in noted: `calls`, `starts`, `argv`, `environ`, `token`."""
        file = self.folder / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def tree(self) -> str:
        """Every file that the connector may touch, with mode, owner and content."""
        find = f"find {PLACES} -printf '%p %m %u %y %l\\n' 2>/dev/null | sort"
        sums = f"find {PLACES} -type f -exec cksum {{}} + 2>/dev/null | sort"
        return self.sh(f"{find}; {sums}")
