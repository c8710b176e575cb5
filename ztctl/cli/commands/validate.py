"""``ztctl validate``: check the files, offline."""

from __future__ import annotations

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings


def validate(
    file: opt.File = None,
    var: opt.Var = None,
    var_file: opt.VarFile = None,
    allow_env: opt.AllowEnv = None,
    sandbox: opt.Sandbox = False,
    format: opt.Output = opt.Format.text,
    no_color: opt.NoColor = False,
    quiet: opt.Quiet = False,
) -> Exit:
    """Check the files without an account: every problem at once, with its place."""
    chosen = settings(
        file=file,
        var=var,
        var_file=var_file,
        allow_env=allow_env,
        sandbox=sandbox,
        format=format,
        no_color=no_color,
        quiet=quiet,
    )
    from ztctl.cli.session import declared_by, view_of

    declared, warnings = declared_by(chosen)
    view = view_of(chosen, declared)
    view.problems(warnings)
    count = len(declared.wanted)
    view.note(f"The files are valid: {count} object{'' if count == 1 else 's'} declared.")
    return Exit.DONE
