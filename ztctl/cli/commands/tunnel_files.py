"""``ztctl tunnel files`` and ``ztctl tunnel import``: the file of a locally managed tunnel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.connector_file import ConnectorFile
    from ztctl.core.model.declared import Declared
    from ztctl.views.view import View

_FOLDER = "/etc/cloudflared"


@opt.with_options
def files(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A tunnel of the files with `config: local`.")
    ],
    out: Annotated[
        Path | None,
        opt.run_option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Write config.yml, and the credentials file where it is not there yet. "
            "Default: config.yml to standard output.",
        ),
    ] = None,
    check: Annotated[
        Path | None,
        opt.run_option(
            "--check", metavar="FILE", help="Compare a server's config.yml; 2 where it differs."
        ),
    ] = None,
    folder: Annotated[
        str | None,
        opt.run_option(
            "--credentials-folder",
            metavar="PATH",
            help="Where the server keeps the credentials file. Default: /etc/cloudflared.",
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Write the config.yml by which a server runs a locally managed tunnel, or compare one."""
    if out is not None and check is not None:
        raise Usage("--out and --check exclude each other", "drop one of them")
    where = folder or _FOLDER
    if not where.startswith("/") or not where.isprintable():
        raise Usage(f"--credentials-folder {where!r} is no absolute path", "write it in full")
    chosen = settings(output, files, account)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, run_to_end, view_of

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        _check_local(name, declared)
        if out is not None:
            _check_folder(out)
        found = _read(check, view) if check is not None else None
        file, live_name = run_to_end(_made(name, chosen, declared, view, where, out))
        if found is not None:
            return _compared(file, found, live_name, view)
        _write(file, out, view, quiet=chosen.quiet)
    return Exit.DONE


def _check_folder(folder: Path) -> None:
    """Require a folder, or a place for one.

    Raises:
        Failure: there is something else, or no folder to make it in.
    """
    from ztctl.core.model.diagnostics import Failure

    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise Failure(f"{folder} is no folder", "name another one")
    if not folder.parent.is_dir():
        raise Failure(f"cannot make the folder {folder}: there is no folder {folder.parent}")


def _check_local(name: str, declared: Declared) -> None:
    """Go on with a declared local tunnel alone.

    Raises:
        Usage: the files declare no such tunnel.
        Failure: it is managed remotely.
    """
    from ztctl.cli.tunnel_choice import wanted_tunnel
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.suggest import did_you_mean
    from ztctl.kinds.local_tunnel import is_local

    wanted = wanted_tunnel(declared, name)
    if wanted is None:
        known = [it.address.key for it in declared.of("tunnel")]
        raise Usage(f"the files declare no tunnel {name!r}", did_you_mean(name, known))
    if not is_local(wanted.values):
        raise Failure(
            f"{wanted.address} is managed remotely: its connector gets its rules from the account",
            f"`ztctl tunnel token {name}` and `ztctl tunnel service {name}` are what it needs",
        )


def _read(path: Path, view: View) -> ConnectorFile:
    from ztctl.documents.connector_file import read_connector_file

    found = read_connector_file(path)
    view.problems(found.warnings)
    return found


async def _made(
    name: str, chosen: Settings, declared: Declared, view: View, folder: str, out: Path | None
) -> tuple[ConnectorFile, str]:
    """The file, and the live name of its tunnel; the credentials are written where they lack."""
    from ztctl.cli.planning import options_of, plan_source
    from ztctl.cli.session import connected
    from ztctl.cli.tunnel_choice import chosen_tunnel
    from ztctl.core.model.address import Address
    from ztctl.engine.drive import drive
    from ztctl.kinds.local_files import file_of
    from ztctl.kinds.tunnel_token import token_of

    async with connected(chosen, declared, view) as client:
        planned = await plan_source(client, declared, options_of(), view).plan()
        ledger = planned.draft.ledger
        live = chosen_tunnel(name, declared, planned.live["tunnel"])
        address = Address("tunnel", name)
        wanted = next(it for it in ledger.wanted_of("tunnel") if it.address == address)
        _check_live(live.values.get("config"), name)
        file = file_of(wanted, live, ledger, folder)
        if out is not None:
            out.mkdir(mode=0o700, exist_ok=True)
            place = out / f"{live.id}.json"
            if place.exists() or place.is_symlink():
                view.note(_kept(place))
            else:
                from ztctl.cli.secret_delivery import write_credentials

                write_credentials(
                    place, await drive(token_of(live.id, client.account or ""), client)
                )
                view.note(f"{place} is written, readable by you alone: a secret.")
        return file, live.name


