"""A local Cloudflare API for trying changes, testing stacks and reproducing faults.

It imports nothing of ztctl outside this package and shares no model with it. Importing it costs
next to nothing: what needs httpx (`ztctl.sandbox.transport`), starlette and uvicorn
(`ztctl.sandbox.server`) or the emulation itself is loaded when it is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ztctl.sandbox.script import Script
    from ztctl.sandbox.seeds import ZoneSeed
    from ztctl.sandbox.service import Sandbox
    from ztctl.sandbox.settings import Settings

__all__ = ["open_sandbox"]


def open_sandbox(
    state: Path | None = None,
    *,
    account_name: str = "Acme",
    zones: Iterable[str | ZoneSeed] = ("example.com",),
    zero_trust: bool = True,
    awkward: bool = False,
    settings: Settings | None = None,
    script: Script | None = None,
) -> Sandbox:
    """Open a sandbox whose state is kept in a file, or in memory if `state` is None.

    An empty state is seeded with one account, these zones and three identity providers; zones
    that an existing state lacks are added. Several processes may open one file. A `script`
    (`ztctl.sandbox.script.load`) brings zones, tokens, faults and settings; `settings` override
    the script's.

    Raises:
        Unreadable: (`ztctl.sandbox.reading`, a ValueError) the script names unknown tunnels.
        StateError: (`ztctl.sandbox.store`, a ValueError) the file is not a state file.
        OSError: the file cannot be read or written.
    """
    from ztctl.sandbox.service import Sandbox
    from ztctl.sandbox.settings import Settings
    from ztctl.sandbox.store import Store

    if state is None:
        store = Store()
    else:
        from ztctl.sandbox.journal import FileJournal

        store = Store(FileJournal(state))
    sandbox = Sandbox.create(
        store,
        account_name=account_name,
        zones=(*zones, *(script.zones if script else ())),
        zero_trust=zero_trust,
        awkward=awkward,
        settings=settings or (script.settings if script else Settings()),
    )
    if script is not None:
        script.play(sandbox)
    return sandbox
