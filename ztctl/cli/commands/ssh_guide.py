"""``ztctl ssh guide``: what is left to do until people log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.ssh.guide import Typed


@opt.with_options
def guide(
    *,
    host: Annotated[
        str | None,
        typer.Argument(
            metavar="[HOST]",
            help="One host of the files. Default: all.",
            autocompletion=completion.hosts,
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    output: Annotated[opt.OutputOptions, opt.only("format", "no_color")],
) -> Exit:
    """Say what is left to do for each SSH host: connector, server, accounts, laptops."""
    chosen = settings(output, files, account, live=live)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.cli.ssh_reading import seen_by
    from ztctl.documents.mask import Mask
    from ztctl.ssh.guide import guide_of
    from ztctl.views.escape import Clean
    from ztctl.views.guide_view import guide_page

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        seen = seen_by(chosen, declared, view, host)
        typed = _typed(chosen, files)
        guides = [guide_of(it, typed) for it in seen.hosts]
        clean = Clean(Mask(declared.environment).hide)
        view.page(guide_page(declared.stack, guides, clean, typed.command("ssh guide HOST")))
    return Exit.DONE


def _typed(chosen: Settings, files: opt.FileOptions) -> Typed:
    from shlex import quote

    from ztctl.ssh.guide import Typed

    named = "".join(f" -f {quote(str(it))}" for it in files.file or ())
    given = "".join(f" --var {quote(it)}" for it in files.var or ())
    given += "".join(f" --var-file {quote(str(it))}" for it in files.var_file or ())
    given += "".join(f" --allow-env {quote(it)}" for it in files.allow_env or ())
    return Typed(named + given, chosen.account_options)
