"""Terraform's document is foreign: what is not understood is said, with its path, and no value."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.terraform import SECRET, document, resource
from ztctl.core.model.diagnostics import Problem
from ztctl.documents.terraform_state import Managed, forgetting, read_managed, short_names

GROUP = "cloudflare_zero_trust_access_group"


def read(*resources: Any) -> list[Managed]:
    """The managed resources of a document that is whole."""
    problems: list[Problem] = []
    found = read_managed(document(*resources), problems)
    assert problems == []
    return found


def complaints(given: Any) -> list[str]:
    """What is wrong with a document."""
    problems: list[Problem] = []
    read_managed(given, problems)
    return [it.summary for it in problems]


def test_all_modules_are_walked_and_data_is_left_out() -> None:
    """Resources of other providers are nothing to look at, whatever they hold."""
    strange = {"mode": "managed", "type": "random_id", "address": "\x1b", "values": []}
    found = read(
        resource(f"{GROUP}.a"),
        resource(f"data.{GROUP}.read"),
        resource(f'module.eu.module.team["x"].{GROUP}.b[0]', tainted=True),
        resource(f"module.eu.{GROUP}.c", deposed_key="1d2ab300"),
        strange,
    )

    told = {str(it.address): (it.is_tainted, it.is_deposed) for it in found}
    assert told == {
        f"{GROUP}.a": (False, False),
        f'module.eu.module.team["x"].{GROUP}.b[0]': (True, False),
        f"module.eu.{GROUP}.c": (False, True),
    }
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "it is no document of Terraform"),
        ({}, "`format_version` is missing"),
        ({"version": 4, "serial": 3, "lineage": "x", "resources": []}, "own state file"),
        ({"format_version": "1.2", "planned_values": {}}, "it is a plan"),
        (document(format_version="2.0"), "only the format 1.x"),
        (document(format_version="0.2"), "only the format 1.x"),
        (document(format_version=1.0), "`format_version` is missing"),
        (document(values=[]), "values: it must be an object"),
        (document(values={"root_module": []}), "values.root_module: it must be an object"),
    ],
)
def test_what_is_no_such_document_is_said_so(given: Any, said: str) -> None:
    """A raw state and a plan are told from it by what only they have."""
    (found,) = complaints(given)
    assert said in found


def test_an_empty_state_holds_nothing() -> None:
    """As Terraform writes it: nothing but the format."""
    assert complaints({"format_version": "1.0"}) == []


def test_all_that_is_wrong_is_said_at_once_with_its_path() -> None:
    """And none of the values, which may be secrets."""
    root = {
        "resources": [
            resource(f"{GROUP}.fine"),
            SECRET,
            resource(f"{GROUP}.a", mode=SECRET.split()),
            resource(f"{GROUP}.a", name=SECRET),
            {**resource(f"{GROUP}.a"), "values": [SECRET]},
            resource(f"{GROUP}.a", tainted=SECRET, deposed_key=[SECRET]),
        ],
        "child_modules": [{"resources": {}}, {"child_modules": [{"resources": [None]}]}, SECRET],
    }

    found = complaints(document(values={"root_module": root}))

    assert [it.partition(": ")[0].removeprefix("values.root_module.") for it in found] == [
        "resources[1]",
        "resources[2]",
        "resources[3]",
        "resources[4]",
        "resources[5]",
        "resources[5]",
        "child_modules[0].resources",
        "child_modules[2]",
        "child_modules[1].child_modules[0].resources[0]",
    ]
    assert SECRET not in "".join(found)


@pytest.mark.parametrize(
    "address",
    [
        f"{GROUP}.a\x1b[31m",
        f'{GROUP}.a["\u202e"]',
        f'{GROUP}.a["\n"]',
        f'{GROUP}.a["x',
        f'{GROUP}.a["x"]"]',
        f"{GROUP}.a['x']",
        f"{GROUP}.a; rm -rf /",
        # Another spelling of an address that may stay.
        rf'{GROUP}.a["\u0061"]',
        f"{GROUP}.a[07]",
        f"{GROUP}.a[1٣]",
        f"{GROUP}.a[0].b",
        f"module.{GROUP}.a",
        f"{GROUP}.",
        f'{GROUP}.a["{"x" * 3000}"]',
        "",
        7,
        None,
    ],
)
def test_an_address_has_the_form_that_terraform_gives_it(address: object) -> None:
    """It is written into a script and a configuration: nothing else gets there."""
    item = {**resource(f"{GROUP}.a"), "address": address}

    (found,) = complaints(document(values={"root_module": {"resources": [item]}}))

    assert found.startswith("values.root_module.resources[0]: `address`")


@pytest.mark.parametrize("key", ["", "[3]", '["a"]', r'["b $${x}"]', r'["q\"uo\'te\u202e"]'])
def test_keys_stay_as_terraform_writes_them(key: str) -> None:
    """It escapes in them what is not printable, and templates."""
    text = f"module.m{key}.{GROUP}.a{key}"

    (found,) = read(resource(text))

    assert str(found.address) == text
    assert found.address.block == f"module.m.{GROUP}.a"


def test_names_are_as_short_as_they_can_be_told_apart() -> None:
    """The resource's name, with its key, with its modules."""
    found = read(
        resource(f"{GROUP}.ops"),
        resource(f'{GROUP}.site["a b"]'),
        resource(f'{GROUP}.site["c"]'),
        resource(f"module.eu.{GROUP}.team"),
        resource(f"module.us.{GROUP}.team"),
        resource(f"module.us[1].{GROUP}.team"),
    )

    assert short_names([it.address for it in found]) == [
        "ops", "site-a-b", "site-c", "eu-team", "us-team", "us-1-team"
    ]  # fmt: skip


