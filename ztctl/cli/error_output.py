"""What ends a command early, told by the view that the command uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ztctl.cli.exits import Ended
from ztctl.cli.settings import Usage
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Failures, Problems, ZtctlError
from ztctl.views.view import View


@contextmanager
def told(view: View) -> Iterator[None]:
    """Tell what ends the block by this view, which masks what came from the environment.

    Raises:
        Ended: in place of what was told.
    """
    try:
        yield
    except Usage:
        raise
    except ZtctlError as error:
        tell(view, error)
        raise Ended from error
    finally:
        view.close()


def tell(view: View, error: ZtctlError) -> None:
    """Show every problem and every failure that an error holds."""
    if isinstance(error, Problems):
        view.problems(error.items)
    elif isinstance(error, Failures):
        for item in _told_once(error.items):
            tell(view, item)
    elif isinstance(error, Failure | CallFailed):
        view.failure(error)
    else:
        view.failure(Failure(str(error)))


def _told_once(items: Iterable[ZtctlError]) -> Iterator[ZtctlError]:
    """The failures, of those that want the same remedy only the first, with their number."""
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
