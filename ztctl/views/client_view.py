"""Format what a laptop gets, and what installing it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ztctl.core.model.client import ClientHost, RenderedClient
from ztctl.views.escape import Clean, visible
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone

_TONES: Final = {"+": Tone.ADD, "-": Tone.DESTROY}


@dataclass(frozen=True, slots=True)
class InstalledClient:
    """What installing or taking away changes below ``~/.ssh``, or has changed.

    Attributes:
        written: files, each with ``create``, ``update`` or ``delete``.
        migrated: hosts whose old blocks are taken out.
        remarks: what was left alone, each with file and line.
        diff: of the files.
        is_done: false of a dry run.
        removes: whether it takes away.
    """

    written: Sequence[tuple[str, str]]
    migrated: Sequence[str]
    remarks: Sequence[tuple[str, int, str]]
    diff: str
    is_done: bool
    removes: bool


def client_page(found: RenderedClient) -> Page:
    """Format the blocks for this machine, as ssh reads them; nothing in them is cut or masked."""
    heading = f"ssh_config for {code_span(found.stack)}"
    lines = tuple(Line(visible(row)) for row in found.here.config.splitlines())
    return Page(heading, (lines,), (client_document(found),), folds=False)


def client_document(found: RenderedClient) -> dict[str, Any]:
    """As JSON; docs/reference/json.md and schemas/ssh-client.schema.json tell of it."""
    return {
        "type": "ssh_client",
        "format_version": "1.0",
        "stack": found.stack,
        "user": found.user or None,
        "hosts": [_host(host) for host in found.hosts],
        "cloudflared": found.here.cloudflared,
        "config": found.here.config,
        "known_hosts": found.known_hosts or None,
        "known_hosts_file": found.known_hosts_file if found.known_hosts else None,
        "systems": [
            {"system": it.system, "cloudflared": it.cloudflared, "config": it.config}
            for it in found.systems
        ],
    }


def _host(host: ClientHost) -> dict[str, Any]:
    return {
        "host": host.name,
        "has_ca": host.has_ca,
        "aliases": [*host.aliases],
        "is_bastion": host.is_bastion,
        "inner": [{"name": it.name, "address": it.address, "port": it.port} for it in host.inner],
    }


def installed_page(stack: str, found: InstalledClient, clean: Clean) -> Page:
    """Format what installing changes: as a diff before, file by file afterwards."""
    lines = (*_changes(found, clean), *_told(found, clean))
    heading = f"ssh_config of {code_span(clean(stack))}"
    return Page(heading, (lines,), (installed_document(stack, found),), folds=False, wraps=False)


def installed_document(stack: str, found: InstalledClient) -> dict[str, Any]:
    """As JSON; docs/reference/json.md and schemas/ssh-client.schema.json tell of it."""
    return {
        "type": "ssh_client_install",
        "format_version": "1.0",
        "stack": stack,
        "removes": found.removes,
        "done": found.is_done,
        "files": [{"path": path, "action": action} for path, action in found.written],
        "migrated": [*found.migrated],
        "left_alone": [
            {"file": file, "line": line, "text": text} for file, line, text in found.remarks
        ],
    }


def _changes(found: InstalledClient, clean: Clean) -> Iterator[Line]:
    if not found.written:
        yield Line("No changes: nothing is installed." if found.removes else "No changes.")
    elif found.is_done:
        verbs = {"create": "Wrote", "update": "Changed", "delete": "Deleted"}
        yield from (Line(f"{verbs[action]} {clean(path)}") for path, action in found.written)
    else:
        for row in found.diff.split("\n")[:-1]:
            yield Line(clean.whole(row), tone=_TONES.get(row[:1], Tone.PLAIN))


def _told(found: InstalledClient, clean: Clean) -> Iterator[Line]:
    if not found.is_done:
        return
    for name in found.migrated:
        yield Line(f"Old blocks for {clean(name)} are taken out of the config.")
    for file, line, text in found.remarks:
        yield Line(clean(f"{file}:{line}: {text}"))
