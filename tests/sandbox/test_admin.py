"""Steering a sandbox from outside: what each call does, and who may not make it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.sandbox.admin import Admin
from ztctl.sandbox.latency import Fixed
from ztctl.sandbox.messages import Pairs, Request
from ztctl.sandbox.rate_limit import RateLimit
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import Answer, Api

HERE = ("host", "127.0.0.1:8080")
TYPE = ("content-type", "application/json")


def ask(
    sandbox: Sandbox,
    method: str,
    name: str,
    body: Any = ...,
    *,
    headers: Pairs = (HERE, TYPE),
    peer: str = "127.0.0.1",
) -> Answer:
    """One call below `/sandbox/`."""
    sent = b"" if body is ... else json.dumps(body).encode()
    response = Admin(sandbox).handle(
        Request(method, f"/sandbox/{name}", (), headers, sent), peer=peer
    )
    return Answer(response.status, json.loads(response.body))


def test_the_log_tells_every_call(api: Api) -> None:
    """Each entry says when, what, with which query and body, and how it ended."""
    api.post("{A}/access/tags?a=b", {"name": "ö"})
    entry = ask(api.sandbox, "GET", "log").result[-1]

    assert entry.pop("time") == api.sandbox.log[-1].time.isoformat()
    assert entry == {
        "method": "POST",
        "path": f"/accounts/{api.sandbox.account_id}/access/tags",
        "query": [["a", "b"]],
        "body": '{"name": "\\u00f6"}',
        "status": 201,
        "seconds": 0,
    }


def test_bodies_that_are_no_text_are_told_too(sandbox: Sandbox) -> None:
    """A body of any bytes has a place in the log."""
    sandbox.handle(Request("POST", "/client/v4/zones", body=b"\xff{"))

    assert ask(sandbox, "GET", "log").result[-1]["body"] == "\ufffd{"


def test_steering_is_not_in_the_log(sandbox: Sandbox) -> None:
    """Calls that steer the sandbox are no calls of the API: no log, no fault."""
    sandbox.faults.add(status=503, times=None)

    assert ask(sandbox, "GET", "missed").status == 200
    assert not sandbox.log


def test_what_was_asked_in_vain(api: Api) -> None:
    """Requests without a route and fields without a meaning are told."""
    api.get("/nowhere")
    api.post("{A}/access/tags", {"name": "a", "colour": "red"})
    told = ask(api.sandbox, "GET", "missed").result

    assert told["missed"] == [{"method": "GET", "path": "/nowhere"}]
    assert [one["field"] for one in told["ignored"]] == ["colour"]


def test_faults_are_added_told_and_cleared(api: Api) -> None:
    """One fault or a list of them can be added; the script tells what struck."""
    sandbox = api.sandbox
    ask(sandbox, "POST", "faults", {"path": "^/zones$", "status": 503})
    ask(sandbox, "POST", "faults", [{"nth": 9}, {"kind": "slow", "seconds": 1}])
    status = api.get("/zones").status
    script = ask(sandbox, "GET", "faults").result

    assert status == 503
    assert [(one["kind"], one["seen"], one["hits"]) for one in script] == [
        ("status", 1, 1),
        ("status", 1, 0),
        ("slow", 1, 1),
    ]
    assert ask(sandbox, "DELETE", "faults").status == 200
    assert sandbox.faults.script == []


def test_a_wrong_list_of_faults_adds_none(sandbox: Sandbox) -> None:
    """Every mistake is told with its place, and nothing is added."""
    answer = ask(sandbox, "POST", "faults", [{"status": 503}, {"nth": 0}, {"kind": "x"}])

    assert (answer.status, answer.body["success"], answer.result) == (400, False, None)
    assert [one["message"].partition(":")[0] for one in answer.body["errors"]] == [
        "[1].nth",
        "[2].kind",
    ]
    assert sandbox.faults.script == []


def test_latency_is_set_and_taken_away(sandbox: Sandbox) -> None:
    """A latency is replaced alone; null takes it away."""
    sandbox.settings = Settings(awkward=True)
    ask(sandbox, "PUT", "latency", 0.5)
    during = sandbox.settings
    refused = ask(sandbox, "PUT", "latency", "fast").status
    ask(sandbox, "PUT", "latency", None)

    assert (during, refused) == (Settings(awkward=True, latency=Fixed(0.5)), 400)
    assert sandbox.settings == Settings(awkward=True)


def test_settings_change_by_name(sandbox: Sandbox) -> None:
    """Settings that are not named stay as they are."""
    ask(sandbox, "PUT", "settings", {"quotas": True})
    ask(sandbox, "PUT", "settings", {"rate_limit": {"calls": 5}})

    assert sandbox.settings == Settings(quotas=True, rate_limit=RateLimit(calls=5))


def test_reset_forgets(api: Api) -> None:
    """After a reset the account is as it began."""
    api.post("{A}/access/tags", {"name": "a"})

    assert ask(api.sandbox, "POST", "reset").status == 200
    assert api.get("{A}/access/tags").result == []


def test_export_and_import(api: Api) -> None:
    """An export is taken by the import of another sandbox."""
    api.app(policies=[api.policy()["id"]])
    exported, other = ask(api.sandbox, "GET", "export").result, Sandbox.create()

    assert ask(other, "POST", "import", exported).status == 200
    assert other.export() == exported


def test_a_wrong_import_is_told(api: Api) -> None:
    """An account that cannot be is refused in the service's own shape."""
    answer = ask(api.sandbox, "POST", "import", {"tags": [{}], "colour": 1})

    assert answer.status == 400
    assert [one["message"].partition(":")[0] for one in answer.body["errors"]] == [
        "colour",
        "tags[0].name",
        "tags[0].created_at",
        "tags[0].updated_at",
        "accounts",
    ]


