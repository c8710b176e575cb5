"""What `ztctl permissions` says is what a plan and an apply need, no less, no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.support.account import Account, at_once, told
from tests.support.examples import examples
from tests.support.files import whole
from tests.support.foreign import lived_in
from tests.support.strategies.sides import sides
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.rehearsed import needs_of, zones_of
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import Client
from ztctl.cloudflare.token_body import GROUPS, token_body
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.canonical import references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures, Problems
from ztctl.core.model.events import Outcome
from ztctl.core.model.needs import Need, Without
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Lookup, Secret
from ztctl.core.runs.locks import Holder
from ztctl.engine.execute import execute
from ztctl.engine.lock import Lock
from ztctl.engine.plan import PlanSource
from ztctl.engine.recheck import Recheck
from ztctl.kinds import common
from ztctl.kinds.registry import KINDS
from ztctl.kinds.zone_applications import PERMISSION
from ztctl.sandbox.transport import SandboxTransport

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted({path.parent.name for path in (ROOT / "examples").glob("*/*.yaml")})
EVERY_KIND = {
    **whole(),
    "groups": {"people": {"include": [{"okta": {"identity_provider": "Okta", "name": "infra"}}]}},
    "policies": {
        "team": {"decision": "allow", "include": [{"group": "people"}]},
        "robots": {"decision": "non_identity", "include": [{"service_token": "ci"}]},
    },
    "applications": {"ssh.example.com": {"policies": ["team", "robots"], "tags": ["ssh"]}},
    "virtual_networks": {"staging": {}},
    "gateway_rules": {"ssh": {"traffic": "net.dst.ip == 10.0.0.5", "command_logging": True}},
    "ssh_audit_keys": {"account": {"public_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},
    "private_routes": {"10.0.0.0/8": {"tunnel": "pool", "virtual_network": "staging"}},
    "hosts": {
        "web.example.org": {"tunnel": "pool", "service": "http://localhost", "policies": ["team"]}
    },
    "removed": [{"address": "dns_record.old.example.com"}, {"address": "access_group.gone"}],
}
FAILED = (CallFailed, Failures, Problems)
FILES = (*EXAMPLES, "every kind")


@dataclass
class Guarded(Account):
    """An account that knows one token, which may do what it is told."""

    held: list[str] | None = field(default=None)

    def client(self) -> Client:
        """A client with that token, or with one that may do everything."""
        made = super().client()
        return made if self.held is None else self._limited(self.held)

    def _limited(self, held: Sequence[str]) -> Client:
        self.sandbox.define_token("limited", held)
        transport = SandboxTransport(self.sandbox, sleep=at_once)
        return Client(
            Secret("limited"),
            account=self.sandbox.account_id,
            transport=transport,
            quota=None,
            sleep=at_once,
            wall=self.clock.seconds,
        )

    async def planned(self, declared: Declared) -> Plan:
        """The plan, read with the token."""
        async with self.client() as client:
            return (await self._source(client, declared).plan()).plan

    async def applied(self, declared: Declared) -> tuple[Plan, Outcome]:
        """Plan and apply under the lock, with the token."""
        async with self.client() as client:
            lock = Lock(Holder.named("s", "ann", lambda _: 0), now=self.clock.seconds)
            means = replace(self.means(client), around=(Recheck(), lock))
            try:
                await lock.take(means)
                plan = (await self._source(client, declared, ahead=True).plan()).plan
                await lock.confirm()
                return plan, await execute(plan, KINDS, means)
            finally:
                await lock.release()

    def _source(self, client: Client, declared: Declared, *, ahead: bool = False) -> PlanSource:
        return plan_source(client, declared, options_of(), self.view(), ahead=ahead)


@pytest.fixture(params=FILES)
def declared(request: pytest.FixtureRequest, tmp_path: Path) -> Declared:
    """The wanted side of an example, or of the file with an object of every kind."""
    if request.param == "every kind":
        return Guarded(tmp_path).declared(EVERY_KIND)
    environment = {"CLOUDFLARE_ACCOUNT_ID": "sandbox"}
    return declared_by(
        Settings(files=(ROOT / "examples" / request.param,), environment=environment)
    )


@pytest.fixture
def account(tmp_path: Path) -> Guarded:
    """An account in which the file's service token is there."""
    account = Guarded(tmp_path)
    account.call("POST", "{A}/access/service_tokens", {"name": "ci"})
    return account


def spelled(need: Need, level: str) -> str:
    """A permission as the sandbox's tokens have it."""
    place = {"Account": "account/", "Zone": f"{need.zone}/" if need.zone else ""}[need.scope]
    return f"{place}{need.name} {level}"


def without(needs: Sequence[Need], use: str) -> Iterator[tuple[Need, list[str]]]:
    """Each need of a use, and the permissions of a token that has one level less of it."""
    levels = {need: getattr(need, use) for need in needs if getattr(need, use)}
    for need, level in levels.items():
        rest = [spelled(other, levels[other]) for other in levels if other != need]
        yield need, rest + ([spelled(need, "Read")] if level == "Edit" else [])


def exactly(needs: Sequence[Need], use: str) -> list[str]:
    """What a token has that may do what a use needs, and no more."""
    return [spelled(need, getattr(need, use)) for need in needs if getattr(need, use)]


