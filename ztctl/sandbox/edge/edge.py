"""The edge of one account: visits, lag, simulated connectors."""

from __future__ import annotations

from ztctl.sandbox.edge.values import Answer, PrivateVisit, Visit
from ztctl.sandbox.edge.view import View
from ztctl.sandbox.state import State


class Edge:
    """What visitors meet, as the account stands at the edge.

    With `assume_connectors` every living tunnel is served as if one up-to-date connector ran;
    the list of connections does not show it. A connector serves the configuration that has
    reached it. Must not be called within a session of the store.
    """

    def __init__(self, state: State) -> None:
        self.assume_connectors = False
        self._state = state
        self._view: View | None = None

    def visit(self, visit: Visit) -> Answer:
        """What one HTTPS request meets."""
        with self._state.store.session():
            view = self._current()
            return view.visited(visit, assume_connectors=self.assume_connectors)

    def connect_privately(self, visit: PrivateVisit) -> Answer:
        """What one connection of a device to a private address or host name meets."""
        with self._state.store.session():
            view = self._current()
            return view.visited_privately(visit, assume_connectors=self.assume_connectors)

    def lag(self, kind: str, seconds: float) -> None:
        """Let later writes of a kind ("*": of every kind) reach the edge only after some seconds.

        Measured by the sandbox's clock. A kind's own lag goes before that of "*"; what is on its
        way keeps its time. Raises ValueError for an unknown kind or an impossible time.
        """
        self._state.replica.lag(kind, seconds)

    def _current(self) -> View:
        self._state.replica.catch_up()
        if self._view is None:
            self._view = View(self._state.replica, self._state.clock)
        return self._view
