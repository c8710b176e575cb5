"""What the page for a laptop shows: program and blocks by system, then how to log in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ztctl.views.escape import visible

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SystemPart:
    """The steps on one system.

    Attributes:
        key: an identifier of HTML, by which the script chooses it.
        install: commands, one a line.
        where: a command that prints where cloudflared is.
        folder: where the file of ssh_config lies, as people of that system write it.
        config: the blocks.
    """

    key: str
    name: str
    install: str
    where: str
    folder: str
    path: str
    config: str


@dataclass(frozen=True, slots=True)
class ClientSheet:
    """A whole file for people who log in.

    Attributes:
        hosts: what to type behind ``ssh``, where it leads, and by which key.
        example: one name to type.
        asks_user: the page asks for the name on the servers, and puts it into the blocks.
        has_ca: some host takes certificates.
        known_hosts: the host keys, and the name of their file; empty where they are not known.
        all_known: every host has a key there.
    """

    title: str
    lead: str
    hosts: Sequence[tuple[str, str, str]]
    example: str
    asks_user: bool
    has_ca: bool
    own_keys: bool
    systems: Sequence[SystemPart]
    known_hosts: str
    known_hosts_file: str
    all_known: bool
    version: str


_APT: Final = (
    "sudo mkdir -p --mode=0755 /usr/share/keyrings\n"
    "curl -fsSL https://pkg.cloudflare.com/cloudflare-main.gpg"
    " | sudo tee /usr/share/keyrings/cloudflare-main.gpg >/dev/null\n"
    'echo "deb [signed-by=/usr/share/keyrings/cloudflare-main.gpg]'
    ' https://pkg.cloudflare.com/cloudflared any main"'
    " | sudo tee /etc/apt/sources.list.d/cloudflared.list\n"
    "sudo apt-get update && sudo apt-get install cloudflared"
)
# By the system's key: its name, how cloudflared is installed, how its path is found, the folder.
# Sources: Cloudflare One documentation (downloads); the package source of pkg.cloudflare.com.
_SYSTEMS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "macos": ("macOS", "brew install cloudflared", "command -v cloudflared", "~/.ssh"),
    "macos-intel": (
        "macOS on Intel",
        "brew install cloudflared",
        "command -v cloudflared",
        "~/.ssh",
    ),
    "linux": (
        "Linux",
        _APT,
        "command -v cloudflared",
        "~/.ssh",
    ),
    "windows": (
        "Windows",
        "winget install --id Cloudflare.cloudflared",
        "(Get-Command cloudflared).Source",
        "%USERPROFILE%\\.ssh",
    ),
}
SYSTEMS: Final = tuple(_SYSTEMS)


def client_sheet(document: Json, version: str) -> ClientSheet:
    """Convert the document of ``ztctl ssh client render``; its texts have been checked there."""
    # Checks let no other name in; the page stands by itself all the same.
    hosts = [(visible(name), visible(place), key) for name, place, key in _rows(document["hosts"])]
    typed = [name for name, _, _ in hosts if "*" not in name]
    one = document["hosts"][0]["host"] if len(document["hosts"]) == 1 else ""
    return ClientSheet(
        title=f"Log in to {visible(one)}" if one else f"SSH hosts of {document['stack']}",
        lead=f"{len(hosts)} host{'' if len(hosts) == 1 else 's'} behind Cloudflare Access",
        hosts=hosts,
        example=typed[0] if typed else hosts[0][0].replace("*", "NAME"),
        asks_user=not document["user"],
        has_ca=any(it["has_ca"] for it in document["hosts"]),
        own_keys=any(not it["has_ca"] for it in document["hosts"]),
        systems=[_part(it) for it in document["systems"]],
        known_hosts=_shown(document["known_hosts"] or ""),
        known_hosts_file=document["known_hosts_file"] or "",
        all_known=_names(document["hosts"])
        <= {line.partition(" ")[0] for line in (document["known_hosts"] or "").splitlines()},
        version=version,
    )


def _names(hosts: Sequence[Json]) -> set[str]:
    """The names under which ssh looks keys up."""
    inner = (it["name"] for host in hosts for it in host["inner"])
    return {*inner, *(host["host"] for host in hosts if not host["is_bastion"])}


def _rows(hosts: Sequence[Json]) -> list[tuple[str, str, str]]:
    rows = []
    for host in hosts:
        key = "a certificate, made at each login" if host["has_ca"] else "a key of your own"
        if host["is_bastion"]:
            rows += [
                (it["name"], f"{it['address']} behind {host['host']}", key) for it in host["inner"]
            ]
        else:
            rows += [(name, host["host"], key) for name in (*host["aliases"], host["host"])]
    return rows


def _shown(text: str) -> str:
    return "\n".join(visible(row) for row in text.split("\n"))


def _part(system: Json) -> SystemPart:
    name, install, where, folder = _SYSTEMS[system["system"]]
    return SystemPart(
        system["system"],
        name,
        install,
        where,
        folder,
        visible(system["cloudflared"]),
        _shown(system["config"]),
    )
