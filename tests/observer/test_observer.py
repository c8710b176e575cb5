"""The observer itself: it sees what it is there to see, and says nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import HOST, host, whole
from tests.support.observer.guests import STRANGER
from tests.support.observer.observer import Agreed

Hands = Callable[[Account], None]
READ_ONLY = ("id", "aud", "created_at", "updated_at", "self_hosted_domains", "reusable")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with one host whose connector checks nothing by itself."""
    account = Account(tmp_path)
    file = whole()
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    account.apply(file)
    return account


def observed(account: Account, *hands: Hands, **agreed: Any) -> list[str]:
    """What the observer says of a run that does these things and no others."""
    account.observer.begin(Agreed(**agreed))
    for one in hands:
        one(account)
    return account.observer.end(complete=True)


def put(account: Account, kind: str, path: str, **changes: Any) -> None:
    """Change fields of the one object of a kind."""
    found = account.one(kind)
    body = {name: value for name, value in {**found, **changes}.items() if name not in READ_ONLY}
    account.call("PUT", f"{{A}}/access/{path}/{found['id']}", body)


def email(address: str) -> dict[str, Any]:
    """One rule element."""
    return {"email": {"email": address}}


def delete_application(account: Account) -> None:
    """Nothing stands in front of the host any more."""
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}")


def bypass(account: Account) -> None:
    """The host asks nobody."""
    put(account, "policies", "policies", decision="bypass", include=[{"everyone": {}}])


def half_the_internet(account: Account) -> None:
    """Half of all addresses are asked nothing."""
    put(account, "policies", "policies", decision="bypass", include=[{"ip": {"ip": "128.0.0.0/1"}}])


def allow_everyone(account: Account) -> None:
    """Whoever can log in anywhere comes in."""
    put(account, "policies", "policies", include=[{"everyone": {}}])


def one_path(account: Account) -> None:
    """An application on a path of its own asks nobody there."""
    policy = {"name": "open", "decision": "bypass", "include": [{"everyone": {}}]}
    body = {"type": "self_hosted", "name": "health", "domain": f"{HOST}/healthz"}
    account.call("POST", "{A}/access/apps", {**body, "policies": [policy]})


def wildcard(account: Account) -> None:
    """Every other name of the zone leads to the tunnel, which serves them all."""
    tunnel = account.one("tunnels")["id"]
    rules = [{"service": "ssh://localhost:22"}]
    account.call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": {"ingress": rules}})
    zone = account.one("zones", name="example.com")["id"]
    record = {"type": "CNAME", "name": "*.example.com", "content": f"{tunnel}.cfargotunnel.com"}
    account.call("POST", f"/zones/{zone}/dns_records", {**record, "proxied": True})


@pytest.mark.parametrize(
    "hands", [delete_application, bypass, half_the_internet, allow_everyone, one_path, wildcard]
)
def test_an_open_door_is_seen(account: Account, hands: Hands) -> None:
    """However a name comes to be open, some stranger gets in and the write is named."""
    found = observed(account, hands)

    assert found
    assert all(line.startswith(f"open door: {STRANGER}") for line in found)
    assert all(" after " in line for line in found)


def test_what_was_open_before_is_no_breach(account: Account) -> None:
    """A run is not blamed for what it found."""
    bypass(account)

    assert observed(account, allow_everyone) == []


def before_any_login(account: Account) -> None:
    """Service Auth that every visitor fulfils; what it asks of a login is never asked."""
    approval = {"approvals_needed": 1, "email_addresses": ["ann@example.com"]}
    put(
        account,
        "policies",
        "policies",
        decision="non_identity",
        include=[{"everyone": {}}],
        approval_required=True,
        approval_groups=[approval],
    )


def whoever_logs_in(account: Account) -> None:
    """Whoever can log in anywhere comes in, and nobody has to say yes."""
    put(
        account,
        "policies",
        "policies",
        decision="allow",
        include=[{"everyone": {}}],
        approval_required=False,
        approval_groups=[],
    )


def test_where_nobody_is_asked_an_approval_keeps_out_nobody(account: Account) -> None:
    """A host open to everybody that becomes one for whoever logs in has no new door."""
    before_any_login(account)

    assert observed(account, whoever_logs_in) == []


