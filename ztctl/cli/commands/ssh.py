"""``ztctl ssh``: servers, laptops and users, from an apply to a shell."""

from __future__ import annotations

from collections.abc import Callable

import typer

from ztctl.cli.commands import (
    ssh_audit_key,
    ssh_ca,
    ssh_check,
    ssh_client,
    ssh_explain,
    ssh_guide,
    ssh_rotate,
    ssh_server,
    ssh_users,
)
from ztctl.cli.exits import Exit
from ztctl.cli.help_screen import HelpCommand, HelpGroup

# Commands by the group in which they stand, each in a file of its own; "" is `ssh` itself.
COMMANDS: dict[str, tuple[Callable[..., Exit], ...]] = {
    "": (
        ssh_guide.guide,
        ssh_users.users,
        ssh_check.check,
        ssh_explain.explain,
        ssh_audit_key.audit_key,
    ),
    "ca": (ssh_ca.show, ssh_ca.check, ssh_ca.inspect, ssh_rotate.rotate),
    "server": (ssh_server.render, ssh_server.install),
    "client": (ssh_client.render, ssh_client.install),
}
_HELP = {
    "": "Servers, laptops and users: all that lies between an apply and a shell.",
    "ca": "The CA keys of the stack, and certificates that they signed.",
    "server": "What a server gets: CA keys, settings of sshd, a script that installs them.",
    "client": "What a laptop gets: blocks of ssh_config, or a page that explains them.",
}


def _group(name: str) -> typer.Typer:
    group = typer.Typer(help=_HELP[name], cls=HelpGroup, no_args_is_help=True)
    for command in COMMANDS[name]:
        group.command(cls=HelpCommand)(command)
    return group


app = _group("")
for name in COMMANDS:
    if name:
        app.add_typer(_group(name), name=name)
