"""Checks of a laptop for one host: cloudflared, ssh_config, keys. Nothing of what is read is run.

Sources: cloudflared 2026.8.2 (names and modes of its files, known faults of versions);
ssh_config(5).
"""

from __future__ import annotations

import re
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ztctl.core.model.checkup import Verdict
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.ssh_check import HostCheck
from ztctl.core.model.ssh_trust import CertificateState, SshCertificate
from ztctl.ssh.certificates import certificate_of
from ztctl.ssh.client_reading import ClientConfig, Setting, read_config
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.old_blocks import is_of_two_blocks

_RENDER: Final = "ztctl ssh client render writes the block"
_MIGRATE: Final = "ztctl ssh client install writes another in its place"
_VERSION: Final = re.compile(r"version (\d{4})\.(\d{1,2})\.(\d{1,3})")
_MOST: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ClientSight:
    """A laptop, and what is known of the host.

    Attributes:
        host: its name.
        home: the home folder; of its files some are read.
        user: who is logged in to the laptop.
        path: folders of programs, as in the variable PATH.
        version: what ``cloudflared --version`` says; empty: it is not on the path.
        is_bastion: whether the host leads to machines that the client names.
        wants_certificate: whether the host has a CA.
        ca: fingerprint of that CA; empty: not known.
        now: seconds since 1970.
    """

    host: str
    home: Path
    user: str
    path: str = ""
    version: str = ""
    is_bastion: bool = False
    wants_certificate: bool = True
    ca: str = ""
    now: float = 0.0


def client_checks(seen: ClientSight) -> Iterator[HostCheck]:
    """Every check of a laptop, in the order of their ids."""
    yield from _Laptop(seen).all()


