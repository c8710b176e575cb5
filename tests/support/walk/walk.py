"""Generated histories of an account: two stacks, the hands of others, faults at every call.

A history is a list of deeds, each with a seed of its own, so that it stays what it is when others
are left out. What is wrong is told as a list of breaches; see `History`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.support.account import Account
from tests.support.observer.observer import Agreed
from tests.support.walk import files
from tests.support.walk.files import File, base, closed, edited, some_edits, written
from tests.support.walk.hands import DEEDS
from tests.support.walk.runs import Run, alone, handovers, together
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Plan
from ztctl.core.runs.locks import Holder
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.seeds import ZoneSeed

ZONES = tuple(ZoneSeed(name) for name in (files.HOME, files.NEAR, files.FAR))
YES: dict[str, Any] = {
    "deletions": True,
    "no_policy": ["all"],
    "ca_deletion": ["all"],
    "protected": ["all"],
    "disconnect": ["all"],
}
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "500 four times": {"status": 500, "times": 4},
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "reset after, thrice": {"kind": "reset_after", "times": 3},
    "empty body": {"kind": "body", "body": ""},
}
_OPEN = "--allow-exposure "
_HOSTS = (
    re.compile(r"^(?P<hosts>.+?) would be (?:open after|closed for a moment)"),
    re.compile(r"is safe for (?P<hosts>.+?): after "),
)
_IN_USE = re.compile(r"DELETE \S+/(\S+): HTTP 409")
# About as many as the run of a small plan makes; a call that never comes is no fault.
_MOST_CALLS = 40


@dataclass(frozen=True)
class Deed:
    """Something that happens: what, and the seed of everything that chance decides in it."""

    what: str
    seed: int


def history(seed: int) -> list[Deed]:
    """The deeds of one history."""
    chance = Random(seed)
    middle = ["apply", "apply", "apply", "hands", "hands", "both", "both"]
    whats = ["hands", "apply", "hands", *chance.choices(middle, k=chance.choice([3, 4, 5]))]
    return [Deed(what, chance.randrange(10**9)) for what in whats]


@dataclass
class History:
    """One account and what happens to it.

    ``breaches`` is what no run may do: leave a door open, let somebody in and not say so, lock
    somebody out, not end in step though the same command was given twice more, or refuse what
    concerns only names to which no record leads. ``seen`` counts what happened.
    """

    folder: Path
    world: Mapping[str, Any] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """An account with three zones, of which the files mostly name one."""
        self.account = Account(self.folder, **self.world, zones=ZONES)
        self.files: dict[str, File] = {}
        self.dead: set[Holder] = set()

    def live(self, deeds: Iterable[Deed]) -> list[str]:
        """Live through these deeds until something is wrong."""
        for deed in deeds:
            chance = Random(deed.seed)
            match deed.what:
                case "hands":
                    self._hands(chance)
                case "apply":
                    self._apply(chance)
                case "both":
                    self._both(chance)
            if self.breaches:
                break
        return self.breaches

    # -- deeds ------------------------------------------------------------------------------

    def _hands(self, chance: Random) -> None:
        for deed in chance.choices(DEEDS, k=chance.choice([1, 2, 3])):
            # What the service refuses is not done.
            with suppress(AssertionError):
                deed(self.account, chance)
                self.seen[deed.__name__] += 1
                self.trace.append(f"by hand: {deed.__name__}")

    def _apply(self, chance: Random) -> None:
        stack = files.STACKS[chance.random() < 0.3]
        file = self._draft(stack, chance, files.EDITS)
        yes = dict(YES, adopt=chance.random() < 0.3)
        if chance.random() < 0.5:
            yes["interruption"] = ["all"]
        declared = self._declared(file)
        if declared is None:
            return
        plan, yes = self._agreed(declared, yes, chance)
        if plan is None or plan.refusals:
            self.seen["refused" if plan else "problems"] += 1
            self._fairly_refused(plan, file)
            self._rightly_refused(declared, plan)
            return
        fault = chance.choice([*FAULTS, "kill", "kill after", "", "", ""])
        run = self._run(declared, yes, fault, chance.randrange(1, _MOST_CALLS))
        self.files[stack] = file
        self._in_step(run)

    def _both(self, chance: Random) -> None:
        """Two stacks apply at the same time; often one leans on the other for a name it opens.

        What is there before is applied by itself, so that what follows is about the two alone.
        """
        order = list(files.STACKS)
        chance.shuffle(order)
        drafts = (
            self._leaning(order, chance) if chance.random() < 0.7 else self._apart(order, chance)
        )
        declared = [self._declared(file) for file in drafts]
        if any(one is None for one in declared):
            return
        wait = chance.choice([0.0, 60.0])
        yes = dict(YES, interruption=["all"], adopt=True)
        runs = [Run(self.account, one, yes, wait, self.dead) for one in declared if one is not None]
        first = chance.choice([0, 0, 1])
        self._observe(runs, alone=False)
        together(runs[first], runs[1 - first], handovers(chance))
        for stack, file, run in zip(order, drafts, runs, strict=True):
            self.seen[f"both {run.end}"] += 1
            self.trace.append(f"{stack} beside the other: {run.end} {run.why} {shown(run)}")
            if run.end in ("complete", "incomplete", "in step"):
                self.files[stack] = file
        self._judge(runs, complete=True)

    def _apart(self, order: Sequence[str], chance: Random) -> list[File]:
        return [self._draft(stack, chance, files.EDITS) for stack in order]

    def _leaning(self, order: Sequence[str], chance: Random) -> list[File]:
        known = [self._draft(stack, chance, ()) for stack in order]
        host = files.leaning(known[0], known[1], chance)
        for stack, file in zip(reversed(order), reversed(known), strict=True):
            declared = self._declared(closed(file, self.files.get(files.other(stack))))
            if declared is not None:
                self._applied(stack, file, declared)
        known = [deepcopy(file) for file in known]
        files.opening(known[0], host, chance)
        files.taking(known[1], host, chance)
        return [closed(file, there) for file, there in zip(known, reversed(known), strict=True)]

    def _applied(self, stack: str, file: File, declared: Declared) -> None:
        """Apply a file as it is, if it is not refused."""
        plan, yes = self._agreed(declared, dict(YES, interruption=["all"], adopt=True), Random(0))
        if plan is not None and not plan.refusals:
            self._run(declared, yes, "", 1)
            self.files[stack] = file

    # -- how --------------------------------------------------------------------------------

    def _draft(self, stack: str, chance: Random, pool: tuple[files.Edit, ...]) -> File:
        before, others = self.files.get(stack), self.files.get(files.other(stack))
        if before is None:
            return edited(base(stack, chance), iter(()), chance, others)
        if pool and chance.random() < 0.04:
            self.seen["destroy"] += 1
            empty: File = {"groups": {}, "policies": {}, "applications": {}, "dns": {}}
            return {**base(stack, chance), **empty, "tunnels": {"t": {"ingress": []}}}
        return edited(before, some_edits(chance, pool) if pool else iter(()), chance, others)

    def _declared(self, file: File) -> Declared | None:
        try:
            return self.account.declared(written(file))
        except Problems as problems:
            self.seen["invalid"] += 1
            self.trace.append(f"invalid: {problems}")
            return None

    def _agreed(
        self, declared: Declared, yes: dict[str, Any], chance: Random
    ) -> tuple[Plan | None, dict[str, Any]]:
        """What a person sees and says yes to: now and then to each name that would be open."""
        rounds, exposure = chance.choice([1, 2, 3]), list[str]()
        while True:
            plan = self._plan(declared, {**yes, "exposure": exposure})
            rounds -= 1
            more = {
                host.strip()
                for item in (plan.refusals if plan else ())
                for host in item.flag.replace("'", "").split(_OPEN)[1:]
            }
            if not more or not rounds:
                break
            # One name of several may be all that somebody wants to be open.
            exposure += sorted(more)[: chance.choice([1, None])]
        if exposure:
            self.seen["agreed to an open name"] += 1
        return plan, {**yes, "exposure": exposure}

    def _plan(self, declared: Declared, yes: dict[str, Any]) -> Plan | None:
        with suppress(Problems):
            return self.account.plan_of(declared, **yes)
        return None

    def _run(self, declared: Declared, yes: Mapping[str, Any], fault: str, nth: int) -> Run:
        run = Run(self.account, declared, yes, dead=self.dead)
        self._observe([run], alone=True)
        struck = False
        if fault.startswith("kill"):
            calls = alone(run, kill_at=nth, after=fault == "kill after")
            struck = calls >= nth
        else:
            script = FAULTS.get(fault)
            scripted = self.account.sandbox.faults.add(**script, nth=nth) if script else None
            alone(run)
            struck = scripted is not None and scripted.hits > 0
            self.account.sandbox.faults.clear()
        self.seen[fault if struck else "no fault"] += 1
        self.trace.append(
            f"{declared.stack}: {run.end} {run.why} under {fault or 'no fault'} at {nth}, {yes} "
            f"{shown(run)}"
        )
        self._judge([run], complete=run.end in ("complete", "in step"))
        return run

    def _in_step(self, run: Run) -> None:
        """The same command until it has nothing to do: at most twice."""
        for _ in range(3):
            if run.end == "in step" or self.breaches:
                return
            if self._is_held_by_a_zone(run):
                self.account.observer.give_up()
                return
            run = self._run(run.declared, run.yes, "", 1)
        if run.end != "in step" and not self.breaches:
            self.breaches.append(f"not in step after twice: {run.end} {run.why}")

    def _is_held_by_a_zone(self, run: Run) -> bool:
        """True where the service deletes nothing that an application of a zone uses.

        No list of the account tells so, so that each run tries and fails.
        """
        live = self.account.everything()
        zoned = {scope["key"] for scope in live["zone_scopes"]}
        used = [one for one in live["apps"] if one["id"] in zoned]
        used += [one for one in live["policies"] if one.get("app_id") in zoned]
        refused = _IN_USE.findall(run.why)
        return bool(refused) and all(f'"{key}"' in json.dumps(used) for key in refused)

    def _observe(self, runs: Sequence[Run], *, alone: bool) -> None:
        if not alone:
            self.account.observer.give_up()
        public = {host for file in self.files.values() for host in file.get("hosts", ())}
        public |= {host for run in runs for host in map(str, run.declared.public)}
        self.account.observer.begin(
            Agreed(
                public,
                [host for run in runs for host in run.yes.get("exposure", ())],
                interrupted=any(run.yes.get("interruption") for run in runs),
                alone=alone,
            )
        )

    def _judge(self, runs: Sequence[Run], *, complete: bool) -> None:
        observer = self.account.observer
        told = {told for run in runs for told in run.told}
        self.breaches += observer.end(complete=complete, told=told)

    def _rightly_refused(self, declared: Declared, plan: Plan | None) -> None:
        """What is refused as open is open once it is done, in a copy of the account.

        Or in one whose edge does not know what zones list, where this one does, or the reverse.
        """
        if not any(_OPEN in item.flag for item in (plan.refusals if plan else ())):
            return
        yes = dict(YES, adopt=True, interruption=["all"], exposure=["all"])
        again = self._plan(declared, yes)
        if again is None or again.refusals:
            return
        self.seen["refused as open"] += 1
        if not any(self._opens(declared, yes, enforced) for enforced in (True, False)):
            reasons = [item.reason for item in plan.refusals if _OPEN in item.flag] if plan else []
            self.breaches.append(f"refused as open and is not: {reasons}")

    def _opens(self, declared: Declared, yes: Mapping[str, Any], enforced: bool) -> bool:
        """True if a run opens a door in a copy of the account, or does not come to its end."""
        # Ids that no dangling reference of the account names.
        twin = Account(self.folder, **self.world, zones=ZONES, seed=11)
        twin.sandbox.import_(self.account.sandbox.export())
        settings = self.account.sandbox.settings
        twin.sandbox.settings = replace(settings, zone_access_enforced=enforced)
        twin.observer.begin(Agreed([*map(str, declared.public)], interrupted=True))
        run = Run(twin, declared, yes)
        alone(run)
        found = twin.observer.end(complete=True)
        return run.end != "complete" or any("open door" in breach for breach in found)

    def _fairly_refused(self, plan: Plan | None, file: File) -> None:
        """Nothing is refused for the sake of names to which no record leads, now or then."""
        edge = self.account.sandbox.edge
        # A wildcard that is there answers where a name that stopped it goes.
        there = [record["name"] for record in self.account.everything()["dns_records"]]
        stars = [name for name in there if name.startswith("*")]
        for refusal in plan.refusals if plan else ():
            for pattern in _HOSTS:
                found = pattern.search(refusal.reason)
                for host in found["hosts"].split(", ") if found else ():
                    if host.startswith("any other ") or "*" in host or " " in host:
                        continue
                    answer = edge.visit(Visit(host))
                    if answer.outcome == "no_record" and not _leads(
                        [*file["dns"], *file.get("hosts", ()), *stars], host
                    ):
                        self.breaches.append(f"refused for {host}, where nothing is: {refusal}")


def shown(run: Run) -> str:
    """The plan of a run in short, to read what happened."""
    lines = [
        f"{change.action} {change.address} "
        + ", ".join(f"{edit.path}: {edit.before} -> {edit.after}" for edit in change.edits)
        for change in (run.plan.changes if run.plan else ())
    ]
    return "".join(f"\n    {line}" for line in lines)


def _leads(names: Iterable[str], host: str) -> bool:
    return any(name == host or host.endswith(name.removeprefix("*")) for name in names)


def lived(seed: int, folder: Path, *, beside: bool = True, **world: bool) -> History:
    """The history of a seed, with two stacks at work at the same time or without."""
    made = History(folder, world)
    made.live(deed for deed in history(seed) if beside or deed.what != "both")
    return made


def shortest(deeds: Sequence[Deed], folder: Path, **world: bool) -> list[Deed]:
    """The same history without the deeds that its breach can do without."""
    kept = list(deeds)
    for deed in deeds:
        fewer = [one for one in kept if one is not deed]
        if History(folder, world).live(fewer):
            kept = fewer
    return kept
