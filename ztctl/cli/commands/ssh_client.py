"""``ztctl ssh client``: what a laptop gets, as a block, as a file, as a page, or installed here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ztctl.cli import options as opt
from ztctl.cli.client_options import ClientOptions
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.client import RenderedClient
    from ztctl.core.model.declared import Declared
    from ztctl.ssh.client_install import Installation
    from ztctl.views.view import View


@opt.with_options
def render(
    *,
    client: ClientOptions,
    files: opt.FileOptions,
    out: Annotated[
        Path | None,
        opt.output_option(
            "-o",
            "--out",
            metavar="FILE",
            help="Write the block to a file; a page, if its name ends in .html.",
        ),
    ] = None,
    output: Annotated[opt.OutputOptions, opt.formats(opt.OutputFormat.html)],
) -> Exit:
    """Write what a laptop needs to log in: blocks of ssh_config, or a page that explains them.

    Asks no account, and needs no token.
    """
    chosen = settings(output, files)
    _check(chosen, client, out)
    from ztctl.cli.client_rendering import rendered
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.views.client_view import client_page

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        found = rendered(declared, client)
        if out is None:
            _require_showable(declared, found.client)
            view.page(client_page(found.client))
        else:
            for path in _saved(found.client, out, chosen):
                view.note(f"Wrote {path}")
        guess = "" if _is_page(chosen, out) else found.guess
        for note in filter(None, (*found.notes, guess)):
            view.note(note)
        if not chosen.quiet:
            view.note(_UNSEEN)
    return Exit.DONE


# What stands at the head of what is written: nothing else is overwritten.
_BLOCK = "made by ztctl"
_PAGE = 'content="no-referrer">\n<meta name="color-scheme"'
_UNSEEN = "Made of the files alone: `ztctl ssh guide` says what of them is live."


def _check(chosen: Settings, client: ClientOptions, out: Path | None) -> None:
    if out is not None and chosen.format in (opt.OutputFormat.json, opt.OutputFormat.markdown):
        raise Usage("-o writes a block or a page", f"drop -o, or --format {chosen.format}")
    if out is None and client.host_keys is not None and chosen.format is opt.OutputFormat.text:
        hint = "-o ztctl.conf writes both, -o ssh.html a page with both"
        raise Usage("the host keys are a file of their own, beside the block", hint)


def _require_showable(declared: Declared, found: RenderedClient) -> None:
    """Require that nothing of the block would be masked on standard output: ssh cannot read that.

    Raises:
        Failure: values of the environment stand in it.
    """
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.mask import Mask

    text = f"{found.here.config}{found.known_hosts}"
    if Mask(declared.environment).hide(text) != text:
        summary = "the block holds values of the environment, which no output shows"
        raise Failure(summary, "-o FILE writes it with them")


def _is_page(chosen: Settings, out: Path | None) -> bool:
    named = out is not None and out.suffix.lower() in (".html", ".htm")
    return chosen.format is opt.OutputFormat.html or named


def _saved(found: RenderedClient, out: Path, chosen: Settings) -> list[Path]:
    """Write the page, or the block and beside it the host keys; the paths."""
    from ztctl import __version__
    from ztctl.engine.private_file import require_earlier, write_private
    from ztctl.views.client_sheet import client_sheet
    from ztctl.views.client_view import client_document

    if _is_page(chosen, out):
        # Jinja2 takes time to import.
        from ztctl.views.sheet_html import render_client

        sheet = client_sheet(client_document(found), __version__)
        require_earlier(out, _PAGE, "ztctl ssh client render")
        write_private(out, render_client(sheet), "the page")
        return [out]
    from ztctl.ssh.client_install import installable

    require_earlier(out, _BLOCK, "ztctl ssh client render")
    write_private(out, installable(found.stack, found.here.config), "the block")
    if not found.known_hosts:
        return [out]
    keys = out.parent / found.known_hosts_file
    write_private(keys, found.known_hosts, "the host keys")
    return [out, keys]


@opt.with_options
def install(
    *,
    client: ClientOptions,
    files: opt.FileOptions,
    uninstall: Annotated[
        bool,
        opt.run_option("--uninstall", help="Take away what was installed; the config as before."),
    ] = False,
    dry_run: Annotated[
        bool, opt.run_option("--dry-run", help="Show the changes as a diff, and make none.")
    ] = False,
    home: Annotated[
        Path | None,
        opt.run_option(
            "--home", metavar="DIR", help="The home whose .ssh it is. Default: your own."
        ),
    ] = None,
    output: Annotated[opt.OutputOptions, opt.only("format", "no_color")],
) -> Exit:
    """Install the blocks on this laptop: a file of its own, with one Include in ~/.ssh/config.

    Old blocks of cloudflared for the same hosts are taken out. Asks no account.
    """
    chosen = settings(output, files)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.ssh.client_install import ClientFiles, installable, plan_install, plan_uninstall

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        folder = _home(home) / ".ssh"
        if uninstall:
            planned = plan_uninstall(folder, declared.stack)
        else:
            from ztctl.cli.client_rendering import rendered

            found = rendered(declared, client)
            made = found.client
            text = installable(declared.stack, made.here.config)
            planned = plan_install(folder, ClientFiles(declared.stack, text, made.known_hosts))
            for note in filter(None, (*found.notes, found.guess)):
                view.note(note)
        if not dry_run:
            planned.write()
        _show(planned, declared, view, is_done=not dry_run, removes=uninstall)
    return Exit.DONE


def _home(stated: Path | None) -> Path:
    """The home directory.

    Raises:
        Usage: the stated one is not there; or that of the environment is not the account's, where
            OpenSSH looks.
    """
    if stated is not None and not stated.is_dir():
        raise Usage(f"--home {stated}: there is no such folder", "name a home that is there")
    if stated is not None:
        return stated
    home = Path.home()
    try:
        import os
        import pwd

        account = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):
        return home
    if account.resolve() != home.resolve():
        text = f"HOME is {home}, and OpenSSH reads {account}/.ssh/config"
        raise Usage(text, f"name one of them: --home {account}")
    return home


def _show(
    planned: Installation, declared: Declared, view: View, *, is_done: bool, removes: bool
) -> None:
    from ztctl.documents.mask import Mask
    from ztctl.views.client_view import InstalledClient, installed_page
    from ztctl.views.escape import Clean

    actions = [(str(it.path), it.action) for it in planned.changes]
    if not is_done:
        # The diff stands alone.
        for remark in planned.remarks:
            view.note(str(remark))
    remarks = [(str(it.path), it.line, it.text) for it in planned.remarks]
    found = InstalledClient(
        actions, planned.migrated, remarks, planned.diff, is_done=is_done, removes=removes
    )
    view.page(installed_page(declared.stack, found, Clean(Mask(declared.environment).hide)))
