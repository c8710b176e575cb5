"""Promises about the HTML file of a plan, without a browser."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.views.sheets import (
    HOSTILE,
    Parsed,
    audit_about,
    hostile_plan,
    large_plan,
    name_about,
    plan_about,
    rendered,
    without_assets,
)
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import (
    AccessChange,
    Action,
    Change,
    Edit,
    Exposed,
    Phase,
    Plan,
    Reason,
)
from ztctl.core.model.values import Secret, Unknown
from ztctl.core.reach.audit import AuditReport
from ztctl.views.audit_view import audit_page, explain_page
from ztctl.views.escape import Clean

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=20)


def test_a_whole_plan_is_one_file(whole_plan: Plan, shown: MakeShown, golden: Golden) -> None:
    """What stands above the tables, and the data of the tables."""
    gained = DescribedEntry("ann@example.com", "ssh://a:22", session="8h", tunnel="edge")
    change = AccessChange("ssh.example.com", frozenset(), (gained,), after=(gained,))
    it = shown("html")

    it.view.plan(replace(whole_plan, access=(change,)))

    golden("plan.html", without_assets(it.out))
    assert it.err == ""


def shape(text: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """The elements of a file with the names of their attributes."""
    return Counter((tag, tuple(sorted(found))) for tag, found in Parsed(text).elements)


@given(ANYTHING | st.sampled_from(HOSTILE), st.integers(0, 19))
@example("</script><!--<script>", 0)
@examples(15)
def test_no_text_becomes_an_element(text: str, place: int) -> None:
    """Whatever stands in the names, the file has the elements of one with a harmless name."""
    harmless = "a" if text else ""
    for one, other in (
        (plan_about(text, place), plan_about(harmless, place)),
        (audit_about(text), audit_about(harmless)),
    ):
        found = rendered(one)

        assert shape(found) == shape(rendered(other))
        names = {row[1] for row in Parsed(found).tables[0]["rows"]}
        assert names == {any_other(Clean(str)(text))}


def test_the_file_is_plain_ascii() -> None:
    """Neither the encoding of a terminal nor a bidi control in a name changes what is read."""
    for found in (rendered(hostile_plan()), rendered(audit_about(*HOSTILE))):
        assert found.isascii()
        assert not re.search("&#(8238|8203|8232|27|7|0);", found)
        assert all(text.isprintable() for table in Parsed(found).tables for text in texts_of(table))


def texts_of(value: Any) -> list[str]:
    """Every text in JSON values."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for item in inner for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


def test_the_policy_admits_its_own_script_and_style_alone(whole_plan: Plan) -> None:
    """Nothing is allowed but what stands in the file, by its hash."""
    parsed = Parsed(rendered(whole_plan))

    (policy,) = (
        it["content"] for tag, it in parsed.elements if tag == "meta" and "http-equiv" in it
    )
    digests = {
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        for text in (parsed.inside["style"][0], parsed.inside["script"][-1])
    }
    assert policy is not None
    words = [directive.split() for directive in policy.split("; ")]
    assert words[0] == ["default-src", "'none'"]
    assert {word[1] for word in words if word[0] in ("script-src", "style-src")} == digests
    assert {word[0] for word in words if "'none'" not in word} == {
        "script-src", "style-src", "require-trusted-types-for",
    }  # fmt: skip


def test_the_file_names_no_address_to_load(whole_plan: Plan) -> None:
    """No element has a source, a link or a handler."""
    parsed = Parsed(rendered(whole_plan))

    names = {name for _, found in parsed.elements for name in found}
    assert names.isdisjoint({"src", "href", "action", "style", "srcset", "data", "poster"})
    assert not any(name.startswith("on") for name in names)


def test_sensitive_values_are_masked(shown: MakeShown) -> None:
    """What the environment gave is masked wherever it stands."""
    it = shown("html", redact=lambda text: text.replace("hunter2", "(env PASSWORD)"))

    it.view.plan(plan_about("hunter2"))
    it.view.page(audit_page(audit_about("hunter2"), str))

    assert "hunter2" not in it.out
    assert "(env PASSWORD)" in it.out


