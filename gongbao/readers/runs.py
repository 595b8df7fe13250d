"""Lines of print: glyphs put together to runs, and runs to lines, with the spaces between their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from gongbao.readers.glyphs import Glyph

_JUSTIFIED = 0.8
"""White space inside a line of print may be this wide, in characters; what is parted by more may be two columns."""
_WORD = 0.16
_TABBED = 1.5


@dataclass(slots=True)
class Run:
    """Glyphs side by side on one baseline, or what takes their place: a table, whose `rows` are text already."""

    x0: float
    top: float
    x1: float
    bottom: float
    base: float
    size: float
    glyphs: list[Glyph] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    def holds(self, glyph: Glyph) -> bool:
        """Whether a glyph goes on the same line: on the baseline, or smaller and raised or lowered a little."""
        shift, large = glyph.base - self.base, max(glyph.size, self.size)
        level = abs(shift) <= 0.25 * large
        script = min(glyph.size, self.size) < 0.8 * large and abs(shift) < 0.6 * large
        return (level or script) and -0.5 * large <= glyph.x0 - self.x1 <= _JUSTIFIED * large

    def add(self, glyphs: Iterable[Glyph]) -> None:
        for glyph in glyphs:
            if glyph.size > self.size * 1.2:
                self.base, self.size = glyph.base, glyph.size
            self.x0, self.x1 = min(self.x0, glyph.x0), max(self.x1, glyph.x1)
            self.top, self.bottom = min(self.top, glyph.top), max(self.bottom, glyph.bottom)
            self.glyphs.append(glyph)

    @property
    def text(self) -> str:
        return text_of(self.glyphs)


def text_of(glyphs: Sequence[Glyph]) -> str:
    """Return the text of glyphs on a line; a space stands where one was printed, or between two Latin words.

    A line that is stretched to the column's edge, or spaced for show, is as wide between all of its characters.
    """
    gaps = [(two.x0 - one.x1) / max(one.size, two.size) for one, two in pairwise(glyphs)]
    usual = max(0.0, median(gaps)) if len(gaps) > 3 else 0.0
    parts = [glyph.text for glyph in glyphs[:1]]
    for gap, (last, glyph) in zip(gaps, pairwise(glyphs), strict=True):
        latin = last.text[-1].isascii() and glyph.text[0].isascii()
        if gap - usual > (_WORD if latin else _TABBED) or (glyph.spaced and gap > 0.1):
            parts.append(" ")
        parts.append(glyph.text)
    return "".join(parts)


def is_tabular(run: Run) -> bool:
    """Whether a line has a hole wide enough to part two cells."""
    gaps = [(two.x0 - one.x1) / run.size for one, two in pairwise(run.glyphs)]
    return bool(gaps) and max(gaps) - median(gaps) > _TABBED


def body_size(glyphs: Iterable[Glyph]) -> float:
    """Return the font size of most characters, 10.0 if there are none."""
    sizes = Counter(round(glyph.size * 2) / 2 for glyph in glyphs)
    return max(sizes.most_common(1)[0][0], 0.5) if sizes else 10.0


def runs(glyphs: Iterable[Glyph]) -> list[Run]:
    """Put glyphs together to runs: first in the order in which they were drawn, then those that touch."""
    drawn: list[Run] = []
    for glyph in glyphs:
        if drawn and drawn[-1].holds(glyph):
            drawn[-1].add([glyph])
        else:
            drawn.append(
                Run(glyph.x0, glyph.top, glyph.x1, glyph.bottom, glyph.base, glyph.size, [glyph]),
            )
    made: list[Run] = []
    for level in _levels(drawn):
        begun = len(made)
        for run in level:
            if len(made) > begun and made[-1].holds(run.glyphs[0]):
                made[-1].add(run.glyphs)
            elif len(made) > begun and _among(run, made[-1]):
                # Some programs draw the figures and quotes of a line first, in a font of their own, then the rest.
                made[-1].add(run.glyphs)
                made[-1].glyphs.sort(key=lambda glyph: glyph.x0)
            else:
                made.append(run)
    return made


def _among(run: Run, other: Run) -> bool:
    """Whether a run fills a gap between the characters of another on its baseline."""
    return abs(run.base - other.base) <= 0.25 * other.size and run.x0 < other.x1 - 0.25 * other.size


def lines(strip: Iterable[Run]) -> list[Run]:
    """Read runs across: those on one baseline are one line."""
    made: list[Run] = []
    for level in _levels(strip):
        begun = len(made)
        for run in level:
            if len(made) > begun and not run.rows and not made[-1].rows:
                made[-1].add(run.glyphs)
            else:
                made.append(run)
    return made


def _levels(boxes: Iterable[Run]) -> list[list[Run]]:
    """Runs that stand on about the same baseline, from the left; tables by their top."""
    levels: list[list[Run]] = []
    for run in sorted(boxes, key=lambda run: run.base):
        if levels and run.base - levels[-1][0].base <= 0.35 * min(run.size, levels[-1][0].size):
            levels[-1].append(run)
        else:
            levels.append([run])
    return [sorted(level, key=lambda run: run.x0) for level in levels]
