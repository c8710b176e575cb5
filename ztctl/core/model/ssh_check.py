"""Checks of all that lies between a laptop and a shell: in the cloud, on the way, at both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ztctl.core.model.checkup import Verdict


class CheckArea(StrEnum):
    """Where a check looks; the letter begins the ids of its checks."""

    CLOUD = "D"
    NETWORK = "N"
    CLIENT = "C"
    SERVER = "H"


AREAS: Final[Mapping[CheckArea, str]] = {
    CheckArea.CLOUD: "Cloud",
    CheckArea.NETWORK: "Network",
    CheckArea.CLIENT: "This laptop",
    CheckArea.SERVER: "Server",
}
TITLES: Final[Mapping[str, str]] = {
    "D1": "active zone",
    "D2": "WebSockets",
    "D3": "TLS of the zone",
    "D4": "application",
    "D5": "policies",
    "D6": "CA key",
    "D7": "binding cookie",
    "D8": "depth of the name",
    "D9": "DNS record",
    "D10": "tunnel",
    "D11": "tunnel rule",
    "D12": "Workers",
    "D13": "unmatched names",
    "D14": "team domain",
    "D15": "replicas",
    "D16": "browser terminal",
    "N1": "name",
    "N2": "certificate",
    "N3": "login",
    "N4": "audience tag",
    "N5": "clock",
    "N6": "tunnel's answer",
    "C1": "cloudflared",
    "C2": "ssh_config",
    "C3": "key files",
    "C4": "certificate",
    "C5": "destination",
    "C6": "nothing was run",
    "H1": "sshd_config",
    "H2": "settings in force",
    "H3": "CA file",
    "H4": "algorithms",
    "H5": "principals",
    "H6": "revoked keys",
    "H7": "methods",
    "H8": "accounts",
    "H9": "who is allowed",
    "H10": "version",
    "H11": "drop-in",
    "H12": "clock",
    "H13": "connector",
    "H14": "way to sshd",
    "H15": "sshd's address",
    "H16": "SELinux",
    "H17": "browser terminal",
}


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One thing that was looked at.

    Attributes:
        id: such as ``D4``; ``TITLES`` has them all.
        host: the host that it is about; empty: this machine, or a server.
        found: what there is, or what is wrong.
        remedy: what to do; empty where nothing is to be done.
        opens: by it the host is open to everybody, or it cannot be told whether it is.
    """

    id: str
    host: str
    verdict: Verdict
    found: str
    remedy: str = ""
    opens: bool = False

    @property
    def area(self) -> CheckArea:
        """Where it looked."""
        return CheckArea(self.id[0])

    @property
    def title(self) -> str:
        """What was looked at, in a word or two."""
        return TITLES[self.id]
