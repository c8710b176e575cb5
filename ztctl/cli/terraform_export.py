"""Coming from Terraform: what its document selects, what became of that, and how it forgets."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from ztctl.cli.export_flow import Exported
from ztctl.cloudflare import jsontext
from ztctl.core.model.diagnostics import Failure, Problem, Problems
from ztctl.core.model.identity import HostPart
from ztctl.core.model.objects import Live
from ztctl.core.planning.selection import Place
from ztctl.documents.export_text import comment
from ztctl.documents.hcl import Block, Expression, written
from ztctl.documents.streams import read_bounded
from ztctl.documents.terraform_state import (
    Forgetting,
    Managed,
    forgetting,
    read_managed,
    short_names,
)
from ztctl.kinds.registry import KINDS
from ztctl.kinds.terraform_names import Held, NoId, held_by

BLOCKS: Final = "removed.tf"
SCRIPT: Final = "state-rm.sh"
_MOST_PROBLEMS: Final = 50
_HEAD_OF_BLOCKS: Final = """\
# Written by ztctl export --from-terraform, for Terraform 1.7 or later.
# In one change, put this file into the configuration and take the resource blocks that it names out
# of it, with all that refers to them: without this file, an apply would delete the objects.
# `terraform plan` has to say of each that it will no longer be managed, and to destroy nothing.
# Once that is applied, this file may go.
# Where `lifecycle` is refused (older OpenTofu): `terraform state rm` of the same addresses.

"""
_HEAD_OF_SCRIPT: Final = """\
#!/bin/sh
# Written by ztctl export --from-terraform. Run it once, where Terraform is initialised. Then take
# what it names out of `for_each` or `count` in the configuration, before the next apply. Taken out
# first, an apply would delete the objects; left there, it would make them again.
"""


@dataclass(frozen=True, slots=True)
class FromTerraform:
    """What Terraform manages, with the object that each resource stands for, if ztctl takes it."""

    held: tuple[tuple[Managed, Held | None], ...]

    @property
    def places(self) -> frozenset[Place]:
        """What it selects: all but what Terraform is about to delete."""
        return frozenset(place for _, held in self._kept() for place in held.places)

    @property
    def names(self) -> Mapping[Place, str]:
        """A key for each object that has a resource of its own."""
        found: dict[Place, str] = {}
        for kind in KINDS:
            own = [(it, held) for it, held in self._kept() if held.kind == kind and not held.of]
            words = short_names([it.address for it, _ in own])
            for (_, held), word in zip(own, words, strict=True):
                found.setdefault((kind, held.id), word)
        return found

    def _kept(self) -> Iterator[tuple[Managed, Held]]:
        for it, held in self.held:
            if held is not None and held.id and not it.is_deposed:
                yield it, held


def read_terraform(path: Path) -> FromTerraform:
    """Read what `terraform show -json` wrote.

    Raises:
        Failure: the file cannot be read, or is no JSON.
        Problems: all that is wrong with it, each with its path within the document.
    """
    problems: list[Problem] = []
    found: list[tuple[Managed, Held | None]] = []
    for it in read_managed(_json(path), problems):
        try:
            found.append((it, held_by(it.address.type, it.values)))
        except NoId as error:
            problems.append(Problem(f"{it.where}: {error}"))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        rest = [Problem(f"{path}: {more} more like these")] if more > 0 else []
        first = problems[:_MOST_PROBLEMS]
        raise Problems([*(Problem(f"{path}: {it.summary}", None, it.hint) for it in first), *rest])
    return FromTerraform(tuple(found))


def _json(path: Path) -> object:
    try:
        return jsontext.parse(read_bounded(path, jsontext.LARGEST))
    except OSError as error:
        raise Failure(f"cannot read {path}: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        hint = "write it by `terraform show -json > FILE`"
        raise Failure(f"{path} is no document of Terraform: {error}", hint) from None


# -- what became of it ----------------------------------------------------------------------


class Fate(Enum):
    """What an export did with a resource of Terraform."""

    TAKEN = auto()
    """The files state it."""
    GONE = auto()
    """It is not live any more."""
    LEFT = auto()
    """It is live, or may be, and the files do not state it."""
    OTHER = auto()
    """Nothing that files of ztctl are about."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A resource of Terraform, and what the export did with it.

    Attributes:
        said: why, as a clause about it; of what was taken the address in the files.
    """

    resource: Managed
    id: str
    fate: Fate
    said: str = ""


def followed(given: FromTerraform, exported: Exported) -> tuple[Followed, ...]:
    """What became of each resource."""
    account = _Written(exported)
    return tuple(
        Followed(it, held.id if held is not None else "", *account.fate_of(it, held))
        for it, held in given.held
    )


class _Written:
    """What an export stated, and what was live."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported
        self._addresses = {place: it for it, place in exported.document.places.items()}
        self._reasons = {it.id: it.reason for it in exported.document.left}
        self._application = KINDS.of_host(HostPart.APPLICATION).name
        self._by_id: dict[Place, Live] = {}
        self._by_owner: dict[Place, Live] = {}
        for kind, found in exported.live.items():
            for it in found:
                self._by_id[kind, it.id] = it
                if KINDS[kind].owner:
                    self._by_owner[kind, it.owner] = it
        self._zones = {it.id for it in exported.live.get("zone", ())}

    def fate_of(self, resource: Managed, held: Held | None) -> tuple[Fate, str]:
        """What was done with a resource, and why."""
        if held is None or held.leads_nowhere:
            return Fate.OTHER, ""
        if resource.is_deposed:
            return Fate.OTHER, "Terraform replaced it, and is still to delete this one"
        if not held.id:
            return Fate.LEFT, "Terraform knows no id of it"
        if held.account not in ("", self._exported.account):
            return Fate.LEFT, f"it is in the account {held.account}"
        if held.is_record and held.zone and held.zone not in self._zones:
            return Fate.LEFT, f"it is in the zone {held.zone}, which is not among those here"
        live = (self._by_owner if held.of and not held.is_part else self._by_id).get(
            (held.kind, held.id)
        )
        if live is None:
            return self._missing(held)
        address = self._addresses.get((live.kind, live.id))
        if address is None and live.owner and not KINDS[live.kind].owner:
            # A policy of an application's own stands in the entry of that.
            address = self._addresses.get((self._application, live.owner))
        if address is not None and held.is_part and not live.is_whole:
            return Fate.LEFT, "its rules stand in a file on its server"
        if address is not None:
            return Fate.TAKEN, str(address)
        gap = KINDS[live.kind].gap(live)
        if gap is not None and not gap.is_told and not live.owner:
            return Fate.OTHER, ""
        return Fate.LEFT, self._reasons.get(live.id, "the files do not state it")

    def _missing(self, held: Held) -> tuple[Fate, str]:
        """Of what was not found: gone, unless it may be where nobody looked."""
        if self._exported.unread or held.kind not in self._exported.live:
            return Fate.LEFT, "it was not found, and not everything could be read"
        if held.is_record is not bool(held.zone):
            where = f"of the zone {held.zone} alone" if held.zone else "of any zone"
            return Fate.LEFT, f"it was not found, and may be one {where}"
        return Fate.GONE, ""