def test_what_is_not_shown_has_words() -> None:
    """A secret, a value that is not known yet, and a field that comes or goes."""
    values = {"name": "a", "secret": Secret("hunter2"), "id": Unknown(Address("tunnel", "a"))}
    address = Address("tunnel", "edge")
    change = Change(address, Action.CREATE, Reason.NOT_LIVE, Phase.TUNNEL, after=values)

    (row,) = objects(Plan("acc-1", "prod", (change,)))

    assert row[5] == [
        ["name", "", "a"],
        ["secret", "", "(sensitive)"],
        ["id", "", "(known after apply)"],
    ]


def test_each_object_and_each_host_has_its_line() -> None:
    """None is folded into another, and none left out."""
    plan = large_plan(350)

    hosts, changed = Parsed(rendered(plan)).tables

    assert [row[1] for row in hosts["rows"]] == [change.host for change in plan.access]
    assert [row[1] for row in changed["rows"]] == [
        f"record {change.address.key}" for change in plan.changes
    ]


def test_only_so_many_fields_are_shown() -> None:
    """An object with more fields than a page has room for says how many are left."""
    edits = tuple(Edit(f"field-{place}", place, place + 1) for place in range(1000))
    address = Address("tunnel", "edge")
    change = Change(address, Action.UPDATE, Reason.DIFFERS, Phase.TUNNEL, edits=edits)

    (row,) = objects(Plan("acc-1", "prod", (change,)))

    assert len(row[5]) == 40
    assert ["More fields", ["960 more: ztctl plan --full tells all"]] in row[4]


def objects(plan: Plan) -> Any:
    """The rows of the objects."""
    return Parsed(rendered(plan)).tables[-1]["rows"]


def effects(plan: Plan) -> dict[str, str]:
    """What happens to each host."""
    table = Parsed(rendered(plan)).tables[0]
    return {row[1]: table["levels"][row[0]]["label"] for row in table["rows"]}


ANN = DescribedEntry("ann", "ssh://a:22")


@pytest.mark.parametrize(
    ("gained", "lost", "expected"),
    [
        ((DescribedEntry("EVERYONE", "ssh://a:22", Openness.OPEN),), (ANN,), "Open to everybody"),
        ((DescribedEntry("any", "ssh://a:22", Openness.ANY_LOGIN),), (), "Open to any login"),
        ((ANN,), (ANN,), "More people"),
        ((DescribedEntry("ann", "ssh://a:22", change="session 4h → 8h"),), (), "Changes"),
        ((), (DescribedEntry("ann", "ssh://a:22", change="session 8h → 4h"),), "Changes"),
        ((), (ANN,), "Fewer people"),
    ],
)
def test_a_host_is_called_by_the_worst_that_happens(
    gained: tuple[DescribedEntry, ...], lost: tuple[DescribedEntry, ...], expected: str
) -> None:
    """Strangers first, then who comes, what changes, who goes."""
    plan = Plan("acc-1", "prod", access=(AccessChange("a.example.com", frozenset(), gained, lost),))

    assert effects(plan) == {"a.example.com": expected}


def test_what_stays_open_is_among_the_hosts() -> None:
    """A host that is open now and that the plan leaves open is not overlooked."""
    exposed = Exposed("a.example.com", "nobody asks", becomes=Openness.OPEN)

    found = effects(Plan("acc-1", "prod", exposed=(exposed,)))

    assert found == {"a.example.com": "Open to everybody"}


def test_what_is_open_after_all_counts_whoever_opened_it() -> None:
    """Where fewer people are named in a plan, and everybody stays, that is told first."""
    everybody = DescribedEntry("EVERYONE", "ssh://a:22", Openness.OPEN)
    change = AccessChange("a.example.com", frozenset(), (), (ANN,), True, (), (everybody,))

    found = effects(Plan("acc-1", "prod", access=(change,)))

    assert found == {"a.example.com": "Open to everybody"}


def test_very_many_ways_are_counted() -> None:
    """A cell and the details show the first, and say how many are left; the drawing has all."""
    ways = tuple(DescribedEntry(f"user-{place}", "ssh://a:22") for place in range(2000))
    change = AccessChange("a.example.com", frozenset(), ways, (), True, (), ways)

    (table,) = Parsed(rendered(Plan("acc-1", "prod", access=(change,)))).tables

    ((_, _, (difference, _, after), (_, (_, drawn)), facts, _),) = table["rows"]
    assert (difference[-1], after[-1]) == (["", "and 1,997 more"],) * 2
    assert len(drawn) == 2000
    assert facts[0][1][-1] == "and 1,960 more"


