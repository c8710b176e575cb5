"""Who may know whom. Imports inside functions and for type checkers count like all others."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import ztctl
from ztctl.core.model.flows import Flows
from ztctl.core.model.identity import Identity
from ztctl.core.model.kind import Kind
from ztctl.kinds.registry import KINDS

PACKAGE = Path(ztctl.__file__).parent
TESTS = Path(__file__).parent
LONGEST = 500

# What stands on the left may import what stands on the right, and itself.
ARROWS: dict[str, frozenset[str]] = {
    "core": frozenset(),
    "kinds": frozenset({"core"}),
    "documents": frozenset({"core"}),
    "views": frozenset({"core"}),
    "cloudflare": frozenset({"core"}),
    "engine": frozenset({"core"}),
    "ssh": frozenset({"core"}),
    "sandbox": frozenset(),
    "cli": frozenset(
        {"core", "kinds", "documents", "views", "cloudflare", "engine", "ssh", "sandbox"}
    ),
}
# The core has three floors: planning stands on reach, and everything stands on model.
CORE: dict[str, frozenset[str]] = {
    "model": frozenset(),
    "reach": frozenset({"model"}),
    "planning": frozenset({"model", "reach"}),
    "runs": frozenset({"model"}),
}
# The version alone lives at the top of the package; the sandbox does not even know that.
KNOWS_THE_VERSION = ("cloudflare", "engine", "cli")

# What each folder may use of what others wrote.
BORROWED: dict[str, frozenset[str]] = {
    "core": frozenset({"pydantic", "pydantic_core", "deepdiff", "idna"}),
    "kinds": frozenset({"pydantic", "pydantic_core"}),
    "documents": frozenset({"pydantic", "pydantic_core", "yaml"}),
    "views": frozenset({"rich", "jinja2"}),
    "cloudflare": frozenset({"httpx"}),
    "engine": frozenset(),
    "ssh": frozenset({"cryptography"}),
    "sandbox": frozenset(
        {"httpx", "starlette", "uvicorn", "h11", "wsproto", "cryptography", "idna"}
    ),
    "cli": frozenset({"typer"}),
}
# What is costly, or belongs to one matter, has one door.
ONLY_IN: dict[str, frozenset[str]] = {
    "deepdiff": frozenset({"ztctl.core.planning.compare"}),
    "rich": frozenset({"ztctl.views.terminal"}),
    "jinja2": frozenset({"ztctl.views.sheet_html"}),
    "starlette": frozenset({"ztctl.sandbox.server"}),
    "uvicorn": frozenset({"ztctl.sandbox.server"}),
}
EFFECTS = frozenset(
    {
        "asyncio",
        "concurrent",
        "datetime",
        "ftplib",
        "getpass",
        "glob",
        "http",
        "io",
        "locale",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "zoneinfo",
    }
)
FORBIDDEN_CALLS = frozenset({"print", "input", "breakpoint", "exit", "quit", "SystemExit"})
FORBIDDEN_ATTRIBUTES = frozenset(
    {("sys", "exit"), ("os", "_exit"), ("os", "environ"), ("os", "getenv"), ("sys", "argv")}
)


def module_of(file: Path) -> str:
    """The dotted name of a file of the package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(module: str) -> str:
    """The folder of the package in which a module lies; empty for the top."""
    return module.split(".")[1] if module.count(".") else ""


TREES = {module_of(file): ast.parse(file.read_text()) for file in sorted(PACKAGE.rglob("*.py"))}
MODULES = tuple(TREES)


