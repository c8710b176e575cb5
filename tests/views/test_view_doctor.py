"""Checks as text and Markdown, and with texts that somebody chose with care."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from tests.views.conftest import HOSTILE, MakeShown
from ztctl.core.model.checkup import Check, Verdict
from ztctl.views.doctor_view import doctor_page
from ztctl.views.escape import Clean
from ztctl.views.factory import Format

Golden = Callable[[str, str], None]
ORG = "Access: Organizations, Identity Providers, and Groups"
ALL = [
    Check("Machine", "Python", Verdict.PASS, "3.11.7"),
    Check(
        "Machine", "cloudflared", Verdict.WARN, "not on the path",
        "needed where a connector runs, and on laptops that come in by ssh",
    ),
    Check("Network", "HTTP", Verdict.PASS, "the API answers"),
    Check("Token", "end", Verdict.WARN, "2026-12-09 00:00 UTC, in 8 days", "make a new token"),
    Check("Token", ORG, Verdict.FAIL, "may not be read: a plan fails", f'give the token "{ORG}"'),
    Check("Account", "organisation", Verdict.SKIP, "it was not read"),
    Check(
        "Account", "zone example.org", Verdict.FAIL, "pending: names in it lead nowhere yet",
        "set its name servers at the registrar: ada.ns.cloudflare.com, bob.ns.cloudflare.com",
    ),
]  # fmt: skip
SHAPES = {
    "long": ALL,
    "short": [ALL[0], ALL[2]],
    "empty": [],
    "hostile": [Check("Account", f"zone {HOSTILE}", Verdict.FAIL, HOSTILE, HOSTILE)],
}


@pytest.mark.parametrize("format", ["text", "markdown"])
@pytest.mark.parametrize("shape", SHAPES)
def test_checks_are_shown_so(shape: str, format: Format, shown: MakeShown, golden: Golden) -> None:
    """Text of eighty columns, and Markdown of which nothing gets out."""
    view = shown(format)

    view.view.page(doctor_page(SHAPES[shape], Clean(str), version="1.2.3", brief=False))

    golden(f"doctor-{shape}.{'md' if format == 'markdown' else 'txt'}", view.out)
    if shape == "long" and format == "text":
        assert max(map(len, view.out.splitlines())) <= 80


@pytest.mark.parametrize("shape", SHAPES)
def test_checks_are_one_document(shape: str, shown: MakeShown, pytestconfig: pytest.Config) -> None:
    """For machines they are what the schema says, whatever is quiet."""
    schema = json.loads((pytestconfig.rootpath / "schemas" / "doctor.schema.json").read_text())
    view = shown("json")

    view.view.page(doctor_page(SHAPES[shape], Clean(str), version="1.2.3", brief=True))

    document = json.loads(view.out)
    Draft202012Validator(schema).validate(document)
    assert [it["name"] for it in document["checks"]] == [it.name for it in SHAPES[shape]]


def test_quiet_says_what_is_wrong(shown: MakeShown) -> None:
    """What passed, and what was not looked at, is left out; it is counted all the same."""
    view = shown()

    view.view.page(doctor_page(ALL, Clean(str), version="1.2.3", brief=True))

    assert "Python" not in view.out
    assert "organisation" not in view.out
    assert view.out.endswith("2 passed, 2 warned, 2 failed, 1 not checked.\n")
