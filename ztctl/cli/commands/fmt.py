"""``ztctl fmt``: the files in one layout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from io import StringIO
from typing import TYPE_CHECKING, Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import STDIN, Settings, Usage, settings
from ztctl.core.model.diagnostics import Problem, Problems

if TYPE_CHECKING:
    from ztctl.documents.layout_files import Layout


@opt.with_options
def fmt(
    *,
    files: Annotated[opt.FileOptions, opt.only("file")],
    check: Annotated[
        bool,
        opt.run_option("--check", help="Write nothing; end with 2 if a file is to be formatted."),
    ] = False,
    diff: Annotated[
        bool, opt.run_option("--diff", help="Write nothing; show what would be different.")
    ] = False,
) -> Exit:
    """Put the files into one layout; every comment stays."""
    chosen = settings(opt.OutputOptions(), files)
    if STDIN in chosen.files and len(chosen.files) > 1:
        raise Usage("-f - stands alone", "format the files without it")
    from ztctl.cli.session import view_of
    from ztctl.views.escape import visible

    problems: list[Problem] = []
    found = _laid_out(chosen, problems)
    different = [layout for layout in found if layout.is_different]
    if diff:
        sys.stdout.writelines(line for layout in different for line in _difference(layout))
    elif not check and chosen.files == (STDIN,):
        sys.stdout.writelines(layout.new.decode("utf-8") for layout in found)
    else:
        written = [layout for layout in different if check or layout.write(problems)]
        sys.stdout.writelines(f"{visible(layout.name)}\n" for layout in written)
    if problems:
        raise Problems(problems)
    if chosen.files != (STDIN,) or check:
        view_of(chosen).note(_summary(len(different), len(found), written=not (check or diff)))
    return Exit.DIFFERENT if check and different else Exit.DONE


def _laid_out(chosen: Settings, problems: list[Problem]) -> list[Layout]:
    from ztctl.cli.session import files_of
    from ztctl.documents.layout_files import lay_out
    from ztctl.kinds.registry import KINDS

    return lay_out(files_of(chosen), KINDS, problems)


def _difference(layout: Layout) -> Iterator[str]:
    from ztctl.views.escape import visible

    # Lines end at line feeds alone: what else Python takes for an end is part of what is shown.
    old, new = (
        list(StringIO(text.decode("utf-8"), newline="\n")) for text in (layout.old, layout.new)
    )
    for line in unified_diff(old, new, layout.name, layout.name):
        yield "\t".join(map(visible, line.removesuffix("\n").split("\t"))) + "\n"
        if not line.endswith("\n"):
            yield "\\ No newline at end of file\n"


def _summary(different: int, all_files: int, *, written: bool) -> str:
    verb = "formatted" if written else "to be formatted"
    return f"{different} of {all_files} file{'' if all_files == 1 else 's'} {verb}."
