"""Format the people of a host and their accounts: a line a name, with what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ztctl.core.model.ssh_users import NamedUser, Presence, UsersReport
from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wrapping import cells

_COLUMN: Final = 11
# The widest name that has its addresses beside it.
_BESIDE: Final = 20


def ssh_users_page(found: UsersReport, clean: Clean, *, brief: bool, written: str) -> Page:
    """Format a report.

    Args:
        found: what there is.
        clean: makes foreign text fit to be shown.
        brief: leaves out names about which nothing is to be done.
        written: the file that was written; empty: none.
    """
    lines = [*_lines(found, clean, brief=brief), *_closing(found, clean, written)]
    heading = f"Accounts of {code_span(clean(found.host))}" if found.host else "Accounts"
    record = ssh_users_document(found, written)
    return Page(heading, (tuple(lines),), (record,), folds=False, wraps=True)


def ssh_users_document(found: UsersReport, written: str) -> dict[str, Any]:
    """A report as JSON; docs/reference/json.md and schemas/ssh-users.schema.json tell of it."""
    return {
        "type": "ssh_users",
        "format_version": "1.0",
        "host": found.host or None,
        "users": [
            {
                "name": user.name,
                "emails": list(user.emails),
                "presence": user.presence.value,
                "alias_of": user.alias_of or None,
                "accounts": list(user.accounts),
                "is_written": user.is_written,
                "faults": [
                    {
                        "fault": fault.fault.value,
                        "words": fault.words,
                        "remedy": fault.remedy,
                        "is_allowed": fault.is_allowed,
                    }
                    for fault in user.faults
                ],
            }
            for user in found.users
        ],
        "unlisted": list(found.unlisted),
        "lines": list(found.lines),
        "written": written or None,
        "differs": found.differs,
    }


def _lines(found: UsersReport, clean: Clean, *, brief: bool) -> Iterator[Line]:
    people = len({email for user in found.users for email in user.emails})
    names = sum(bool(user.emails) for user in found.users)
    place = f"{clean(found.host)}: " if found.host else ""
    yield Line(f"{place}{_count(people, 'address')}, {_count(names, 'name')}.", tone=Tone.STRONG)
    yield Line()
    shown = [user for user in found.users if not brief or user.differs]
    for user in shown:
        yield from _user(user, clean)
    if found.unlisted:
        if shown:
            yield Line()
        text = "Not listed, for only Access knows who they are; --emails FILE may say it:"
        yield Line(text, tone=Tone.STRONG)
        yield from (Line(f"  {clean(it)}", column=2) for it in found.unlisted)
    yield Line()


def _user(user: NamedUser, clean: Clean) -> Iterator[Line]:
    wrong = [it for it in user.faults if it.counts]
    word, tone = _verdict(user, wrong)
    name, emails = clean(user.name), ", ".join(map(clean, user.emails))
    pad = " " * max(_BESIDE - cells(name), 0)
    more = [f"as {clean(it)}, too" for it in user.accounts]
    more += [f"the same as {clean(user.alias_of)}"] if user.alias_of else []
    text = "; ".join([*([emails] if emails else []), *more])
    head = f"  {word:7}  {name}{pad}  {text}".rstrip()
    yield Line(head, tone=tone, column=_COLUMN + _BESIDE + 2)
    for fault in user.faults:
        yield Line(f"{' ' * _COLUMN}{clean(fault.words)}", column=_COLUMN)
        hint = "it is allowed" if fault.is_allowed else f"hint: {clean(fault.remedy)}"
        yield Line(f"{' ' * _COLUMN}{hint}", tone=Tone.QUIET, column=_COLUMN)


def _verdict(user: NamedUser, wrong: Sequence[object]) -> tuple[str, Tone]:
    if wrong:
        return "WRONG", Tone.ERROR
    if user.presence is Presence.MISSING and not user.accounts:
        return "missing", Tone.WARNING
    if user.presence is Presence.UNSEEN:
        return "unseen", Tone.PLAIN
    return "ok", Tone.PLAIN


def _closing(found: UsersReport, clean: Clean, written: str) -> Iterator[Line]:
    if any(user.presence is Presence.UNSEEN for user in found.users):
        yield Line(
            "Which accounts the server has was not seen: --passwd FILE, by `getent passwd` there."
        )
    left = [user for user in found.users if user.emails and any(it.counts for it in user.faults)]
    if written:
        out = f" {_count(len(left), 'name')} left out." if left else ""
        yield Line(
            f"Wrote {clean(written)}: {_count(len(found.lines), 'line')}.{out} On the server:"
        )
        yield Line()
        yield Line(f"sudo sh install.sh --users {clean(written)}")
        return
    if not found.users:
        yield Line("No rule names anybody by address. List the people yourself: --emails FILE")
        return
    missing = sum(user.presence is Presence.MISSING and user.differs for user in found.users)
    told = [
        _count(len(left), "name", f"that cannot be as {_are(len(left))}") if left else "",
        _count(missing, "account", "missing") if missing else "",
    ]
    text = ", ".join(filter(None, told)) or "nothing is to be done"
    yield Line(f"{text[0].upper()}{text[1:]}.", tone=Tone.STRONG)
    if found.differs:
        yield Line("What makes the accounts: -o users, and `sh install.sh --users users` there.")


def _are(number: int) -> str:
    return "it is" if number == 1 else "they are"


def _count(number: int, word: str, more: str = "") -> str:
    plural = word if number == 1 else f"{word}{'es' if word.endswith('s') else 's'}"
    return f"{number} {plural}{f' {more}' if more else ''}"
