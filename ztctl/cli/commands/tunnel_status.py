"""``ztctl tunnel status``: what runs for tunnels, as the service sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.connectors import TunnelStatus
    from ztctl.core.model.declared import Declared
    from ztctl.views.view import View


@opt.with_options
def status(
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A tunnel of the files by its key, or a live one by its name or id. "
            "Default: those of the files, or all.",
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    output: Annotated[opt.OutputOptions, opt.only("format", "no_color")],
) -> Exit:
    """Say which connectors run, where, of which version; ends with 1 where a tunnel has none."""
    chosen = settings(output, files, account)
    from datetime import UTC, datetime

    from ztctl import __version__
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import run_to_end, view_of
    from ztctl.cli.tunnel_choice import declared_or_none
    from ztctl.documents.mask import Mask
    from ztctl.views.escape import Clean
    from ztctl.views.tunnel_view import tunnel_page

    declared = declared_or_none(chosen, files)
    view = view_of(chosen, declared)
    with errors_shown(view):
        found = run_to_end(_status(name, chosen, declared, view))
        mask = Mask(declared.environment if declared else {})
        now = datetime.now(UTC).astimezone()
        view.page(tunnel_page(found, Clean(mask.hide), now=now, version=__version__))
    return Exit.DONE if found and all(it.connectors for it in found) else Exit.ERROR


async def _status(
    name: str | None, chosen: Settings, declared: Declared | None, view: View
) -> tuple[TunnelStatus, ...]:
    from ztctl.cli.session import connected
    from ztctl.cli.tunnel_choice import chosen_tunnel, live_tunnels
    from ztctl.engine.drive import drive
    from ztctl.kinds.tunnel_connectors import status_of

    async with connected(chosen, declared, view) as client:
        live = sorted(await live_tunnels(client), key=lambda it: it.name)
        if name is not None:
            asked = [chosen_tunnel(name, declared, live)]
        elif declared is not None:
            keys = [it.address.key for it in declared.of("tunnel")]
            asked = [chosen_tunnel(key, declared, live) for key in keys]
        else:
            asked = live
        return await drive(status_of(asked), client)
