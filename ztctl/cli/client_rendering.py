"""From options and files to what a laptop gets. Asks no account."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ztctl.cli.client_options import ClientOptions
from ztctl.cli.settings import STDIN, Usage
from ztctl.cli.ssh_reading import hosts_of
from ztctl.core.model.client import ClientHost, RenderedClient, SystemConfig
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.model.inner import HINT, InnerHost, is_host_word
from ztctl.core.model.names import access_covers, is_wildcard, to_ascii
from ztctl.documents.streams import read_bounded
from ztctl.ssh import client_program
from ztctl.ssh.client_config import Laptop, check_names, client_config, user_name
from ztctl.ssh.client_install import known_hosts_name
from ztctl.ssh.client_program import Executable
from ztctl.ssh.known_hosts import MOST_BYTES, HostKeys, read_host_keys

if TYPE_CHECKING:
    from ztctl.ssh.stack import SshHost

# Schemes of services that are no way in for ssh; bastions, ssh and plain TCP are.
_NO_SHELL: Final = ("http", "unix", "rdp:", "smb:", "hello", "socks")
# Where the packages put cloudflared, by the system of the page.
PLACES: Final[Mapping[str, str]] = {
    "macos": client_program.MACOS,
    "macos-intel": client_program.MACOS_INTEL,
    "linux": client_program.LINUX,
    "windows": client_program.WINDOWS,
}
_HERE: Final = {"darwin": "macos", "win32": "windows"}
_TITLES: Final = {"macos": "Homebrew", "windows": "its installer", "linux": "its package"}


@dataclass(frozen=True, slots=True)
class Rendering:
    """What was rendered, and what people should know of it.

    Attributes:
        notes: what is missing.
        guess: where cloudflared is taken to be on this machine; empty where that is known.
    """

    client: RenderedClient
    notes: tuple[str, ...]
    guess: str


def rendered(declared: Declared, chosen: ClientOptions) -> Rendering:
    """Render what the options ask for.

    Raises:
        Usage: an option makes no sense.
        Failure: the files declare no such host, or something cannot be written safely.
        Problems: the file of host keys has some.
    """
    hosts = _client_hosts(declared, chosen)
    check_names(hosts)
    with_blocks = tuple(host for host in hosts if host.spoken)
    silent = [host.name for host in hosts if not host.spoken]
    if not with_blocks:
        hint = "name the machines behind it: --via NAME=ADDRESS:PORT, or `inner:` in the file"
        raise Failure(f"{', '.join(silent)}: nobody logs in to a bastion itself", hint)
    keys = _host_keys(chosen.host_keys, with_blocks)
    file = known_hosts_name(declared.stack)
    known = keys.known(with_blocks) if keys else frozenset()
    user = user_name(chosen.user) if chosen.user else ""

    def config(path: str) -> str:
        laptop = Laptop(Executable.at(path), user, f"~/.ssh/{file}", known)
        return client_config(with_blocks, laptop)

    place = chosen.cloudflared or _found()
    system = _HERE.get(sys.platform, "linux")
    here = place or PLACES[system]
    client = RenderedClient(
        declared.stack,
        with_blocks,
        user,
        SystemConfig(system, here, config(here)),
        [SystemConfig(it, path, config(path)) for it, path in _places(chosen.cloudflared)],
        keys.text if keys else "",
        file,
    )
    missing = (
        f"{name} is a bastion and has no block: name the machines behind it, "
        "--via NAME=ADDRESS:PORT or `inner:` in the file."
        for name in silent
    )
    guess = (
        f"cloudflared is not on the PATH here: {here} is where {_TITLES[system]} puts it; "
        "--cloudflared PATH names another place."
    )
    return Rendering(client, tuple(missing), "" if place else guess)


def _places(stated: str | None) -> Iterator[tuple[str, str]]:
    """Where cloudflared is on each system of the page; a stated path is that of its own system."""
    system = Executable.at(stated).system if stated else ""
    for name, path in PLACES.items():
        is_of = system == ("windows" if name == "windows" else "posix")
        yield name, stated if stated and is_of else path


def _found() -> str:
    """The program that this machine finds; a link stays one: packages renew where it leads."""
    found = shutil.which("cloudflared")
    return str(Path(found).absolute()) if found else ""


# -- hosts ----------------------------------------------------------------------------------


def _client_hosts(declared: Declared, chosen: ClientOptions) -> list[ClientHost]:
    names, machines, bastion = _words(chosen)
    declared_hosts = _chosen(declared, [*names, *([bastion] if bastion and names else [])])
    hosts = [_client_host(host, name, declared) for host, name in declared_hosts]
    if machines:
        hosts = _behind(hosts, machines, bastion, declared)
    return _with_aliases(hosts, chosen.alias or ())


def _words(chosen: ClientOptions) -> tuple[list[str], list[InnerHost], str]:
    """The hosts to render, the machines behind a bastion, and the bastion if it is named."""
    words = [*(chosen.hosts or ())]
    names = [it for it in words if "=" not in it]
    machines = [it for it in (*(chosen.via or ()), *words) if "=" in it]
    bastions = [it for it in chosen.via or () if "=" not in it]
    if len(bastions) > 1:
        hint = "write `inner:` in the file for several, or render one after another"
        raise Usage("--via names two bastions", hint)
    if bastions and not machines:
        raise Usage(f"--via {bastions[0]} names no machine behind it", f"{bastions[0]} {_FORM}")
    return names, [_machine(it) for it in machines], bastions[0] if bastions else ""


_FORM: Final = "NAME=ADDRESS:PORT, such as db1=10.0.0.12:22"


def _machine(text: str) -> InnerHost:
    name, _, address = text.partition("=")
    try:
        return InnerHost.parse(name, address)
    except ValueError as error:
        raise Usage(f"{text!r}: {error}", f"{HINT}: {_FORM}") from None


def _chosen(declared: Declared, names: Sequence[str]) -> list[tuple[SshHost, str]]:
    """The hosts of the files, each with the name to render: that of one host of a pattern, too."""
    if not names:
        found = [it for it in hosts_of(declared) if not it.service.startswith(_NO_SHELL)]
        if not found:
            raise Failure("the files declare no host with a shell", "its service is ssh://…")
        return [(it, it.name) for it in found]
    chosen: dict[str, tuple[SshHost, str]] = {}
    for name in names:
        (host,) = hosts_of(declared, name)
        if host.service.startswith(_NO_SHELL):
            raise Failure(f"{host.name} leads to {host.service}, where no sshd is")
        chosen.setdefault(to_ascii(name), (host, to_ascii(name)))
    return [*chosen.values()]


def _client_host(host: SshHost, name: str, declared: Declared) -> ClientHost:
    return ClientHost(
        name,
        has_ca=host.ca_key is not None,
        is_bastion=host.is_bastion,
        inner=declared.inner.get(host.name, ()) if host.is_bastion else (),
    )


def _behind(
    hosts: Sequence[ClientHost],
    machines: Sequence[InnerHost],
    bastion: str,
    declared: Declared,
) -> list[ClientHost]:
    """The hosts, with these machines behind the bastion that is named, or the only one."""
    if not bastion:
        bastions = [it.name for it in hosts if it.is_bastion]
        if len(bastions) != 1:
            text = "there is no bastion" if not bastions else f"which of {', '.join(bastions)}?"
            raise Usage(f"{machines[0].name}: {text}", f"--via HOST {_FORM}")
        (bastion,) = bastions
    name = to_ascii(bastion)
    if is_wildcard(name):
        raise Usage(f"{bastion} is a pattern, and one bastion is needed", f"--via HOST {_FORM}")
    (host,) = hosts_of(declared, name)
    if not host.is_bastion:
        raise Usage(f"{bastion} is no bastion", "its service is `bastion` in the file")
    known = [it for it in hosts if it.name == name] or [_client_host(host, name, declared)]
    again = {it.name for it in machines}
    inner = (*(it for it in known[0].inner if it.name not in again), *machines)
    # The pattern that it is one of has no machines of its own.
    others = [it for it in hosts if it.name not in (name, host.name)]
    return [*others, replace(known[0], inner=inner)]


def _with_aliases(hosts: list[ClientHost], aliases: Sequence[str]) -> list[ClientHost]:
    for text in aliases:
        alias, equals, name = text.partition("=")
        target = to_ascii(name)
        if not (equals and is_host_word(alias.lower()) and target) or is_wildcard(target):
            raise Usage(f"--alias {text!r} is no alias", "write --alias web=web.example.com")
        places = [at for at, it in enumerate(hosts) if it.name == target and not it.is_bastion]
        if not places and any(access_covers(it.name, target) for it in hosts):
            hosts.append(_one_of(hosts, target))
            places = [len(hosts) - 1]
        if not places:
            raise Usage(f"--alias {text!r}: no block is for {name}", "name a host of the files")
        found = hosts[places[0]]
        hosts[places[0]] = replace(found, aliases=(*found.aliases, alias.lower()))
    return hosts


def _one_of(hosts: Sequence[ClientHost], name: str) -> ClientHost:
    """A host of its own for one name of a pattern."""
    return replace(next(it for it in hosts if access_covers(it.name, name)), name=name)


# -- host keys ------------------------------------------------------------------------------


def _host_keys(file: Path | None, hosts: Sequence[ClientHost]) -> HostKeys | None:
    if file is None:
        return None
    path = STDIN if file == Path("-") else file
    try:
        data = read_bounded(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Failure(f"cannot read the host keys {file}: {reason}") from error
    found = read_host_keys(data, str(file), hosts)
    if found.problems:
        raise Problems(found.problems)
    return found
