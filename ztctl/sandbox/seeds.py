"""What a new sandbox account holds, and nothing else.

Ids of seeded objects depend on their names alone, so that examples can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ztctl.sandbox.ids import derived, uuid_of
from ztctl.sandbox.messages import Object
from ztctl.sandbox.state import State

ACCOUNT_ID = "7d3a19f04be84c6c9e52b06d81f7c2a4"
AUTH_DOMAIN = "acme.cloudflareaccess.com"

Plan = Literal["free", "pro", "business", "enterprise"]
Status = Literal["initializing", "pending", "active", "moved"]

PLAN_NAMES: dict[str, str] = {
    "free": "Free Website",
    "pro": "Pro Website",
    "business": "Business Website",
    "enterprise": "Enterprise Website",
}
PROVIDERS = (("okta", "Okta"), ("google-apps", "Google Workspace"), ("onetimepin", ""))


@dataclass(frozen=True, slots=True)
class ZoneSeed:
    """A zone to begin with."""

    name: str
    plan: Plan = "free"
    status: Status = "active"


@dataclass(frozen=True, slots=True)
class Seeds:
    """What is put into an empty store; zones are added to any store that lacks them."""

    account_name: str = "Acme"
    zones: tuple[ZoneSeed, ...] = (ZoneSeed("example.com"),)
    zero_trust: bool = True


def zone_seeds(zones: Iterable[str | ZoneSeed]) -> tuple[ZoneSeed, ...]:
    """Zones by name alone are free and active."""
    return tuple(ZoneSeed(one) if isinstance(one, str) else one for one in zones)


@contextmanager
def seeded_session(state: State, seeds: Seeds, *, zones: bool) -> Iterator[None]:
    """A session of the store, which is seeded first where it is empty (`zones`: in any case)."""
    with state.store.session():
        if zones or state.store.count("account") == 0:
            plant(state, seeds)
        yield


def plant(state: State, seeds: Seeds) -> None:
    """Seed an empty store, add missing zones to any; within the running session."""
    if state.store.count("account") == 0:
        _plant_account(state, seeds)
    for seed in seeds.zones:
        if not state.store.tally("zone", "name", seed.name.lower()):
            zone = _zone(state, seed)
            state.store.put("zone", zone["id"], zone)


def _plant_account(state: State, seeds: Seeds) -> None:
    account = {
        "id": ACCOUNT_ID,
        "name": seeds.account_name,
        "type": "standard",
        "settings": {"enforce_twofactor": False},
        "created_on": state.instant(),
    }
    state.store.put("account", ACCOUNT_ID, account)
    if not seeds.zero_trust:
        return
    now = state.now()
    for kind, name in PROVIDERS:
        key = uuid_of(derived(f"identity provider {kind}")[:16])
        provider = {"id": key, "name": name, "type": kind, "config": {}, "scim_config": {}}
        state.store.put("identity_provider", key, provider)
    organisation = {
        "name": seeds.account_name,
        "auth_domain": AUTH_DOMAIN,
        "created_at": now,
        "updated_at": now,
    }
    state.store.put("organization", ACCOUNT_ID, organisation)


def _zone(state: State, seed: ZoneSeed) -> Object:
    name, now = seed.name.lower(), state.instant()
    account = {member: state.account[member] for member in ("id", "name")}
    return {
        "id": derived(f"zone {name}").hex()[:32],
        "name": name,
        "status": seed.status,
        "paused": False,
        "type": "full",
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "development_mode": 0,
        "meta": {"step": 2, "page_rule_quota": 3, "phishing_detected": False},
        "owner": {**account, "type": "organization"},
        "account": account,
        "plan": {
            "id": derived(f"plan {seed.plan}").hex()[:32],
            "name": PLAN_NAMES[seed.plan],
            "legacy_id": seed.plan,
        },
        "created_on": now,
        "modified_on": now,
        "activated_on": now if seed.status == "active" else None,
    }
