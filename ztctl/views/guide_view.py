"""Format what is left to do for SSH hosts: steps of one, or a line for each of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ztctl.core.model.guide import Commands, GuideStep, HostGuide, Progress
from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wrapping import cells

_TONES: Final = {
    Progress.DONE: Tone.QUIET,
    Progress.TODO: Tone.PLAIN,
    Progress.UNSEEN: Tone.PLAIN,
}
# Columns before the text of a step.
_COLUMN: Final = 8
_CLOSING: Final = (
    "Servers and laptops cannot be seen from here: `sh install.sh check` on the server tells, "
    "and on a laptop with ztctl `ztctl ssh check`."
)
_APART: Final = (
    "Each server gets the CA key of its own host alone: with all of them, whoever may enter one "
    "host could log in to every other one past its policies."
)


def guide_page(stack: str, guides: Sequence[HostGuide], clean: Clean, command: str) -> Page:
    """Format guides; ``command`` shows the steps of one of several."""
    text = _GuideLines(clean)
    if len(guides) == 1:
        heading = f"What is left to do for {code_span(clean(guides[0].host))}"
        lines = [*text.steps(guides[0])]
    else:
        heading = f"SSH hosts of {code_span(clean(stack))}"
        lines = [*text.overview(stack, guides), Line(clean(f"Host by host: {command}"))]
    record = guide_document(stack, guides)
    return Page(heading, (tuple(lines),), (record,), folds=False, wraps=True)


def guide_document(stack: str, guides: Sequence[HostGuide]) -> dict[str, Any]:
    """Guides as JSON; docs/reference/json.md and schemas/ssh-guide.schema.json tell of it."""
    return {
        "type": "ssh_guide",
        "format_version": "1.0",
        "stack": stack,
        "hosts": [
            {
                "host": guide.host,
                "service": guide.service or None,
                "tunnel": guide.tunnel or None,
                "tunnel_id": guide.tunnel_id or None,
                "connector_runs": guide.runs,
                "ca_fingerprint": guide.ca_fingerprint or None,
                "steps": [_step(step) for step in guide.steps],
                "notes": [*guide.notes],
            }
            for guide in guides
        ],
    }


def _step(step: GuideStep) -> dict[str, Any]:
    return {
        "progress": step.progress.value,
        "text": step.text,
        "commands": [{"where": it.where or None, "lines": [*it.lines]} for it in step.commands],
    }


class _GuideLines:
    def __init__(self, clean: Clean) -> None:
        self._clean = clean

    def steps(self, guide: HostGuide) -> Iterator[Line]:
        host = self._clean(guide.host)
        done, all_ = guide.done, len(guide.steps)
        unseen = sum(it.progress is Progress.UNSEEN for it in guide.steps)
        rest = f", {unseen} cannot be seen from here" if unseen else ""
        yield Line(f"{host}: {done} of {all_} steps are done{rest}.", tone=Tone.STRONG)
        yield Line()
        for step in guide.steps:
            yield from self._step(step)
        for note in guide.notes:
            yield Line(f"  note  {self._clean(note)}", column=_COLUMN)
        if guide.notes or not guide.steps[-1].commands:
            yield Line()
        yield Line(_CLOSING, tone=Tone.QUIET)

    def _step(self, step: GuideStep) -> Iterator[Line]:
        word = "done" if step.progress is Progress.DONE else "todo"
        sign = "(not seen from here) " if step.progress is Progress.UNSEEN else ""
        text = f"  {word}  {sign}{self._clean(step.text)}"
        yield Line(text, tone=_TONES[step.progress], column=_COLUMN)
        for commands in step.commands:
            yield from self._commands(commands)

    def _commands(self, commands: Commands) -> Iterator[Line]:
        """What is to be pasted stands alone, from the first column."""
        if commands.where:
            yield Line(f"{' ' * _COLUMN}{self._clean(commands.where)}", column=_COLUMN)
        yield Line()
        for line in commands.lines:
            yield Line(self._clean.whole(line), tone=Tone.STRONG, whole=True)
        yield Line()

    def overview(self, stack: str, guides: Sequence[HostGuide]) -> Iterator[Line]:
        name = self._clean(stack)
        yield Line(f"Stack {name}: {len(guides)} SSH hosts.", tone=Tone.STRONG)
        yield Line()
        yield from self._table(guides)
        yield Line()
        yield from self._tunnels(guides)
        if sum(bool(it.ca_fingerprint) for it in guides) > 1:
            yield Line(_APART)
            yield Line()

    def _table(self, guides: Sequence[HostGuide]) -> Iterator[Line]:
        rows = [("HOST", "DONE", "CONNECTOR", "LEADS TO")]
        rows += [self._row(it) for it in guides]
        widths = [max(cells(row[place]) for row in rows) for place in range(3)]
        for number, row in enumerate(rows):
            padded = (
                text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=False)
            )
            tone = Tone.QUIET if number == 0 else Tone.PLAIN
            line = f"  {'  '.join((*padded, row[3]))}".rstrip()
            yield Line(line, tone=tone, column=4)

    def _row(self, guide: HostGuide) -> tuple[str, str, str, str]:
        runs = {True: "runs", False: "none runs", None: "-"}[guide.runs]
        place = f"{guide.done} of {len(guide.steps)}"
        return self._clean(guide.host), place, runs, self._clean(guide.service) or "-"

    def _tunnels(self, guides: Sequence[HostGuide]) -> Iterator[Line]:
        idle = dict.fromkeys(it.tunnel for it in guides if it.runs is False)
        if idle:
            yield Line(f"No connector runs for {', '.join(map(self._clean, idle))}.")
            yield Line()
