"""``ztctl tunnel``: the token of a tunnel, and how its connector runs as a service."""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.commands.tunnel_files import files as files_of_tunnel
from ztctl.cli.commands.tunnel_files import import_file
from ztctl.cli.commands.tunnel_migrate import migrate
from ztctl.cli.commands.tunnel_rotate import rotate
from ztctl.cli.commands.tunnel_status import status
from ztctl.cli.exits import Exit
from ztctl.cli.help_screen import HelpCommand, HelpGroup
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.objects import Live
    from ztctl.core.model.values import Secret
    from ztctl.views.view import View

app = typer.Typer(
    help="Tunnels: their tokens, their connectors and their servers' files.",
    cls=HelpGroup,
    no_args_is_help=True,
)
_tunnel = partial(typer.Option, rich_help_panel="Tunnel")
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A tunnel of the files by its key, or a live one by its name or id."
    ),
]


class Runner(StrEnum):
    """What runs a connector."""

    systemd = "systemd"
    openrc = "openrc"
    compose = "compose"
    kubernetes = "kubernetes"


@app.command(cls=HelpCommand)
@opt.with_options
def token(
    *,
    name: Name,
    out: Annotated[
        Path | None,
        _tunnel("-o", "--out", metavar="FILE", help="Write it to this new file, for you alone."),
    ] = None,
    show: Annotated[
        bool, _tunnel("--show", help="Print it even where standard output is a terminal.")
    ] = False,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Hand over a tunnel's token, by which a connector runs: a secret.

    Whoever has it can answer for every name of the tunnel. It goes into a new file or down a pipe.
    """
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.secret_delivery import Delivery
    from ztctl.cli.session import run_to_end, view_of
    from ztctl.cli.tunnel_choice import declared_or_none

    if out is not None and show:
        raise Usage("--out and --show exclude each other", "drop one of them")
    chosen = settings(output, files, account)
    delivery = Delivery(out, show=show)
    declared = declared_or_none(chosen, files)
    view = view_of(chosen, declared)
    with errors_shown(view):
        tunnel, found = run_to_end(_token(name, chosen, declared, view))
        delivery.deliver(found)
        if tunnel.values.get("config") == "local":
            view.note(
                f"{tunnel.name} is configured by a file on its server: a connector that runs by "
                "this token alone serves nothing."
            )
        if out is not None and not chosen.quiet:
            view.note(f"The token of {tunnel.name} is in {out}, readable by you alone.")
    return Exit.DONE


async def _token(
    name: str, chosen: Settings, declared: Declared | None, view: View
) -> tuple[Live, Secret]:
    from ztctl.cli.session import connected
    from ztctl.cli.tunnel_choice import chosen_tunnel, live_tunnels
    from ztctl.engine.drive import drive
    from ztctl.kinds.tunnel_token import token_of

    async with connected(chosen, declared, view) as client:
        tunnel = chosen_tunnel(name, declared, await live_tunnels(client))
        return tunnel, await drive(token_of(tunnel.id, client.account or ""), client)


@app.command(cls=HelpCommand)
@opt.with_options
def service(
    *,
    name: Name,
    openrc: Annotated[bool, _tunnel("--openrc", help="A script of OpenRC.")] = False,
    compose: Annotated[bool, _tunnel("--compose", help="A Compose file.")] = False,
    kubernetes: Annotated[
        bool, _tunnel("--kubernetes", help="A Deployment of two replicas.")
    ] = False,
    cloudflared: Annotated[
        str | None,
        _tunnel(
            "--cloudflared",
            metavar="PATH",
            help="Where cloudflared is. Default: /usr/bin/cloudflared.",
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        _tunnel(
            "--token-file",
            metavar="PATH",
            help="Where the token is. Default: /etc/cloudflared/token.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        _tunnel(
            "--metrics",
            metavar="ADDRESS:PORT",
            help="Where /ready answers. Default: 127.0.0.1:20241.",
        ),
    ] = None,
    files: opt.FileOptions,
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Print the service that runs a connector, by default a systemd unit.

    The token is a file that the service reads, never a part of it. Asks no account.
    """
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import view_of
    from ztctl.cli.tunnel_choice import declared_or_none
    from ztctl.ssh import connector

    given = {Runner.openrc: openrc, Runner.compose: compose, Runner.kubernetes: kubernetes}
    runners = [runner for runner, is_given in given.items() if is_given] or [Runner.systemd]
    if len(runners) > 1:
        raise Usage(f"--{runners[0]} and --{runners[1]} exclude each other", "drop one of them")
    (runner,) = runners
    contained = runner in (Runner.compose, Runner.kubernetes)
    for option, path in (("--cloudflared", cloudflared), ("--token-file", token_file)):
        if path is not None and contained:
            raise Usage(f"{option} and --{runner} exclude each other", "the image says where it is")
        if path is not None and not _fits_a_service(path):
            raise Usage(f"{option} {path!r} is no absolute path without blanks", "write it in full")
    if metrics is not None:
        _check_metrics(metrics)
    chosen = settings(output, files)
    declared = declared_or_none(chosen, files)
    view = view_of(chosen, declared)
    with errors_shown(view):
        _check_by_token(name, declared)
        local = _leads_to_itself(name, declared, view)
        what = connector.ConnectorService(
            name,
            cloudflared or connector.PROGRAM,
            token_file or connector.TOKEN_FILE,
            metrics or connector.METRICS,
            local,
        )
        writers = {
            Runner.systemd: connector.systemd_unit,
            Runner.openrc: connector.openrc_script,
            Runner.compose: connector.compose_file,
            Runner.kubernetes: connector.kubernetes_deployment,
        }
        sys.stdout.write(writers[runner](what))
        if local and runner is Runner.kubernetes:
            view.note(
                f"A rule of {name} leads to localhost, which is each pod itself: lead it to a "
                "service of the cluster."
            )
    return Exit.DONE


def _check_by_token(name: str, declared: Declared | None) -> None:
    """Go on with what the files do not say to be run by a file; the twin of such a tunnel is not.

    Raises:
        Failure: by a token it would serve nothing.
    """
    from ztctl.cli.tunnel_choice import run_by_a_file, wanted_tunnel
    from ztctl.kinds.local_tunnel import is_local

    wanted = wanted_tunnel(declared, name)
    if wanted is not None and is_local(wanted.values):
        raise run_by_a_file(name)


def _leads_to_itself(name: str, declared: Declared | None, view: View) -> bool:
    """Whether the files say that a rule of the tunnel leads to the connector's own machine.

    Raises:
        Usage: the name is nearly one of the files'; any other may be that of a live tunnel.
    """
    from ztctl.cli.tunnel_choice import with_rules_of
    from ztctl.documents.suggest import nearest
    from ztctl.ssh.connector import leads_to_itself

    wanted = with_rules_of(declared, name)
    if wanted is None:
        if declared is not None:
            if near := nearest(name, tuple(it.address.key for it in declared.of("tunnel"))):
                raise Usage(f"the files declare no tunnel {name!r}", f"did you mean {near}?")
            view.note(f"The files declare no tunnel {name}: nothing is known of its rules.")
        return False
    rules = wanted.values.get("ingress") or ()
    return any(leads_to_itself(str(rule.get("service"))) for rule in rules)


def _fits_a_service(path: str) -> bool:
    import re

    return re.fullmatch(r"(/[\w.+@-]+)+", path, re.ASCII) is not None


def _check_metrics(text: str) -> None:
    import re

    found = re.fullmatch(r"(localhost|[\d.]+|\[[\da-fA-F:.]+\]):(\d{1,5})", text, re.ASCII)
    if found is None or not 0 < int(found[2]) < 65536:
        raise Usage(f"--metrics {text!r} is no address with a port", "write 127.0.0.1:20241")


app.command(cls=HelpCommand)(status)
app.command(cls=HelpCommand)(rotate)
app.command(cls=HelpCommand)(migrate)
app.command("files", cls=HelpCommand)(files_of_tunnel)
app.command("import", cls=HelpCommand)(import_file)
