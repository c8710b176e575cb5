"""Everything that is emulated: one line an endpoint family."""

from __future__ import annotations

from ztctl.sandbox.api import (
    accounts,
    app_cas,
    app_policies,
    apps,
    dns_batch,
    dns_records,
    groups,
    identity,
    policies,
    service_tokens,
    tags,
    tunnel_configurations,
    tunnels,
    zones,
)

FAMILIES = (
    accounts.FAMILY,
    zones.FAMILY,
    identity.FAMILY,
    tags.FAMILY,
    groups.FAMILY,
    policies.FAMILY,
    apps.FAMILY,
    app_policies.FAMILY,
    app_cas.FAMILY,
    service_tokens.FAMILY,
    tunnels.FAMILY,
    tunnel_configurations.FAMILY,
    dns_records.FAMILY,
    dns_batch.FAMILY,
)
