"""``plan --digest`` and ``apply --expect-digest``: a plan named by its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztctl.documents.mask import Mask
from ztctl.engine.digest import digest
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.plan import Plan
    from ztctl.core.planning.planner import Options


def digest_of(plan: Plan, options: Options, declared: Declared) -> str:
    """The digest of a plan of these files, sensitive values masked."""
    return digest(plan, options.targets, Mask(declared.environment).hide)


def digest_page(found: str) -> Page:
    """One line, or one record."""
    lines = (Line(f"Digest: {found}"),)
    return Page("Digest", (lines,), ({"type": "digest", "digest": found},))
