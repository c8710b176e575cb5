"""Compare a file of trusted CAs (`TrustedUserCAKeys`) with the CAs that it is to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

from ztctl.core.model.ssh_trust import StackCa, TrustFault, TrustFinding, TrustReport
from ztctl.ssh.key_lines import BadLineError, KeyLine, key_of

# More than any file of keys has.
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file is to trust.

    Attributes:
        wanted: CAs that it must hold.
        allowed: CAs that it may hold.
        others: CAs of the stack for other hosts, which it must not hold.
        is_whole: all CAs of the stack are wanted, because no host was named.
        command: writes out a command of ztctl to be pasted.
    """

    wanted: Sequence[StackCa]
    allowed: Sequence[StackCa] = ()
    others: Sequence[StackCa] = ()
    is_whole: bool = False
    command: Callable[[str], str] = "ztctl {}".format

    def remedy(self, missing: StackCa) -> str:
        """How a CA that is missing gets into the file, or need not be there."""
        show = self.command(f"ssh ca show --host {quote(missing.name)} --save -")
        if self.is_whole and len(self.wanted) > 1:
            return (
                f"compare a server's file by --host with its own host alone; where {missing.name} "
                f"is one, append what this prints: {show}"
            )
        return f"append what this prints: {show}"


@dataclass(frozen=True, slots=True)
class PlacedKey:
    """A key in a file, and whether sshd reads as far as its line."""

    line: int
    column: int
    key: KeyLine
    is_read: bool


def checked_file(name: str, text: str, expected: Expected, *, mode: int | None) -> TrustReport:
    """Compare the text of a file; ``mode``: its permission bits, ``None`` where it has none."""
    keys, faults = parsed(text)
    return TrustReport(name, *_compared(keys, faults, expected, mode))


def parsed(text: str) -> tuple[list[PlacedKey], list[TrustFinding]]:
    """The keys of a file in order, and a finding for each line that is none."""
    keys: list[PlacedKey] = []
    faults: list[TrustFinding] = []
    is_read = True
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.lstrip(" \t")
        if not bare or bare.startswith("#"):
            continue
        column = len(line) - len(bare) + 1
        try:
            keys.append(PlacedKey(number, column, key_of(bare), is_read))
        except BadLineError as bad:
            what = (
                f"{bad.what}: sshd reads the file no further" if _stops(bad, is_read) else bad.what
            )
            found = TrustFinding(TrustFault.MALFORMED, number, column, what, bad.remedy)
            faults.append(found)
            is_read = is_read and not bad.ends
    return keys, faults


def _stops(bad: BadLineError, is_read: bool) -> bool:
    return bad.ends and is_read


def _compared(
    keys: Sequence[PlacedKey],
    faults: Sequence[TrustFinding],
    expected: Expected,
    mode: int | None,
) -> tuple[tuple[StackCa, ...], tuple[TrustFinding, ...]]:
    trusted = {it.key.fingerprint for it in keys if it.is_read}
    held = tuple(ca for ca in expected.wanted if ca.fingerprint in trusted)
    present = {it.key.fingerprint for it in keys}
    found = [*faults, *_about_keys(keys, expected)]
    whole = [*_writable(mode), *_missing(expected, present)]
    return held, (*whole, *sorted(found, key=lambda it: (it.line, it.column)))


def _missing(expected: Expected, present: set[str]) -> Iterator[TrustFinding]:
    for ca in expected.wanted:
        if ca.fingerprint not in present:
            yield TrustFinding(
                TrustFault.MISSING,
                0,
                0,
                f"{ca.title} is missing: certificates for it are refused",
                expected.remedy(ca),
                ca.fingerprint,
            )


def _about_keys(keys: Sequence[PlacedKey], expected: Expected) -> Iterator[TrustFinding]:
    known = {ca.fingerprint: ca for ca in (*expected.wanted, *expected.allowed)}
    others = {ca.fingerprint: ca for ca in expected.others}
    seen: dict[str, int] = {}
    for it in keys:
        print_ = it.key.fingerprint
        first = seen.setdefault(print_, it.line)
        if first != it.line:
            yield _at(it, TrustFault.TWICE, f"the key of line {first} again", "delete the line")
        elif print_ in others:
            text = f"{others[print_].title} is for other hosts: its users are let in here, too"
            yield _at(it, TrustFault.OTHER_HOST, text, "delete the line")
        elif print_ not in known:
            text = f"{print_} is a CA of somebody else: whom it certifies may log in"
            yield _at(
                it, TrustFault.FOREIGN, text, "delete the line, unless it is meant to be here"
            )
        elif not it.is_read:
            text = f"sshd does not read as far as {known[print_].title}"
            yield _at(it, TrustFault.UNREACHED, text, "mend the first malformed line above")


def _at(it: PlacedKey, fault: TrustFault, text: str, remedy: str) -> TrustFinding:
    return TrustFinding(fault, it.line, it.column, text, remedy, it.key.fingerprint)


def _writable(mode: int | None) -> Iterator[TrustFinding]:
    # sshd looks neither at the owner nor at the mode of this file (OpenSSH 9.2, tried out).
    if mode is not None and mode & 0o022:
        who = "everybody" if mode & 0o002 else "its group"
        text = f"{who} may write to it, and so let in whom they like; sshd does not look at that"
        yield TrustFinding(TrustFault.WRITABLE, 0, 0, text, "chmod 644")
