"""What `ztctl doctor` finds in an account before anybody finds out in mid-apply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, at_once
from tests.support.files import whole
from ztctl.cli.doctor_account import account_checks
from ztctl.cli.rehearsed import needs_of
from ztctl.cloudflare.client import Client
from ztctl.core.model.checkup import Check, Verdict
from ztctl.core.model.needs import Need, Without
from ztctl.core.model.values import Secret
from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

OKTA = {"okta": {"identity_provider": "Okta", "name": "infra"}}
WITH_OKTA = {**whole(), "groups": {"people": {"include": [OKTA]}}}
VERIFY = "/tokens/verify$"
CLOSING = "http_status:404"
FAIL, WARN, PASS, SKIP = Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.SKIP


def checked(
    account: Account,
    file: Mapping[str, Any] | None = None,
    *,
    token: str = "sandbox",
    ahead: float = 0,
) -> dict[str, Check]:
    """The checks of a file, or of the account alone, by what was looked at."""
    declared = account.declared(file) if file is not None else None

    async def run() -> list[Check]:
        client = Client(
            Secret(token),
            transport=SandboxTransport(account.sandbox),
            quota=None,
            sleep=at_once,
            wall=lambda: account.clock.seconds() + ahead,
        )
        async with client:
            stated = account.sandbox.account_id
            return [it async for it in account_checks(client, stated, declared)]

    return {check.name: check for check in asyncio.run(run())}


def wrong(checks: Mapping[str, Check]) -> dict[str, Verdict]:
    """The checks that did not pass."""
    return {name: it.verdict for name, it in checks.items() if it.verdict is not PASS}


def verifies_as(account: Account, **facts: Any) -> None:
    """A service that says this of any token."""
    result = {"id": "ed17574386854bf78a67040be0a770b0", "status": "active", **facts}
    answer = {"success": True, "errors": [], "messages": [], "result": result}
    account.sandbox.faults.add(kind="body", path=VERIFY, body=answer, times=None)


@pytest.mark.parametrize("file", [WITH_OKTA, None], ids=["with a file", "without"])
def test_nothing_is_found_where_nothing_is_wrong(account: Account, file: Any) -> None:
    """All is looked at, with and without a file, and nothing but read."""
    checks = checked(account, file)

    assert wrong(checks) == {}
    assert {"HTTP", "clock", "status", "end", "account", "organisation"} < checks.keys()
    assert ("identity provider Okta" in checks) == (file is not None)
    assert {entry.method for entry in account.sandbox.log} == {"GET"}


def spelled(need: Need, level: str) -> str:
    """A permission as the sandbox's tokens have it."""
    return f"{need.zone or 'account'}/{need.name} {level}"


def test_each_missing_permission_is_named(tmp_path: Path) -> None:
    """With any one less to read, it is that one which is told, with its name in the dashboard."""
    needs, _ = needs_of(Account(tmp_path).declared(WITH_OKTA))
    missed = [it for it in needs if it.without is not Without.KNOWS_LESS]
    assert len(missed) > 5
    for missing in missed:
        account = Account(tmp_path)
        held = [spelled(it, it.apply) for it in needs if it is not missing]
        account.sandbox.define_token("limited", held)

        checks = checked(account, WITH_OKTA, token="limited")

        name = f"{missing.name}, {missing.zone}" if missing.zone else missing.name
        found = checks.get(name)
        assert found is not None
        assert found.verdict is (FAIL if missing.without is Without.FAILS else WARN)
        assert f'"{missing.permission} · {missing.apply}"' in found.remedy


def test_a_token_that_only_reads_is_told_from_one_that_applies(account: Account) -> None:
    """What a zone itself says of editing is told without a write."""
    needs, _ = needs_of(account.declared(whole()))
    account.sandbox.define_token("reads", [spelled(it, "Read") for it in needs])

    checks = checked(account, whole(), token="reads")

    assert wrong(checks) == {"DNS, example.com": WARN}
    assert "enough to plan, not to apply" in checks["DNS, example.com"].found


def test_a_token_of_the_account_is_known_as_such(account: Account) -> None:
    """Which of the two ways of verifying works says whose it is."""
    needs, _ = needs_of(account.declared(whole()))
    held = [spelled(it, it.apply) for it in needs]
    account.sandbox.define_token("owned", held, account_owned=True)

    assert checked(account, whole(), token="owned")["status"].found == "active, of the account"


def test_an_unknown_token_ends_the_matter(account: Account) -> None:
    """Of a token that opens nothing, nothing further is asked."""
    account.sandbox.define_token("known", [])

    checks = checked(account, whole(), token="other")

    assert wrong(checks) == {"clock": WARN, "status": FAIL, "account": SKIP}
    assert "make a new token" in checks["status"].remedy


@pytest.mark.parametrize(
    ("facts", "name", "verdict", "said"),
    [
        ({"status": "expired"}, "status", FAIL, "the API token is expired"),
        ({"status": "disabled"}, "status", FAIL, "the API token is disabled"),
        ({"status": 7}, "status", FAIL, "the API token is not valid"),
        ({"expires_on": "2026-07-08T00:00:00Z"}, "end", WARN, "2026-07-08 00:00 UTC, in 6 days"),
        ({"expires_on": "2027-07-01T00:00:00Z"}, "end", PASS, "2027-07-01 00:00 UTC, in 364 days"),
        ({"expires_on": "2026-06-01T00:00:00+02:00"}, "end", FAIL, "it ended at 2026-05-31 22:00"),
        ({"expires_on": "soon"}, "end", WARN, "its end is told as soon, which is no time"),
        ({"not_before": "2026-08-01T00:00:00Z"}, "begin", FAIL, "before 2026-08-01 00:00 UTC"),
    ],
)
def test_the_time_of_a_token_is_told(
    account: Account, facts: Any, name: str, verdict: Verdict, said: str
) -> None:
    """An end that is near or past, a beginning that is to come, a token that is switched off."""
    verifies_as(account, **facts)

    check = checked(account)[name]

    assert (check.verdict, said in check.found) == (verdict, True)


