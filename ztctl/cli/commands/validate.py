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
    strict: opt.Strict = False,
    output: Annotated[opt.OutputOptions, opt.formats(opt.OutputFormat.github)],
) -> Exit:
    """Check the files without an account, all problems at once."""
    chosen = settings(output, files, account)
    from ztctl.cli.session import declared_by, view_of
    from ztctl.cli.strict import refused
    from ztctl.core.model.diagnostics import Problems

    try:
        declared = declared_by(chosen)
    except Problems as problems:
        view_of(chosen).checked(problems.items, 0)
        return Exit.ERROR
    view = view_of(chosen, declared)
    view.checked(declared.warnings, len(declared.wanted))
    failure = refused(declared.warnings) if strict else None
    if failure is not None:
        view.failure(failure)
        return Exit.ERROR
    return Exit.DONE
