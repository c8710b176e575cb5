"""Audit logs of both versions, by the official SDK."""

from __future__ import annotations

from .harness import Sdk, drives, ids

EVER = {"since": "2000-01-01", "before": "2100-01-01"}


@drives("GET {A}/logs/audit")
def test_pages_of_the_audit_log(sdk: Sdk) -> None:
    """The SDK follows the cursor over all entries: one for each write, newest first."""
    for number in range(5):
        sdk.tunnel(f"pool-{number}")

    listed = list(
        sdk.client.accounts.logs.audit.list(account_id=sdk.account, **EVER, limit=2)  # type: ignore[arg-type]
    )
    assert len(ids(listed)) == 5
    times = [one.action.time for one in listed if one.action and one.action.time]
    assert times == sorted(times, reverse=True)
    assert {one.raw.method for one in listed if one.raw} == {"POST"}


@drives("GET {A}/logs/audit")
def test_filters_of_the_audit_log(sdk: Sdk) -> None:
    """Entries are found by what was done, and not by what was not."""
    tunnel = sdk.tunnel()
    sdk.client.zero_trust.tunnels.cloudflared.delete(str(tunnel.id), account_id=sdk.account)

    deleted = list(
        sdk.client.accounts.logs.audit.list(
            account_id=sdk.account,
            **EVER,  # type: ignore[arg-type]
            raw_method={"not": ["POST"]},
            action_type={"not": ["create"]},
        )
    )
    assert [one.raw.method for one in deleted if one.raw] == ["DELETE"]


@drives("GET {A}/audit_logs")
def test_pages_of_the_old_audit_log(sdk: Sdk) -> None:
    """The SDK walks over all pages of version 1 too."""
    for number in range(5):
        sdk.tunnel(f"pool-{number}")

    listed = list(sdk.client.audit_logs.list(account_id=sdk.account, per_page=2))
    assert len(ids(listed)) == 5
