"""Show the errors that end a command, in the view that the command uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ztctl.cli.exits import Ended
from ztctl.cli.settings import Usage
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Failures, Problems, ZtctlError
from ztctl.views.view import View


@contextmanager
def errors_shown(view: View) -> Iterator[None]:
    """Show a `ZtctlError` that the block raises, and close the view, which masks secrets.

    Raises:
        Ended: in place of the error that was shown.
        Usage: not shown here; it has its own exit code.
    """
    try:
        yield
    except Usage:
        raise
    except ZtctlError as error:
        show_error(view, error)
        raise Ended from error
    finally:
        view.close()


def show_error(view: View, error: ZtctlError) -> None:
    """Show all problems and failures that an error contains."""
    if isinstance(error, Problems):
        view.problems(error.items)
    elif isinstance(error, Failures):
        for item in _grouped(error.items):
            show_error(view, item)
    elif isinstance(error, Failure | CallFailed):
        view.failure(error)
    else:
        view.failure(Failure(str(error)))


def _grouped(items: Iterable[ZtctlError]) -> Iterator[ZtctlError]:
    """Merge failures with the same hint into the first one and the number of the others."""
    alike: dict[str, list[ZtctlError]] = {}
    for item in items:
        remedy = item.hint if isinstance(item, CallFailed) else ""
        alike.setdefault(remedy or str(item), []).append(item)
    for first, *others in alike.values():
        if isinstance(first, CallFailed) and others:
            calls = "1 other call" if len(others) == 1 else f"{len(others)} other calls"
            yield Failure(f"{first.summary}, and likewise {calls}", first.hint)
        else:
            yield first
