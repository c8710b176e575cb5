"""Promises about where an application stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ztctl.core.model.objects import Mark
from ztctl.kinds.destinations import Place, from_api, normal, public_hosts, to_api, uri

from .replay import declare, kind, live_of

LABEL = st.sampled_from(["a", "b", "ssh"])
NAME = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["uri", "cidr", "hostname", "port_range", "type", "overrides"]), inner
        )
    ),
)
OVERRIDE = st.one_of(
    st.fixed_dictionaries(
        {"behavior": st.sampled_from(["public", "new"]), "path_pattern": st.just("/a")}
    ),
    st.dictionaries(st.sampled_from(["behavior", "x"]), st.none() | st.integers()),
)
PLACE = st.one_of(
    NAME,
    st.builds("{}/{}".format, NAME, LABEL),
    st.fixed_dictionaries(
        {"cidr": st.just("10.0.0.0/8")},
        optional={"l4_protocol": st.just("tcp"), "port_range": st.sampled_from(["22", "80-90"])},
    ),
    st.fixed_dictionaries({"hostname": NAME}, optional={"vnet_id": st.just("v-1")}),
    st.fixed_dictionaries({"uri": NAME, "overrides": st.lists(OVERRIDE, min_size=1)}),
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SSH.Example.com", "ssh.example.com"),
        ("ssh.example.com/", "ssh.example.com"),
        ("ssh.example.com./Admin/", "ssh.example.com/Admin"),
        ("münchen.example.com/ü", "xn--mnchen-3ya.example.com/ü"),
        ("*.example.com", "*.example.com"),
    ],
)
def test_one_place_has_one_spelling(written: str, expected: str) -> None:
    """The host has no case, the path has."""
    assert uri(written) == expected


@given(ANYTHING)
def test_normalising_is_final_and_never_fails(value: Any) -> None:
    """Whatever a reply holds instead of a destination passes unharmed."""
    once = normal(value)

    assert normal(once) == once


@given(st.lists(PLACE))
def test_there_and_back_is_the_same(places: list[Any]) -> None:
    """What is sent comes back as what was meant."""
    canonical = [normal(place) for place in places]

    sent = to_api(canonical)

    assert [normal(it) for it in from_api({"destinations": sent, "domain": None})] == canonical


@pytest.mark.parametrize(
    "wrong",
    [
        "https://ssh.example.com",
        "ssh.example.com:22",
        "ssh",
        "",
        "ssh example.com",
        "-ü-.example.com",
        "ssh.example.com：22",
        "ssh.example.com／x",
        {"hostname": "-ü-.internal"},
        7,
        {"uri": "https://ssh.example.com"},
        {"uri": "ssh.example.com", "cidr": "10.0.0.0/8"},
        {"l4_protocol": "tcp"},
        {"cidr": "10.0.0.0/8", "hostname": "db.internal"},
        {"cidr": "10.0.0.0/8", "l4_protocol": "icmp"},
        {"type": "worker"},
    ],
)
def test_what_is_no_place_is_refused(wrong: Any) -> None:
    """A destination is one public name or one private place."""
    with pytest.raises(ValidationError):
        TypeAdapter(Place).validate_python(wrong)


def test_hosts_are_public_names_without_their_paths() -> None:
    """Private places have no host name that leads through the edge."""
    places = ["a.example.com/x", "a.example.com", {"hostname": "db.internal"}]

    assert public_hosts(places) == {"a.example.com"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["ssh.example.com"]),
        ({"domain": "a.example.com"}, ["a.example.com"]),
        (
            {"domain": "b.example.com", "destinations": ["a.example.com", "b.example.com"]},
            ["a.example.com", "b.example.com"],
        ),
        ({"destinations": [{"cidr": "10.0.0.7"}]}, [{"cidr": "10.0.0.7/32"}]),
    ],
)
def test_key_domain_and_destinations_are_one_list(fields: Any, expected: Any) -> None:
    """The key is the domain unless the file says where the application stands."""
    wanted = declare("access_application", "ssh.example.com", **fields)

    assert wanted.values["destinations"] == expected


@pytest.mark.parametrize(
    ("tags", "mark"),
    [
        (["blue", "ztctl-prod"], Mark("prod")),
        (["ztctl-prod--protect"], Mark("prod", protect=True)),
        (["ztctl-prod---protect"], Mark("prod-", protect=True)),
        (["ztctl-prod.protect"], None),
        (["ztctl-prod--other"], None),
        (["ztctl"], None),
        (["ZTCTL-prod"], None),
        (["ztctl-prod-and-more-than-twenty-one"], None),
        (None, None),
    ],
)
def test_the_mark_of_an_application_is_a_whole_tag(tags: Any, mark: Mark | None) -> None:
    """A tag that only looks like a mark owns nothing."""
    assert live_of("access_application", {"id": "a", "name": "n", "tags": tags}).mark == mark


def test_forgetting_an_application_leaves_the_tags_of_others() -> None:
    """Only marks are taken off."""
    raw = {"id": "a", "name": "n", "tags": ["blue", "ztctl-prod"]}
    live = live_of("access_application", raw)

    assert kind("access_application").marking.off(live)["tags"] == ["blue"]