def _kept(credentials: Path) -> str:
    """What there is to say of a credentials file that is there, and is never written over."""
    from shlex import quote

    place = str(credentials)
    if not credentials.is_file():
        return f"{place} is no file, and is left alone: take it away, and call this again."
    if credentials.stat().st_mode & 0o077:
        return f"{place} is there, and others may read it, a secret: chmod 0400 {quote(place)}"
    return f"{place} is there, and is left alone."


def _check_live(config: object, name: str) -> None:
    if config != "local":
        from ztctl.core.model.diagnostics import Failure

        text = f"the live tunnel {name} is managed remotely, and no file configures it"
        raise Failure(text, "take `config: local` out, or give the new tunnel another key")


def _compared(file: ConnectorFile, found: ConnectorFile, live_name: str, view: View) -> Exit:
    from ztctl.kinds.local_files import differences
    from ztctl.views.escape import visible

    told = list(differences(file, found, live_name))
    for it in told:
        line = f"{it.path}: {it.found} in {found.path}, {it.wanted} by the files"
        sys.stdout.write(f"{visible(line)}\n")
    if not told:
        view.note(f"{found.path} says what the files say.")
    return Exit.DIFFERENT if told else Exit.DONE


def _write(file: ConnectorFile, out: Path | None, view: View, *, quiet: bool) -> None:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.connector_text import config_text
    from ztctl.documents.rewriting import rewrite

    new = config_text(file).encode()
    if out is None:
        sys.stdout.write(new.decode())
        return
    path = out / "config.yml"
    try:
        if not (path.exists() or path.is_symlink()):
            with path.open("xb") as target:
                target.write(new)
            told = "is written"
        elif (old := path.read_bytes()) != new:
            rewrite(path, old, new)
            told = "said something else, and is written anew"
        else:
            told = "stays as it is"
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from error
    if not quiet:
        view.note(f"{path} {told}.")


@opt.with_options
def import_file(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The config.yml by which a server runs a tunnel.")
    ],
    out: Annotated[
        Path | None,
        opt.run_option("-o", "--out", metavar="OUT", help="Write a new file. Default: print it."),
    ] = None,
    name: Annotated[
        str | None,
        opt.run_option(
            "--name", metavar="KEY", help="The tunnel's key. Default: its name in the file."
        ),
    ] = None,
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Turn a server's config.yml into an entry of `tunnels`; asks no account.

    Ends with 2 where the file says what the entry cannot; each such key is named.
    """
    if name == "":
        raise Usage("--name is empty", "write the key that the tunnel is to have")
    chosen = settings(output, None)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import view_of
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.connector_text import entry_text
    from ztctl.kinds.common import is_id
    from ztctl.kinds.local_files import entry_of, refused_fields
    from ztctl.views.escape import visible

    view = view_of(chosen)
    with errors_shown(view):
        found = _read(file, view)
        entry, left = entry_of(found)
        called = "" if is_id(found.tunnel) else found.tunnel
        key = name or called or file.resolve().parent.name or "tunnel"
        if is_id(found.tunnel):
            view.note(
                f"{found.path} names the tunnel by its id {found.tunnel}: write that tunnel's name "
                f"as the key in place of {visible(key)}, or `id: {found.tunnel}` beside `config`."
            )
        left = (*left, *refused_fields(entry))
        why = {it.key: f" ({it.why})" for it in found.leftover}
        notes = [f"not taken over: {it}{why.get(it, '')}" for it in left]
        text = entry_text(key, entry, notes)
        # On one terminal the remarks of the entry are before the reader already.
        if out is not None or not sys.stdout.isatty():
            for note in notes:
                view.note(visible(note))
        if out is None:
            sys.stdout.write(text)
        else:
            try:
                with out.open("xb") as target:
                    target.write(text.encode())
            except FileExistsError:
                raise Failure(f"{out} is there already", "name another file by -o") from None
            except OSError as error:
                raise Failure(f"cannot write {out}: {error.strerror}") from error
        if not chosen.quiet:
            view.note(
                "Put the entry beside `version`, `stack` and an application and a record for each "
                "name; a rule may move into `hosts`, which makes these."
            )
    return Exit.DIFFERENT if left else Exit.DONE
