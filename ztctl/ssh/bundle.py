"""The bundle of a server: CA keys, settings of sshd, accounts, and the script that installs them.

It holds no secret: whoever reads it learns which keys a server trusts, and who may log in.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from ztctl.core.model.diagnostics import Failure
from ztctl.ssh.connector import line_of
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.key_lines import ca_line, remark
from ztctl.ssh.sshd_config import CAUTIONS, Profile, sshd_settings

SCRIPT: Final = "install.sh"
# The parts of the script, in their order; what a bundle is not for is left out.
_COMMON: Final = ("head", "files")
_SSHD: Final = ("sshd", "users", "check", "steps")
_CONNECTOR: Final = ("connector",)
_LAST: Final = ("main",)
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

    Raises:
        Failure: a line is neither a remark nor the public key of a CA.
    """
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return tuple(TrustedKey(name, line) for line in lines if line and not line.startswith("#"))


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
    found = [it for part in parts if (it := folder / f"{part}.sh").is_file()]
    texts = [it.read_text(encoding="utf-8") for it in found]
    named = ", ".join(server.hosts) or server.tunnel
    return "".join(texts).replace("@STACK@", server.stack).replace("@FOR@", named)


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
            "sudo sh install.sh uninstall      everything as it was"
        )
        yield "\n".join(
            [
                "CA keys that sshd will trust (ca.pub):",
                *(f"  {key.name}\n    {fingerprint(key.line)}" for key in server.keys),
            ]
        )
    if server.connector:
        option = "--connector " if server.keys else ""
        yield (
            "The connector, which brings people here, with the tunnel's token in a file of yours:\n"
            f"\nsudo sh install.sh {option}--token-file token"
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
