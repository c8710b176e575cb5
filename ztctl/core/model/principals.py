"""The account that a certificate names: the part of the e-mail address before the @.

Sources: Cloudflare One documentation (the principal of a short-lived certificate); issue 1122 of
cloudflared (the domain is dropped, so that two domains share their names); base-passwd of Debian 12
and the images of the large clouds (names of accounts that are there before anybody is).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_ADDRESS: Final = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
# Accounts of Debian's base-passwd, of common services, and of images of clouds.
SYSTEM_NAMES: Final = frozenset(
    {
        *("root", "daemon", "bin", "sys", "sync", "games", "man"),
        *("lp", "mail", "news", "uucp", "proxy", "www-data", "backup"),
        *("list", "irc", "nobody", "operator", "shutdown", "halt", "adm"),
        *(
            "ftp",
            "sshd",
            "messagebus",
            "systemd-network",
            "systemd-resolve",
            "systemd-timesync",
            "postgres",
        ),
        *("mysql", "redis", "mongodb", "nginx", "apache", "git", "jenkins"),
        *("docker", "cloudflared", "admin", "ubuntu", "debian", "centos", "fedora"),
        *("rocky", "ec2-user", "azureuser", "opc", "vagrant"),
    }
)


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address, of characters that can be seen."""
    return _ADDRESS.fullmatch(text) is not None and text.isprintable() and len(text) <= 320


def principal_of(address: str) -> str:
    """The principal in a certificate for this address, in the letters of the address."""
    return address.partition("@")[0]


def by_principal(addresses: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Addresses by their principal in small letters, each address once and in small letters.

    Whether Access writes capitals into a certificate is not documented: names that differ in
    nothing else count as one.
    """
    found: dict[str, list[str]] = {}
    for address in dict.fromkeys(it.lower() for it in addresses):
        found.setdefault(principal_of(address), []).append(address)
    return {name: tuple(sorted(of_name)) for name, of_name in sorted(found.items())}
