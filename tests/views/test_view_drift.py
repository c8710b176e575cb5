"""Promises about the screen of drift: the worst first, equal things once, nothing that obeys."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Failure, Where
from ztctl.core.model.drift import (
    Author,
    Deviation,
    DriftItem,
    DriftReport,
    DriftSeverity,
    worst_first,
)
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.plan import AccessChange, Edit, Exposed
from ztctl.core.model.values import Secret, Unknown
from ztctl.views import messages
from ztctl.views.drift_view import drift_page

from .conftest import HOSTILE, MakeShown

Golden = Callable[[str, str], None]
EXPOSED, WIDER, LOST, OTHER = DriftSeverity
NOW = datetime(2026, 11, 28, 20, 14, tzinfo=timezone(timedelta(hours=1), "CET"))
SCHEMA = Path(__file__).parents[2] / "schemas" / "drift.schema.json"
MALLORY = Author("mallory@example.com", "dash", "2026-11-28T17:14:00Z", "update")
CI = Author("ci", "api_token", "2026-11-27T16:02:00Z", "update")
SSH = "ssh://10.1.0.13:22"
EVERYONE = "EVERYONE, no application stands in front"
DOMAIN = "everyone with an @example.com address"


def gains(host: str, *who: str, **more: Any) -> AccessChange:
    """Who enters a host in the account, and not by the files."""
    return AccessChange(host, frozenset(), tuple(DescribedEntry(it, SSH, **more) for it in who))


def loses(host: str, who: str) -> AccessChange:
    """Who should enter a host, and does not."""
    return AccessChange(host, frozenset(), lost=(DescribedEntry(who, SSH, session="8h"),))


def item(
    severity: DriftSeverity, address: str, deviation: Deviation = Deviation.CHANGED, **facts: Any
) -> DriftItem:
    """An item about one object."""
    return DriftItem(severity, deviation, Address.parse(address), **facts)


ITEMS = worst_first(
    (
        item(
            EXPOSED,
            "access_application.web",
            access=(gains("web-3.example.com", EVERYONE, openness=Openness.OPEN),),
            exposed=(
                Exposed(
                    "web-3.example.com",
                    f"no application covers it, and it leads to {SSH}",
                    stays=False,
                ),
            ),
            edits=(Edit("destinations[]", None, {"host": "web-3.example.com"}),),
            author=MALLORY,
            where=Where("hosts.yaml", 14, 3),
        ),
        item(
            WIDER,
            "access_policy.admins",
            access=tuple(gains(f"db-{n}.example.com", DOMAIN, session="12h") for n in range(1, 4)),
            edits=(Edit("include[]", {"email_domain": "example.com"}, None),),
            author=CI,
        ),
        item(
            WIDER,
            "tunnel.lisbon",
            access=(
                AccessChange(
                    "logs.example.com",
                    frozenset(),
                    (DescribedEntry("admins", "ssh://10.9.9.9:22", change=f"moved from {SSH}"),),
                    (DescribedEntry("admins", SSH, change=f"moved from {SSH}"),),
                ),
            ),
            edits=(Edit("ingress[3].service", "ssh://10.9.9.9:22", SSH),),
            author=Author("", "dash", "2026-11-28T19:14:00Z"),
        ),
        DriftItem(
            WIDER,
            Deviation.OPEN,
            exposed=(
                Exposed(
                    "wiki.example.com",
                    "an Allow policy lets in everyone and requires nothing",
                    openness=Openness.ANY_LOGIN,
                ),
            ),
        ),
        item(
            LOST,
            "access_application.old.example.com",
            Deviation.MISSING,
            access=(loses("old.example.com", "group engineers"),),
            with_it=(Address("tunnel", "lisbon"), Address("ca_key", "old.example.com")),
            author=Author("eve or mallory", "", "2026-10-01T00:00:00Z", "delete"),
        ),
        item(OTHER, "dns_record.a.example.com", edits=(Edit("ttl", 60, 1),)),
        item(OTHER, "dns_record.b.example.com", edits=(Edit("ttl", 60, 1),)),
        item(
            OTHER,
            "access_policy.engineers",
            edits=(
                Edit("purpose_justification_prompt", None, "Why do you want to go there at all?"),
                Edit("mfa_config", {"x": "y" * 99}, {"x": "z" * 99}),
                Edit("one", 1, 2),
                Edit("two", Secret("canary"), Unknown(Address("tunnel", "t"))),
                Edit("three", "", None),
            ),
        ),
        item(OTHER, "access_group.extra", Deviation.UNDECLARED),
        item(
            OTHER,
            "access_application.mine",
            Deviation.UNMARKED,
            edits=(Edit("tags[]", None, "ztctl-team"),),
        ),
        item(
            LOST,
            "access_application.wiki",
            Deviation.UNSTATED,
            access=(
                AccessChange(
                    "wiki.example.com",
                    frozenset(),
                    lost=(DescribedEntry("admins", f"{SSH} below /healthz", session="8h"),),
                ),
            ),
            edits=(
                Edit(
                    "destinations[wiki.example.com].overrides[]",
                    {"behavior": "public", "path_pattern": "/healthz"},
                    None,
                ),
            ),
            author=MALLORY,
        ),
        item(
            LOST,
            "access_application.Eve's own",
            Deviation.FOREIGN,
            access=(
                AccessChange(
                    "logs.example.com",
                    frozenset(),
                    lost=(DescribedEntry("admins", f"{SSH} below /eve", session="8h"),),
                ),
            ),
            with_it=(Address("tunnel", "lisbon"),),
            author=CI,
            detail="logs.example.com/eve",
        ),
        item(OTHER, "tunnel.theirs", Deviation.REFUSED, detail="it belongs to the stack 'other'"),
    )
)
LONG = DriftReport(
    "7d3a19f04be84c6c9e52b06d81f7c2a4",
    "team",
    ITEMS,
    withheld=2,
    open_withheld=True,
    authors="",
    since="2026-11-20T12:00:00Z",
    unread=("the zone example.org may list applications of its own: HTTP 403",),
    in_step=41,
)
SHORT = replace(LONG, items=ITEMS[:1], withheld=0, open_withheld=False, since="", unread=())
EMPTY = DriftReport("7d3a19f04be84c6c9e52b06d81f7c2a4", "team", in_step=53)
HOSTILES = DriftReport(
    HOSTILE,
    HOSTILE,
    (
        item(
            EXPOSED,
            f"access_policy.{HOSTILE}",
            access=(gains(HOSTILE, HOSTILE, openness=Openness.OPEN), loses("x", HOSTILE)),
            exposed=(Exposed(HOSTILE, HOSTILE),),
            edits=(Edit(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),),
            with_it=(Address("tunnel", HOSTILE),),
            author=Author(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
            detail=HOSTILE,
            changed=HOSTILE,
        ),
        item(OTHER, f"tunnel.{HOSTILE}", Deviation.REFUSED, detail=HOSTILE),
    ),
    authors=HOSTILE,
    since=HOSTILE,
    unread=(HOSTILE,),
    withheld=1,
)
REPORTS = {"long": LONG, "short": SHORT, "empty": EMPTY, "hostile": HOSTILES}


def page_of(report: DriftReport, shown: Any) -> str:
    """What is on stdout."""
    shown.view.page(drift_page(report, str, NOW))
    return str(shown.out)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [60, 80])
def test_the_screen_of_a_report(name: str, width: int, shown: MakeShown, golden: Golden) -> None:
    """Every report at each width, none of its lines wider."""
    out = page_of(REPORTS[name], shown("text", width=width))

    golden(f"drift-{name}-{width}.txt", out)
    if name != "hostile":
        assert max(map(len, out.splitlines())) <= width


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_for_a_comment(name: str, shown: MakeShown, golden: Golden) -> None:
    """Untrusted text stands in fences and code spans only."""
    golden(f"drift-{name}.md", page_of(REPORTS[name], shown("markdown")))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_for_machines(name: str, shown: MakeShown, golden: Golden) -> None:
    """One document, which fits the schema, hostile names and all."""
    out = page_of(REPORTS[name], shown("json"))

    document = json.loads(out)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert out.isascii()
    golden(f"drift-{name}.json", json.dumps(document, indent=2) + "\n")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_for_slack(name: str, golden: Golden) -> None:
    """A message with a heading and the worst first."""
    message = json.loads(messages.slack_message(REPORTS[name], str, NOW))

    golden(f"drift-{name}.slack.json", json.dumps(message, indent=2) + "\n")


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_no_name_reaches_the_terminal_as_it_is(format: Any, shown: MakeShown) -> None:
    """Control characters and markup are shown, and not obeyed."""
    out = page_of(HOSTILES, shown(format))

    assert [it for it in ("\x1b", "\x07", "\u202e", "\u200b", "\x9b") if it in out] == []


def test_secrets_are_masked_everywhere(shown: MakeShown) -> None:
    """In every text of a report, for people, machines and webhooks."""

    def redact(text: str) -> str:
        return text.replace("evil", "(env X)")

    views = [shown(format) for format in ("text", "markdown", "json")]
    for each in views:
        each.view.page(drift_page(HOSTILES, redact, NOW))
    sent = (
        messages.slack_message(HOSTILES, redact, NOW),
        messages.json_message(HOSTILES, redact, NOW),
    )

    assert not [out for out in (*(it.out for it in views), *map(str, sent)) if "evil" in out]


def many(count: int, text: str) -> DriftReport:
    """A report of many items that are told apart."""
    items = (
        item(OTHER, f"tunnel.t{n}-{text}", edits=(Edit("name", n, text),)) for n in range(count)
    )
    return replace(EMPTY, items=tuple(items))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (3, "<!channel> & <@U1>"), (5000, "x"), (200, "&" * 900), (60, "é" * 2000)],
)
def test_a_slack_message_keeps_its_limits(count: int, text: str) -> None:
    """Sections, blocks and the whole, however long the names; nobody is called."""
    body = messages.slack_message(many(count, text), str, NOW)

    message = json.loads(body)
    texts = [block["text"]["text"] for block in message["blocks"]]
    assert len(texts) <= 50
    assert all(0 < len(it) <= 3000 for it in texts)
    assert sum(map(len, texts)) <= 13_200
    assert "<" not in "".join((message["text"], *texts))


def test_a_long_message_is_cut_and_says_so() -> None:
    """The worst are sent, and how many are not."""
    document = json.loads(messages.json_message(many(250, "x"), str, NOW))

    assert (len(document["items"]), document["items_left"]) == (100, 150)
    assert document["summary"]["other"] == 250


def test_a_failure_is_told_in_both_forms() -> None:
    """What it was, escaped for Slack."""
    failures = [Failure("<b> was refused", "make a token")]

    plain = json.loads(messages.json_failure("team", failures, NOW))
    slack = json.loads(messages.slack_failure("team", failures))

    assert plain["failures"] == [{"summary": "<b> was refused", "hint": "make a token"}]
    assert slack["text"] == "The drift run of stack team failed"
    assert "&lt;b&gt; was refused" in slack["blocks"][0]["text"]["text"]


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=7), "7 min ago"),
        (timedelta(hours=2, minutes=50), "2 h ago"),
        (timedelta(hours=19), "today 01:14"),
        (timedelta(hours=25), "yesterday 19:14"),
        (timedelta(days=9), "19 Nov 20:14"),
        (timedelta(days=400), "24 Oct 2025 20:14"),
        (timedelta(seconds=-30), "today 20:14"),
    ],
)
def test_times_are_human(ago: timedelta, said: str, shown: MakeShown) -> None:
    """How long ago, or when, in the reader's zone."""
    author = replace(MALLORY, time=(NOW - ago).astimezone(UTC).isoformat())
    report = replace(SHORT, items=(replace(ITEMS[0], author=author),))

    assert f"mallory@example.com in the dashboard, {said}\n" in page_of(
        report, shown("text", width=200)
    )


@pytest.mark.parametrize("time", ["", "soon", "2026-11-28T19:00:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_told_as_it_is(time: str, shown: MakeShown) -> None:
    """A log may hold anything."""
    report = replace(SHORT, items=(replace(ITEMS[0], author=replace(MALLORY, time=time)),))

    out = page_of(report, shown("text", width=200))

    assert f"in the dashboard{f', {time}' if time else ''}\n" in out
