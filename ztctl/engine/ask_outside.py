"""Ask the names of an audit from outside, without a credential."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ztctl.core.reach.audit import HOST, AuditedName, AuditReport, Finding, order
from ztctl.core.reach.audit_rules import AuditCode, Risk
from ztctl.engine.probe import LoginState, ProbeReply, SendProbe, describe_reply, login_state

# Requests under way at once.
_AT_ONCE: Final = 16
_HOST: Final = re.compile(r"[a-z0-9_*-]{1,63}(\.[a-z0-9_*-]{1,63})+")
_NO_NAME: Final = "not asked from outside: it is no host name"


async def asked_outside(report: AuditReport, send: SendProbe, team: str | None) -> AuditReport:
    """Ask each name that is open or cannot be told; what answers without a login is open.

    A login at the root proves nothing about other paths, so that nothing becomes closed by it.

    Args:
        report: what was found.
        send: asks one host.
        team: the team's name, if known: only its login page counts.
    """
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: AuditedName) -> AuditedName:
        if not name.may_be_open:
            return name
        async with room:
            return await _asked(name, send, team)

    names = await asyncio.gather(*map(ask, report.names))
    return replace(report, names=_sorted(names))


async def _asked(name: AuditedName, send: SendProbe, team: str | None) -> AuditedName:
    if _HOST.fullmatch(name.host) is None:
        return replace(name, probed=_NO_NAME)
    # A fixed label might be a real name below the wildcard.
    reply = ProbeReply(*await send(name.host.replace("*", secrets.token_hex(8))))
    state, told = login_state(reply, team), describe_reply(reply)
    if state is LoginState.CLOSED:
        return replace(name, probed=f"asked from outside, its root shows a login ({told})")
    if state is LoginState.UNSEEN:
        return replace(name, probed=f"asked from outside, it gave no answer ({told})")
    probed = replace(name, probed=f"asked from outside, it answered without a login ({told})")
    if name.risk is Risk.OPEN:
        return probed
    code, reasons = AuditCode.ANSWERS_UNASKED, (probed.probed,)
    finding = Finding(code, HOST, name.host, reasons, name.zone, name.stacks)
    return replace(probed, findings=tuple(sorted((*name.findings, finding), key=order)))


def _sorted(names: Iterable[AuditedName]) -> tuple[AuditedName, ...]:
    return tuple(sorted(names, key=lambda it: (it.risk.place, it.host)))
