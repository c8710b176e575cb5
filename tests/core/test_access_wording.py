"""Access entries in words for people."""

from __future__ import annotations

from ztctl.core.model.facts import Criterion
from ztctl.core.reach.access_wording import describe_entries
from ztctl.core.reach.entries import Entry, Origin
from ztctl.core.reach.people import AdmittedBy, Grant

TEAM = Criterion("email_domain", "example.com")


def entry(*countries: str) -> Entry:
    """The team enters from all of these countries at once."""
    require = frozenset(Criterion("country", code) for code in countries)
    return Entry("", Origin("t", "ssh://dev:22"), Grant(AdmittedBy.LOGIN, TEAM, require), False)


def test_a_description_does_not_depend_on_the_order_of_the_other_entries() -> None:
    """Of several similar entries the closest is compared with, wherever it stands among them."""
    others = [entry("PT", "ES"), entry("PT"), entry("DE")]

    found = {describe_entries([entry()], order, {}) for order in (others, others[::-1])}

    (texts,) = [[it.who for it in described] for described in found]
    assert texts == ["everyone with an @example.com address: whether or not in DE"]