def imported(module: str) -> Iterator[str]:
    """Every module that a module imports, wherever in it."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            inner = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name if name in TREES else base for name in inner)


def of_folder(folder: str) -> list[str]:
    """The modules of one folder."""
    found = [module for module in MODULES if folder_of(module) == folder]
    assert found, f"the folder {folder} is empty"
    return found


def imported_by_tests(below: str = "") -> Iterator[tuple[Path, str]]:
    """What each file of the tests imports, by its full dotted name."""
    for file in sorted((TESTS / below).rglob("*.py")):
        package = ("tests", *file.relative_to(TESTS).parts[:-1])
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = package[: len(package) + 1 - node.level] if node.level else ()
                base = ".".join((*start, *(node.module or "").split(".")))
                yield from ((file, f"{base}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("folder", ARROWS)
def test_a_folder_imports_only_where_its_arrows_lead(folder: str) -> None:
    """A folder knows itself and the folders that its arrows lead to, and no others."""
    known = ARROWS[folder] | {folder} | ({""} if folder in KNOWS_THE_VERSION else set())

    strangers = {
        f"{module} imports {name}"
        for module in of_folder(folder)
        for name in imported(module)
        if name.split(".")[0] == "ztctl" and folder_of(name) not in known
    }

    assert strangers == set()


@pytest.mark.parametrize("room", CORE)
def test_the_floors_of_the_core_stand_on_each_other(room: str) -> None:
    """A room of the core imports itself and the rooms below it, and no others."""
    strangers = {
        f"{module} imports {name}"
        for module in of_folder("core")
        if module.startswith(f"ztctl.core.{room}.")
        for name in imported(module)
        if name.startswith("ztctl.core.") and name.split(".")[2] not in CORE[room] | {room}
    }

    assert strangers == set()


def test_the_core_is_its_rooms() -> None:
    """Every module of the core lies in one of its rooms."""
    assert {module.split(".")[2] for module in of_folder("core") if module.count(".") > 1} == (
        CORE.keys()
    )


def test_every_folder_has_its_arrows() -> None:
    """No folder of the package stands outside the rules."""
    folders = {folder_of(module) for module in MODULES} - {"", "__main__"}

    assert folders == ARROWS.keys()


@pytest.mark.parametrize("folder", BORROWED)
def test_a_folder_borrows_only_what_it_needs(folder: str) -> None:
    """A folder uses only those packages of others that its work needs."""
    own = sys.stdlib_module_names | {"ztctl"}

    borrowed = {
        name.split(".")[0] for module in of_folder(folder) for name in imported(module)
    } - own

    assert borrowed <= BORROWED[folder]


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_costly_package_has_one_door(package: str) -> None:
    """A package that is costly to import is imported in one place."""
    users = {
        module for module in MODULES for name in imported(module) if name.split(".")[0] == package
    }

    assert users == ONLY_IN[package]


def test_the_core_is_pure() -> None:
    """The core reaches neither file, clock, chance, environment nor network."""
    assert {name.split(".")[0] for module in of_folder("core") for name in imported(module)} & (
        EFFECTS
    ) == set()


def test_a_kind_does_nothing_itself() -> None:
    """A kind says what to ask; it neither asks nor reads a clock."""
    # Paths as text and quoting of URLs touch nothing.
    harmless = {"pathlib", "urllib.parse"}

    reached = {
        name
        for module in of_folder("kinds")
        for name in imported(module)
        if name.split(".")[0] in EFFECTS
    }

    assert reached <= harmless


@pytest.mark.parametrize("folder", [folder for folder in ARROWS if folder != "cli"])
def test_only_the_command_line_ends_prints_and_reads_the_environment(folder: str) -> None:
    """Below the command line nothing exits, prints, prompts or reads the environment."""
    edges = [f"{module} {edge}" for module in of_folder(folder) for edge in _edges(TREES[module])]

    assert edges == []


def _edges(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            # Only the use counts: a field may be named like a builtin.
            if node.id in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in FORBIDDEN_ATTRIBUTES:
                yield f"line {node.lineno}: {node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (node.module, alias.name) in FORBIDDEN_ATTRIBUTES:
                    yield f"line {node.lineno}: {node.module}.{alias.name}"


def test_secrets_are_revealed_in_two_modules() -> None:
    """Who turns a request into bytes asks a secret for its text, and who hands it to a person."""
    users = {
        module
        for module in MODULES
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
        if module != "ztctl.core.model.values"
    }

    assert users == {"ztctl.cloudflare.encoding", "ztctl.cli.secret_delivery"}


def test_no_module_imports_itself_by_a_detour() -> None:
    """There is no ring of imports, not even of deferred ones."""
    graph = {
        module: {name for name in imported(module) if name in TREES and name != module}
        for module in MODULES
    }

    assert len(tuple(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
def test_a_kind_lives_in_the_file_of_its_name(kind: object) -> None:
    """A registered kind stands in the one file that is called as it is."""
    assert type(kind).__module__ == f"ztctl.kinds.{getattr(kind, 'name', '')}"


def test_every_kind_is_registered() -> None:
    """No kind is written and then forgotten in the registry."""
    named = {
        module
        for module in of_folder("kinds")
        for node in TREES[module].body
        if isinstance(node, ast.ClassDef) and _gives_a_kind_its_name(node)
    }

    assert named == {f"ztctl.kinds.{kind.name}" for kind in KINDS.values()}


def _gives_a_kind_its_name(node: ast.ClassDef) -> bool:
    return any(
        isinstance(part, ast.Assign)
        and isinstance(part.value, ast.Constant)
        and [target.id for target in part.targets if isinstance(target, ast.Name)] == ["name"]
        for part in node.body
    )


def test_a_hook_is_for_several_kinds() -> None:
    """What one kind alone does is a protocol of its own, not a method of every kind."""
    contract = (Identity, Flows, Kind)
    methods = {
        name: [
            base
            for base in dict.fromkeys(
                base for kind in KINDS.values() for base in type(kind).__mro__
            )
            if base not in contract and name in vars(base)
        ]
        for part in contract
        for name, value in vars(part).items()
        if inspect.isfunction(value)
    }

    assert [name for name, users in methods.items() if len(users) == 1] == []


def test_one_more_kind_is_one_more_line() -> None:
    """Outside its own file and the registry no code names a registered kind's class."""
    classes = {type(kind).__name__ for kind in KINDS.values()}

    users = {
        module
        for module in MODULES
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ImportFrom) and classes & {alias.name for alias in node.names}
    }

    assert users == {"ztctl.kinds.registry"}


