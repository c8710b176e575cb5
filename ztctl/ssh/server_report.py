"""What ``sh install.sh check`` says on a server, read as checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ztctl.core.model.checkup import Verdict
from ztctl.core.model.ssh_check import TITLES, CheckArea, HostCheck

_LINE: Final = re.compile(r"(ok|warn|FAIL|note) {1,5}(H\d{1,2}) {1,5}(.{1,1000})")
_REMEDY: Final = re.compile(r" {11}(.{1,1000})")
_VERDICTS: Final = {
    "ok": Verdict.PASS,
    "warn": Verdict.WARN,
    "FAIL": Verdict.FAIL,
    "note": Verdict.SKIP,
}
_MOST: Final = 2000
_HINT: Final = "on the server `sudo sh install.sh check > FILE`, and here --server FILE"


def server_checks(text: str) -> Iterator[HostCheck]:
    """The checks in what the script printed, in its order; other lines are passed over."""
    last: HostCheck | None = None
    for line in text.splitlines()[:_MOST]:
        if found := _LINE.fullmatch(line.rstrip()):
            if last is not None:
                yield last
            last = None
            if found[2] in TITLES:
                last = HostCheck(found[2], "", _VERDICTS[found[1]], found[3])
        elif last is not None and (remedy := _REMEDY.fullmatch(line)):
            last = replace(last, remedy=remedy[1])
    if last is not None:
        yield last


def unseen_server() -> Iterator[HostCheck]:
    """Every check of a server, none of which can be made from here."""
    for id_ in TITLES:
        if id_.startswith(CheckArea.SERVER):
            yield HostCheck(id_, "", Verdict.SKIP, "not seen from here", _HINT)
