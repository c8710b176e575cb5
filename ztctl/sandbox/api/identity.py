"""Identity providers and the organisation, read only.

Source: Cloudflare OpenAPI description, July 2026. Unrecorded: that the one-time PIN has an empty
name, that secrets in `config` are left out. Without an organisation every Access path answers
404/9999 (recorded).
Not emulated: creating and changing either.
"""

from __future__ import annotations

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal
from ztctl.sandbox.messages import Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import ORGANISATION
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/identity_providers"
SIZES = Sizes(200)
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found: identity provider not found")


def _list(call: Call) -> Reply:
    return paged(call, call.store.all("identity_provider"), SIZES, "identity_provider", dict)


def _get(call: Call) -> Reply:
    return Reply(found(call, "identity_provider", "idp_id", UNKNOWN), kind="identity_provider")


def _organisation(call: Call) -> Reply:
    return Reply(call.store.all("organization")[0], kind="organization")


FAMILY = Family(
    (
        Route("GET", PATH, _list, ORGANISATION, PAGING),
        Route("GET", PATH + "/{idp_id}", _get, ORGANISATION),
        Route("GET", "/accounts/{account_id}/access/organizations", _organisation, ORGANISATION),
    )
)
