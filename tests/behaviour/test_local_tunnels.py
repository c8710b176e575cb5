"""A locally managed tunnel: what the account holds of it, and what it never gets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, refused
from tests.support.files import HOST, host, short, whole
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.lint import Code
from ztctl.core.model.plan import Action

SETTINGS = {"protocol": "http2", "metrics": "127.0.0.1:20241", "retries": 5, "tags": ["a=b"]}


def local(**fields: Any) -> dict[str, Any]:
    """One host behind a tunnel that a file on its server configures."""
    return {**host(), "tunnels": {"pool": {"config": "local", "connector": SETTINGS, **fields}}}


def written(account: Account) -> list[str]:
    """The methods of writes about tunnels since the log was forgotten."""
    return [it.method for it in account.writes() if "cfd_tunnel" in it.path]


def test_it_is_made_without_a_configuration(account: Account) -> None:
    """One call makes it, as locally managed; its rules are the file's, and never put."""
    assert account.apply(local()).is_complete

    assert account.one("tunnels", name="pool.ztctl-prod")["config_src"] == "local"
    assert written(account) == ["POST"]


def test_the_plan_after_an_apply_is_empty(account: Account) -> None:
    """Neither its rules nor the settings of its connector are compared with anything live."""
    account.apply(local())

    changed = local(ingress=[{"hostname": "b.example.com", "service": "tcp://h:1"}])
    changed["tunnels"]["pool"]["connector"] = {"loglevel": "warn"}

    assert account.plan(local()).changes == ()
    assert account.plan(changed).changes == ()


def test_nothing_about_what_it_serves_is_believed(account: Account) -> None:
    """Its file may say anything: a name that leads to it without an application is refused."""
    file: dict[str, Any] = {
        "tunnels": {"pool": {"config": "local", "ingress": []}},
        "dns": {HOST: {"tunnel": "pool"}},
    }

    assert refused(account.plan(file)) == [(f"dns_record.{HOST}", f"--allow-exposure {HOST}")]
    assert account.apply(local()).is_complete


def test_a_live_one_is_adopted_by_its_name_alone(account: Account) -> None:
    """It gets the mark, and a warning says what may look for its old name."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "local"})
    plan = account.plan(local(), adopt=True)
    account.forget_log()

    assert account.apply(local(), adopt=True).is_complete

    (warned,) = [it for it in plan.warnings if it.code == Code.RENAMED_TUNNEL]
    assert "`tunnel: NAME`" in warned.summary
    assert written(account) == ["PATCH"]


def test_a_remote_one_that_runs_is_warned_of_and_an_idle_one_is_not(account: Account) -> None:
    """A connector may have been started by the name of its tunnel, whatever configures that."""
    tunnel = account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})
    idle = account.plan(host(), adopt=True)
    account.sandbox.connect(tunnel["id"])
    running = account.plan(host(), adopt=True)

    codes = [[it.code for it in plan.warnings] for plan in (idle, running)]
    assert [Code.RENAMED_TUNNEL in found for found in codes] == [False, True]


@pytest.mark.parametrize("there", ["local", "cloudflare"])
def test_one_is_never_made_of_the_other(account: Account, there: str) -> None:
    """Not of ours, with a yes to everything, and what to do is said."""
    files = {"local": local(), "cloudflare": host()}
    account.apply(files.pop(there))
    (wanted,) = files.values()
    account.forget_log()

    plan = account.plan(wanted, disconnect=["all"], deletions=True)

    (refusal,) = plan.refusals
    assert (str(refusal.address), refusal.flag) == ("tunnel.pool", "")
    assert "`config: local`" in refusal.reason
    assert account.writes() == []


@pytest.mark.parametrize("there", ["local", "cloudflare"])
def test_nor_of_one_that_is_not_ours(account: Account, there: str) -> None:
    """An adoption is refused, too, and says how that tunnel can be used or declared."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": there})
    wanted = host() if there == "local" else local()

    (refusal,) = account.plan(wanted, adopt=True).refusals

    assert "`config: local`" in refusal.reason
    assert "`tunnel: {live: pool}`" in refusal.reason


def test_it_is_deleted_like_any_other(account: Account) -> None:
    """What is out of the file goes."""
    account.apply({**whole(), "tunnels": {**whole()["tunnels"], "old": {"config": "local"}}})

    (change,) = account.plan(whole()).changes

    assert (str(change.address), change.action) == ("tunnel.old", Action.DELETE)
    assert account.apply(whole()).is_complete


def problem(account: Account, tunnel: dict[str, Any]) -> str:
    """The one problem of a file with this tunnel."""
    with pytest.raises(Problems) as found:
        account.declared({"tunnels": {"pool": tunnel}})
    (it,) = found.value.items
    assert it.where is not None
    return f"{it.summary} -> {it.hint}"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "settings of a remote one": ({"connector": {"protocol": "quic"}}, "is of a locally managed"),
    "the spelling of the API": ({"config_src": "local"}, "did you mean `config`?"),
    "another place": ({"config": "file"}, "must be 'cloudflare' or 'local'"),
    "a protocol": ({"config": "local", "connector": {"protocol": "h2mux"}}, "'auto', 'quic'"),
    "cloudflared's spelling": (
        {"config": "local", "connector": {"log-directory": "/var"}},
        "did you mean `log_directory`?",
    ),
    "a port alone": ({"config": "local", "connector": {"metrics": "20241"}}, "no address with a"),
    "a number without a unit": ({"config": "local", "connector": {"grace_period": "30"}}, "30s"),
    "no retries": ({"config": "local", "connector": {"retries": 0}}, "at least 1"),
    "a tag": ({"config": "local", "connector": {"tags": ["a"]}}, "write KEY=VALUE"),
    "an address": ({"config": "local", "connector": {"edge_bind_address": "x"}}, "IP address"),
    "a rule": ({"config": "local", "ingress": [{"service": "localhost:22"}]}, "no scheme"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told(account: Account, case: str) -> None:
    """Its settings have types, and its rules are those of any tunnel."""
    tunnel, said = WRONG[case]

    assert said in problem(account, tunnel)


def test_the_short_form_fills_its_rules(account: Account) -> None:
    """Hosts stand in its file as in a remote configuration."""
    declared = account.declared({**local(), "hosts": {HOST: short()}})

    (tunnel,) = declared.of("tunnel")
    assert [it.get("hostname") for it in tunnel.values["ingress"]] == [HOST, None]
    assert tunnel.local["connector"] == SETTINGS
