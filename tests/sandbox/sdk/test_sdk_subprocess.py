"""The official SDK against `ztctl sandbox serve`, as a stranger would use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Sdk, client, ids


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a running `ztctl sandbox serve` says is to be exported."""
    command = [sys.executable, "-m", "ztctl", "sandbox", "serve", "--state", "state.jsonl"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().strip() for _ in range(3)]
            yield dict(line.split("=", 1) for line in lines)
        finally:
            process.terminate()


def test_served_command(environment: dict[str, str]) -> None:
    """The variables that the command prints are all that the SDK needs."""
    account, url = environment["CLOUDFLARE_ACCOUNT_ID"], environment["CLOUDFLARE_BASE_URL"]

    with client(url, environment["CLOUDFLARE_API_TOKEN"], max_retries=0) as sdk:
        (zone,) = sdk.zones.list(name="example.com")
        tunnels = sdk.zero_trust.tunnels.cloudflared
        made = [tunnels.create(account_id=account, name=f"pool-{n}").id for n in range(5)]
        sdk.dns.records.create(
            zone_id=zone.id, type="CNAME", name="web", content=f"{made[0]}.cfargotunnel.com", ttl=1
        )
        (record,) = sdk.dns.records.list(zone_id=zone.id)
        assert ids(tunnels.list(account_id=account, per_page=2)) == set(made)
    assert record.name == "web.example.com"


def test_answers_come_at_once(sdk: Sdk) -> None:
    """No answer on an open connection waits for the 40 ms of a delayed acknowledgement."""
    call = sdk.client.accounts.with_raw_response.get
    waits = [call(account_id=sdk.account).elapsed.total_seconds() for _ in range(20)]

    assert min(waits[2:]) < 0.03
