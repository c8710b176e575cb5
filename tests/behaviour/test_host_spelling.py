"""How host names are spelt: in files, in the account, and in rules that somebody else wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.account import Account, edits, refused
from tests.support.files import HOST, host, short, whole
from ztctl.core.model.diagnostics import Problems

SERVICE = "ssh://localhost:22"


def test_a_star_inside_a_label_covers_the_hosts_that_share_it(account: Account) -> None:
    """Hosts that a destination covers add none of their own, so that five are not too many."""
    names = [f"ssh-{number}.example.com" for number in range(1, 6)]
    shared = {"tunnel": "pool", "service": SERVICE, "application": "shared"}
    file = {
        **host(),
        "applications": {"shared": {"destinations": ["ssh-*.example.com"], "policies": ["team"]}},
        "hosts": dict.fromkeys(names, shared),
    }

    account.apply(file)

    (place,) = account.one("apps")["destinations"]
    assert place["uri"] == "ssh-*.example.com"
    assert edits(account.plan(file)) == []


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("straße.example.com", "xn--strae-oqa.example.com"),
        ("ΒΌΛΟΣ.example.com", "xn--nxasmq6b.example.com"),
        ("βόλος.example.com", "xn--nxasmm1c.example.com"),
        ("＊.Bücher.example.com", "*.xn--bcher-kva.example.com"),
        ("r3---sn_1.example.com", "r3---sn_1.example.com"),
    ],
)
def test_a_name_is_encoded_as_browsers_do(account: Account, name: str, encoded: str) -> None:
    """Record, application and rule have the name that is asked for, and the next plan is empty."""
    account.apply(host(name))

    assert account.one("dns_records")["name"] == encoded
    assert account.one("apps")["destinations"][0]["uri"] == encoded
    assert served(account)[0]["hostname"] == encoded
    assert edits(account.plan(host(name))) == []


def test_a_public_name_in_its_own_script_is_public(account: Account) -> None:
    """Stated to be open as it is written, and open under the name that is asked for."""
    open_door = {"tunnel": "pool", "service": SERVICE, "public": {"reason": "status page"}}
    names = ("Büro.example.com", "*.Straße.example.com")
    file = {**host(), "hosts": dict.fromkeys(names, open_door)}

    assert refused(account.plan(file)) == []


FILES: list[dict[str, Any]] = [
    {"hosts": {"NAME": short()}},
    {"dns": {"NAME": {"tunnel": "pool"}}},
    {"applications": {"NAME": {"policies": ["team"]}}},
    {"applications": {"a": {"domain": "NAME/x"}}},
    {"applications": {"a": {"destinations": ["NAME"]}}},
    {"applications": {"a": {"destinations": [{"uri": "NAME"}]}}},
    {"applications": {"a": {"destinations": [{"hostname": "NAME"}]}}},
    {"tunnels": {"pool": {"ingress": [{"hostname": "NAME", "service": SERVICE}]}}},
]


@pytest.mark.parametrize("wrong", ["-ü-.example.com", "☃.example.com", "\u05d0a.example.com"])
@pytest.mark.parametrize("file", FILES)
def test_a_name_that_nobody_can_have_has_a_place(
    account: Account, file: dict[str, Any], wrong: str
) -> None:
    """Wherever a host name may be written, one that IDNA refuses is a problem where it stands."""
    with pytest.raises(Problems) as caught:
        account.declared(spelt({**host(), "hosts": {}, **file}, wrong))

    text = (account.folder / "ztctl.yaml").read_text()
    for problem in caught.value.items:
        assert problem.where is not None
        stands, _ = json.JSONDecoder().raw_decode(text, problem.where.column - 1)
        assert wrong in (stands if isinstance(stands, str) else stands["uri"])
        assert wrong in problem.summary


def spelt(value: Any, name: str) -> Any:
    """A file with a name put in."""
    if isinstance(value, dict):
        return {spelt(key, name): spelt(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [spelt(item, name) for item in value]
    return value.replace("NAME", name) if isinstance(value, str) else value


# -- rules that somebody else wrote -----------------------------------------------------------


def served(account: Account) -> list[dict[str, Any]]:
    """The live rules of the one tunnel."""
    rules: list[dict[str, Any]] = account.one("tunnel_configurations")["config"]["ingress"]
    return rules


def respell(account: Account, written: str) -> None:
    """Somebody spells the name of the first rule in another way."""
    stored = account.one("tunnel_configurations")
    stored["config"]["ingress"][0]["hostname"] = written
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": stored["config"]})


MATCHES_NOTHING = [
    (HOST, "ssh.example.com."),
    ("*.example.com", "*.Example.com"),
    ("*.bücher.example.com", "*.bücher.example.com"),
    ("_srv.example.com", "_SRV.example.com"),
]


@pytest.mark.parametrize(("name", "written"), MATCHES_NOTHING)
def test_a_rule_that_matches_nothing_is_written_over(
    account: Account, name: str, written: str
) -> None:
    """The connector compares as written: a rule in another spelling is none, and is mended."""
    account.apply(host(name))
    right = served(account)
    respell(account, written)

    assert edits(account.plan(host(name))) != []
    account.apply(host(name), interruption=["all"])

    assert served(account) == right
    assert edits(account.plan(host(name))) == []


@pytest.mark.parametrize(
    ("name", "written"),
    [(HOST, "SSH.Example.com"), ("straße.example.com", "straße.example.com")],
)
def test_a_rule_that_the_connector_encodes_is_in_step(
    account: Account, name: str, written: str
) -> None:
    """Without a star the connector compares the encoded name, too, so that nothing differs."""
    account.apply(host(name))
    respell(account, written)

    assert edits(account.plan(host(name))) == []


OPEN = {"service": SERVICE}


@pytest.mark.parametrize(
    ("rules", "is_open"),
    [
        ([{**OPEN, "hostname": HOST}], True),
        ([{**OPEN, "hostname": "SSH.Example.com"}], True),
        ([{**OPEN, "hostname": "ssh.example.com."}], True),
        ([{**OPEN, "hostname": "*.Example.com"}], True),
        ([{**OPEN, "hostname": "*.example.org"}], False),
        ([{"hostname": HOST, "service": "http_status:403"}], False),
        ([{"hostname": "*.example.com", "service": "http_status:403"}, OPEN], True),
        ([{"hostname": "*.Example.com", "service": "http_status:403"}, OPEN], True),
        ([{"hostname": "ssh.example.com.", "service": "http_status:403"}, OPEN], True),
    ],
)
def test_a_rule_serves_what_the_connector_lets_it_serve(
    account: Account, rules: list[dict[str, Any]], is_open: bool
) -> None:
    """A rule in another spelling may serve who spells the name so, and hides no rule behind it.

    What refuses everybody in one spelling may be passed over in another: the connector compares
    names as they are spelled, and which spelling it is handed is not recorded.
    """
    account.apply(whole())
    stored = account.one("tunnel_configurations")
    closing = [] if OPEN in rules else [{"service": "http_status:404"}]
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": {"ingress": [*rules, *closing]}})
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}")

    plan = account.plan(whole())

    assert (HOST in {exposed.host for exposed in plan.exposed}) is is_open
