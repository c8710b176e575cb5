"""All commands, and the translation of exceptions into messages and exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ztctl import __version__
from ztctl.cli.commands import (
    apply,
    audit,
    doctor,
    drift,
    export,
    fmt,
    history,
    permissions,
    plan,
    release,
    sandbox,
    schema,
    show,
    snapshot,
    ssh,
    stack,
    tunnel,
    unlock,
    validate,
    who,
)
from ztctl.cli.exits import INTERRUPTED, Ended, Exit
from ztctl.cli.help_screen import HelpCommand, HelpGroup
from ztctl.cli.options import OutputFormat, OutputOptions
from ztctl.cli.settings import Usage
from ztctl.core.model.diagnostics import Failure, ZtctlError

if TYPE_CHECKING:
    from ztctl.views.view import View

# A value in the messages of typer, as Python writes a text.
_QUOTED = re.compile(r"'([^']*)'")
# The panels of `--help`, in their order.
PANELS = {
    "Every day": (plan.plan, apply.apply, who.who),
    "Watch": (drift.drift, audit.audit, history.history),
    "Log in": (),
    "Start": (
        validate.validate,
        export.export,
        fmt.fmt,
        permissions.permissions,
        doctor.doctor,
    ),
    "Other": (
        apply.destroy,
        release.release,
        show.show,
        snapshot.snapshot,
        unlock.unlock,
        schema.schema,
    ),
}
GROUPS = {"ssh": (ssh.app, "Log in"), "sandbox": (sandbox.app, "Start")}


class _Panelled(HelpGroup):
    """All commands, in the order of their panels."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, those of a panel together."""
        order = [*PANELS]
        names = super().list_commands(ctx)
        return sorted(
            names, key=lambda it: order.index(getattr(self.commands[it], "rich_help_panel", ""))
        )


app = typer.Typer(
    name="ztctl",
    cls=_Panelled,
    help="SSH behind Cloudflare Access from one YAML file: planned, then applied in a safe order.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, commands in PANELS.items():
    for command in commands:
        app.command(cls=HelpCommand, rich_help_panel=panel)(command)
for name, (group, panel) in GROUPS.items():
    app.add_typer(group, name=name, rich_help_panel=panel)
# What is said behind the name of an option that a command has not, and others have.
ELSEWHERE = {
    "option: --adopt": "; --adopt is an option of plan and apply",
    "option: --live": "; --live is for commands that change nothing",
}
app.add_typer(tunnel.app, name="tunnel", rich_help_panel="Log in")
app.add_typer(stack.app, name="stack", rich_help_panel="Other")
app.add_typer(sandbox.app, name="sandbox", rich_help_panel="Start")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"ztctl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str]) -> int:
    """Run one command line, show its errors, return its exit code."""
    try:
        code = app(args=_with_values(arguments), prog_name="ztctl", standalone_mode=False)
    except Usage as error:
        return _usage(error.summary, error.hint, arguments)
    except typer.TyperException as error:
        place = getattr(error, "ctx", None)
        command = place.command_path if place else _command_of(arguments)
        # typer passes on how pydantic begins the message of a validator.
        message = error.format_message().replace("Value error, ", "")
        elsewhere = next((it for option, it in ELSEWHERE.items() if option in message), "")
        hint = f"{_meant(message)}{command} --help shows how{elsewhere}"
        return _usage(message, hint, arguments)
    except Ended:
        return Exit.ERROR
    except ZtctlError as error:
        _show(error, arguments)
        return Exit.ERROR
    except OSError as error:
        _show(_from_os_error(error), arguments)
        return Exit.ERROR
    if code == Exit.INTERRUPTED and not isinstance(code, Exit):
        # typer turns Ctrl-C into the bare number 130. A command that was interrupted while it wrote
        # returns `Exit.INTERRUPTED` instead and has shown what was done.
        if _format_of(arguments) is OutputFormat.json:
            _view(arguments).note(INTERRUPTED.strip())
        else:
            sys.stderr.write(INTERRUPTED)
    return code if isinstance(code, int) else Exit.DONE


def _with_values(arguments: Sequence[str]) -> list[str]:
    """The arguments, with ``all`` for an ``--adopt`` that stands alone.

    typer knows no option that may go without its value. Before a saved plan it stands alone, too.
    """
    found: list[str] = []
    for word, after in pairwise((*arguments, "")):
        alone = not after or after.startswith("-") or (after != "all" and Path(after).is_file())
        found.append(f"{word}=all" if word == "--adopt" and alone else word)
    return found


def _command_of(arguments: Sequence[str]) -> str:
    """The command that a command line names, for errors of typer that do not say whose they are."""
    found, names = typer.main.get_command(app), ["ztctl"]
    for word in arguments:
        commands = getattr(found, "commands", {})
        if word not in commands:
            break
        found = commands[word]
        names.append(word)
    return " ".join(names)


def _meant(message: str) -> str:
    """What a value that is none of the known ones was meant to be; empty if that is not clear."""
    given, found, known = message.partition(" is not one of ")
    word = _QUOTED.findall(given)
    if not found or not word:
        return ""
    from ztctl.documents.suggest import nearest

    near = nearest(word[-1], tuple(_QUOTED.findall(known)))
    return f"did you mean `{near}`? " if near else ""


def _usage(summary: str, hint: str, arguments: Sequence[str]) -> int:
    # Without a summary typer has shown the help already.
    if summary and _format_of(arguments) is OutputFormat.json:
        _view(arguments).failure(Failure(f"wrong usage: {summary}", hint))
    elif summary:
        sys.stderr.write(f"Usage error: {summary}\n")
        if hint:
            sys.stderr.write(f"  {hint}\n")
    return Exit.USAGE


def _from_os_error(error: OSError) -> Failure:
    place = f" ({error.filename})" if error.filename else ""
    return Failure(f"{(error.strerror or str(error)).lower()}{place}")


def _show(error: ZtctlError, arguments: Sequence[str]) -> None:
    """Show an error in the format that the command line asks for."""
    from ztctl.cli.error_output import show_error

    view = _view(arguments)
    show_error(view, error)
    view.close()


def _view(arguments: Sequence[str]) -> View:
    from ztctl.cli.session import view_of
    from ztctl.cli.settings import settings

    output = OutputOptions(_format_of(arguments), no_color="--no-color" in arguments)
    return view_of(settings(output))


def _format_of(arguments: Sequence[str]) -> OutputFormat:
    """The format that the command line asks for.

    The arguments are searched by hand: the command ended before it had made its view.
    """
    args = [*arguments, ""]
    asked = {after for arg, after in pairwise(args) if arg == "--format"}
    asked |= {arg.removeprefix("--format=") for arg in args if arg.startswith("--format=")}
    return next((item for item in OutputFormat if item.value in asked), OutputFormat.text)
