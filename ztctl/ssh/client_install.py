"""Put a file of its own below ``~/.ssh``, with one ``Include`` at the very top of the config.

The first value counts in ssh_config, and an Include behind a ``Host`` or ``Match`` line is for that
one alone: hence the top. A relative path there is one below ``~/.ssh`` (ssh_config(5)).

What is changed is planned first, as the bytes of each file before and after; the same plan is
shown as a diff, or written. Nothing is written through a link that leads out of ``~/.ssh``.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final, Literal

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.names import access_covers
from ztctl.ssh.old_blocks import OldBlock, old_blocks, without

MOST_BYTES: Final = 4 << 20
_PRIVATE: Final = 0o600
_FOLDER: Final = 0o700
_INCLUDE: Final = re.compile(r"\s*include(?:\s*=\s*|\s+)(\S.*?)\s*", re.IGNORECASE | re.DOTALL)
_SERVED: Final = re.compile(r"^# BEGIN ztctl (\S+)$", re.MULTILINE)
_ENCODING: Final = "utf-8"
# What is no UTF-8 comes back as it was.
_ERRORS: Final = "surrogateescape"


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """What is installed for one stack.

    Attributes:
        stack: its name, of which the names of the files are made.
        config: text of its ssh_config.
        known_hosts: text of its known_hosts; empty where no host key was given.
    """

    stack: str
    config: str = ""
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, before and after; ``None`` where there is none."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def action(self) -> Literal["create", "update", "delete"]:
        """What is done to it."""
        if self.after is None:
            return "delete"
        return "create" if self.before is None else "update"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a file that was left alone; the line counts from one."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be done below ``~/.ssh``, in this order, and what people should know of it."""

    folder: Path
    changes: tuple[FileChange, ...]
    remarks: tuple[Remark, ...] = ()
    migrated: tuple[str, ...] = ()

    @property
    def diff(self) -> str:
        """As ``diff -u`` shows it."""
        return "".join(line for change in self.changes for line in _diff(change))

    def write(self) -> None:
        """Make every change, each whole or not at all.

        Raises:
            Failure: one cannot be made; those before it are.
        """
        for change in self.changes:
            try:
                _write(self.folder, change)
            except OSError as error:
                raise Failure(f"cannot write {change.path}: {_why(error)}") from error


def config_name(stack: str) -> str:
    """The name of a stack's own file below ``~/.ssh``."""
    return f"ztctl_{stack}.conf"


def known_hosts_name(stack: str) -> str:
    """The name of the file with the host keys of a stack."""
    return f"ztctl_{stack}_known_hosts"


def installable(stack: str, config: str) -> str:
    """The text of a stack's own file, with how to install it by hand."""
    name = config_name(stack)
    return (
        f"# ssh_config of {stack}, made by ztctl. To install it, save it as ~/.ssh/{name}\n"
        "# (mode 0600), and put this line at the very top of ~/.ssh/config:\n"
        f"#   Include {name}\n\n"
        f"{config}"
    )


def plan_install(folder: Path, files: ClientFiles) -> Installation:
    """Plan what installing changes; nothing where all is as it should be.

    Args:
        folder: ``~/.ssh``; it may be missing.
        files: what is installed.

    Raises:
        Failure: a file there cannot be read, or must not be written.
    """
    places = _SshFiles.of(folder, files.stack)
    before = _read(places.config)
    made = _converted(before or b"", files.config, files.stack)
    changes = [
        FileChange(places.keys, _read(places.keys), files.known_hosts.encode() or None),
        FileChange(places.own, _read(places.own), files.config.encode()),
    ]
    if made.config != before:
        # The backup goes first: a run that is cut off between the two has changed nothing.
        saved = FileChange(places.backup, _read(places.backup), before)
        changes += [saved, FileChange(places.config, before, made.config)]
    return Installation(
        folder,
        tuple(it for it in changes if it.before != it.after),
        tuple(_remark(places.config, block) for block in made.kept),
        tuple(dict.fromkeys(block.name for block in made.gone)),
    )


def plan_uninstall(folder: Path, stack: str) -> Installation:
    """Plan the way back: the config as it was before, byte for byte, if nobody has edited it since.

    Otherwise the Include goes and what was edited stays; the backup stays as well if it has
    anything that the config has not.

    Raises:
        Failure: as `plan_install`.
    """
    places = _SshFiles.of(folder, stack)
    before, saved = _read(places.config), _read(places.backup)
    after = None if before is None else _encoded(_excluded(_lines(before), stack))
    keeps = False
    if saved is not None:
        original = _encoded(_excluded(_lines(saved), stack))
        is_as_left = before == _converted(saved, _text(_read(places.own)), stack).config
        after = original if is_as_left else after
        keeps = after != original
    elif not after and after != before:
        # There was none.
        after = None
    changes = [
        FileChange(places.config, before, after),
        *(FileChange(it, _read(it), None) for it in (places.own, places.keys)),
        *([] if keeps else [FileChange(places.backup, saved, None)]),
    ]
    text = f"{places.config.name} has been edited since, and this is how it was before: kept"
    return Installation(
        folder,
        tuple(it for it in changes if it.before != it.after),
        (Remark(places.backup, 1, text),) if keeps else (),
    )


