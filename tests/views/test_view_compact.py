"""Promises about the compact view of a plan: read back from its text, it says what the plan is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.views.reading import Read, names_of, read
from ztctl.core.model.address import Address
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import AccessChange, Action, Change, Edit, Phase, Plan, Reason, Refusal
from ztctl.views.factory import make_view
from ztctl.views.folding import Folding, shared_domain

Golden = Callable[[str, str], None]
MakeShown = Callable[..., Any]

SIGNS = ("+", "~", "-", "-/+", ".", "!")
WIDTHS = [60, 80, 200]
WORDS = [
    "ann@example.com",
    "group admins",
    "group people, with a stated purpose",
    "EVERYONE",
    "bob",
]
HOSTS = st.one_of(
    st.builds("web-{}.example.com".format, st.integers(1, 12)),
    st.builds("n{:02}.example.com".format, st.integers(1, 12)),
    st.sampled_from(["example.com", "*.example.com", "a.b.example.com", "x.example.org"]),
    st.text("ab1", min_size=1, max_size=5).map("{}.example.net".format),
    st.just(f"{'long-' * 12}h.example.com"),
    st.sampled_from(["10.0.0.0/8 in lab", "fd00::/8"]),
)
ENTRIES = st.builds(
    DescribedEntry,
    st.sampled_from(WORDS),
    st.sampled_from(["ssh://10.0.0.1:22", "http://web:8080 below /tools"]),
    st.sampled_from([Openness.CLOSED, Openness.CLOSED, *Openness]),
    st.sampled_from(["", "", "session 8h → 4h", "moved from ssh://a:22", "now asked: in PT"]),
    st.sampled_from(["", "8h", "1h30m"]),
)
WAYS = st.lists(ENTRIES, max_size=3, unique=True).map(tuple)
ACCESS = st.lists(
    st.builds(AccessChange, HOSTS, st.just(frozenset()), WAYS, WAYS, st.booleans()),
    max_size=30,
    unique_by=lambda change: change.host,
)
KINDS = {
    "access_group": Phase.POLICY,
    "access_policy": Phase.POLICY,
    "access_application": Phase.POLICY,
    "tunnel": Phase.TUNNEL,
    "dns_record": Phase.DNS,
    "ca_key": Phase.CERTIFICATE,
}


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """One change of one object."""
    kind = draw(st.sampled_from([*KINDS]))
    action = draw(st.sampled_from(Action))
    edits = draw(st.lists(st.sampled_from(EDITS), max_size=6)) if action is Action.UPDATE else []
    after = draw(st.sampled_from([{}, {"ingress": [{"hostname": "a.example.com"}]}]))
    housekeeping = draw(st.booleans()) and draw(st.booleans())
    address = Address(kind, draw(HOSTS | st.sampled_from(["web", "pool"])))
    return Change(
        address,
        action,
        Reason.DIFFERS,
        KINDS[kind],
        edits=tuple(edits),
        after=after,
        housekeeping=housekeeping,
        notes=tuple(draw(st.lists(st.sampled_from(["people are locked out"]), max_size=1))),
    )


EDITS = [
    Edit("session_duration", "8h", "4h"),
    Edit("include[]", None, {"email": "ann@example.com"}),
    Edit("ingress[0].service", "ssh://a:22", "ssh://b:22"),
    Edit("destinations[]", "old.example.com", None),
    Edit("require", None, [{"country": "PT"}]),
]
REFUSALS = st.builds(
    Refusal,
    st.none() | st.builds(Address, st.sampled_from([*KINDS]), HOSTS),
    st.sampled_from(["nobody can enter while it is replaced", "a door would open"]),
    st.sampled_from(["", "--allow-exposure x.example.com"]),
)
PLANS = st.builds(
    Plan,
    st.just("0" * 32),
    st.just("prod"),
    st.lists(changes(), min_size=1, max_size=25, unique_by=lambda it: it.address).map(
        lambda found: tuple(sorted(found, key=_place))
    ),
    st.integers(0, 3),
    st.lists(REFUSALS, max_size=4).map(tuple),
    access=ACCESS.map(tuple),
)


def _place(change: Change) -> tuple[int, str]:
    removal = change.action in (Action.DELETE, Action.FORGET)
    return (9 - change.phase if removal else change.phase), str(change.address)


def expected_people(plan: Plan) -> dict[tuple[str, str, str], set[str]]:
    """Who gains and who loses entry where, as the model has it."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for change in plan.access:
        host = any_other(change.host)
        both = {way.who for way in change.gained} & {way.who for way in change.lost}
        for sign, ways in (("+", change.gained), ("-", change.lost)):
            for way in ways:
                if way.change or (sign == "+" and way.openness):
                    continue
                session = f" ({way.session})" if way.session else ""
                to = f"→ {way.origin}" if way.who in both or not change.by_login else ""
                found[sign, f"{way.who}{session}", to].add(host)
    return dict(found)


