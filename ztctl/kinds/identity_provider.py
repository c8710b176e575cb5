"""Identity providers: read-only, so that rules can refer to them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.calls import LiveObjects, ReadFlow, only
from ztctl.core.model.facts import Fact
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.common import ACCESS_ORG, items, text_of
from ztctl.kinds.plain import PlainKind, Rest
from ztctl.kinds.rules import LISTS

# The kinds that have rules, which may test by which provider somebody logged in.
_RULED = ("access_group", "access_policy", "access_application")


class IdentityProvider(PlainKind):
    """An identity provider, found by name or, if it is the only one of its type, by type."""

    name = "identity_provider"
    title = "identity provider"
    rest = Rest(
        "/accounts/{account}/access/identity_providers",
        ACCESS_ORG,
        200,
        members=("type",),
        optional=True,
        # The configuration holds the client's secret.
        keep=only("id", "name", "type"),
    )

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The name, else the type: the one-time PIN provider usually has no name."""
        return text_of(raw, "name") or text_of(raw, "type")

    def live_keys(self, live: Live) -> frozenset[str]:
        """Name and type."""
        return frozenset(item for item in (live.name, live.key) if item)

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Use the type as the key; the provider's configuration is not kept."""
        return replace(super().live_from(raw), key=text_of(raw, "type"))

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """Whether anybody can log in there."""
        from ztctl.kinds import facts

        return None if live is None else facts.login_provider(live.key)

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """Where rules are read, some may test the provider, whose type is to be known then."""
        return True

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read all where the files or a rule of the account refer to one; else none."""
        if self.name not in ask.lookups:
            ruled = yield tuple(LiveObjects(kind) for kind in _RULED)
            if not any(_tests_login(live.raw) for found in ruled for live in found):
                return ()
        return (yield from super().read(ask))


def _tests_login(raw: Any) -> bool:
    """True for rules that test by which provider somebody logged in."""
    elements = (it for name in LISTS for it in items(raw, name))
    inner = (_tests_login(policy) for policy in items(raw, "policies"))
    return any(isinstance(it, Mapping) and "login_method" in it for it in elements) or any(inner)
