"""Save a plan to a file, and read one that somebody may have edited since."""

from __future__ import annotations

from pathlib import Path

from ztctl.cli.copies import Given, copy_files, with_copies
from ztctl.cli.session import problems_of
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.model.identity import HOSTS
from ztctl.core.model.plan import Plan
from ztctl.core.planning.planner import Options
from ztctl.documents import Contents, DamagedContents, dumped, reload, restored
from ztctl.documents.files import stated_texts
from ztctl.documents.streams import read_bounded
from ztctl.engine.planfile import MAX_BYTES, Saved, damaged, parse, save
from ztctl.kinds.registry import KINDS
from ztctl.ssh.public_keys import key_files


def save_plan(
    path: Path, plan: Plan, declared: Declared, options: Options, copies: Given = ()
) -> None:
    """Save a plan, with the files that it was built from, and the names of ``copies`` of options.

    Raises:
        Failure: the file cannot be written.
    """
    assert isinstance(declared.contents, Contents), "what is planned was read from files"
    save(path, plan, dumped(declared.contents), options, copies)


def read_plan(path: Path, *, to_apply: bool = True) -> tuple[Saved, Declared]:
    """Read a saved plan, and check it as the files were that it was made from.

    Args:
        path: the plan file.
        to_apply: it has to be in the folder where it was made, for keys are written there; copies
            that it trusts are read again.

    Raises:
        Failure: it cannot be read, is no plan, or has been edited to something that is not valid.
        Problems: a copy that it trusts cannot be read.
    """
    saved = parse(_bytes_of(path), str(path))
    for address in saved.targets:
        if address.kind not in KINDS and address.kind != HOSTS:
            raise Failure(*damaged(f"there is no kind {address.kind!r}"))
    declared = _declared(saved.contents)
    if to_apply:
        _check_folders(declared)
        declared = with_copies(declared, saved.copies)
    return saved, declared


def _bytes_of(path: Path) -> bytes:
    try:
        return read_bounded(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise Failure(f"cannot read the plan {path}: {reason.lower()}") from error


def _check_folders(declared: Declared) -> None:
    """Require the YAML files next to which keys are written and copies read, and that they say so.

    A plan file may have been edited to write a key elsewhere: the folder is believed only where the
    file of that name states such a field, or one with a variable.

    Raises:
        Failure: a YAML file is not found from the current folder, or states no such file.
    """
    named = [(it, "write", "public_key_file") for it, _ in key_files(declared)]
    named += [(it, "trust", "config_file") for it, _ in copy_files(declared)]
    for wanted, what, field in named:
        assert wanted.where is not None
        file, name = Path(wanted.where.file), str(wanted.local[field])
        path = file.parent / name
        if not file.is_file():
            raise Failure(
                f"the plan is to {what} {path}, but {file} is not here",
                "apply the plan in the folder in which it was made",
            )
        stated = stated_texts(file, field)
        if not any(text == name or "${" in text for text in stated):
            raise Failure(*damaged(f"it is to {what} {path}, which {file} does not say"))


def _declared(contents: object) -> Declared:
    try:
        return reload(restored(contents), KINDS, check=problems_of)
    except DamagedContents as error:
        raise Failure(*damaged(str(error))) from error
    except Problems as problems:
        raise Failure(*damaged(str(problems.items[0]))) from problems
