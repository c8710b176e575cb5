"""``ztctl ssh guide``: what is left to do until people log in."""

from __future__ import annotations

from typing import Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings


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
        typed, inner = chosen.typed, declared.inner
        logs = any(declared.of("gateway_rule"))
        guides = [
            guide_of(it, typed, [one.name for one in inner.get(it.host.name, ())], logs=logs)
            for it in seen.hosts
        ]
        clean = Clean(Mask(declared.environment).hide)
        view.page(guide_page(declared.stack, guides, clean, typed.command("ssh guide HOST")))
    return Exit.DONE
