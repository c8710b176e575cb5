"""The digest of a plan: what a person who agreed to it names, where no plan file may travel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.plan import Plan
from ztctl.core.runs.journal import Redact
from ztctl.engine.plan_document import dumped
from ztctl.engine.planfile import WHY

# Everybody who may enter on each side is shown beside who gains and loses entry, which counts.
_STAYS = ("before", "after")


def digest(plan: Plan, targets: Iterable[Address], redact: Redact) -> str:
    """SHA-256 of what a plan does and of the live objects that it does it to, in hexadecimal.

    Two plans have the same one if they change the same live objects in the same way, and the same
    people gain and lose entry. It tells nothing of sensitive values, which are masked before: it
    is there to be published, and a short value could be guessed from it.
    """
    known = dumped(plan)
    document = {
        "account": plan.account,
        "stack": plan.stack,
        "targets": sorted(map(str, targets)),
        "changes": [{k: v for k, v in it.items() if k not in WHY} for it in known["changes"]],
        "access": [{k: v for k, v in it.items() if k not in _STAYS} for it in known["access"]],
        "exposed": known["exposed"],
        # Only where there are any: what is agreed to without one keeps its digest.
        **({"copies": known["copies"]} if known["copies"] else {}),
    }
    text = json.dumps(_masked(document, redact), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _masked(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_masked(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(key): _masked(item, redact) for key, item in value.items()}
    return value
