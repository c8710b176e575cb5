"""Snapshots between the files that hold them and the commands that work on them."""

from __future__ import annotations

from pathlib import Path

from ztctl.cloudflare.encoding import without_token
from ztctl.cloudflare.jsontext import LARGEST
from ztctl.cloudflare.snapshot import Snapshot, parse, text_of
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret
from ztctl.documents.streams import read_bounded
from ztctl.engine.private_file import write_private


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot.

    Raises:
        Failure: the file cannot be read, or is none.
    """
    try:
        content = read_bounded(path, LARGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise Failure(f"cannot read the snapshot {path}: {reason.lower()}") from error
    return parse(content, str(path))


def write_snapshot(path: Path, snapshot: Snapshot, token: Secret | None) -> None:
    """Write a snapshot with mode 0600, in place of an existing file; never with the token in it.

    Raises:
        Failure: it cannot be written.
    """
    write_private(path, without_token(text_of(snapshot), token), "the snapshot")


def require_account(snapshot: Snapshot, account: str | None) -> None:
    """Require that a snapshot is of the account that the files name by id or name, if they do.

    Raises:
        Failure: it is of another one, or that cannot be told.
    """
    if account is None or account == snapshot.account:
        return
    if snapshot.account_name and account == snapshot.account_name:
        return
    named = f" ({snapshot.account_name})" if snapshot.account_name else ""
    hint = f"take one of that account: ztctl snapshot FILE, or write `account: {snapshot.account}`"
    if snapshot.redacted:
        hint = "it is redacted: its account has another id than the real one; leave `account:` out"
    text = f"the snapshot is of the account {snapshot.account}{named}, and the files name {account}"
    raise Failure(text, hint)


def describe(snapshot: Snapshot) -> str:
    """What is worked on, and of when, in a sentence."""
    kind = "a redacted snapshot" if snapshot.redacted else "a snapshot"
    when = snapshot.taken.replace("T", " ").removesuffix("Z")
    gaps = len(snapshot.refused)
    lacks = f", which lacks {gaps} that its token could not read" if gaps else ""
    part = "" if snapshot.whole else ", taken for some files only"
    return f"This is {kind} of {when} UTC{part}{lacks}: the account may differ by now."
