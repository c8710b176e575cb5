"""``plan --calls``: the API call of each step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ztctl.core.model.credentials import without_credentials
from ztctl.engine.preview import Preview, previews
from ztctl.views.escape import visible
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

if TYPE_CHECKING:
    from ztctl.core.model.kind import Kinds
    from ztctl.core.model.plan import Plan


def calls_page(plan: Plan, kinds: Kinds) -> Page:
    """Format the first call of each step: one line each, or one record of all."""
    found = list(previews(plan, kinds))
    lines = (Line("Calls:"), *(Line(_text(preview)) for preview in found))
    return Page("Calls", (lines,), ({"type": "calls", "calls": [*map(_record, found)]},))


def _record(preview: Preview) -> dict[str, Any]:
    call = preview.call
    return {
        "step": str(preview.step.id),
        "after": sorted(str(need) for need in preview.step.needs),
        "method": call.method,
        "path": call.path,
        "body": without_credentials(call.body),
    }


def _text(preview: Preview) -> str:
    call = preview.call
    body = "" if call.body is None else f" {json.dumps(without_credentials(call.body))}"
    return f"  {visible(str(preview.step.id))}: {call.method} {visible(call.path)}{body}"
