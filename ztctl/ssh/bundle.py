"""The bundle of a server: CA keys, settings of sshd, accounts, and the script that installs them.

It holds no secret: whoever reads it learns which keys a server trusts, and who may log in.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from shlex import quote
from typing import Final

from ztctl.core.model.diagnostics import Failure, Problem, Problems, Where
from ztctl.core.model.names import is_wildcard
from ztctl.ssh.connector import line_of
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.key_lines import BadLineError, ca_line, key_of, remark
from ztctl.ssh.sshd_config import CAUTIONS, Profile, sshd_settings

SCRIPT: Final = "install.sh"
# The parts of the script, in their order; what a bundle is not for is left out.
_COMMON: Final = ("head", "files")
_SSHD: Final = ("sshd", "users", "check", "steps")
_CONNECTOR: Final = ("connector",)
_LAST: Final = ("main",)
# What has another form is not looked at from the connector.
_SERVICE: Final = re.compile(r"ssh://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
# How an archive and user data of cloud-init start, and what the script in them says.
_STARTS: Final = (b"README.txt\0", b"#cloud-config\n# Logins by certificates that Cloudflare")
_MARK: Final = b"# install.sh: people log in to this server by certificates"
_LOOPBACK: Final = re.compile(r"(localhost|127\.[0-9.]+|\[::1\]):[0-9]+")
_OWN_NAME: Final = (
    "Several machines may be reached by these hosts. This one puts its own name (`uname -n`)\n"
    "before its host keys. Where people type another one behind ssh, write that in its place:\n"
    "\nsudo sh install.sh host-keys | sed 's/^[^ ]*/NAME/' > host-keys"
)
_NO_USERS: Final = "# Lines here would name accounts to make, and who logs in as whom.\n"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A CA key that a server is to trust.

    Attributes:
        name: whose it is, such as the application.
        line: the public key, one line in OpenSSH form, without a line end.

    Raises:
        Failure: the line is something else; it may be what an account said.
    """

    name: str
    line: str

    def __post_init__(self) -> None:
        """Check the line, and make the name one that stays on its own."""
        ca_line(self.line, self.name)
        object.__setattr__(self, "name", remark(self.name))


def trusted_keys(name: str, text: str) -> tuple[TrustedKey, ...]:
    """The keys of a file of CA keys, one a line.

    Args:
        name: of the file.
        text: what it holds.

    Raises:
        Problems: each line that is neither a remark nor a public key.
    """
    keys: list[TrustedKey] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found = key_of(line)
        except BadLineError as bad:
            problems.append(Problem(bad.what, Where(name, number, 1), bad.remedy))
        else:
            comment = found.comment if found.comment.isascii() else ""
            keys.append(TrustedKey(Path(name).name, f"{found.text} {comment}".rstrip()))
    if problems:
        raise Problems(problems)
    return tuple(keys)


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file of a bundle."""

    name: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Server:
    """What a bundle is made of.

    Attributes:
        stack: whose it is: what it changes on a server is marked by that name.
        hosts: the names by which people reach the server.
        keys: the CA keys that it is to trust; none where it is to run a connector alone.
        profile: settings of sshd.
        break_glass: an account that keeps its own keys under the hardened profile.
        users: lines of a users file; may be empty.
        connector: whether the script can install a connector.
        tunnel: the live name of the tunnel whose connector it is.
        tunnels: id and live name of each tunnel that leads to the hosts, where they are known: the
            script takes a token of these alone.
        bastions: those of the hosts behind which there are other machines; the server is one.
        services: where the tunnel leads for the hosts, such as ``ssh://localhost:22``.
    """

    stack: str
    hosts: tuple[str, ...]
    keys: tuple[TrustedKey, ...] = ()
    profile: Profile = Profile.minimal
    break_glass: str = ""
    users: str = ""
    connector: bool = True
    tunnel: str = ""
    tunnels: tuple[tuple[str, str], ...] = ()
    bastions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Where sshd is to answer the connector, each as ``HOST:PORT``."""
        found = (_SERVICE.fullmatch(it) for it in self.services)
        return tuple(dict.fromkeys(f"{it[1]}:{it[2] or 22}" for it in found if it))

    @property
    def runs_connector(self) -> bool:
        """Whether a connector belongs there, as far as the services tell: it leads to itself."""
        leads_here = any(_LOOPBACK.fullmatch(it) for it in self.targets)
        return self.connector and (not self.keys or leads_here or not any(self.services))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names under which clients look up its host keys; ``-``: one that it has itself."""
        plain = [it for it in self.hosts if not is_wildcard(it) and it not in self.bastions]
        return (*plain, *(("-",) if len(plain) < len(self.hosts) else ()))


def bundle_of(server: Server) -> tuple[BundleFile, ...]:
    """The files of a server's bundle, in the order of their names."""
    made = [
        BundleFile("README.txt", _readme(server)),
        BundleFile(SCRIPT, install_script(server), 0o755),
    ]
    if server.keys:
        made.append(BundleFile("ca.pub", _ca_text(server.keys)))
        text = sshd_settings(server.profile, server.break_glass)
        made.append(BundleFile("sshd.conf", text))
    if server.keys:
        # Also where it says nothing: one of an earlier bundle in the same folder must not count.
        made.append(BundleFile("users", server.users or _NO_USERS))
    if server.tunnels and server.connector:
        lines = (f"{id_}\t{line_of(name)}\n" for id_, name in server.tunnels)
        made.append(BundleFile("tunnels", "".join(lines)))
    return tuple(sorted(made, key=lambda it: it.name))


