"""Lines to the paragraphs that were printed: re-flow of hard-wrapped columns.

*Which lines are wrapped* is decided for each stretch of lines, by width alone (a full-width character counts 1, a
half-width one 0.5). A stretch is wrapped if its open lines (those that end in mid-sentence) have a median width of
8 to 60, most of them lie close to that median, hardly any line is wider, they make up a good part of the lines, and
enough of them hold punctuation: prose does, a list of titles or the cells of a table do not. Every other line is a
paragraph of its own, as in text from the web.

*Where a wrapped paragraph ends*: at a line that ends a sentence, if a blank line follows, or the line had room for
what stands first in the next one; before a line that is indented, or that opens with a heading's number after a
finished sentence or a blank line; after lines that read as a title or heading. Any other blank line inside a sentence
is a column break and ends nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from gongbao.headings import level_of
from gongbao.lines import Block, Line, width
from gongbao.sentences import CLOSING

WIDEST_COLUMN = 60.0
"""A line wider than this is never part of a column."""
NARROWEST_COLUMN = 8.0

_ENDED = re.compile(rf"[。！？；!?;…][{re.escape(CLOSING)}\"＂]*\s*(?:[（(][^（()）。]{{1,30}}[)）])?$")
_POINTED = re.compile(r"[，。；：、！？,“”《》（）]")
_PAUSED = re.compile(r"[，,]")
_STOPPED = re.compile(r"[。；！？;!?]")
_UNIT = re.compile(r"[“‘（《「『【〈]*(?:[A-Za-z0-9.,%+-]+|.)[。，、；：？！”’）》」』】〉%％]*")
_GROUP = 8


def ends_sentence(text: str) -> bool:
    """Tell whether a line ends a sentence: a terminator, what closes after it, perhaps a credit in brackets."""
    return _ENDED.search(text[-40:]) is not None


def reflow(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the paragraphs that the lines make, in order, each line in exactly one."""
    columns = _columns(lines)
    paragraph: list[Line] = []
    for index, line in enumerate(lines):
        if paragraph and _breaks(paragraph, line, columns, index, first=len(paragraph) == index):
            yield Block(tuple(paragraph), len(paragraph) > 1 or columns[index - 1] is not None)
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield Block(tuple(paragraph), len(paragraph) > 1 or columns[-1] is not None)


@dataclass(frozen=True)
class _Column:
    """The column that a wrapped line stands in.

    `base` is the usual indent; `blanks` is false where blank lines say nothing (double spacing); `indented` says that
    paragraphs here begin with an indented line, so that the blank lines around a page break end none.
    """

    width: float
    base: float
    blanks: bool
    indented: bool

    def full(self, line: Line, opening: bool) -> bool:
        """Whether the line reaches the right edge; a mark or a word moved to the next line leaves it shorter.

        So does, in the first line of a paragraph, an indent of two characters that was lost with the layout.
        """
        return self._edge(line, opening) > self.width - max(2.0, 0.08 * self.width)

    def has_room(self, line: Line, following: str, opening: bool) -> bool:
        """Whether what stands first in the next line would have fitted: then the line was ended, not broken."""
        unit = _UNIT.match(following)
        return self._edge(line, opening) + (width(unit.group()) if unit else 0.0) <= self.width

    def is_short(self, line: Line) -> bool:
        """Whether the line is short beyond doubt, a lost indent allowed for."""
        return line.width + line.indent - self.base < self.width - max(2.5, 0.2 * self.width)

    def _edge(self, line: Line, opening: bool) -> float:
        lost = 2.0 if opening and not self.indented and line.indent - self.base < 1.0 else 0.0
        return line.width + line.indent - self.base + lost


