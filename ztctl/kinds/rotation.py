"""The application that stands beside another one while the CA of that is rotated.

An application has one CA, and a name is in one application, so that a new CA for a name needs
another application, and a name to make that with.
"""

from __future__ import annotations

from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.names import is_wildcard
from ztctl.core.model.objects import Spare, Values, Wanted
from ztctl.kinds.destinations import public


def spare_application(wanted: Wanted, spare: Spare, like: Values) -> Wanted:
    """The wanted side of a spare application, with the policies and settings of ``wanted``.

    Args:
        wanted: the application that is declared.
        spare: what the spare one is in the rotation.
        like: live values without marks, for fields that the files do not state.
    """
    values: dict[str, Any] = {name: it for name, it in like.items() if it is not None}
    values |= wanted.values
    values["destinations"] = [spare_name(wanted, spare)]
    values["app_launcher_visible"] = False
    return Wanted(
        Address(wanted.address.kind, f"{wanted.address.key}{spare.ending}"),
        values,
        where=wanted.where,
        spare=spare,
        rotates=wanted.address,
    )


def spare_name(wanted: Wanted, spare: Spare) -> str:
    """A host name in the zone of the application's first name, of which nobody makes a record.

    Below that name, so that no other application's spare name is the same.
    """
    first = next(iter(sorted(public(wanted.values["destinations"])))).partition("/")[0]
    if not is_wildcard(first):
        return f"ca-{spare}.{first}"
    label, _, rest = first.partition(".")
    return f"ca-{spare}-{label.replace('*', '').strip('-') or 'any'}.{rest}"