def test_only_what_differs_is_marked() -> None:
    """Who stays has no sign, who comes a plus, who goes a minus."""
    bob, eve = DescribedEntry("bob", "ssh://a:22"), DescribedEntry("eve", "ssh://a:22")
    change = AccessChange(
        "a.example.com", frozenset(), (eve,), (bob,), True, (ANN, bob), (ANN, eve)
    )

    (table,) = Parsed(rendered(Plan("acc-1", "prod", access=(change,)))).tables
    ((_, _, (difference, before, after), *_),) = table["rows"]
    assert before == [["-", "bob"], ["", "ann"]]
    assert after == [["+", "eve"], ["", "ann"]]
    assert difference == [["+", "eve"], ["-", "bob"]]


def test_what_changes_for_the_same_people_is_told_once() -> None:
    """Who is moved stands in both lists, and on one line."""
    moved = DescribedEntry("ann", "ssh://a:22", change="moved from tunnel a to tunnel b")
    change = AccessChange("a.example.com", frozenset(), (moved,), (moved,))

    (table,) = Parsed(rendered(Plan("acc-1", "prod", access=(change,)))).tables

    ((_, _, (difference, *sides), *_),) = table["rows"]
    assert difference == [["~", "ann: moved from tunnel a to tunnel b"]]
    assert sides == [[["", "nobody"]], [["", "nobody"]]]


def test_an_empty_plan_is_its_closing_line() -> None:
    """Without differences there is no table."""
    found = rendered(Plan("acc-1", "prod", unchanged=2))

    assert "No changes. 2 objects are in step." in html.unescape(found)
    assert Parsed(found).tables == []


def test_quiet_leaves_nothing_out(whole_plan: Plan) -> None:
    """A file is looked at later, by somebody else: it is always whole."""
    assert rendered(whole_plan, quiet=True) == rendered(whole_plan)


def test_what_is_for_people_is_beside_the_file(shown: MakeShown) -> None:
    """Problems and notes are text on stderr, so that stdout can be sent to a file."""
    it = shown("html")

    it.view.problems([Problem("bad")])
    it.view.note("so it goes")

    assert (it.out, it.err) == ("", "error: bad\nso it goes\n")


# -- an audit ---------------------------------------------------------------------------------


def test_an_audit_is_one_file(shown: MakeShown, golden: Golden) -> None:
    """Names, other findings and private routes, and what could not be read above them."""
    it = shown("html")

    it.view.page(audit_page(audit_about("a.example.com", "b.example.com"), str))

    golden("audit.html", without_assets(it.out))
    assert it.err == ""


def test_each_name_is_called_by_its_risk() -> None:
    """What is accepted says so; the others say how bad they are, and the lines add up."""
    report = audit_about(*(f"{place}.example.com" for place in range(40)))

    table = Parsed(rendered(report)).tables[0]

    risks = {row[1]: table["levels"][row[0]]["label"] for row in table["rows"]}
    assert risks == {
        name.host: "Accepted" if name.accepted else name.risk.value.capitalize()
        for name in report.names
    }
    assert {*risks.values()} == {"Open", "Unseen", "Weak", "Accepted"}


def test_a_name_that_nobody_enters_is_drawn_all_the_same() -> None:
    """What stands behind it is there, and so is that nobody gets to it."""
    report = AuditReport("acc-1", (), (name_about("a.example.com", 0),))

    (row,) = Parsed(rendered(report)).tables[0]["rows"]

    assert row[3] == [["Who gets there", [["nobody", "a.example.com", "a.example.com", "", ""]]]]


def test_one_name_is_a_file_of_one_row(shown: MakeShown) -> None:
    """What ``--explain`` tells of a name, with what to do."""
    it = shown("html")
    name = name_about("a.example.com", 1)

    it.view.page(explain_page(name, str))

    (table,) = Parsed(it.out).tables
    (row,) = table["rows"]
    assert row[1] == "a.example.com"
    assert f"To do: {name.findings[0].rule.remedy}" in texts_of(row)


def test_an_empty_audit_has_no_table() -> None:
    """Nothing leads to a tunnel: that is told in one line."""
    found = rendered(AuditReport("acc-1", ("example.com",), ()))

    assert "0 open, 0 unseen, 0 weak, 0 accepted, 0 closed." in found
    assert Parsed(found).tables == []
