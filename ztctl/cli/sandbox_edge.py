"""``ztctl sandbox serve --edge``: the hosts themselves, for cloudflared and ssh."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli.settings import STATE, Usage
from ztctl.core.model.diagnostics import Failure

if TYPE_CHECKING:
    from ztctl.sandbox.front.serve import Options
    from ztctl.sandbox.service import Sandbox

FOLDER = STATE.parent / "edge"

Edge = Annotated[
    bool,
    typer.Option("--edge", metavar="", help="Serve the hosts, too: for cloudflared and ssh."),
]
LoggedIn = Annotated[
    str | None, typer.Option("--as", metavar="EMAIL", help="With --edge: who is logged in.")
]
Group = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME", help="With --as: a group of the identity provider."),
]
Country = Annotated[
    str | None,
    typer.Option("--country", metavar="CODE", help="With --as: where from. Default: PT."),
]
Origin = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="HOST:PORT=ADDRESS:PORT",
        help="With --edge: where an origin is on this machine.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--edge-folder",
        metavar="DIR",
        help=f"With --edge: where its home and its CA are written. Default: {FOLDER}.",
    ),
]


@dataclass(frozen=True, slots=True)
class Front:
    """A front that is wanted: how, and where its files go."""

    options: Options
    folder: Path


def front_of(
    email: str | None,
    groups: Sequence[str] | None,
    country: str | None,
    origins: Sequence[str] | None,
    folder: Path | None,
    *,
    wanted: bool,
) -> Front | None:
    """What the options ask for, None without --edge; raises Usage for what they cannot mean."""
    if not wanted:
        if any((email, groups, country, origins, folder)):
            raise Usage("--as, --group, --country, --origin and --edge-folder go with --edge")
        return None
    try:
        from ztctl.sandbox.front.identity import Login
        from ztctl.sandbox.front.origins import mapping
        from ztctl.sandbox.front.serve import Options
    except ModuleNotFoundError as error:
        raise Failure(
            f"the edge needs the package {error.name}",
            "install ztctl with its extra: ztctl[sandbox]",
        ) from error
    if email is None and (groups or country):
        raise Usage("--group and --country are of somebody: say who with --as")
    try:
        login = Login(email, tuple(groups or ()), country or "PT") if email is not None else None
        mappings = tuple(mapping(one) for one in origins or ())
    except ValueError as error:
        raise Usage(f"{error}") from error
    return Front(Options(login, mappings), folder or FOLDER)


@contextmanager
def fronting(sandbox: Sandbox, front: Front | None) -> Iterator[str]:
    """Serve a front, if one is wanted, while the block runs; gives the lines to export."""
    with ExitStack() as stack:
        yield "" if front is None else _lines(stack, sandbox, front)


def _lines(stack: ExitStack, sandbox: Sandbox, front: Front) -> str:
    from ztctl.sandbox.front.serve import fronted

    try:
        variables = stack.enter_context(fronted(sandbox, front.folder, front.options))
    except (OSError, ValueError) as error:
        raise Failure(f"cannot serve the edge: {error}") from error
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables)
