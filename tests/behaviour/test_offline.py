"""Promises about work on a snapshot: what is said of it is what is said of the account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.examples import examples
from tests.support.foreign import lived_in
from tests.support.offline import again, answered, audited, drifted, offline, planned, said, taken
from tests.support.recorded.exchanges import BY_LINE
from tests.support.strategies.parts import Side
from tests.support.strategies.sides import NAMES, SHORT, sides
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import Client
from ztctl.cloudflare.redaction import Redactor
from ztctl.cloudflare.snapshot import Snapshot, text_of
from ztctl.core.model.canonical import texts
from ztctl.core.model.declared import Declared
from ztctl.core.model.values import Secret
from ztctl.core.reach.audit import AuditReport

Json = Any
YES: dict[str, Any] = {
    "adopt": True,
    "deletions": True,
    **{flag: ["all"] for flag in ("no_policy", "ca_deletion", "interruption", "disconnect")},
}
EXPOSED = {**YES, "exposure": ["all"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file stands, again and again."""
    return tmp_path_factory.mktemp("offline")


@examples(4, phases=[Phase.generate])
@given(before=sides(), after=sides(), host=st.sampled_from([*NAMES, *SHORT]))
def test_a_snapshot_is_as_good_as_the_account(
    folder: Path, before: Side, after: Side, host: str
) -> None:
    """Plans and answers are the same, of files that the snapshot has never seen; nobody is asked.

    So they are with one that was taken for the very files.
    """
    account = Account(folder)
    lived_in(account)
    account.apply(before, **EXPOSED)
    declared = account.declared(after)
    name = host.replace("*", "any").replace("ü", "ue")
    online = planned(account.client, declared, **YES), answered(account.client, name)
    report, drift = audited(account.client), drifted(account.client, declared)
    whole, part = taken(account.client), taken(account.client, declared)
    account.forget_log()

    assert (planned(offline(whole), declared, **YES), answered(offline(whole), name)) == online
    assert planned(offline(part), declared, **YES) == online[0]
    assert audited(offline(whole)) == report
    assert drifted(offline(whole), declared) == drift
    assert not account.sandbox.log


# -- hostile --------------------------------------------------------------------------------

ODD: tuple[Json, ...] = (None, [], {}, [{"id": {}}], [{"id": "a", "name": "a"}], [[]])


@pytest.fixture(scope="module")
def living(folder: Path) -> tuple[Declared, Snapshot]:
    """A file that is applied, and a snapshot of the account."""
    account = Account(folder)
    lived_in(account)
    policies = {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}}
    host = {"tunnel": "edge", "service": "ssh://localhost:22", "policies": ["team"]}
    file = {"policies": policies, "tunnels": {"edge": {}}, "hosts": {"ssh.example.com": host}}
    account.apply(file)
    return account.declared(file), taken(account.client)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_a_file_holds_is_planned_or_an_error(
    living: tuple[Declared, Snapshot], odd: Json
) -> None:
    """In the place of any reply: a plan, or what is wrong; never a traceback."""
    declared, snapshot = living

    for question in snapshot.replies:
        held = replace(snapshot, replies={**snapshot.replies, question: odd})
        assert planned(offline(again(held)), declared)
        assert said(offline(again(held)), "ssh.example.com")


def test_whatever_a_file_lacks_is_not_taken_for_absent(living: tuple[Declared, Snapshot]) -> None:
    """Without any one of the replies the plan is the same, or there is none: it makes nothing."""
    declared, snapshot = living
    whole = planned(offline(snapshot), declared)

    for question in snapshot.replies:
        kept = {key: it for key, it in snapshot.replies.items() if key != question}
        plan = planned(offline(replace(snapshot, replies=kept)), declared)
        assert plan == whole or "the snapshot does not hold it" in plan


# -- redacted -------------------------------------------------------------------------------


# The same examples in every run: where two live objects fit one entry equally well, which of them
# is taken depends on their ids, which a redaction changes.
@settings(max_examples=4, derandomize=True, phases=[Phase.generate])
@given(before=sides(), after=sides())
def test_a_redacted_account_plans_alike(folder: Path, before: Side, after: Side) -> None:
    """With files in which the same words are replaced: the same is done to the same objects.

    And none of them is known by its name or id.
    """
    account = Account(folder)
    lived_in(account)
    account.apply(before, **EXPOSED)
    plan = planned(account.client, account.declared(after), **YES)
    whole = taken(account.client)
    redactor = Redactor(whole)
    snapshot = again(redactor.snapshot())

    declared = account.declared(redacted_file(after, redactor))
    other = planned(offline(snapshot), declared, **YES)

    assert outline(other, str) == outline(plan, redactor.text)
    report = audited(account.client)
    assert risks(audited(offline(snapshot)), str) == risks(report, redactor.text)
    # A name may be a word of the service, too, as a member of an object.
    held = "\n".join(texts(json.loads(text_of(snapshot))))
    assert not [it for it in known_by(whole) if re.search(rf"(?<!\w){re.escape(it)}(?!\w)", held)]


def known_by(snapshot: Snapshot) -> set[str]:
    """Names and ids of objects; types of identity providers and plans have their own names."""
    replies = snapshot.replies.items()
    mine = [it for (path, _), it in replies if not path.endswith("identity_providers")]
    # The last one is made of words of the service.
    return {snapshot.account, *_known_by(mine)} - {"", "ztctl-pro"}


