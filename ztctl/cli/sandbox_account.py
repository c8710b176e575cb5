"""``ztctl sandbox export`` and ``import``: a whole account in one JSON file, without secrets."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli.exits import Exit
from ztctl.cli.options import only, with_options
from ztctl.cli.settings import STATE
from ztctl.core.model.diagnostics import Failure, Failures

if TYPE_CHECKING:
    from ztctl.sandbox.service import Sandbox

LARGEST = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The state file of a sandbox, and its initial zones."""

    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="PATH", help=f"The file that holds the state. Default: {STATE}."
        ),
    ] = None
    zone: Annotated[
        list[str] | None,
        typer.Option("--zone", metavar="NAME", help="A further zone beside example.com."),
    ] = None

    @property
    def path(self) -> Path:
        """The state file."""
        return self.state or STATE


@with_options
def export(
    *,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A file that does not exist. Default: stdout."),
    ] = None,
    at: Annotated[SandboxOptions, only("state")],
) -> Exit:
    """Write the sandbox's account as JSON that import takes; secrets are left out."""
    # ASCII only: names in the account may contain terminal control characters.
    text = json.dumps(account_of(at.path).export(), indent=2) + "\n"
    if file is None:
        sys.stdout.write(text)
        return Exit.DONE
    try:
        with file.open("x", encoding="ascii") as new:
            new.write(text)
    except FileExistsError as error:
        raise Failure(f"{file} exists already", "name another file") from error
    sys.stderr.write(f"Wrote {file}: the account, without secrets.\n")
    return Exit.DONE


@with_options
def import_(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote.")],
    at: Annotated[SandboxOptions, only("state")],
) -> Exit:
    """Replace the sandbox's account by an exported one; secrets are made anew."""
    from ztctl.cli.session import sandbox_of
    from ztctl.sandbox import open_sandbox
    from ztctl.sandbox.reading import Unreadable, parsed

    try:
        account = parsed(_content(file))
        sandbox = sandbox_of() if at.state is None else open_sandbox(at.state, zones=())
        sandbox.import_(account)
    except Unreadable as error:
        raise refused(file, error) from error
    except ValueError as error:
        raise Failure(f"cannot use the state {at.path}: {error}") from error
    sys.stderr.write(f"The sandbox in {at.path} holds the account of {file}.\n")
    return Exit.DONE


def account_of(path: Path) -> Sandbox:
    """Open the sandbox of an existing state file, without adding zones.

    Raises:
        Failure: there is no such file, or it is not a sandbox's state.
    """
    from ztctl.sandbox import open_sandbox

    if not path.exists():
        raise Failure(f"there is no sandbox in {path}", "any command with --sandbox makes one")
    try:
        return open_sandbox(path, zones=())
    except (OSError, ValueError) as error:
        raise Failure(f"cannot use the state {path}: {error}") from error


def refused(file: Path, error: ValueError) -> Failures:
    """Convert an error of parsing a file to failures, one for each problem."""
    problems = getattr(error, "problems", (str(error),))
    return Failures(Failure(f"{file}: {problem}") for problem in problems)


def _content(file: Path) -> bytes:
    from ztctl.documents.streams import read_bounded

    content = read_bounded(file, LARGEST)
    if len(content) > LARGEST:
        raise Failure(f"{file} is larger than {LARGEST // 1024 // 1024} MB")
    return content
