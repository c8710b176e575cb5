"""What the documents say is what the product does."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from ztctl.cli.app import app
from ztctl.cli.exits import Exit
from ztctl.cli.options import OutputFormat
from ztctl.core.model.identity import Fields
from ztctl.documents.accept_file import read_accepted
from ztctl.documents.models import Host, Top
from ztctl.kinds.registry import KINDS
from ztctl.views.factory import Format

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / "tests").rglob("README.md"),
    ]
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
OURS = re.compile(r"(?:^|[\s;&|({])(ztctl(?: [a-z][a-z-]*)*)((?: [^\s;&|)]+)*)")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def name_of(page: Path) -> str:
    """A page as a link from the top spells it."""
    return str(page.relative_to(ROOT))


def commands() -> dict[str, Any]:
    """Every command by its words, such as ``ztctl sandbox serve``."""
    return dict(_commands("ztctl", typer.main.get_command(app)))


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(f"{words} {name}", inner)


def options(command: Any) -> set[str]:
    """The spellings of a command's options."""
    spelt = (word for item in command.params for word in item.opts)
    return {"--help", "-h", *(word for word in spelt if word.startswith("-"))}


def text_of(name: str) -> str:
    """A page."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@EVERY_PAGE
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Each link that is not to the network names a file, and a heading if it names one."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))

    for link in LINK.findall(text):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_every_page_is_found_from_the_first() -> None:
    """Following links from the README one comes to every page."""
    seen, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page not in seen:
            seen.add(page)
            links = LINK.findall(page.read_text(encoding="utf-8"))
            local = [link.partition("#")[0] for link in links if "://" not in link]
            waiting += [(page.parent / link).resolve() for link in local if link]

    assert seen == set(PAGES)


@pytest.mark.parametrize("page", ["README.md", "docs/reference/commands.md"])
def test_every_command_is_told(page: str) -> None:
    """Both lists of commands name each command."""
    text = text_of(page)

    missing = [
        words
        for words, command in commands().items()
        for group, _, last in [words.rpartition(" ")]
        if not hasattr(command, "commands") and f"`{words}" not in text
        if not re.search(rf"`{group} .*`{last}`", text)
    ]
    assert missing == []


def test_every_format_is_told() -> None:
    """The reference names each output format, and there is a view of each."""
    told = r"\|".join(OutputFormat)

    assert f"`--format {told}`" in text_of("docs/reference/commands.md")
    assert [*OutputFormat] == [*get_args(Format)]


def test_every_option_is_told() -> None:
    """The reference names each option, and the commands that take it; no others."""
    told = {(option, word) for option, words in _told_options() for word in words}

    taken = {
        (option, words.split()[-1])
        for words, command in commands().items()
        if not hasattr(command, "commands")
        for option in options(command) - {"-h", "--help"}
    }
    assert told == taken


def _told_options() -> Iterator[tuple[str, list[str]]]:
    """Each option of the reference, and the commands of its row, or else of its section."""
    text = text_of("docs/reference/commands.md").partition("\n## Options\n")[2]
    groups = {name.split()[-1] for name, it in commands().items() if hasattr(it, "commands")}
    for section in text.partition("\n## ")[0].split("\n### ")[1:]:
        everyone = re.findall(r"^Of ([\w, -]+);", section, re.MULTILINE)
        for row in re.findall(r"^\| (`-.+) \|$", section, re.MULTILINE):
            cells = re.split(r" (?<!\\)\| ", row)
            named = re.findall(r"[\w-]+", everyone[0] if everyone else cells[1])
            words = [word for word in named if word not in groups]
            for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", cells[0]):
                yield option, words


@pytest.mark.parametrize("page", ["README.md", "docs/reference/commands.md"])
def test_every_exit_code_is_told(page: str) -> None:
    """Both tables hold the exit codes of the product, and no others."""
    table = text_of(page).partition("| exit | meaning |")[2].partition("\n\n")[0]

    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(Exit)


@EVERY_PAGE
def test_commands_in_blocks_exist(page: Path) -> None:
    """Each `ztctl …` of a block is a command, and each of its options one that it has."""
    known = commands()

    for language in ("console", "sh"):
        for line in "".join(blocks(page, language)).splitlines():
            for words, rest in OURS.findall(line.partition("#")[0]):
                fitting = [name for name in known if f"{words} ".startswith(f"{name} ")]
                command = max(fitting, key=len)
                given = {word for word in shlex.split(rest) if word.startswith("-")}
                assert not hasattr(known[command], "commands"), line
                assert given <= options(known[command]), line


@EVERY_PAGE
def test_scripts_in_blocks_exist(page: Path) -> None:
    """Each script of the repository that a block runs is there and may be run."""
    for line in "".join(blocks(page, "console")).splitlines():
        for name in re.findall(r"^\$ ((?:scripts|\.ci)/\w+)", line):
            assert (ROOT / name).stat().st_mode & 0o111, name


SNIPPETS = [
    pytest.param(text, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "python"), 1)
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_python_in_pages_runs_as_it_stands(text: str, tmp_path: Path) -> None:
    """Each block can be pasted into a file of its own."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def test_integration_runs_the_test_command_of_the_readme() -> None:
    """What the README tells people to run is what continuous integration runs."""
    readme = [block.strip() for block in blocks(ROOT / "README.md", "console")]

    assert "$ scripts/test" in readme
    assert "./scripts/test" in text_of(".ci/run").splitlines()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")], ids=name_of)
