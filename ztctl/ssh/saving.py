"""Save public keys of CAs where somebody says: one file a CA in a folder, or all in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.ssh_trust import StackCa
from ztctl.ssh.ca_file import MOST_BYTES, parsed
from ztctl.ssh.key_lines import ca_line, remark
from ztctl.ssh.public_keys import read_text, write_text

_REMEDY = "remove what is there, or name another file"
_UNSAFE = re.compile(r"[^a-z0-9._-]", re.I)


def bundle(cas: Sequence[StackCa]) -> str:
    """A file that trusts all of these CAs, each key below a line that says whose it is.

    Raises:
        Failure: what the account says of one is no public key.
    """
    return "".join(f"# {_remark(ca)}\n{ca_line(ca.public_key, ca.title)}\n" for ca in cas)


def _remark(ca: StackCa) -> str:
    # A line break in a name would make a line of its own, which servers would read.
    return f"{remark(ca.title)}{f', audience {ca.aud}' if ca.aud else ''}, {ca.fingerprint}"


def save(cas: Sequence[StackCa], place: Path) -> Iterator[str]:
    """Write the keys; yields a message for each file that was written or is right already.

    Where ``place`` is a folder, or is written with a slash at its end by the caller and so was
    made one, each CA gets a file of its own there; else all of them are in the one file.

    Raises:
        Failure: a file cannot be written, or something else than CA keys is there.
    """
    if not place.is_dir():
        yield _saved(place, bundle(cas), f"{len(cas)} CA key{'' if len(cas) == 1 else 's'}")
        return
    for name, ca in zip(_names(cas), cas, strict=True):
        yield _saved(place / name, f"{ca_line(ca.public_key, ca.title)}\n", ca.title)


def _names(cas: Sequence[StackCa]) -> list[str]:
    """A file name for each CA, which no other one has."""
    found: list[str] = []
    for ca in cas:
        base = _UNSAFE.sub("_", ca.name).lstrip(".") or "gateway-ca"
        taken = {it.lower() for it in found}
        names = (f"{base}.pub", *(f"{base}-{number}.pub" for number in range(2, len(cas) + 2)))
        found.append(next(it for it in names if it.lower() not in taken))
    return found


def _saved(path: Path, text: str, what: str) -> str:
    try:
        there = read_text(path, MOST_BYTES)
    except OSError as error:
        raise Failure(
            f"{path} cannot be read: {(error.strerror or '').lower()}", _REMEDY
        ) from error
    if there == text:
        return f"{path} holds {what} already"
    if there is not None and not _holds_keys_alone(there):
        raise Failure(f"{path} is there, and holds something else than CA keys", _REMEDY)
    write_text(path, text)
    return f"Wrote {path}: {what}"


def _holds_keys_alone(text: str) -> bool:
    keys, faults = parsed(text)
    return (
        bool(keys)
        and not faults
        and all(it.key.comment == "open-ssh-ca@cloudflareaccess.org" for it in keys)
    )
