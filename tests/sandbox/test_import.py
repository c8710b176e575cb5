"""A whole account out of one sandbox and into another."""

from __future__ import annotations

import ast
import base64
import json
import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.sandbox import api as api_of_sandbox
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.api.delays import DETACHED, JUST_MADE
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.export import KINDS
from ztctl.sandbox.reading import Unreadable
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.stored import MEMBERS

from .api import EVERYONE, Answer, Api
from .spoiling import places, spoilt

SERVERS = {
    "type": "infrastructure",
    "name": "servers",
    "target_criteria": [{"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["db"]}}],
    "policies": [
        {
            "name": "log in",
            "decision": "allow",
            "include": [{"email": {"email": "a@example.com"}}],
            "connection_rules": {"ssh": {"usernames": ["root"]}},
        }
    ],
}
CERTIFICATE = {
    "type": "advanced",
    "hosts": ["example.com", "*.dev.example.com"],
    "certificate_authority": "google",
    "validation_method": "txt",
    "validity_days": 90,
}
SSH_KEY = base64.b64encode(bytes(range(32))).decode()


def made(answer: Answer) -> Any:
    """The result of a call that must have worked."""
    assert answer.status < 300, answer.body
    return answer.result


def furnish(api: Api) -> Any:
    """Make at least one object of every kind; what was exported."""
    made(api.post("{A}/access/tags", {"name": "team"}))
    reusable = api.policy(include=[{"group": {"id": api.group()["id"]}}])["id"]
    app = api.app(tags=["team"], policies=[{"id": reusable, "precedence": 1}])
    made(api.post("{A}/access/apps", SERVERS))
    inline = {"name": "own", "decision": "allow", "include": EVERYONE}
    api.app("www.example.com", policies=[inline])
    made(api.post(f"{{A}}/access/apps/{app['id']}/ca"))
    made(api.post("{A}/access/gateway_ca"))
    made(api.put("{A}/gateway/audit_ssh_settings", {"public_key": SSH_KEY}))
    rule = {"name": "ssh", "action": "audit_ssh", "filters": ["l4"]}
    made(api.post("{A}/gateway/rules", {**rule, "traffic": 'access.target == "db"'}))
    made(api.post("{A}/gateway/lists", {"name": "staff", "type": "EMAIL"}))
    made(api.post("{A}/devices/posture", {"name": "disk", "type": "disk_encryption"}))
    made(api.post("{A}/access/service_tokens", {"name": "robot"}))
    made(api.post(f"{api.zone()}/access/groups", {"name": "team", "include": EVERYONE}))
    furnish_network(api)
    api.record()
    made(api.patch(f"{api.zone()}/settings/websockets", {"value": "off"}))
    made(api.post(f"{api.zone()}/ssl/certificate_packs/order", CERTIFICATE))
    return api.sandbox.export()


def furnish_network(api: Api) -> None:
    """Make tunnels and what leads to private addresses."""
    tunnel, gone = api.tunnel()["id"], api.tunnel("gone")["id"]
    made(api.delete(f"{{A}}/cfd_tunnel/{gone}"))
    config = {"ingress": [{"service": "http_status:404"}]}
    made(api.put(f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": config}))
    api.sandbox.connect(tunnel)
    made(api.post("{A}/teamnet/routes", {"network": "10.0.0.0/8", "tunnel_id": tunnel}))
    host = {"hostname": "db.example.com", "tunnel_id": tunnel}
    made(api.post("{A}/zerotrust/routes/hostname", host))
    target = {"hostname": "db", "ip": {"ipv4": {"ip_addr": "10.0.0.1"}}}
    made(api.post("{A}/infrastructure/targets", target))


@pytest.fixture
def account(api: Api) -> Any:
    """An exported account that has at least one object of every kind."""
    return furnish(api)


def imported(account: Any) -> Api:
    """A client of another sandbox that took the account."""
    sandbox = Sandbox.create(zones=("example.org",))
    sandbox.import_(account)
    return Api(sandbox)


def mistakes(account: Any) -> tuple[str, ...]:
    """What is wrong with an account."""
    with pytest.raises(Unreadable) as told:
        Sandbox.create().import_(account)
    return told.value.problems


def test_every_kind_is_exported(account: Any) -> None:
    """The furnished account has objects of every kind there is."""
    assert {name for name, objects in account.items() if not objects} == set()
    assert set(KINDS.values()) == set(MEMBERS)


def test_every_stored_kind_is_exported() -> None:
    """What an endpoint stores is exported, so that imports, laws and observers see it."""
    calls = [
        (path.stem, node.args[0])
        for path in Path(api_of_sandbox.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args
        if isinstance(node.func, ast.Attribute) and node.func.attr == "put"
    ]
    named = {kind.value for _, kind in calls if isinstance(kind, ast.Constant)}
    named |= {
        getattr(import_module(f"{api_of_sandbox.__name__}.{module}"), kind.id)
        for module, kind in calls
        if isinstance(kind, ast.Name) and kind.id.isupper()
    }

    assert len(named) > 15
    assert named - set(KINDS.values()) - {DETACHED, JUST_MADE} == set(), (
        "name it in KINDS of ztctl/sandbox/export.py and its members in ztctl/sandbox/stored.py"
    )


def test_export_import_export_is_equal(account: Any) -> None:
    """An account that was imported exports as the same account, order included."""
    text = json.dumps(account)

    assert json.dumps(imported(json.loads(text)).sandbox.export()) == text


def test_every_list_is_the_same(api: Api, account: Any) -> None:
    """A client sees the same objects in the imported account."""
    other = imported(account)
    paths = [
        "/zones",
        "{A}/access/tags",
        "{A}/access/groups",
        "{A}/access/policies",
        "{A}/access/apps",
        "{A}/access/apps/ca",
        "{A}/access/gateway_ca",
        "{A}/gateway/rules",
        "{A}/gateway/lists",
        "{A}/devices/posture",
        "{A}/cfd_tunnel",
        "{A}/teamnet/routes",
        "{A}/infrastructure/targets",
        f"{api.zone()}/dns_records",
        f"{api.zone()}/settings/websockets",
        f"{api.zone()}/ssl/certificate_packs",
    ]

    assert [other.get(path).body for path in paths] == [api.get(path).body for path in paths]


def test_the_imported_account_can_be_changed(account: Any) -> None:
    """Integrity holds between what was imported and what is written afterwards."""
    api = imported(account)
    body = {"name": "a", "type": "self_hosted", "domain": "ssh.example.com"}
    app = account["apps"][0]["id"]

    assert api.post("{A}/access/apps", body).error == (409, 11010)
    assert api.delete(f"{{A}}/access/policies/{account['policies'][0]['id']}").status == 409
    assert api.delete(f"{{A}}/access/apps/{app}").status == 202


def test_no_secret_is_exported(api: Api) -> None:
    """Secrets of tunnels, tokens and CAs, and API tokens, are nowhere in an export."""
    api.sandbox.define_token("token", ["Access: Apps and Policies Write", "DNS Write"])
    secret = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U="
    config = {"client_id": "c", "client_secret": "hush-hush"}
    api = Api(Sandbox.create())
    api.post("{A}/cfd_tunnel", {"name": "t", "tunnel_secret": secret})
    token = api.post("{A}/access/service_tokens", {"name": "robot"}).result["client_secret"]
    provider = {"name": "g", "type": "github", "config": config}
    api.post("{A}/access/identity_providers", provider)
    text = json.dumps(furnish(api))

    told = [
        one for one in (secret, token, "hush-hush", "PRIVATE KEY", "private_key") if one in text
    ]
    assert told == []


def test_tunnels_get_a_new_token(account: Any) -> None:
    """The secret of a tunnel is made anew, so that its token is whole again."""
    api = imported(account)
    tunnel = api.get("{A}/cfd_tunnel?is_deleted=false").result[0]["id"]
    token = json.loads(base64.b64decode(api.get(f"{{A}}/cfd_tunnel/{tunnel}/token").result))

    assert (token["t"], len(base64.b64decode(token["s"]))) == (tunnel, 32)


def test_authorities_keep_their_public_key(account: Any) -> None:
    """A CA keeps its public key, which servers trust; its private half is known to be unknown."""
    sandbox = imported(account).sandbox
    with sandbox.session() as state:
        kept = state.store.get("app_ca", account["apps"][0]["id"])

    assert kept is not None
    assert (kept["public_key"], kept["private_key"]) == (account["app_cas"][0]["public_key"], None)


def test_api_tokens_stay(account: Any) -> None:
    """An import changes the account, and not who may use the sandbox."""
    sandbox = Sandbox.create()
    sandbox.define_token("mine", ["Zone Read"])
    sandbox.import_(account)

    assert (Api(sandbox, "mine").get("/zones").status, Api(sandbox).get("/zones").status) == (
        200,
        401,
    )


def test_an_import_lasts(tmp_path: Path, account: Any) -> None:
    """An imported account is in the state file."""
    file = tmp_path / "state.jsonl"
    open_sandbox(file).import_(account)

    assert open_sandbox(file, zones=()).export() == account


def without(kind: str, member: str) -> Callable[[Any], None]:
    """Takes a member off the first object of a kind."""
    return lambda account: account[kind][0].pop(member)


def having(kind: str, member: str, value: Any) -> Callable[[Any], None]:
    """Gives the first object of a kind another value."""
    return lambda account: account[kind][0].update({member: value})


NOBODY = "00000000-0000-4000-8000-000000000000"
OKTA = {"name": "a", "identity_provider_id": NOBODY}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without("apps", "policies"), "apps[0].policies: is missing"),
        (having("apps", "id", "../x"), "apps[0].id: must be a UUID"),
        (having("apps", "tags", ["none"]), "there is no tag 'none'"),
        (having("policies", "include", {}), "policies[0].include: must be a list"),
        (having("dns_records", "zone_id", "0" * 32), "there is no zone"),
        (having("dns_records", "proxied", "yes"), "dns_records[0].proxied: must be true or false"),
        (having("tunnels", "created_at", "today"), "tunnels[0].created_at: must be a time"),
        (having("tunnel_configurations", "config", []), "config: must be an object"),
        (having("app_cas", "aud", "0" * 64), "belongs to no application"),
        (having("routes", "tunnel_id", "x"), "routes[0].tunnel_id: must be a UUID"),
        (lambda account: account.pop("accounts"), "accounts: there must be one"),
        (lambda account: account["accounts"].append(account["accounts"][0]), "only one"),
        (lambda account: account["tags"].append(account["tags"][0]), "is there 2 times"),
        (lambda account: account.update(colours=[]), "colours: unknown"),
        (lambda account: account.update(apps={}), "apps: must be a list"),
        (having("apps", "destinations", 5), "cannot be"),
        (having("groups", "include", [{"group": 5}]), "groups[0].include[0]: must be a rule"),
        (having("groups", "include", [{"group": {"id": NOBODY}}]), "there is no access group"),
        (having("policies", "require", [{"okta": OKTA}]), "there is no identity provider"),
    ],
)
def test_wrong_accounts_are_told(account: Any, spoil: Callable[[Any], None], told: str) -> None:
    """What an account cannot be is told with its place."""
    spoil(account)

    assert told in " | ".join(mistakes(account))


def test_all_problems_are_told_at_once(account: Any) -> None:
    """Several mistakes of several kinds are told together."""
    for spoil in (without("apps", "aud"), without("zones", "name"), without("tags", "name")):
        spoil(account)

    assert len(mistakes(account)) == 3


def test_a_refused_import_changes_nothing(tmp_path: Path, account: Any) -> None:
    """The state, and its file, are untouched by an account that is refused."""
    file = tmp_path / "state.jsonl"
    sandbox = open_sandbox(file)
    before, content = sandbox.export(), file.read_bytes()
    having("apps", "destinations", 5)(account)

    with pytest.raises(Unreadable):
        sandbox.import_(account)

    assert (sandbox.export(), file.read_bytes()) == (before, content)


USES = (
    ("GET", "{A}/access/apps"),
    ("GET", "{A}/access/policies"),
    ("GET", "{A}/access/groups"),
    ("GET", "{A}/cfd_tunnel"),
    ("GET", "{A}/teamnet/routes"),
    ("GET", "{A}/infrastructure/targets"),
    ("GET", "{A}/gateway/rules"),
    ("PUT", "{A}/access/apps"),
    ("DELETE", "{A}/access/apps"),
    ("DELETE", "{A}/access/policies"),
    ("DELETE", "{A}/access/groups"),
    ("DELETE", "{A}/teamnet/routes"),
    ("DELETE", "{A}/cfd_tunnel"),
)


def used(sandbox: Sandbox, method: str, path: str) -> list[int]:
    """The statuses of a list, and of a call for each object in it."""
    api = Api(sandbox)
    listed = api.get(path)
    keys = [one["id"] for one in listed.result or ()]
    body = {"name": "a", "type": "self_hosted", "domain": "ssh.example.com"}
    return [listed.status, *(api.call(method, f"{path}/{key}", body).status for key in keys)]


ACCOUNT = furnish(Api(Sandbox.create(entropy=random.Random(7).randbytes)))
PLACES = [place for place in places(ACCOUNT) if place[0] != "audit_logs"]


@examples(60)
@given(
    st.sampled_from(PLACES),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}),
)
def test_no_hostile_account_breaks_the_sandbox(place: tuple[Any, ...], value: Any) -> None:
    """Whatever stands at whatever place, it is refused, or the account can be worked with."""
    account = spoilt(ACCOUNT, place, value)
    sandbox = Sandbox.create()
    try:
        sandbox.import_(account)
    except Unreadable as error:
        assert error.problems  # noqa: PT017 - either end is fine, any other exception is not

    statuses = {status for method, path in USES for status in used(sandbox, method, path)}
    assert statuses <= {200, 201, 202, 400, 404, 405, 409}
    assert sandbox.edge.visit(Visit("ssh.example.com")).outcome
