"""Promises about host names as identity."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ztctl.core.model.names import (
    HostIndex,
    access_covers,
    access_may_cover,
    dns_wildcard,
    encoded,
    ingress_matches,
    ingress_name,
    ingress_takers,
    is_wildcard,
    is_within,
    may_meet,
    specificity,
    to_ascii,
)

LABEL = st.sampled_from(["a", "b", "ab", "ba", "a-b"])
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
# Stars anywhere: Access takes them inside labels, and live data may hold any text.
STARRED = st.lists(st.text("ab-*", min_size=1, max_size=3), min_size=1, max_size=4).map(".".join)
PATTERN = st.one_of(NAME, NAME.map("*.{}".format), STARRED, st.sampled_from(["*", ""]))
MATCHERS = (access_covers, ingress_matches, dns_wildcard)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SSH.Example.COM", "ssh.example.com"),
        ("ssh.example.com.", "ssh.example.com"),
        (" ssh.example.com \n", "ssh.example.com"),
        ("münchen.example.com", "xn--mnchen-3ya.example.com"),
        ("MÜNCHEN.example.com", "xn--mnchen-3ya.example.com"),
        ("xn--mnchen-3ya.example.com", "xn--mnchen-3ya.example.com"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("ssh。example。com", "ssh.example.com"),
        ("ssh．example．com．", "ssh.example.com"),
        ("straße.example.com", "xn--strae-oqa.example.com"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("ΒΌΛΟΣ.com", "xn--nxasmq6b.com"),
        ("A_b.ab--cd.r3---SN.example.com", "a_b.ab--cd.r3---sn.example.com"),
        ("a_b.bücher.example", "a_b.xn--bcher-kva.example"),
        ("＊.example.com", "*.example.com"),
        ("", ""),
    ],
)
def test_one_host_has_one_spelling(written: str, expected: str) -> None:
    """Case, a final dot, blanks and the script do not make another host."""
    assert to_ascii(written) == expected


@given(st.text())
@example("a. .")
@example("a。")
@example("a\u00a0.")
@example("\u2024a")
@example("İ☃")
def test_the_spelling_is_final(name: str) -> None:
    """Whatever comes in, spelling it twice changes nothing any more."""
    once = to_ascii(name)

    assert to_ascii(once) == once


REFUSED = [
    "ü" * 64 + ".example.com",
    "\ud800.example.com",
    "-ü-.example.com",
    "ü_b.example.com",
    "bü-*.example.com",
    "☃.example.com",
    "\u05d0a.example.com",
    "\U0001abcd.example.com",
]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_encoded_comes_back(name: str) -> None:
    """A name that no host can have is returned, not raised about."""
    assert to_ascii(name) == name


@pytest.mark.parametrize("name", REFUSED)
def test_who_asks_is_told_that_a_name_cannot_be_encoded(name: str) -> None:
    """A hyphen at the end, another direction, no such character, a symbol: no host name."""
    with pytest.raises(UnicodeError):
        encoded(name)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("ssh.example.com", "ssh.example.com"),
        ("a_b.example.com", "a_b.example.com"),
        ("ab--cd.example.com", "ab--cd.example.com"),
        ("SSH.Example.com", "ssh.example.com"),
        ("straße.example.com", "xn--strae-oqa.example.com"),
        ("☃.example.com", "xn--n3h.example.com"),
        ("*.Example.com", "*.Example.com"),
        ("*.bücher.example", "*.bücher.example"),
        ("ssh.example.com.", "ssh.example.com."),
        ("bücher.example.com.", "xn--bcher-kva.example.com."),
        ("_SRV.example.com", "_SRV.example.com"),
        ("AB--cd.example.com", "AB--cd.example.com"),
        ("bücher.a_b.example.com", "bücher.a_b.example.com"),
        ("-ü.example.com", "-ü.example.com"),
        ("a\u200db.example.com", "a\u200db.example.com"),
        (" ssh.example.com", " ssh.example.com"),
        ("a.א1.example.com", "a.xn--1-zhc.example.com"),
        ("1a.א1.example.com", "1a.א1.example.com"),
        ("..Example.com", "..example.com"),
    ],
)
def test_a_live_rule_is_compared_as_the_connector_does(written: str, compared: str) -> None:
    """As golang.org/x/net's `idna.Lookup.ToASCII` has it, as written where that fails."""
    assert ingress_name(written) == compared


@given(st.text())
def test_what_the_connector_compares_is_final(written: str) -> None:
    """Whatever a rule holds, asking twice changes nothing any more."""
    once = ingress_name(written)

    assert ingress_name(once) == once


# -- matchers, each defined once more by walking ----------------------------------------------


def label_fits(pattern: str, label: str) -> bool:
    """A star stands for any characters of a label, none included."""
    if not pattern:
        return not label
    if pattern[0] == "*":
        return any(label_fits(pattern[1:], label[start:]) for start in range(len(label) + 1))
    return label[:1] == pattern[0] and label_fits(pattern[1:], label[1:])


