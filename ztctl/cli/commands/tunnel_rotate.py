"""``ztctl tunnel rotate``: a new secret for a tunnel, and the end of what runs by the old one.

Two steps, because servers have to get the new token in between: with the first the old token opens
no new connection, and running connectors go on; with the second they are cut off.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.cli.secret_delivery import Delivery
    from ztctl.cloudflare.client import Client
    from ztctl.core.model.connectors import Connector
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.objects import Live
    from ztctl.core.model.values import Secret
    from ztctl.views.view import View

_BYTES = 32


@opt.with_options
def rotate(
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A tunnel of the files by its key, or a live one by its name or id.",
        ),
    ],
    out: Annotated[
        Path | None,
        opt.run_option("-o", "--out", metavar="FILE", help="Write the new token to this new file."),
    ] = None,
    show: Annotated[
        bool, opt.run_option("--show", help="Print it even where standard output is a terminal.")
    ] = False,
    drop_before: Annotated[
        str | None,
        opt.run_option(
            "--drop-before",
            metavar="TIME",
            help="The second step: cut off what was started before, such as the first step says.",
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: Annotated[opt.RunOptions, opt.only("auto_approve")],
    output: Annotated[opt.OutputOptions, opt.only("no_color")],
) -> Exit:
    """Give a tunnel a new secret: its old token opens no new connection from then on."""
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.secret_delivery import Delivery
    from ztctl.cli.session import run_to_end, view_of
    from ztctl.cli.tunnel_choice import declared_or_none

    before = _moment(drop_before) if drop_before is not None else None
    if before is not None and (out is not None or show):
        raise Usage("--drop-before hands over no token", "drop --out and --show")
    if out is not None and show:
        raise Usage("--out and --show exclude each other", "drop one of them")
    chosen = settings(output, files, account)
    delivery = Delivery(out, show=show) if before is None else None
    declared = declared_or_none(chosen, files)
    view = view_of(chosen, declared)
    with errors_shown(view):
        work = _Renewal(name, chosen, declared, view, auto_approve=run.auto_approve)
        if before is not None:
            return run_to_end(work.drop(before))
        assert delivery is not None
        return run_to_end(work.renew(delivery))


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Usage(f"--drop-before {text!r} is no time with a zone", "write 2026-11-30T14:00:00Z")
    return found


class _Renewal:
    """One of the two steps."""

    def __init__(
        self, name: str, chosen: Settings, declared: Declared | None, view: View,
        *, auto_approve: bool,
    ) -> None:  # fmt: skip
        self.name, self.chosen, self.declared, self.view = name, chosen, declared, view
        self.auto_approve = auto_approve

    async def renew(self, delivery: Delivery) -> Exit:
        from ztctl.cli.session import connected

        async with connected(self.chosen, self.declared, self.view) as client:
            tunnel = await self._tunnel(client)
            question = (
                f"From now on no connector of {tunnel.name} starts by its old token. Change it?"
            )
            if (verdict := self._approved(question)) is not None:
                return verdict
            token = await _renewed(client, tunnel)
            # By the service's clock, which says when a connector was started.
            clock = client.service_clock
            seconds = ceil(clock.now() - (clock.skew or 0.0))
            try:
                delivery.deliver(token)
            finally:
                self._tell_next(tunnel, datetime.fromtimestamp(seconds, UTC))
        return Exit.DONE

    def _tell_next(self, tunnel: Live, moment: datetime) -> None:
        from ztctl.cli.rotations import paragraphs

        name, command = quote(self.name), self.chosen.typed.command
        drop = f"tunnel rotate {name} --drop-before {moment:%Y-%m-%dT%H:%M:%SZ}"
        self.view.next_steps(
            paragraphs(
                f"{tunnel.name} has a new secret. Running connectors go on by the old one until "
                "they start again: give each the new token, on its server:",
                "!sudo sh install.sh --connector --token-file FILE",
                "Then cut off what still runs by the old one:",
                f"!{command(drop)}",
                "A lost token comes again from:",
                f"!{command(f'tunnel token {name}')}",
            )
        )

    async def drop(self, before: datetime) -> Exit:
        from ztctl.cli.session import connected
        from ztctl.core.model.diagnostics import Failure
        from ztctl.engine.drive import drive
        from ztctl.kinds.tunnel_connectors import connectors_of, dropped

        async with connected(self.chosen, self.declared, self.view) as client:
            tunnel = await self._tunnel(client)
            found = await drive(connectors_of(tunnel.id), client)
            old = [it for it in found if not _is_newer(it, before)]
            if not old:
                self.view.note(f"No connector of {tunnel.name} is older than that.")
                return Exit.DONE
            if len(old) == len(found):
                raise Failure(
                    f"no connector of {tunnel.name} was started since: nobody would get through",
                    "give a server the new token first",
                )
            question = f"This cuts off {len(old)} of {len(found)} connectors. Do it?"
            if (verdict := self._approved(question)) is not None:
                return verdict
            await drive(dropped(tunnel.id, old), client)
        self.view.note(f"{len(old)} of {len(found)} connectors of {tunnel.name} are cut off.")
        return Exit.DONE

    async def _tunnel(self, client: Client) -> Live:
        from ztctl.cli.tunnel_choice import chosen_tunnel, live_tunnels
        from ztctl.core.model.diagnostics import Failure

        tunnel = chosen_tunnel(self.name, self.declared, await live_tunnels(client))
        if tunnel.values.get("config") == "local":
            raise Failure(
                f"{tunnel.name} runs by a credentials file on its server",
                "a new secret would make that file useless: make a new tunnel instead",
            )
        return tunnel

    def _approved(self, question: str) -> Exit | None:
        from ztctl.cli.approval import approved

        return approved(
            self.view,
            question,
            auto_approve=self.auto_approve,
            waiting="this cuts connectors off",
        )


async def _renewed(client: Client, tunnel: Live) -> Secret:
    """Write a new secret, and get the token that holds it; also when the answer was lost."""
    import base64
    from secrets import token_bytes

    from ztctl.core.model.calls import CallFailed
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.values import Secret as Hidden
    from ztctl.engine.drive import drive
    from ztctl.kinds.tunnel_connectors import renewed
    from ztctl.kinds.tunnel_token import token_of

    account = client.account or ""
    before = await drive(token_of(tunnel.id, account), client)
    secret = Hidden(base64.b64encode(token_bytes(_BYTES)).decode("ascii"))
    try:
        await drive(renewed(tunnel.id, secret), client)
    except CallFailed as failure:
        if not failure.lost:
            raise
        token = await drive(token_of(tunnel.id, account), client)
        if token == before:
            raise
        return token
    token = await drive(token_of(tunnel.id, account), client)
    if token == before:
        # Whoever installed it would be cut off by the second step.
        raise Failure(
            f"{tunnel.name} has a new secret, but the service still hands over the old token",
            f"get the new one in a moment: ztctl tunnel token {tunnel.id}",
        )
    return token


def _is_newer(connector: Connector, moment: datetime) -> bool:
    """Whether it was started since; one that does not say when was not."""
    try:
        at = datetime.fromisoformat(connector.since)
    except ValueError:
        return False
    return at.tzinfo is not None and at >= moment
