"""Access objects of one zone: the same operations below `/zones/{zone_id}/access`.

Source: official Python SDK 5.9.0 (`/{accounts|zones}/{id}/access/…` of applications, their policies
and CAs, groups, identity providers and service tokens; reusable policies, tags, rotation and
refresh are the account's alone). Recorded: `GET /zones/{id}/access/groups` and
`…/identity_providers` answer in the shape of the account's lists (cf-terraforming, 2025), and
`…/access/apps/policies` answers 12045. Unrecorded: that what is made here is in no list of the
account (`zone_access_listed` turns that round), that the edge knows it (`zone_access_enforced`),
that a rule may refer to objects of the account, that a host may have an application in the account
and one in its zone, that a domain of another zone is refused with the words that a domain of no
zone has.
Not emulated: `/zones/{zone_id}/access/organizations`, certificates.
"""

from __future__ import annotations

from dataclasses import replace

from ztctl.sandbox.call import Call
from ztctl.sandbox.messages import Reply
from ztctl.sandbox.routing import Family, Handler
from ztctl.sandbox.scopes import seen_from

ACCOUNT, ZONE = "/accounts/{account_id}/", "/zones/{zone_id}/"
# What these families do for an account alone.
OF_THE_ACCOUNT = ("/make_reusable", "/refresh", "/rotate")


def with_zones(family: Family) -> Family:
    """The family with the same routes below each zone; either sees the objects of its scope."""
    routes = tuple(replace(route, handler=_scoped(route.handler)) for route in family.routes)
    twins = tuple(
        replace(route, path=route.path.replace(ACCOUNT, ZONE))
        for route in routes
        if not route.path.endswith(OF_THE_ACCOUNT)
    )
    return replace(family, routes=(*routes, *twins))


def _scoped(handler: Handler) -> Handler:
    def handled(call: Call) -> Reply:
        listed = call.state.settings.zone_access_listed
        store = seen_from(call.params.get("zone_id"), call.state.store, everything=listed)
        return handler(replace(call, scope=store))

    return handled