@pytest.mark.parametrize(("ahead", "verdict"), [(5, PASS), (45, WARN), (-45, WARN), (90, FAIL)])
def test_a_wrong_clock_is_told(account: Account, ahead: float, verdict: Verdict) -> None:
    """By the date of the answers; beyond what the lock bears it is a failure."""
    assert checked(account, ahead=ahead)["clock"].verdict is verdict


def test_a_zone_that_waits_for_its_name_servers(tmp_path: Path) -> None:
    """It is a failure where the file has names in it, else a warning, and says which to set."""
    account = Account(tmp_path, zones=(ZoneSeed("example.com", status="pending"),))

    found = checked(account, whole())["zone example.com"]

    assert (found.verdict, found.found) == (FAIL, "pending: names in it lead nowhere yet")
    assert found.remedy.endswith("registrar: ada.ns.cloudflare.com, bob.ns.cloudflare.com")
    assert checked(account)["zone example.com"].verdict is WARN


def test_names_outside_of_every_zone_are_told(tmp_path: Path) -> None:
    """With the zones that the token sees."""
    account = Account(tmp_path, zones=(ZoneSeed("example.net"),))

    found = checked(account, whole())["zones"]

    assert (found.verdict, found.remedy) == (FAIL, "it sees: example.net")
    assert found.found == "ssh.example.com lies in no zone that the token sees"


def test_an_account_without_zero_trust_is_told(tmp_path: Path) -> None:
    """And how to set it up."""
    account = Account(tmp_path)
    account.sandbox = Sandbox.create(zero_trust=False, clock=account.clock)

    found = checked(account, whole())["organisation"]

    assert (found.verdict, found.found) == (FAIL, "Zero Trust is not set up on this account")
    assert "choose a team name" in found.remedy


def test_another_team_is_told(account: Account) -> None:
    """A file that names a team which is not the account's would have its tokens refused."""
    found = checked(account, {**whole(), "team": "other"})["organisation"]

    assert (found.verdict, found.remedy) == (FAIL, "write `team: acme`")


def test_a_provider_that_is_not_there_is_told(account: Account) -> None:
    """With those that are."""
    okta = {"okta": {"identity_provider": "Okto", "name": "infra"}}

    found = checked(account, {**whole(), "groups": {"people": {"include": [okta]}}})

    check = found["identity provider Okto"]
    assert (check.verdict, check.found) == (FAIL, "there is none")
    assert "Okta" in check.remedy


def test_two_providers_of_one_name_are_told(account: Account) -> None:
    """None is guessed."""
    body = {"name": "Okta", "type": "okta", "config": {}}
    account.call("POST", "{A}/access/identity_providers", body)

    check = checked(account, WITH_OKTA)["identity provider Okta"]

    assert (check.verdict, check.found) == (FAIL, "2 are called so")


def test_an_outage_is_no_fault_of_the_token(account: Account) -> None:
    """Where the API does not answer, nothing is said of what it would have told."""
    account.sandbox.faults.add(kind="status", status=503, times=None)

    checks = checked(account, whole())

    assert wrong(checks) == {"HTTP": FAIL, "token": SKIP}


@pytest.mark.parametrize("path", ["/access/groups", "/cfd_tunnel", "/access/apps"])
def test_a_list_that_fails_is_told(account: Account, path: str) -> None:
    """What was not read for another reason than a permission is never taken as fine."""
    account.sandbox.faults.add(kind="status", status=500, path=f"{path}$", times=None)

    found = wrong(checked(account, whole()))

    assert found.pop("reading") is FAIL
    assert set(found.values()) <= {SKIP}


JUNK: tuple[Any, ...] = (
    None, 7, "text", [], {}, [None], [7], [{}], {"status": []},
    [{"id": "x", "name": "example.com", "status": {}, "permissions": 7, "name_servers": 7}],
    [{"id": {}, "name": ["example.com"]}], {"auth_domain": 7}, {"status": "active", "id": None},
)  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_what_cannot_be_understood_is_not_fine(account: Account, junk: Any) -> None:
    """Whatever comes in place of every answer, there is a check that says it is not well."""
    answer = {"success": True, "errors": [], "messages": [], "result": junk}
    account.sandbox.faults.add(kind="body", body=answer, times=None)

    file = {**WITH_OKTA, "removed": [{"address": "dns_record.nodots"}]}

    assert {FAIL, WARN, SKIP} & set(wrong(checked(account, file)).values())


def test_a_copy_that_may_not_stand_for_a_tunnel_is_a_check_that_fails(account: Account) -> None:
    """The rest is checked all the same."""
    text = f"tunnel: home\ningress: [{{service: {CLOSING}}}]\n"
    (account.folder / "pool.yml").write_text(text, encoding="utf-8")
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool.ztctl-prod", "config_src": "local"})
    tunnel = {"config": "local", "config_file": "pool.yml"}

    found = checked(account, {**whole(), "tunnels": {"pool": tunnel}})

    assert found["copies"].verdict is FAIL
    assert "the file of another tunnel, home" in found["copies"].found
    assert found["organisation"].verdict is PASS