def test_connectors_run(api: Api) -> None:
    """A connector is started for a tunnel; an unknown one is not found."""
    tunnel = api.tunnel()["id"]

    assert ask(api.sandbox, "POST", "connectors", {"tunnel_id": tunnel}).status == 200
    assert len(api.get(f"{{A}}/cfd_tunnel/{tunnel}/connections").result) == 1
    assert ask(api.sandbox, "POST", "connectors", {"tunnel_id": "x"}).status == 404


def test_visits_are_answered(sandbox: Sandbox) -> None:
    """A visit says what the visitor met; only the host has to be named."""
    answer = ask(sandbox, "POST", "visits", {"host": "ssh.example.com"}).result

    assert (answer["outcome"], answer["status"]) == ("no_record", 0)


def test_visitors_are_read_whole(sandbox: Sandbox) -> None:
    """Every member of a visitor is taken, and every mistake in one is told."""
    visitor = {
        "address": "2001:db8::1",
        "country": "DE",
        "email": "a@example.com",
        "login_method": "okta",
        "holds": [{"okta": {"name": "infra", "identity_provider_id": "x"}}],
        "service_token": ["id", "secret"],
        "enrolled": True,
    }
    wrong = dict.fromkeys(visitor, 7)
    right = ask(sandbox, "POST", "visits", {"host": "a.example.com", "visitor": visitor})
    told = ask(sandbox, "POST", "visits", {"host": "a.example.com", "visitor": wrong})

    assert right.status == 200
    assert [one["message"].partition(":")[0] for one in told.body["errors"]] == [
        f"visitor.{name}" for name in visitor
    ]


def test_private_visits_are_answered(sandbox: Sandbox) -> None:
    """A private visit says what a device met."""
    visit = {"address": "10.0.0.1", "port": 22, "visitor": {"enrolled": True}}

    assert "outcome" in ask(sandbox, "POST", "private_visits", visit).result


