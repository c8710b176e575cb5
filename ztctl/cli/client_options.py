"""Options of `ztctl ssh client`: which hosts a laptop gets, and what differs between laptops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import completion

_client = partial(typer.Option, rich_help_panel="Laptop")


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Which hosts a laptop gets, and what differs from one laptop to another."""

    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST",
            help="Hosts of the files. Default: all. NAME=ADDRESS:PORT goes behind --via HOST.",
            autocompletion=completion.hosts,
        ),
    ] = None
    via: Annotated[
        list[str] | None,
        _client(
            "--via",
            metavar="NAME=ADDRESS:PORT",
            help="A machine behind the bastion; or the bastion, for such words after it.",
        ),
    ] = None
    alias: Annotated[
        list[str] | None,
        _client("--alias", metavar="NAME=HOST", help="A short name for a host; may be repeated."),
    ] = None
    user: Annotated[
        str | None,
        _client("--user", metavar="NAME", help="The name on the servers, if not the local one."),
    ] = None
    cloudflared: Annotated[
        str | None,
        _client(
            "--cloudflared",
            metavar="PATH",
            help="Where cloudflared is on the laptop. Default: where it is here.",
        ),
    ] = None
    host_keys: Annotated[
        Path | None,
        _client(
            "--host-keys",
            metavar="FILE",
            help="Keys of the servers, as `install.sh host-keys` or ssh-keyscan prints them.",
        ),
    ] = None
