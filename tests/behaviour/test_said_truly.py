"""What a plan says of an account that is not as most are: the reason that it is, and a way out."""

from __future__ import annotations

from io import StringIO

from tests.support.account import Account
from tests.support.files import HOST, host, short, whole
from ztctl.core.model.plan import Plan
from ztctl.views.factory import make_view


def shown(plan: Plan) -> str:
    """What a person reads."""
    stream = StringIO()
    view = make_view(
        "text", stdout=stream, stderr=StringIO(), color=False, quiet=False, terminal=False,
        redact=str, version="0",
    )  # fmt: skip
    view.plan(plan)
    return stream.getvalue()


def test_a_local_tunnel_of_the_name_is_not_to_be_declared(account: Account) -> None:
    """It cannot be: what can be done instead is said."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "local"})

    told = " ".join(refusal.reason for refusal in account.plan(host()).refusals)

    assert "`tunnel: {live: pool}`" in told
    assert "declare it as it is" not in told


def test_a_live_tunnel_that_is_managed_remotely_is_looked_into(account: Account) -> None:
    """Its rules can be read, so that the plan says where the new name leads."""
    tunnel = account.call("POST", "{A}/cfd_tunnel", {"name": "office", "config_src": "cloudflare"})
    rules = [{"hostname": HOST, "service": "ssh://10.0.0.9:22"}, {"service": "http_status:404"}]
    path = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
    account.call("PUT", path, {"config": {"ingress": rules}})
    file = {**whole(), "tunnels": {}, "dns": {HOST: {"tunnel": {"live": "office"}}}}

    (change,) = account.plan(file).access

    assert [entry.origin for entry in change.gained] == ["ssh://10.0.0.9:22"]
    assert account.apply(file).is_complete


def test_refusals_for_one_reason_are_one(account: Account) -> None:
    """Of three hosts that go each CA is named, and the flag for all of them once."""
    names = [f"h{number}.example.com" for number in range(3)]
    file = host()
    account.apply({**file, "hosts": {**file["hosts"], **dict.fromkeys(names, short())}})

    refused = shown(account.plan(file, deletions=True)).partition("Refused")[2]

    assert all(name in refused for name in names)
    assert "\n    --allow-ca-deletion all\n" in refused
    assert refused.count("--allow-ca-deletion") == 1


def test_a_plan_makes_no_name_up(account: Account) -> None:
    """The name by which a wildcard is looked into is nobody's, and is not shown."""
    text = shown(account.plan(host("*.jump.example.com")))

    assert "any other *.jump.example.com" in text
    assert "ztctl-probe" not in text


def test_a_country_alone_is_refused_for_what_it_is(account: Account) -> None:
    """It does require something, which is easily had."""
    file = host()
    file["policies"]["team"]["include"] = [{"country": "PT"}]

    (reason,) = (refusal.reason for refusal in account.plan(file).refusals)

    assert "an address in a country is easily had" in reason
    assert "requires nothing" not in reason
