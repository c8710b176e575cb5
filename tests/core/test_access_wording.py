"""Access entries in words for people."""

from __future__ import annotations

import os
import subprocess
import sys

from ztctl.core.model.facts import Criterion, Openness
from ztctl.core.reach.access_changes import describe_changes
from ztctl.core.reach.entries import Entry, Origin
from ztctl.core.reach.people import AdmittedBy, Grant

TEAM = Criterion("email_domain", "example.com")


def entry(*countries: str) -> Entry:
    """The team enters from all of these countries at once."""
    require = frozenset(Criterion("country", code) for code in countries)
    return Entry(
        "", Origin("t", "ssh://dev:22"), Grant(AdmittedBy.LOGIN, TEAM, require), Openness.CLOSED
    )


def test_a_description_does_not_depend_on_the_order_of_the_other_entries() -> None:
    """Of several similar entries the closest is compared with, wherever it stands among them."""
    others = [entry("PT", "ES"), entry("PT"), entry("DE")]

    found = {describe_changes(order, [entry()], {})[0] for order in (others, others[::-1])}

    (texts,) = [[(it.who, it.change) for it in described] for described in found]
    assert texts == [("everyone with an @example.com address", "no longer asked: in DE")]


EXCLUDES_SETS = """
from itertools import combinations
from ztctl.core.model.facts import Criterion, Members, Openness, stable_sorted
from ztctl.core.reach.access_wording import describe_entries, describe_grant, describe_test
from ztctl.core.reach.entries import Entry, Origin
from ztctl.core.reach.people import AdmittedBy, Grant

pairs = combinations([Criterion("email", f"{name}@example.com") for name in "abcdef"], 2)
excluded = frozenset(Members(frozenset(pair)) for pair in pairs)
grants = [Grant(AdmittedBy.LOGIN, test, exclude=excluded - {test}) for test in excluded]
entries = [Entry("", Origin("t", "ssh://dev:22"), grant, Openness.CLOSED) for grant in grants]
print([entry.who for entry in describe_entries(entries, {}, lambda it: describe_test(it, {}))])
print([describe_grant(entry.grant, "", {}) for entry in stable_sorted(entries)])
"""


def test_the_order_of_entries_and_tests_does_not_depend_on_the_process() -> None:
    """Sets in grants are iterated by hash, which differs between processes; the order does not."""
    found = {
        subprocess.run(
            [sys.executable, "-c", EXCLUDES_SETS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(found) == 1
