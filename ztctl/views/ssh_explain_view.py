"""Format what a log says: the refused logins first, each with what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ztctl.core.model.ssh_log import LoginAttempt, LoginEnd, LogKind, LogReading
from ztctl.views.escape import Clean
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone

_HEADS: Final = {
    LoginEnd.REFUSED: "Refused",
    LoginEnd.UNCLEAR: "Ended, and the log does not say why",
    LoginEnd.ACCEPTED: "Accepted",
}
_TONES: Final = {
    LoginEnd.REFUSED: Tone.ERROR,
    LoginEnd.UNCLEAR: Tone.WARNING,
    LoginEnd.ACCEPTED: Tone.PLAIN,
}
# Where what is wrong stands, below who it was.
_COLUMN: Final = 8
_NOTHING: Final = (
    "Nothing of sshd, cloudflared or ssh -v was recognised in it.",
    "On a server: journalctl -u ssh -u sshd -u cloudflared | ztctl ssh explain -",
    "On a laptop: ssh -v HOST 2>&1 | ztctl ssh explain -",
)


def ssh_explain_page(found: LogReading, clean: Clean, *, brief: bool) -> Page:
    """Format a log; ``brief`` leaves out who was let in."""
    lines = (*_lines(found, clean, brief=brief), *_closing(found))
    heading = "Log"
    return Page(heading, (lines,), (ssh_explain_document(found),), folds=False, wraps=True)


def ssh_explain_document(found: LogReading) -> dict[str, Any]:
    """A log as JSON; docs/reference/json.md and schemas/ssh-explain.schema.json tell of it."""
    return {
        "type": "ssh_explain",
        "format_version": "1.0",
        "file": found.name,
        "kinds": [kind.value for kind in found.kinds],
        "lines": found.lines,
        "known_cas": found.known_cas,
        "attempts": [
            {
                "log": it.kind.value,
                "end": it.end.value,
                "who": it.who or None,
                "user": it.user or None,
                "ca": it.ca or None,
                "causes": [
                    {"id": cause.id, "words": cause.words, "remedy": cause.remedy}
                    for cause in it.causes
                ],
                "count": it.count,
                "ports": list(it.ports),
                "line": it.line,
                "text": it.text,
            }
            for it in found.attempts
        ],
        "summary": {end.value: found.count([end]) for end in LoginEnd},
    }


def _lines(found: LogReading, clean: Clean, *, brief: bool) -> Iterator[Line]:
    kinds = " and ".join(kind.value for kind in found.kinds) or "unknown"
    yield Line(f"{clean(found.name)}: {kinds}, {found.lines:,} lines.", tone=Tone.STRONG)
    yield Line()
    for end, head in _HEADS.items():
        attempts = [it for it in found.attempts if it.end is end]
        if not attempts or (brief and end is LoginEnd.ACCEPTED):
            continue
        yield Line(head, tone=Tone.STRONG)
        for attempt in attempts:
            yield from _attempt(attempt, clean)
        yield Line()


def _attempt(it: LoginAttempt, clean: Clean) -> Iterator[Line]:
    often = f", {it.count} times" if it.count > 1 else ""
    place = f"line {it.line}" if it.count == 1 else f"first on line {it.line}"
    head = f"{_who(it, clean)}{often} ({place})"
    yield Line(f"  {head}", tone=_TONES[it.end], column=4)
    for cause in it.causes:
        yield Line(f"{' ' * _COLUMN}{clean(cause.words)}", column=_COLUMN)
        hint = f"{' ' * _COLUMN}hint: {clean(cause.remedy)}"
        yield Line(hint, tone=Tone.QUIET, column=_COLUMN)


def _who(it: LoginAttempt, clean: Clean) -> str:
    if it.kind is LogKind.CLOUDFLARED:
        return "the connector"
    if it.who and it.user:
        return f"{clean(it.who)} as {clean(it.user)}"
    return clean(it.user or it.who) or ("this laptop" if it.kind is LogKind.SSH else "sshd")


def _closing(found: LogReading) -> Iterator[Line]:
    if not found.kinds:
        yield from (Line(text, column=4) for text in _NOTHING)
        return
    told = [f"{found.count([end]):,} {end.value}" for end in _HEADS if found.count([end])]
    text = ", ".join(told) or "nothing that is known to be wrong, and nobody logged in"
    yield Line(f"{text[0].upper()}{text[1:]}.", tone=Tone.STRONG)
