"""``ztctl validate``: check the files, offline."""

from __future__ import annotations

from typing import Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings


@opt.with_options
def validate(
    *,
    files: opt.FileOptions,
    account: Annotated[opt.AccountOptions, opt.only("sandbox")],
    output: opt.OutputOptions,
) -> Exit:
    """Check the files without an account, all problems at once."""
    chosen = settings(output, files, account)
    from ztctl.cli.session import declared_by, view_of

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    view.problems(declared.warnings)
    count = len(declared.wanted)
    view.note(f"The files are valid: {count} object{'' if count == 1 else 's'} declared.")
    return Exit.DONE
