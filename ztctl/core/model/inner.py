"""Machines behind a bastion: each has a name of its own, and the address that the connector dials.

With ``service: bastion`` the client says where to go (``Cf-Access-Jump-Destination``), and the port
is mandatory (cloudflared source, 2026.8.2, ``carrier``).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

# What OpenSSH takes for a host on its command line, less what a pattern or a shell would read
# another way; no leading hyphen, which would be an option.
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_MOST_PORT: Final = 65535
HINT: Final = "write an address with a port, such as 10.0.0.12:22 or [fd00::12]:22"


def is_host_word(text: str) -> bool:
    """Whether a text can stand for one host in ssh_config and on a command line as it is."""
    return _NAME.fullmatch(text) is not None and ".." not in text


@dataclass(frozen=True, slots=True)
class InnerHost:
    """A machine behind a bastion.

    Attributes:
        name: what people type behind ``ssh``; lower case.
        address: host name or IP address, an IPv6 address without brackets.
        port: where its sshd listens.
    """

    name: str
    address: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        """Whether the address needs brackets before a port."""
        return ":" in self.address

    @classmethod
    def parse(cls, name: str, text: str) -> InnerHost:
        """Make one of its name and of ``ADDRESS:PORT``.

        Raises:
            ValueError: one of the two is no such thing; the message names it.
        """
        if not is_host_word(lower := name.lower()):
            raise ValueError(f"{name!r} is no name for a machine behind a bastion")
        address, colon, port = text.rpartition(":")
        if not colon or not address or address.endswith(":"):
            raise ValueError(f"{text!r} has no port")
        if not _PORT.fullmatch(port) or int(port) > _MOST_PORT:
            raise ValueError(f"{port!r} is no port")
        return cls(lower, _address(address), int(port))


def _address(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        found = text[1:-1]
        # A zone index would be one of the connector's machine, and a `%` to ssh_config.
        with suppress(ValueError):
            return str(IPv6Address("" if "%" in found else found))
    elif is_host_word(text.lower()):
        return text.lower()
    raise ValueError(f"{text!r} is no address")
