"""A stack's account as if somebody had made it all by hand: the same objects, without a mark."""

from __future__ import annotations

from typing import Any

from tests.support.account import Account

Json = Any
MARKS = ("ztctl-prod", "ztctl-prod.protect", "ztctl-prod--protect")
_NAMED = ("groups", "policies", "tunnels")


def made_by_hand(account: Account) -> None:
    """Take the marks of the stack ``prod`` off everything, behind the back of everybody."""
    whole = account.sandbox.export()
    for kind, items in whole.items():
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                _unmark(kind, item)
    whole["tags"] = [it for it in whole["tags"] if it["name"] not in MARKS]
    account.sandbox.import_(whole)


def _unmark(kind: str, item: Json) -> None:
    if kind in _NAMED:
        head, _, word = str(item["name"]).rpartition(".ztctl-")
        if f"ztctl-{word}" in MARKS:
            item["name"] = head
    if isinstance(item.get("tags"), list):
        item["tags"] = [it for it in item["tags"] if it not in MARKS]
    text, _, last = str(item.get("comment") or "").rpartition(" ")
    if last in MARKS:
        item["comment"] = text
