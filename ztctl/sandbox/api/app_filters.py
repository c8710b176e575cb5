"""Filters of the application list.

Source: Cloudflare OpenAPI description, July 2026. Unrecorded: that `name` and `domain` filter by
substring unless `exact`, that case is ignored, that `target_attributes` searches all parts of the
criteria.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ztctl.sandbox.api.app_destinations import public_uris
from ztctl.sandbox.api.infrastructure_apps import attributes
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

FILTERS = ("name", "domain", "aud", "search", "exact", "target_attributes")
Test = Callable[[Object], bool]


def listed(call: Call) -> Sequence[Object]:
    """The applications that match all filters of the query."""
    tests = list(_tests(call))
    apps = _candidates(call)
    return [app for app in apps if all(test(app) for test in tests)] if tests else apps


def _candidates(call: Call) -> Sequence[Object]:
    attribute, domain = call.query("target_attributes"), call.query("domain")
    if attribute is not None:
        return call.store.find("app", "attribute", attribute.lower())
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
    for wanted in call.queries("target_attributes"):
        yield _named(wanted.lower())
    if (search := call.query("search")) is not None:
        yield lambda app: _holds({app["name"].lower(), *public_uris(app)}, search.lower())


def _named(wanted: str) -> Test:
    if "=" not in wanted:
        raise bad_request("target_attributes must be key=value")
    return lambda app: wanted in attributes(app)


def _is(texts: set[str], wanted: str) -> bool:
    return wanted in texts


def _holds(texts: set[str], wanted: str) -> bool:
    return any(wanted in text for text in texts)
