"""An account whose tunnel is run by a file on its server, and moved to remote management."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.support.account import Account, File
from tests.support.files import HOST
from ztctl.cli.migrations import Consents, MigrationPlans, options_for
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.address import Address
from ztctl.core.model.copies import Copy
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.planning.migration import Migrate, MigrationStep
from ztctl.sandbox.edge.values import NOBODY, Visit, Visitor
from ztctl.sandbox.service import Sandbox

ANN = Visitor(email="ann@example.com")
START, FINISH, ABORT = MigrationStep.START, MigrationStep.FINISH, MigrationStep.ABORT
OLD, NEXT = "pool.ztctl-prod", "pool.ztctl-prod--next"


def run_by_file(sandbox: Sandbox) -> str:
    """Let the one tunnel be a local one, whose connector runs a file of the same rules; its id."""
    with sandbox.session() as state:
        ((key, tunnel),) = state.store.items("tunnel")
        configured = state.store.get("tunnel_configuration", key)
        assert configured is not None
        state.store.put("tunnel", key, {**tunnel, "config_src": "local", "remote_config": False})
        state.store.remove("tunnel_configuration", key)
    sandbox.connect(key, configured["config"])
    return key


def local(file: File) -> dict[str, Any]:
    """The same, where it says that a file on its server manages the tunnel."""
    pool = {**file["tunnels"]["pool"], "config": "local"}
    return {**file, "tunnels": {**file["tunnels"], "pool": pool}}


def remote(file: File) -> dict[str, Any]:
    """The same, where it does not say so."""
    pool = {name: it for name, it in file["tunnels"]["pool"].items() if name != "config"}
    return {**file, "tunnels": {**file["tunnels"], "pool": pool}}


@dataclass
class Migrating(Account):
    """An account of whose plans one can be a step of a migration.

    ``copy`` is a copy of the file by which the tunnel's server runs it.
    """

    copy: Mapping[str, Any] | None = None
    _asked: tuple[Migrate, Consents] | None = None

    def declared(self, file: File) -> Declared:
        """The wanted side of a file, with the copy."""
        declared = super().declared(file)
        if self.copy is None:
            return declared
        return replace(declared, copies=(Copy("pool", "config.yml", self.copy, stack="prod"),))

    def by_file(self, file: File) -> dict[str, Any]:
        """Apply a file, with a tunnel that its connector serves by a file of the same rules.

        It is made remote first, because only then the account knows the rules; the file that is
        given back says what is so.
        """
        self.apply(file)
        run_by_file(self.sandbox)
        return local(file)

    def step(self, file: File, step: MigrationStep, **yes: Any) -> Outcome:
        """Plan and carry out one step, as the command does it."""
        plan = self.step_plan(file, step, **yes)
        assert not plan.refusals, plan.refusals
        return self.carry_out(plan)

    def step_plan(
        self,
        file: File,
        step: MigrationStep,
        *,
        unseen: bool = True,
        ready: bool = False,
        disconnect: bool = False,
        foreign: bool = False,
    ) -> Plan:
        """The plan of one step."""
        retires = disconnect and step is FINISH
        asked = Migrate(Address("tunnel", "pool"), step, retires, foreign)
        self._asked = asked, Consents(unseen, ready)
        try:
            return self.plan(file)
        finally:
            self._asked = None

    async def _planned(self, declared: Declared, yes: Mapping[str, Any]) -> Plan:
        asked, consents = self._asked or (None, Consents())
        async with self.client() as client:
            options = options_of(**yes) if asked is None else options_for(asked)
            planned = await plan_source(client, declared, options, self.view()).plan()
        if asked is None:
            return planned.plan
        return MigrationPlans(declared, asked, consents).asked(planned)

    def connect(self, name: str = NEXT) -> None:
        """Let a connector of a tunnel run."""
        self.sandbox.connect(self.one("tunnels", name=name)["id"])

    def names(self) -> dict[str, str]:
        """How each tunnel that is there is managed, by its name."""
        found = self.everything()["tunnels"]
        return {it["name"]: it["config_src"] for it in found if not it.get("deleted_at")}

    def leads(self) -> dict[str, str]:
        """The name of the tunnel that each record leads to."""
        names = {it["id"]: it["name"] for it in self.everything()["tunnels"]}
        return {
            it["name"]: names.get(it["content"].partition(".")[0], it["content"])
            for it in self.everything()["dns_records"]
        }

    def outcome(self, visitor: Visitor = NOBODY, host: str = HOST) -> str:
        """What comes of a request now."""
        return self.sandbox.edge.visit(Visit(host, visitor=visitor)).outcome
