"""Script files: everything that can be switched, and every mistake at its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.latency import Fixed, Lognormal, Uniform
from ztctl.sandbox.rate_limit import RateLimit
from ztctl.sandbox.reading import DEEPEST, SHOWN, Unreadable, parsed, read
from ztctl.sandbox.script import LAG_KINDS, LARGEST, SCRIPT, Script, load
from ztctl.sandbox.settings import Settings

from .api import Api

FULL: dict[str, Any] = {
    "zones": ["example.org", {"name": "example.net", "plan": "pro", "status": "pending"}],
    "settings": {
        "awkward": True,
        "detached_calls": 2,
        "new_zone_calls": 1,
        "new_policy_calls": 3,
        "keeps_omitted": True,
        "quotas": True,
        "rate_limit": {
            "calls": 50,
            "body": "empty",
            "per_second": None,
            "headers": "constant",
            "retry_after": False,
        },
        "latency": {"distribution": "uniform", "low": 0, "high": 1, "seed": 4},
    },
    "tokens": [{"token": "hush", "permissions": ["Zone Read"], "account_owned": True}],
    "faults": [
        {"nth": 3, "times": None, "status": 503, "headers": {"Retry-After": "1"}},
        {"kind": "body", "method": "POST", "path": "/tags$", "body": {"success": False}},
        {"kind": "slow", "seconds": 2},
    ],
    "lag": {"*": 1, "dns_record": 5.5},
    "assume_connectors": True,
    "connectors": [],
}


def played(**script: Any) -> Api:
    """A client of a sandbox that a script was played on."""
    return Api(open_sandbox(script=read(script, SCRIPT)))


def mistakes(script: Any) -> tuple[str, ...]:
    """What is wrong with a script."""
    with pytest.raises(Unreadable) as told:
        read(script, SCRIPT)
    return told.value.problems


def test_a_full_script_is_read(tmp_path: Path) -> None:
    """Every member that is documented is taken from a file."""
    file = tmp_path / "script.json"
    file.write_text(json.dumps(FULL), encoding="utf-8")

    script = load(file)

    assert script.settings == Settings(
        awkward=True,
        detached_calls=2,
        new_zone_calls=1,
        new_policy_calls=3,
        keeps_omitted=True,
        quotas=True,
        rate_limit=RateLimit(calls=50, body="empty", headers="constant", retry_after=False),
        latency=Uniform(0, 1, 4),
    )
    assert [(zone.name, zone.plan) for zone in script.zones] == [
        ("example.org", "free"),
        ("example.net", "pro"),
    ]
    assert (len(script.faults), script.lag["dns_record"]) == (3, 5.5)


def test_an_empty_script_changes_nothing() -> None:
    """Every member may be left out."""
    assert read({}, SCRIPT) == Script()


@pytest.mark.parametrize(
    ("spelled", "latency"),
    [
        (0.5, Fixed(0.5)),
        ({"distribution": "fixed", "seconds": 2}, Fixed(2)),
        ({"distribution": "lognormal", "median": 0.1}, Lognormal(0.1)),
        (None, None),
    ],
)
def test_latency_may_be_spelled_short(spelled: Any, latency: Any) -> None:
    """A latency is null, a number of seconds, or a distribution by its name."""
    assert read({"settings": {"latency": spelled}}, SCRIPT).settings.latency == latency


def test_zones_are_there_beside_the_default() -> None:
    """A script's zones are added to those that the sandbox was opened with."""
    names = [zone["name"] for zone in played(zones=["example.org"]).get("/zones").result]

    assert names == ["example.com", "example.org"]


def test_tokens_are_defined() -> None:
    """With a script's token defined, no other is taken, and it may do what it may do."""
    token = {"token": "reader", "permissions": ["Access: Apps and Policies Read"]}
    sandbox = played(tokens=[token]).sandbox
    reader, other = Api(sandbox, "reader"), Api(sandbox, "other")

    assert reader.get("{A}/access/tags").status == 200
    assert reader.post("{A}/access/tags", {"name": "a"}).error == (403, 10000)
    assert other.get("{A}/access/tags").error == (401, 10000)


def test_tokens_are_not_printed() -> None:
    """A script can be printed without telling its tokens."""
    assert "hush" not in repr(read(FULL, SCRIPT))


def test_faults_strike() -> None:
    """A script's faults strike as those that are added from Python."""
    api = played(faults=[{"nth": 2, "status": 503}])

    assert [api.get("/zones").status for _ in range(3)] == [200, 503, 200]


def test_a_script_may_be_played_twice() -> None:
    """Two sandboxes with one script count their faults apart."""
    script = read({"faults": [{"status": 503}]}, SCRIPT)
    apis = [Api(open_sandbox(script=script)) for _ in range(2)]

    assert [api.get("/zones").status for api in apis] == [503, 503]


def test_settings_stand_in_for_the_scripts() -> None:
    """Settings that are given beside a script go before the script's."""
    script = read({"settings": {"awkward": True}}, SCRIPT)

    assert not open_sandbox(script=script, settings=Settings()).settings.awkward


