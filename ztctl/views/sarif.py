"""Findings as SARIF 2.1.0, for code scanning.

Sources: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF
support for code scanning" (limits, `security-severity`, fingerprints); codeql-action issues 1738
and 2459 (a result without a physical location makes it refuse the whole file).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from ztctl.views.results import Result, ResultLevel, ResultRule, Results
from ztctl.views.results_view import ResultsView

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
# More are not kept of a run; the worst come first.
MOST: Final = 5_000
_LEVELS = {ResultLevel.ERROR: "error", ResultLevel.WARNING: "warning", ResultLevel.NOTE: "note"}
# GitHub computes `primaryLocationLineHash` anew, so that another key is used.
_FINGERPRINT = "ztctlIdentity/v1"


@dataclass(slots=True)
class SarifView(ResultsView):
    """The findings as one document, which is the whole state: what is missing in it is closed."""

    def text(self, results: Results) -> str:
        """One document with one run; ASCII only, so that no name reaches a terminal raw."""
        return json.dumps(sarif(results, self.location, self.version), indent=2) + "\n"


def sarif(results: Results, location: str, version: str) -> dict[str, Any]:
    """Convert findings.

    Args:
        results: the worst first.
        location: the file of a finding that no file declares.
        version: of ztctl.
    """
    places = {rule.id: place for place, rule in enumerate(results.rules)}
    found = results.found[:MOST]
    run = {
        "tool": {
            "driver": {
                "name": "ztctl",
                "semanticVersion": version,
                "rules": [_rule(rule) for rule in results.rules],
            }
        },
        # Runs of one category replace each other.
        "automationDetails": {"id": f"ztctl-{results.command}/"},
        "invocations": [
            {
                "executionSuccessful": not results.unread,
                "toolExecutionNotifications": _notifications(results),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, places[item.rule.id], location) for item in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _notifications(results: Results) -> list[dict[str, Any]]:
    texts = [(f"not read: {text}", "error") for text in results.unread]
    left = len(results.found) - MOST
    if left > 0:
        texts.append((f"{left} further findings are left out, none of them worse", "warning"))
    return [{"level": level, "message": {"text": text}} for text, level in texts]


def _rule(rule: ResultRule) -> dict[str, Any]:
    help_ = f"{rule.title}.\n\nWhy: {rule.why}.\n\nWhat to do: {rule.remedy}."
    marked = f"**{rule.title}**\n\n*Why:* {rule.why}.\n\n*What to do:* {rule.remedy}."
    return {
        "id": rule.id,
        "name": "".join(map(str.capitalize, rule.id.split("-"))),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}: {rule.why}"},
        "help": {"text": help_, "markdown": marked},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "tags": ["security"],
            "precision": "very-high",
            "security-severity": f"{rule.severity:.1f}",
        },
    }


def _result(found: Result, rule: int, location: str) -> dict[str, Any]:
    identity = f"{found.rule.id}:{found.identity}"
    fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    place = found.file or location
    return {
        "ruleId": found.rule.id,
        "ruleIndex": rule,
        "level": _LEVELS[found.rule.level],
        "message": {"text": found.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place)},
                    "region": {"startLine": found.line, "startColumn": found.column},
                }
            }
        ],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }


def _uri(file: str) -> str:
    """A file as a relative reference: code scanning knows paths from the top of the repository."""
    path = PurePath(file)
    parts = path.parts[1:] if path.is_absolute() else path.parts
    return quote("/".join(part for part in parts if part not in ("", "."))) or "ztctl.yaml"
