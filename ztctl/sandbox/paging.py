"""Pagination of lists.

Source: Cloudflare OpenAPI description, July 2026 (`page`, `per_page`, `result_info`). A `per_page`
out of range answers 400 (unrecorded: a clamp is possible too, and is what awkward mode does); a
page beyond the end is empty. Recorded: lists of tunnels, routes, virtual networks and targets do
not say `total_pages`; an empty list of DNS records has one page, an empty list of Access none.

Awkward mode does what clients must expect: pages smaller than asked for (with that `per_page` in
`result_info`), one object on two pages because another was created in between, no `result_info`
if there is only one page (recorded for Access lists).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object, Reply

SMALL = 3
PAGING = ("page", "per_page")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Default and bounds of a numeric query parameter, such as `per_page`.

    `total` is whether `total_pages` is told, `fewest` how many pages an empty list has.
    """

    default: int
    low: int = 1
    high: int = 1000
    total: bool = True
    fewest: int = 0


def paged(
    call: Call,
    items: Sequence[Object],
    sizes: Sizes,
    kind: str,
    render: Callable[[Object], Object],
) -> Reply:
    """The requested page; `render` is called for its objects only. Raises ApiError 400."""
    page = asked(call, "page", Sizes(1, 1, 2**31))
    size = asked(call, "per_page", sizes)
    if call.state.awkward:
        return _awkward(items, page, replace(sizes, default=min(size, SMALL)), kind, render)
    start = (page - 1) * size
    shown = [render(item) for item in items[start : start + size]]
    info = _info(page, replace(sizes, default=size), len(shown), len(items))
    return Reply(shown, kind=kind, info=info)


def _awkward(
    items: Sequence[Object], page: int, sizes: Sizes, kind: str, render: Callable[[Object], Object]
) -> Reply:
    """Page as if an object had been created at the start after page 1 was read."""
    size = sizes.default
    moved = 1 if page > 1 else 0
    start = (page - 1) * size - moved
    shown = [render(item) for item in items[start : start + size]]
    single = len(items) <= size and page == 1
    info = None if single else _info(page, sizes, len(shown), len(items) + moved)
    return Reply(shown, kind=kind, info=info)


def _info(page: int, sizes: Sizes, count: int, total: int) -> Object:
    info = {"page": page, "per_page": sizes.default, "count": count, "total_count": total}
    if sizes.total:
        info["total_pages"] = max(-(-total // sizes.default), sizes.fewest)
    return info


def asked(call: Call, name: str, sizes: Sizes) -> int:
    """A numeric query parameter, or its default; raises ApiError 400 if out of bounds."""
    value = call.query(name)
    if value is None:
        return sizes.default
    # `isdigit` accepts digits of all scripts; `int` of a very long text is slow, or raises.
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise bad_request(f"{name} must be a whole number")
    if not sizes.low <= int(value) <= sizes.high:
        raise bad_request(f"{name} must be from {sizes.low} to {sizes.high}")
    return int(value)
