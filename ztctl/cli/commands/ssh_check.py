"""``ztctl ssh check``: what keeps people from logging in, as far as it can be seen from here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit, watched
from ztctl.cli.places import DEFAULT_FILE
from ztctl.cli.settings import STDIN, Settings, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztctl.cli.ssh_checking import Looked
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.ssh_check import HostCheck
    from ztctl.ssh.stack import SshHost
    from ztctl.views.view import View

_MOST: Final = 1 << 20


@opt.with_options
def check(
    *,
    host: Annotated[
        str | None,
        typer.Argument(
            metavar="[HOST]",
            help="One host; needs no file then. Default: all of the files.",
            autocompletion=completion.hosts,
        ),
    ] = None,
    server: Annotated[
        Path | None,
        typer.Option(
            "--server", metavar="FILE|-", help="What `sh install.sh check` said on the server."
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    copies: opt.CopyOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Look for what stops a login: in the account, on the way, on this laptop, on a server."""
    chosen = settings(output, files, account, live=live, copies=copies)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.model.checkup import Verdict
    from ztctl.documents.mask import Mask
    from ztctl.views.escape import Clean
    from ztctl.views.ssh_check_view import ssh_check_page

    named = bool(files.file) or DEFAULT_FILE.exists() or host is None
    declared = declared_by(chosen) if named else None
    view = view_of(chosen, declared)
    with errors_shown(view):
        told = _server(server)
        found = _looked(chosen, declared, view, _hosts(declared, host))
        found.checks += told
        mask = Mask(declared.environment if declared else {})
        view.page(ssh_check_page(found.checks, Clean(mask.hide), brief=chosen.quiet))
        for gap in found.unread:
            view.note(f"not read: {gap}")
    return watched(
        exposed=any(it.opens for it in found.checks),
        unread=bool(found.unread),
        different=any(it.verdict is Verdict.FAIL for it in found.checks),
    )


def _hosts(declared: Declared | None, host: str | None) -> Sequence[SshHost]:
    from ztctl.core.model.names import to_ascii
    from ztctl.ssh.stack import SshHost

    if declared is None:
        from ztctl.cli.commands.who import check_name

        name = to_ascii(host or "")
        check_name(host or "", name)
        return (SshHost(name),)
    from ztctl.cli.ssh_reading import hosts_of

    found = hosts_of(declared, host)
    # One name of a pattern can be asked, where the pattern itself cannot.
    return found if host is None else [replace(it, name=to_ascii(host)) for it in found]


def _looked(
    chosen: Settings, declared: Declared | None, view: View, hosts: Sequence[SshHost]
) -> Looked:
    from ztctl.cli import ssh_checking
    from ztctl.cli.session import run_to_end
    from ztctl.core.model.ssh_check import CheckArea

    found = ssh_checking.Looked()
    asks = chosen.sandbox or chosen.live is not None or chosen.token is not None
    if declared is not None and asks:
        found = run_to_end(ssh_checking.look_at_account(chosen, declared, view, hosts))
    else:
        why = "no file names the stack" if declared is None else "there is no API token here"
        for it in hosts:
            found.checks += ssh_checking.unseen(it.name, CheckArea.CLOUD, why)
    if chosen.live is None:
        found.checks += run_to_end(ssh_checking.look_at_way(chosen, hosts, found, declared))
    else:
        for it in hosts:
            why = "a snapshot stands in for the account: nobody is asked"
            found.checks += ssh_checking.unseen(it.name, CheckArea.NETWORK, why)
    found.checks += ssh_checking.look_at_laptop(chosen, hosts, found)
    return found


def _server(path: Path | None) -> Sequence[HostCheck]:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.streams import read_bounded
    from ztctl.ssh.server_report import server_checks, unseen_server

    if path is None:
        return [*unseen_server()]
    name = "standard input" if path == Path("-") else str(path)
    try:
        content = read_bounded(STDIN if path == Path("-") else path, _MOST)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        raise Failure(f"cannot read {name}: {reason}") from error
    found = [*server_checks(content.decode("utf-8", "replace"))]
    if not found:
        hint = "on the server, in the unpacked bundle: sudo sh install.sh check > FILE"
        raise Failure(f"{name} is not what `sh install.sh check` says", hint)
    return found
