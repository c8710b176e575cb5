"""Paths become files, and several files become one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problems
from ztctl.documents import load

from .workshop import KINDS, Workshop

HEAD = "version: 1\nstack: prod\n"


def keys(workshop: Workshop, files: dict[str, str], *paths: str) -> list[str]:
    """The keys of all policies, in the order in which they were read."""
    return [wanted.address.key for wanted in workshop.load_files(files, *paths).wanted]


def test_a_folder_means_its_own_files_in_name_order(workshop: Workshop) -> None:
    """Both suffixes count; subfolders, hidden files and other files do not."""
    files = {
        "conf/b.yml": "policies: {b: }",
        "conf/a.yaml": HEAD + "policies: {a: }",
        "conf/c.yaml": "policies: {c: }",
        "conf/sub/d.yaml": "policies: {d: }",
        "conf/.e.yaml": "policies: {e: }",
        "conf/f.json": "policies: {f: }",
    }

    assert keys(workshop, files, "conf") == ["a", "b", "c"]


def test_files_are_read_in_the_order_given(workshop: Workshop) -> None:
    """The order of `-f` is the order of the wanted side."""
    files = {"z.yaml": HEAD + "policies: {z: }", "a.yaml": "policies: {a: }"}

    assert keys(workshop, files, "z.yaml", "a.yaml") == ["z", "a"]


def test_a_file_given_twice_is_read_once(workshop: Workshop) -> None:
    """A folder and one of its files can both be named."""
    files = {"conf/a.yaml": HEAD + "policies: {a: }"}

    assert keys(workshop, files, "conf", "conf/a.yaml", "conf/../conf/a.yaml") == ["a"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("missing.yaml", "-: cannot read missing.yaml: no such file or directory"),
        (
            "empty",
            (
                "-: the folder empty holds no YAML file"
                " -> only *.yaml and *.yml of the folder itself are read"
            ),
        ),
        ("a\0b", "-: cannot read a\\x00b: not a path"),
        ("x" * 5000, f"-: cannot read {'x' * 5000}: file name too long"),
        ("blank.yaml", "blank.yaml:1:1: the file is empty -> write `key: value` lines"),
        ("null.yaml", "null.yaml:1:1: the file is empty -> write `key: value` lines"),
        ("list.yaml", "list.yaml:1:1: the file must be a mapping (`key: value`) at its top"),
    ],
)
def test_what_cannot_be_used_is_a_problem(workshop: Workshop, path: str, problem: str) -> None:
    """A path is shown as it was written, with the reason."""
    Path("empty").mkdir()
    files = {"blank.yaml": "# nothing\n", "null.yaml": "---\n", "list.yaml": "- a\n"}

    problems = workshop.problems_of_files({**files, "good.yaml": HEAD}, "good.yaml", path)

    assert problems == [problem]


def test_a_file_of_cloudflared_gets_one_hint(workshop: Workshop) -> None:
    """It is another program's file: that is said once, and not of each key."""
    theirs = (
        "tunnel: 6ff42ae2-765d-4adf-8112-31c55c1551ef\ncredentials-file: /root/t.json\n"
        "originRequest: {noTLSVerify: true}\nwarp-routing: {enabled: true}\n"
        "ingress:\n  - {hostname: a.example.com, service: ssh://localhost:22}\n"
    )

    (problem,) = workshop.problems_of_files({"config.yml": theirs}, "config.yml")

    assert problem.startswith("config.yml:1:1: this is a configuration file of cloudflared -> ")


def test_no_path_at_all_is_a_problem() -> None:
    """Nothing to read is not an empty wanted side, which would delete everything."""
    with pytest.raises(Problems, match="no file is given"):
        load([], KINDS)


@pytest.mark.skipif(os.name != "posix", reason="the name of a file is bytes on POSIX alone")
def test_a_path_that_is_no_text_can_be_shown(workshop: Workshop) -> None:
    """Bytes that are no UTF-8 are shown as escapes."""
    path = os.fsdecode(b"caf\xe9.yaml")

    problems = workshop.problems_of_files({"good.yaml": HEAD}, "good.yaml", path)

    assert problems == ["-: cannot read caf\\udce9.yaml: no such file or directory"]


