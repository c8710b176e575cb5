"""The body by which the API makes a token: ``POST /accounts/{id}/tokens``, ``POST /user/tokens``.

Shape: Cloudflare's documentation, "Create tokens via API" (September 2026): policies with
``effect``, ``resources`` and ``permission_groups`` by id; a name may stand beside an id. What the
dashboard calls Edit is Write here. All zones of an account are nested in it, which tokens of
accounts ask for (reports of other clients); that single zones need not be is a guess from an
exported one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from ztctl.core.model.needs import EDIT, READ, Need, Without

Use = Literal["plan", "apply"]
Split = Literal["", "product", "zone"]

# Ids by scope, name and level, as a list of all groups in the source of another client has them
# (alchemy, 2026); the one for an account is GET /accounts/{id}/tokens/permission_groups.
GROUPS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("Account", "Access: Apps and Policies"): {
        READ: "7ea222f6d5064cfa89ea366d7c1fee89",
        EDIT: "1e13c5124ca64b72b1969a67e8829049",
    },
    ("Account", "Access: Organizations, Identity Providers, and Groups"): {
        READ: "26bc23f853634eb4bff59983b9064fde",
        EDIT: "bfe0d8686a584fa680f4c53b5eb0de6d",
    },
    ("Account", "Access: Service Tokens"): {
        READ: "91f7ce32fa614d73b7e1fc8f0e78582b",
        EDIT: "a1c0fec57cf94af79479a6d827fa518c",
    },
    ("Account", "Access: Device Posture"): {
        READ: "0f4841f80adb4bada5a09493300e7f8d",
        EDIT: "2fc1072ee6b743828db668fcb3f9dee7",
    },
    ("Account", "Cloudflare Tunnel"): {
        READ: "efea2ab8357b47888938f101ae5e053f",
        EDIT: "c07321b023e944ff818fec44d8203567",
    },
    ("Account", "Zero Trust"): {
        READ: "3f376c8e6f764a938b848bd01c8995c4",
        EDIT: "b33f02c6f7284e05a6f20741c0bb0567",
    },
    ("Zone", "Access: Apps and Policies"): {
        READ: "eb258a38ea634c86a0c89da6b27cb6b6",
        EDIT: "959972745952452f8be2452be8cbb9f2",
    },
    ("Zone", "DNS"): {
        READ: "82e64a83756745bbbb1c9c2701bf816b",
        EDIT: "4755a26eedb94da69e1066d98aa820be",
    },
    ("Zone", "SSL and Certificates"): {
        READ: "7b7216b327b04b8fbc8f524e1f9b7531",
        EDIT: "c03055bc037c4ea9afb9a9f104b7b721",
    },
    ("Zone", "Zone"): {
        READ: "c8fed203ed3043cba015a93ad1616f1f",
        EDIT: "e6d2666161e84845a636613608cee8d5",
    },
}
_ACCOUNT: Final = "com.cloudflare.api.account"
_ZONE: Final = f"{_ACCOUNT}.zone"


def token_body(
    name: str,
    needs: Iterable[Need],
    use: Use,
    *,
    account: str = "",
    zone_ids: Mapping[str, str] | None = None,
    split: Split = "",
) -> dict[str, Any]:
    """Make the body of a token that may do what these needs say, and no more.

    Args:
        name: the token's name, which is cut to 120 characters, the most that there may be.
        needs: what it needs; what a run does not miss is left out.
        use: for a plan or for an apply.
        account: id of the account; a placeholder stands for one that is not known.
        zone_ids: ids of zones by name; a placeholder stands for each other one.
        split: put each product, or each zone, into a policy of its own.
    """
    places = _Places(account or "ACCOUNT_ID", zone_ids or {})
    parted: dict[tuple[str, str, str], list[Need]] = defaultdict(list)
    for need in needs:
        if getattr(need, use) and need.without is not Without.KNOWS_LESS:
            product = need.product if split == "product" else ""
            parted[product, need.scope, need.zone].append(need)
    # Zones in which the same is needed share a policy.
    shared: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
    for (product, scope, zone), found in parted.items():
        groups = tuple((need.name, str(getattr(need, use))) for need in found)
        shared[zone if split == "zone" else product, scope, groups].append(zone)
    policies = [
        {
            "effect": "allow",
            "resources": places.resources(scope, zones),
            "permission_groups": [_group(scope, *group) for group in groups],
        }
        for (_, scope, groups), zones in shared.items()
    ]
    return {"name": name[:120], "policies": policies}


class _Places:
    def __init__(self, account: str, zone_ids: Mapping[str, str]) -> None:
        self._account = account
        self._zone_ids = zone_ids

    def resources(self, scope: str, zones: Sequence[str]) -> dict[str, Any]:
        if scope == "Account":
            return {f"{_ACCOUNT}.{self._account}": "*"}
        if not all(zones):
            return {f"{_ACCOUNT}.{self._account}": {f"{_ZONE}.*": "*"}}
        return {f"{_ZONE}.{self._zone_ids.get(zone, placeholder_of(zone))}": "*" for zone in zones}


def placeholder_of(zone: str) -> str:
    """What stands for the id of a zone that is not known."""
    return f"ID_OF_{zone}"


def _group(scope: str, name: str, level: str) -> dict[str, str]:
    written = f"{name} {'Write' if level == EDIT else level}"
    known = GROUPS.get((scope, name), {}).get(level)
    return {"id": known or f"ID_OF_{written}", "name": written}


def unfilled(body: Mapping[str, Any]) -> Iterator[str]:
    """The placeholders that stand in a body."""
    for policy in body["policies"]:
        for resource in policy["resources"]:
            last = str(resource).removeprefix(f"{_ZONE}.").removeprefix(f"{_ACCOUNT}.")
            if last == "ACCOUNT_ID" or last.startswith("ID_OF_"):
                yield last
        yield from (it["id"] for it in policy["permission_groups"] if "ID_OF_" in it["id"])
