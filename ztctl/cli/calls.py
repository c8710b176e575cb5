"""``plan --calls``: the API call of each step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ztctl.cli.options import OutputFormat
from ztctl.engine.preview import Preview, previews

if TYPE_CHECKING:
    from ztctl.core.model.kind import Kinds
    from ztctl.core.model.plan import Plan
    from ztctl.views.view import View


def show_calls(plan: Plan, kinds: Kinds, view: View, format: OutputFormat) -> None:
    """Show the first call of each step: one line each, or one JSON document."""
    found = list(previews(plan, kinds))
    if format is OutputFormat.json:
        calls = [_record(preview) for preview in found]
        view.document(json.dumps({"type": "calls", "calls": calls}) + "\n")
        return
    lines = ["Calls:", *(_line(preview) for preview in found), ""]
    view.document("\n".join(lines))


def _record(preview: Preview) -> dict[str, Any]:
    call = preview.call
    return {
        "step": str(preview.step.id),
        "after": sorted(str(need) for need in preview.step.needs),
        "method": call.method,
        "path": call.path,
        "body": call.body,
    }


def _line(preview: Preview) -> str:
    call = preview.call
    body = "" if call.body is None else f" {json.dumps(call.body)}"
    return f"  {preview.step.id}: {call.method} {call.path}{body}"
