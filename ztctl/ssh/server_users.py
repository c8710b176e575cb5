"""Who logs in as whom: the users file of a server, as `install.sh` applies it.

Lines of words parted by tabs, and comments behind ``#``:
``account NAME``, ``alias NAME EXISTING``, ``principals ACCOUNT NAME[,NAME...]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ztctl.core.model.diagnostics import Problem, Where

# What Debian's useradd takes of a name that certificates carry, 32 characters at most. A pattern,
# such as `*`, is no name: whoever Access admits to the host could log in as that account.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]{0,31}")
_WORDS: Final = {"account": 1, "alias": 2, "principals": 2}


def is_account_name(text: str) -> bool:
    """Whether an account, and the name in a certificate, can be called so."""
    return _NAME.fullmatch(text) is not None


def mapping_line(text: str) -> str:
    """The line of a users file for ``ACCOUNT=NAME[,NAME...]``.

    Raises:
        ValueError: it is not of that form; says why.
    """
    account, equals, listed = text.partition("=")
    names = [it.strip() for it in listed.split(",")]
    if not equals or not is_account_name(account):
        raise ValueError(f"{text!r} is not ACCOUNT=NAME,…")
    for name in names:
        if not is_account_name(name):
            raise ValueError(f"{name!r} is no name: {_why(name)}")
    return f"principals\t{account}\t{','.join(names)}\n"


def users_problems(text: str, file: str) -> Iterator[Problem]:
    """All that is wrong with a users file."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            for what in _faults(line.split("\t")):
                yield Problem(what, Where(file, number, 1), "tabs part the words of a line")


def _faults(words: Sequence[str]) -> Iterator[str]:
    kind, *rest = words
    if kind not in _WORDS:
        yield f"{kind!r} is none of account, alias, principals"
    elif len(rest) != _WORDS[kind]:
        yield f"{kind} takes {_WORDS[kind]} more words, not {len(rest)}"
    else:
        named = rest[:1] + (rest[1].split(",") if kind == "principals" else rest[1:])
        yield from (f"{it!r} is no name: {_why(it)}" for it in named if not is_account_name(it))


def _why(name: str) -> str:
    if set(name) & set("*?"):
        return "everybody whom Access admits could log in as that account; name each person"
    return "letters, digits and _ . + - make one, not more than 32, and no digit first"