def above(host: str) -> list[str]:
    """The names above a host, nearest first."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]


@given(PATTERN.filter(bool), NAME)
def test_access_covers_label_by_label(pattern: str, host: str) -> None:
    """As many labels, each of which fits its own."""
    pairs = list(zip(pattern.split("."), host.split("."), strict=False))
    fits = pattern.count(".") == host.count(".") and all(label_fits(*pair) for pair in pairs)

    assert access_covers(pattern, host) is fits


@given(NAME, NAME, st.sampled_from(["{}", "*.{}", "*", "", "a*.{}"]))
def test_ingress_matches_any_name_below_its_star(name: str, host: str, shape: str) -> None:
    """The name itself, or for a star whatever is below, or for nothing everything."""
    served = {"{}": [host], "*.{}": above(host), "a*.{}": []}.get(shape, [name])

    assert ingress_matches(shape.format(name), host) is (name in served)


@given(NAME, NAME, st.sampled_from(["{}", "*.{}", "*", "", "a*.{}"]))
def test_a_dns_star_takes_in_any_name_below(name: str, host: str, shape: str) -> None:
    """Only a whole first label is a wildcard."""
    assert dns_wildcard(shape.format(name), host) is (shape == "*.{}" and name in above(host))


@given(NAME, st.booleans(), NAME, st.sampled_from(["{}", "*.{}", "*", "a*.{}"]))
def test_who_takes_a_name_is_found_without_a_walk(
    name: str, wild: bool, other: str, shape: str
) -> None:
    """The patterns of the rules that take a name, or all of a wildcard, are those that match it."""
    asked, rule = f"*.{name}" if wild else name, shape.format(other)

    assert (rule in set(ingress_takers(asked))) is ingress_matches(rule, asked)


@given(NAME, NAME)
def test_a_name_lies_within_itself_and_what_is_above(name: str, domain: str) -> None:
    """Whole labels count: `xa.b` does not lie within `a.b`."""
    assert is_within(name, domain) is (domain in [name, *above(name)])


@pytest.mark.parametrize(
    ("pattern", "served", "expected"),
    [
        ("a.example.com", "a.example.com", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("a.example.com", "*.example.com", True),
        ("a.b.example.com", "*.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.b.example.com", "*.example.com", True),
        ("*.ex*.com", "*.example.com", True),
        ("*.example.org", "*.example.com", False),
        ("*.com", "*.example.com", False),
        ("*example.com", "*.example.com", False),
        ("example.com", "*.example.com", False),
        ("badexample.com", "*.example.com", False),
        ("anything.example.com", "*", True),
        ("anything.example.com", "", True),
    ],
)
def test_an_application_covers_some_of_what_a_rule_serves(
    pattern: str, served: str, expected: bool
) -> None:
    """An application decides for one level, an ingress star covers every depth below it."""
    assert access_may_cover(pattern, served) is expected


@given(PATTERN.filter(bool), PATTERN, NAME)
def test_what_is_served_and_covered_may_be_covered(pattern: str, served: str, host: str) -> None:
    """A name that the rule serves and the application covers is overlooked by nobody."""
    if access_covers(pattern, host) and ingress_matches(served, host):
        assert access_may_cover(pattern, served)


def test_the_more_specific_comes_last() -> None:
    """Names over stars, then more characters of the name, then of the path; a star is none."""
    places = [("*.com", ""), ("a*.com", ""), ("a*.com", "x*"), ("a.com", ""), ("a.com", "x/y")]

    ranks = [specificity(*place) for place in places]

    assert ranks == sorted(set(ranks))


# -- meeting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.example.com", "a.example.com", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.example.org", False),
        ("*.example.com", "*.b.example.com", True),
        ("*.a.example.com", "*.b.example.com", False),
        ("*", "a.example.com", True),
        ("*", "*.example.com", True),
        ("", "a.example.com", True),
        ("ssh-*.example.com", "ssh-1.example.com", True),
        ("ssh-*.example.com", "db-1.example.com", False),
        ("ssh-*.example.com", "*-1.example.com", True),
        ("ssh-*.example.com", "*.example.com", True),
        ("ssh-*.example.com", "db-*.example.com", False),
        ("badexample.com", "*.example.com", False),
    ],
)
def test_patterns_meet_where_a_name_fits_both(one: str, other: str, expected: bool) -> None:
    """A star stands for one label or more, or inside one label, never for no label."""
    assert may_meet(one, other) is expected


@given(PATTERN, PATTERN)
def test_meeting_is_mutual(one: str, other: str) -> None:
    """Who comes first does not matter."""
    assert may_meet(one, other) == may_meet(other, one)


def fits(pattern: str, host: str) -> bool:
    """True when any of the three matchers takes the name."""
    return any(matcher(pattern, host) for matcher in MATCHERS)


@st.composite
def meetings(draw: st.DrawFn) -> tuple[str, str, str]:
    """A name, and two patterns made of it by putting stars in."""
    host = draw(NAME)

    def pattern() -> str:
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(host))] * 2)))
        inside = host[:first] + "*" + host[last:]
        parent = f"*.{host.partition('.')[2]}" if "." in host else "*"
        return draw(st.sampled_from([host, inside, inside.replace("-", "*"), parent]))

    return host, pattern(), pattern()


@given(meetings() | st.tuples(NAME, PATTERN, PATTERN))
def test_a_name_that_fits_both_makes_them_meet(case: tuple[str, str, str]) -> None:
    """Two patterns that share a name meet, whichever matcher reads them: nothing is overlooked."""
    name, one, other = case
    if fits(one, name) and fits(other, name):
        assert may_meet(one, other)


@given(st.lists(PATTERN, max_size=6), PATTERN)
def test_the_index_finds_what_a_walk_would_find(patterns: list[str], name: str) -> None:
    """Looking up by host overlooks nothing and invents nothing."""
    index = HostIndex((place, [pattern]) for place, pattern in enumerate(patterns))

    found = set(index.meeting([name]))

    assert found == {place for place, pattern in enumerate(patterns) if may_meet(pattern, name)}


@given(NAME)
def test_a_star_makes_a_wildcard(name: str) -> None:
    """A name is a wildcard when, and only when, a star is in it."""
    assert not is_wildcard(name)
    assert is_wildcard(f"*.{name}")