@pytest.mark.parametrize("agreed", [{"public": [HOST]}, {"exposed": ["all"]}, {"exposed": [HOST]}])
def test_what_was_stated_or_allowed_is_no_breach(account: Account, agreed: Any) -> None:
    """A name may be open that the file states, or that the run was allowed to open."""
    assert observed(account, delete_application, **agreed) == []


def widen(account: Account) -> None:
    """One more person may enter."""
    include = [email("ann@example.com"), email("eve@example.com")]
    put(account, "groups", "groups", include=include)


def narrow(account: Account) -> None:
    """Only the first may enter."""
    put(account, "groups", "groups", include=[email("ann@example.com")])


def redirected(service: str) -> Hands:
    """The name leads to another service."""

    def hands(account: Account) -> None:
        stored = account.one("tunnel_configurations")
        stored["config"]["ingress"][0]["service"] = service
        path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
        account.call("PUT", path, {"config": stored["config"]})

    return hands


def test_a_widening_that_lasts_is_no_breach(account: Account) -> None:
    """Who may enter after the run may enter during it."""
    assert observed(account, widen) == []


@pytest.mark.parametrize(
    ("wide", "back"),
    [(widen, narrow), (redirected("ssh://prod:22"), redirected("ssh://localhost:22"))],
    ids=["people", "service"],
)
def test_a_widening_in_between_is_seen(account: Account, wide: Hands, back: Hands) -> None:
    """Somebody got in who could neither before nor after, or to where nobody could."""
    (line,) = observed(account, wide, back)

    assert line.startswith("widened: ")
    assert ("eve@example.com" in line) or ("ssh://prod:22" in line)


def deny(account: Account) -> None:
    """Nobody may enter."""
    put(account, "policies", "policies", decision="deny")


def allow(account: Account) -> None:
    """The group may enter."""
    put(account, "policies", "policies", decision="allow")


@pytest.mark.parametrize(("interrupted", "breaches"), [(False, 1), (True, 0)])
def test_a_lock_out_is_seen(account: Account, interrupted: bool, breaches: int) -> None:
    """It is noted always, and a breach unless it was agreed to."""
    found = observed(account, deny, allow, interrupted=interrupted)

    assert len(found) == breaches
    assert [line.partition(" ")[0] for line in account.observer.lockouts] == ["locked"]
    assert "ann@example.com" in account.observer.lockouts[0]


def test_a_run_that_was_cut_off_is_judged_with_its_end(account: Account) -> None:
    """What the first half opens for somebody, the second may close only if it was open before."""
    observer = account.observer
    observer.begin(Agreed())
    widen(account)
    assert observer.end(complete=False) == []

    assert len(observed(account, narrow)) == 1


def test_nothing_is_said_of_a_run_that_does_nothing(account: Account) -> None:
    """An account at rest breaks no promise, and a second apply of the same file neither."""
    assert observed(account) == []


def test_who_is_excluded_or_denied_goes_there_too(account: Account) -> None:
    """An exclusion that is gone for a moment lets in whom it was about."""
    put(account, "policies", "policies", exclude=[{"geo": {"country_code": "FR"}}])

    def off(account: Account) -> None:
        put(account, "policies", "policies", exclude=[])

    def on(account: Account) -> None:
        put(account, "policies", "policies", exclude=[{"geo": {"country_code": "FR"}}])

    found = observed(account, off, on)

    assert found
    assert all(" FR " in line for line in found)


def test_a_service_token_is_presented(account: Account) -> None:
    """A policy that takes any token is tried with a real one."""
    account.call("POST", "{A}/access/service_tokens", {"name": "ci"})
    before = account.one("policies")

    def machines(account: Account) -> None:
        any_token: list[Any] = [{"any_valid_service_token": {}}]
        put(account, "policies", "policies", decision="non_identity", include=any_token)

    def people(account: Account) -> None:
        put(account, "policies", "policies", decision="allow", include=before["include"])

    found = observed(account, machines, people, interrupted=True)

    assert found
    assert all(account.one("service_tokens")["client_id"] in line for line in found)


def test_the_short_form_is_observed_too(tmp_path: Path) -> None:
    """An apply and a destroy of the simplest host are seen and break nothing."""
    account = Account(tmp_path)
    account.apply(host())
    account.destroy(host())

    assert (account.observer.breaches, account.observer.lockouts) == ([], [])
