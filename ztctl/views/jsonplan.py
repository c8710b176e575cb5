"""A plan as one JSON document, in Terraform's JSON plan format where the meaning is the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import DescribedEntry
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import AccessChange, Action, Change, Edit, Exposed, Plan, Reason, Refusal
from ztctl.core.model.values import Secret, Unknown
from ztctl.core.runs.journal import Redact
from ztctl.views.escape import Clean
from ztctl.views.jsonvalue import any_flag, flags_of, redacted, to_json
from ztctl.views.wording import reason_phrase

FORMAT_VERSION = "1.0"

_ACTIONS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.CREATE: ("create",),
    Action.UPDATE: ("update",),
    Action.ADOPT: ("update",),
    Action.REPLACE: ("delete", "create"),
    Action.DELETE: ("delete",),
    Action.FORGET: ("forget",),
}

# Terraform's `action_reason` where it has one ("JSON Output Format", change representation).
_TERRAFORM_REASONS: Final[Mapping[Reason, str]] = {
    Reason.CANNOT_UPDATE: "replace_because_cannot_update",
    Reason.NOT_DECLARED: "delete_because_no_resource_config",
}


def plan_document(plan: Plan, redact: Redact, version: str) -> dict[str, Any]:
    """Convert a plan into the members of the document."""
    hosts: dict[Address, list[str]] = {}
    for access in plan.access:
        for address in access.by:
            hosts.setdefault(address, []).append(redact(access.host))
    return {
        "format_version": FORMAT_VERSION,
        "type": "plan",
        "ztctl_version": version,
        "account": redact(plan.account),
        "stack": redact(plan.stack),
        "resource_changes": [
            _resource(change, hosts.get(change.address, []), redact) for change in plan.changes
        ],
        "summary": {**asdict(plan.summary), "unchanged": plan.unchanged},
        "exposed": [_exposed(item, redact) for item in plan.exposed],
        "copies": [redacted(asdict(it), redact) for it in plan.copies],
        "access_changes": [_access(change, redact) for change in plan.access],
        "refusals": [_refusal(refusal, redact) for refusal in plan.refusals],
        "warnings": [problem_fields(problem, redact) for problem in plan.warnings],
        "applyable": bool(plan.changes) and not plan.refusals,
        "complete": True,
        "errored": False,
    }


def _resource(change: Change, hosts: list[str], redact: Redact) -> dict[str, Any]:
    found: dict[str, Any] = {
        "address": redact(str(change.address)),
        "mode": "managed",
        "type": redact(change.address.kind),
        "name": redact(change.address.key),
        "change": _change(change, redact),
        "action_reason": _TERRAFORM_REASONS.get(change.reason, change.reason.value),
        "phase": change.phase.name.lower(),
        "reason": reason_phrase(change, Clean(redact)),
        "access": hosts,
        "edits": [_edit(edit, redact) for edit in change.edits],
        "notes": [redact(note) for note in change.notes],
    }
    if change.reason is Reason.MOVED and change.detail:
        found["previous_address"] = redact(change.detail)
    if change.wanted is not None and change.wanted.origin:
        found["origin"] = redact(change.wanted.origin)
    if change.others:
        found["displaced"] = [_displaced(live, redact) for live in change.others]
    if change.housekeeping:
        found["housekeeping"] = True
    return found


def _displaced(live: Live, redact: Redact) -> dict[str, Any]:
    """Convert an object whose place is taken, and which is deleted."""
    known = {"id": redact(live.id), "name": redact(live.name)}
    return {**known, "before": to_json(live.values, redact)}


def _change(change: Change, redact: Redact) -> dict[str, Any]:
    before = None if change.action is Action.CREATE else change.before
    after = None if change.action in (Action.DELETE, Action.FORGET) else change.after
    found: dict[str, Any] = {
        "actions": list(_ACTIONS[change.action]),
        "before": to_json(before, redact),
        "after": to_json(after, redact),
        "after_unknown": flags_of(after, Unknown, redact),
        "before_sensitive": flags_of(before, Secret, redact),
        "after_sensitive": flags_of(after, Secret, redact),
    }
    if change.action is Action.ADOPT and change.live is not None:
        found["importing"] = {"id": redact(change.live.id)}
    replacing = [_path_parts(edit.path, redact) for edit in change.edits if edit.replaces]
    if replacing:
        found["replace_paths"] = replacing
    return found


def _path_parts(path: str, redact: Redact) -> list[str | int]:
    """Split ``ingress[1].service`` into ``["ingress", 1, "service"]``."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return [int(index) if index else redact(name) for index, name in parts]


def _edit(edit: Edit, redact: Redact) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": redact(edit.path),
        "before": to_json(edit.before, redact),
        "after": to_json(edit.after, redact),
    }
    flags = {
        "after_unknown": flags_of(edit.after, Unknown, redact),
        "before_sensitive": flags_of(edit.before, Secret, redact),
        "after_sensitive": flags_of(edit.after, Secret, redact),
        "replaces": edit.replaces,
    }
    return {**found, **{name: flag for name, flag in flags.items() if any_flag(flag)}}


def _exposed(item: Exposed, redact: Redact) -> Any:
    degrees = {"openness": item.openness.text, "becomes": item.becomes.text}
    return redacted({**asdict(item), **degrees}, redact)


def _access(change: AccessChange, redact: Redact) -> Any:
    sides = {
        "gained": change.gained,
        "lost": change.lost,
        "before": change.before,
        "after": change.after,
    }
    ways = {name: list(map(way_fields, found)) for name, found in sides.items()}
    return redacted({"host": change.host, **ways}, redact)


def way_fields(way: DescribedEntry) -> dict[str, Any]:
    """Convert a way in, with unmasked texts."""
    found = {"who": way.who, "origin": way.origin, "openness": way.openness.text}
    more = {
        "change": way.change,
        "session": way.session,
        "policy": way.policy,
        "tunnel": way.tunnel,
    }
    return {**found, **{name: text for name, text in more.items() if text}}


def _refusal(refusal: Refusal, redact: Redact) -> dict[str, Any]:
    return {
        "address": redact(str(refusal.address)) if refusal.address else None,
        "reason": redact(refusal.reason),
        "flag": redact(refusal.flag) or None,
        "apply_only": refusal.apply_only,
    }


def problem_fields(problem: Problem, redact: Redact) -> dict[str, Any]:
    """Convert a problem into the members of a Terraform diagnostic."""
    found: dict[str, Any] = {
        "severity": problem.severity.value,
        "summary": redact(problem.summary),
        "detail": redact(problem.hint),
    }
    if problem.code:
        found["code"] = redact(problem.code)
    if problem.where:
        start = {"line": problem.where.line, "column": problem.where.column}
        found["range"] = {"filename": redact(problem.where.file), "start": start}
    return found
