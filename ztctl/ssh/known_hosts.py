"""Host keys that a server's own check or ``ssh-keyscan`` has printed, made into a known_hosts file.

Strict: each line is ``HOST KEYTYPE KEY`` with an optional comment, and a key is what it says it is.
A line that OpenSSH would read as something else (a marker, a hashed name, a pattern) is refused.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.client import ClientHost
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.inner import is_host_word
from ztctl.core.model.names import access_covers, is_wildcard

# ssh-dss is gone from OpenSSH 10; certificates and CAs are no host keys.
KEY_TYPES: Final = frozenset(
    {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
MOST_BYTES: Final = 1 << 20
_FORM: Final = (
    "each line is HOST KEYTYPE KEY, as `sh install.sh host-keys` and ssh-keyscan print it"
)
_WITH_PORT: Final = re.compile(r"\[([^\[\]]+)\]:([0-9]{1,5})")
_SHORTEST: Final = 32


@dataclass(frozen=True, slots=True)
class HostKey:
    """One key of one host, by the name under which ssh looks it up."""

    name: str
    type: str
    key: str

    def __str__(self) -> str:
        return f"{self.name} {self.type} {self.key}"


@dataclass(frozen=True, slots=True)
class HostKeys:
    """What a file of host keys holds, and what is wrong with it."""

    keys: tuple[HostKey, ...]
    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """As a known_hosts file."""
        return "".join(f"{key}\n" for key in self.keys)

    def known(self, hosts: Iterable[ClientHost]) -> frozenset[str]:
        """The names that have a key, and the patterns of which some name has one."""
        names = {key.name for key in self.keys}
        patterns = (it.name for it in hosts if is_wildcard(it.name))
        return frozenset(
            {*names, *(it for it in patterns if any(access_covers(it, name) for name in names))}
        )


def read_host_keys(data: bytes, file: str, hosts: Sequence[ClientHost]) -> HostKeys:
    """Parse a file of host keys of these hosts; of a line with problems nothing is kept."""
    problems: list[Problem] = []
    keys: dict[HostKey, None] = {}
    names = _names(hosts)
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.decode("utf-8", "backslashreplace").strip()
        if not text or text.startswith("#"):
            continue
        try:
            keys.update(dict.fromkeys(_keys(text, names, hosts)))
        except ValueError as error:
            summary, hint = (*error.args, _FORM)[:2]
            problems.append(Problem(str(summary), Where(file, number, 1), str(hint)))
    if not keys and not problems:
        problems.append(Problem("it holds no host key", Where(file, 1, 1), _FORM))
    return HostKeys(tuple(keys), tuple(problems))


def _names(hosts: Iterable[ClientHost]) -> Mapping[str, str]:
    """By each name that a key may be told of, the name under which ssh looks it up."""
    found: dict[str, str] = {}
    for host in hosts:
        if host.is_bastion:
            for inner in host.inner:
                found[inner.name] = inner.name
                found.setdefault(f"{inner.address}:{inner.port}", inner.name)
        else:
            found.update(dict.fromkeys((host.name, *host.aliases), host.name))
    return found


def _keys(text: str, names: Mapping[str, str], hosts: Sequence[ClientHost]) -> Iterator[HostKey]:
    if text.startswith("@"):
        raise ValueError(f"{text.split(maxsplit=1)[0]} is no host name: markers are not taken")
    words = text.split()
    if len(words) < 3:
        raise ValueError("the line has not three words")
    told, type_, key = words[:3]
    if type_ not in KEY_TYPES:
        raise ValueError(f"{type_!r} is no type of a host key")
    _check_key(type_, key)
    for name in told.split(","):
        yield HostKey(_looked_up(name, names, hosts), type_, key)


def _check_key(type_: str, key: str) -> None:
    try:
        blob = b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is no base64") from None
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != type_.encode("ascii") or len(blob) < length + 4 + _SHORTEST:
        raise ValueError(f"the key is cut off, or is not of the type {type_}")


def _looked_up(told: str, names: Mapping[str, str], hosts: Sequence[ClientHost]) -> str:
    ported = _WITH_PORT.fullmatch(told)
    bare, port = (ported[1], ported[2]) if ported else (told, "22")
    for name in (bare.lower(), f"{bare.lower()}:{port}"):
        if name in names and not is_wildcard(name):
            return names[name]
    patterns = (it.name for it in hosts if is_wildcard(it.name))
    if is_host_word(bare.lower()) and any(access_covers(it, bare.lower()) for it in patterns):
        return bare.lower()
    hint = "write the name that people type behind ssh in its place"
    raise ValueError(f"no host of these files is called {told!r}", hint)
