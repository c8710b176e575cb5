"""Adjust typer's help: flags and repeated words without a type, ``--help`` in the last panel."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


class HelpCommand(TyperCommand):
    """A command with the adjusted help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, in the order of the help."""
        return _adjusted(super().get_params(ctx))


class HelpGroup(TyperGroup):
    """A group of commands with the adjusted help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, in the order of the help."""
        return _adjusted(super().get_params(ctx))


def _no_type(ctx: Any) -> None:
    """The type of what needs none."""


def _adjusted(params: list[Any]) -> list[Any]:
    for param in params:
        # typer's help with panels shows `<bool>` for flags, although they take no value.
        if getattr(param, "is_flag", False):
            param.metavar = ""
        # Of words that may be repeated it shows `<list[str]>`, which is Python's.
        if getattr(param, "nargs", 1) == -1:
            param.display_type_rich = _no_type
    panels = [param.rich_help_panel for param in params[:-1] if isinstance(param, TyperOption)]
    # By itself `--help` gets a panel of its own, before all others.
    if panels and all(panels):
        params[-1].rich_help_panel = panels[-1]
    return params
