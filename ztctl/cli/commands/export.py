"""``ztctl export``: what is live, as files that say the same."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.cli.export_flow import Exported, Target
    from ztctl.cli.terraform_export import CameOver, FromTerraform
    from ztctl.core.planning.selection import Chosen, Place
    from ztctl.views.view import View

_selection = typer.Option
_STDOUT = "export.yaml"
# From so many calls on an adoption takes long enough to be told beforehand.
_MANY = 100


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """What of the account is exported."""

    host: Annotated[
        list[str] | None,
        _selection(
            "--host",
            metavar="HOST",
            autocompletion=completion.hosts,
            rich_help_panel="Selection",
            help="This host, with all that it depends on; may be repeated, as the others here.",
        ),
    ] = None
    zone: Annotated[
        list[str] | None,
        _selection(
            "--zone", metavar="ZONE", rich_help_panel="Selection", help="All hosts of this zone."
        ),
    ] = None
    tunnel: Annotated[
        list[str] | None,
        _selection(
            "--tunnel",
            metavar="TUNNEL",
            rich_help_panel="Selection",
            help="This tunnel, by name or id, and all hosts that it serves.",
        ),
    ] = None
    application: Annotated[
        list[str] | None,
        _selection(
            "--application",
            metavar="APPLICATION",
            rich_help_panel="Selection",
            help="This application, by domain, name or id, and all its hosts.",
        ),
    ] = None
    tag: Annotated[
        list[str] | None,
        _selection(
            "--tag",
            metavar="TAG",
            rich_help_panel="Selection",
            help="All applications with this tag, and their hosts.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class TerraformOptions:
    """What Terraform manages, and how it forgets what was taken."""

    from_terraform: Annotated[
        Path | None,
        _selection(
            "--from-terraform",
            metavar="STATE",
            rich_help_panel="Selection",
            help="All that Terraform manages, as `terraform show -json` wrote it to a file.",
        ),
    ] = None
    forget: Annotated[
        Path | None,
        opt.run_option(
            "--forget",
            metavar="DIR",
            help="With --from-terraform: write there how Terraform forgets what was taken.",
        ),
    ] = None


@opt.with_options
def export(
    *,
    chosen: SelectionOptions,
    terraform: TerraformOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    stack: Annotated[
        str | None,
        opt.run_option(
            "--stack", metavar="STACK", help="The stack that is to own what is exported."
        ),
    ] = None,
    out: Annotated[
        str | None,
        opt.run_option(
            "-o",
            "--out",
            metavar="PATH",
            help="Write a new file, or with a slash at the end a folder, one file a section.",
        ),
    ] = None,
    keep_names: Annotated[
        bool,
        opt.run_option(
            "--keep-names",
            help="Claim tunnels, policies and groups by their ids, in place of a mark in the name.",
        ),
    ] = False,
    output: Annotated[opt.OutputOptions, opt.only("no_color", "quiet")],
) -> Exit:
    """Write what is live as YAML, proved: a plan of it holds nothing but marks.

    Ends with 2 where something that was asked for cannot be stated; it is named.
    """
    named = settings(output, None, account, live=live)
    name = _stack(stack)
    target = _target(out)
    if terraform.forget is not None and terraform.from_terraform is None:
        raise Usage("--forget goes with --from-terraform", "name the document of Terraform, too")
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import run_to_end, view_of

    view = view_of(named)
    with errors_shown(view):
        if out is not None:
            _require_free(target)
        if terraform.forget is not None:
            _require_unforgotten(terraform.forget)
        given = _given(terraform)
        wanted = _chosen(chosen, given)
        names = given.names if given is not None else None
        exported = _exported(named, name, wanted, target, view, names, keeps_names=keep_names)
        found = run_to_end(exported)
        view.close()
        came = _came_over(given, found, terraform.forget)
        _write(found, out, came.files if came is not None else {})
        _tell(found, name, out, came.told if came is not None else (), view)
        if came is not None and found.objects and (came.files or terraform.forget is None):
            view.note(_forget_first(terraform.forget))
        if out is not None and found.objects:
            words = f"-f {shlex.quote(out)}{named.account_options}"
            view.next_steps(f"ztctl plan {words}\nztctl apply --adopt {words}")
    is_complete = found.is_complete and (came is None or came.is_complete)
    return Exit.DONE if is_complete else Exit.DIFFERENT


def _forget_first(folder: Path | None) -> str:
    """What comes before the plan: until then an apply of Terraform undoes what is adopted."""
    way = f"as {folder} says" if folder is not None else "which --forget DIR writes down"
    return f"Adopt nothing before Terraform has forgotten what was taken, {way}."


def _stack(given: str | None) -> str:
    """The stack, asked for where there is somebody to ask.

    Raises:
        Usage: it is missing, or no name of a stack.
    """
    from ztctl.cli.approval import ask
    from ztctl.documents.models import is_stack

    if given is None and sys.stdin.isatty() and sys.stderr.isatty():
        given = ask("The stack that is to own it, such as ssh-prod: ").strip() or None
    if given is None:
        hint = "name the owner of what is exported, such as --stack ssh-prod"
        raise Usage("--stack is missing", hint)
    if not is_stack(given):
        hint = "write lower-case letters, digits and single hyphens, at most 20 of them"
        raise Usage(f"{given!r} is no name of a stack", hint)
    return str(given)


def _target(out: str | None) -> Target:
    """What the files are called.

    Raises:
        Usage: nothing is named.
    """
    from ztctl.cli.export_flow import Target

    if out is None:
        return Target(_STDOUT)
    if not out.strip():
        raise Usage("-o is empty", "name a file, or with a slash at the end a folder")
    by_section = out.endswith("/") or Path(out).is_dir()
    return Target(out.rstrip("/") or "/", by_section)


def _require_unforgotten(folder: Path) -> None:
    """Look for what an earlier export wrote for Terraform.

    Raises:
        Failure: it is there.
    """
    from ztctl.cli.terraform_export import BLOCKS, SCRIPT

    for name in (BLOCKS, SCRIPT):
        hint = "take it away once Terraform has forgotten, or name another folder by --forget"
        _require_none(folder / name, hint)


def _require_free(target: Target) -> None:
    """Look before anything is read whether files may be written there.

    Raises:
        Failure: a file is there, or the folder has files that would be read beside the new ones,
            of which nothing is proved then.
    """
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.files import files_of

    path = Path(target.file)
    if not target.by_section:
        _require_none(path)
        return
    there = next(files_of([path], []), None) if path.is_dir() else None
    if there is not None:
        hint = "name a new folder by -o: all YAML files of one are read together"
        raise Failure(f"{there} is there already", hint)


def _require_none(path: Path, hint: str = "name another file or folder by -o") -> None:
    from ztctl.core.model.diagnostics import Failure

    if os.path.lexists(path):
        raise Failure(f"{path} is there already", hint)


def _chosen(given: SelectionOptions, terraform: FromTerraform | None) -> Chosen:
    from ztctl.core.planning.selection import Chosen

    return Chosen(
        tuple(given.host or ()),
        tuple(given.zone or ()),
        tuple(given.tunnel or ()),
        tuple(given.application or ()),
        tuple(given.tag or ()),
        places=terraform.places if terraform is not None else None,
    )


def _given(terraform: TerraformOptions) -> FromTerraform | None:
    if terraform.from_terraform is None:
        return None
    from ztctl.cli.terraform_export import read_terraform

    return read_terraform(terraform.from_terraform)


def _came_over(
    given: FromTerraform | None, found: Exported, folder: Path | None
) -> CameOver | None:
    if given is None:
        return None
    from ztctl.cli.terraform_export import came_over

    return came_over(given, found, folder)


async def _exported(
    named: Settings,
    stack: str,
    chosen: Chosen,
    target: Target,
    view: View,
    names: Mapping[Place, str] | None,
    *,
    keeps_names: bool,
) -> Exported:
    from ztctl.cli.export_flow import export as made
    from ztctl.cli.session import account_of

    async with account_of(named, None, view) as live:
        return await made(live, stack, chosen, target, view.event, names, keeps_names=keeps_names)


def _write(found: Exported, out: str | None, more: Mapping[str, bytes]) -> None:
    """Write the files, or the YAML to standard output; what is there already stays.

    Raises:
        Failure: a file is there, or cannot be written.
    """
    from ztctl.core.model.diagnostics import Failure

    texts = {**(found.document.texts if out is not None else {}), **more}
    for name in texts:
        _require_none(Path(name))
    made: list[Path] = []
    for path, text in ((Path(name), text) for name, text in texts.items()):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                made.append(path)
                file.write(text)
        except OSError as error:
            # Some of the files say less than what was proved.
            for it in made:
                it.unlink(missing_ok=True)
            raise Failure(f"cannot write {path}: {(error.strerror or '').lower()}") from error
    if out is None:
        sys.stdout.writelines(text.decode("utf-8") for text in found.document.texts.values())


def _tell(found: Exported, stack: str, out: str | None, more: Iterable[str], view: View) -> None:
    from ztctl.views.escape import visible

    for text in found.unread:
        view.note(visible(f"not read: {text}"))
    # On one terminal the head of the YAML has said it already.
    if out is not None or not sys.stdout.isatty():
        for it in found.document.left:
            view.note(visible(f"not exported: {it}"))
    for text in (*found.notes, *more):
        view.note(visible(text))
    gaps = len([it for it in found.document.left if not it.stack])
    objects = f"{found.objects} object{'' if found.objects == 1 else 's'}"
    without = f", without {gaps} that no file can state" if gaps else ""
    where = f" in {visible(out)}" if out is not None else ""
    proved = f" Proved: a plan of it puts on marks of {stack} alone." if found.objects else ""
    view.note(f"Exported {objects}{where}{without}.{proved}")
    if found.writes >= _MANY:
        from ztctl.cloudflare.budget import QUOTA, WINDOW

        minutes = found.writes // QUOTA * WINDOW / 60
        slowly = f", and {minutes:.0f} minutes: the API takes {QUOTA} in five" if minutes else ""
        view.note(f"To adopt it takes about {found.writes} calls{slowly}.")
