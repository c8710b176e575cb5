"""Policies that an application has of its own, beside the reusable ones that it uses.

Replies hold them whole, with ``reusable: false``; in a recording of 2023 they say nothing of that
and come whole. In a write one with its id is changed, and one without an id is made, while of a
reusable one only the id counts, whatever else is sent with it (measured by another client, August
2026; that both stand beside each other: tests of the Terraform provider). That one which is left
out is gone is assumed by every client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.objects import Values, Wanted
from ztctl.kinds.common import APPLICATION, items, text_of


def attached_policies(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The policies of an application in a reply, sorted by precedence."""
    found = [item for item in items(raw, "policies") if isinstance(item, Mapping)]
    return sorted(found, key=precedence_of)


def own_policies(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of them that the application has of its own."""
    return [it for it in attached_policies(raw) if _is_reusable(it) is False and text_of(it, "id")]


def linked_policies(raw: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the reusable policies of an application."""
    found = (it for it in attached_policies(raw) if _is_reusable(it) is True)
    return (text_of(policy, "id") for policy in found)


def _is_reusable(policy: Mapping[str, Any]) -> Any:
    return policy.get("reusable", "decision" not in policy)


def precedence_of(policy: Mapping[str, Any]) -> int:
    """The precedence of a policy in a reply; 0 where it tells none."""
    value = policy.get("precedence")
    return value if isinstance(value, int) else 0


def policies_of(application: Wanted | Values) -> Sequence[Any]:
    """The policies of an application of the files: references, and bodies of its own ones."""
    values = application.values if isinstance(application, Wanted) else application
    return values.get("policies") or ()


def own_of(application: Wanted) -> Iterator[Wanted]:
    """The policies that an application of the files has of its own, as if they were declared."""
    for item in policies_of(application):
        if isinstance(item, Mapping):
            address = Address("access_policy", f"{item['name']} of {application.address.key}")
            local = {"helpers": application.local.get("helpers", {})}
            yield Wanted(address, item, where=application.where, local=local)


def with_own_policies(declared: Declared) -> Declared:
    """The same, with the own policies of applications among the policies."""
    own = [it for application in declared.of(APPLICATION) for it in own_of(application)]
    return replace(declared, wanted=(*declared.wanted, *own)) if own else declared
