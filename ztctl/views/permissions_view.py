"""Format what a token needs for the files: by place, and by product where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ztctl.core.model.needs import ACCOUNT_SCOPE, Need, Without
from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone

# Behind a name, and explained below.
_MARKS: Final[Mapping[Without, str]] = {
    Without.FAILS: "",
    Without.WARNS: " *",
    Without.KNOWS_LESS: " **",
}
_MEANINGS: Final[Mapping[Without, str]] = {
    Without.WARNS: "Without it a plan works, and warns of what it cannot see.",
    Without.KNOWS_LESS: "No token needs it: with it, ids and objects once declared are found, too.",
}


@dataclass(frozen=True, slots=True)
class TokenNeeds:
    """What a token needs for the files of a stack.

    Attributes:
        account: id of the account; empty where the files do not tell it.
        zones: names of the zones, each with whether it is a guess.
        deletes: whether an apply may need more, to delete what the files declared before.
        bodies: by use, the body that makes such a token.
        split: ``product`` or ``zone`` where those are to stand apart; else empty.
    """

    stack: str
    account: str
    zones: Mapping[str, bool]
    needs: Sequence[Need]
    deletes: bool
    bodies: Mapping[str, Mapping[str, Any]]
    split: str = ""


def permissions_page(found: TokenNeeds, clean: Clean) -> Page:
    """Format needs: those of each place or product below each other, then what bears on them."""
    heading = f"Token permissions of {code_span(clean(found.stack))}"
    text = _NeedLines(found, clean)
    lines = (*text.head(), *text.parts(), *text.notes())
    return Page(heading, (lines,), (permissions_document(found),), folds=False, wraps=True)


def body_page(found: TokenNeeds, use: str) -> Page:
    """Format the body that makes a token, as the API takes it."""
    body = found.bodies[use]
    lines = tuple(Line(row) for row in json.dumps(body, indent=2).splitlines())
    return Page(f"Token for {use}", (lines,), (body,), folds=False)


def permissions_document(found: TokenNeeds) -> dict[str, Any]:
    """Needs as JSON; docs/reference/json.md and schemas/permissions.schema.json tell of it."""
    return {
        "type": "permissions",
        "format_version": "1.0",
        "stack": found.stack,
        "account": found.account or None,
        "zones": [{"name": name, "is_guess": guess} for name, guess in found.zones.items()],
        "permissions": [
            {
                "permission": need.name,
                "scope": need.scope.lower(),
                "zone": need.zone or None,
                "product": need.product,
                "plan": need.plan or None,
                "apply": need.apply or None,
                "without": need.without.value,
                "for": list(need.kinds),
            }
            for need in found.needs
        ],
        "may_delete_more": found.deletes,
        "tokens": dict(found.bodies),
    }


class _NeedLines:
    def __init__(self, found: TokenNeeds, clean: Clean) -> None:
        self._found = found
        self._clean = clean
        self._width = max(len(self._name(need)) for need in found.needs)

    def head(self) -> Iterator[Line]:
        stack = self._clean(self._found.stack)
        yield Line(f"An API token with these permissions plans and applies {stack}.")
        yield Line()
        yield Line(f"  {'PERMISSION'.ljust(self._width)}  PLAN  APPLY", tone=Tone.QUIET, column=2)

    def parts(self) -> Iterator[Line]:
        for title, needs in self._parted():
            yield Line(title, tone=Tone.STRONG)
            for need in needs:
                name = self._name(need).ljust(self._width)
                levels = f"{need.plan or '-':4}  {need.apply or '-':4}"
                place = (need.zone or "account") if self._found.split == "product" else ""
                yield Line(f"  {name}  {levels}  {self._clean(place)}".rstrip(), column=2)

    def _name(self, need: Need) -> str:
        return self._clean(need.name) + _MARKS[need.without]

    def _parted(self) -> Iterator[tuple[str, Sequence[Need]]]:
        """Titles, and the needs below each."""
        needs = self._found.needs
        if self._found.split == "product":
            for product in dict.fromkeys(need.product for need in needs):
                yield self._clean(product), [it for it in needs if it.product == product]
            return
        yield ACCOUNT_SCOPE, [it for it in needs if it.scope == ACCOUNT_SCOPE]
        alike: dict[tuple[Need, ...], list[str]] = {}
        in_zones = [need for need in needs if need.scope != ACCOUNT_SCOPE]
        for zone in dict.fromkeys(need.zone for need in in_zones):
            own = tuple(need for need in in_zones if need.zone == zone)
            # Zones in which the same is needed stand together, unless each is asked for.
            key = own if self._found.split else tuple(replace(need, zone="") for need in own)
            alike.setdefault(key, []).append(zone)
        for key, zones in alike.items():
            yield self._title(zones), key

    def _title(self, zones: Sequence[str]) -> str:
        if not all(zones):
            return "Every zone of the account"
        known, which = self._found.zones, "Zone" if len(zones) == 1 else "Each of the zones"
        if all(known.get(it) for it in zones):
            guess = "a guess" if len(zones) == 1 else "guesses"
            return f"{which} {', '.join(map(self._clean, zones))} ({guess})"
        names = (f"{self._clean(it)}{' (a guess)' if known.get(it) else ''}" for it in zones)
        return f"{which} {', '.join(names)}"

    def notes(self) -> Iterator[Line]:
        marked = {need.without for need in self._found.needs}
        told = [f"{_MARKS[it].strip()} {text}" for it, text in _MEANINGS.items() if it in marked]
        if any(self._found.zones.values()):
            told.append(
                "Zones are guessed from the ends of names: --zone NAME says which there are, "
                "--zone NAME=ID the id that a token's body has to hold."
            )
        if not self._found.account:
            told.append(
                "The files name no account by its id, so that a run asks which ones the token "
                "sees. Whether that wants Account Settings Read is not documented: write the id "
                "as `account:` or CLOUDFLARE_ACCOUNT_ID."
            )
        if self._found.deletes:
            told.append(
                "An apply deletes what the files declared before and no longer do: as long as "
                "there is any, the permission that it is about has to be Edit."
            )
        if told:
            yield Line()
        yield from (Line(text, tone=Tone.QUIET) for text in told)
