"""What is printed at a page's margins: its head and foot, its footnotes and the markers that point to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from gongbao.asides import line_reason
from gongbao.lines import Line
from gongbao.readers.glyphs import Rule
from gongbao.readers.runs import Run, text_of
from gongbao.reflow import ends_sentence

_MARKER = re.compile(
    r"(?:[①-⑳]|[\[［〔(（]\s?\d{1,3}\s?[\]］〕)）]|\d{1,3}(?![\d.．,，、年月日]|\s?[%％])|[*＊†‡])(?=\s?\S)|注\s?[:：释]"
)
_NOTED = re.compile(r"[：:]|^注|^附[件表录]|^(?:[合总小共]\s*计|单\s*位)")
_HEAD = 40
_SMALL = 0.92
_LARGE = 1.25
_LONGEST = 40
"""Lines that the footnotes of a column may take."""


@dataclass(frozen=True)
class Printed:
    """A line with the run that it was made from, the column that it stands in, and the markers cut from it."""

    line: Line
    run: Run
    column: int
    markers: tuple[str, ...] = ()


def with_heads(printed: list[Printed], size: float) -> list[Printed]:
    """Mark the first and last line of a page as its head and foot, if they stand apart in small type.

    Heads in the body's type are known by their return on three pages; this is for documents of one or two.
    """
    made = list(printed)
    outer = outermost([part.run for part in printed], size)
    for at, part in enumerate(printed) if len(printed) > 3 else []:
        line, run = part.line, part.run
        plain = len(line.text) <= _HEAD and not ends_sentence(line.text) and not _NOTED.search(line.text)
        # Above a headline, in smaller type and parted from it, stands whose page it is.
        over = at + 1 < len(printed) and printed[at + 1].run.size >= _LARGE * run.size and at == 0
        plain = plain and (run.size <= _SMALL * size or over) and line_reason(line.text) is None
        if plain and any(run is other for other in outer):
            made[at] = replace(part, line=replace(line, reason="running-head"))
    return made


def outermost(runs: Sequence[Run], size: float) -> list[Run]:
    """The lines at the top and at the foot of a page that white space parts from its text, one or two at each."""
    places = sorted(runs, key=lambda run: run.top)
    steps = [two.top - one.bottom for one, two in pairwise(places) if two.top > one.bottom]
    least = max(1.1 * size, 1.4 * median(steps) if len(steps) > 4 else 0.0)
    found: list[Run] = []
    for order in (places, places[::-1]):
        for edge, inner in pairwise(order[:3]):
            if edge.rows or max(inner.top - edge.bottom, edge.top - inner.bottom) <= least:
                break
            found.append(edge)
    return found


def with_footnotes(printed: list[Printed], size: float, rules: Sequence[Rule]) -> list[Printed]:
    """Mark the lines in small type at the foot of each column that begin with a footnote's marker.

    A bare figure is a marker if a rule parts the notes from the text, or the figure is raised there.
    """
    made = list(printed)
    aside = [part.line.reason or line_reason(part.line.text) for part in printed]
    raised = {marker for part in printed for _, _, marker in _raised(part.run)}
    last = max((part.column for part in printed), default=0)
    for column in range(last + 1):
        places = [at for at, part in enumerate(printed) if part.column == column]
        foot: list[int] = []
        for at in reversed(places[-_LONGEST:]):
            if aside[at] is None and (printed[at].run.rows or printed[at].run.size > _SMALL * size):
                break
            foot.insert(0, at)
        if len(foot) == len(places) and column != last:
            continue
        for first, at in enumerate(foot):
            run, marker = printed[at].run, _MARKER.match(printed[at].line.text)
            if marker and (
                not marker.group().strip().isdecimal()
                or marker.group().strip() in raised
                or any(0 < run.top - rule.top < 2.5 * size and rule.x1 - rule.x0 > 2 * size for rule in rules)
            ):
                for note in foot[first:]:
                    if aside[note] is None:
                        made[note] = replace(printed[note], line=replace(printed[note].line, reason="footnote"))
                break
    return made


def _raised(run: Run) -> list[tuple[int, int, str]]:
    """The spans of glyphs that stand above the line in small type, with their text; the first of a line is none."""
    spans: list[tuple[int, int, str]] = []
    at = 1
    while at < len(run.glyphs):
        end = at
        while end < len(run.glyphs) and (glyph := run.glyphs[end]).size <= 0.75 * run.size:
            # Raised by its place, or by a rise that leaves the baseline as it is.
            if glyph.base > run.base - 0.15 * run.size and glyph.bottom > run.base:
                break
            end += 1
        if end > at:
            spans.append((at, end, text_of(run.glyphs[at:end])))
        at = end + 1
    return spans


def without_markers(printed: list[Printed]) -> list[Printed]:
    """Cut the raised figures that point to a footnote of the page out of its lines."""
    notes = [part.line.text for part in printed if part.line.reason == "footnote"]
    known = {match.group().strip() for match in map(_MARKER.match, notes) if match}
    made = []
    for part in printed:
        glyphs = part.run.glyphs
        # Behind a Latin letter it is a unit's power: km².
        cut = [span for span in _raised(part.run) if span[2] in known and not glyphs[span[0] - 1].text.isascii()]
        if cut and part.line.reason is None:
            kept = [glyph for at, glyph in enumerate(glyphs) if not any(low <= at < high for low, high, _ in cut)]
            line = replace(part.line, text=text_of(kept))
            part = replace(part, line=line, markers=tuple(marker for _, _, marker in cut))
        made.append(part)
    return made
