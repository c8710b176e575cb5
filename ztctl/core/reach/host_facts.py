"""Host names and access tests that facts contain, and sample names for wildcards.

A sample name has a *witness* in place of each wildcard: a label that no name or pattern of the
account matches but by a whole ``*``. A fixed label would be a real one, which somebody might use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from string import ascii_lowercase, digits

from ztctl.core.model.facts import Application, Criterion, Fact, Members
from ztctl.core.model.names import has_star_label

_LETTERS = ascii_lowercase + digits
# More labels than an account has patterns, so that one of them is left.
_LENGTH = 5
# Where patterns such as ``*a`` to ``*z`` leave no label, each of them has a sample of its own.
_MOST_TRIED = 20_000


def tests_in(members: Members) -> Iterator[Criterion]:
    """Every criterion of the rule lists, nested sets included."""
    for test in (*members.include, *members.exclude, *members.require):
        if isinstance(test, Criterion):
            yield test
        else:
            yield from tests_in(test)


def sample_hosts(fact: Fact | None, witness: str) -> Iterator[str]:
    """The names of a fact; for each wildcard, a name one label below it and one two labels below.

    Two depths, because an Access wildcard covers one label only, DNS and ingress ones any depth.
    """
    for name in fact.names if fact is not None else ():
        yield name.replace("*", witness)
        if has_star_label(name):
            yield f"{witness}.{witness}{name[1:]}"


def witness(facts: Iterable[Fact]) -> str:
    """A label that occurs in no name or path of these facts, and matches none of their patterns."""
    texts = {text for fact in facts for text in _texts(fact)}
    known = "\n".join(texts)
    parts = {part for text in texts if "*" in text for part in re.split(r"[./]", text)}
    partial = [part.split("*") for part in sorted(parts) if "*" in part and part.strip("*")]
    patterns = [re.compile(".*".join(map(re.escape, pieces))) for pieces in partial]
    tried = (_label(number) for number in range(1, _MOST_TRIED))
    free = (
        label
        for label in tried
        if label not in known and not any(pattern.fullmatch(label) for pattern in patterns)
    )
    return next(free, _label(1))


def _label(number: int) -> str:
    # A factor without a divisor of the number of labels, so that all letters of them vary at once.
    rest = number * 700_001
    letters = []
    for _ in range(_LENGTH):
        rest, place = divmod(rest, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def _texts(fact: Fact) -> Iterable[str]:
    if not isinstance(fact, Application):
        return fact.names
    return (*fact.places, *(it.pattern for it in fact.public_paths))
