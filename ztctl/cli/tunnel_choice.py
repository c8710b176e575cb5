"""Which live tunnel a command line means: a key of the files, or a name or id in the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztctl.cli.places import DEFAULT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztctl.cli.options import FileOptions
    from ztctl.cli.settings import Settings
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.objects import Live, Wanted
    from ztctl.engine.drive import AccountApi

# Of more tunnels only so many are named.
_MOST_NAMED = 12


def declared_or_none(chosen: Settings, files: FileOptions) -> Declared | None:
    """What the files declare; ``None`` when none is named and there is no default one."""
    from ztctl.cli.session import declared_by

    return declared_by(chosen) if files.file or DEFAULT_FILE.exists() else None


def wanted_tunnel(declared: Declared | None, name: str) -> Wanted | None:
    """The tunnel that the files call so."""
    found = declared.of("tunnel") if declared else ()
    return next((it for it in found if it.address.key == name), None)


def run_by_a_file(name: str) -> Failure:
    """Why no service by a token is made for a locally managed tunnel, and what does it."""
    from ztctl.core.model.diagnostics import Failure

    return Failure(
        f"the tunnel {name} is run by a config.yml on its server (`config: local`): by a token its "
        "connector serves nothing",
        f"`ztctl tunnel files {name} -o FOLDER` writes it, and there `cloudflared --config "
        "/etc/cloudflared/config.yml service install` makes the service",
    )


def with_rules_of(declared: Declared | None, name: str) -> Wanted | None:
    """The tunnel that the files call so, or whose twin in a migration is called so."""
    from ztctl.core.model.objects import Spare

    bare = name.removesuffix(Spare.NEXT.ending)
    return wanted_tunnel(declared, name) or wanted_tunnel(declared, bare)


async def live_tunnels(api: AccountApi) -> tuple[Live, ...]:
    """All tunnels of the account that are not deleted, in one list, without configurations."""
    from ztctl.core.model.flows import Ask
    from ztctl.engine.drive import drive
    from ztctl.kinds.registry import KINDS

    return await drive(KINDS["tunnel"].read(Ask("")), api)


def chosen_tunnel(name: str, declared: Declared | None, live: Sequence[Live]) -> Live:
    """The live tunnel that is meant: one the files declare by this key, else of this name or id.

    A declared one is found by its mark, or by the id that the files give; its twin in a migration
    by the key, with ``--next`` behind it.

    Raises:
        Failure: it is declared, and not live.
        Usage: there is none.
    """
    from ztctl.cli.settings import Usage
    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.suggest import nearest

    wanted = wanted_tunnel(declared, name)
    if wanted is not None and declared is not None:
        found = [it for it in live if _is(wanted, it, declared.stack)]
        if not found:
            text = f"the tunnel {name} of stack {declared.stack} is not live"
            shared = wanted.shares is not None
            raise Failure(text, "its own stack makes it" if shared else "ztctl apply makes it")
    else:
        found = [it for it in live if name in (it.id, it.name) or _is_twin(name, it, declared)]
    if not found:
        wanted_ones = tuple(declared.of("tunnel")) if declared else ()
        stack = declared.stack if declared else ""
        other = [it.name for it in live if not any(_is(one, it, stack) for one in wanted_ones)]
        known = [*(it.address.key for it in wanted_ones), *sorted(other)]
        near = nearest(name, tuple(known))
        hint = f"did you mean {near}?" if near else f"there are: {_named(known)}"
        raise Usage(f"no tunnel is called {name!r}", hint)
    return found[0]


def _is(wanted: Wanted, live: Live, stack: str) -> bool:
    if wanted.claim is not None:
        return live.id == wanted.claim.id
    if wanted.shares is not None:
        return wanted.shares.name == (live.id if wanted.shares.by_id else live.name)
    return live.belongs_to(stack) and live.key == (wanted.name or wanted.address.key)


def _is_twin(name: str, live: Live, declared: Declared | None) -> bool:
    if declared is None or live.mark is None or live.mark.spare is None:
        return False
    return live.belongs_to(declared.stack) and live.key == name


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED]) or 'none'}{more}"
