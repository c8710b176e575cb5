"""Write public keys of CAs to files next to the YAML file, only when they differ."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.objects import Live, Wanted


def key_files(declared: Declared) -> Iterator[tuple[Wanted, Path]]:
    """Yield each CA that states a `public_key_file`, with that file's path."""
    for wanted in declared.wanted:
        name = wanted.local.get("public_key_file")
        if name and wanted.where is not None:
            yield wanted, Path(wanted.where.file).parent / str(name)


def stale_keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[Problem]:
    """Warn about each live key that its file does not hold."""
    for wanted, path, key in _keys(declared, live):
        if _is_stale(path, key):
            state = "is out of date" if path.exists() else "is missing"
            text = f"{path} {state}: it is to hold the CA key of {wanted.address.key}"
            yield Problem(text, wanted.where, "apply writes it", Severity.WARNING)


def misplaced(declared: Declared) -> Iterator[Problem]:
    """Report each file that a symlink leads out of the YAML file's folder."""
    for wanted, path in key_files(declared):
        if not _is_below(path, _folder(wanted)):
            yield Problem(
                f"{wanted.address}: `public_key_file` leads out of this file's folder by a link",
                wanted.where,
                f"remove the link on the way to {path}, or name another file",
            )


def write_public_keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[str]:
    """Write every live key that its file does not hold; yields messages about the files written.

    Raises:
        Failure: when a file cannot be written, or lies outside of the YAML file's folder.
    """
    for wanted, path, key in _keys(declared, live):
        if _is_stale(path, key):
            replaced = path.exists()
            _write(path, key, _folder(wanted))
            yield f"Wrote {path}: the CA key of {wanted.address.key}"
            if replaced:
                yield (
                    f"  It replaced another key: servers that trust the old one refuse logins for "
                    f"{wanted.address.key} until they get this one."
                )


def _keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[tuple[Wanted, Path, str]]:
    for wanted, path in key_files(declared):
        found = live.get(wanted.address)
        key = found.attribute("public_key") if found else None
        # With a line break it could add a second CA to a file that servers trust.
        if isinstance(key, str) and key and "\n" not in key:
            yield wanted, path, f"{key}\n"


def _folder(wanted: Wanted) -> Path:
    assert wanted.where is not None
    return Path(wanted.where.file).parent.resolve()


def _is_below(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    except RuntimeError:
        return False  # a loop of symlinks


def _is_stale(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != text
    except (OSError, UnicodeError):
        return True


def _write(path: Path, text: str, folder: Path) -> None:
    # Symlinks count: the path may have been replaced by one since `misplaced` looked.
    if not _is_below(path, folder):
        raise Failure(f"{path} leads out of {folder}", "remove the link, or name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written to a temporary file and renamed, so that nobody reads half a key.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or '').lower()}") from error
