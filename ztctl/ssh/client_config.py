"""The ssh_config of a laptop: for each host the split form, which `ssh`, scp and editors work with.

The first part asks for a certificate and holds where that succeeds, the second leads through the
tunnel in any case: after a failed signing the login still ends in a clear message of the server.
Tested with OpenSSH 9.2 and cloudflared 2026.8.2. ``Match exec`` runs whenever the file is evaluated
for a host that the criteria before it fit, by ``ssh -G`` too.

Every name that reaches a shell has been checked: names of hosts and machines by their letters,
the path of cloudflared by `client_program`. ``%h`` of a pattern is what was typed behind ``ssh``,
whose shell characters OpenSSH refuses from 9.6 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.client import ClientHost
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.inner import InnerHost, is_host_word
from ztctl.core.model.names import access_covers, deeper_than_access, is_wildcard
from ztctl.ssh.client_program import Executable

# Idle connections are cut after minutes, or after 100 s; recorded by users of the service.
ALIVE: Final = 30
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\$?")


@dataclass(frozen=True, slots=True)
class Laptop:
    """What differs from one laptop to another.

    Attributes:
        cloudflared: where it is installed.
        user: the name on the servers, where it is not the local one.
        known_hosts: the file with the host keys, as ssh_config names it; empty where there is none.
        known: names whose host keys it holds, and patterns of which it holds some.
    """

    cloudflared: Executable
    user: str = ""
    known_hosts: str = ""
    known: frozenset[str] = field(default_factory=frozenset)


def user_name(text: str) -> str:
    """A name for `User`, checked.

    Raises:
        Failure: ssh_config would read it another way, or no server has such an account.
    """
    if not _USER.fullmatch(text):
        hint = "it is the part of the e-mail address before the @, or the account it is mapped to"
        raise Failure(f"{text!r} is no name of an account", hint)
    return text


def check_names(hosts: Sequence[ClientHost]) -> None:
    """Require that every name can stand in ssh_config, and leads to one host.

    Raises:
        Failure: one cannot, or two hosts have one.
    """
    seen: dict[str, ClientHost] = {}
    for host in hosts:
        for name in dict.fromkeys((host.name, *host.spoken)):
            if not is_host_word(name.replace("*", "x")):
                raise Failure(f"{name!r} cannot be written into ssh_config safely")
            if seen.setdefault(name, host) is not host:
                hint = f"it belongs to {seen[name].name} already: one name leads to one machine"
                raise Failure(f"{host.name} cannot have the name {name}, too", hint)


def client_config(hosts: Sequence[ClientHost], laptop: Laptop) -> str:
    """The blocks of all hosts, each between two lines that tell where it begins and ends.

    Raises:
        Failure: a name cannot be written safely, or two hosts have it.
    """
    check_names(hosts)
    text = "\n".join("\n".join(_framed(host, hosts, laptop)) for host in hosts if host.spoken)
    return f"{text}\n" if text else ""


def _framed(host: ClientHost, hosts: Sequence[ClientHost], laptop: Laptop) -> Iterator[str]:
    yield f"# BEGIN ztctl {host.name}"
    if host.is_bastion:
        for inner in host.inner:
            yield from _behind(host, inner, laptop)
    else:
        yield from _direct(host, hosts, laptop)
    yield f"# END ztctl {host.name}"


def _direct(host: ClientHost, hosts: Sequence[ClientHost], laptop: Laptop) -> Iterator[str]:
    names = (host.name, *host.aliases)
    others = tuple(f"!{it}" for it in _elsewhere(host.name, hosts))
    name = "%h" if is_wildcard(host.name) else host.name
    if host.has_ca:
        yield from _certificate(f"host {','.join((*names, *others))}", name, laptop)
    yield f"Host {' '.join((*names, *others))}"
    if host.aliases:
        yield f"  HostName {host.name}"
    yield from _login(host.name, laptop)
    yield f"  ProxyCommand {laptop.cloudflared.word} access ssh --hostname %h"


def _behind(host: ClientHost, inner: InnerHost, laptop: Laptop) -> Iterator[str]:
    """A machine behind a bastion, which has its own host key: hence the alias."""
    if host.has_ca:
        yield from _certificate(f"originalhost {inner.name}", host.name, laptop)
    yield f"Host {inner.name}"
    yield f"  HostName {inner.address}"
    yield f"  Port {inner.port}"
    yield f"  HostKeyAlias {inner.name}"
    yield from _login(inner.name, laptop)
    command = f"{laptop.cloudflared.word} access ssh --hostname {host.name}"
    yield f"  ProxyCommand {command} --destination {_destination(inner, laptop)}"


def _destination(inner: InnerHost, laptop: Laptop) -> str:
    if not inner.is_ipv6:
        return "%h:%p"
    # zsh takes brackets for a pattern, and cmd.exe takes single quotes for themselves.
    return "[%h]:%p" if laptop.cloudflared.system == "windows" else "'[%h]:%p'"


def _certificate(criterion: str, name: str, laptop: Laptop) -> Iterator[str]:
    yield f'Match {criterion} exec "{laptop.cloudflared.word} access ssh-gen --hostname {name}"'
    yield f"  IdentityFile ~/.cloudflared/{name}-cf_key"
    yield f"  CertificateFile ~/.cloudflared/{name}-cf_key-cert.pub"
    yield "  IdentitiesOnly yes"


def _login(name: str, laptop: Laptop) -> Iterator[str]:
    if laptop.user:
        yield f"  User {laptop.user}"
    yield f"  ServerAliveInterval {ALIVE}"
    if name not in laptop.known:
        return
    if is_wildcard(name):
        # Only some of its names are known: keys of others are added to the first file.
        yield f"  UserKnownHostsFile ~/.ssh/known_hosts {laptop.known_hosts}"
        return
    yield f"  UserKnownHostsFile {laptop.known_hosts}"
    yield "  StrictHostKeyChecking yes"


def _elsewhere(pattern: str, hosts: Iterable[ClientHost]) -> Iterator[str]:
    """What a pattern of Access does not cover, or another block is for.

    A star of ssh_config matches dots as well, and one of Access stays inside a label; without the
    exception, a host two labels below that has nothing to do with this would be led astray.
    """
    if not is_wildcard(pattern):
        return
    yield from deeper_than_access(pattern)
    for host in hosts:
        for name in host.spoken:
            if name != pattern and access_covers(pattern, name):
                yield name
