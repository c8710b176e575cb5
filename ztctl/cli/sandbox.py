"""``ztctl sandbox``: a local Cloudflare API to try things on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli.exits import Exit
from ztctl.cli.settings import STATE, Usage
from ztctl.core.diagnostics import Failure

app = typer.Typer(
    help="A local Cloudflare API: serve it, start afresh, look inside.", no_args_is_help=True
)

State = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="PATH", help=f"The file that holds the state. Default: {STATE}."
    ),
]
Zone = Annotated[
    list[str] | None,
    typer.Option("--zone", metavar="NAME", help="A further zone beside example.com."),
]


@app.command()
def serve(
    port: Annotated[
        int,
        typer.Option("--port", metavar="PORT", help="0 picks a free one.", min=0, max=65535),
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="A loopback address.")
    ] = "127.0.0.1",
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="PATH", help="A file that keeps the state. Default: memory."
        ),
    ] = None,
    zone: Zone = None,
) -> Exit:
    """Open a loopback port for any client; prints the variables to export, runs till Ctrl-C."""
    from ztctl.sandbox import open_sandbox

    try:
        from ztctl.sandbox.server import loopback
        from ztctl.sandbox.server import serve as listen
    except ModuleNotFoundError as error:
        raise Failure(
            f"the port needs the package {error.name}",
            "install ztctl with its extra: ztctl[sandbox]",
        ) from error
    try:
        loopback(host)
    except ValueError as error:
        raise Usage(str(error)) from error
    try:
        sandbox = open_sandbox(state, zones=("example.com", *(zone or ())))
    except (OSError, ValueError) as error:
        raise Failure(f"cannot use the state {state}: {error}") from error

    def ready(bound: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(
            f"CLOUDFLARE_BASE_URL=http://{shown}:{bound}/client/v4\n"
            f"CLOUDFLARE_ACCOUNT_ID={sandbox.account_id}\n"
            "CLOUDFLARE_API_TOKEN=sandbox\n"
        )
        sys.stdout.flush()

    try:
        listen(sandbox, host, port, ready)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Failure(f"cannot listen on {host}:{port}: {reason}") from error
    return Exit.DONE


@app.command()
def reset(state: State = None, zone: Zone = None) -> Exit:
    """Throw the sandbox's state away and start afresh."""
    from ztctl.cli.session import sandbox_of
    from ztctl.sandbox import open_sandbox

    path = state or STATE
    try:
        if state is not None:
            open_sandbox(path)  # a file that somebody else wrote is not thrown away
        path.unlink(missing_ok=True)
        if state is None:
            sandbox_of()
        open_sandbox(path, zones=("example.com", *(zone or ())))
    except (OSError, ValueError) as error:
        raise Failure(f"cannot reset {path}: {error}") from error
    sys.stderr.write(f"The sandbox in {path} is empty.\n")
    return Exit.DONE


@app.command()
def show(
    state: State = None,
    missed: Annotated[
        bool,
        typer.Option("--missed", metavar="", help="Only what clients asked for in vain."),
    ] = False,
) -> Exit:
    """Print the sandbox's account as JSON; secrets are left out."""
    from ztctl.sandbox import open_sandbox

    path = state or STATE
    if not path.exists():
        raise Failure(f"there is no sandbox in {path}", "any command with --sandbox makes one")
    try:
        sandbox = open_sandbox(path)
    except (OSError, ValueError) as error:
        raise Failure(f"cannot use the state {path}: {error}") from error
    shown = (
        {
            "missed": [{"method": method, "path": where} for method, where in sandbox.missed],
            "ignored": [
                {"method": method, "path": where, "field": name}
                for method, where, name in sandbox.ignored
            ],
        }
        if missed
        else sandbox.export()
    )
    # ASCII alone: names in the account may hold what a terminal obeys.
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    return Exit.DONE
