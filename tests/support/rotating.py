"""An account in which the CA of a host is rotated, as the command does it, and logins to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.account import Account, File
from tests.support.files import HOST
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.rotations import RotationPlans, options_for
from ztctl.cli.ssh_ca_reading import shown_cas
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Spare
from ztctl.core.model.plan import Plan
from ztctl.core.planning.rotation import Rotate, RotationStep
from ztctl.sandbox.edge.values import NOBODY, Visit, Visitor
from ztctl.sandbox.front.account import KEY
from ztctl.sandbox.front.account import Account as Front
from ztctl.sandbox.front.jwts import new_key
from ztctl.sandbox.front.signing import TODAY, answered
from ztctl.ssh.certificates import certificate_of

ANN = Visitor(email="ann@example.com")
STEPS = (RotationStep.START, RotationStep.MOVE, RotationStep.FINISH)


@cache
def team_key() -> str:
    """One RSA key for all: making one takes longer than a test."""
    return new_key()


@cache
def user_key() -> str:
    """A public key that somebody has certified."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.OpenSSH
    return key.public_bytes(serialization.Encoding.OpenSSH, form).decode()


@dataclass
class Rotating(Account):
    """An account of whose plans one can be a step of a rotation."""

    asked: Rotate | None = None

    def step(self, file: File, step: RotationStep, host: str = HOST) -> Outcome:
        """Plan and carry out one step, with the approvals that the command gives it."""
        plan = self.step_plan(file, step, host)
        assert not plan.refusals, plan.refusals
        return self.carry_out(plan)

    def step_plan(self, file: File, step: RotationStep, host: str = HOST) -> Plan:
        """The plan of one step."""
        self.asked = Rotate(Address("access_application", host), step)
        try:
            # What the observer is told: while a name moves people are shut out.
            yes = {"interruption": ["all"]} if step is RotationStep.MOVE else {}
            return self.plan(file, **yes)
        finally:
            self.asked = None

    async def _planned(self, declared: Declared, yes: Mapping[str, Any]) -> Plan:
        asked = self.asked
        async with self.client() as client:
            options = options_of(**yes) if asked is None else options_for(asked)
            planned = await plan_source(client, declared, options, self.view()).plan()
        return planned.plan if asked is None else RotationPlans(declared, asked).completed(planned)

    async def trusted(self, file: File, *, old: bool = True) -> set[str]:
        """The fingerprints of the CAs that servers are to trust; ``old``: also that which goes."""
        async with self.client() as client:
            source = plan_source(client, self.declared(file), options_of(), self.view())
            found = shown_cas(await source.plan())
        return {ca.fingerprint for ca in found.cas if old or ca.spare is not Spare.FORMER}

    def connected(self) -> None:
        """Let a connector of each tunnel run."""
        for tunnel in self.everything()["tunnels"]:
            self.sandbox.connect(tunnel["id"])

    def outcome(self, visitor: Visitor = NOBODY, host: str = HOST) -> str:
        """What comes of a request now."""
        return self.sandbox.edge.visit(Visit(host, visitor=visitor)).outcome

    def signer(self, host: str = HOST) -> str | None:
        """The fingerprint of the CA that signs for a login now; nobody's if there is no login."""
        found = self.sandbox.edge.visit(Visit(host, visitor=ANN))
        with self.sandbox.session() as state:
            state.store.put(KEY, "rsa", {"private_key": team_key()})
        front = Front(self.sandbox)
        app = front.app(found.application)
        if app is None or found.outcome != "origin":
            return None
        now = int(front.now().timestamp())
        claims = {"aud": [app["aud"]], "email": ANN.email, "type": "app"}
        token = front.signer.signed({**claims, "nbf": now - 9, "exp": now + 900})
        sent = {"public_key": user_key(), "jwt": token, "issuer": f"https://{front.team}"}
        page = answered(front, TODAY, json.dumps(sent).encode())
        found_certificate = certificate_of("it", json.loads(page.body)["certificate"])
        assert found_certificate.is_signed
        return found_certificate.signer
