"""What files say of ingress rules, against what a connector makes of them.

The oracle is `tests/support/connector.py`, and a real cloudflared where ZTCTL_TEST_CLOUDFLARED
names one. One that refuses a part of its configuration keeps the whole old one, for all hosts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.support.connector import LABELS, answering, refusal
from tests.support.examples import examples
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Severity
from ztctl.core.model.facts import TunnelRules
from ztctl.core.reach.entries import rules_for
from ztctl.sandbox.edge.ingress import Arriving, rules_of, served
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

from .replay import declare, kind, live_of, play

Json = Any
Made = st.SearchStrategy[Any]
Put = Callable[[Json], bool]
CLOUDFLARED = os.environ.get("ZTCTL_TEST_CLOUDFLARED")

SERVICES = (
    *(
        "bastion",
        "hello_world",
        "hello-world",
        "socks-proxy",
        "unix:/run/a",
        "unix+tls:/a",
        "unix:",
    ),
    *("http_status:404", "http_status:99", "http_status:1000", "http_status:0404", "http_status:"),
    *("http_status:+404", "http_status:٤٠٤", "http_status:²00", "http_status: 404", "localhost:22"),
)
SCHEMES = ("ssh", "ssh", "SSH", "http", "https", "tcp", "foo", "h2c+x", "1x", "s sh", "", "é")
ADDRESSES = (
    *("localhost", "10.0.0.7", "a_b", "bücher", "h..b", "LOCALHOST", "h.", "a", "[::1]"),
    *("[2001:DB8::1]", "[::ffff:10.0.0.7]", "[::1", "::1]", "::1", "[]", "[gg::1]", "[10.0.0.7]"),
    *("[fe80::1%eth0]", "[fe80::1%25eth0]", "[fe80::1%25]", "[::1]x", "ho st", " h", "h ", "h\t"),
    *("h\\x", "h|x", "h<x", 'h"x', "h^x", "h`x", "h{x", "%41", "h%zz", "h%", "h%25", "%c3%a9"),
    *("", "u@h", "u:p@h", "u p@h", "@h", "u@", "h\x7f", "h\u200b", "h,x", "h*", "h!$&'()+;=~-"),
)
PORTS = ("", "", ":22", ":22", ":", ":0", ":65536", ":ssh", ":-1", ":２２", ":22:22", ":%32")
TAILS = ("", "", "", "", "/", "/x", "//", "?q", "#f", "#%zz", " ", "/%zz", "%zz", "\n")
PATHS = (
    *("", "", "^/api", "^/a$", "/", r"\.css$", "(?i)^/A", "^/é", "[[:digit:]]", r"\d+", r"\pL"),
    *("(?=x)", "(?!x)", r"(a)\1", "a++", r"\Z", "(?#c)", "(?x) a", "a{1001}", "(", r"\u0041"),
)
URLS = ("/", "/api", "/a", "/A", "/x.css", "/%C3%A9", "/4", "/api/..", "/a%2Fb", "/٣", "")

labels: Made = st.sampled_from(sorted(LABELS))
names: Made = st.one_of(
    st.just(""),
    st.just("*"),
    st.lists(labels, min_size=1, max_size=4).map(".".join),
    st.builds(
        lambda head, rest, tail: head + ".".join(rest) + tail,
        st.sampled_from(["*.", "*.", "*.*.", "*", "**", "a.*.", ""]),
        st.lists(labels, min_size=1, max_size=3),
        st.sampled_from(["", "", "", ".", ":22", ":", "*", ":22:22"]),
    ),
)
plain_names: Made = st.builds(
    lambda star, rest: star + ".".join(rest),
    st.sampled_from(["", "", "*."]),
    st.lists(labels.filter(bool), min_size=1, max_size=4),
)
# Of most addresses one part alone is odd, so that it is the one that decides.
_ODD = (SCHEMES, ADDRESSES, PORTS, TAILS)
_SANE = (("ssh",), ("localhost",), (":22",), ("",))
services: Made = st.one_of(
    st.sampled_from(SERVICES),
    *(
        st.builds("{}://{}{}{}".format, *map(st.sampled_from, parts))
        for parts in (_ODD, *([*_SANE[:at], _ODD[at], *_SANE[at + 1 :]] for at in range(4)))
    ),
)


def _ruled(names: Made, services: Made, paths: Sequence[str]) -> Made:
    return st.fixed_dictionaries(
        {"service": services}, optional={"hostname": names, "path": st.sampled_from(paths)}
    )


# The same of rules: a sane one, or one part of it is odd, or all may be.
_plain = st.just("ssh://localhost:22")
rules: Made = st.one_of(
    _ruled(plain_names, _plain, ("", "^/api")),
    _ruled(plain_names, services, ("",)),
    _ruled(names, _plain, ("",)),
    _ruled(plain_names, _plain, PATHS),
    _ruled(names, services, PATHS),
)
lists: Made = st.builds(
    lambda some, end: [*some, *end],
    st.lists(rules, max_size=2),
    st.sampled_from(
        [[{"service": "http_status:404"}], [{"hostname": "*", "service": "bastion"}], []]
    ),
)
checks: Made = st.fixed_dictionaries(
    {},
    optional={
        "required": st.booleans(),
        "audTag": st.sampled_from([[], ["aud"]]),
        "teamName": st.sampled_from(["", "acme"]),
    },
)
origins: Made = st.fixed_dictionaries(
    {}, optional={"bastionMode": st.booleans(), "access": checks, "noTLSVerify": st.booleans()}
)
hosts: Made = st.lists(
    st.sampled_from(
        sorted({it for it in LABELS.values() if it} | {"SSH", "_srv", "_SRV", "ab--c", "bücher"})
    ),
    min_size=1,
    max_size=4,
).map(".".join)


@st.composite
def documents(draw: st.DrawFn, lists: Made = lists) -> Json:
    """Whole configurations as the API has them, right and wrong."""
    ingress = [
        {**rule, **({"originRequest": draw(origins)} if draw(st.booleans()) else {})}
        for rule in draw(lists)
    ]
    general = draw(origins) if draw(st.integers(0, 5)) == 0 else {}
    return {"ingress": ingress, **({"originRequest": general} if general else {})}


@st.composite
def served_lists(draw: st.DrawFn) -> list[Json]:
    """Rules that a connector takes, each with a service of its own."""
    found = draw(st.lists(_ruled(names, st.just(""), PATHS[:11]), max_size=5))
    closing = {"service": "bastion"}
    right = [
        rule
        for rule in found
        if refusal({"ingress": [{**rule, "service": "bastion"}, closing]}) is None
    ]
    return [
        {**rule, "service": f"ssh://origin-{place}:22"}
        for place, rule in enumerate([*right, closing])
    ]


@st.composite
def asked(draw: st.DrawFn, rules: Sequence[Json], *, resolved: bool = False) -> str:
    """A URL, of which the host often is near one of a rule; `resolved`: as DNS knows names."""
    given = [rule.get("hostname", "") for rule in rules]
    named = [name for name in given if name.strip("*.") and ":" not in name]
    near = st.sampled_from(named).map(lambda name: name.replace("*", draw(hosts)))
    host = draw(st.one_of(near, hosts) if named else hosts)
    spelt = _encoded(host).lower()
    if not resolved:
        spelt = draw(st.sampled_from([host, host.lower(), spelt]))
    return f"https://{spelt}{draw(st.sampled_from(['', '', ':443']))}{draw(st.sampled_from(URLS))}"


def _encoded(host: str) -> str:
    return ".".join(LABELS.get(label) or label for label in host.split("."))


# -- what is taken --------------------------------------------------------------------------


def written(rules: Sequence[Json]) -> Json | None:
    """The configuration that an apply of these rules writes; None: the file is refused."""
    try:
        tunnel = declare("tunnel", "edge", ingress=list(rules))
    except ValidationError:
        return None
    problems = kind("tunnel").check(Declared("prod", wanted=(tunnel,)))
    if any(it.severity is Severity.ERROR for it in problems):
        return None
    return play(kind("tunnel").update(LIVE, tunnel.values, "configure"), TAKEN).body["config"]


TUNNEL = {"id": "t-1", "name": "edge.ztctl-prod", "config_src": "cloudflare", "deleted_at": None}
TAKEN = {"tunnel_id": "t-1", "version": 1}
LIVE = live_of("tunnel", TUNNEL, {"config": None})


@examples(60)
@given(lists)
def test_what_a_file_may_say_a_connector_takes(rules: list[Json]) -> None:
    """Nothing passes that costs a tunnel its new configuration."""
    config = written(rules)

    event("refused by the file" if config is None else "written")
    assert config is None or refusal(config) is None


@examples(60)
@given(document=documents())
def test_what_the_sandbox_takes_a_connector_takes(put: Put, document: Json) -> None:
    """The sandbox's API refuses what the connector's own validation refuses."""
    taken = put(document)

    event("taken" if taken else "refused")
    assert not taken or refusal(document) is None


@examples(40)
@given(lists)
def test_what_a_file_may_say_the_sandbox_takes(put: Put, rules: list[Json]) -> None:
    """No file that is valid is refused in the midst of an apply."""
    config = written(rules)

    assert config is None or put(config)


@pytest.fixture(scope="module")
def put() -> Put:
    """Puts configurations to one tunnel of a sandbox, and tells whether they were taken."""
    sandbox = Sandbox.create()
    headers = (("authorization", "Bearer any"), ("content-type", "application/json"))

    def call(method: str, path: str, body: Json) -> Json:
        request = Request(method, f"/client/v4{path}", (), headers, json.dumps(body).encode())
        return json.loads(sandbox.handle(request).body)

    tunnels = f"/accounts/{sandbox.export()['accounts'][0]['id']}/cfd_tunnel"
    made = call("POST", tunnels, {"name": "edge", "config_src": "cloudflare"})["result"]
    path = f"{tunnels}/{made['id']}/configurations"
    return lambda config: bool(call("PUT", path, {"config": config})["success"])


# -- which rule answers ---------------------------------------------------------------------


@examples(60)
@given(data=st.data(), rules=served_lists())
def test_the_sandboxs_edge_answers_by_the_rule_of_a_connector(
    data: st.DataObject, rules: list[Json]
) -> None:
    """Whatever the names of live rules look like, and whatever is asked for."""
    parsed = rules_of({"ingress": rules})
    for url in data.draw(st.lists(asked(rules), min_size=1, max_size=5)):
        found = served(parsed, Arriving(*_split(url)))

        assert found.service == rules[answering(rules, url)]["service"]


@examples(60)
@given(data=st.data(), rules=served_lists())
def test_the_model_counts_with_the_rule_that_answers(
    data: st.DataObject, rules: list[Json]
) -> None:
    """It is among those that may serve the host, and each before it is for some path alone."""
    live = live_of("tunnel", TUNNEL, {"config": {"ingress": rules}})
    fact = kind("tunnel").fact(live.values, live)
    assert isinstance(fact, TunnelRules)
    assert fact.rules is not None
    for url in data.draw(st.lists(asked(rules, resolved=True), min_size=1, max_size=5)):
        may = [rule.service for rule in rules_for(_split(url)[0], fact.rules)]

        answer = answering(rules, url)
        assert rules[answer]["service"] in may
        before = may[: may.index(rules[answer]["service"])]
        assert all(rules[_place(service)].get("path") for service in before)


def _split(url: str) -> tuple[str, str]:
    host, slash, path = url.removeprefix("https://").partition("/")
    return host.partition(":")[0], slash + path


def _place(service: str) -> int:
    return int(service.removeprefix("ssh://origin-").removesuffix(":22"))


# -- a real one -----------------------------------------------------------------------------


real = pytest.mark.skipif(not CLOUDFLARED, reason="ZTCTL_TEST_CLOUDFLARED names no cloudflared")


def cloudflared(folder: Path, config: Json, *command: str) -> subprocess.CompletedProcess[str]:
    """What a subcommand of `tunnel ingress` says of a configuration."""
    file = folder / "config.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    program = [str(CLOUDFLARED), "tunnel", "--config", str(file), "ingress", *command]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where configurations are written for it."""
    return tmp_path_factory.mktemp("cloudflared")


@real
@examples(40, deadline=None)
@given(document=documents())
def test_the_real_one_takes_what_the_oracle_takes(folder: Path, document: Json) -> None:
    """`tunnel ingress validate`."""
    said = cloudflared(folder, document, "validate")

    assert (said.returncode == 0) == (refusal(document) is None), said.stderr


@real
@examples(40, deadline=None)
@given(data=st.data(), rules=served_lists())
def test_the_real_one_answers_by_the_oracles_rule(
    folder: Path, data: st.DataObject, rules: list[Json]
) -> None:
    """`tunnel ingress rule URL`."""
    url = data.draw(asked(rules))

    said = cloudflared(folder, {"ingress": rules}, "rule", url)

    assert re.findall("Matched rule #([0-9]+)", said.stdout) == [str(answering(rules, url))]
