"""Lines to the paragraphs that were printed: re-flow of hard-wrapped columns.

*Which lines are wrapped* is decided for each stretch of lines, by width alone (a full-width character counts 1, a
half-width one 0.5). A stretch is wrapped if its open lines (those that end in mid-sentence) have a median width of
8 to 60, most of them lie close to that median, hardly any line is wider, they make up a good part of the lines, and
enough of them hold punctuation: prose does, a list of titles or the cells of a table do not. So is a stretch in which
indents or blank lines mark some lines, and nearly every line before one that is not marked is full. Every other line is
a paragraph of its own, as in text from the web.

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
from itertools import pairwise
from statistics import median

from gongbao.headings import level_of
from gongbao.lines import Block, Line, width
from gongbao.sentences import CLOSING

WIDEST_COLUMN = 60.0
"""A line wider than this is never part of a column."""
NARROWEST_COLUMN = 8.0

_ENDED = re.compile(rf"[。！？；!?;…][{re.escape(CLOSING)}\"＂]*\s*(?:[（(][^（()）。]{{1,30}}[)）])?$")
_ENDS = frozenset(f'。！？；!?;…{CLOSING}"＂')
_POINTED = re.compile(r"[，。；：、！？,“”《》（）]")
_PAUSED = re.compile(r"[，,]")
_STOPPED = re.compile(r"[。；！？;!?]")
_UNIT = re.compile(r"[“‘（《「『【〈]*(?:[A-Za-z0-9.,%+-]+|.)[。，、；：？！”’）》」』】〉%％]*")
_GROUP = 8


def ends_sentence(text: str) -> bool:
    """Tell whether a line ends a sentence: a terminator, what closes after it, perhaps a credit in brackets."""
    text = text.rstrip()
    return text[-1:] in _ENDS and _ENDED.search(text[-40:]) is not None


def is_wrapped(lines: Sequence[Line]) -> bool:
    """Tell whether lines that should be paragraphs were hard-wrapped after all: hardly any is too wide for a column."""
    columns = _columns(lines)
    return bool(columns) and sum(column is not None for column in columns) >= 0.8 * len(columns)


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
        numbered = level_of(line.text) is not None and not _is_open(last.text)
        return line.gap or numbered or not last.text.endswith(("，", "、"))
    if line.indent - following.base >= 1.0:
        return True
    gap = line.gap and column.blanks and not (line.page != last.page and column.indented)
    numbered = level_of(line.text) is not None and not _is_open(last.text)
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


def _is_open(text: str) -> bool:
    """Whether a line breaks off inside a bracket or before a figure: what follows is no item's number.

    >>> _is_open("本实施细则第十二条第"), _is_open("（附件"), _is_open("（一）目标")
    (True, True, False)
    """
    return text.endswith("第") or max(text.rfind("（"), text.rfind("(")) > max(text.rfind("）"), text.rfind(")"))


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
    printed = _print_of(run) if run else None
    if printed:
        return [printed] * len(run)
    open_ = [i for i, line in enumerate(run) if not ends_sentence(line.text) and _is_prose(line.text)]
    starts = range(0, len(run), _GROUP)
    wide = [line.width for line in run]
    held = [line.width + max(0.0, line.indent) for line in run]
    verdicts = []
    for start in starts:
        low, high = max(0, start - _GROUP), start + 2 * _GROUP
        verdicts.append(_is_wrapped(run, wide, held, _between(open_, low, high), low, high))
    if not any(verdicts):
        return [None] * len(run)
    base = median(line.indent for line in run)
    blanks = _gaps_say(run)
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
    medians = [median(widths[at : at + 5]) for at in range(len(widths))]
    position, placed = 0, -1
    column = _Column(usual, base, blanks, indented)
    for index in range(len(run)):
        while position < len(open_) and open_[position] < index:
            position += 1
        if position != placed:
            # The narrower of the columns before and after: no full line counts as short where the width changes.
            before = medians[position - 5] if position >= 5 else median(widths[:position] or [usual])
            sides = [before] if position > 2 else []
            sides += [medians[position]] if len(widths) - position > 2 else []
            held_by = max(min(sides or [usual]), 0.7 * usual)
            if held_by != column.width:
                column = _Column(held_by, base, blanks, indented)
            placed = position
        columns.append(column if verdicts[index // _GROUP] else None)
    return columns


def _is_prose(text: str) -> bool:
    return level_of(text) is None or _PAUSED.search(text) is not None


def _between(ordered: list[int], low: int, high: int) -> list[int]:
    return ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]


def _gaps_say(run: list[Line]) -> bool:
    """Whether blank lines say anything: in double spacing they do not."""
    return sum(line.gap for line in run[1:]) < 0.8 * (len(run) - 1)


def _print_of(run: list[Line]) -> _Column | None:
    """The column of lines that show where paragraphs begin, by indents or blank lines, and fill all others.

    A line goes on where the next one is not marked; nearly all of those are as wide as the column.
    """
    base = min(line.indent for line in run)
    # A centred title is indented too, but further.
    indented = sum(1.0 <= line.indent - base <= 4.5 for line in run) >= 2
    gaps = sum(line.gap for line in run[1:])
    if not indented and gaps < 2:
        return None
    going_on = [(a, b) for a, b in pairwise(run) if not b.gap and (not indented or b.indent - base < 1.0)]
    if len(going_on) < (3 if indented else 6) and not _in_sentences(going_on):
        return None
    # Short lines of one length may be a list; print has stops in it.
    if sum(_POINTED.search(a.text) is not None for a, _ in going_on) < 0.3 * len(going_on):
        return None
    widths = [line.width + line.indent - base for line, _ in going_on]
    widest = max(line.width + line.indent - base for line in run)
    full = sum(width >= widest - max(2.0, 0.08 * widest) for width in widths)
    if not NARROWEST_COLUMN <= widest <= WIDEST_COLUMN or full < 0.9 * len(widths):
        return None
    return _Column(median(widths), base, _gaps_say(run), indented)


def _in_sentences(pairs: list[tuple[Line, Line]]) -> bool:
    """Whether lines, few as they are, all break off in mid-sentence: then they are print."""
    return bool(pairs) and all(
        not ends_sentence(a.text) and level_of(b.text) is None and _PAUSED.search(a.text + b.text) for a, b in pairs
    )


def _is_wrapped(run: list[Line], wide: list[float], held: list[float], open_: list[int], low: int, high: int) -> bool:
    """Whether the lines from `low` to `high` show a column; `wide` are all lines' widths, `held` with their indents."""
    if len(open_) < 3:
        return False
    centre = median([wide[i] for i in open_])
    tolerance = max(2.0, 0.12 * centre)
    full = [i for i in open_ if abs(held[i] - centre) <= tolerance + 1]
    group = wide[low:high]
    if (
        not NARROWEST_COLUMN <= centre <= WIDEST_COLUMN
        or len(full) < 0.6 * len(open_)
        or len(full) < 0.35 * len(group)
        or len([width for width in group if width > centre + tolerance + 1]) > 0.15 * len(group)
    ):
        return False
    return len([i for i in full if _POINTED.search(run[i].text)]) >= 0.3 * len(full)