def unread(plan: Plan) -> list[str]:
    """The warnings about what could not be read."""
    return [it.summary for it in plan.warnings if it.code == "unread-zone"]


def test_a_plan_needs_what_is_said(declared: Declared, account: Guarded) -> None:
    """A token with exactly these permissions plans, and sees all that there is to see."""
    needs, _ = needs_of(declared)
    whole_plan = asyncio.run(account.planned(declared))

    account.held = exactly(needs, "plan")

    plan = asyncio.run(account.planned(declared))
    assert (told(plan), plan.warnings) == (told(whole_plan), whole_plan.warnings)
    assert unread(plan) == []


def test_a_plan_needs_no_less(declared: Declared, account: Guarded) -> None:
    """With any one permission less it fails, or warns of what it does not see, as is said."""
    needs, _ = needs_of(declared)

    found = {}
    for need, held in without(needs, "plan"):
        account.held = held
        try:
            gaps = unread(asyncio.run(account.planned(declared)))
        except FAILED:
            found[need] = Without.FAILS
        else:
            found[need] = Without.WARNS if gaps else Without.KNOWS_LESS

    assert found == {need: need.without for need in needs}


def test_an_apply_needs_what_is_said(declared: Declared, account: Guarded) -> None:
    """A token with exactly these permissions applies the files to an empty account."""
    needs, _ = needs_of(declared)

    account.held = exactly(needs, "apply")
    plan, outcome = asyncio.run(account.applied(declared))

    assert (outcome.is_complete, unread(plan)) == (True, [])
    assert asyncio.run(account.planned(declared)).is_empty


def test_an_apply_needs_no_less(declared: Declared, tmp_path: Path) -> None:
    """With any one level less it does not come to its end, or warns."""
    needs, _ = needs_of(declared)

    missed = []
    for need, held in without(needs, "apply"):
        account = Guarded(tmp_path, held=held)
        account.call("POST", "{A}/access/service_tokens", {"name": "ci"}) if need else None
        try:
            plan, outcome = asyncio.run(account.applied(declared))
        except FAILED:
            missed.append(need)
        else:
            missed += [need] if not outcome.is_complete or unread(plan) else []

    assert missed == [need for need in needs if need.without is not Without.KNOWS_LESS]


@examples(6)
@given(file=sides())
def test_any_file_is_planned_by_what_is_said(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, Any]
) -> None:
    """Whatever a file holds, and an account of others, the token for it plans the same."""
    account = Guarded(tmp_path_factory.mktemp("any"))
    lived_in(account)
    declared = account.declared(file)
    needs, zones = needs_of(declared)
    expected = asyncio.run(account.planned(declared))

    account.held = exactly(needs, "plan")
    plan = asyncio.run(account.planned(declared))

    assert (told(plan), plan.access) == (told(expected), expected.access)
    # Of zones that the files do not name a plan may warn.
    assert not [line for line in unread(plan) if any(f"zone {zone} " in line for zone in zones)]


def test_the_file_of_every_kind_has_them_all(account: Guarded) -> None:
    """The file above declares each section, and refers to what is only read."""
    declared = account.declared(EVERY_KIND)
    looked_up = {it.kind for wanted in declared.wanted for it in references(wanted.values)
                 if isinstance(it, Lookup)}  # fmt: skip

    sections = {kind.name for kind in KINDS.values() if kind.section}

    assert {wanted.address.kind for wanted in declared.wanted} == sections
    assert looked_up == {"identity_provider", "service_token"}


def test_what_is_only_looked_up_is_not_missed(account: Guarded) -> None:
    """A token need not read the service tokens that a file names by their ids alone."""
    token = {"service_token": {"id": "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"}}
    file = whole()
    file["policies"]["robots"] = {"decision": "non_identity", "include": [token]}
    needs, _ = needs_of(account.declared(file))

    (found,) = (need for need in needs if need.name == "Access: Service Tokens")

    assert found.without is Without.KNOWS_LESS
    body = token_body("t", needs, "apply")
    assert "Access: Service Tokens" not in str(body)


def test_the_ids_of_all_groups_are_known() -> None:
    """Each permission that a call may need has its ids for a token's body."""
    named = {value for value in vars(common).values() if isinstance(value, str) and " · " in value}
    named.add(PERMISSION)

    assert {tuple(name.split(" · ")) for name in named} == GROUPS.keys()
    ids = [id_ for levels in GROUPS.values() for id_ in levels.values()]
    assert len({*ids}) == len(ids) == 2 * len(GROUPS)


@pytest.mark.parametrize(
    ("names", "stated", "zones"),
    [
        (["ssh.example.com", "*.dev.example.com"], [], {"example.com": True}),
        (["ssh.example.co.uk", "a.co"], [], {"example.co.uk": True, "a.co": True}),
        (["a.b.example.com"], ["b.example.com"], {"b.example.com": False}),
        (["localhost", "*", "", "a b.c"], [], {}),
        (["example.org"], ["example.com"], {"example.com": False, "example.org": True}),
    ],
)
def test_zones_are_told_by_name(
    names: list[str], stated: list[str], zones: dict[str, bool]
) -> None:
    """A stated zone holds what ends in it; what is left is a guess, and said to be one."""
    assert zones_of(names, stated) == zones
