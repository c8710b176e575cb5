"""Every example goes through its whole life on the sandbox."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass(frozen=True, slots=True)
class Example:
    """One folder of ``examples``.

    Attributes:
        objects: how many its plan adds.
        edits: texts of a file to replace, as somebody would who maintains it.
        changed: the addresses that these edits touch, and what happens to them.
        yes: what destroying it wants to be told.
        warned: the codes of the warnings that it is there to show.
    """

    name: str
    objects: int
    edits: Mapping[str, tuple[tuple[str, str], ...]]
    changed: Mapping[str, str]
    yes: tuple[str, ...] = field(default=("--allow-ca-deletion", "all"))
    warned: tuple[str, ...] = ()


DENIED = """  no-contractors:
    decision: deny
    include:
      - email_domain: contractors.example.net
"""
ADDED = "  git.example.com: {tunnel: lisbon, service: ssh://10.1.4.12:22, policies: [engineers]}"
EXAMPLES = (
    Example(
        "quickstart",
        7,
        {
            "ztctl.yaml": (
                ("country: [PT, US]", "country: [PT, US, ES]"),
                ("session_duration: 8h", "session_duration: 4h"),
                ("ssh://localhost:22", "ssh://10.0.0.7:22"),
            )
        },
        {
            "access_group.group.infra-team.require.country": "update",
            "access_policy.ssh-team": "update",
            "tunnel.ssh-pool": "update",
        },
    ),
    Example(
        "bastion",
        8,
        {
            "ztctl.yaml": (
                ("policies: [no-contractors, operators-only]", "policies: [operators-only]"),
                ("comment: jump host, ask the infra team", "comment: jump host"),
                (DENIED, ""),
            )
        },
        {
            "access_application.bastion.example.com": "update",
            "dns_record.bastion.example.com": "update",
            "access_policy.no-contractors": "delete",
        },
        ("--allow-ca-deletion", "all", "--allow-protected", "tunnel.bastion-pool"),
    ),
    Example(
        "networks",
        6,
        {
            "ztctl.yaml": (
                ("comment: servers in Lisbon", "comment: servers in Porto"),
                ("192.0.2.10: {tunnel", "192.0.2.11: {tunnel"),
                ("comment: the copy of Lisbon", "comment: the copy of Porto"),
                ("    tunnel: staging-site", "    tunnel: lisbon-site"),
            )
        },
        {
            "virtual_network.staging": "update",
            "private_route.10.20.0.0/16": "update",
            "private_route.staging-servers": "update",
            "private_route.192.0.2.11": "create",
            "private_route.192.0.2.10/32": "delete",
        },
        ("--allow-protected", "virtual_network.staging"),
    ),
    Example(
        "team",
        53,
        {
            "people.yaml": (("contractor_session: 1h", "contractor_session: 30m"),),
            "tunnels.yaml": (("[admins, engineers, contractors]", "[admins, contractors]"),),
            "hosts.yaml": (("  logs.example.com:", f"{ADDED}\n  logs.example.com:"),),
        },
        {
            "access_policy.contractors": "update",
            "access_application.web": "update",
            "access_application.git.example.com": "create",
            "tunnel.lisbon": "update",
            "dns_record.git.example.com": "create",
            "ca_key.git.example.com": "create",
        },
        warned=("session-shadowed",) * 3,
    ),
)
PICKED = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.name))


class Bench:
    """One example in a folder of its own, and ``ztctl`` to work on it."""

    def __init__(self, folder: Path, ztctl: Callable[..., Any]) -> None:
        self.folder = folder
        self._ztctl = ztctl

    def on_sandbox(self, command: str, *options: str) -> Any:
        """How a command on the sandbox ended."""
        return self._ztctl(command, "--sandbox", "-f", str(self.folder), *options)

    def apply(self, *options: str) -> None:
        """Apply; it must succeed."""
        ended = self.on_sandbox("apply", "--auto-approve", *options)
        assert ended.code == 0, ended.out + ended.err

    def planned(self) -> dict[str, str]:
        """What a plan would do, by address; the stack's mark tag is left out."""
        plan = json.loads(self.on_sandbox("plan", "--format", "json").out)
        return {
            change["address"]: "+".join(change["change"]["actions"])
            for change in plan["resource_changes"]
            if change["type"] != "access_tag"
        }

    def edit(self, edits: Mapping[str, tuple[tuple[str, str], ...]]) -> None:
        """Replace texts of the files; each stands there exactly once."""
        for name, pairs in edits.items():
            file = self.folder / name
            text = file.read_text()
            for old, new in pairs:
                assert text.count(old) == 1, old
                text = text.replace(old, new)
            file.write_text(text)

    def left(self) -> dict[str, int]:
        """How many objects of what a stack makes are live; what is deleted may stay listed."""
        shown = json.loads(self._ztctl("sandbox", "show").out)
        living = {
            kind: [item for item in found if not _seeded(item)]
            for kind, found in shown.items()
            if kind not in SEEDED
        }
        return {kind: len(found) for kind, found in living.items() if found}


SEEDED = frozenset(
    {
        "accounts",
        "zones",
        "identity_providers",
        "organizations",
        "api_tokens",
        "service_tokens",
        "audit_logs",
    }
)