def _breaks(paragraph: list[Line], line: Line, columns: Sequence[_Column | None], index: int, *, first: bool) -> bool:
    """Decide whether a paragraph ends before `line`, which is `lines[index]`."""
    column, following, last = columns[index - 1], columns[index], paragraph[-1]
    if column is None or following is None:
        # Text that is wrapped too raggedly to show a column is still broken after its commas.
        return line.gap or level_of(line.text) is not None or not last.text.endswith(("，", "、"))
    if line.indent - following.base >= 1.0:
        return True
    gap = line.gap and column.blanks and not (line.page != last.page and column.indented)
    numbered = level_of(line.text) is not None
    opening = len(paragraph) == 1
    room = column.has_room(last, line.text, opening)
    if ends_sentence(last.text):
        return gap or numbered or room
    if last.width > column.width * 1.2 + 2:
        return True
    if last.text.endswith(("：", ":")) and (room or numbered):
        return True
    # A column breaks after a line of any length; but a paragraph's only line, a bracket (`（责任单位：…）`) or what
    # stands before a number, if it is far too short, was ended with no stop.
    if gap and numbered:
        return True
    if column.is_short(last) and (numbered or (gap and (opening or last.text.endswith(("）", ")"))))):
        return True
    # What is left may be a title or a heading: a few lines without a stop.
    named = level_of(paragraph[0].text) is not None
    if len(paragraph) > (4 if named else 3) or any(_STOPPED.search(part.text) for part in paragraph):
        return False
    paused = any(_PAUSED.search(part.text) for part in paragraph)
    if paused and not named:
        return False
    if not column.full(last, opening):
        return True
    blank = gap and not column.indented
    return (named and (numbered or (blank and not (opening and paused)))) or (first and gap)


def _columns(lines: Sequence[Line]) -> list[_Column | None]:
    """For each line the column that it stands in, or None for one that is not wrapped."""
    columns: list[_Column | None] = []
    run: list[Line] = []
    for line in lines:
        if line.width > WIDEST_COLUMN:
            columns += _columns_of_run(run)
            columns.append(None)
            run = []
        else:
            run.append(line)
    return columns + _columns_of_run(run)


def _columns_of_run(run: list[Line]) -> list[_Column | None]:
    open_ = [i for i, line in enumerate(run) if not ends_sentence(line.text) and _is_prose(line.text)]
    starts = range(0, len(run), _GROUP)
    verdicts = []
    for start in starts:
        low, high = max(0, start - _GROUP), start + 2 * _GROUP
        verdicts.append(_is_wrapped(run[low:high], [i - low for i in _between(open_, low, high)]))
    if not any(verdicts):
        return [None] * len(run)
    base = median(line.indent for line in run)
    blanks = sum(line.gap for line in run[1:]) < 0.8 * (len(run) - 1)
    indented = sum(line.indent - base >= 1.0 for line in run) >= 3
    widths = [run[i].width + max(0.0, run[i].indent - base) for i in open_]
    usual = median(widths)
    if sum(verdicts) >= 0.25 * len(verdicts):
        # Amid wrapped lines a group of headings or short items proves nothing by itself, and is wrapped like the rest.
        limit = usual + max(2.0, 0.12 * usual)
        verdicts = [
            verdict or sum(line.width > limit for line in run[start : start + _GROUP]) <= _GROUP // 4
            for start, verdict in zip(starts, verdicts, strict=True)
        ]
    columns: list[_Column | None] = []
    position = 0
    for index in range(len(run)):
        while position < len(open_) and open_[position] < index:
            position += 1
        # The narrower of the columns before and after, so that no full line counts as short where the width changes.
        near = [widths[max(0, position - 5) : position], widths[position : position + 5]]
        sides = [median(side) for side in near if len(side) > 2] or [usual]
        column = _Column(max(min(sides), 0.7 * usual), base, blanks, indented)
        columns.append(column if verdicts[index // _GROUP] else None)
    return columns


def _is_prose(text: str) -> bool:
    return level_of(text) is None or _PAUSED.search(text) is not None


def _between(ordered: list[int], low: int, high: int) -> list[int]:
    return ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]


def _is_wrapped(lines: list[Line], open_: list[int]) -> bool:
    if len(open_) < 3:
        return False
    centre = median(lines[i].width for i in open_)
    tolerance = max(2.0, 0.12 * centre)
    full = [lines[i] for i in open_ if abs(lines[i].width + max(0.0, lines[i].indent) - centre) <= tolerance + 1]
    wider = sum(line.width > centre + tolerance + 1 for line in lines)
    pointed = sum(_POINTED.search(line.text) is not None for line in full)
    return (
        NARROWEST_COLUMN <= centre <= WIDEST_COLUMN
        and len(full) >= 0.6 * len(open_)
        and wider <= 0.15 * len(lines)
        and len(full) >= 0.35 * len(lines)
        and pointed >= 0.3 * len(full)
    )
