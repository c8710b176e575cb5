"""The path of cloudflared as ssh_config takes it: in `exec "…"`, and in a ProxyCommand.

Both are run by a shell: ``cmd.exe /c`` on Windows, elsewhere the user's own (``$SHELL -c``). Until
OpenSSH 9.9 the text in ``exec "…"`` ends at the next double quote and knows no escape, and from 9.9
on a backslash before a quote or a backslash is one; ``%`` begins a token in both (ssh_config(5),
readconf.c). So a path gets single quotes where a shell needs them, and what no quotes make safe in
all of these is refused. For cmd.exe blanks cannot be quoted there (coder/coder, issue 18199): the
two folders of programs are written by their short names, which Windows gives them on its own volume
unless somebody has switched that off (*guess*: nobody has).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from ztctl.core.model.diagnostics import Failure

System = Literal["posix", "windows"]

# Where the packages put it: Homebrew's own folders; `/usr/bin` of the deb and rpm packages, which
# link it to `/usr/local/bin` (cloudflared, postinst.sh); the 64-bit MSI (cloudflared.wxs).
MACOS: Final = "/opt/homebrew/bin/cloudflared"
MACOS_INTEL: Final = "/usr/local/bin/cloudflared"
LINUX: Final = "/usr/bin/cloudflared"
WINDOWS: Final = "C:\\Program Files\\cloudflared\\cloudflared.exe"

_LONGEST: Final = 1024
# What sh, bash, zsh, fish and tcsh all leave alone.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@+=:,./-]+", re.ASCII)
_WINDOWS: Final = re.compile(r"[A-Za-z]:(?:[\\/][\w.~+-]+)+")
_SHORT: Final = (
    (re.compile(r"(?i)\A([a-z]:[\\/])program files \(x86\)(?=[\\/])"), r"\1PROGRA~2"),
    (re.compile(r"(?i)\A([a-z]:[\\/])program files(?=[\\/])"), r"\1PROGRA~1"),
)
_NO_BLANKS: Final = "copy cloudflared.exe to a folder without blanks, such as C:\\cloudflared"


@dataclass(frozen=True, slots=True)
class Executable:
    """cloudflared on a laptop.

    Attributes:
        path: as people write it.
        system: whose shell runs it.
        word: the path as one word of a command in ssh_config.
    """

    path: str
    system: System
    word: str

    @classmethod
    def at(cls, path: str) -> Executable:
        """Take an absolute path, of either system.

        Raises:
            Failure: it is relative, or no quoting makes it safe.
        """
        if re.match(r"[A-Za-z]:[\\/]", path):
            return cls(path, "windows", _on_windows(path))
        return cls(path, "posix", _on_posix(path))


def _on_posix(path: str) -> str:
    if not path.startswith("/"):
        hint = "name it whole, such as /usr/local/bin/cloudflared: an editor has another PATH"
        raise Failure(f"{path!r} is no absolute path", hint)
    _refuse_unless(len(path) <= _LONGEST and path.isprintable(), path)
    # The user's shell may be tcsh, where `!` works in quotes as well.
    _refuse_unless(not set(path) & set("\"'\\!"), path)
    _refuse_unless(not path.endswith("/"), path)
    quoted = path if _PLAIN.fullmatch(path) else f"'{path}'"
    return quoted.replace("%", "%%")


def _on_windows(path: str) -> str:
    found = path
    for pattern, short in _SHORT:
        found = pattern.sub(short, found)
    if " " in found:
        raise Failure(f"{path!r}: ssh_config cannot quote the blanks in it", _NO_BLANKS)
    _refuse_unless(len(path) <= _LONGEST and _WINDOWS.fullmatch(found) is not None, path)
    return found


def _refuse_unless(is_safe: bool, path: str) -> None:
    if not is_safe:
        hint = "move or link it to a plain path: letters, digits, and none of \" ' ! \\"
        raise Failure(f"{path!r} cannot be written into ssh_config safely", hint)
