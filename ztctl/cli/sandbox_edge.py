"""``ztctl sandbox serve --edge``: serve the sandbox's hosts for cloudflared and ssh."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli.settings import STATE, Usage
from ztctl.core.model.diagnostics import Failure

if TYPE_CHECKING:
    from ztctl.sandbox.front.serve import Options
    from ztctl.sandbox.service import Sandbox

FOLDER = STATE.parent / "edge"

_edge = partial(typer.Option, rich_help_panel="Edge")


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """Whether to serve the hosts, the user who is logged in, and the origins' addresses."""

    edge: Annotated[
        bool, _edge("--edge", help="Serve the hosts, too: for cloudflared and ssh.")
    ] = False
    logged_in: Annotated[
        str | None, _edge("--as", metavar="EMAIL", help="With --edge: who is logged in.")
    ] = None
    group: Annotated[
        list[str] | None,
        _edge("--group", metavar="NAME", help="With --as: a group of the identity provider."),
    ] = None
    country: Annotated[
        str | None,
        _edge("--country", metavar="CODE", help="With --as: where from. Default: PT."),
    ] = None
    origin: Annotated[
        list[str] | None,
        _edge(
            "--origin",
            metavar="HOST:PORT=ADDRESS:PORT",
            help="With --edge: where an origin is on this machine.",
        ),
    ] = None
    edge_folder: Annotated[
        Path | None,
        _edge(
            "--edge-folder",
            metavar="DIR",
            help=f"With --edge: where its home and its CA are written. Default: {FOLDER}.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Front:
    """Configuration of the edge front: its options, and the folder for its home and CA."""

    options: Options
    folder: Path


def front_of(asked: EdgeOptions) -> Front | None:
    """Convert the options; ``None`` without ``--edge``.

    Raises:
        Usage: the options contradict each other or cannot be parsed.
        Failure: the extra ``ztctl[sandbox]`` is not installed.
    """
    if not asked.edge:
        if any(astuple(asked)):
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
    email, country = asked.logged_in, asked.country
    if email is None and (asked.group or country):
        raise Usage("--group and --country are of somebody: say who with --as")
    try:
        login = (
            Login(email, tuple(asked.group or ()), country or "PT") if email is not None else None
        )
        mappings = tuple(mapping(text) for text in asked.origin or ())
    except ValueError as error:
        raise Usage(f"{error}") from error
    return Front(Options(login, mappings), asked.edge_folder or FOLDER)


@contextmanager
def fronting(sandbox: Sandbox, front: Front | None) -> Iterator[str]:
    """Serve the front, if any, while the block runs; yields the shell lines to export."""
    if front is None:
        yield ""
        return
    from ztctl.sandbox.front.serve import fronted

    with ExitStack() as stack:
        try:
            variables = stack.enter_context(fronted(sandbox, front.folder, front.options))
        except (OSError, ValueError) as error:
            raise Failure(f"cannot serve the edge: {error}") from error
        yield "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables)
