"""``ztctl ssh server``: what a server needs for logins by certificates of Access."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztctl.ssh.bundle import Server
    from ztctl.views.view import View

_server = partial(typer.Option, rich_help_panel="Server")
_script = partial(typer.Option, rich_help_panel="Script")


# What people call an archive that this does not write.
_PACKED = frozenset({".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z"})


class ProfileName(StrEnum):
    """How much of sshd the settings decide."""

    minimal = "minimal"
    hardened = "hardened"


class Deed(StrEnum):
    """What the script does."""

    install = "install"
    check = "check"
    uninstall = "uninstall"
    host_keys = "host-keys"


Hosts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[HOST]...",
        help="The names by which people reach the server. Default: each host by itself.",
        autocompletion=completion.hosts,
    ),
]
ProfileOption = Annotated[
    ProfileName,
    _server(
        "--profile",
        metavar="|".join(ProfileName),
        help="Certificates beside what is there, or certificates only.",
    ),
]
BreakGlass = Annotated[
    str | None,
    _server(
        "--break-glass",
        metavar="ACCOUNT",
        help="With --profile hardened: this account keeps its authorized_keys.",
    ),
]
Map = Annotated[
    list[str] | None,
    _server(
        "--map",
        metavar="ACCOUNT=NAME,...",
        help="These people log in as that account; NAME is their address before the @.",
    ),
]
UsersFile = Annotated[
    Path | None,
    _server("--users", metavar="FILE", help="Accounts to make: what `ztctl ssh users` wrote."),
]
Trust = Annotated[
    list[Path] | None,
    _server("--trust", metavar="FILE", help="CA keys to trust beside those of the hosts."),
]


@opt.with_options
def render(
    *,
    hosts: Hosts = None,
    profile: ProfileOption = ProfileName.minimal,
    break_glass: BreakGlass = None,
    map_: Map = None,
    users: UsersFile = None,
    trust: Trust = None,
    connector: Annotated[
        str | None,
        _server(
            "--connector",
            metavar="TUNNEL",
            help="For a machine that runs a connector of this tunnel, and nothing else.",
        ),
    ] = None,
    cloud_init: Annotated[
        bool,
        _server(
            "--cloud-init", help="As user data of cloud-init, which runs it at the first boot."
        ),
    ] = False,
    ansible: Annotated[
        Path | None,
        _server("--ansible", metavar="DIR", help="As a role of Ansible, in this folder."),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    out: Annotated[
        Path,
        opt.output_option(
            "-o",
            "--out",
            metavar="PATH",
            help="A folder, a file that ends in .tar, or - for a tar on standard output.",
            show_default=False,
        ),
    ] = Path("-"),
    output: Annotated[opt.OutputOptions, opt.only("no_color")],
) -> Exit:
    """Write a bundle for a server: CA keys, settings of sshd, and the script that installs them.

    The server needs no ztctl and no token for it.
    """
    chosen = settings(output, files, account, live=live)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.server_bundles import Wishes, connector_server, servers_by
    from ztctl.cli.session import declared_by, view_of
    from ztctl.ssh.sshd_config import Profile

    if connector is not None and hosts:
        raise Usage("--connector is for a machine of no host", "a host's bundle can have one too")
    if ansible is not None and (cloud_init or out != Path("-")):
        raise Usage("--ansible says where it writes", "drop --cloud-init and -o")
    if out.suffix in _PACKED:
        raise Usage(f"a bundle is no {out.suffix} file", "say -o FOLDER or -o FILE.tar")
    if cloud_init and out.suffix == ".tar":
        raise Usage("--cloud-init is one text", "say -o FILE.yaml")
    if not cloud_init and ansible is None:
        _refuse_terminal(out)
    wishes = Wishes(Profile(profile), break_glass, map_ or (), users, trust or ())
    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        if connector is not None:
            servers = [connector_server(chosen, declared, view, connector)]
        else:
            servers = servers_by(chosen, declared, view, hosts or (), wishes)
        if cloud_init:
            _write_cloud_init(_only(servers), out, view)
        elif ansible is not None:
            _write_role(_only(servers), ansible, view)
        else:
            _write(servers, out, view)
    return Exit.DONE


@opt.with_options
def install(
    *,
    hosts: Hosts = None,
    deed: Annotated[
        Deed, _script("--do", metavar="|".join(Deed), help="What the script is to do.")
    ] = Deed.install,
    dry_run: Annotated[
        bool, _script("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    root: Annotated[
        Path | None, _script("--root", metavar="DIR", help="Work on the files below DIR.")
    ] = None,
    login_as: Annotated[
        list[str] | None,
        _script("--account", metavar="NAME", help="Somebody who is to log in; may be repeated."),
    ] = None,
    no_login_test: Annotated[
        bool, _script("--no-login-test", help="Do not try a login on a second sshd.")
    ] = False,
    remove_accounts: Annotated[
        bool, _script("--remove-accounts", help="With uninstall: delete accounts that it made.")
    ] = False,
    connector: Annotated[
        bool, _script("--connector", help="Run cloudflared here, too; --token-file has its token.")
    ] = False,
    token_file: Annotated[
        Path | None,
        _script("--token-file", metavar="FILE", help="What `ztctl tunnel token` wrote."),
    ] = None,
    cloudflared: Annotated[
        Path | None,
        _script("--cloudflared", metavar="FILE", help="This program, in place of a package."),
    ] = None,
    profile: ProfileOption = ProfileName.minimal,
    break_glass: BreakGlass = None,
    map_: Map = None,
    users: UsersFile = None,
    trust: Trust = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    output: Annotated[opt.OutputOptions, opt.only("no_color")],
) -> Exit:
    """Make this very machine the server of a host: runs the script of its bundle, as root."""
    chosen = settings(output, files, account, live=live)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.server_bundles import Wishes, servers_by
    from ztctl.cli.session import declared_by, view_of
    from ztctl.ssh.sshd_config import Profile

    wishes = Wishes(Profile(profile), break_glass, map_ or (), users, trust or ())
    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    flags = {
        "--dry-run": dry_run,
        "--no-login-test": no_login_test,
        "--remove-accounts": remove_accounts,
        "--connector": connector,
    }
    valued = [("--root", root), ("--token-file", token_file), ("--cloudflared", cloudflared)]
    words = [deed.value, *(flag for flag, given in flags.items() if given)]
    words += [word for option, path in valued if path for word in (option, str(path))]
    words += [word for name in login_as or () for word in ("--account", name)]
    with errors_shown(view):
        servers = servers_by(chosen, declared, view, hosts or (), wishes)
        named = "".join(f" {quote(it)}" for it in hosts or ())
        typed = f"{named}{chosen.file_options}{chosen.account_options}"
        return _run(_only(servers), words, f"ztctl ssh server install{typed} --do")


def _refuse_terminal(out: Path) -> None:
    import sys

    if out == Path("-") and sys.stdout.isatty():
        raise Usage("a bundle is no text for a screen", "say -o FOLDER, -o FILE.tar, or pipe it")


def _only(servers: Sequence[Server]) -> Server:
    if len(servers) > 1:
        names = ", ".join(it.hosts[0] for it in servers[:6])
        raise Usage(
            f"which of the {len(servers)} hosts is it? A server trusts the CA key of its own alone",
            f"name it: {names}; `ztctl ssh server render -o FOLDER` makes a bundle of each",
        )
    return servers[0]


def _write(servers: Sequence[Server], out: Path, view: View) -> None:
    from ztctl.ssh.bundle import as_tar, bundle_of, refuse_foreign, write_folder

    if out == Path("-"):
        import sys

        sys.stdout.buffer.write(as_tar(bundle_of(_only(servers))))
        sys.stdout.buffer.flush()
    elif out.suffix == ".tar":
        _save(out, as_tar(bundle_of(_only(servers))))
    else:
        folders = [_folder(it, out, len(servers)) for it in servers]
        for folder in folders:
            refuse_foreign(folder)
        for server, folder in zip(servers, folders, strict=True):
            write_folder(bundle_of(server), folder)
    for server in servers:
        _tell(server, _folder(server, out, len(servers)), view)


def _folder(server: Server, out: Path, of: int) -> Path:
    """Where a bundle goes: of several each has a folder; no shell takes its name for a pattern."""
    return out if of == 1 else out / server.hosts[0].replace("*", "_")


def _write_cloud_init(server: Server, out: Path, view: View) -> None:
    from ztctl.ssh.bundle import bundle_of
    from ztctl.ssh.cloud_init import cloud_init

    bundle = {it.name: it.text for it in bundle_of(server)}
    text = cloud_init(bundle, server.stack, connector=server.connector)
    if out == Path("-"):
        import sys

        sys.stdout.write(text)
    else:
        _save(out, text.encode())
    view.note(
        f"These are {len(text) // 1024} kB. Where a provider takes less, gzip them: cloud-init "
        "unpacks that by itself."
    )


def _write_role(server: Server, folder: Path, view: View) -> None:
    from ztctl.ssh.ansible_role import ansible_role
    from ztctl.ssh.bundle import BundleFile, bundle_of, refuse_foreign, write_folder

    refuse_foreign(folder, "files/install.sh")
    bundle = {it.name: it.text for it in bundle_of(server)}
    role = ansible_role(bundle, server.stack, alone=not server.keys)
    for place in dict.fromkeys(path.rpartition("/")[0] for path in role):
        here = {path: text for path, text in role.items() if path.rpartition("/")[0] == place}
        made = [BundleFile(path.rpartition("/")[2], text) for path, text in here.items()]
        write_folder(made, folder / place)
    view.note(f"The role is in {folder}.")


def _save(path: Path, data: bytes) -> None:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.ssh.bundle import refuse_foreign

    refuse_foreign(path)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or '').lower()}") from error


def _tell(server: Server, out: Path, view: View) -> None:
    from ztctl.ssh.fingerprint import fingerprint
    from ztctl.ssh.sshd_config import CAUTIONS, Profile

    named = ", ".join(server.hosts) or f"a connector of {server.tunnel}"
    where = "standard output" if out == Path("-") else str(out)
    view.note(f"The bundle for {named} is in {where}.")
    for key in server.keys:
        view.note(f"  trusts {key.name}: {fingerprint(key.line)}")
    if len(server.hosts) > 1 and len(server.keys) > 1:
        view.note("! Whoever may enter one of these hosts gets in on this server.")
    if server.profile is Profile.hardened:
        for caution in CAUTIONS[0 if not server.break_glass else 1 :]:
            view.note(f"! {caution}")
        if not server.break_glass:
            view.note("--break-glass ACCOUNT keeps a way in.")


def _run(server: Server, words: Sequence[str], called: str) -> Exit:
    import os
    import subprocess
    from tempfile import TemporaryDirectory

    from ztctl.ssh.bundle import SCRIPT, bundle_of, write_folder

    with TemporaryDirectory(prefix="ztctl-") as name:
        write_folder(bundle_of(server), Path(name))
        environment = {**os.environ, "ZTCTL_CALLED": called}
        command = ["/bin/sh", f"{name}/{SCRIPT}", *words]
        done = subprocess.run(command, check=False, env=environment)  # noqa: S603
    known = {int(Exit.DONE): Exit.DONE, int(Exit.USAGE): Exit.USAGE}
    return known.get(done.returncode, Exit.ERROR)