def install_script(server: Server) -> str:
    """The one script, of the parts that this server needs."""
    parts = (
        *_COMMON,
        *(_SSHD if server.keys else ()),
        *(_CONNECTOR if server.connector else ()),
        *_LAST,
    )
    folder = files("ztctl.ssh") / "install"
    text = "".join((folder / f"{part}.sh").read_text(encoding="utf-8") for part in parts)
    facts = {
        "@STACK@": server.stack,
        "@FOR@": ", ".join(server.hosts) or server.tunnel,
        "@TARGETS@": quote(" ".join(server.targets)),
        "@KEY_NAMES@": quote(" ".join(server.key_names)),
    }
    for word, fact in facts.items():
        text = text.replace(word, fact)
    return text


def as_tar(made: Iterable[BundleFile]) -> bytes:
    """The files as a tar archive, the same bytes for the same files: of root, without a time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in made:
            data = file.text.encode()
            entry = tarfile.TarInfo(file.name)
            entry.size, entry.mode, entry.uname, entry.gname = len(data), file.mode, "root", "root"
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def refuse_foreign(place: Path, script: str = SCRIPT) -> None:
    """Refuse to write where something else is than an earlier bundle.

    Args:
        place: a folder, which may be empty, or a file: an archive, or user data of cloud-init.
        script: where in such a folder the script is.

    Raises:
        Failure: something else is there, or it cannot be read.
    """
    try:
        if place.is_dir():
            there = next((it.name for it in sorted(place.iterdir())), "")
            path = place / script
            ours = not there or (path.is_file() and _MARK in _head_of(path))
            found = f", and holds {there!r}"
        else:
            data = _head_of(place) if place.is_file() else b""
            ours = not data or (data.startswith(_STARTS) and _MARK in data)
            found = ""
    except OSError as error:
        raise Failure(f"cannot read {place}: {(error.strerror or '').lower()}") from error
    if not ours:
        raise Failure(
            f"{place} is there, and is no bundle of ztctl's{found}",
            "remove what is there, or name another place",
        )


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 20)


def write_folder(made: Iterable[BundleFile], folder: Path) -> None:
    """Write the files into a folder, which is made; what else is in it stays.

    Raises:
        Failure: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in made:
            path = folder / file.name
            path.write_text(file.text, encoding="utf-8")
            path.chmod(file.mode)
    except OSError as error:
        raise Failure(f"cannot write {folder}: {(error.strerror or '').lower()}") from error


def _ca_text(keys: Sequence[TrustedKey]) -> str:
    return "".join(f"# {key.name} {fingerprint(key.line)}\n{key.line}\n" for key in keys)


def _readme(server: Server) -> str:
    return "\n\n".join(_paragraphs(server)) + "\n"


def _paragraphs(server: Server) -> Iterable[str]:
    named = ", ".join(server.hosts) or server.tunnel
    yield f"For the server of {named} (stack {server.stack})"
    if server.keys:
        yield (
            "Who may enter through Cloudflare Access gets a certificate that lasts minutes, and\n"
            "logs in with it as the account that is called like the part of the e-mail address\n"
            "before the @. For that, sshd has to trust the CA that signs these certificates.\n"
            "This installs that; read install.sh first, it is there to be read."
        )
        yield "sudo sh install.sh --dry-run      what would change\nsudo sh install.sh"
        yield (
            "sudo sh install.sh check          what keeps people out, and the host keys\n"
            "sudo sh install.sh host-keys      the host keys alone, for laptops\n"
            "sudo sh install.sh uninstall      everything as it was"
        )
        if "-" in server.key_names:
            yield _OWN_NAME
        yield "\n".join(
            [
                "CA keys that sshd will trust (ca.pub):",
                *(f"  {key.name}\n    {fingerprint(key.line)}" for key in server.keys),
            ]
        )
    if server.runs_connector:
        option = "--connector " if server.keys else ""
        yield (
            "The connector, which brings people here, with the tunnel's token in a file of yours:\n"
            f"\nsudo sh install.sh {option}--token-file token"
        )
    if not server.keys:
        yield (
            "sudo sh install.sh --dry-run --token-file token      what would change\n"
            "sudo sh install.sh check                             what keeps people out\n"
            "sudo sh install.sh uninstall                         everything as it was"
        )
    if server.users:
        yield (
            "`users` says which accounts are made where they are missing, and who may log in as\n"
            "an account of another name. Whoever that names can do what the account can."
        )
    if server.profile is Profile.hardened:
        yield "\n".join(["These settings are hardened:", *(f"- {_wrapped(it)}" for it in CAUTIONS)])
        yield (
            f"The account {server.break_glass} still logs in by its authorized_keys."
            if server.break_glass
            else "No account keeps another way in: `--break-glass ACCOUNT` of render keeps one."
        )


def _wrapped(text: str) -> str:
    from textwrap import fill

    return fill(text, 78, subsequent_indent="  ")
