"""How ``--help`` shows options: flags without a type, and ``--help`` itself in the last panel."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


class HelpCommand(TyperCommand):
    """A command whose help looks as click's does."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Give the parameters in the order of the help."""
        return _shown(super().get_params(ctx))


class HelpGroup(TyperGroup):
    """A group of commands whose help looks as click's does."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Give the parameters in the order of the help."""
        return _shown(super().get_params(ctx))


def _shown(params: list[Any]) -> list[Any]:
    for param in params:
        # Only typer's plain help knows that a flag takes no value; its panels show `<bool>`.
        if getattr(param, "is_flag", False):
            param.metavar = ""
    panels = [param.rich_help_panel for param in params[:-1] if isinstance(param, TyperOption)]
    # A panel of its own for `--help` would stand before all others.
    if panels and all(panels):
        params[-1].rich_help_panel = panels[-1]
    return params
