"""``ztctl permissions``: what an API token needs for the plan and the apply of the files."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.views.permissions_view import TokenNeeds

_token = partial(typer.Option, rich_help_panel="Token")


class Use(StrEnum):
    """What a token is for."""

    plan = "plan"
    apply = "apply"


class Split(StrEnum):
    """What stands apart."""

    product = "product"
    zone = "zone"


@opt.with_options
def permissions(
    *,
    files: opt.FileOptions,
    account: Annotated[opt.AccountOptions, opt.only("sandbox")],
    zone: Annotated[
        list[str] | None,
        _token(
            "--zone",
            metavar="NAME[=ID]",
            help="A zone of the files, and its id; may be repeated. Default: guessed from names.",
        ),
    ] = None,
    split: Annotated[
        Split | None,
        _token("--split", metavar="|".join(Split), help="Each product, or each zone, by itself."),
    ] = None,
    token_body: Annotated[
        Use | None,
        _token(
            "--token-body",
            metavar="|".join(Use),
            help="Print the JSON body by which the API makes such a token.",
        ),
    ] = None,
    output: Annotated[opt.OutputOptions, opt.only("format", "no_color")],
) -> Exit:
    """Say which permissions a token needs for these files; asks no account."""
    chosen = settings(output, files, account)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.rehearsed import StatedZone
    from ztctl.cli.session import declared_by, view_of
    from ztctl.documents.mask import Mask
    from ztctl.views.escape import Clean
    from ztctl.views.permissions_view import body_page, permissions_page

    zones = [StatedZone.parse(it) for it in zone or ()]
    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        found = _found(chosen, declared, {it.name: it.id for it in zones}, split or "")
        if token_body is None:
            view.page(permissions_page(found, Clean(Mask(declared.environment).hide)))
            return Exit.DONE
        view.page(body_page(found, token_body))
        from ztctl.cloudflare.token_body import unfilled

        if gaps := list(dict.fromkeys(unfilled(found.bodies[token_body]))):
            view.note(f"Put in the ids that only the account knows: {', '.join(gaps)}.")
    return Exit.DONE


def _found(chosen: Settings, declared: Declared, stated: dict[str, str], split: str) -> TokenNeeds:
    from ztctl.cli.rehearsed import needs_of
    from ztctl.cli.session import is_account_id
    from ztctl.cloudflare.token_body import token_body
    from ztctl.core.model.needs import EDIT
    from ztctl.kinds.registry import KINDS
    from ztctl.views.permissions_view import TokenNeeds

    needs, zones = needs_of(declared, stated)
    account = declared.account or chosen.environment.get("CLOUDFLARE_ACCOUNT_ID") or ""
    account = account if is_account_id(account) else ""
    deletes = any(
        need.apply != EDIT and not KINDS[kind].is_read_only
        for need in needs
        for kind in need.kinds
        if kind in KINDS and need.scope == "Account"
    )
    bodies = {
        use.value: token_body(
            f"ztctl {declared.stack} {use}",
            needs,
            use.value,
            account=account,
            zone_ids={name: id_ for name, id_ in stated.items() if id_},
            split=split,  # type: ignore[arg-type]
        )
        for use in Use
    }
    return TokenNeeds(declared.stack, account, zones, needs, deletes, bodies, split)