def test_every_warning_has_a_code() -> None:
    """What validate and plan warn of is made in one place, which asks for a code.

    The same place makes remarks on files that are not ztctl's, which have none.
    """
    made_by = {
        module
        for folder in ("core", "kinds", "documents", "ssh")
        for module in of_folder(folder)
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Attribute) and node.attr == "WARNING"
    }

    assert made_by == {"ztctl.core.model.lint"}


def test_core_and_documents_name_no_kind() -> None:
    """Who reaches what is derived from facts: no kind is spelt there.

    The fields of the short form say what they refer to, as fields of kinds do.
    """
    # Fields of records and of `hosts`, and a selector, are called like kinds.
    names = {*KINDS} - {"tunnel", "ca_key", "service_token"}
    used = {
        node.value
        for module in MODULES
        if module.startswith(("ztctl.core.", "ztctl.documents."))
        and module != "ztctl.documents.models"
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Constant)
    }

    assert names.isdisjoint(used)


def test_one_module_answers_what_matches_a_name() -> None:
    """Outside of it nothing looks for a wildcard at the start of a name, nor takes a glob."""
    others = [
        module
        for module in MODULES
        if folder_of(module) != "sandbox" and module != "ztctl.core.model.names"
    ]

    looking = {
        module
        for module in others
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Constant) and node.value == "*."
    }
    globbing = {module for module in others if {"fnmatch", "glob"} & {*imported(module)}}

    assert (looking, globbing) == (set(), set())


def test_a_class_has_its_name_to_itself() -> None:
    """One word names one thing: no two classes of the product are called alike."""
    named: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and folder_of(module) != "sandbox":
                named.setdefault(node.name, []).append(module)

    assert {name: found for name, found in named.items() if len(found) > 1} == {}


def test_a_file_stays_short() -> None:
    """No file holds more than five hundred lines of code; what explains it does not count."""
    lengths = {module: _lines_of_code(tree) for module, tree in TREES.items()}

    assert {module: length for module, length in lengths.items() if length > LONGEST} == {}


def _lines_of_code(tree: ast.Module) -> int:
    """Lines on which a statement or expression stands, docstrings left out."""
    texts = {
        id(node.body[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    }
    lines: set[int] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in texts:
            continue
        if isinstance(node, ast.expr | ast.stmt):
            lines |= {node.lineno, node.end_lineno or node.lineno}
        waiting += ast.iter_child_nodes(node)
    return len(lines)


def test_every_module_says_what_it_is_for() -> None:
    """Each file begins with a sentence about its purpose."""
    assert [module for module, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_every_test_states_its_promise() -> None:
    """Each test has a docstring that is a sentence."""
    silent = [
        f"{file.relative_to(TESTS)}:{node.lineno} {node.name}"
        for file in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not (inspect.cleandoc(ast.get_docstring(node) or "").partition("\n")[0].endswith("."))
    ]

    assert silent == []


def test_a_test_folder_stands_alone() -> None:
    """A test folder imports itself, what tests share, and the package; no other test folder."""
    strangers = [
        f"{file.relative_to(TESTS)} imports {name}"
        for file, name in imported_by_tests()
        for folder in [file.relative_to(TESTS).parts[0]]
        if name.split(".")[0] == "tests" and name.split(".")[1] not in {folder, "support"}
    ]

    assert strangers == []


@pytest.mark.parametrize("below", ["sandbox", "contract", "support/observer"])
def test_who_judges_the_service_shares_nothing_with_ztctl(below: str) -> None:
    """The observer and the tests of the sandbox import nothing of ztctl but the sandbox."""
    itself = f"tests.{below.replace('/', '.')}."
    shared_data = ("process", "examples", "recorded", "front_client", "sshd")
    allowed = ("ztctl.sandbox.", itself, *(f"tests.support.{name}." for name in shared_data))

    shared = [
        f"{file.relative_to(TESTS)} imports {name}"
        for file, name in imported_by_tests(below)
        if name.split(".")[0] in {"ztctl", "tests"} and not f"{name}.".startswith(allowed)
    ]

    assert shared == []


def test_the_package_is_typed() -> None:
    """Who imports ztctl gets its types."""
    assert (PACKAGE / "py.typed").exists()
