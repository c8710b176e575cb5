"""Copies of configuration files: which live tunnel each stands for, and whether it may.

A copy may only ever stand for what nobody can read, so it is refused where Cloudflare itself knows
what a tunnel serves, and where it is, or may be, of another tunnel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ztctl.core.model.copies import Copy
from ztctl.core.model.diagnostics import Problem, Problems
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Mark
from ztctl.kinds import ingress
from ztctl.kinds.common import text_of

Raw = Mapping[str, Any]
_MOST_NAMED = 5


def copies_by_id(ask: Ask, listed: Sequence[Raw]) -> dict[str, Copy]:
    """The copies by the id of the tunnel that each stands for.

    Args:
        ask: holds the copies.
        listed: every tunnel of the account.

    Raises:
        Problems: a copy stands for no tunnel, for several, for one that is managed remotely or has
            another copy, or is of another tunnel; or its rules are not what cloudflared takes.
    """
    found: dict[str, Copy] = {}
    problems: list[Problem] = []
    for copy in ask.copies:
        meant = _meant(copy, listed)
        if not (meant or copy.required):
            continue
        wrong = next(_wrong(copy, meant, found, listed), None)
        if wrong is not None:
            problems.append(Problem(f"{copy}: {wrong[0]}", copy.where, wrong[1]))
        else:
            found[text_of(meant[0], "id")] = copy
    if problems:
        raise Problems(problems)
    return found


def source_of(raw: Raw) -> str:
    """Where the configuration of a tunnel is: ``cloudflare``, or ``local`` to its server."""
    # Old replies have the boolean ``remote_config`` in place of ``config_src``.
    return text_of(raw, "config_src") or ("cloudflare" if raw.get("remote_config") else "local")


def _meant(copy: Copy, listed: Sequence[Raw]) -> Sequence[Raw]:
    """The tunnels that a copy may be given for: by id, by key in its stack, by name, by any key."""
    tests: tuple[Callable[[Raw], bool], ...] = (
        lambda raw: text_of(raw, "id") == copy.of,
        lambda raw: _key_and_stack(raw) == (copy.of, copy.stack),
        lambda raw: text_of(raw, "name") == copy.of,
        lambda raw: _key_and_stack(raw)[0] == copy.of,
    )
    # What the files name is theirs, or carries no mark yet: never the tunnel of another stack.
    for test in tests[:3] if copy.where is not None else tests:
        if found := [raw for raw in listed if test(raw)]:
            return found
    return ()


def _key_and_stack(raw: Raw) -> tuple[str, str]:
    key, mark = Mark.of_name(text_of(raw, "name"))
    return key, mark.stack if mark is not None else ""


def _there(listed: Sequence[Raw]) -> str:
    """The tunnels that could be named, which are those that a server configures."""
    names = sorted(text_of(raw, "name") for raw in listed if source_of(raw) != "cloudflare")
    more = ", …" if len(names) > _MOST_NAMED else ""
    if not names:
        return "no live tunnel is locally managed: leave it out"
    return f"locally managed are {', '.join(names[:_MOST_NAMED])}{more}"


def _wrong(
    copy: Copy, meant: Sequence[Raw], others: Mapping[str, Copy], listed: Sequence[Raw]
) -> Iterator[tuple[str, str]]:
    """What forbids that a copy stands for the tunnels that it may mean, and what to do."""
    if not meant:
        text = f"there is no live tunnel {copy.of!r}, so that no server runs this file"
        yield text, "leave it out until the tunnel is there" if copy.where else _there(listed)
        return
    if len(meant) > 1:
        ids = ", ".join(f"{text_of(raw, 'name')} ({text_of(raw, 'id')})" for raw in meant)
        yield f"{copy.of!r} is the key of several tunnels: {ids}", "give the id of one of them"
        return
    (raw,) = meant
    key, name = text_of(raw, "id"), text_of(raw, "name")
    if source_of(raw) == "cloudflare":
        text = f"the tunnel {name!r} is managed remotely: Cloudflare itself says what it serves"
        yield text, "leave the file out"
    # Adoption gives a tunnel a mark, and the file on its server goes on without.
    called = (key, name, Mark.of_name(name)[0])
    is_other = any(text_of(it, "name") == copy.states for it in listed) and copy.states != name
    unfit = copy.states not in called and copy.states.lower() != key
    if copy.states and (is_other or unfit):
        text = f"it is the file of another tunnel, {copy.states}, and not of {name!r} ({key})"
        yield text, "give the file that this tunnel's server runs"
    if key in others:
        text = f"the tunnel {name!r} has the copy {others[key].path} already"
        yield text, "name one of them"
    if where := ingress.unreadable(copy.configuration):
        text = f"`{where}` is of another type than cloudflared takes"
        yield text, "copy the file again from the server"
    if not copy.configuration.get("ingress"):
        text = "it has no `ingress`, so that it does not say what the tunnel serves"
        yield text, "copy the file that the server runs; options of its service may say the rest"