def _seeded(item: Mapping[str, Any]) -> bool:
    """Whether an object is none that a stack made and that lives."""
    return bool(item.get("deleted_at") or item.get("is_default_network"))


@pytest.fixture
def bench(example: Example, root: Path, tmp_path: Path, ztctl: Callable[..., Any]) -> Bench:
    """The example, copied to an empty folder."""
    folder = tmp_path / example.name
    shutil.copytree(
        root / "examples" / example.name, folder, ignore=shutil.ignore_patterns("ca", ".ztctl")
    )
    return Bench(folder, ztctl)


def test_no_example_is_forgotten(root: Path) -> None:
    """Each folder of examples that holds a stack is one of those tested here."""
    folders = {path.parent.name for path in (root / "examples").glob("*/*.yaml")}

    assert folders == {example.name for example in EXAMPLES}


def test_the_examples_can_share_an_account(root: Path) -> None:
    """No two examples have a stack name or a host name in common."""
    stacks: list[str] = []
    hosts: list[str] = []
    for example in EXAMPLES:
        folder = root / "examples" / example.name
        files = [yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")]
        stacks += {str(file["stack"]) for file in files}
        sections = [file.get(name, ()) for file in files for name in ("dns", "hosts")]
        hosts += [host for section in sections for host in section]

    assert len(set(stacks)) == len(EXAMPLES)
    assert len(set(hosts)) == len(hosts) == 22
    assert all(name.endswith(".example.com") for name in hosts)


@PICKED
def test_an_example_is_valid(example: Example, bench: Bench, ztctl: Callable[..., Any]) -> None:
    """An example has no errors, and only those warnings that it is there to show."""
    ended = ztctl("validate", "-f", str(bench.folder))

    warned = re.findall(r": warning: .*\[(.+)\]$", ended.err, re.MULTILINE)
    assert (ended.code, tuple(warned)) == (0, example.warned)
    assert ended.err.count(": warning: ") == len(warned)


@PICKED
def test_an_example_is_formatted(example: Example, bench: Bench, ztctl: Callable[..., Any]) -> None:
    """An example is written as `ztctl fmt` writes it."""
    ended = ztctl("fmt", "--check", "--diff", "-f", str(bench.folder))

    assert (ended.code, ended.out) == (0, "")


@PICKED
def test_an_example_is_planned_before_it_is_there(example: Example, bench: Bench) -> None:
    """On an empty account everything is added, and the plan may be applied."""
    ended = bench.on_sandbox("plan", "--exit-code")

    assert ended.code == 2
    assert f"Plan: {example.objects} to add, 0 to change, 0 to destroy." in ended.out


@PICKED
def test_an_applied_example_is_in_step(example: Example, bench: Bench) -> None:
    """After an apply the next plan is empty."""
    bench.apply()

    ended = bench.on_sandbox("plan", "--exit-code")

    warnings, _, told = ended.out.rpartition("\n\n")
    assert (ended.code, told) == (0, f"No changes. {example.objects} objects are in step.\n")
    assert bool(warnings) == bool(example.warned)


@PICKED
def test_an_edit_of_an_example_changes_what_it_says(example: Example, bench: Bench) -> None:
    """A plan of an edited example names exactly the objects that the edit is about."""
    bench.apply()
    bench.edit(example.edits)

    assert bench.planned() == example.changed


@PICKED
def test_an_edited_example_is_in_step_again(example: Example, bench: Bench) -> None:
    """After the edit is applied the next plan is empty."""
    bench.apply()
    bench.edit(example.edits)
    bench.apply()

    assert bench.planned() == {}


@PICKED
def test_a_destroyed_example_leaves_nothing(example: Example, bench: Bench) -> None:
    """Destroying an example takes everything away that it made."""
    bench.apply()

    ended = bench.on_sandbox("destroy", "--auto-approve", *example.yes)

    assert (ended.code, bench.left()) == (0, {})


@PICKED
def test_the_sandbox_knows_all_that_an_example_asks_for(
    example: Example, bench: Bench, ztctl: Callable[..., Any]
) -> None:
    """Applying and destroying an example sends nothing that the service would ignore."""
    bench.apply()
    bench.on_sandbox("destroy", "--auto-approve", *example.yes)

    assert json.loads(ztctl("sandbox", "show", "--missed").out) == {"missed": [], "ignored": []}


@PICKED
def test_a_saved_plan_of_an_example_is_applied_as_it_was_shown(
    example: Example, bench: Bench, ztctl: Callable[..., Any], tmp_path: Path
) -> None:
    """What was planned, saved and looked at is what is applied."""
    saved = str(tmp_path / "plan.json")
    bench.on_sandbox("plan", "--out", saved)

    ended = ztctl("apply", saved, "--sandbox", "--auto-approve")

    assert (ended.code, bench.planned()) == (0, {})


@PICKED
def test_an_example_cannot_be_destroyed_by_a_slip(example: Example, bench: Bench) -> None:
    """Without its explicit yes a CA stays, and so does everything else."""
    bench.apply()
    before = bench.left()

    ended = bench.on_sandbox("destroy", "--auto-approve")

    assert (ended.code, bench.left()) == (4, before)
