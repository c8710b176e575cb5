"""Format the SSH CAs of a stack, a file of trusted CAs, and a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ztctl.core.model.objects import Spare
from ztctl.core.model.ssh_trust import (
    SshCertificate,
    StackCa,
    TrustFinding,
    TrustReport,
)
from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone

# Columns of the names of what is told.
_NAMES: Final = 15
_SPARES: Final = {
    Spare.NEXT: "the new CA: it signs nothing for the host yet",
    Spare.FORMER: "the old CA: it signs nothing for the host any more",
}


@dataclass(frozen=True, slots=True)
class ShownCas:
    """The CAs of a stack, and of the account.

    Attributes:
        absent: applications for which the files want a CA that is not live.
        gateway: CAs of the account.
        unread: why the CA of the account is not known; empty where it is.
    """

    stack: str
    cas: Sequence[StackCa]
    absent: Sequence[str] = ()
    gateway: Sequence[StackCa] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class JudgedCertificate:
    """A certificate, and what it is worth at a moment.

    Attributes:
        file: what it was read from.
        now: seconds since 1970.
        ca: the known CA that signed it, ``None`` for none.
        known: how many CAs it was compared with.
        faults: why no server of these CAs would take it; empty where one would.
    """

    file: str
    certificate: SshCertificate
    now: float
    ca: StackCa | None
    known: int
    faults: Sequence[str]


# -- CAs ------------------------------------------------------------------------------------


def cas_page(found: ShownCas, clean: Clean) -> Page:
    """Format CAs: a block for each, whose key is told by its fingerprint."""
    blocks = [tuple(_ca(ca, clean)) for ca in (*found.cas, *found.gateway)]
    blocks += [(Line(f"{clean(name)}: no CA is live yet", "!", 1),) for name in found.absent]
    if found.unread:
        blocks.append((Line(f"the gateway CA of the account is not seen: {clean(found.unread)}"),))
    if not blocks:
        blocks.append((Line("The files want no SSH CA."),))
    heading = f"SSH CAs of {code_span(clean(found.stack))}"
    return Page(heading, tuple(blocks), (cas_document(found),), folds=False, wraps=True)


def _ca(ca: StackCa, clean: Clean) -> Iterator[Line]:
    title = "the account (gateway CA)" if ca.is_account else clean(ca.name)
    yield Line(title, tone=Tone.STRONG)
    if ca.spare is not None:
        yield _fact("rotation", _SPARES[ca.spare])
    if ca.is_account:
        yield _fact("signs for", "infrastructure applications alone")
    elif ca.hosts != (ca.name,):
        yield _fact("names", ", ".join(map(clean, ca.hosts)) or "none")
    yield _fact("fingerprint", ca.fingerprint or "the key has no known form")
    if ca.aud:
        yield _fact("audience", clean(ca.aud))
    if ca.file:
        state = "holds the key" if ca.held else "does not hold the key: apply writes it"
        yield _fact("file", f"{clean(ca.file)} {state}", Tone.PLAIN if ca.held else Tone.WARNING)


def _fact(name: str, text: str, tone: Tone = Tone.PLAIN) -> Line:
    return Line(f"  {name:{_NAMES - 2}}{text}", column=_NAMES, tone=tone)


def cas_document(found: ShownCas) -> dict[str, Any]:
    """CAs as JSON; docs/guides/ssh-ca.md and schemas/ssh-ca.schema.json tell of it."""
    return {
        "type": "ssh_ca",
        "format_version": "1.0",
        "stack": found.stack,
        "cas": [_ca_record(ca) for ca in found.cas],
        "absent": list(found.absent),
        "gateway": [_ca_record(ca) for ca in found.gateway],
        "gateway_unread": found.unread or None,
    }


def _ca_record(ca: StackCa) -> dict[str, Any]:
    return {
        "application": ca.name or None,
        "hosts": list(ca.hosts),
        "aud": ca.aud or None,
        "fingerprint": ca.fingerprint or None,
        "public_key": ca.public_key,
        "file": ca.file or None,
        "file_holds_it": ca.held if ca.file else None,
        "rotation": ca.spare.value if ca.spare else None,
    }


# -- a file of trusted CAs ------------------------------------------------------------------


def trust_page(report: TrustReport, clean: Clean) -> Page:
    """Format what is wrong with a file, each with its place and what to do."""
    lines = [line for found in report.findings for line in _finding(report, found, clean)]
    held = [Line(f"ok  {clean(ca.title)}  {ca.fingerprint}", column=4) for ca in report.held]
    blocks = tuple(tuple(block) for block in (held, lines) if block)
    closing = (Line(_verdict(report, clean), tone=Tone.STRONG),)
    heading = f"Trusted CAs of {code_span(clean(report.file))}"
    return Page(heading, (*blocks, closing), (trust_document(report),), folds=False, wraps=True)


def _finding(report: TrustReport, found: TrustFinding, clean: Clean) -> Iterator[Line]:
    place = f"{report.file}:{found.line}:{found.column}" if found.line else report.file
    yield Line(f"{clean(place)}: {found.fault}: {clean(found.text)}", column=2, tone=Tone.ERROR)
    yield Line(f"  hint: {clean(found.remedy)}", column=8, tone=Tone.QUIET)


def _verdict(report: TrustReport, clean: Clean) -> str:
    count = len(report.findings)
    file = clean(report.file)
    if not count:
        return f"{file} trusts exactly what it is to trust."
    return f"{file}: {count} fault{'' if count == 1 else 's'}."


def trust_document(report: TrustReport) -> dict[str, Any]:
    """The comparison as JSON; schemas/ssh-ca.schema.json tells of it."""
    return {
        "type": "ssh_ca_check",
        "format_version": "1.0",
        "file": report.file,
        "trusted": [ca.fingerprint for ca in report.held],
        "findings": [
            {
                "fault": found.fault.value,
                "line": found.line or None,
                "column": found.column or None,
                "text": found.text,
                "remedy": found.remedy,
                "fingerprint": found.fingerprint or None,
            }
            for found in report.findings
        ],
    }


# -- a certificate --------------------------------------------------------------------------


def certificate_page(judged: JudgedCertificate, clean: Clean) -> Page:
    """Format a certificate: what it says, then why no server would take it."""
    heading = f"Certificate {code_span(clean(judged.file))}"
    facts = tuple(_certificate(judged, clean))
    faults = tuple(Line(clean(it), "!", 1, tone=Tone.ERROR) for it in judged.faults)
    closing = (Line(_worth(judged, clean), tone=Tone.STRONG),)
    blocks = tuple(block for block in (facts, faults, closing) if block)
    return Page(heading, blocks, (certificate_document(judged),), folds=False, wraps=True)


def _certificate(judged: JudgedCertificate, clean: Clean) -> Iterator[Line]:
    it = judged.certificate
    yield _fact("principals", ", ".join(map(clean, it.principals)) or "none")
    yield _fact("key id", clean(it.key_id) or "none")
    yield _fact("serial", str(it.serial))
    yield _fact("valid", f"{_span(it)}: {it.state(judged.now)}")
    yield _fact("signed by", f"{it.signer}{'' if it.is_signed else ', by what it says'}")
    yield _fact("", clean(judged.ca.title) if judged.ca else "no CA that is known here")
    yield _fact("extensions", _options(it.extensions, clean))
    if it.options:
        yield _fact("critical", _options(it.options, clean))
    yield _fact("key", it.fingerprint)
    kind = "a user's" if it.is_user else "a host's"
    yield _fact("type", f"{clean(it.algorithm)}, {kind}")


def _options(options: Sequence[tuple[str, str]], clean: Clean) -> str:
    told = (f"{name}={value}" if value else name for name, value in options)
    return ", ".join(map(clean, told)) or "none"


def _span(it: SshCertificate) -> str:
    since = "always" if it.since is None else _instant(it.since)
    return f"{since} to {'forever' if it.until is None else _instant(it.until)}"


def _instant(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


def _worth(judged: JudgedCertificate, clean: Clean) -> str:
    if judged.faults:
        return "No server of these CAs takes it."
    it = judged.certificate
    names = " or ".join(map(clean, it.principals))
    assert judged.ca is not None
    return f"Servers that trust {clean(judged.ca.title)} let it in as {names}."


def certificate_document(judged: JudgedCertificate) -> Mapping[str, Any]:
    """The certificate as JSON; schemas/ssh-ca.schema.json tells of it."""
    it = judged.certificate
    return {
        "type": "ssh_certificate",
        "format_version": "1.0",
        "file": judged.file,
        "algorithm": it.algorithm,
        "is_user": it.is_user,
        "key_id": it.key_id,
        "serial": str(it.serial),
        "principals": list(it.principals),
        "valid_after": it.since,
        "valid_before": it.until,
        "state": it.state(judged.now).value,
        "critical_options": dict(it.options),
        "extensions": dict(it.extensions),
        "fingerprint": it.fingerprint,
        "signer": it.signer,
        "signature_holds": it.is_signed,
        "ca": _ca_record(judged.ca) if judged.ca else None,
        "cas_compared": judged.known,
        "faults": list(judged.faults),
    }
