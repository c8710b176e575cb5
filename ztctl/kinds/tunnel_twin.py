"""The remotely managed tunnel that is to take the place of one that a file on its server manages.

The API has no call that makes a tunnel of one sort out of the other (``config_src`` is immutable in
Terraform provider v5; the dashboard can, one way). So another one is made, beside the old one.
"""

from __future__ import annotations

from dataclasses import replace

from ztctl.core.model.address import Address
from ztctl.core.model.objects import Spare, Wanted


def twin(wanted: Wanted, spare: Spare) -> Wanted:
    """The wanted side of the twin, with the rules of ``wanted``."""
    return replace(
        wanted,
        address=Address(wanted.address.kind, f"{wanted.address.key}{spare.ending}"),
        name=f"{wanted.name}{spare.ending}" if wanted.name is not None else None,
        values={**wanted.values, "config": "cloudflare"},
        protect=False,
        spare=spare,
        rotates=wanted.address,
    )
