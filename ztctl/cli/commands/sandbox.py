"""``ztctl sandbox``: a local Cloudflare API to try things on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli.exits import Exit
from ztctl.cli.help_screen import HelpCommand, HelpGroup
from ztctl.cli.options import only, with_options
from ztctl.cli.sandbox_account import SandboxOptions, account_of, export, import_, refused
from ztctl.cli.sandbox_edge import EdgeOptions, front_of, fronting
from ztctl.cli.settings import Usage
from ztctl.core.model.diagnostics import Failure

if TYPE_CHECKING:
    from ztctl.sandbox.script import Script
    from ztctl.sandbox.seeds import ZoneSeed
    from ztctl.sandbox.settings import Settings

app = typer.Typer(
    help="A local Cloudflare API: serve it, start afresh, look inside.",
    cls=HelpGroup,
    no_args_is_help=True,
)


@app.command(cls=HelpCommand)
@with_options
def serve(
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="0 picks a free one.", min=0, max=65535)
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote", help="Let --host be an address that other machines can reach."
        ),
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="PATH", help="A file that keeps the state. Default: memory."
        ),
    ] = None,
    more: Annotated[SandboxOptions, only("zone")],
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            metavar="FILE",
            help="JSON: zones, settings, API tokens, faults, lag, connectors.",
        ),
    ] = None,
    awkward: Annotated[
        bool, typer.Option("--awkward", help="Answer in the service's least handy ways.")
    ] = False,
    latency: Annotated[
        float | None,
        typer.Option("--latency", metavar="SECONDS", help="How long every answer takes."),
    ] = None,
    edge: EdgeOptions,
) -> Exit:
    """Open a loopback port for any client; prints the variables to export, runs till Ctrl-C."""
    from ztctl.sandbox import open_sandbox
    from ztctl.sandbox.reading import Unreadable

    try:
        from ztctl.sandbox.server import address_of
        from ztctl.sandbox.server import serve as listen
    except ModuleNotFoundError as error:
        raise Failure(
            f"the port needs the package {error.name}",
            "install ztctl with its extra: ztctl[sandbox]",
        ) from error
    try:
        address_of(host, allow_remote=allow_remote)
    except ValueError as error:
        raise Usage(str(error), "--allow-remote takes every address") from error
    front = front_of(edge)
    if allow_remote:
        sys.stderr.write("warning: whoever reaches this port can read and change the sandbox\n")
    parsed_script = _script(script)
    settings = _settings(parsed_script, awkward=awkward, latency=latency)
    zones = _zones(more.zone)
    try:
        sandbox = open_sandbox(state, zones=zones, settings=settings, script=parsed_script)
    except Unreadable as error:
        raise refused(script or Path(), error) from error
    except (OSError, ValueError) as error:
        raise Failure(f"cannot use the state {state}: {error}") from error

    def ready(bound: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(
            f"CLOUDFLARE_BASE_URL=http://{shown}:{bound}/client/v4\n"
            f"CLOUDFLARE_ACCOUNT_ID={sandbox.account_id}\n"
        )
        if parsed_script is None or not parsed_script.tokens:
            sys.stdout.write("CLOUDFLARE_API_TOKEN=sandbox\n")
        sys.stdout.write(exports)
        sys.stdout.flush()

    with fronting(sandbox, front) as exports:
        try:
            listen(sandbox, host, port, ready, allow_remote=allow_remote)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Failure(f"cannot listen on {host}:{port}: {reason}") from error
    return Exit.DONE


def _zones(named: Sequence[str] | None) -> tuple[ZoneSeed, ...]:
    """The initial zones: example.com and the named ones.

    Raises:
        Usage: a name cannot be a zone's.
    """
    from ztctl.sandbox.seeds import zone_seeds

    try:
        return zone_seeds(("example.com", *(named or ())))
    except ValueError as error:
        raise Usage(f"--zone: {error}") from error


def _script(path: Path | None) -> Script | None:
    if path is None:
        return None
    from ztctl.documents.streams import read_bounded
    from ztctl.sandbox.script import LARGEST, loads

    try:
        return loads(read_bounded(path, LARGEST))
    except ValueError as error:
        raise refused(path, error) from error


def _settings(script: Script | None, *, awkward: bool, latency: float | None) -> Settings:
    """The script's settings, overridden by the command line."""
    from ztctl.sandbox.latency import Fixed
    from ztctl.sandbox.settings import Settings as SandboxSettings

    chosen = script.settings if script else SandboxSettings()
    try:
        delay = chosen.latency if latency is None else Fixed(latency)
    except ValueError as error:
        raise Usage(f"--latency: {error}") from error
    return replace(chosen, awkward=awkward or chosen.awkward, latency=delay)


@app.command(cls=HelpCommand)
@with_options
def reset(*, to: SandboxOptions) -> Exit:
    """Throw the sandbox's state away and start afresh."""
    from ztctl.cli.session import sandbox_of
    from ztctl.sandbox import open_sandbox

    path, zones = to.path, _zones(to.zone)
    try:
        if to.state is not None:
            open_sandbox(path)  # raises for a file that is no sandbox state: do not delete it
        path.unlink(missing_ok=True)
        if to.state is None:
            sandbox_of()
        open_sandbox(path, zones=zones)
    except (OSError, ValueError) as error:
        raise Failure(f"cannot reset {path}: {error}") from error
    sys.stderr.write(f"The sandbox in {path} is empty.\n")
    return Exit.DONE


@app.command(cls=HelpCommand)
@with_options
def show(
    *,
    at: Annotated[SandboxOptions, only("state")],
    missed: Annotated[
        bool, typer.Option("--missed", help="Only what clients asked for in vain.")
    ] = False,
) -> Exit:
    """Print the sandbox's account as JSON; secrets are left out."""
    sandbox = account_of(at.path)
    shown = sandbox.unsupported() if missed else sandbox.export()
    # ASCII only: names in the account may contain terminal control characters.
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    return Exit.DONE


app.command(cls=HelpCommand)(export)
app.command(name="import", cls=HelpCommand)(import_)