@dataclass(frozen=True, slots=True)
class _SshFiles:
    """The files below ``~/.ssh`` that are read and written, links followed."""

    config: Path
    own: Path
    keys: Path
    backup: Path

    @classmethod
    def of(cls, folder: Path, stack: str) -> _SshFiles:
        names = (
            "config",
            config_name(stack),
            known_hosts_name(stack),
            f"config.before-ztctl_{stack}",
        )
        return cls(*(_inside(folder, folder / name) for name in names))


@dataclass(frozen=True, slots=True)
class _Converted:
    """What installing makes of a config."""

    config: bytes
    gone: tuple[OldBlock, ...]
    kept: tuple[OldBlock, ...]


def _converted(before: bytes, rendered: str, stack: str) -> _Converted:
    lines = _lines(before)
    served = _SERVED.findall(rendered)
    gone: list[OldBlock] = []
    kept: list[OldBlock] = []
    # An Include that has moved belongs to no block.
    bare = ["" if _is_own(line, stack) else line for line in lines]
    for block in old_blocks(bare, rendered):
        takes = block.is_known and any(access_covers(it, block.name) for it in served)
        (gone if takes else kept).append(block)
    return _Converted(_encoded(_included(without(lines, gone), stack)), tuple(gone), tuple(kept))


def _included(lines: Sequence[str], stack: str) -> list[str]:
    for line in lines:
        if _is_own(line, stack):
            return [*lines]
        if line.strip() and not line.lstrip().startswith("#") and not _INCLUDE.fullmatch(line):
            break
    return [f"Include {config_name(stack)}\n", *_excluded(lines, stack)]


def _excluded(lines: Sequence[str], stack: str) -> list[str]:
    return [line for line in lines if not _is_own(line, stack)]


def _is_own(line: str, stack: str) -> bool:
    found = _INCLUDE.fullmatch(line)
    return found is not None and found[1].strip('"').removeprefix("~/.ssh/") == config_name(stack)


def _remark(path: Path, block: OldBlock) -> Remark:
    if block.is_known:
        text = f"a block for {block.name}, which these files do not have: left alone"
    else:
        text = "a block for cloudflared that somebody has changed: left alone; ztctl's come first"
    return Remark(path, block.start + 1, text)


def _lines(data: bytes) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", _text(data))


def _text(data: bytes | None) -> str:
    return (data or b"").decode(_ENCODING, _ERRORS)


def _encoded(lines: Sequence[str]) -> bytes:
    return "".join(lines).encode(_ENCODING, _ERRORS)


def _diff(change: FileChange) -> Iterator[str]:
    names = [
        "/dev/null" if data is None else str(change.path) for data in (change.before, change.after)
    ]
    before, after = (_lines(data or b"") for data in (change.before, change.after))
    for line in unified_diff(before, after, names[0], names[1]):
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        yield ended


def _inside(folder: Path, path: Path) -> Path:
    """Where a path leads, links followed.

    Raises:
        Failure: out of the folder, or to what is no regular file.
    """
    try:
        found = path.resolve()
        if found.parent.is_relative_to(folder.resolve()) and not (
            found.exists() and not found.is_file()
        ):
            return found
    except (RuntimeError, OSError):
        pass  # a loop of links
    if path.is_symlink():
        hint = "write the line `Include …` there yourself, or make it a file"
        raise Failure(f"{path} leads out of {folder} by a link: nothing was written", hint)
    raise Failure(f"{path} is no regular file: nothing was written")


def _read(path: Path) -> bytes | None:
    try:
        # Between the look and the read it may have become something that never ends.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"cannot read {path}: {_why(error)}") from error
    with os.fdopen(handle, "rb") as file:
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Failure(f"{path} is no regular file: nothing was written")
            data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise Failure(f"cannot read {path}: {_why(error)}") from error
    if len(data) > MOST_BYTES:
        raise Failure(f"{path} is larger than {MOST_BYTES >> 20} MB: that is no ssh_config")
    return data


def _write(folder: Path, change: FileChange) -> None:
    path = change.path
    # Again, for somebody may have put a link in its place.
    if _inside(folder, path) != path:
        raise OSError(errno.ELOOP, "it has become a link")
    if change.after is None:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    # ssh refuses a config of another owner, so that what root writes belongs to whose folder it is.
    like = path.stat() if path.exists() else folder.stat()
    mode = stat.S_IMODE(like.st_mode) if path.exists() else _PRIVATE
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(change.after)
            file.flush()
            os.fsync(handle)
        Path(name).chmod(mode)
        if (found := Path(name).stat()) and (found.st_uid, found.st_gid) != (
            like.st_uid,
            like.st_gid,
        ):
            os.chown(name, like.st_uid, like.st_gid)
        Path(name).replace(path)
    finally:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