def test_lag_is_scripted(api: Api) -> None:
    """A lag keeps a write from the edge; an unknown kind is refused."""
    assert ask(api.sandbox, "PUT", "lag", {"kind": "dns_record", "seconds": 3600}).status == 200
    api.record("ssh", proxied=True)
    answer = ask(api.sandbox, "POST", "visits", {"host": "ssh.example.com"}).result

    assert answer["outcome"] == "no_record"
    assert ask(api.sandbox, "PUT", "lag", {"kind": "cloud", "seconds": 1}).status == 400


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "127.8.8.8:9", "[::1]", "[::1]:8080"],
)
def test_this_machine_may_steer(sandbox: Sandbox, host: str) -> None:
    """Every spelling of this machine's own loopback is taken as Host."""
    assert ask(sandbox, "GET", "log", headers=(("host", host),)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "192.0.2.1",
        "0.0.0.0",
        "[::]",
        "localhost:80@evil.example",
        "127.0.0.1, evil.example",
        "",
        "::1",
    ],
)
def test_rebound_names_may_not_steer(sandbox: Sandbox, host: str) -> None:
    """A Host that is not this machine's loopback is refused: a name may be made to lead here."""
    assert ask(sandbox, "GET", "log", headers=(("host", host), TYPE)).error == (403, 9109)


def test_a_host_is_required(sandbox: Sandbox) -> None:
    """A request that does not say its Host is refused."""
    assert ask(sandbox, "GET", "log", headers=()).error == (403, 9109)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8080", ""])
def test_web_pages_may_not_steer(sandbox: Sandbox, origin: str) -> None:
    """A request with an Origin comes from a page and is refused, whatever the page is."""
    headers = (HERE, TYPE, ("origin", origin))

    assert ask(sandbox, "POST", "reset", headers=headers).error == (403, 9109)


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 403), ("none", 200)],
)
def test_pages_may_not_even_read(sandbox: Sandbox, site: str, status: int) -> None:
    """Of what a browser asks, only an address that somebody typed is answered."""
    headers = (HERE, ("sec-fetch-site", site))

    assert ask(sandbox, "GET", "log", headers=headers).status == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("name", ["reset", "faults", "import", "connectors", "visits"])
def test_forms_may_not_write(sandbox: Sandbox, kind: str, name: str) -> None:
    """A write of a type that a form can send is refused."""
    headers = (HERE, ("content-type", kind)) if kind else (HERE,)

    assert ask(sandbox, "POST", name, {}, headers=headers).error == (400, 9207)


def test_other_machines_may_not_steer(sandbox: Sandbox) -> None:
    """A peer that is not this machine is refused, whatever it says."""
    assert ask(sandbox, "GET", "log", peer="192.0.2.7").error == (403, 9109)


@pytest.mark.parametrize(
    ("method", "name", "error"),
    [
        ("GET", "nowhere", (404, 7000)),
        ("GET", "", (404, 7000)),
        ("GET", "log/1", (404, 7000)),
        ("DELETE", "log", (405, 10000)),
        ("GET", "reset", (405, 10000)),
    ],
)
def test_unknown_calls_are_refused(
    sandbox: Sandbox, method: str, name: str, error: tuple[int, int]
) -> None:
    """An unknown path or method is refused in the service's own shape."""
    assert ask(sandbox, method, name).error == error


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN"])
@pytest.mark.parametrize("name", ["faults", "import", "connectors", "visits", "private_visits"])
def test_malformed_json_is_refused(sandbox: Sandbox, name: str, body: bytes) -> None:
    """A body that is no JSON answers 400 in the service's own shape."""
    request = Request("POST", f"/sandbox/{name}", (), (HERE, TYPE), body)
    response = Admin(sandbox).handle(request)

    assert (response.status, json.loads(response.body)["success"]) == (400, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "seconds", "host", "address", "visitor", "tags", "path"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
WRITES = [
    ("PUT", "latency"),
    ("PUT", "settings"),
    ("PUT", "lag"),
    ("POST", "faults"),
    ("POST", "visits"),
    ("POST", "private_visits"),
    ("POST", "connectors"),
    ("POST", "import"),
]


@given(st.sampled_from(WRITES), JSON)
def test_no_body_raises(write: tuple[str, str], body: Any) -> None:
    """Whatever JSON is sent, the answer is a whole envelope."""
    answer = ask(Sandbox.create(), *write, body)

    assert answer.body["success"] == (answer.status == 200)


def test_huge_bodies_are_refused(sandbox: Sandbox) -> None:
    """A body over 10 MB answers 413, as it does on the API."""
    request = Request("POST", "/sandbox/faults", (), (HERE, TYPE), b" " * (10 * 1024 * 1024 + 1))

    assert Admin(sandbox).handle(request).status == 413
