"""Audit, ``who``, the model and the sandbox's edge give one answer about every name.

Accounts of two and of three zones with local tunnels, aliases, applications on paths, those that
only a zone lists, and objects of nobody, are made by the API and read as the command reads them.
Then strangers go to every name and path; the edge shares nothing with the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.core.test_exposure_agreement import COVERS, EXACT, STARS, Built, File, accounts, let_in
from tests.support.account import ZONES, Account
from tests.support.audited import DAYS, read
from tests.support.examples import examples
from tests.support.observer.places import BELOW, PROBE
from ztctl.core.model.facts import Openness
from ztctl.core.reach.audit import AuditedName, AuditReport
from ztctl.core.reach.audit_rules import AuditCode, Risk
from ztctl.core.reach.auditing import Auditor
from ztctl.core.reach.who import reach
from ztctl.sandbox.seeds import ZoneSeed

THIRD = ZoneSeed("example.net")
_two = st.tuples(st.just(ZONES), accounts(busy=True))
_three = st.tuples(
    st.just((*ZONES, THIRD)),
    accounts(exact=(*EXACT, "near.example.net"), stars=(*STARS, "*.example.net"), busy=True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nothing is written; an account wants one."""
    return tmp_path_factory.mktemp("agreement")


# What partial wildcards stand for with nothing in place of the star: no sample is made of it.
EMPTY = {name.replace("*", "") for name in COVERS if not name.startswith("*.")}


def told_of(name: str, report: AuditReport, auditor: Auditor) -> AuditedName | None:
    """The name in the report, or the pattern in it that stands for such a name."""
    by_name = {it.host: it for it in report.names}
    pattern = name.replace(PROBE, "*").replace(BELOW, "*")
    for exact in (name, pattern):
        if exact in by_name:
            return by_name[exact]
    # A star for one label, and two for each number of them that has no line of its own.
    bases = (name.split(".", count)[-1] for count in range(1, name.count(".") + 1))
    for depth, base in enumerate(bases, start=1):
        stars = (f"*.{base}",) if depth == 1 else (f"*.*.{base}", f"*.{base}")
        for star in stars:
            if star in by_name:
                return by_name[star]
    return auditor.named(name) if name in EMPTY else None


def enough(name: AuditedName | None, degree: Openness) -> bool:
    """Whether the risk of a name covers what a stranger did there."""
    if name is None:
        return False
    if degree is Openness.OPEN:
        return name.risk in (Risk.OPEN, Risk.UNSEEN)
    codes = {it.code for it in name.findings}
    return name.risk in (Risk.OPEN, Risk.UNSEEN) or AuditCode.ANY_LOGIN in codes


@examples(60)
@given(made=st.one_of(_two, _three))
def test_where_a_stranger_reaches_a_tunnel_the_audit_says_so(
    folder: Path, made: tuple[Any, File]
) -> None:
    """No door to a tunnel is left out, and each name has the risk that ``who`` has for it."""
    zones, given_account = made
    account = Built(Account(folder, zones=zones), given_account).account
    whole = read(account)
    auditor = Auditor(whole.live, whole.facts, DAYS)
    report = auditor.report("a")

    missed = {
        (name, path, service)
        for name, path, tunnel, service, degree in let_in(account)
        if tunnel and not enough(told_of(name, report, auditor), degree)
    }
    others = {
        name.host: name.risk
        for name in report.names
        if "*" not in name.host
        for told in [reach(name.host, whole.live, whole.facts)]
        if bool(told.open) != (name.risk is Risk.OPEN) or (told.may_be_open != name.may_be_open)
    }

    for code in {it.code.value for it in report.all_findings}:
        event(code)
    event(f"{len(zones)} zones")
    event("something is open" if report.is_exposed else "nothing is open")
    assert (missed, others) == (set(), {})
