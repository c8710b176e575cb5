"""No file without proof: what is not the same is named, by object and field."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.exporting import (
    application,
    exported,
    policy,
    read_back,
    record,
    rule,
    stored,
    text_of,
    tunnel,
)
from tests.support.files import whole
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problems
from ztctl.core.planning.proof import Unproven, unproven
from ztctl.documents import export_values

HOST = "ssh.example.com"


def one_host(account: Account) -> None:
    """A host that somebody made by hand."""
    std = policy(account, session_duration="24h")
    pool = tunnel(account, [rule(HOST)])
    record(account, HOST, pool)
    # What `hosts` cannot say: all of it is written out.
    application(account, HOST, policies=[std], custom_deny_message="no")


def proved(account: Account, declared: Declared) -> list[Unproven]:
    """What a plan of these files would do beyond putting marks on."""

    async def work() -> list[Unproven]:
        async with account.client() as client:
            source = plan_source(client, declared, options_of(adopt=True), account.view())
            planned = await source.plan()
        return [*unproven(planned.draft, planned.plan.refusals)]

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("old", "new", "address", "field"),
    [
        ("session_duration: 24h", "session_duration: 8h", "access_policy.std", "session_duration"),
        ("decision: allow", "decision: deny", "access_policy.std", "decision"),
        ("email: ann@", "email: eve@", "access_policy.std", "include"),
        ("policies: [std]", "policies: []", f"access_application.{HOST}", "policies"),
        ("localhost:22", "localhost:23", "tunnel.pool", "ingress"),
        (", access: false", "", "tunnel.pool", "ingress"),
        ("    tunnel: pool", "    tunnel: pool\n    comment: x", f"dns_record.{HOST}", "comment"),
    ],
)
def test_whatever_differs_is_found_with_its_field(
    account: Account, old: str, new: str, address: str, field: str
) -> None:
    """A plan that would change more than marks is no proof, and says of which field."""
    one_host(account)
    found = exported(account)
    assert proved(account, read_back(found, account.folder)) == []
    path = account.folder / "ztctl.yaml"
    text = text_of(found)
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    differing = proved(account, declared_of(account))

    assert (address, field) in {(str(it.address), name) for it in differing for name in it.fields}


def declared_of(account: Account) -> Declared:
    """The wanted side of the file that lies there."""
    from ztctl.cli.session import declared_by
    from ztctl.cli.settings import Settings

    return declared_by(Settings(files=(account.folder / "ztctl.yaml",)))


def test_what_is_written_wrongly_is_never_handed_out(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the export itself make a mistake, the object is left out and named."""
    one_host(account)
    honest: Callable[..., dict[str, Any]] = export_values.stated

    def wrong(*given: Any) -> dict[str, Any]:
        found = honest(*given)
        return {**found, **({"decision": "bypass"} if "decision" in found else {})}

    monkeypatch.setattr("ztctl.documents.export.stated", wrong)

    found = exported(account)

    assert [it.reason for it in found.document.left] == ["the plan would change decision, name"]
    assert not found.is_complete


def test_the_stacks_own_object_that_no_file_states_ends_the_export(account: Account) -> None:
    """Left out of the file it would be deleted by the next plan: it is named instead."""
    account.apply(whole())
    key = account.one("policies")["id"]
    stored(account, "policy", key, include=[{"moon_phase": {"phase": "full"}}])

    with pytest.raises(Problems, match=r"access_policy.team is the stack's own.*moon_phase"):
        exported(account)


def test_what_no_field_models_is_told_above_its_entry(account: Account) -> None:
    """It stays live, at any depth, though the file is silent about it; what is off is nothing."""
    own = {"name": "own", "decision": "deny", "include": [{"email": {"email": "eve@example.com"}}]}
    std = policy(account, session_duration="24h", connection_rules={"ssh": {"usernames": ["root"]}})
    pool = tunnel(account, [rule(HOST, originRequest={"novel": 1})], foreign={"off": False})
    record(account, HOST, pool)
    made = application(account, HOST, policies=[own, std])
    places = [{"type": "public", "uri": HOST, "moon": "full", "sun": False}]
    stored(account, "app", made["id"], destinations=places)
    stored(account, "policy", account.one("policies", name="own")["id"], novel={"a\n# b": 1})

    text = text_of(exported(account))

    said = [it.partition(": ")[2] for it in text.splitlines() if "# Not said here" in it]
    assert sorted(said) == [
        "connection_rules.ssh.usernames",
        "destinations.moon, policies.novel.a\\n# b",
        "ingress.originRequest.novel",
    ], text


def test_the_account_is_read_once(account: Account) -> None:
    """Proving takes one list more than reading the account: that of the tags."""
    one_host(account)
    account.forget_log()

    exported(account)

    calls = [f"{it.method} {it.path}" for it in account.sandbox.log]
    assert len(calls) == len(set(calls))
    assert [it for it in calls if it.endswith("/access/tags")]
    assert all(it.startswith("GET ") for it in calls)
