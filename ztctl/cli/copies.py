"""Copies of the files by which servers run tunnels: of `--local`, and of `config_file` in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ztctl.core.model.copies import Copy
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Problems
from ztctl.core.model.identity import HostPart
from ztctl.kinds.registry import KINDS
from ztctl.ssh.public_keys import is_below

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.core.model.objects import Wanted

Given = Sequence[tuple[str, Path]]
_Reading = Callable[[], Copy]
_RUN_BY_IT = "lets the connector run the tunnel of a token, whatever `tunnel` says"
# With these a connector serves something else than the rules of its file for its tunnel
# (cloudflared 2026.8.2, `tunnel/subcommands.go`, `runCommand`; `ingress/ingress.go`).
_NOT_BY_RULES = {
    "token": _RUN_BY_IT,
    "token-file": _RUN_BY_IT,
    "management-hostname": "lets the connector answer for a name before all rules",
}
_NO_COPY = "what this tunnel serves cannot be told by a copy: leave it out"


def copies_of(chosen: Settings, declared: Declared | None) -> tuple[Copy, ...]:
    """The copies of a command; those of files are read with the files.

    Raises:
        Problems: a copy cannot be read, or is not what cloudflared takes.
    """
    return declared.copies if declared is not None else _read(_given(chosen.copies, ""))


def with_copies(declared: Declared, given: Given) -> Declared:
    """The files with the copies that they name, and those of the options.

    Raises:
        Problems: as `copies_of`; or a file lies outside of the folder of the one that names it.
    """
    return replace(declared, copies=_read((*_named(declared), *_given(given, declared.stack))))


def copy_files(declared: Declared) -> Iterator[tuple[Wanted, str]]:
    """Each tunnel that names a `config_file`, with what it says."""
    for wanted in declared.of(KINDS.of_host(HostPart.TUNNEL).name):
        if name := wanted.local.get("config_file"):
            yield wanted, str(name)


def _given(given: Given, stack: str) -> Iterator[_Reading]:
    yield from (partial(_copy, name, path, stack) for name, path in given)


def _named(declared: Declared) -> Iterator[_Reading]:
    for wanted, name in copy_files(declared):
        yield partial(_of_files, wanted, name, declared.stack)


def _of_files(wanted: Wanted, name: str, stack: str) -> Copy:
    assert wanted.where is not None, "what names a file was read from one"
    folder = Path(wanted.where.file).parent
    if not is_below(folder / name, folder.resolve()):
        text = f"{wanted.address}: `config_file: {name}` leads out of {folder.resolve()} by a link"
        raise Problems([Problem(text, wanted.where, "put the copy beside this file")])
    claim = wanted.claim
    meant = claim.id if claim is not None else wanted.name or wanted.address.key
    try:
        copy = _copy(meant, folder / name, stack)
    except Problems as wrong:
        raise Problems(it if it.where else _of_no_file(it, wanted) for it in wrong.items) from wrong
    return replace(copy, where=wanted.where)


def _of_no_file(problem: Problem, wanted: Wanted) -> Problem:
    """A file that cannot be read has no place of its own: the one that names it has."""
    text = f"{wanted.address}: `config_file`: {problem.text}"
    hint = (
        "copy the config.yml of the tunnel's server there; leave the field out until there is one"
    )
    return Problem(text, wanted.where, hint)


def _copy(of: str, path: Path, stack: str) -> Copy:
    from ztctl.documents.connector_file import read_connector_file

    file = read_connector_file(path)
    beside = [it for it in file.leftover if it.key in _NOT_BY_RULES]
    if beside:
        raise Problems(
            Problem(f"`{it.key}` {_NOT_BY_RULES[it.key]}", it.where, _NO_COPY) for it in beside
        )
    return Copy(of, str(path), file.configuration, file.tunnel, stack)


def _read(readings: Iterable[_Reading]) -> tuple[Copy, ...]:
    """Every copy, or all problems of all of them."""
    found: list[Copy] = []
    problems: list[Problem] = []
    for reading in readings:
        try:
            found.append(reading())
        except Problems as wrong:
            problems += wrong.items
    if problems:
        raise Problems(problems)
    return tuple(found)
