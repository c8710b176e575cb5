"""Export of the account as JSON values, to be read by people or imported elsewhere.

Omitted are secrets (of tunnels, service tokens and identity providers, private keys), API tokens,
and the diagnostics about unsupported requests.
"""

from __future__ import annotations

import json
from typing import Any

from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Store

KINDS = {
    "accounts": "account",
    "zones": "zone",
    "zone_settings": "zone_setting",
    "certificate_packs": "certificate_pack",
    "zone_scopes": "zone_scope",
    "identity_providers": "identity_provider",
    "organizations": "organization",
    "tags": "tag",
    "groups": "access_group",
    "policies": "policy",
    "apps": "app",
    "app_cas": "app_ca",
    "gateway_cas": "gateway_ca",
    "audit_ssh_settings": "audit_ssh_settings",
    "gateway_rules": "gateway_rule",
    "gateway_lists": "gateway_list",
    "posture_checks": "posture_check",
    "service_tokens": "service_token",
    "tunnels": "tunnel",
    "tunnel_configurations": "tunnel_configuration",
    "virtual_networks": "virtual_network",
    "routes": "route",
    "hostname_routes": "hostname_route",
    "targets": "target",
    "dns_records": "dns_record",
    "audit_logs": "audit_log",
}
SECRETS = ("secret", "private_key", "client_secret")


def exported(store: Store) -> Object:
    """Copies of all objects by kind; the inverse is `ztctl.sandbox.importing`."""
    account = {name: [_plain(one) for one in store.all(kind)] for name, kind in KINDS.items()}
    copied: Object = json.loads(json.dumps(account))
    return copied


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in SECRETS}
    return [_plain(one) for one in value] if isinstance(value, list) else value
