"""Mapping of origin services to loopback addresses.

Source: cloudflared 2026.8.2: the ports that ssh, rdp, smb and other schemes stand for, that a
scheme it does not know is raw TCP. The sandbox connects to loopback addresses only, whatever a
configuration says; other addresses can be mapped to one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"ssh": 22, "rdp": 3389, "smb": 445}
OTHER_PORT = 7864
NO_STREAM = frozenset({"http", "https", "ws", "wss", "unix", "unix+tls", "http_status"})


class UnreachableError(Exception):
    """The origin is not on this machine, or takes no byte stream."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{shown}:{self.port}"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Redirection of connections: `ssh.internal:22=127.0.0.1:2222`."""

    wanted: Place
    used: Place


def mapping(text: str) -> Mapping:
    """Parse a mapping; raises ValueError unless its target is a loopback address."""
    wanted, _, used = text.partition("=")
    read = Mapping(_place(wanted), _place(used))
    if not _is_loopback(read.used.host):
        raise ValueError(f"{read.used.host!a} is no loopback address")
    return read


def dialled(service: str, destination: str | None, mappings: tuple[Mapping, ...]) -> Place:
    """The loopback address for an ingress service or a bastion's destination.

    Raises UnreachableError.
    """
    place = _origin_of(service, destination)
    for one in mappings:
        if one.wanted == place:
            return one.used
    if place.host == "localhost":
        return Place("127.0.0.1", place.port)
    if not _is_loopback(place.host):
        raise UnreachableError(f"{place} is not on this machine, and mapped to nothing on it")
    return place


def _origin_of(service: str, destination: str | None) -> Place:
    try:
        if destination is not None:
            return _place(destination)
        url = urlsplit(service)
        if url.scheme in NO_STREAM or not url.hostname:
            raise UnreachableError(f"{service} takes no stream of bytes in this sandbox")
        return Place(url.hostname.lower(), url.port or PORTS.get(url.scheme, OTHER_PORT))
    except ValueError as error:
        raise UnreachableError(f"{error}") from error


def _place(text: str) -> Place:
    url = urlsplit(f"//{text}")
    if not url.hostname or not url.port or url.path or url.query or "@" in text:
        raise ValueError(f"{text[:80]!a} is not HOST:PORT")
    return Place(url.hostname.lower(), url.port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
