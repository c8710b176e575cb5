"""Plan files: the plan that was shown, and the files that it was built from, as JSON.

`apply` builds the plan again from a fresh reading, and refuses unless it equals the saved one. The
files go through the same models and checks as when they were read: the plan file may have been
edited since.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from ztctl import __version__
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Json
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.plan import Plan
from ztctl.core.planning.planner import Options

FORMAT = 2
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """The content of a plan file.

    Attributes:
        contents: the files as their loader saved them, not checked yet.
        targets: the addresses that the plan is for.
        account: the account's id.
        shown: the saved plan as JSON values.
    """

    contents: Json
    targets: frozenset[Address]
    account: str
    shown: Json

    @property
    def is_empty(self) -> bool:
        """True when the saved plan has nothing to do."""
        return isinstance(self.shown, Mapping) and not self.shown.get("changes")


def save(path: Path, plan: Plan, contents: Json, options: Options) -> None:
    """Write a plan file with mode 0600, in place of an existing file.

    Raises:
        Failure: it cannot be written, or something else than a file is there.
    """
    document = {
        "ztctl_plan": FORMAT,
        "ztctl_version": __version__,
        "account": plan.account,
        "targets": sorted(map(str, options.targets)),
        "contents": contents,
        "shown": _comparable(plan),
    }
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise Failure(f"cannot write the plan {path}: it is there, and no file")
        # The file may hold values of environment variables: `mkstemp` creates it with mode 0600,
        # and it takes its place as a whole.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
                file.flush()
                os.fsync(handle)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"cannot write the plan {path}: {error.strerror}") from error


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
    if not isinstance(account, str) or not {"contents", "shown"} <= document.keys():
        raise Failure(*damaged("a part is missing"))
    try:
        addresses = frozenset(map(Address.parse, targets))
    except (TypeError, ValueError, AttributeError):
        raise Failure(*damaged("its targets are no addresses")) from None
    return Saved(document["contents"], addresses, account, document["shown"])


def damaged(why: str) -> tuple[str, str]:
    """Summary and hint for a plan file that somebody has edited."""
    return f"the plan is damaged: {why}", "make a new plan"


def same(saved: Saved, plan: Plan) -> bool:
    """Whether a plan equals the saved one, in the sense of `alike`."""
    # Through JSON once, as the saved one went: tuples become lists.
    now = json.loads(json.dumps(_comparable(plan)))
    return saved.account == plan.account and bool(saved.shown == now)


def differing(saved: Saved, plan: Plan) -> tuple[str, ...]:
    """The addresses of which the saved plan has another change than this one, or none."""
    listed = saved.shown.get("changes") if isinstance(saved.shown, Mapping) else None
    was = [it for it in listed if isinstance(it, Mapping)] if isinstance(listed, list) else []
    now = json.loads(json.dumps(_comparable(plan)))["changes"]
    either = [it for it in (*was, *now) if it not in was or it not in now]
    return tuple(dict.fromkeys(str(it.get("address")) for it in either))


def alike(one: Plan, other: Plan) -> bool:
    """Whether two plans make the same edits to the same objects, with the same gains and losses.

    Refusals are not compared, since the options of a run decide on them; reasons may differ.
    """
    return one.account == other.account and bool(_comparable(one) == _comparable(other))


def _comparable(plan: Plan) -> Any:
    changes = [
        {
            "address": str(change.address),
            "action": change.action.value,
            "id": change.live.id if change.live else None,
            "others": [other.id for other in change.others],
            "edits": [[edit.path, _dump(edit.before), _dump(edit.after)] for edit in change.edits],
            "written": _dump(change.written),
        }
        for change in plan.changes
    ]
    return {"changes": changes, "access": _dump(plan.access)}


def _dump(value: Any) -> Any:
    """Convert a value to JSON types."""
    if isinstance(value, Address):
        return str(value)
    if is_dataclass(value):
        shown = {field.name: _dump(getattr(value, field.name)) for field in fields(value)}
        return {"$type": type(value).__name__, **shown}
    if isinstance(value, Mapping):
        return {str(key): _dump(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(_dump(item) for item in value)
    return [_dump(item) for item in value] if isinstance(value, list | tuple) else value
