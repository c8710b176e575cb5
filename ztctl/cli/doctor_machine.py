"""What can be told of this machine: versions, programs, the way to the API."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from ztctl import __version__
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import BASE_URL
from ztctl.cloudflare.reachability import way_to
from ztctl.core.model.checkup import Check, Verdict
from ztctl.core.model.diagnostics import Failure

AREA: Final = "Machine"
NETWORK: Final = "Network"
_SECONDS: Final = 5.0
# What a program is told of the environment: enough to start, and no secret.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")
_LONGEST: Final = 100
_CLOUDFLARED: Final = (
    "needed where a connector runs, and on laptops that come in by ssh: see Cloudflare's downloads"
)
_OPENSSH: Final = "needed on laptops and servers: install the OpenSSH client"


def machine(environment: Mapping[str, str]) -> Iterator[Check]:
    """Versions, and the programs that come after an apply."""
    yield Check(AREA, "Python", Verdict.PASS, platform.python_version())
    yield Check(AREA, "ztctl", Verdict.PASS, __version__)
    yield _program("cloudflared", "cloudflared", "--version", "cloudflared", environment)
    yield _program("OpenSSH", "ssh", "-V", "OpenSSH", environment)


def _program(
    name: str, command: str, option: str, expected: str, environment: Mapping[str, str]
) -> Check:
    remedy = _CLOUDFLARED if command == "cloudflared" else _OPENSSH
    path = shutil.which(command, path=environment.get("PATH", ""))
    if path is None:
        return Check(AREA, name, Verdict.WARN, "not on the path", remedy)
    said = _said(path, option, environment)
    if said is None:
        return Check(AREA, name, Verdict.WARN, f"{path} does not run", remedy)
    if not re.search(rf"\b{expected}", said):
        text = f"{path} says {said or 'nothing'}"
        return Check(AREA, name, Verdict.WARN, text, f"it does not look like {name}")
    return Check(AREA, name, Verdict.PASS, said)


def said_by(command: str, option: str, environment: Mapping[str, str]) -> str | None:
    """The first line that a program on the path says of itself; ``None`` where there is none."""
    path = shutil.which(command, path=environment.get("PATH", ""))
    return _said(path, option, environment) if path else None


def _said(path: str, option: str, environment: Mapping[str, str]) -> str | None:
    """The first line that a program says of its version; ``None`` where it does not run."""
    kept = {name: environment[name] for name in _KEPT if name in environment}
    try:
        done = subprocess.run(  # noqa: S603
            [path, option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env=kept,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    text = (done.stdout or done.stderr)[:4096].decode("utf-8", "replace").strip()
    return next(iter(text.splitlines()), "")[:_LONGEST]


async def network(chosen: Settings) -> AsyncIterator[Check]:
    """The way to the API as far as TLS; what comes after it, the first call tells."""
    if chosen.sandbox:
        yield Check(NETWORK, "API", Verdict.PASS, "the sandbox, in this process")
        return
    try:
        async for leg in way_to(chosen.api_url or BASE_URL):
            verdict = Verdict.FAIL if leg.failed else Verdict.PASS
            yield Check(NETWORK, leg.name, verdict, leg.found, leg.hint)
    except Failure as failure:
        yield Check(NETWORK, "URL", Verdict.FAIL, failure.summary, failure.hint)
