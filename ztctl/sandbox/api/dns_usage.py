"""Number and quota of DNS records.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026. Unrecorded: the quota by
plan (see `ztctl.sandbox.api.quotas`), that "DNS Read" suffices as well as "Account DNS Settings
Read".
Not emulated: a quota of the whole account, internal zones.
"""

from __future__ import annotations

from ztctl.sandbox.api.lookups import zone_of
from ztctl.sandbox.api.quotas import record_quota
from ztctl.sandbox.call import Call
from ztctl.sandbox.messages import Reply
from ztctl.sandbox.permissions import DNS_USAGE
from ztctl.sandbox.routing import Family, Route


def _zone(call: Call) -> Reply:
    zone = zone_of(call)
    used = call.store.tally("dns_record", "zone", zone["id"])
    return Reply({"record_quota": record_quota(zone), "record_usage": used})


def _account(call: Call) -> Reply:
    return Reply({"record_quota": None, "record_usage": call.store.count("dns_record")})


FAMILY = Family(
    (
        Route("GET", "/zones/{zone_id}/dns_records/usage", _zone, DNS_USAGE),
        Route("GET", "/accounts/{account_id}/dns_records/usage", _account, DNS_USAGE),
    )
)
