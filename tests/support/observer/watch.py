"""An observer beside every sandbox that commands of this process write to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.support.observer.observer import Agreed, Observer
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox


class Watch:
    """Puts an observer beside every sandbox that a command of this process writes to.

    It knows of no name that a file states to be open: such a command says ``--allow-exposure``.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._observers: dict[int, Observer] = {}
        self._agreed = Agreed()
        plain = Sandbox.handle

        def handle(sandbox: Sandbox, request: Request) -> Response:
            if request.method == "GET":
                return plain(sandbox, request)
            observer = self._of(sandbox)
            response = plain(sandbox, request)
            observer.look(f"{request.method} {request.path}")
            return response

        monkeypatch.setattr(Sandbox, "handle", handle)

    def begin(self, arguments: Sequence[str]) -> None:
        """A command begins; its own words tell what it was agreed to do."""
        pairs = list(pairwise(arguments))
        exposed = [value for flag, value in pairs if flag == "--allow-exposure"]
        self._observers, interrupted = {}, "--allow-interruption" in arguments
        self._agreed = Agreed((), exposed, interrupted=interrupted)

    def end(self, *, complete: bool) -> list[str]:
        """Every promise that the command broke."""
        return [line for one in self._observers.values() for line in one.end(complete=complete)]

    def _of(self, sandbox: Sandbox) -> Observer:
        if id(sandbox) not in self._observers:
            self._observers[id(sandbox)] = observer = Observer(sandbox)
            observer.begin(self._agreed)
        return self._observers[id(sandbox)]