def test_files_share_their_sections(workshop: Workshop) -> None:
    """A reference may lead from one file into another."""
    files = {
        "a.yaml": HEAD + "hosts: {h.example.com: {tunnel: t, service: s, policies: [p]}}",
        "b.yaml": "tunnels: {t: }\npolicies: {p: }",
    }

    declared = workshop.load_files(files)

    assert Address("tunnel", "t") in {wanted.address for wanted in declared.wanted}


def test_a_key_in_two_files_names_both_places(workshop: Workshop) -> None:
    """One object has one place."""
    files = {"a.yaml": HEAD + "policies:\n  p:\n", "b.yaml": "policies:\n  p: {}\n"}

    problems = workshop.problems_of_files(files)

    expected = "it stands first at a.yaml:4:3: remove one of the two"
    assert problems == [f"b.yaml:2:3: policies.p is declared twice -> {expected}"]


def test_a_variable_in_two_files_names_both_places(workshop: Workshop) -> None:
    """The same holds for variables."""
    files = {"a.yaml": HEAD + "vars: {v: 1}\n", "b.yaml": "vars: {v: 2}\n"}

    problems = workshop.problems_of_files(files)

    expected = "it stands first at a.yaml:3:8: remove one of the two"
    assert problems == [f"b.yaml:1:8: vars.v is declared twice -> {expected}"]


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (HEAD, "stack: test\n", "b.yaml:1:8: `stack` differs between files"),
        (HEAD, "version: 2\n", "b.yaml:1:10: `version` differs between files"),
        (HEAD + "account: a\n", "account: b\n", "b.yaml:1:10: `account` differs between files"),
        (HEAD + "team: a\n", "team: b\n", "b.yaml:1:7: `team` differs between files"),
    ],
)
def test_files_must_agree_at_the_top(
    workshop: Workshop, first: str, second: str, problem: str
) -> None:
    """A copied file of another stack is found before anything is planned."""
    problems = workshop.problems_of_files({"a.yaml": first, "b.yaml": second})

    assert [one.partition(" -> ")[0] for one in problems] == [problem]


def test_files_may_repeat_the_top(workshop: Workshop) -> None:
    """Saying the same again is agreement, however it is spelt."""
    declared = workshop.load_files(
        {"a.yaml": HEAD + "account: a\n", "b.yaml": "version: '1'\nstack: prod\naccount: 'a'\n"}
    )

    assert (declared.stack, declared.account) == ("prod", "a")


def test_lists_at_the_top_are_joined(workshop: Workshop) -> None:
    """Every file may remove and move objects."""
    declared = workshop.load_files(
        {
            "a.yaml": HEAD + "removed: [{address: tunnel.a}]\n",
            "b.yaml": "removed:\n",
            "c.yaml": "removed: [{address: tunnel.c.d, name: live, forget: true}]\n",
        }
    )

    told = [(one.address, one.name, one.forget, str(one.where)) for one in declared.removed]
    assert told == [
        (Address("tunnel", "a"), None, False, "a.yaml:3:11"),
        (Address("tunnel", "c.d"), "live", True, "c.yaml:1:11"),
    ]