def _known_by(value: Json) -> Iterator[str]:
    members = ("id", "uid", "aud", "name", "email", "uri", "domain", "hostname", "auth_domain")
    if isinstance(value, dict):
        for name, item in value.items():
            if name in members and isinstance(item, str):
                yield item
            elif name != "plan":
                yield from _known_by(item)
    for item in value if isinstance(value, list) else ():
        yield from _known_by(item)


def risks(report: AuditReport, text: Callable[[str], str]) -> Json:
    """What an audit finds, and where, without the words for it."""
    names = [(text(it.host), it.risk, [one.code for one in it.findings]) for it in report.names]
    findings = [(text(it.subject), it.code) for it in report.findings]
    return sorted(names), sorted(findings), sorted(map(text, report.zones)), len(report.routes)


def redacted_file(side: Side, redactor: Redactor) -> Side:
    """A file, whose sections map names of the user to fields."""
    sections = {
        section: {redactor.text(key): replaced(it, redactor) for key, it in entries.items()}
        for section, entries in side.items()
    }
    return {"stack": redactor.text("prod"), **sections}


def replaced(value: Json, redactor: Redactor) -> Json:
    """A value of a file; countries, which a file may spell in small letters, are nobody's names."""
    if not isinstance(value, dict):
        return (
            [replaced(it, redactor) for it in value]
            if isinstance(value, list)
            else redactor.value(value)
        )
    return {name: it if name == "country" else replaced(it, redactor) for name, it in value.items()}


def outline(plan: Json, text: Callable[[str], str]) -> Json:
    """What a plan does to which objects, and for whom, without the words for it."""
    assert isinstance(plan, dict), plan
    changes = [(it["action"], _address(it, text), len(it["edits"])) for it in plan["changes"]]
    refusals = [(_address(it, text), it["flag"].partition(" ")[0]) for it in plan["refusals"]]
    access = [(_place(it, text), len(it["gained"]), len(it["lost"])) for it in plan["access"]]
    return sorted(changes), sorted(refusals), sorted(access)


def _place(item: Json, text: Callable[[str], str]) -> str:
    # A range lies "in" a network.
    return " in ".join(map(text, item["host"].split(" in ")))


def _address(item: Json, text: Callable[[str], str]) -> str:
    kind, _, key = item["address"].partition(".")
    return f"{kind} {text(key)}"


# -- recorded accounts ----------------------------------------------------------------------

ACCOUNT = "0123456789abcdef0123456789abcdef"
# Lists of one account, as different recordings have them; whatever else is asked for is empty.
COMMON = {
    "cfd_tunnel": 8,
    "access/policies": 27,
    "access/groups": 28,
    "access/tags": 31,
    "access/apps/ca": 32,
    "access/organizations": 40,
    "access/service_tokens": 41,
    "teamnet/routes": 102,
    "teamnet/virtual_networks": 104,
    "cfd_tunnel/cee6d220-48c3-420e-9d55-4bfda79b8096/configurations": 18,
}
ZONES = {44: 61, 47: 70, 48: 76}
NOT_CONFIGURED = {"code": 1055, "message": "Configuration for tunnel not found"}


def recorded(apps: int, zones: int) -> httpx.MockTransport:
    """An account that answers as real ones did; each zone has the same records."""
    bodies = {f"/accounts/{ACCOUNT}/{path}": BY_LINE[line] for path, line in COMMON.items()}
    bodies |= {f"/accounts/{ACCOUNT}/access/apps": BY_LINE[apps], "/zones": BY_LINE[zones]}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/client/v4")
        if path in bodies:
            # Without the counts, which the authors of some recordings have edited.
            body = {**bodies[path].response, "result_info": None}
            return httpx.Response(200, json=body)
        if path.endswith("/configurations"):
            return httpx.Response(404, json={"success": False, "errors": [NOT_CONFIGURED]})
        if path.endswith("/dns_records"):
            return httpx.Response(200, json={"result": BY_LINE[ZONES[zones]].result})
        if path.startswith("/zones/"):
            body = {"success": False, "errors": [{"code": 10000, "message": "no"}]}
            return httpx.Response(403, json=body)
        empty: Json = {} if path.endswith("_settings") else []
        return httpx.Response(200, json={"result": empty})

    return httpx.MockTransport(answer)


async def at_once(seconds: float) -> None:
    """Sleep without sleeping."""


@pytest.mark.parametrize("zones", ZONES)
@pytest.mark.parametrize("apps", [21, 24])
def test_recorded_accounts_plan_the_same(folder: Path, apps: int, zones: int) -> None:
    """Replies of real accounts, in all their spellings, plan and answer the same from a file."""

    def connect() -> Client:
        transport = recorded(apps, zones)
        return Client(Secret("t"), account=ACCOUNT, transport=transport, sleep=at_once)

    zone = next(it["name"] for it in BY_LINE[zones].result if it["status"] == "active")
    path = folder / "recorded.yaml"
    path.write_text(FILE.format(host=f"ssh.{zone}"), encoding="utf-8")
    declared = declared_by(Settings(files=(path,)))
    snapshot = taken(connect)

    plan = planned(connect, declared)
    assert isinstance(plan, dict), plan
    assert planned(offline(snapshot), declared) == plan
    assert answered(offline(snapshot), zone) == answered(connect, zone)


FILE = """\
version: 1
stack: prod
team: acme
policies:
  team: {{decision: allow, include: [{{email: ann@example.com}}]}}
tunnels:
  edge: {{}}
hosts:
  {host}: {{tunnel: edge, service: "ssh://localhost:22", policies: [team]}}
"""
