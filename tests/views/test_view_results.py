"""Promises about findings in code scanning and in the log of a CI service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.core.model.diagnostics import Problem, Severity, Where
from ztctl.core.reach.audit import AuditReport, Finding
from ztctl.core.reach.audit_rules import AuditCode
from ztctl.views.audit_view import audit_page
from ztctl.views.drift_view import drift_page
from ztctl.views.results import AUDIT_RULES

from . import test_view_audit as audits
from . import test_view_drift as drifts
from .conftest import HOSTILE, MakeShown

Golden = Callable[[str, str], None]
# OASIS, Static Analysis Results Interchange Format 2.1.0, from the JSON Schema Store.
SARIF = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text(encoding="utf-8"))
# A workflow command (GitHub, "Workflow commands for GitHub Actions").
COMMAND = re.compile(
    r"::(error|warning|notice) ([a-z]+=[^,:\r\n]*(?:,[a-z]+=[^,:\r\n]*)*)::[^\r\n]*"
)

PAGES = {
    "audit-long": lambda redact: audit_page(audits.LONG, redact),
    "audit-short": lambda redact: audit_page(audits.SHORT, redact),
    "audit-empty": lambda redact: audit_page(audits.EMPTY, redact),
    "audit-hostile": lambda redact: audit_page(audits.HOSTILES, redact),
    "drift-long": lambda redact: drift_page(drifts.LONG, redact, drifts.NOW),
    "drift-short": lambda redact: drift_page(drifts.SHORT, redact, drifts.NOW),
    "drift-empty": lambda redact: drift_page(drifts.EMPTY, redact, drifts.NOW),
    "drift-hostile": lambda redact: drift_page(drifts.HOSTILES, redact, drifts.NOW),
}


@pytest.mark.parametrize("name", PAGES)
def test_findings_are_sarif(name: str, shown: MakeShown, golden: Golden) -> None:
    """Valid by the published schema, as GitHub takes it: each result with a place and a rule."""
    it = shown("sarif", location="infra/ztctl.yaml")

    it.view.page(PAGES[name](str))

    golden(f"{name}.sarif", it.out)
    document = json.loads(it.out)
    jsonschema.validate(document, SARIF)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for found in run["results"]:
        (location,) = found["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
    severities = [
        float(rules[it["ruleIndex"]]["properties"]["security-severity"]) for it in run["results"]
    ]
    assert severities == sorted(severities, reverse=True)
    assert it.out.isascii()
    assert it.err == ""


@pytest.mark.parametrize("name", PAGES)
def test_findings_are_annotations(name: str, shown: MakeShown, golden: Golden) -> None:
    """One command a line, whatever a name holds; the worst first, and at most ten of a level."""
    it = shown("github")

    it.view.page(PAGES[name](str))

    golden(f"{name}.github", it.out)
    lines = it.out.splitlines()
    assert all(COMMAND.fullmatch(line) for line in lines)
    levels = [line.split(" ")[0] for line in lines]
    assert levels == sorted(levels, key=["::error", "::warning", "::notice"].index)
    assert all(levels.count(level) <= 10 for level in levels)


def many(count: int) -> AuditReport:
    """A report of this many open names, and a weak one."""
    found = [audits.named(f"h{number}.example.com", audits.UNCOVERED) for number in range(count)]
    weak = audits.named("weak.example.com", (AuditCode.LONG_SESSION, "sessions of 720h"))
    return AuditReport("acc", ("example.com",), (*found, weak))


def test_more_than_ten_annotations_are_counted(shown: MakeShown) -> None:
    """The service shows ten: the tenth says how many there are besides."""
    it = shown("github")

    it.view.page(audit_page(many(30), str))

    *errors, warning = it.out.splitlines()
    assert len(errors) == 10
    assert errors[-1] == "::error title=ztctl::21 more are not shown here: see the text or JSON"
    assert warning.startswith("::warning ")


def test_more_results_than_are_kept_are_left_out(shown: MakeShown) -> None:
    """Five thousand are kept of a run, so that what is left out must be no worse."""
    it = shown("sarif")

    it.view.page(audit_page(many(5_003), str))

    (run,) = json.loads(it.out)["runs"]
    assert {found["ruleId"] for found in run["results"]} == {"no-cover"}
    assert len(run["results"]) == 5_000
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "4 further findings are left out, none of them worse"


def test_a_finding_keeps_its_fingerprint(shown: MakeShown) -> None:
    """However it is worded, and wherever it is declared: it stays the same alert."""
    report = audits.SHORT
    other = report.placed(lambda finding: Where("elsewhere.yaml", 7, 3))
    reworded = replace(
        other,
        names=tuple(
            replace(
                it, findings=tuple(replace(f, reasons=("in other words",)) for f in it.findings)
            )
            for it in other.names
        ),
    )
    texts = []
    for each in (report, reworded):
        it = shown("sarif")
        it.view.page(audit_page(each, str))
        texts.append(json.loads(it.out)["runs"][0]["results"][0])

    before, after = texts
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert after["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "elsewhere.yaml"},
        "region": {"startLine": 7, "startColumn": 3},
    }


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("hosts/a b.yaml", "hosts/a%20b.yaml"),
        ("./hosts/../x.yaml", "hosts/../x.yaml"),
        ("/srv/infra/x.yaml", "srv/infra/x.yaml"),
        ("https://evil.example/x", "https%3A/evil.example/x"),
    ],
)
def test_a_place_is_a_relative_reference(file: str, uri: str, shown: MakeShown) -> None:
    """Whatever the file is called, no scheme and no root comes of it."""
    it = shown("sarif", location=file)

    it.view.page(audit_page(audits.SHORT, str))

    (found,) = json.loads(it.out)["runs"][0]["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_what_was_not_read_is_told(shown: MakeShown) -> None:
    """A report that lacks something is no whole state: it says so, in both formats."""
    sarif, github = shown("sarif"), shown("github")
    report = replace(audits.EMPTY, unread=("the routes could not be read",))

    sarif.view.page(audit_page(report, str))
    github.view.page(audit_page(report, str))

    (invocation,) = json.loads(sarif.out)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert github.out == "::error title=ztctl::not read: the routes could not be read\n"


def test_every_code_has_a_rule_with_help() -> None:
    """What it is, why it matters, what to do: none of it is empty."""
    assert {*AUDIT_RULES} == {code.value for code in AuditCode}
    for rule in AUDIT_RULES.values():
        assert rule.title
        assert rule.why
        assert rule.remedy


def test_problems_of_files_are_annotations(shown: MakeShown) -> None:
    """Errors first, each at its line, with what to do below it."""
    it = shown("github")
    place = Where("hosts/a.yaml", 3, 5)

    it.view.checked(
        [
            Problem("odd", place, "mend it", Severity.WARNING, "raw-tcp"),
            Problem(f"bad {HOSTILE}", Where("a,b:c.yaml", 1, 2), "no", Severity.ERROR),
        ],
        3,
    )

    first, second = it.out.splitlines()
    assert first.startswith(
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=ztctl validate%3A error::"
    )
    assert second == (
        "::warning file=hosts/a.yaml,line=3,col=5,title=ztctl validate%3A raw-tcp::odd%0Amend it"
    )


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_text_becomes_a_command(text: str, shown: MakeShown) -> None:
    """A name may hold line breaks, colons and commands: an annotation stays one line."""
    it: Any = shown("github")
    finding = Finding(AuditCode.IDLE_CA, "ca_key", text, (text,), where=Where(text or "x", 1, 1))

    it.view.page(audit_page(replace(audits.EMPTY, findings=(finding,)), str))

    (line,) = it.out.split("\n")[:-1]
    assert COMMAND.fullmatch(line)
