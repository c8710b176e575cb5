"""The filters of the application list.

Source: Cloudflare OpenAPI description, July 2026. Unrecorded: that `name` and `domain` filter by
substring unless `exact`, that case does not matter.
Not emulated: `target_attributes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ztctl.sandbox.api.app_destinations import public_uris
from ztctl.sandbox.call import Call
from ztctl.sandbox.messages import Object

FILTERS = ("name", "domain", "aud", "search", "exact")
Test = Callable[[Object], bool]


def listed(call: Call) -> list[Object]:
    """The applications that pass every filter of the query."""
    tests = list(_tests(call))
    return [app for app in _candidates(call) if all(test(app) for test in tests)]


def _candidates(call: Call) -> list[Object]:
    domain = call.query("domain")
    if domain is not None and call.switch("exact"):
        return call.store.find("app", "uri", domain.lower())
    return call.store.all("app")


def _tests(call: Call) -> Iterator[Test]:
    like = _is if call.switch("exact") else _holds
    if (name := call.query("name")) is not None:
        yield lambda app: like({app["name"].lower()}, name.lower())
    if (domain := call.query("domain")) is not None:
        yield lambda app: like(public_uris(app), domain.lower())
    if (aud := call.query("aud")) is not None:
        yield lambda app: bool(app["aud"] == aud)
    if (search := call.query("search")) is not None:
        yield lambda app: _holds({app["name"].lower(), *public_uris(app)}, search.lower())


def _is(texts: set[str], wanted: str) -> bool:
    return wanted in texts


def _holds(texts: set[str], wanted: str) -> bool:
    return any(wanted in text for text in texts)
