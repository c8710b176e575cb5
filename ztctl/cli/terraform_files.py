"""``release --terraform``: what Terraform needs to take over what is released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ztctl.cli.error_output import errors_shown
from ztctl.cli.handing import Asked
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.session import account_of, declared_by, run_to_end, view_of
from ztctl.cli.settings import Settings
from ztctl.core.model.address import Address
from ztctl.core.model.canonical import replaced
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action
from ztctl.documents.hcl import Block, Expression, identifier, written
from ztctl.engine.plan import Planned
from ztctl.engine.private_file import require_earlier, write_private
from ztctl.kinds.registry import KINDS
from ztctl.kinds.terraform import Leaving, Named, Resource

SIGN = "# Written by ztctl release --terraform"
_HEAD = (
    f"{SIGN}; for the provider cloudflare/cloudflare, version 5, and Terraform 1.5 or later.\n"
    "# Run `terraform plan` before anything else: it has to tell of imports alone.\n\n"
)


def written_for_terraform(chosen: Settings, asked: Asked, folder: Path) -> None:
    """Read what would be released, and write it as Terraform has it; say what to look at there.

    Raises:
        Failure: a file cannot be written, or something else is there.
    """
    declared = declared_by(chosen)
    view = view_of(chosen, declared)

    async def run() -> Planned:
        async with account_of(chosen, declared, view) as live:
            options = options_of(handover=asked.handover(declared))
            return await plan_source(live, declared, options, view).plan()

    with errors_shown(view):
        files, told = terraform_texts(run_to_end(run()))
        for message in write_terraform(folder, files):
            view.note(message)
        for message in told:
            view.note(f"Terraform: {message}")
    view.close()


def terraform_texts(planned: Planned) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The files by name, and what Terraform's first apply would drop or change."""
    found = [it for address, live in _going(planned) for it in _resources(address, live, planned)]
    names = _named(found)
    known = {
        id_: f"{it.type}.{name}.{attribute}"
        for it, name in zip(found, names, strict=True)
        for id_, attribute in it.ids.items()
    }
    imports = [
        Block("import", (), {"to": Expression(f"{it.type}.{name}"), "id": it.import_id})
        for it, name in zip(found, names, strict=True)
    ]
    made = [
        Block("resource", (it.type, name), _with_references(it.body, known), it.remarks)
        for it, name in zip(found, names, strict=True)
    ]
    told = tuple(f"{it.of}: {remark}" for it in found for remark in it.remarks)
    files = {"imports.tf": f"{_HEAD}{written(imports)}", "resources.tf": f"{_HEAD}{written(made)}"}
    return files, told


def write_terraform(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Write the files into a folder, which is made; yields a message for each.

    Raises:
        Failure: one cannot be written, or something else is there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot make {folder}: {(error.strerror or '').lower()}") from error
    for name in files:
        require_earlier(folder / name, SIGN, "ztctl release --terraform")
    for name, text in files.items():
        write_private(folder / name, text, "the file")
        yield f"Wrote {folder / name}."


def _going(planned: Planned) -> Iterator[tuple[Address, Live]]:
    """What is released, and the CAs of applications that are."""
    owners = dict[str, Address]()
    for change in planned.plan.changes:
        if change.action is Action.FORGET and change.live is not None:
            owners[change.live.id] = change.address
            yield change.address, change.live
    for kind in KINDS.values():
        for live in planned.live.get(kind.name, ()) if kind.owner else ():
            if live.owner in owners:
                yield Address(kind.name, owners[live.owner].key), live


def _resources(address: Address, live: Live, planned: Planned) -> Iterator[Resource]:
    bare = KINDS[live.kind].marking.off(live)
    return Leaving(address, live, bare, planned.plan.account).resources()


def _named(found: list[Resource]) -> list[str]:
    """A name for each that no other of its type has; equal accounts get equal names."""
    taken: set[tuple[str, str]] = set()
    names: list[str] = []
    for it in found:
        base, number = identifier(it.of.key), 1
        name = base
        while (it.type, name) in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add((it.type, name))
        names.append(name)
    return names


def _with_references(body: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    def shown(leaf: Any) -> Any:
        if not isinstance(leaf, Named):
            return leaf
        there = known.get(leaf.id)
        if there is None:
            return leaf.template.format(leaf.id)
        if leaf.template == "{}":
            return Expression(there)
        return Expression(leaf.template.join(['"', '"']).format(f"${{{there}}}"))

    return {name: replaced(value, shown) for name, value in body.items()}