def test_whole_files_in_pages_are_valid(
    page: Path, ztctl: Callable[..., Any], tmp_path: Path
) -> None:
    """Each block that is a whole file passes `ztctl validate`, or is read by `audit --accept`."""
    for number, text in enumerate(blocks(page, "yaml")):
        if not text.startswith("version:"):
            continue
        file = tmp_path / f"{number}.yaml"
        file.write_text(text)
        if "\naccept:" in text:
            assert read_accepted(file)
        else:
            ended = ztctl("validate", "-f", str(file))
            assert ended.code == 0, ended.err


def test_the_plan_of_the_readme_is_a_plan(ztctl: Callable[..., Any], tmp_path: Path) -> None:
    """The README shows word for word what ztctl prints for the edit that it describes."""
    folder = tmp_path / "examples" / "quickstart"
    shutil.copytree(ROOT / "examples" / "quickstart", folder)
    file = folder / "ztctl.yaml"
    ztctl("apply", "--sandbox", "--auto-approve", "-f", str(folder))
    edited = file.read_text()
    for old, new in (
        ("country: [PT, US]", "country: [PT, US, ES]"),
        ("session_duration: 8h", "session_duration: 4h"),
    ):
        edited = edited.replace(old, new)
    file.write_text(edited)

    planned = ztctl("plan", "--sandbox", "-f", str(folder)).out

    assert blocks(ROOT / "README.md", "text") == [planned]


def test_the_screens_of_the_readme_are_up_to_date(tmp_path: Path) -> None:
    """The pictures are what ztctl prints on a terminal of 80 columns."""
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "screens.py"), str(tmp_path)], check=True
    )

    for drawn in tmp_path.iterdir():
        assert drawn.read_text() == text_of(f"docs/screens/{drawn.name}")


@pytest.mark.parametrize(("words", "name"), [([], "file"), (["audit"], "audit")])
def test_the_reference_is_up_to_date(words: list[str], name: str) -> None:
    """The page is what scripts/reference writes."""
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert made.stdout == text_of(f"docs/reference/{name}.md")


def test_every_field_of_a_kind_is_told() -> None:
    """The reference of the file has a section for each kind with each of its fields."""
    declared = [kind for kind in KINDS.values() if kind.section]

    for kind in declared:
        assert _fields(kind.section) == list(kind.model.model_fields), "run scripts/reference"


@pytest.mark.parametrize(("heading", "model"), [("hosts", Host), ("The top", Top)])
def test_every_field_outside_the_kinds_is_told(heading: str, model: type[Fields]) -> None:
    """So have the short form and the top of the file."""
    names = [field.alias or name for name, field in model.model_fields.items()]

    assert [name for name in _fields(heading) if name != "vars"] == names


def _fields(heading: str) -> list[str]:
    section = text_of("docs/reference/file.md").partition(f"\n## {heading}\n")[2]
    return re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.MULTILINE)


def test_every_permission_is_told() -> None:
    """The guide's table holds each permission that a call names when it is refused."""
    from ztctl.kinds import common, zone_applications

    names = {value for value in vars(common).values() if isinstance(value, str) and " · " in value}
    names.add(zone_applications.PERMISSION)

    assert len(names) > 4
    assert set(
        re.findall(r"^\| (\w+ · [^|]+) \|", text_of("docs/guides/token.md"), re.MULTILINE)
    ) == (names)


def test_the_permissions_of_the_readme_are_those(
    ztctl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README shows word for word what `ztctl permissions` prints."""
    (block,) = (it for it in blocks(ROOT / "README.md", "console") if "$ ztctl permissions" in it)
    command, _, shown = block.partition("\n")
    words = command.removeprefix("$ ztctl ").replace("examples/", f"{ROOT}/examples/").split()

    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "0" * 32)
    told = ztctl(*words)

    assert told.out == shown


def test_the_changelog_knows_the_version() -> None:
    """The newest entry of the changelog is for the version at hand."""
    from ztctl import __version__

    found = re.findall(r"^## \[([^\]]+)\]", text_of("CHANGELOG.md"), re.MULTILINE)

    assert found[0] in (__version__, "Unreleased")
