"""Substitute `${env.NAME}`, `${env.NAME:-default}` and `${var.NAME}` in the scalars of a file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.diagnostics import Failure, Problem, Where
from ztctl.documents.nodes import MappingNode, Node, Pair, Scalar, SequenceNode
from ztctl.documents.suggest import nearest

MAX_ADDED: Final = 10_000_000
MAX_CHAIN: Final = 64

_OPENING: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_ENV: Final = re.compile(r"env\.([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_VAR: Final = re.compile(r"var\.([A-Za-z_][A-Za-z0-9_-]*)")
_FORMS: Final = (
    "write `${env.NAME}`, `${env.NAME:-default}` or `${var.NAME}`; `$${` is a plain `${`"
)


@dataclass(frozen=True, slots=True)
class Environment:
    """The process environment, and which of its variables a file may read.

    A file may come from a pull request, and must not send secrets of the machine that plans it to
    Cloudflare or to a log.
    """

    values: Mapping[str, str]
    allowed: Collection[str] = ()

    def may_read(self, name: str) -> bool:
        """Whether a file may read this variable."""
        return name == "CLOUDFLARE_ACCOUNT_ID" or name.startswith("ZTCTL_") or name in self.allowed


class _Unresolvable(Failure):
    """A scalar whose variables cannot be substituted.

    ``summary`` is empty when the cause is reported where the variable is declared.
    """


class Variables:
    """Substitutes variables; a scalar that cannot be substituted keeps its spelling.

    Args:
        declared: values from files, which may use variables themselves.
        given: values from the command line, which are taken literally and override ``declared``.
        environment: what ``${env.NAME}`` may read.

    Attributes:
        used: what was read from the environment, name to value.
        leaves: whole scalars into which a value of the environment went, by its name.
        problems: what is wrong, one problem a position.
        broken: positions of scalars that keep an unresolved variable.
    """

    def __init__(
        self,
        declared: Mapping[str, Scalar | None],
        given: Mapping[str, str],
        environment: Environment,
    ) -> None:
        self.used: dict[str, str] = {}
        self.leaves: dict[str, set[str]] = defaultdict(set)
        self.problems: list[Problem] = []
        self.broken: set[Where] = set()
        self._declared = declared
        self._environment = environment
        self._resolved: dict[str, str] = dict(given)
        # What has no usable value was told where it is declared.
        self._failed = {name for name, value in declared.items() if value is None} - given.keys()
        self._resolving: list[str] = []
        # What the scalar that is being expanded has read, and what each variable has.
        self._read: set[str] = set()
        self._sources: dict[str, set[str]] = {}
        self._added = 0
        for name in declared:
            self._resolve(name)

    def substituted(self, node: Node) -> Node:
        """Substitute every variable in a node, in values and in keys."""
        if isinstance(node, Scalar):
            return self._scalar(node) if "${" in node else node
        if isinstance(node, SequenceNode):
            return SequenceNode(tuple(self.substituted(item) for item in node.items), node.where)
        entries: dict[str, Pair] = {}
        for old, value in node.entries.values():
            key = self._scalar(old) if "${" in old else old
            if key in entries:
                first = entries[key][0].where
                summary = f"the key `{key}` is here twice once variables are replaced"
                self.problems.append(Problem(summary, key.where, f"it stands first at {first}"))
            entries.setdefault(key, (key, self.substituted(value)))
        return MappingNode(entries, node.where)

    def _scalar(self, node: Scalar) -> Scalar:
        self._read = set()
        try:
            text = self._expanded(node)
            for name in self._read:
                self.leaves[name].add(text)
            return node.with_text(text, plain=node.plain)
        except _Unresolvable as failure:
            self._report(failure, node.where)
            return node

    def _report(self, failure: _Unresolvable, where: Where) -> None:
        self.broken.add(where)
        if failure.summary:
            self.problems.append(Problem(failure.summary, where, failure.hint))

    def _expanded(self, text: str) -> str:
        return _OPENING.sub(self._expand_match, text)

    def _expand_match(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        value = _encodable(match[0], self._value(match[0], match[1]))
        # Counts every expansion: variables that double one another grow exponentially.
        self._added += len(value)
        if self._added > MAX_ADDED:
            raise _Unresolvable(f"variables add more than {MAX_ADDED // 1_000_000} MB of text")
        return value

    def _value(self, spelt: str, inner: str | None) -> str:
        if inner is None:
            raise _Unresolvable("`${` is not closed, or holds another one", _FORMS)
        if env := _ENV.fullmatch(inner):
            return self._from_environment(env[1], env[2])
        if var := _VAR.fullmatch(inner):
            return self._from_variables(var[1])
        raise _Unresolvable(f"`{spelt}` is not a variable", _FORMS)

    def _from_environment(self, name: str, default: str | None) -> str:
        if not self._environment.may_read(name):
            raise _Unresolvable(
                f"the file may not read {name} from the environment",
                f"allow it with --allow-env {name} if the value is no secret",
            )
        # As with `:-` in a shell, an empty value counts as unset.
        value = self._environment.values.get(name, "")
        if value:
            self.used[name] = value
            self._read.add(name)
            return value
        if default is None:
            state = "empty" if name in self._environment.values else "not set"
            hint = f"set it, or give a default: `${{env.{name}:-default}}`"
            raise _Unresolvable(f"the environment variable {name} is {state}", hint)
        return default

    def _from_variables(self, name: str) -> str:
        if name not in self._resolved and name not in self._declared:
            near = nearest(name, tuple(self._declared))
            hint = f"did you mean `{near}`?" if near else "declare it under `vars`, or give --var"
            raise _Unresolvable(f"there is no variable `{name}`", hint)
        if name in self._resolving:
            ring = " → ".join((*self._resolving[self._resolving.index(name) :], name))
            raise _Unresolvable(f"variables need each other in a circle: {ring}")
        if len(self._resolving) >= MAX_CHAIN:
            raise _Unresolvable(f"variables need each other more than {MAX_CHAIN} deep")
        self._resolve(name)
        if name in self._failed:
            raise _Unresolvable("")
        self._read |= self._sources.get(name, set())
        return self._resolved[name]

    def _resolve(self, name: str) -> None:
        if name in self._resolved or name in self._failed:
            return
        node = self._declared[name]
        assert node is not None, "it would have failed already"
        self._resolving.append(name)
        outer, self._read = self._read, set()
        try:
            self._resolved[name] = self._expanded(node)
            self._sources[name] = self._read
        except _Unresolvable as failure:
            self._failed.add(name)
            self._report(failure, node.where)
        finally:
            self._resolving.pop()
            self._read = outer


def _encodable(spelt: str, value: str) -> str:
    # The environment and the command line may hold bytes that are no UTF-8, as lone surrogates.
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    raise _Unresolvable(f"the value of `{spelt}` is not UTF-8")
