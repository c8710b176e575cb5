"""One run tells everything that is wrong, each thing once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.marked_texts import HEAD, place, problems
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.diagnostics import Problems


@pytest.mark.parametrize(
    ("name", "what"),
    [("a\u200eb.example.com", "IDNA 2008 refuses it"), ("a..example.com", "is not a host name")],
)
def test_a_name_of_a_host_is_refused_once(tmp_path: Path, name: str, what: str) -> None:
    """And not by each of the objects that the host stands for."""
    host = f"¦{name}: {{tunnel: t0, service: ssh://a, policies: [p0]}}"
    text = f"tunnels: {{t0: {{}}}}\nhosts: {{{host}}}"

    (found,) = problems(tmp_path, text)

    assert what in found.summary
    assert "domain" not in found.hint
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


MISSING = [
    "groups: {g0: {include: [{group: ¦nobody}], inclde: []}}",
    "groups: {g0: {include: [{email: alice@}, {group: [¦nobody]}]}}",
    "applications: {a.example.com: {policies: [p0, ¦nobody], sesion_duration: 8h}}",
    "applications: {a.example.com: {policies: [¦nobody], session_duration: 8 hours}}",
    "dns: {a.example.com: {tunnel: ¦nobody, coment: x}}",
    "ca_keys: {¦nobody.example.com: {public_key_fil: x.pub}}",
    "hosts: {a.example.com: {tunnel: ¦nobody, policies: [p0]}}",
    "tunnels: {t0: {}}\nhosts: {a.example.com: {tunnel: t0, policies: [¦nobody]}}",
    "tunnels: {t0: {}}\nhosts: {a.example.com: {tunnel: t0, servce: x, application: ¦nobody}}",
    "account: [x]\ngroups: {g0: {include: [{group: ¦nobody}]}}",
    "acount: x\ngroups: {g0: {include: [{group: ¦nobody}]}}",
    "vars: {a: [x]}\ngroups: {g0: {include: [{group: ¦nobody}]}}",
]  # fmt: skip


@pytest.mark.parametrize("text", MISSING)
def test_a_reference_to_nothing_is_told_beside_all_else_that_is_wrong(
    tmp_path: Path, text: str
) -> None:
    """One run tells everything: no mistake hides one of another sort, in one object neither."""
    found = problems(tmp_path, text)

    (missing,) = (it for it in found if re.search("no file declares|there is no [at]", it.summary))
    assert missing.where is not None
    assert (missing.where.line, missing.where.column) == place(text)
    assert [item for item in found if item is not missing]


@pytest.mark.parametrize(
    "text",
    [
        "groups: {g0: {inclde: []}, g1: {include: [{group: g0}]}}",
        "group: {g0: {}}\ngroups: {g1: {include: [{group: g0}]}}",
        "hosts: {a.example.com: {}}\nca_keys: {k: {application: a.example.com}}",
        "groups: {g1: {include: [{group: g0}]}}\ngroups: {g0: {}}",
        "groups: {g1: {include: [{group: '${var.nope}'}]}}",
    ],
)
def test_what_is_there_and_wrong_is_not_called_missing(tmp_path: Path, text: str) -> None:
    """Nor what may be meant by a section of which nobody knows."""
    found = problems(tmp_path, text)

    assert found
    assert not [item for item in found if "which no file declares" in item.summary]


def test_a_file_that_cannot_be_read_hides_nothing_but_references(tmp_path: Path) -> None:
    """What it may declare is not called missing; all else is told of the other files."""
    (tmp_path / "a.yaml").write_text("groups: {g0: {", encoding="utf-8")
    text = f"{HEAD}dns: {{a.example.com: {{tunnel: t, settings: {{flatten_cname: true}}}}}}"
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(Problems) as told:
        declared_by(Settings(files=(tmp_path,)))

    broken, flattened = told.value.items
    assert broken.summary == "this bracket is never closed"
    assert "a proxied record cannot be flattened" in flattened.summary


def test_a_variable_that_holds_a_list_is_told_once(tmp_path: Path) -> None:
    """Not again where it is used, and with what to do instead."""
    text = "vars: {¦team: [a@example.com]}\ngroups: {g0: {include: [{email: '${var.team}'}]}}"

    (found,) = problems(tmp_path, text)

    assert found.summary == "the variable `team` must be a single value"
    assert "below `x-lists:` for aliases" in found.hint
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


def test_values_for_aliases_have_a_place(tmp_path: Path) -> None:
    """A list that is used twice stands in a section that is not read itself."""
    aliases = "groups: {g0: {include: *team}, g1: {include: *team}}"

    found = problems(tmp_path, f"x-lists:\n  team: &team [{{email: a@example.com}}]\n{aliases}")

    assert [str(problem) for problem in found] == []


def test_a_line_that_begins_with_another_blank_is_named(tmp_path: Path) -> None:
    """Nobody sees a no-break space, and what it makes is no section of that name."""
    (found,) = problems(tmp_path, "groups:\n¦\u00a0g0: {include: [{email: a@example.com}]}")

    assert found.summary == "the line begins with the character U+00A0, which is no space"
    assert found.hint == "write spaces"
