"""Promises about ``ztctl permissions``: forms, bodies of tokens, and what it does not do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Ztctl = Any
Account = Any
ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "permissions.schema.json").read_text())
ACCOUNT_ID, ZONE_ID = "0123456789abcdef" * 2, "fedcba9876543210" * 2
STATED = ("--zone", f"example.com={ZONE_ID}")
NETWORKS = ("-f", str(ROOT / "examples" / "networks"))


@pytest.fixture
def known(project: Ztctl) -> Ztctl:
    """The quickstart, with its account's id in the environment."""
    project.env["CLOUDFLARE_ACCOUNT_ID"] = ACCOUNT_ID
    return project


def validated(text: str, part: str = "") -> Any:
    """A document as its schema has it."""
    document = json.loads(text)
    schema = {"$defs": SCHEMA["$defs"], **SCHEMA["$defs"][part]} if part else SCHEMA
    Draft202012Validator(schema).validate(document)
    return document


def test_no_account_is_asked(project: Ztctl, account: Account) -> None:
    """The file alone is read, whatever the environment knows of an account."""
    done = project.at(account)("permissions")

    assert (done.code, done.err) == (0, "")
    assert [*account.sandbox.log] == []


@pytest.mark.parametrize("words", [(), (*STATED, "--split", "zone"), NETWORKS])
def test_json_is_one_document(known: Ztctl, words: tuple[str, ...]) -> None:
    """For machines it is what the schema says, with the bodies of both tokens."""
    document = validated(known("permissions", "--format", "json", *words).out)

    assert (document["type"], document["account"]) == ("permissions", ACCOUNT_ID)
    guesses = [] if words == NETWORKS else [not words]
    assert [zone["is_guess"] for zone in document["zones"]] == guesses
    assert {it["plan"] for it in document["permissions"]} == {"Read"}


def test_a_body_can_be_sent_as_it_is(known: Ztctl) -> None:
    """With the ids stated the body of a token has no gap, and nothing else is written."""
    done = known("permissions", "--token-body", "apply", *STATED)

    body = validated(done.out, "token")
    assert (done.err, body["name"]) == ("", "ztctl quickstart apply")
    assert {name for policy in body["policies"] for name in policy["resources"]} == {
        f"com.cloudflare.api.account.{ACCOUNT_ID}",
        f"com.cloudflare.api.account.zone.{ZONE_ID}",
    }
    groups = [it for policy in body["policies"] for it in policy["permission_groups"]]
    assert all(re.fullmatch("[0-9a-f]{32}", group["id"]) for group in groups)
    assert {group["name"] for group in groups} >= {"DNS Write", "Zone Read"}


def test_a_body_that_plans_only_reads(known: Ztctl) -> None:
    """A token to plan with has no group by which anything can be written."""
    body = validated(known("permissions", "--token-body", "plan", "--format", "json").out, "token")

    assert "Write" not in json.dumps(body)


def test_what_only_the_account_knows_is_named(project: Ztctl) -> None:
    """Ids that nobody has stated have a placeholder each, named beside the body."""
    done = project("permissions", "--token-body", "plan")

    assert "ids that only the account knows: ACCOUNT_ID, ID_OF_example.com." in done.err
    assert "ID_OF_example.com" in done.out


def test_every_zone_is_nested_in_its_account(known: Ztctl) -> None:
    """Where no name tells a zone, the body is for those of the one account."""
    body = validated(known("permissions", "--token-body", "plan", *NETWORKS).out, "token")

    nested = {"com.cloudflare.api.account.zone.*": "*"}
    assert {f"com.cloudflare.api.account.{ACCOUNT_ID}": nested} in [
        policy["resources"] for policy in body["policies"]
    ]


@pytest.mark.parametrize(("split", "policies"), [((), 2), (("--split", "product"), 5)])
def test_a_body_is_split_as_asked(known: Ztctl, split: tuple[str, ...], policies: int) -> None:
    """Each product gets a policy of its own where that is asked for."""
    body = validated(known("permissions", "--token-body", "apply", *STATED, *split).out, "token")

    assert len(body["policies"]) == policies


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--zone", "nodots"), "--zone 'nodots' is not the name of a zone"),
        (("--zone", "example.com="), "--zone example.com: '' is not the id of a zone"),
        (("--zone", "example.com=zone"), "copy it whole from the zone's overview"),
        (("--split", "nothing"), "'nothing'"),
        (("--token-body", "destroy"), "'destroy'"),
    ],
)
def test_wrong_words_are_told(project: Ztctl, words: tuple[str, ...], said: str) -> None:
    """A word that makes no sense ends with 64, and says what would."""
    done = project("permissions", *words)

    assert (done.code, done.out) == (64, "")
    assert said in done.err


def test_a_file_with_problems_has_no_permissions(ztctl: Ztctl) -> None:
    """What is wrong with the file is told, and no list that would be wrong, too."""
    (ztctl.folder / "ztctl.yaml").write_text("version: 1\nstack: s\ntunels: {}\n")

    done = ztctl("permissions")

    assert (done.code, done.out) == (1, "")
    assert "ztctl.yaml:3:1: error: " in done.err
