"""Words and symbols of plans and outcomes. Closing lines are byte-stable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.facts import DescribedEntry
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason, Summary
from ztctl.views.escape import Clean

MINUTE = 60
_ID: Final = re.compile(r"[0-9a-f]{32}")


class ActionWords(NamedTuple):
    """How a plan shows an action: its symbol, and what happens to the object."""

    symbol: str
    legend: str
    phrase: str


# Terraform's symbols; its "." is for an object that is no longer managed and stays as it is.
ACTIONS: Final[Mapping[Action, ActionWords]] = {
    Action.CREATE: ActionWords("+", "create", "will be created"),
    Action.UPDATE: ActionWords("~", "update in place", "will be updated in place"),
    Action.ADOPT: ActionWords("~", "adopt", "will be adopted ({live}wants --adopt)"),
    Action.REPLACE: ActionWords("-/+", "destroy, then create again", "must be replaced"),
    Action.DELETE: ActionWords("-", "destroy", "will be destroyed"),
    Action.FORGET: ActionWords(".", "forget", "will be forgotten (stays live, loses its mark)"),
}

PHASES: Final[Mapping[Phase, str]] = {
    Phase.POLICY: "Policy",
    Phase.TUNNEL: "Tunnel",
    Phase.DNS: "DNS",
    Phase.CERTIFICATE: "Certificate",
}

_REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_LIVE: "it is declared and not live",
    Reason.DIFFERS: "it differs from the file",
    Reason.MARK_LOST: "its mark was changed or taken off",
    Reason.NOT_MARKED: "it is live and carries no mark",
    Reason.CANNOT_UPDATE: "a field differs that cannot be changed in place",
    Reason.DEPENDENCY_RENEWED: "what it refers to is created anew",
    Reason.NOT_DECLARED: "it carries the mark of this stack and is not declared",
    Reason.REMOVED: "the file lists it under removed",
    Reason.OWNER_GOES: "its owner goes",
    Reason.MOVED: "the file moves it",
    Reason.RELEASED: "ztctl lets go of it",
    Reason.HANDED_OVER: "it is handed to the stack",
    Reason.DESTROYED: "all that carries the mark of this stack is to go",
}


def heading(phase: Phase, *, removal: bool) -> str:
    """The heading of a phase: ``2. Tunnel``, or ``Removal: 2. Tunnel``."""
    title = f"{int(phase)}. {PHASES[phase]}"
    return f"Removal: {title}" if removal else title


def short_id(id: str) -> str:
    """The ends of an id of an account; anything else as it is."""
    return f"{id[:4]}…{id[-4:]}" if _ID.fullmatch(id) else id


def noun(kind: str) -> str:
    """What an object of a kind is called in a sentence: ``policy``, ``CA key``."""
    bare = kind.removeprefix("access_").removeprefix("dns_").replace("_", " ")
    return bare.replace("ca key", "CA key")


def plural(kind: str, count: int) -> str:
    """The noun of so many objects of a kind."""
    word = noun(kind)
    if count == 1:
        return word
    return f"{word[:-1]}ies" if word.endswith("cy") else f"{word}s"


def is_removal(change: Change) -> bool:
    """Whether it belongs to the removals, which run through the phases backwards."""
    return change.action in (Action.DELETE, Action.FORGET)


def reason_phrase(change: Change, clean: Clean) -> str:
    """The reason of a change, with the object that caused it."""
    text = _REASONS[change.reason]
    return f"{text}: {clean(change.detail)}" if change.detail else text


def action_phrase(change: Change, clean: Clean) -> str:
    """What happens to the object, to follow its address: ``will be created``."""
    live = f"live id {clean(change.live.id)}, " if change.live else ""
    return ACTIONS[change.action].phrase.format(live=live)


def plan_closing(plan: Plan) -> str:
    """The closing line of a plan, which scripts parse: its form never changes."""
    if plan.is_empty:
        objects = "1 object is" if plan.unchanged == 1 else f"{plan.unchanged} objects are"
        return f"No changes. {objects} in step."
    found = plan.summary
    adopt = f"{found.adopt} to adopt, " if found.adopt else ""
    forget = f", {found.forget} to forget" if found.forget else ""
    figures = f"{found.add} to add, {found.change} to change, {found.destroy} to destroy"
    return f"Plan: {adopt}{figures}{forget}."


def plan_in_a_line(plan: Plan) -> str:
    """What a yes to a plan means for people, in one sentence."""
    opened = {it.host for it in plan.access if any(way.openness for way in it.gained)}
    more = {it.host for it in plan.access if _comes_or_goes(it.gained)} - opened
    fewer = {it.host for it in plan.access if _comes_or_goes(it.lost)}
    parts = (
        f"OPENS {_hosts(len(opened))} to strangers" if opened else "",
        f"lets more people into {_hosts(len(more))}" if more else "",
        f"takes entry to {_hosts(len(fewer))} from somebody" if fewer else "",
    )
    found = [part for part in parts if part]
    return f"This {' and '.join(found)}." if found else "Nobody gains entry, and nobody loses it."


def _comes_or_goes(ways: Iterable[DescribedEntry]) -> bool:
    return any(not way.change for way in ways)


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"


def done_figures(done: Summary) -> str:
    """``5 added, 1 changed, 0 destroyed``, with adopted before and forgotten after, if any."""
    adopt = f"{done.adopt} adopted, " if done.adopt else ""
    forget = f", {done.forget} forgotten" if done.forget else ""
    return f"{adopt}{done.add} added, {done.change} changed, {done.destroy} destroyed{forget}"


_IRREGULAR: Final[Mapping[str, tuple[str, str]]] = {
    "drop": ("dropping", "dropped"),
    "forget": ("forgetting", "forgot"),
    "put": ("putting", "put"),
    "set": ("setting", "set"),
    "swap": ("swapping", "swapped"),
    "tag": ("tagging", "tagged"),
    "write": ("writing", "wrote"),
}


def conjugated(verb: str) -> tuple[str, str]:
    """A step's verb as it runs and when it is done: ``creating``, ``created``."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb[:-1]}ing", f"{verb}d"
    return f"{verb}ing", f"{verb}ed"


def duration(seconds: float) -> str:
    """``0.2s`` below a minute, ``1m05s`` from there."""
    if seconds < MINUTE:
        return f"{seconds:.1f}s"
    return f"{int(seconds // MINUTE)}m{int(seconds % MINUTE):02d}s"


def problem_counts(problems: Sequence[Problem]) -> str:
    """How many errors and warnings there are, in how many files."""
    numbers = Counter(item.severity for item in problems)
    parts = [_many(numbers[it], it.value) for it in Severity if numbers[it]]
    files = len({item.where.file for item in problems if item.where is not None})
    return f"{', '.join(parts)} in {_many(files, 'file')}" if files else ", ".join(parts)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
