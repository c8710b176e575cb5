"""Promises about the report of an audit: open doors first and in full, lines that add up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.documents import faults
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.reach.acceptance import Acceptance, Seen
from ztctl.core.reach.audit import HOST, AuditedName, AuditReport, Finding
from ztctl.core.reach.audit_rules import AuditCode, Risk
from ztctl.core.reach.private import PrivatePath
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.views.audit_view import audit_page, explain_page

from .conftest import HOSTILE, MakeShown

Golden = Callable[[str, str], None]
ZONE = "example.com"
TEAM = (Ruling(1, "team", "p1", "allow", "everyone with an @acme.example address"),)
WEAK = (
    (AuditCode.ANY_PROVIDER, "any identity provider of the account"),
    (AuditCode.NO_CONNECTOR_CHECK, "the connector does not ask for the token"),
)


def named(
    host: str, *found: tuple[AuditCode, str], service: str = "ssh://one", tunnel: str = "pool"
) -> AuditedName:
    """A name that leads to a service of a tunnel, with these findings."""
    opened = any(code is AuditCode.NO_COVER for code, _ in found)
    reach = Reach(
        host,
        open=("no application covers it",) if opened else (),
        leads=(Lead(host, "1f.cfargotunnel.com", proxied=True, tunnel=tunnel),),
        services=(Service(tunnel, "1f", host, "", service, checks=False),) if service else (),
        guards=(Guard("") if opened else Guard("", host, "a1", "prod", TEAM),),
        enter=(
            DescribedEntry("EVERYONE, no application stands in front", service, Openness.OPEN)
            if opened
            else DescribedEntry(TEAM[0].people, service, session="8h", policy="team"),
        ),
    )
    findings = tuple(Finding(code, HOST, host, (text,), ZONE) for code, text in found)
    stacks = () if opened else ("prod",)
    return AuditedName(host, ZONE, stacks, reach, findings, Seen((f"{tunnel} (1f)",), (service,)))


UNCOVERED = (AuditCode.NO_COVER, "no application covers it")
LEFT = named("www.example.com", UNCOVERED, service="http://10.0.0.5", tunnel="sites")
GIVEN = Acceptance("blog.example.com", "the blog is for everybody", "2027-02-28", Seen())
LONG = AuditReport(
    "7d3a0000000000000000000000a7c200",
    (ZONE, "example.org"),
    (
        named("grafana.example.com", UNCOVERED, service="http://10.0.0.4:3000", tunnel="old-lab"),
        named(
            "*.*.dev.example.com",
            (
                AuditCode.NO_COVER,
                "no application covers it; application *.dev.example.com covers one label only",
            ),
            service="http://localhost:8080",
            tunnel="dev",
        ),
        replace(LEFT, ended="was accepted until 2026-10-31: moves behind Access in October"),
        named(
            "legacy.example.com",
            (AuditCode.LOCAL_TUNNEL, "tunnel office is configured on its server"),
            service="",
            tunnel="office",
        ),
        *(named(f"db-{number}.example.com", *WEAK) for number in range(1, 8)),
        named("wiki.example.com", (AuditCode.LONG_SESSION, "sessions of 720h"), *WEAK),
        replace(named("blog.example.com", UNCOVERED, service="http://blog"), accepted=GIVEN),
        named("safe.example.com"),
    ),
    (PrivatePath("10.0.0.0/8", "default", "pool", "1f", "prod"),),
    (
        Finding(AuditCode.UNREAD_ZONE, "zone", "example.org", ("GET … lacks Zone · DNS",), id="z1"),
        Finding(AuditCode.ENDLESS_TOKEN, "service_token", "ci", ("it never ends",), id="t1"),
        Finding(AuditCode.IDLE_CA, "ca_key", "old", ("no name of its application…",), id="c1"),
    ),
    ("the list of routes could not be read (give the token Account · Cloudflare Tunnel)",),
    (Acceptance("gone.example.com", "was open", "2027-02-28", Seen()),),
)
SHORT = AuditReport(LONG.account, (ZONE,), (named("grafana.example.com", UNCOVERED),))
EMPTY = AuditReport(LONG.account, (ZONE,), ())
_HOSTILE_NAME = replace(
    named(HOSTILE, (AuditCode.NO_COVER, HOSTILE), service=HOSTILE, tunnel=HOSTILE),
    stacks=(HOSTILE,),
    ended=HOSTILE,
    probed=HOSTILE,
)
HOSTILES = AuditReport(
    HOSTILE,
    (HOSTILE,),
    (
        _HOSTILE_NAME,
        named(f"w{HOSTILE}", (AuditCode.LONG_SESSION, HOSTILE), tunnel=HOSTILE),
        replace(named(f"c{HOSTILE}", tunnel=HOSTILE), stacks=(HOSTILE,)),
        replace(_HOSTILE_NAME, accepted=replace(GIVEN, reason=HOSTILE)),
    ),
    (PrivatePath(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    (Finding(AuditCode.NO_CONNECTOR, "tunnel", HOSTILE, (HOSTILE,), id=HOSTILE),),
    (HOSTILE,),
    (replace(GIVEN, host=HOSTILE),),
    zone=HOSTILE,
    stack=HOSTILE,
)
REPORTS = {"long": LONG, "short": SHORT, "empty": EMPTY, "hostile": HOSTILES}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("width", [60, 80])
def test_a_report_is_told_in_full_and_nothing_is_wider(
    report: str, width: int, shown: MakeShown, golden: Golden
) -> None:
    """As it is by default, and with everything listed."""
    it = shown(width=width)

    for every in (False, True):
        it.view.page(audit_page(REPORTS[report], str, every=every))
        it.stdout.write("\n")

    golden(f"audit-{report}-{width}.txt", it.out)
    assert it.out.replace("\n", "").isprintable()
    if report != "hostile":
        assert max(map(len, it.out.splitlines())) <= width


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_a_comment(report: str, shown: MakeShown, golden: Golden) -> None:
    """The same in Markdown: no name is markup, and no line leaves its fence."""
    it = shown("markdown")

    it.view.page(audit_page(REPORTS[report], str))

    golden(f"audit-{report}.md", it.out)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_one_document(report: str, shown: MakeShown, golden: Golden) -> None:
    """One line of JSON that the schema takes."""
    it = shown("json")

    it.view.page(audit_page(REPORTS[report], str))

    document = json.loads(it.out)
    assert faults(it.out) == []
    golden(f"audit-{report}.json", json.dumps(document, indent=2) + "\n")
    assert it.out.count("\n") == 1


def test_quiet_tells_what_is_open_or_unread(shown: MakeShown) -> None:
    """What is weak and closed stays a figure."""
    it = shown()

    it.view.page(audit_page(LONG, str, brief=True))

    assert it.out.startswith("  OPEN (3)\n")
    assert "Not everything could be read" in it.out
    assert "WEAK (" not in it.out


def test_lines_add_up_to_the_verdict(shown: MakeShown) -> None:
    """The figures of the sections are those of the last line, and the names those of the JSON."""
    it = shown()
    it.view.page(audit_page(LONG, str, every=True))
    (document,) = audit_page(LONG, str).records

    heads = {
        it[0].lower(): int(it[1]) for it in re.findall(r"^  ([A-Z]+) \((\d+)\)$", it.out, re.M)
    }
    verdict = {it[1]: int(it[0]) for it in re.findall(r"(\d+) (\w+)[,.]", it.out.splitlines()[-1])}

    counts: dict[str, Any] = dict(document["summary"])
    assert heads.pop("private") == counts.pop("routes") == 1
    assert heads == counts
    assert verdict == {risk: counts[risk] for risk in ("open", "unseen", "weak")}
    risks = [
        it["risk"] for it in [*document["names"], *document["findings"]] if not it.get("accepted")
    ]
    assert {risk: risks.count(risk) for risk in counts if risk != "accepted"} == {
        risk: count for risk, count in counts.items() if risk != "accepted"
    }


def test_what_is_left_out_of_names_is_said_where_names_are_short(shown: MakeShown) -> None:
    """A short name can be written whole, and a report without one says nothing of it."""
    long, short = shown(), shown()

    long.view.page(audit_page(LONG, str))
    short.view.page(audit_page(SHORT, str))

    assert "db-1 … db-7" in long.out
    assert "\nHosts without a dot are below example.com.\n" in long.out
    assert "without a dot" not in short.out


def test_what_is_open_is_never_folded(shown: MakeShown) -> None:
    """Thirty open doors are thirty lines, and thirty weak ones of a kind are one."""
    opened = [named(f"web-{number}.example.com", UNCOVERED) for number in range(30)]
    weak = [named(f"db-{number}.example.com", *WEAK) for number in range(30)]
    it = shown()

    it.view.page(audit_page(replace(EMPTY, names=(*opened, *weak)), str))

    assert it.out.count("no application covers it") == 30
    assert it.out.count("any identity provider") == 1
    assert "db-0 … db-29 (30 hosts)" in it.out


@pytest.mark.parametrize("name", ["open", "accepted", "closed", "hostile"])
def test_one_name_is_explained(name: str, shown: MakeShown, golden: Golden) -> None:
    """What is wrong, why, what to do, and who gets there."""
    found = {
        "open": LONG.names[2], "accepted": LONG.names[-2], "closed": LONG.names[-1],
        "hostile": _HOSTILE_NAME,
    }[name]  # fmt: skip
    it = shown()

    it.view.page(explain_page(found, str))

    golden(f"audit-explain-{name}.txt", it.out)
    assert it.out.replace("\n", "").isprintable()


def test_values_of_the_environment_are_masked(shown: MakeShown) -> None:
    """In no format does a report hold what is to be hidden."""
    page = audit_page(HOSTILES, lambda text: text.replace("gpj", "(env X)"), every=True)

    for format in ("text", "markdown", "json"):
        it = shown(format)
        it.view.page(page)
        assert ("gpj" in it.out, "(env X)" in it.out) == (False, True)


def test_the_order_is_that_of_risk() -> None:
    """What a machine reads first is the worst."""
    assert [it.place for it in Risk] == [0, 1, 2, 3]
    assert [it.risk for it in LONG.all_findings][:4] == [Risk.OPEN] * 3 + [Risk.UNSEEN]
