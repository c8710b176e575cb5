"""A connector that runs by the files of its server, as ``cloudflared tunnel run`` reads them.

Written from cloudflared 2026.8.2 and from nothing of this package: the file is YAML whose durations
are texts, in the API they are seconds; the tunnel's id stands in the file and in the credentials,
and the edge takes a connector by the secret in these. No registry carries cloudflared, and a real
one connects to Cloudflare alone; where there is one it says what it makes of the files.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.support.connector import refusal
from tests.support.unshared import Machine
from ztctl.sandbox.service import Sandbox

PLACE = "/etc/cloudflared/config.yml"
_UNITS = {"h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(\d+)([hms])")


def run_by_files(machine: Machine, sandbox: Sandbox) -> str:
    """Start a connector by the files of a machine; the id of its tunnel.

    Raises:
        AssertionError: cloudflared refuses them, or the edge refuses the connector.
    """
    said = yaml.safe_load(machine.path(PLACE).read_text(encoding="utf-8"))
    assert refusal(said) is None, refusal(said)
    secrets = json.loads(machine.path(said["credentials-file"]).read_text(encoding="utf-8"))
    assert said["tunnel"] == secrets["TunnelID"]
    with sandbox.session() as state:
        tunnel = state.store.get("tunnel", said["tunnel"])
    assert tunnel is not None
    assert (secrets["AccountTag"], secrets["TunnelSecret"]) == (
        sandbox.account_id,
        tunnel["secret"],
    )
    served = {key: _in_seconds(said[key]) for key in ("ingress", "originRequest") if key in said}
    sandbox.connect(tunnel["id"], served)
    return str(tunnel["id"])


def _in_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_seconds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_seconds(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"(\d+[hms])+", value):
        return sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(value))
    return value


def asked(program: str, machine: Machine, url: str) -> str:
    """What a real cloudflared says of a machine's file, and which of its rules answers a URL."""
    command = (program, "tunnel", "--config", PLACE, "ingress")
    return machine.run(*command, "validate").said + machine.run(*command, "rule", url).said
