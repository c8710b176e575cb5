"""Promises about options that are said once, in a dataclass, for every command that takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer

from ztctl.cli.app import app
from ztctl.cli.exits import Exit
from ztctl.cli.options import only, with_options

# The order of the panels, and the options that stand in each, whichever command takes them.
PANELS = {
    "Person": {"--as", "--group", "--country"},
    "Audit": {"--explain", "--accept", "--write-accept", "--all"},
    "Files": {"--file", "--var", "--var-file", "--allow-env"},
    "Account": {"--sandbox", "--api-url", "--api-token-file", "--live", "--local"},
    "Token": {"--zone", "--split", "--token-body"},
    "Run": {
        *("--target", "--auto-approve", "--journal", "--lock-wait", "--settle", "--probe"),
        *("--revoke", "--exit-code", "--out", "--calls", "--stack", "--limit", "--strict"),
        *("--digest", "--expect-digest", "--zone", "--redact"),
    },
    "Approvals": {
        *("--adopt", "--allow-deletions", "--allow-no-policy", "--allow-ca-deletion"),
        *("--allow-protected", "--allow-interruption", "--allow-disconnect", "--allow-exposure"),
    },
    "Output": {
        "--format",
        "--full",
        "--list",
        "--no-color",
        "--quiet",
        "--verbose",
        "--help",
        "--sarif-location",
    },
}


@dataclass(frozen=True)
class Fruit:
    """Options of a command that a test makes."""

    apples: Annotated[int, typer.Option("--apples", "-a")] = 1
    ripe: Annotated[bool, typer.Option("--ripe")] = False


def handed(command: Any, *words: str) -> object:
    """What a command gives when it is run with these words."""
    made = typer.Typer()
    made.command()(with_options(command))
    return made(args=list(words), standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), (Fruit(), "x")),
        (("-a", "3", "--ripe"), (Fruit(3, True), "x")),
        (("--word", "y", "--apples", "2"), (Fruit(2), "y")),
    ],
)
def test_a_command_is_handed_a_dataclass(words: tuple[str, ...], expected: object) -> None:
    """Each field is an option with its names and its default, beside the command's own."""

    def command(*, fruit: Fruit, word: Annotated[str, typer.Option("--word")] = "x") -> Exit:
        return (fruit, word)  # type: ignore[return-value]

    assert handed(command, *words) == expected


def test_a_command_takes_part_of_a_group() -> None:
    """A field that is not taken is no option, and has its default."""

    def command(*, fruit: Annotated[Fruit, only("apples")]) -> Exit:
        return fruit  # type: ignore[return-value]

    assert handed(command, "--apples", "2") == Fruit(2)
    with pytest.raises(typer.TyperException, match="--ripe"):
        handed(command, "--ripe")


def test_a_part_that_a_group_has_not_is_refused() -> None:
    """A misspelt field is noticed when the command is defined."""

    def command(*, fruit: Annotated[Fruit, only("pears")]) -> Exit:
        raise AssertionError(fruit)

    with pytest.raises(TypeError, match="Fruit has no pears"):
        with_options(command)


@pytest.mark.parametrize(
    "name",
    [
        *("validate", "permissions", "doctor", "plan", "apply", "destroy", "show", "who"),
        *("audit", "snapshot", "unlock", "history"),
    ],
)
def test_options_stand_in_panels(name: str) -> None:
    """Every option of a command that works on an account has its panel, `--help` too."""
    command: Any = typer.main.get_command(app)
    command = command.commands[name]
    options = [
        (item.rich_help_panel, max(item.opts, key=len))
        for item in command.get_params(typer.Context(command))
        if item.param_type_name == "option"
    ]

    assert [(panel, option) for panel, option in options if option not in PANELS[panel]] == []
    panels = list(dict.fromkeys(panel for panel, _ in options))
    assert panels == [panel for panel in PANELS if panel in panels]
