"""Short-lived-certificate CAs of applications.

An application has at most one CA, an ECDSA P-256 key in OpenSSH form. It can only be created and
deleted; a new one has another key, which every server must be given. The list is joined with
applications by ``aud``; ``POST`` has no body and returns 200; a missing CA is a 404 (Cloudflare
OpenAPI description, cloudflare-go fixtures, Terraform provider v5, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed, Flow, LiveObjects, ReadFlow
from ztctl.core.model.canonical import sort_key
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.flows import Ask, delete_if_present
from ztctl.core.model.identity import HEX_48, Fields, HostPart
from ztctl.core.model.kind import Kind, Proposal, Rotating
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import DecidesReach, Immutable, Local, RefersTo
from ztctl.core.model.objects import Attributes, Live, Spare, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Refusal
from ztctl.core.model.values import Ref
from ztctl.kinds.common import (
    ACCESS_APPS,
    ids_of,
    listing,
    objects,
    path_below,
    segment,
    text_of,
    written,
)

APPS = "/accounts/{account}/access/apps"


_check_path = path_below("ca/ssh.example.com.pub")


class CaKeyFields(Fields):
    """The CA whose certificates open SSH for one application; the key is the application's."""

    application: Annotated[Any, RefersTo("access_application"), Immutable(), DecidesReach()] = None
    """The application, when it is not the one of that key."""
    public_key_file: Annotated[str | None, BeforeValidator(_check_path), Local()] = None
    """Where to write the public key, relative to this file and below its folder; nothing but such a
    key is overwritten."""


@dataclass(frozen=True, slots=True)
class CaKeyAttributes(Attributes):
    """The public key in OpenSSH form, and the audience tag of its application."""

    public_key: str = ""
    aud: str = ""


class CaKey(Kind, Rotating):
    """The short-lived-certificate CA of an application."""

    name = "ca_key"
    section = "ca_keys"
    title = "short-lived-certificate CA"
    model = CaKeyFields
    phase = Phase.CERTIFICATE
    shared = True
    host_part = HostPart.CA_KEY
    id_form = HEX_48
    owner = "access_application"
    said_by_key = ("application",)

    @property
    def collection(self) -> str:
        """``ca``."""
        return "ca"

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Use the key as the application unless one is stated."""
        given = stated.get("application")
        return {**stated, "application": given or Ref(Address("access_application", key))}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Report entries for the same application, which can have one CA only."""
        first: dict[str, Wanted] = {}
        for wanted in declared.of(self.name):
            other = first.setdefault(sort_key(wanted.values["application"]), wanted)
            if other is not wanted:
                yield Problem(
                    f"{other.address} and {wanted.address} are the CA of one application",
                    wanted.where,
                    "drop one of them",
                )

    def spare(self, wanted: Wanted, spare: Spare, live: Live | None) -> Wanted:
        """The CA of a spare application, which is ``wanted``; its key goes to no file."""
        return Wanted(
            Address(self.name, wanted.address.key),
            {"application": Ref(wanted.address)},
            where=wanted.where,
            spare=spare,
            rotates=wanted.rotates,
        )

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The id of its application, once that is live."""
        return ids_of(wanted.values["application"], ledger)

    def live_keys(self, live: Live) -> frozenset[str]:
        """The id of its application."""
        return frozenset({live.owner})

    def refusals(self, change: Change, proposal: Proposal) -> Iterator[Refusal]:
        """Refuse to delete a CA: servers deny logins by certificate until they get a new key."""
        if change.action in (Action.DELETE, Action.REPLACE):
            renewed = change.action is Action.REPLACE
            text = (
                f"the CA would be {'made anew' if renewed else 'deleted'}: every server that "
                f"trusts it refuses logins until it {'gets' if renewed else 'trusts'} "
                f"{'the new key' if renewed else 'another one'}"
            )
            yield from proposal.unless_allowed("--allow-ca-deletion", change, text)

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read the CAs of the account in one list, joined with the applications."""
        keys, apps = yield (
            listing(f"{APPS}/ca", ACCESS_APPS, 1000, ("aud",)),
            LiveObjects(self.owner),
        )
        by_aud = {app.attribute("aud"): app for app in apps}
        return tuple(
            self._live(raw, by_aud[aud].id, by_aud[aud])
            for raw in objects(keys)
            if (aud := text_of(raw, "aud")) in by_aud
        )

    def create(self, values: Values) -> Flow[Live]:
        """Create the CA; an existing one (409) is used as it is."""
        try:
            made = yield from written(_ca("POST", values["application"]))
        except CallFailed as failure:
            if failure.status != 409:
                raise
            made = yield from written(_ca("GET", values["application"]))
        return self._live(made, values["application"])

    def find(self, values: Values) -> Flow[Live | None]:
        """Read the CA of the application, if it has one."""
        raw = yield replace(_ca("GET", values["application"]), optional=True)
        return self._live(raw, values["application"]) if text_of(raw, "id") else None

    def delete(self, live: Live) -> Flow[None]:
        """Delete the CA."""
        yield from delete_if_present(_ca("DELETE", live.owner))

    def _live(self, raw: Any, application: str, owner: Live | None = None) -> Live:
        name = owner.name if owner is not None else ""
        attributes = CaKeyAttributes(text_of(raw, "public_key"), text_of(raw, "aud"))
        values = {"application": application}
        id_ = text_of(raw, "id")
        return Live(self.name, id_, name, name, values, attributes, owner=application)


def left_live(application: Wanted, live: Live, ledger: Ledger) -> Iterator[Problem]:
    """Warn of the live CA of a host for which none is wanted, unless it is to go or stated to stay.

    An application that stands for a host has a CA unless the host says ``ca_key: false``.
    """
    wanted = (ids_of(it.values["application"], ledger) for it in ledger.wanted_of(CaKey.name))
    if not application.origin or any(live.id in ids for ids in wanted):
        return
    for ca in ledger.live_of(CaKey.name):
        named = (it for it in ledger.removed if it.address.kind == CaKey.name)
        if ca.owner == live.id and not any(
            {it.id, it.name, it.address.key} & {ca.id, ca.name} for it in named
        ):
            address = f"ca_key.{application.address.key}"
            yield warning(
                Code.CA_LEFT_LIVE,
                f"{address} stays live: `ca_key: false` makes no CA, and deletes none",
                application.where,
                f"to delete it write `removed: [{{address: {address}}}]`; to keep it, the same "
                "with `forget: true`",
            )


def _ca(method: str, application: Any) -> Call:
    """Make a call for the CA of one application."""
    return Call(method, f"{APPS}/{segment(application)}/ca", permission=ACCESS_APPS)
