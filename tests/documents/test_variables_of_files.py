"""Variables are replaced inside texts, and a file reads no more of the environment than it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from ztctl.core.model.declared import Declared

from .workshop import Workshop

HEAD = "version: 1\nstack: prod\n"


def comment_of(declared: Declared) -> object:
    """The comment of the only policy."""
    (policy,) = declared.wanted
    return policy.values["comment"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${env.ZTCTL_NAME}", "from env"),
        ("a ${env.ZTCTL_NAME} b", "a from env b"),
        ("${env.ZTCTL_NONE:-default}", "default"),
        ("${env.ZTCTL_EMPTY:-default}", "default"),
        ("${env.ZTCTL_NAME:-default}", "from env"),
        ("x${env.ZTCTL_NONE:-}", "x"),
        ("${var.here}", "from vars"),
        ("${var.both}", "from --var"),
        ("${var.through}", "is from env"),
        ("$${env.ZTCTL_NAME}", "${env.ZTCTL_NAME}"),
        ("$$${var.here}", "$${var.here}"),
        ("costs $5 {a}", "costs $5 {a}"),
    ],
)
def test_variables_are_replaced_inside_texts(workshop: Workshop, written: str, value: str) -> None:
    """Each form gives its value, and `$${` gives what it protects."""
    declared = workshop.load(
        f"{HEAD}vars: {{here: from vars, both: x, through: 'is ${{env.ZTCTL_NAME}}'}}\n"
        f"policies: {{p: {{comment: '{written}'}}}}\n",
        variables={"both": "from --var"},
        environment={"ZTCTL_NAME": "from env", "ZTCTL_EMPTY": ""},
    )

    assert value == comment_of(declared)


def test_the_command_line_goes_before_files_of_variables(workshop: Workshop) -> None:
    """`--var` over `--var-file` over `vars`, and of two files the later one wins."""
    declared = workshop.load_files(
        {
            "z.yaml": HEAD
            + "vars: {a: vars, b: vars, c: vars, d: vars}\n"
            + "policies: {p: {comment: '${var.a} ${var.b} ${var.c} ${var.d}'}}\n",
            "one.yaml": "a: one\nb: one\nc: one\n",
            "two.yaml": "a: two\nb: two\n",
        },
        "z.yaml",
        variables={"a": "--var"},
        variable_files=[Path("one.yaml"), Path("two.yaml")],
    )

    assert comment_of(declared) == "--var two one vars"


def test_a_value_is_no_yaml(workshop: Workshop) -> None:
    """What a variable holds cannot change the structure of a file."""
    declared = workshop.load(
        HEAD + "policies: {p: {comment: '${env.ZTCTL_X}'}}\n",
        environment={"ZTCTL_X": "}}, removed: [{address: tunnel.edge}] # ${var.x}"},
    )

    assert comment_of(declared) == "}}, removed: [{address: tunnel.edge}] # ${var.x}"


def test_the_model_gives_the_type_after_replacement(workshop: Workshop) -> None:
    """A boolean may come out of a variable, where it is written without quotes."""
    declared = workshop.load(
        HEAD + "tunnels:\n  t:\n    ingress:\n      - service: x\n        access: ${var.b}\n",
        variables={"b": "false"},
    )

    (tunnel,) = declared.wanted
    assert tunnel.values["ingress"][0]["access"] is False


def test_keys_take_variables_too(workshop: Workshop) -> None:
    """A name may differ from one environment to the next."""
    declared = workshop.load(
        HEAD + "policies:\n  team-${var.x}:\n    comment: c\n", variables={"x": "blue"}
    )

    assert [str(one.address) for one in declared.wanted] == ["access_policy.team-blue"]


def test_keys_stay_unique(workshop: Workshop) -> None:
    """Two keys that become one are a problem with both places."""
    problems = workshop.problems(HEAD + "policies:\n  p-x:\n  p-${var.x}:\n", variables={"x": "x"})

    assert problems == [
        (
            "ztctl.yaml:5:3: the key `p-x` is here twice once variables are replaced"
            " -> it stands first at ztctl.yaml:4:3"
        )
    ]


def test_what_was_read_from_the_environment_is_reported(workshop: Workshop) -> None:
    """Views can mask what came from the environment, and nothing else."""
    declared = workshop.load(
        HEAD
        + "account: ${env.CLOUDFLARE_ACCOUNT_ID}\nteam: ${env.TEAM}\n"
        + "policies: {p: {comment: '${env.ZTCTL_NONE:-d}'}}\n",
        environment={"CLOUDFLARE_ACCOUNT_ID": "0123", "TEAM": "t", "ZTCTL_OTHER": "o"},
        allow_env=["TEAM"],
    )

    found = {name: texts[0] for name, texts in declared.environment.items()}
    assert found == {"CLOUDFLARE_ACCOUNT_ID": "0123", "TEAM": "t"}


def test_a_file_cannot_read_the_token(workshop: Workshop) -> None:
    """A name that is not allowed is refused with the way to allow it, whatever its value."""
    problems = workshop.problems(
        HEAD + "policies:\n  p:\n    comment: ${env.CLOUDFLARE_API_TOKEN:-x}\n",
        environment={"CLOUDFLARE_API_TOKEN": "s3cret"},
    )

    assert problems == [
        (
            "ztctl.yaml:5:14: the file may not read CLOUDFLARE_API_TOKEN from the environment"
            " -> allow it with --allow-env CLOUDFLARE_API_TOKEN if the value is no secret"
        )
    ]


def test_a_comment_of_yaml_reads_nothing(workshop: Workshop) -> None:
    """What stands behind `#` is no text of the file."""
    declared = workshop.load(HEAD + "# ${env.CLOUDFLARE_API_TOKEN} ${nonsense\n")

    assert declared.environment == {}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("${env.ZTCTL_X}", "the environment variable ZTCTL_X is not set"),
        ("${env.ZTCTL_EMPTY}", "the environment variable ZTCTL_EMPTY is empty"),
        ("${var.x}", "there is no variable `x`"),
        ("${HOME}", "`${HOME}` is not a variable"),
        ("${env.}", "`${env.}` is not a variable"),
        ("${}", "`${}` is not a variable"),
        ("${var.known:-x}", "`${var.known:-x}` is not a variable"),
        ("${env.ZTCTL_X", "`${` is not closed, or holds another one"),
        ("${env.ZTCTL_X:-${var.known}}", "`${` is not closed, or holds another one"),
        ("${env.ZTCTL_BYTES}", "the value of `${env.ZTCTL_BYTES}` is not UTF-8"),
    ],
)
def test_what_cannot_be_replaced_is_a_problem(
    workshop: Workshop, written: str, problem: str
) -> None:
    """An unset, unknown or broken variable is told at its place, once."""
    problems = workshop.problems(
        f"{HEAD}vars: {{known: k}}\npolicies:\n  p:\n    precedence: '{written}'\n",
        environment={"ZTCTL_EMPTY": "", "ZTCTL_BYTES": "\udcff"},
    )

    assert [f"ztctl.yaml:6:17: {problem}"] == [one.partition(" -> ")[0] for one in problems]


def test_a_misspelt_variable_gets_a_suggestion(workshop: Workshop) -> None:
    """The nearest variable is named."""
    problems = workshop.problems(
        HEAD + "vars: {region: x}\npolicies: {p: {comment: '${var.regoin}'}}\n"
    )

    assert problems == ["ztctl.yaml:4:25: there is no variable `regoin` -> did you mean `region`?"]


def test_variables_in_a_circle_are_named(workshop: Workshop) -> None:
    """The ring is told once, however many texts need it."""
    problems = workshop.problems(
        HEAD + "vars:\n  a: ${var.b}\n  b: ${var.c}\n  c: ${var.a}\n"
        "policies: {p: {comment: '${var.a} ${var.b}'}}\n"
    )

    assert problems == ["ztctl.yaml:6:6: variables need each other in a circle: a → b → c → a"]


def test_variables_cannot_fill_the_memory(workshop: Workshop) -> None:
    """Doubling a text sixty times stops at ten megabytes."""
    doubled = "".join(f"  a{i}: ${{var.a{i - 1}}}${{var.a{i - 1}}}\n" for i in range(1, 60))

    problems = workshop.problems(f"{HEAD}vars:\n  a0: {'x' * 1000}\n{doubled}")

    assert [one.split(": ")[1] for one in problems] == ["variables add more than 10 MB of text"]


def test_a_long_chain_of_variables_stops(workshop: Workshop) -> None:
    """Ten thousand variables in a row are a problem and no exhausted stack."""
    chain = "".join(f"  a{i}: ${{var.a{i + 1}}}\n" for i in range(10_000))

    problems = workshop.problems(f"{HEAD}vars:\n{chain}  a10000: end\n")

    assert "variables need each other more than 64 deep" in problems[0]


WRITTEN_OUT = (
    "write a list out where it is used, or below `x-lists:` for aliases (`&name`, `*name`)"
)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("vars: [a]", "ztctl.yaml:3:7: `vars` must be a mapping from names to values"),
        (
            "vars: {a: [b]}",
            f"ztctl.yaml:3:8: the variable `a` must be a single value -> {WRITTEN_OUT}",
        ),
    ],
)
def test_variables_are_single_values(workshop: Workshop, section: str, problem: str) -> None:
    """A list or a mapping cannot be put into a text."""
    problems = workshop.problems(f"{HEAD}{section}\n")

    assert [problem] == problems


def test_values_of_the_environment_are_masked_in_problems(workshop: Workshop) -> None:
    """A problem never repeats what came from the environment."""
    problems = workshop.problems(
        HEAD + "applications: {a: {session_duration: '${env.ZTCTL_X}'}}\n"
        "policies: {p: {precedence: 'at ${env.ZTCTL_X}', decision: '${env.ZTCTL_LONG}'}}\n",
        environment={"ZTCTL_X": "p4ssword", "ZTCTL_LONG": "q" * 100},
    )

    text = "\n".join(problems)
    assert ("p4ss" not in text, "qqq" not in text) == (True, True)
    assert "'(env ZTCTL_X)' is not a duration" in text
