"""The service under contract: HTTP and nothing else, and everything that was made is deleted."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

OURS = "ztctl-contract"
CLOUDFLARE = "https://api.cloudflare.com/client/v4"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
EVERYONE: list[dict[str, Any]] = [{"everyone": {}}]

# Pauses in seconds while a real account makes up its mind; a sandbox gets none.
PATIENCE = (1.0, 2.0, 4.0, 8.0, 8.0)
# The same until what was just made is known to what names it (other clients wait for 45 s).
SPREADING = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0)


class Refused(Exception):
    """The scratch zone or the account is not one to run on."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service is, and which account and zone to use; the token is never printed."""

    url: str
    account: str
    zone_name: str
    token: str = field(repr=False)
    real: bool = False
    singletons: bool = True


def real_place(env: Mapping[str, str] = os.environ) -> Place | None:
    """The real account that the environment names, if it names one.

    Raises Refused when it names only a part.
    """
    names = [f"ZTCTL_CONTRACT_{one}" for one in ("TOKEN", "ACCOUNT", "ZONE")]
    token, account, zone = (env.get(name, "") for name in names)
    if not any((token, account, zone)):
        return None
    if not all((token, account, zone)):
        raise Refused("set all of " + ", ".join(names) + ", or none")
    url = env.get("ZTCTL_CONTRACT_URL", CLOUDFLARE)
    singletons = env.get("ZTCTL_CONTRACT_SINGLETONS") == "1"
    return Place(url, account, zone, token, real=True, singletons=singletons)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `body` is None where it is no JSON object."""

    status: int
    headers: httpx.Headers
    body: Any

    @property
    def result(self) -> Any:
        """The result of a success; AssertionError for anything else."""
        assert self.status < 300, (self.status, self.body)
        assert self.body["success"] is True, self.body
        return self.body["result"]

    @property
    def code(self) -> int | None:
        """The first code of a refusal."""
        errors = (self.body or {}).get("errors") or []
        return errors[0]["code"] if errors else None

    @property
    def error(self) -> tuple[int, int | None]:
        """Status and first code of a refusal."""
        return self.status, self.code

    @property
    def message(self) -> str:
        """The wording of a refusal."""
        errors = (self.body or {}).get("errors") or []
        return " / ".join(str(one.get("message")) for one in errors)

    def __str__(self) -> str:
        """In one line: the status, and what is wrong."""
        if self.status < 300:
            return str(self.status)
        return f"{self.status} {self.code}: {self.message}"[:160]


@dataclass(frozen=True, slots=True)
class Service:
    """Calls for one test. `{A}` and `{Z}` in a path are the account and the scratch zone."""

    client: httpx.Client
    place: Place
    zone: str
    prefix: str
    sleep: Callable[[float], None] = time.sleep
    made: list[str] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=count)

    def name(self) -> str:
        """A name that nothing else has, and that says whose it is."""
        return f"{self.prefix}-{next(self.names)}"

    def host(self) -> str:
        """A fresh host name in the scratch zone."""
        return f"{self.name()}.{self.place.zone_name}"

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send one request; `options` are httpx's own, as `params`."""
        path = path.replace("{A}", f"/accounts/{self.place.account}")
        path = path.replace("{Z}", f"/zones/{self.zone}")
        if body is not None:
            options["json"] = body
        response = self.client.request(method, self.place.url + path, **options)
        try:
            parsed = response.json()
        except ValueError:
            parsed = None
        return Answer(response.status_code, response.headers, parsed)

    def get(self, path: str, **query: Any) -> Answer:
        """Read as `get_once`, again while a real account does not know what a list holds."""
        return self.eventually(
            lambda: self.get_once(path, **query), lambda answer: not _is_unknown(answer), SPREADING
        )

    def get_once(self, path: str, **query: Any) -> Answer:
        """Read; `__` in a query parameter's name is a dot."""
        params = {name.replace("__", "."): value for name, value in query.items()}
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> Answer:
        """Send a POST as `post_once`, again while a real account does not know what it names."""
        return self.eventually(
            lambda: self.post_once(path, body), lambda answer: not _is_unknown(answer), SPREADING
        )

    def post_once(self, path: str, body: Any = None) -> Answer:
        """Send a POST, and see to it that what it makes is deleted."""
        answer = self.call("POST", path, body)
        if answer.status < 300 and isinstance((answer.body or {}).get("result"), dict):
            self.keep(path, answer.body["result"])
        return answer

    def put(self, path: str, body: Any = None) -> Answer:
        """Replace."""
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> Answer:
        """Merge."""
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        """Delete."""
        return self.call("DELETE", path)

    def keep(self, path: str, one: Mapping[str, Any]) -> None:
        """Note an object of a collection: it is deleted when the test ends."""
        if (one.get("id") or one.get("name")) and path.rpartition("/")[2] in DELETED_BY_ID:
            self.made.append(place_of(path, one))

    def eventually(
        self,
        ask: Callable[[], Answer],
        wanted: Callable[[Answer], bool],
        pauses: tuple[float, ...] = PATIENCE,
    ) -> Answer:
        """Ask until the answer is the wanted one; a sandbox is asked once."""
        answer = ask()
        for pause in pauses if self.place.real else ():
            if wanted(answer):
                break
            self.sleep(pause)
            answer = ask()
        return answer

    def clean(self) -> list[str]:
        """Delete what was made, the newest first; gives what could not be deleted."""
        left = []
        while self.made:
            path = self.made.pop()
            gone = self.eventually(lambda path=path: self.delete(path), is_gone)  # type: ignore[misc]
            if not is_gone(gone):
                left.append(f"{path}: {gone}")
        return left


# The collections whose members are deleted at `<collection>/<id>`.
DELETED_BY_ID = (
    *("apps", "policies", "groups", "tags", "service_tokens", "gateway_ca", "targets"),
    *("cfd_tunnel", "routes", "virtual_networks", "hostname", "dns_records", "rules"),
)


def place_of(path: str, one: Mapping[str, Any]) -> str:
    """Where an object of a collection is deleted; a tunnel goes with its routes."""
    more = "?cascade=true" if path.endswith("/cfd_tunnel") else ""
    return f"{path}/{one.get('id') or one.get('name')}{more}"


def _is_unknown(answer: Answer) -> bool:
    named = ("policy", "group")
    told = answer.message.lower()
    return answer.status == 400 and "not found" in told and any(one in told for one in named)


def is_gone(answer: Answer) -> bool:
    """Whether a deletion left nothing."""
    return answer.status < 300 or answer.status == 404


@contextmanager
def connected(place: Place) -> Iterator[tuple[httpx.Client, str]]:
    """A client of the service and the scratch zone's id; raises Refused for a zone not there."""
    headers = {"authorization": f"Bearer {place.token}"}
    with httpx.Client(headers=headers, timeout=30, trust_env=place.real) as client:
        zones = client.get(f"{place.url}/zones", params={"name": place.zone_name}).json()
        if not zones.get("result"):
            raise Refused(f"the token does not see the zone {place.zone_name}")
        yield client, str(zones["result"][0]["id"])


@contextmanager
def service_for_a_test(client: httpx.Client, place: Place, zone: str) -> Iterator[Service]:
    """The service with names of its own; what was made is deleted, after a failure too."""
    service = Service(client, place, zone, f"{OURS}-{secrets.token_hex(4)}")
    try:
        yield service
    finally:
        left = service.clean()
    assert left == [], "left behind"
