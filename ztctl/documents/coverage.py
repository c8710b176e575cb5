"""Which patterns answer for a host name; the two sides of Cloudflare disagree on the star."""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.names import to_ascii


def ingress_patterns(host: str) -> Iterator[str]:
    """Every `hostname` of an ingress rule that matches the name: a star is any depth.

    A lone star stands for a rule without a host name. Source: cloudflared, ``ingress/rule.go``,
    which compares what stands behind ``*``.
    """
    name = to_ascii(host)
    yield name
    _, dot, parent = name.partition(".")
    while dot:
        yield f"*.{parent}"
        _, dot, parent = parent.partition(".")
    yield "*"


def access_patterns(host: str) -> Iterator[str]:
    """Every Access destination that covers the whole of a name: a star is one label.

    A destination with a path covers a part of the name only, so it is none of these. Source:
    Cloudflare One documentation, "Application paths".
    """
    name = to_ascii(host)
    yield name
    label, dot, parent = name.partition(".")
    if dot and label != "*":
        yield f"*.{parent}"


def specificity(host: str) -> tuple[bool, int, str]:
    """Sorts rules so that none hides another: exact names first, then deeper wildcards.

    Otherwise by name, so that the order in the file means nothing.
    """
    name = to_ascii(host)
    return (True, -name.count("."), name) if name.startswith("*") else (False, 0, name)
