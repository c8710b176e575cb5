"""The front's access to the account, and the team's key for signing tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from ztctl.sandbox.edge.applications import covers_host
from ztctl.sandbox.edge.values import Answer, Visit
from ztctl.sandbox.front.jwts import Signer, new_key
from ztctl.sandbox.messages import Object
from ztctl.sandbox.service import Sandbox

KEY = "team_key"


class Account:
    """Queries of the front; each opens its own session and sees the current state."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        with sandbox.session() as state:
            self._state = state
        self._pem: str | None = None
        self._signer: Signer | None = None

    @property
    def signer(self) -> Signer:
        """The team's signing key: stored in the state, and stored again after a reset."""
        with self._sandbox.session() as state:
            stored = state.store.get(KEY, "rsa")
            if stored is None:
                stored = {"private_key": self._pem or new_key()}
                state.store.put(KEY, "rsa", stored)
        # Another process on the same state file may have stored another key.
        if self._signer is None or stored["private_key"] != self._pem:
            self._pem = str(stored["private_key"])
            self._signer = Signer(self._pem)
        return self._signer

    @property
    def team(self) -> str | None:
        """The team domain, in lower case; None without Zero Trust."""
        with self._sandbox.session() as state:
            found = state.store.all("organization")
        return str(found[0]["auth_domain"]).lower() if found else None

    @property
    def providers(self) -> list[Object]:
        """The identity providers."""
        with self._sandbox.session() as state:
            return list(state.store.all("identity_provider"))

    def now(self) -> datetime:
        """The time by the sandbox's clock, in UTC."""
        return self._state.clock().astimezone(UTC)

    def fresh(self, digits: int) -> str:
        """A new random identifier of `digits` hex digits."""
        return self._state.hex(digits)

    def visit(self, visit: Visit) -> Answer:
        """Simulate a request at the edge."""
        return self._sandbox.edge.visit(visit)

    def app(self, key: str | None) -> Object | None:
        """An application by id, or None."""
        with self._sandbox.session() as state:
            return state.store.get("app", key) if key else None

    def app_of(self, audience: object) -> Object | None:
        """An application by its audience tag (`aud`), or None."""
        with self._sandbox.session() as state:
            return next(iter(state.store.find("app", "aud", str(audience))), None)

    def is_service_auth(self, key: str | None) -> bool:
        """Whether a policy is a Service Auth policy (decision `non_identity`)."""
        with self._sandbox.session() as state:
            policy = state.store.get("policy", key) if key else None
        return policy is not None and policy["decision"] == "non_identity"

    def authority(self, app: Object | None) -> Object | None:
        """The short-lived-certificate CA of an application, or None."""
        with self._sandbox.session() as state:
            return state.store.get("app_ca", app["id"]) if app else None

    def zone(self, host: str) -> str | None:
        """The name of the closest zone of a host name, or None."""
        labels = host.split(".")
        with self._sandbox.session() as state:
            parents = (".".join(labels[start:]) for start in range(len(labels)))
            return next((one for one in parents if state.store.find("zone", "name", one)), None)


def app_host(app: Object, host: str) -> str:
    """The most specific host pattern of an application that covers a host name."""
    defined = {uri.lower().partition("/")[0] for uri in app["self_hosted_domains"]}
    fitting = [one for one in defined if covers_host(one, host)]
    return max(fitting, key=lambda one: (one == host, len(one)), default=host)