@pytest.mark.parametrize("width", WIDTHS)
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS)
def test_who_gains_and_who_loses_is_read_back_from_the_text(
    plan: Plan, width: int, shown: MakeShown
) -> None:
    """Every gain and loss stands in one line with its host, by name or in a counted fold."""
    it = shown(width=width)

    it.view.plan(plan)

    found = {(row.sign, row.who, row.what): row.where for row in read(it.out).people}
    for key, hosts in expected_people(plan).items():
        assert found[key].shown <= hosts
        assert found[key].count == len(hosts)


@pytest.mark.parametrize("width", WIDTHS)
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS)
def test_danger_is_never_folded(plan: Plan, width: int, shown: MakeShown) -> None:
    """What opens, is deleted, replaced or refused stands there by its whole name."""
    it = shown(width=width)

    it.view.plan(plan)

    found = read(it.out)
    opened = {(name, row.who) for row in found.people for name in row.where.shown}
    for change in plan.access:
        for way in change.gained:
            if way.openness:
                title = f"OPEN TO {'ANY LOGIN' if way.openness == 1 else 'EVERYBODY'}"
                assert (any_other(change.host), title) in opened
                assert f"{any_other(change.host)}: {way.who} → {way.origin}" in found.flat
    gone = " ".join(f"{row.text}," for row in found.objects if row.sign in ("-", "-/+", "."))
    for item in plan.changes:
        if item.action in (Action.DELETE, Action.REPLACE, Action.FORGET):
            assert item.address.key in gone
    for refusal in plan.refusals:
        assert refusal.reason in found.flat
        assert refusal.address is None or str(refusal.address) in found.flat
        option = refusal.flag.partition(" ")[0]
        alike = [
            it for it in plan.refusals if (it.reason, it.flag) == (refusal.reason, refusal.flag)
        ]
        flags = {refusal.flag} | ({f"{option} all"} if len(alike) > 1 else set())
        assert any(f" {flag} " in found.flat for flag in flags if option) or not option


@pytest.mark.parametrize("width", WIDTHS)
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS)
def test_lines_add_up_to_the_verdict(plan: Plan, width: int, shown: MakeShown) -> None:
    """The counts of the objects' lines are the figures of the closing line."""
    it = shown(width=width)

    it.view.plan(plan)

    sums = _sums(read(it.out))
    summary = plan.summary
    assert sums["+"] + sums["-/+"] == summary.add
    assert sums["~"] - sums["adopt"] == summary.change
    assert sums["adopt"] == summary.adopt
    assert sums["-"] + sums["-/+"] == summary.destroy
    assert sums["."] == summary.forget


def _sums(found: Read) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in found.objects:
        sums[row.sign] += row.count
        sums["adopt"] += row.count if row.text.startswith("adopt ") else 0
    return sums


@pytest.mark.parametrize("width", WIDTHS)
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS)
def test_no_line_is_wider_than_the_terminal(plan: Plan, width: int, shown: MakeShown) -> None:
    """Lines are broken between words, and only a word that is too long stands out."""
    it = shown(width=width)

    it.view.plan(plan)

    # Scripts read the closing line as a whole.
    for line in (line for line in it.out.splitlines() if not line.startswith("Plan: ")):
        words = [word for word in line.split() if word not in SIGNS]
        assert len(line) <= width or len(words) == 1


@given(names=st.lists(HOSTS, max_size=40), every=st.booleans())
@example(names=["web-1.example.com", "web-2.example.com"], every=False)
def test_a_fold_names_no_host_that_is_not_there(names: list[str], every: bool) -> None:
    """A range holds every number between its ends, and what is not named is counted."""
    folding = Folding(shared_domain(names), every)

    text = folding.folded(names)

    if names:
        found = names_of(text, folding.domain)
        assert found.shown <= {*names}
        assert found.count == len({*names})
        assert not every or found.shown == {*names}


@pytest.mark.parametrize("width", WIDTHS)
def test_equal_things_are_one_line(width: int, shown: MakeShown, golden: Golden) -> None:
    """Five hundred hosts that come in the same way fit on two screens."""
    it = shown(width=width)
    hosts = [f"h{number}.example.com" for number in range(500)]
    entry = DescribedEntry("group admins", "ssh://10.0.0.1:22", session="8h")

    it.view.plan(
        Plan(
            "0" * 32,
            "prod",
            tuple(
                Change(Address(kind, host), Action.CREATE, Reason.NOT_LIVE, phase)
                for kind, phase in KINDS.items()
                if kind in ("access_application", "dns_record", "ca_key")
                for host in hosts
            ),
            access=tuple(AccessChange(host, frozenset(), (entry,)) for host in hosts),
        )
    )

    golden(f"compact-500-{width}.txt", it.out)
    assert len(it.out.splitlines()) <= 100


