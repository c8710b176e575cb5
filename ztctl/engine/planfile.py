"""Plan files: the plan that was shown, and the files that it was built from, as JSON.

`apply` builds the plan again from a fresh reading, and refuses unless it equals the saved one. The
files go through the same models and checks as when they were read: the plan file may have been
edited since.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ztctl import __version__
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Json
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.plan import Plan
from ztctl.core.planning.planner import Options
from ztctl.engine.plan_document import DamagedPlan, dumped, restored
from ztctl.engine.private_file import write_private

FORMAT = 6
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """The content of a plan file.

    Attributes:
        contents: the files as their loader saved them, not checked yet.
        targets: the addresses that the plan is for.
        account: the account's id.
        plan: the plan as it was shown.
        copies: tunnels and the copies of their servers' files that options named; read again.
    """

    contents: Json
    targets: frozenset[Address]
    account: str
    plan: Plan
    copies: tuple[tuple[str, Path], ...] = ()


def save(
    path: Path,
    plan: Plan,
    contents: Json,
    options: Options,
    copies: Sequence[tuple[str, Path]] = (),
) -> None:
    """Write a plan file with mode 0600, in place of an existing file.

    Raises:
        Failure: it cannot be written, or something else than a file is there.
    """
    document = {
        "ztctl_plan": FORMAT,
        "ztctl_version": __version__,
        "account": plan.account,
        "targets": sorted(map(str, options.targets)),
        "copies": [[name, str(file)] for name, file in copies],
        "contents": contents,
        "plan": dumped(plan),
    }
    # The file may hold values of environment variables.
    write_private(path, json.dumps(document, indent=1), "the plan")


def parse(content: bytes, name: str) -> Saved:
    """Parse a plan file.

    Raises:
        Failure: it is no plan file, is damaged, or was written by another version of ztctl.
    """
    if len(content) > MAX_BYTES:
        raise Failure(f"{name} is too large to be a plan")
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or type(document.get("ztctl_plan")) is not int:
        raise Failure(f"{name} is not a plan", "ztctl plan --out FILE writes one")
    version = document.get("ztctl_version")
    if version != __version__ or document["ztctl_plan"] != FORMAT:
        raise Failure(f"{name} was written by ztctl {version}", "make a new plan")
    account, targets = document.get("account"), document.get("targets") or ()
    if not isinstance(account, str) or not {"contents", "plan"} <= document.keys():
        raise Failure(*damaged("a part is missing"))
    try:
        addresses = frozenset(map(Address.parse, targets))
    except (TypeError, ValueError, AttributeError):
        raise Failure(*damaged("its targets are no addresses")) from None
    try:
        plan = restored(document["plan"])
    except DamagedPlan as error:
        raise Failure(*damaged(str(error))) from error
    return Saved(document["contents"], addresses, account, plan, _copies(document.get("copies")))


def _copies(found: Json) -> tuple[tuple[str, Path], ...]:
    pairs: list[Any] = found if isinstance(found, list) else [None]
    if not all(isinstance(it, list) and [*map(type, it)] == [str, str] for it in pairs):
        raise Failure(*damaged("its copies are no names with their files"))
    return tuple((name, Path(file)) for name, file in pairs)


def damaged(why: str) -> tuple[str, str]:
    """Summary and hint for a plan file that somebody has edited."""
    return f"the plan is damaged: {why}", "make a new plan"


def moved(saved: Saved, plan: Plan) -> tuple[str, ...]:
    """What differs between the saved plan and this one: objects with their fields, and hosts.

    Everything that the saved plan shows of a change counts, but for why it is made.
    """
    if saved.account != plan.account:
        return (f"the account is {plan.account} now",)
    shown = dumped(saved.plan), dumped(plan)
    was, now = map(_by_address, shown)
    objects = (
        _difference(address, was.get(address), now.get(address))
        for address in dict.fromkeys((*was, *now))
        if was.get(address) != now.get(address)
    )
    one, other = ({it.host: it for it in known.access} for known in (saved.plan, plan))
    hosts = (host for host in {**one, **other} if one.get(host) != other.get(host))
    told, tells = ({it.id: it for it in known.copies} for known in (saved.plan, plan))
    copies = (it for key, it in {**told, **tells}.items() if told.get(key) != tells.get(key))
    return (
        *objects,
        *(f"who may enter {host}" for host in hosts),
        *(f"what {it.file}, the copy that is trusted for {it.tunnel}, says" for it in copies),
    )


def _by_address(document: Any) -> dict[str, Any]:
    # Why a change is made is no part of it, and what it is called depends on the command.
    changes = document["changes"]
    return {it["address"]: {k: v for k, v in it.items() if k not in WHY} for it in changes}


# Members of a change that say why it is made, and where it is declared.
WHY: Final = ("reason", "detail", "wanted")


def _difference(address: str, was: Any, now: Any) -> str:
    if now is None:
        return f"{address} needs no change any more"
    if was is None or was["action"] != now["action"]:
        return f"{address} needs {now['action']} now"
    paths = [dict.fromkeys(edit["path"] for edit in it["edits"]) for it in (was, now)]
    edits = [{edit["path"]: edit for edit in it["edits"]} for it in (was, now)]
    fields = [it for it in {**paths[0], **paths[1]} if edits[0].get(it) != edits[1].get(it)]
    return f"{address} ({', '.join(fields)})" if fields else address


def alike(one: Plan, other: Plan) -> bool:
    """Whether two plans make the same edits to the same objects, with the same gains and losses.

    Refusals are not compared, since the options of a run decide on them; reasons may differ.
    """
    return one.account == other.account and bool(_comparable(one) == _comparable(other))


def _comparable(plan: Plan) -> Any:
    changes = [
        (
            change.address,
            change.action,
            change.live.id if change.live else None,
            [other.id for other in change.others],
            change.edits,
            change.written,
        )
        for change in plan.changes
    ]
    return changes, plan.access, plan.copies
