"""The key to which logs of SSH commands are encrypted: one an account, and so one entry.

``PUT`` sets it, an empty one takes it away and ends all logging of commands (Cloudflare One
documentation, SSH with Access for Infrastructure); there is no ``DELETE``. It is the base64 of 32
bytes: an HPKE key of X25519 (Cloudflare OpenAPI description, July 2026; source of ssh-log-cli). The
seed beside it belongs to the host key of the SSH proxy, and is left alone. What the first ``GET``
answers is not recorded: an empty key and a 404 both mean that there is none.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.flows import Ask
from ztctl.core.model.identity import Fields
from ztctl.core.model.kind import Kind
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Normalised
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Change, Phase
from ztctl.kinds.common import ZERO_TRUST, text_of, unreadable, written

PATH = "/accounts/{account}/gateway/audit_ssh_settings"
KEY = "account"
RULE = "gateway_rule"


def _check_key(value: Any) -> Any:
    """Validate a public key; the errors never quote it: what is wrong may be a private key."""
    raw = _decoded(value.strip()) if isinstance(value, str) else None
    hint = "write the one line that `ztctl ssh audit-key` prints, or that is in sshkey.pub"
    if raw is None:
        text = "this is not the public key of SSH command logs: 44 signs of base64 for 32 bytes"
        raise PydanticCustomError("invalid", text, {"hint": hint})
    # No public key of X25519 has the highest bit; each private half that ztctl makes does.
    if raw[31] & 0x80:
        text = "this is a private key, or damaged: no public key looks like it"
        raise PydanticCustomError("invalid", text, {"hint": f"{hint}; if others saw it, make anew"})
    return value


def _decoded(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == 32 and base64.b64encode(raw).decode() == text else None


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class SshAuditKeyFields(Fields):
    """The public key to which the account's logs of SSH commands are encrypted.

    There is one an account: the entry is called `account`.
    """

    public_key: Annotated[str, BeforeValidator(_check_key), Normalised(_stripped)]
    """The public half, as `ztctl ssh audit-key` prints it; whoever has the private half reads the
    logs."""


class SshAuditKey(Kind):
    """The account's SSH audit key. It carries no mark, and goes by ``removed:`` alone."""

    name = "ssh_audit_key"
    section = "ssh_audit_keys"
    title = "SSH audit key"
    model = SshAuditKeyFields
    phase = Phase.POLICY
    id_form = None

    @property
    def collection(self) -> str:
        """``audit_ssh_settings``."""
        return PATH.rpartition("/")[2]

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Report entries beside the one that an account has."""
        for wanted in declared.of(self.name):
            if wanted.address.key != KEY:
                text = f"{wanted.address}: an account has one SSH audit key"
                yield Problem(text, wanted.where, f"call the entry `{KEY}`")

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The account's one."""
        return frozenset({KEY})

    def dropped_by(self, change: Change) -> tuple[str, ...]:
        """Say what becomes of logs when the key is another one."""
        later = "from then on logs of the whole account are encrypted to the new key"
        return (f"{later}; earlier ones are read by the old private key alone: keep it",)

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """The files declare or remove it, or have a rule that needs it."""
        return bool({self.name, RULE} & ask.used)

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Read the key, if there is one."""
        call = replace(_call("GET"), optional=True)
        raw = yield call
        found = raw.get("public_key") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping | None) or not isinstance(found, str | None):
            # Taken for none, the key of somebody else would be replaced.
            raise unreadable(call, "the answer holds no key that can be read")
        key = (found or "").strip()
        return (self._live(key),) if key else ()

    def create(self, values: Values) -> Flow[Live]:
        """Set the key."""
        return (yield from self._set(values))

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Set another key."""
        return (yield from self._set(values))

    def delete(self, live: Live) -> Flow[None]:
        """Take the key away: an empty one is put in its place."""
        yield _call("PUT", {"public_key": ""})

    def find(self, values: Values) -> Flow[Live | None]:
        """Read the key again."""
        found = yield from self.read(Ask(""))
        return next((it for it in found if it.values == values), None)

    def _set(self, values: Values) -> Flow[Live]:
        made = yield from written(_call("PUT", {"public_key": values["public_key"]}), "public_key")
        return self._live(text_of(made, "public_key").strip())

    def _live(self, key: str) -> Live:
        return Live(self.name, KEY, KEY, KEY, {"public_key": key})


def _call(method: str, body: Mapping[str, Any] | None = None) -> Call:
    return Call(method, PATH, body, permission=ZERO_TRUST)
