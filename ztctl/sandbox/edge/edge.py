"""The simulated edge of one account: visits, propagation delay, assumed connectors."""

from __future__ import annotations

from ztctl.sandbox.edge.values import Answer, PrivateVisit, Visit
from ztctl.sandbox.edge.view import View
from ztctl.sandbox.state import State


class Edge:
    """Answers visits from the part of the state that has reached the edge.

    With `assume_connectors` every tunnel that is not deleted is served as if a connector ran; the
    API does not show it among the connections. A connector serves the configuration that has
    reached it. Methods open a session of the store, so they must not be called within one.
    """

    def __init__(self, state: State) -> None:
        self.assume_connectors = False
        self._state = state
        self._view: View | None = None

    def visit(self, visit: Visit) -> Answer:
        """Simulate one HTTPS request."""
        with self._state.store.session():
            view = self._current()
            return view.visited(visit, assume_connectors=self.assume_connectors)

    def connect_privately(self, visit: PrivateVisit) -> Answer:
        """Simulate one connection of a device to a private address or host name."""
        with self._state.store.session():
            view = self._current()
            return view.visited_privately(visit, assume_connectors=self.assume_connectors)

    def lag(self, kind: str, seconds: float) -> None:
        """Delay the arrival of later writes of a kind ("*": of every kind) at the edge.

        `seconds` by the sandbox's clock. The lag of a kind takes precedence over that of "*";
        writes already under way keep theirs. Raises ValueError for an unknown kind, or negative
        or too many seconds.
        """
        self._state.replica.lag(kind, seconds)

    def _current(self) -> View:
        self._state.replica.catch_up()
        if self._view is None:
            self._view = View(self._state)
        return self._view