def test_moved_objects_have_two_addresses(workshop: Workshop) -> None:
    """`from` and `to` are read, and their place is kept."""
    declared = workshop.load(HEAD + "moved:\n  - {from: tunnel.a, to: tunnel.b}\n")

    (moved,) = declared.moved
    assert (str(moved.source), str(moved.target)) == ("tunnel.a", "tunnel.b")
    assert str(moved.where) == "ztctl.yaml:4:5"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "ztctl.yaml:1:1: the file lacks `stack`"),
        ("stack:\n", "ztctl.yaml:1:1: the file lacks `stack`"),
        ("stack: Prod_1\n", "ztctl.yaml:2:8: `stack`: a stack is named by lower-case letters"),
        ("stack: a--b\n", "ztctl.yaml:2:8: `stack`: a stack is named by lower-case letters"),
        ("stack: [a]\n", "ztctl.yaml:2:8: `stack` must be a text, not a list"),
        ("stack: s\naccount: {}\n", "ztctl.yaml:3:10: `account` must be a text, not a mapping"),
        ("stack: s\nremoved: x\n", "ztctl.yaml:3:10: `removed` must be a list, not 'x'"),
        ("stack: s\npolicies: []\n", "ztctl.yaml:3:11: `policies` must be a mapping from names"),
        (
            "stack: s\nremoved: [{address: edge}]\n",
            "ztctl.yaml:3:21: `removed[0].address`: 'edge' is not an address: write kind.key",
        ),
    ],
)
def test_the_top_is_checked(workshop: Workshop, text: str, problem: str) -> None:
    """What stands at the top is told like everything else."""
    (found,) = workshop.problems(f"version: 1\n{text}")

    assert found.startswith(problem)


@pytest.mark.parametrize("spelt", ["2", "1.0", "one", "true"])
def test_only_version_one_is_known(workshop: Workshop, spelt: str) -> None:
    """A file of another format is not guessed at."""
    (found,) = workshop.problems(f"version: {spelt}\nstack: s\n")

    assert found.startswith("ztctl.yaml:1:10: `version` must be 1, not ")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("polices", "did you mean `policies`?"),
        ("caKeys", "did you mean `ca_keys`?"),
        ("ca-keys", "did you mean `ca_keys`?"),
        ("access_application", "did you mean `applications`?"),
        ("dns_record", "did you mean `dns`?"),
        ("host", "did you mean `hosts`?"),
    ],
)
def test_an_unknown_section_gets_a_suggestion(workshop: Workshop, name: str, hint: str) -> None:
    """Other customs of spelling and the kinds' own names are understood, not accepted."""
    problems = workshop.problems(f"{HEAD}{name}: {{}}\n")

    assert problems == [f"ztctl.yaml:3:1: there is no section `{name}` -> {hint}"]


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("tunnels.edge", "did you mean `tunnel.edge`?"),
        ("tunel.edge", "did you mean `tunnel`?"),
        ("host.a.example.com", "did you mean `hosts`?"),
    ],
)
def test_an_unknown_kind_gets_a_suggestion(workshop: Workshop, address: str, hint: str) -> None:
    """The name of a section is no kind, but it is clear what is meant."""
    problems = workshop.problems(f"{HEAD}removed:\n  - address: {address}\n")

    kind = address.partition(".")[0]
    place = "ztctl.yaml:4:14: `removed[0].address`"
    assert problems == [f"{place}: there is no kind `{kind}` -> {hint}"]


def test_kinds_without_a_section_have_addresses_too(workshop: Workshop) -> None:
    """What cannot be declared can be removed."""
    declared = workshop.load(HEAD + "removed: [{address: access_tag.old}]\n")

    assert [str(one.address) for one in declared.removed] == ["access_tag.old"]


@pytest.mark.parametrize(
    ("entry", "line", "field"),
    [
        ("removed:\n  - address: zone.example.com\n", 4, "removed[0].address"),
        ("moved:\n  - from: zone.a\n    to: tunnel.b\n", 4, "moved[0].from"),
        ("moved:\n  - from: tunnel.a\n    to: zone.b\n", 5, "moved[0].to"),
    ],
)
def test_what_is_only_read_is_neither_removed_nor_moved(
    workshop: Workshop, entry: str, line: int, field: str
) -> None:
    """A zone or a login is nobody's to delete, whatever a file says."""
    (problem,) = workshop.problems(HEAD + entry)

    assert problem.startswith(f"ztctl.yaml:{line}:")
    assert f"`{field}`: objects of the kind `zone` are only read" in problem


def test_without_all_its_sections_there_is_no_short_form(workshop: Workshop) -> None:
    """`hosts` is unknown where it could not be expanded."""
    few = Workshop(KINDS.only(["access_tag", "access_policy"]))

    problems = few.problems(HEAD + "hosts: {}\n")

    assert problems[0].startswith("ztctl.yaml:3:1: there is no section `hosts`")