def told(found: Iterable[Followed]) -> Iterator[str]:
    """What somebody should know before Terraform forgets."""
    others = Counter[str]()
    for it in found:
        address = it.resource.address
        if it.fate is Fate.GONE:
            yield f"not live any more: {address} ({it.id})"
        elif it.fate is Fate.LEFT or (it.fate is Fate.OTHER and it.said):
            known = f" ({it.id})" if it.id else ""
            yield f"stays with Terraform: {address}{known}: {it.said}"
        elif it.fate is Fate.OTHER:
            others[address.type] += 1
        elif it.resource.is_tainted:
            yield f"tainted: {address}: an apply there would replace it; let it be forgotten first"
    if others:
        counts = ", ".join(f"{count} {type_}" for type_, count in sorted(others.items()))
        yield f"stays with Terraform, as ztctl does not state such: {counts}"


@dataclass(frozen=True, slots=True)
class CameOver:
    """What an export of Terraform's resources ends with, beside its files.

    Attributes:
        told: what somebody should know.
        files: by which Terraform forgets, by path.
        is_complete: whether the files state all that they could be about.
    """

    told: tuple[str, ...]
    files: Mapping[str, bytes]
    is_complete: bool


def came_over(given: FromTerraform, exported: Exported, folder: Path | None) -> CameOver:
    """What became of all resources; the files only where there is a folder for them."""
    found = followed(given, exported)
    lines = [*told(found), *_stuck(found)]
    files = forget_files(found)
    where = {str(folder / name): text.encode("utf-8") for name, text in files.items() if folder}
    if files and folder is None:
        lines.append("Terraform still manages what was taken: --forget DIR writes how it forgets")
    lines += (f"Wrote {path}." for path in where)
    is_complete = all(it.fate is not Fate.LEFT for it in found)
    return CameOver(tuple(lines), where, is_complete)


# -- how Terraform forgets ------------------------------------------------------------------


def forgotten(found: Iterable[Followed]) -> Forgetting:
    """How Terraform forgets what was taken, and nothing else."""
    every = [*found]
    known, taken = ([it.resource for it in part] for part in (every, _taken(every)))
    return forgetting(known, taken)


def _stuck(found: Iterable[Followed]) -> Iterator[str]:
    for it in forgotten(found).stuck:
        text = "to forget it is to forget what stays, too; let Terraform delete that first"
        yield f"not forgotten: {it.address}: {text}"


def _taken(found: Iterable[Followed]) -> Iterator[Followed]:
    return (it for it in found if it.fate is Fate.TAKEN)


def forget_files(found: Iterable[Followed]) -> Mapping[str, str]:
    """The files by which Terraform forgets what was taken, by name; none that says nothing."""
    every = [*found]
    way, said = forgotten(every), {it.resource.where: it.said for it in every}
    blocks = [
        Block(
            "removed",
            body={
                "from": Expression(address),
                "lifecycle": Block("lifecycle", body={"destroy": False}),
            },
            remarks=tuple(dict.fromkeys(said[it.where] for it in items)),
        )
        for address, items in way.blocks.items()
    ]
    lines = [
        f"{comment(said[it.where])}\nterraform state rm {shlex.quote(str(it.address))}\n"
        for it in way.instances
    ]
    files = {}
    if blocks:
        files[BLOCKS] = f"{_HEAD_OF_BLOCKS}{written(blocks)}"
    if lines:
        files[SCRIPT] = f"{_HEAD_OF_SCRIPT}\n{''.join(dict.fromkeys(lines))}"
    return files
