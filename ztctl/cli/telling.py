"""Tell others what a run found: a webhook, and figures for Prometheus."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ztctl.cli.settings import Settings, Usage
from ztctl.core.model.diagnostics import Failure, ZtctlError
from ztctl.core.model.values import Secret
from ztctl.core.runs.journal import Redact
from ztctl.views.prometheus import RunFigures, metrics_text

_MOST_OF_URL = 4096
_MOST_OF_FIGURES = 1 << 20
_STACK = re.compile(r'stack="([a-z0-9-]{1,20})"')


def webhook_of(chosen: Settings, given: str | None, file: Path | None) -> Secret | None:
    """The webhook's URL from an argument, a file, or the environment; ``None``: there is none.

    Raises:
        Usage: it is given twice.
        Failure: the file cannot be read, or it is no URL.
    """
    if given is not None and file is not None:
        raise Usage("--webhook and --webhook-file exclude each other", "drop one of them")
    url = chosen.webhook if given is None and file is None else _url(given or "", file)
    if url is not None:
        from ztctl.cloudflare.webhook_client import check_webhook

        check_webhook(url)
    return url


def _url(given: str, file: Path | None) -> Secret:
    if file is not None:
        from ztctl.documents.streams import read_bounded

        try:
            given = read_bounded(file, _MOST_OF_URL).decode("ascii")
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "it is not plain text").lower()
            raise Failure(f"cannot read the webhook file {file}: {reason}") from error
    return Secret(given.strip())


@contextmanager
def failure_seen(metrics: Path | None) -> Iterator[None]:
    """Write figures of a run that failed where the block does: a dead job must be seen."""
    began = time.monotonic()
    try:
        yield
    except (ZtctlError, OSError):
        if metrics is not None:
            took = time.monotonic() - began
            with suppress(Failure):
                write_figures(metrics, RunFigures(stack_before(metrics), time.time(), took, 0), str)
        raise


def write_figures(path: Path, figures: RunFigures, redact: Redact) -> None:
    """Write the figures of a run for Prometheus's textfile collector.

    Raises:
        Failure: the file cannot be written; the old one is as it was.
    """
    _write_whole(path, metrics_text(figures, redact))


def stack_before(path: Path) -> str:
    """The stack of the figures there are, for a run that could not read its files; else a name.

    The series of a run that failed must be that of the runs before, or no alert sees it.
    """
    from ztctl.documents.streams import read_bounded

    with suppress(OSError, ValueError):
        found = _STACK.search(read_bounded(path, _MOST_OF_FIGURES, seconds=1).decode())
        if found is not None:
            return found[1]
    return path.stem


def _write_whole(path: Path, text: str) -> None:
    """Replace a file by another in one step, so that no reader sees half of it.

    The new one is written beside it, under a name that a textfile collector does not read.

    Raises:
        Failure: it cannot be written; the old one is as it was.
    """
    beside = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        # Others read it: node_exporter runs as a user of its own.
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            beside.unlink()
        reason = (getattr(error, "strerror", None) or "it is no path").lower()
        raise Failure(f"cannot write {path}: {reason}") from error
