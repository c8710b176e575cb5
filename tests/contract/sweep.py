"""Everything of these tests by its name, so that nothing stays when a run is cut off."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .service import OURS, Refused, Service, is_gone, place_of

LIVING = {"is_deleted": "false"}
# What is to be deleted first comes first; the query lists what is not deleted.
COLLECTIONS: Mapping[str, Mapping[str, str]] = {
    "{A}/gateway/rules": {},
    "{Z}/dns_records": {},
    "{Z}/access/apps": {},
    "{A}/access/apps": {},
    "{A}/access/policies": {},
    "{A}/access/groups": {},
    "{A}/access/service_tokens": {},
    "{A}/access/tags": {},
    "{A}/infrastructure/targets": {},
    "{A}/zerotrust/routes/hostname": LIVING,
    "{A}/teamnet/routes": LIVING,
    "{A}/cfd_tunnel": LIVING,
    "{A}/teamnet/virtual_networks": LIVING,
}
NAMES = ("name", "hostname", "domain", "comment", "tunnel_name", "virtual_network_name")
# Seconds between two passes: what holds another goes in the first, and some things take a while.
PAUSES = (2.0, 8.0, 15.0)
MOST_PAGES = 50


@contextmanager
def swept_before_and_after(service: Service) -> Iterator[None]:
    """Delete what a run that was cut off has left, then whatever this one leaves.

    Raises Refused if the former cannot be deleted, AssertionError if the latter cannot.
    """
    if left := swept(service):
        raise Refused(f"an earlier run has left these; delete them first: {', '.join(left)}")
    try:
        yield
    finally:
        left = swept(service)
    assert left == [], "left behind"


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let the end of a job or of a terminal be a Ctrl-C, after which pytest still cleans up."""
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, signal.default_int_handler) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def swept(service: Service) -> list[str]:
    """Delete whatever has a name of these tests; gives what is still there."""
    left = _deleted(service)
    for pause in PAUSES:
        if not left:
            break
        service.sleep(pause)
        left = _deleted(service)
    return left


def _deleted(service: Service) -> list[str]:
    left = []
    for path in COLLECTIONS:
        for one in list(_ours(service, path)):
            where = place_of(path, one)
            gone = service.delete(where)
            if not is_gone(gone):
                left.append(f"{where}: {gone}")
    return left


def _ours(service: Service, path: str) -> Iterator[Mapping[str, Any]]:
    for page in range(1, MOST_PAGES):
        answer = service.get(path, page=page, **COLLECTIONS[path])
        if answer.status in (401, 403, 404, 405, 410):
            # A token that may not read a collection, or a service without it, has made nothing.
            return
        listed = answer.result
        if not listed:
            return
        yield from filter(_is_ours, listed)
        size = (answer.body.get("result_info") or {}).get("per_page")
        if not size or len(listed) < size:
            return


def _is_ours(one: Mapping[str, Any]) -> bool:
    names = (str(one.get(name) or "").lower() for name in NAMES)
    return not one.get("deleted_at") and any(name.startswith(OURS) for name in names)