class _Laptop:
    def __init__(self, seen: ClientSight) -> None:
        self._seen = seen
        self._config = read_config(seen.home / ".ssh" / "config", seen.host, seen.home)
        self._folder = seen.home / ".cloudflared"
        self._key = self._folder / f"{seen.host}-cf_key"

    def all(self) -> Iterator[HostCheck]:
        """The checks."""
        yield self._cloudflared()
        yield self._block(self._config)
        if self._seen.wants_certificate:
            yield self._files()
            yield self._certificate()
        else:
            text = "people log in by keys of their own"
            yield from (self._of(id_, Verdict.SKIP, text) for id_ in ("C3", "C4"))
        yield self._destination(self._config)
        yield self._of("C6", Verdict.PASS, "ssh_config was read, and no command of it run")

    def _of(self, id_: str, verdict: Verdict, found: str, remedy: str = "") -> HostCheck:
        return HostCheck(id_, self._seen.host, verdict, found, remedy)

    def _cloudflared(self) -> HostCheck:
        said = self._seen.version
        if not said:
            text = "cloudflared is not on the path"
            return self._of("C1", Verdict.FAIL, text, "install it: see Cloudflare's downloads")
        found = _VERSION.search(said)
        if found is None:
            return self._of("C1", Verdict.SKIP, f"it tells no version: {said}")
        version = tuple(map(int, found.groups()))
        if version == (2026, 6, 0):
            text = "2026.6.0 ignores service tokens"
            return self._of("C1", Verdict.WARN, text, "update cloudflared")
        if version < (2026, 8, 0):
            text = f"{said}: before 2026.8.0 it asks for the application in an old way"
            return self._of("C1", Verdict.WARN, text, "update cloudflared")
        return self._of("C1", Verdict.PASS, said)

    # -- ssh_config -------------------------------------------------------------------------

    def _block(self, config: ClientConfig) -> HostCheck:
        for it in config.lines:
            if "[your hostname]" in it.value or it.value.endswith("hostname]"):
                text = f"{it.place} says [your hostname]: ssh stops there for every host"
                return self._of("C2", Verdict.FAIL, text, _RENDER)
        for it in config.lines:
            if is_of_two_blocks(it.value):
                text = f"{it.place} is of the form before November 2022: scp and rsync fail with it"
                return self._of("C2", Verdict.FAIL, text, _MIGRATE)
        command, jump = config.value("proxycommand"), config.value("proxyjump")
        if jump is not None and (command is None or self._is_before(config, jump, command)):
            text = f"ProxyJump of {jump.place} comes first, and wins"
            return self._of("C2", Verdict.FAIL, text, "put the host's block before it")
        if command is None and self._seen.is_bastion:
            command = next(iter(self._of_machines(config)), None)
        if command is None:
            text = f"no ProxyCommand for {self._seen.host} in ~/.ssh/config"
            return self._of("C2", Verdict.FAIL, text, _RENDER)
        if "access ssh" not in command.value and "access tcp" not in command.value:
            text = f"the ProxyCommand of {command.place} wins, and is not cloudflared's"
            return self._of("C2", Verdict.FAIL, text, "put the host's block before it")
        return self._program(command)

    def _of_machines(self, config: ClientConfig) -> list[Setting]:
        """The commands that lead through a bastion, which are in blocks of the machines behind."""
        commands = (it for it in config.lines if it.keyword == "proxycommand")
        return [it for it in commands if self._seen.host in it.value]

    @staticmethod
    def _is_before(config: ClientConfig, one: Setting, other: Setting) -> bool:
        return config.lines.index(one) < config.lines.index(other)

    def _program(self, command: Setting) -> HostCheck:
        try:
            words = shlex.split(command.value)
        except ValueError:
            words = command.value.split()
        program = words[0].replace("%%", "%") if words else ""
        if program == "exec" and len(words) > 1:
            program = words[1]
        places = (
            [Path(program)]
            if "/" in program
            else [Path(it, program) for it in self._seen.path.split(":") if it]
        )
        if not any(it.is_file() for it in places):
            text = f"the ProxyCommand of {command.place} begins with {program}, which is not there"
            return self._of("C2", Verdict.FAIL, text, f"quotes where it has blanks; or {_RENDER}")
        return self._of("C2", Verdict.PASS, f"the block of {command.place}")

    def _destination(self, config: ClientConfig) -> HostCheck:
        if not self._seen.is_bastion:
            return self._of("C5", Verdict.SKIP, "the host is no bastion")
        ours = self._of_machines(config)
        if own := config.value("proxycommand"):
            ours = [own, *ours]
        if not ours:
            return self._of("C5", Verdict.SKIP, "no ProxyCommand is about it")
        named = [re.search(r"--destination[= ]\"?(\S+)", it.value) for it in ours]
        if not any(it is not None and ":" in it[1] for it in named):
            text = f"the ProxyCommand of {ours[0].place} names no --destination with a port"
            remedy = "--destination %h:%p in the block of each machine behind it"
            return self._of("C5", Verdict.FAIL, text, remedy)
        return self._of("C5", Verdict.PASS, "--destination is named, with a port")

    # -- keys -------------------------------------------------------------------------------

    def _files(self) -> HostCheck:
        key, public = self._key, Path(f"{self._key}.pub")
        again = f"delete {key}*, and log in again"
        if not key.exists():
            if public.exists():
                text = f"{public.name} is there without its key, and so none is made"
                return self._of("C3", Verdict.FAIL, text, again)
            return self._of("C3", Verdict.SKIP, "no key yet: the first login makes it")
        if _mode(key) & 0o077:
            text = f"others may read {key.name}, and ssh does not use it"
            return self._of("C3", Verdict.FAIL, text, f"chmod 600 {key}")
        if _mode(self._folder) & 0o077:
            text = f"others may look into {self._folder}, where tokens are"
            return self._of("C3", Verdict.WARN, text, f"chmod 700 {self._folder}")
        certificate = _certificate(Path(f"{key}-cert.pub"))
        of_key = fingerprint(_text(public)) if public.exists() else ""
        if certificate is not None and of_key and certificate.fingerprint != of_key:
            text = "the certificate is for another key"
            return self._of("C3", Verdict.FAIL, text, again)
        return self._of("C3", Verdict.PASS, f"{key.name}, for its owner alone")

    def _certificate(self) -> HostCheck:
        path = Path(f"{self._key}-cert.pub")
        if not path.exists():
            return self._of("C4", Verdict.SKIP, "no certificate yet: a login brings it")
        found = _certificate(path)
        if found is None:
            text = f"{path.name} holds no certificate"
            return self._of("C4", Verdict.FAIL, text, f"delete {self._key}*, and log in again")
        if self._seen.ca and found.signer != self._seen.ca:
            text = f"{found.signer} signed it, and the host's CA is {self._seen.ca}"
            return self._of("C4", Verdict.FAIL, text, "log in again; see ztctl ssh ca")
        user = self._config.value("user")
        name = user.value if user is not None else self._seen.user
        if name not in found.principals:
            text = f"it is for {', '.join(found.principals)}, and ssh logs in as {name}"
            remedy = "User in the host's block, unless the server maps the name"
            return self._of("C4", Verdict.WARN, text, remedy)
        state = found.state(self._seen.now)
        if state is CertificateState.NOT_YET:
            text = "it is not valid yet: this clock is behind"
            return self._of("C4", Verdict.FAIL, text, "set it by NTP")
        ended = "; it has ended, and a login brings another" * (state is CertificateState.EXPIRED)
        return self._of("C4", Verdict.PASS, f"for {', '.join(found.principals)}{ended}")


def _certificate(path: Path) -> SshCertificate | None:
    try:
        return certificate_of(path.name, _text(path))
    except Failure:
        return None


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:_MOST].decode("utf-8", "replace")
    except OSError:
        return ""