def test_connectors_run_by_name_or_id(tmp_path: Path) -> None:
    """A connector is started for each tunnel that is named, by its name or its id."""
    file = tmp_path / "state.jsonl"
    tunnels = [Api(open_sandbox(file)).tunnel(name) for name in ("one", "two")]
    script = read({"connectors": ["one", tunnels[1]["id"]]}, SCRIPT)

    api = Api(open_sandbox(file, script=script))

    statuses = [api.get(f"{{A}}/cfd_tunnel/{one['id']}").result["status"] for one in tunnels]
    assert statuses == ["healthy", "healthy"]


def test_connectors_of_nothing_are_told(tmp_path: Path) -> None:
    """Tunnels that are not there are told at once, and nothing of the script is done."""
    file = tmp_path / "state.jsonl"
    open_sandbox(file)
    script = read({"connectors": ["a", "b"], "tokens": FULL["tokens"]}, SCRIPT)

    with pytest.raises(Unreadable) as told:
        open_sandbox(file, script=script)

    assert [one.partition(":")[0] for one in told.value.problems] == [
        "connectors[0]",
        "connectors[1]",
    ]
    assert Api(open_sandbox(file)).get("/zones").status == 200


def test_every_mistake_is_told_at_once() -> None:
    """Each wrong value is told with its place in the file, in the order of the file."""
    wrong = {
        "colour": "red",
        "zones": ["example.org", {"plan": "gold"}, 7, "a b", {"name": "com"}],
        "settings": {"awkward": 1, "latency": {"distribution": "normal"}, "quotas": "yes"},
        "tokens": [{"token": ""}, {"token": "a b", "permissions": []}],
        "faults": [
            {"nth": 0},
            {"kind": "slow"},
            {"path": "("},
            {"body": []},
            {"times": 1.5},
            {"method": "A B"},
        ],
        "lag": {"*": -1, "tunnel": True},
        "connectors": "all",
    }

    assert [one.partition(": ")[0] for one in mistakes(wrong)] == [
        "colour",
        "zones[1].name",
        "zones[1].plan",
        "zones[2]",
        "zones[3]",
        "zones[4]",
        "settings.awkward",
        "settings.latency.distribution",
        "settings.quotas",
        "tokens[0].permissions",
        "tokens[0].token",
        "tokens[1].token",
        "faults[0].nth",
        "faults[1]",
        "faults[2]",
        "faults[3].body",
        "faults[4].times",
        "faults[5].method",
        "lag.*",
        "lag.tunnel",
        "connectors",
    ]


@pytest.mark.parametrize("script", [[], None, 1, "text", True])
def test_a_script_is_an_object(script: Any) -> None:
    """Anything but an object is refused as a whole."""
    assert mistakes(script) == ("the document: must be an object",)


def test_unknown_kinds_of_lag_are_told() -> None:
    """A lag of a kind that does not exist would do nothing, so it is a mistake."""
    assert "there is no kind 'dns'" in mistakes({"lag": {"dns": 1}})[0]


@pytest.mark.parametrize("kind", LAG_KINDS)
def test_the_edge_knows_every_kind_of_lag(kind: str) -> None:
    """Every kind that a script may name is one that the edge takes."""
    assert played(lag={kind: 1}).get("/zones").status == 200


def test_many_mistakes_are_cut_short() -> None:
    """Of very many mistakes the first are told, and how many more there are."""
    told = mistakes({"zones": [0] * (SHOWN + 5)})

    assert (len(told), told[-1]) == (SHOWN + 1, "and 5 more")


def test_hostile_names_are_told_as_json() -> None:
    """A member's name that a terminal would obey is spelled out."""
    assert mistakes({"\x1b[2J": 1})[0].startswith('"\\u001b[2J": unknown')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ('{"settings": {"latency": NaN}}', "NaN is not JSON"),
        ('{"zones": [], "zones": []}', "names a member twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper"),
        ('{"settings": {"latency": 1' + "0" * 5000 + "}}", "not JSON"),
    ],
)
def test_what_is_no_json_is_told(text: str | bytes, told: str) -> None:
    """A file that is no reasonable JSON raises with the reason, and no traceback's text."""
    with pytest.raises(Unreadable, match=told):
        parsed(text)


def test_huge_scripts_are_refused(tmp_path: Path) -> None:
    """A file over 10 MB is not read."""
    file = tmp_path / "script.json"
    file.write_bytes(b" " * (LARGEST + 1))

    with pytest.raises(Unreadable, match="larger than 10 MB"):
        load(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, "kind", "path", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JSON)
def test_no_script_raises_anything_else(script: Any) -> None:
    """Whatever JSON a script is, it is read, or told to be unreadable."""
    made: Any = None
    told: tuple[str, ...] = ()
    try:
        made = read(script, SCRIPT)
    except Unreadable as error:
        told = error.problems

    assert isinstance(made, Script) or told