MODULES = st.sampled_from(["", "module.a.", "module.a[0].", 'module.a["x"].', "module.b."])
ADDRESSES = st.builds(
    "{}cloudflare_record.{}{}".format,
    MODULES,
    st.sampled_from(["p", "q"]),
    st.sampled_from(["", "[0]", "[1]", '["x"]']),
)


@given(st.lists(st.tuples(ADDRESSES, st.booleans()), max_size=12))
def test_nothing_is_forgotten_but_what_was_taken(drawn: list[tuple[str, bool]]) -> None:
    """A block forgets every instance of it in every module; an address all that is below it."""
    known = read(*(resource(address) for address, _ in drawn))
    flags = {address: [*group] for address, group in itertools.groupby(sorted(drawn), _first)}
    taken = [it for it in known if flags[str(it.address)].pop()[1]]

    way = forgetting(known, taken)

    gone = [it for it in known if _bare(it) in way.blocks]
    for line in map(str, (it.address for it in way.instances)):
        gone += [it for it in known if str(it.address) == line or _is_below(str(it.address), line)]
    places = {it.where for it in taken}
    assert {it.where for it in gone} <= places
    assert {it.where for it in (*gone, *way.stuck)} == places


def _first(pair: tuple[str, bool]) -> str:
    return pair[0]


def _bare(it: Managed) -> str:
    return str(it.address).replace("[0]", "").replace("[1]", "").replace('["x"]', "")


def _is_below(address: str, line: str) -> bool:
    return address.startswith(f"{line}[")


MEMBERS = st.sampled_from(
    ["resources", "child_modules", "address", "mode", "type", "name", "values", "tainted"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(f"{GROUP}.a"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=6,
)


@settings(max_examples=60)
@given(ANYTHING, ANYTHING, st.dictionaries(MEMBERS, ANYTHING, max_size=4))
def test_whatever_stands_there_is_an_answer(root: Any, item: Any, changed: Any) -> None:
    """Resources, or problems that each begin with a path; never anything else."""
    near = {**resource(f"{GROUP}.a", {"id": None}), **changed}
    for made in (root, {"resources": [item, near], "child_modules": [root]}):
        problems: list[Problem] = []
        found = read_managed(document(values={"root_module": made}), problems)
        assert all(it.summary.startswith("values.root_module") for it in problems)
        assert all(it.where.startswith("values.root_module") for it in found)
