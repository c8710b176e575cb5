"""``ztctl ssh audit-key``: a key pair for the logs of SSH commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings


@opt.with_options
def audit_key(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            rich_help_panel="Audit key",
            help="Write the private half to this new file, for you alone.",
        ),
    ] = Path("ssh-audit-key"),
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Make a key pair for logs of SSH commands: its public half is printed, for the YAML file.

    The private half, which reads the logs, goes into a new file and is shown nowhere.
    """
    from shlex import quote

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.secret_delivery import Delivery
    from ztctl.cli.session import view_of
    from ztctl.ssh.audit_key import entry_of, new_pair

    if out == Path("-"):
        raise Usage("the private half goes into a file, never to standard output", "name a file")
    chosen = settings(output)
    view = view_of(chosen)
    with errors_shown(view):
        pair = new_pair()
        Delivery(out, show=False).deliver(pair.private, ending="")
        sys.stdout.write(entry_of(pair))
        sys.stdout.flush()
        if not chosen.quiet:
            view.note(
                f"The private half is in {out}, readable by you alone. Without it no log can be "
                "read: keep it where the logs are read, and out of every repository."
            )
            view.note(
                "It reads the log of a session that the dashboard gives: "
                f"ssh-log-cli decrypt -i LOG -k {quote(str(out))}"
            )
    return Exit.DONE
