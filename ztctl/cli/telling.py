"""Tell others what a run found: a webhook, and figures for Prometheus."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ztctl.cli.settings import Settings, Usage
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret

_MOST_OF_URL = 4096


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


def write_whole(path: Path, text: str) -> None:
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
