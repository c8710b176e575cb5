"""The whole account as plain values, for people to look at."""

from __future__ import annotations

import json

from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Store

KINDS = {
    "accounts": "account",
    "zones": "zone",
    "identity_providers": "identity_provider",
    "organizations": "organization",
    "tags": "tag",
    "groups": "access_group",
    "policies": "policy",
    "apps": "app",
    "app_cas": "app_ca",
    "service_tokens": "service_token",
    "tunnels": "tunnel",
    "tunnel_configurations": "tunnel_configuration",
    "dns_records": "dns_record",
}
SECRETS = ("secret", "private_key")


def exported(store: Store) -> Object:
    """Every object by kind, in copies that may be changed; secrets and tokens are left out."""
    account = {name: [_plain(one) for one in store.all(kind)] for name, kind in KINDS.items()}
    copied: Object = json.loads(json.dumps(account))
    return copied


def _plain(one: Object) -> Object:
    return {name: one[name] for name in one if name not in SECRETS}
