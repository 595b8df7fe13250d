"""PDF: the lines that are printed on its pages, in reading order.

printed.py  characters and ruling lines of a page       glyphs.py      its way up, characters printed twice
codes.py    characters that fonts do not name           ruled.py       tables that ruling lines draw
columns.py  lines, columns and their order              margins.py     heads, feet and footnotes
edges.py    where columns end                           paragraphs.py  the lines of a paragraph made one
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from statistics import median
from typing import BinaryIO

from gongbao.lines import Line, inked, join
from gongbao.readers.columns import reading_order
from gongbao.readers.edges import Column, Piece, put
from gongbao.readers.glyphs import Page
from gongbao.readers.margins import Printed, outermost, with_footnotes, with_heads, without_markers
from gongbao.readers.paragraphs import paragraphs
from gongbao.readers.reading import Reading
from gongbao.readers.ruled import find_tables
from gongbao.readers.runs import Run, body_size, runs
from gongbao.reflow import ends_sentence

_Edges = list[tuple[float, float]]

_LETTERHEAD = re.compile(r"文\s*件$")
_LARGE, _TITLE = 1.2, 1.25
_HEADLINE_LINES, _HEADLINE, _FRONT = 3, 80, 60


def pdf_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield the lines of a PDF, column by column; one is a paragraph, a headline over several lines, a table's row.

    Set apart are footnotes (`footnote`, with their markers in the text), text that does not read the page's way
    (`rotated`), characters printed twice for boldness (`overprinted`) and those that no font names (`unmapped`); a page
    without a character gives an empty line (`no-text`). Raises GongbaoError for a file that is no PDF, damaged,
    protected by a password, or built to exhaust its reader.
    """
    data = reading.whole(file)
    with reading.sound(".pdf", data[:4096]):
        # Half a second of imports that other formats do without.
        from gongbao.readers.printed import pages

        printed: list[Piece] = []
        edges: _Edges = []
        way = 0
        for page in pages(BytesIO(data), reading):
            reading.ledger.take(page.text)
            if page.way != way:
                edges, way = [], page.way
            for piece in _page_pieces(page, edges):
                piece.line.number = len(printed) + 1
                printed.append(piece)
        start = 0
        for line in paragraphs(printed):
            yield replace(line, start=start)
            start += len(line.text) + 1


def _page_pieces(page: Page, edges: _Edges) -> Iterator[Piece]:
    empty = True
    for piece in [*_text_pieces(page, edges), *_apart(page)]:
        if piece.line.text.strip():
            empty = False
            yield piece
    if empty:
        yield Piece(Line(0, 0, "", page=page.number, reason="no-text"))


def _apart(page: Page) -> Iterator[Piece]:
    for reason in ("rotated", "overprinted", "unmapped"):
        yield Piece(Line(0, 0, "".join(getattr(page, reason)), page=page.number, reason=reason))


def _text_pieces(page: Page, edges: _Edges) -> Iterator[Piece]:
    size = body_size(page.glyphs)
    tables, glyphs = find_tables(page.rules, page.glyphs)
    columns = reading_order([*runs(glyphs), *tables], size)
    printed: list[Printed] = []
    made: list[Column] = []
    for index, column in enumerate(columns):
        left = _left_edge(column, size, edges)
        made.append(Column(left, page.way))
        printed += _column_lines(column, index, page.number, left, size)
    outer = outermost([part.run for part in printed], size)
    printed = without_markers(with_footnotes(with_heads(printed, size), size, page.rules))
    large = [part.run.size for part in printed if not part.run.rows and not _LETTERHEAD.search(part.line.text)]
    largest, before = max([*large, _TITLE * size]), 0
    for group in _headlines(printed, size):
        text = join(part.line.text for part in group)
        title = page.number == 1 and before <= _FRONT and group[0].run.size > 0.97 * largest and _is_title(group, text)
        line, run = group[0].line, group[0].run
        if title or len(group) > 1:
            yield Piece(replace(line, text=text, level=0 if title else None, whole=True))
        else:
            yield put(line, run, made[group[0].column], any(run is other for other in outer))
        before += inked(text) if group[0].run.size < _TITLE * size else 0
        for part in group:
            for marker in part.markers:
                yield Piece(Line(0, 0, marker, page=page.number, reason="footnote"))


def _column_lines(column: Sequence[Run], index: int, page: int, left: float, size: float) -> Iterator[Printed]:
    steps = [two.base - one.base for one, two in pairwise(column) if not one.rows or two.rows]
    down = [step for step in steps if step > 0]
    usual = median(down) if down else 2 * size
    before: Run | None = None
    for run in column:
        gap = before is not None and (
            run.base - before.base > 1.45 * usual or not 1 / _LARGE < run.size / before.size < _LARGE
        )
        if run.rows:
            for row in run.rows:
                yield Printed(Line(0, 0, row, 0.0, gap, page, whole=True), run, index)
                gap = False
            before = replace(run, base=run.bottom)
            continue
        indent = max(0.0, (run.x0 - left) / run.size)
        yield Printed(Line(0, 0, run.text, round(indent, 2), gap, page), run, index)
        before = run


def _left_edge(column: Sequence[Run], size: float, edges: _Edges) -> float:
    """Return where a column's lines begin; `edges` remembers those of earlier columns for one with too few lines."""
    body = [run for run in column if not run.rows and 0.92 * size < run.size < 1.08 * size] or column
    levels: list[list[float]] = []
    for x in sorted(run.x0 for run in body):
        if levels and x - levels[-1][0] < 0.4 * size:
            levels[-1].append(x)
        else:
            levels.append([x])
    if len(levels) == 1 and len(body) <= 2:
        end = max(run.x1 for run in body)
        near = [left for left, right in edges if levels[0][0] - left > 1.5 * size and end < right + size]
        return max(near, default=levels[0][0])
    # One line to the left of all others is a page's head, unless the others are indented as paragraphs are.
    for level, following in zip(levels, [*levels[1:], []], strict=True):
        if len(level) > 1 or (following and 1.5 * size < following[0] - level[0] < 4.5 * size):
            break
    else:
        level = levels[0]
    edge = level[0], max(run.x1 for run in body)
    if len(level) > 1 and all(abs(edge[0] - left) + abs(edge[1] - right) > size for left, right in edges[-20:]):
        edges.append(edge)
    return level[0]


def _headlines(printed: Iterable[Printed], size: float) -> Iterator[list[Printed]]:
    """Group the lines of a headline in large type that runs over several; any other line is by itself."""
    group: list[Printed] = []
    for part in [*printed, None]:
        if group and part is not None and _continues(group, part, size):
            group.append(part)
            continue
        if group:
            whole = _is_headline(group, join(one.line.text for one in group))
            yield from [group] if whole else [[one] for one in group]
        group = [] if part is None else [part]


def _continues(group: Sequence[Printed], part: Printed, size: float) -> bool:
    last = group[-1]
    return (
        last.column == part.column
        and not last.run.rows
        and not part.run.rows
        and part.run.size > _LARGE * size
        and abs(part.run.size - last.run.size) < 0.03 * part.run.size
        and part.run.base - last.run.base < 2.2 * part.run.size
    )


def _is_headline(group: Sequence[Printed], text: str) -> bool:
    return len(group) <= _HEADLINE_LINES and len(text) <= _HEADLINE and not ends_sentence(text)


def _is_title(group: Sequence[Printed], text: str) -> bool:
    """Whether a line in the largest type of the first page, at its head, is the document's title."""
    plain = not group[0].run.rows and group[0].line.reason is None and not _LETTERHEAD.search(text)
    return plain and len(text) >= 4 and _is_headline(group, text)