def test_one_group_of_five_hundred_hosts_is_one_screen(shown: MakeShown) -> None:
    """Hosts with names of no order are folded by a count, and `--list hosts` has them all."""
    chance = Random(7)
    hosts = [f"{chance.getrandbits(40):010x}.example.com" for _ in range(500)]
    more = DescribedEntry("group admins: ann@example.com", "ssh://10.0.0.1:22", session="8h")
    group = Change(
        Address("access_group", "admins"),
        Action.UPDATE,
        Reason.DIFFERS,
        Phase.POLICY,
        edits=(Edit("include[]", None, {"email": "ann@example.com"}),),
    )
    access = tuple(AccessChange(host, frozenset(), (more,)) for host in hosts)
    it, whole = shown(), shown(detail="every name")

    for one in (it, whole):
        one.view.plan(Plan("0" * 32, "prod", (group,), unchanged=1500, access=access))

    (row,) = read(it.out).people
    assert len(it.out.splitlines()) <= 50
    assert row.where.count == 500
    assert read(whole.out).people[0].where.shown == {*hosts}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_whole_plan_fits_a_head(
    width: int, whole_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """Every action, edit, note, warning and refusal has its place, at every width."""
    it = shown(width=width)

    it.view.plan(whole_plan)

    golden(f"compact-{width}.txt", it.out)


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_break_no_line(
    width: int, hostile_plan: Plan, shown: MakeShown, golden: Golden
) -> None:
    """Escapes, markup and bidi controls in any text of a plan are shown and never obeyed."""
    it = shown(width=width)

    it.view.plan(hostile_plan)

    golden(f"compact-hostile-{width}.txt", it.out)
    assert it.out.replace("\n", "").isprintable()


def test_every_name_is_written_out_when_asked(shown: MakeShown) -> None:
    """With `--list hosts` no name is missing, and nobody is sent for more."""
    it = shown(detail="every name")
    hosts = [f"h{number}.example.com" for number in range(1, 40)]
    changes = (
        Change(Address("dns_record", host), Action.CREATE, Reason.NOT_LIVE, Phase.DNS)
        for host in hosts
    )

    it.view.plan(Plan("acc", "prod", tuple(changes)))

    assert all(f"{host}" in it.out for host in hosts)
    assert "--list" not in it.out


def test_ranges_of_addresses_are_no_hosts(small_plan: Plan, shown: MakeShown) -> None:
    """Private routes are counted as places."""
    it = shown()
    way = DescribedEntry("every enrolled device (WARP)", "tunnel pool")
    access = tuple(
        AccessChange(f"10.{number}.0.0/16", frozenset(), (way,), by_login=False)
        for number in range(2)
    )

    it.view.plan(replace(small_plan, access=access))

    assert "10.0.0.0/16, 10.1.0.0/16 (2 places): → tunnel pool" in " ".join(it.out.split())


def test_a_name_that_reads_like_a_short_one_is_not_shortened() -> None:
    """`web` and `web.example.com` are told apart."""
    folding = Folding("example.com")

    assert folding.folded(["web", "web.example.com"]) == "web, web.example.com"


def test_the_account_is_told_by_its_ends(small_plan: Plan, shown: MakeShown) -> None:
    """An id of 32 digits is not read by anybody."""
    it = shown()

    it.view.plan(replace(small_plan, account="7d3a19f04be84c6c9e52b06d81f7c2a4"))

    assert it.out.startswith("Stack prod in account 7d3a…c2a4.\n")


@pytest.mark.parametrize("width", WIDTHS)
def test_without_unicode_a_line_is_no_wider(width: int, whole_plan: Plan, golden: Golden) -> None:
    """On a stream that knows only ASCII the signs take more columns, and the lines do not."""
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    view = make_view(
        "text",
        stdout=stream,
        stderr=stream,
        color=False,
        quiet=False,
        terminal=False,
        redact=str,
        version="1",
        width=width,
    )
    entry = DescribedEntry("group people, with a stated purpose", "ssh://a:22")
    hosts = [f"h{number}-{name}.example.com" for name in "abcdefg" for number in range(9)]
    access = tuple(AccessChange(host, frozenset(), (entry,)) for host in hosts)

    view.plan(replace(whole_plan, access=access))

    text = raw.getvalue().decode("ascii")
    golden(f"compact-ascii-{width}.txt", text)
    shown = [line for line in text.splitlines() if not line.startswith("Plan: ")]
    assert max(map(len, shown)) <= max(width, 80)
