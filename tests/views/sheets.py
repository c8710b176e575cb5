"""Plans and audits for HTML files: with one text in every place, and with very many hosts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import StringIO
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem, Severity, Where
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.plan import (
    AccessChange,
    Action,
    Change,
    Edit,
    Exposed,
    Phase,
    Plan,
    Reason,
    Refusal,
)
from ztctl.core.model.values import Secret, Unknown
from ztctl.core.reach.acceptance import Acceptance, Seen
from ztctl.core.reach.audit import HOST, AuditedName, AuditReport, Finding
from ztctl.core.reach.audit_rules import AuditCode
from ztctl.core.reach.private import PrivatePath
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.views.audit_view import audit_page
from ztctl.views.factory import make_view

# What would run, load, end an element or break the drawing if it were not plain text.
HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    "--></style></title></textarea><img src=x onerror=window.pwned=1>",
    '"><svg/onload=window.pwned=1>',
    "' onfocus=window.pwned=1 autofocus x='",
    "javascript:window.pwned=1",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=0;url=//evil.example/>",
    "{{ 7 * 7 }}${window.pwned=1}`",
    "\x1b]0;evil\x07\u202egpj.exe\u200b\u2028\x00\ud800",
    "&lt;img src=x onerror=window.pwned=1&gt;&#x3c;script&#x3e;",
    "url(//evil.example/a.png);}*{display:none}",
    "wide-" * 60,
    "W" * 300,
    "\u202e\u05e9\u05dc\u05d5\u05dd \u6f22\u5b57\U0001f984" * 30,
    "__proto__",
    "constructor",
    "\\u003cscript\\u003ewindow.pwned=1\\u003c/script\\u003e",
    "",
)


def rendered(shown: Plan | AuditReport, **options: Any) -> str:
    """The HTML file of a plan, or of an audit."""
    stdout = StringIO()
    settings = {"color": False, "quiet": False, "terminal": False, "redact": str, **options}
    view = make_view("html", stdout=stdout, stderr=StringIO(), version="1.2.3", **settings)
    if isinstance(shown, Plan):
        view.plan(shown)
    else:
        view.page(audit_page(shown, settings["redact"]))
    return stdout.getvalue()


def plan_about(text: str, place: int = 0) -> Plan:
    """A plan in which this text stands wherever a text may come from elsewhere."""
    address = Address("tunnel", text)
    way = DescribedEntry(text, text, Openness(place % 3), text, text, text, text)
    other = DescribedEntry(f"{text}.", text, tunnel=text)
    values = {
        text: text,
        "list": [{text: text}, [text]],
        "new": Unknown(address),
        "x": Secret(text),
    }
    edits = (Edit(text, text, {text: [text]}, replaces=True), Edit("b", None, Unknown(address)))
    live = Live("tunnel", text, text, text, values)
    actions = list(Action)
    shared: dict[str, Any] = {
        "live": live,
        "wanted": Wanted(address, {}, origin=text),
        "others": (live,),
        "before": values,
        "after": values,
        "notes": (text,),
        "detail": text,
    }
    changes = (
        Change(address, Action.UPDATE, Reason.DIFFERS, Phase.DNS, edits=edits, **shared),
        Change(address, actions[place % len(actions)], Reason.MOVED, Phase.DNS, **shared),
    )
    return Plan(
        text,
        text,
        changes,
        refusals=(Refusal(address, text, text),),
        warnings=(Problem(text, Where(text, 1, 1), text, Severity.WARNING),),
        access=(
            AccessChange(text, frozenset({address}), (way,), (other,), True, (other,), (way,)),
        ),
        exposed=(Exposed(text, text),),
    )


def joined(plans: list[Plan]) -> Plan:
    """One plan of several."""
    parts = ("changes", "refusals", "warnings", "access", "exposed")
    found: dict[str, Any] = {
        part: tuple(it for plan in plans for it in getattr(plan, part)) for part in parts
    }
    return Plan(plans[0].account, plans[0].stack, **found)


def hostile_plan() -> Plan:
    """Every hostile text in every place."""
    return joined([plan_about(text, place) for place, text in enumerate(HOSTILE)])


def large_plan(hosts: int) -> Plan:
    """So many hosts; the last but one opens to everybody, some close."""

    def access(place: int) -> AccessChange:
        service, tunnel = f"ssh://10.0.{place // 250}.{place % 250}:22", f"pool-{place % 7}"
        openness = Openness.OPEN if place == hosts - 2 else Openness.CLOSED
        way = DescribedEntry("group ops", service, openness, session="8h", tunnel=tunnel)
        ways = ((), (way,)) if place % 10 == 3 else ((way,), ())
        name = f"web-{place}.example.com"
        return AccessChange(name, frozenset(), ways[0], ways[1], True, ways[1], ways[0])

    changes = tuple(
        Change(
            Address("dns_record", f"web-{place}.example.com"),
            Action.CREATE,
            Reason.NOT_LIVE,
            Phase.DNS,
            after={"type": "CNAME", "proxied": True},
        )
        for place in range(hosts)
    )
    return Plan("acc-1", "prod", changes, access=tuple(map(access, range(hosts))))


def name_about(text: str, place: int = 0) -> AuditedName:
    """A name of an audit in which this text stands wherever a text may come from elsewhere."""
    code = list(AuditCode)[place % len(AuditCode)]
    openness = Openness(place % 3)
    reach = Reach(
        text,
        leads=(Lead(text, text, True, text), Lead(text, text, False)),
        services=(Service(text, text, text, text, text, True),),
        guards=(Guard("", text, text, text, (Ruling(1, text, text, text, text),)), Guard(text)),
        enter=(DescribedEntry(text, text, openness, text, text, text, text),) if place % 4 else (),
        shut=(text,),
        notes=(text,),
    )
    findings = (Finding(code, HOST, text, (text,), text, (text,), text),)
    accepted = Acceptance(text, text, text, Seen()) if place % 5 == 1 else None
    return AuditedName(text, text, (text,), reach, findings, Seen(), accepted, text, text)


def audit_about(*texts: str) -> AuditReport:
    """An audit with these texts in every place."""
    first = texts[0]
    return AuditReport(
        first,
        texts,
        tuple(name_about(text, place) for place, text in enumerate(texts)),
        tuple(PrivatePath(text, text, text, text, text) for text in texts),
        tuple(Finding(AuditCode.IDLE_CA, "ca_key", text, (text,), id=text) for text in texts),
        texts,
        tuple(Acceptance(text, text, text, Seen()) for text in texts),
        first,
        first,
    )


@dataclass
class Parsed(HTMLParser):
    """What a parser finds in a file: its elements with their attributes, and its texts."""

    text: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    inside: dict[str, list[str]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open[-1]][-1] += data

    @property
    def tables(self) -> list[Any]:
        """The data of the tables."""
        scripts = [found for tag, found in self.elements if tag == "script"]
        texts = zip(scripts, self.inside["script"], strict=True)
        return [json.loads(text) for found, text in texts if found.get("class") == "data"]


def without_assets(text: str) -> str:
    """The file without what is the same in every file: style, script, and their hashes."""
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.DOTALL)
    text = re.sub(r"<script>.*?</script>", "<script>…</script>", text, flags=re.DOTALL)
    return re.sub(r"sha256-[^&']+", "sha256-…", text)
