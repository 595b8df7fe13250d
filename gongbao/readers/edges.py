"""Where the columns of a document end: what its lines say together, on a page and from page to page."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gongbao.lines import Line
from gongbao.readers.runs import Run, is_tabular
from gongbao.reflow import ends_sentence

INDENTED = (1.5, 4.5)
"""The indents, in characters, that a paragraph's first line may have."""
_NARROWEST = 8.0
_FEW = 4
_MOST = 200
_STOP = re.compile(r"[。；！？]")
_POINT = re.compile(r"[，。；：、！？“”《》（）]")
_LEADER = re.compile(r"[.．…·‥]{3,}\s*[(（]?\d{1,4}[)）]?$")


@dataclass(slots=True)
class Column:
    """A column of a page: where its lines begin, the lines of text in it, and where they end, if that is known."""

    left: float
    way: int = 0
    pieces: list[Piece] = field(default_factory=list)
    right: float | None = None
    indented: bool = False
    spaced: bool = False


@dataclass(slots=True)
class Piece:
    """A printed line, with a `column` if it may be part of a paragraph.

    `outer` says that it may be a page's head, `tabular` that it is of cells side by side.
    """

    line: Line
    end: float = 0.0
    size: float = 0.0
    base: float = 0.0
    column: Column | None = None
    outer: bool = False
    tabular: bool = False


def put(line: Line, run: Run, column: Column, outer: bool) -> Piece:
    """Make a piece of a line of text."""
    tabular = not run.rows and is_tabular(run)
    piece = Piece(line, run.x1, run.size, run.base, outer=outer, tabular=tabular)
    if not run.rows and not tabular and not _LEADER.search(line.text) and line.level is None:
        piece.column = column
    return piece


def settle(columns: Iterable[Column]) -> None:
    """Find where the lines of each column end: in itself, else in those that begin at the same place."""
    distinct = list({id(column): column for column in columns}.values())
    edges = [_edge(column.pieces, column.left) for column in distinct]
    for column in distinct:
        column.indented = any(INDENTED[0] <= piece.line.indent <= INDENTED[1] for piece in column.pieces)
        column.spaced = any(piece.line.gap for piece in column.pieces[1:])
    indented = any(column.indented for column in distinct)
    # The same few edges come back on every page.
    known = {
        (column.way, round(column.left), round(right, 1), not sure)
        for column, (right, sure) in zip(distinct, edges, strict=True)
        if right is not None
    }
    most = sorted(known)[:_MOST]
    for column, (own, sure) in zip(distinct, edges, strict=True):
        column.indented = column.indented or (indented and len(column.pieces) < _FEW)
        column.right = own
        size = max(piece.size for piece in column.pieces)
        furthest = max(piece.end for piece in column.pieces) - 0.5 * size
        # The only line of a column may be one that is indented.
        shift = (INDENTED[1] if len(column.pieces) == 1 else 1.0) * size
        near = [
            (few, right)
            for way, left, right, few in most
            if way == column.way and -size < column.left - left < shift and right > furthest and not (few and own)
        ]
        if near and not sure:
            column.right = min(near)[1]


def _edge(pieces: Sequence[Piece], left: float) -> tuple[float | None, bool]:
    """The place furthest right at which lines end, if what ends there reads as prose, and if many do."""
    if not any(_STOP.search(piece.line.text) for piece in pieces):
        return None, False
    ordered, at = sorted(pieces, key=lambda piece: -piece.end), 0
    ends = [-piece.end for piece in ordered]
    while at < len(ordered):
        last = ordered[at]
        full = ordered[at : max(at + 1, bisect_right(ends, 0.8 * last.size - last.end))]
        prose = sum(_POINT.search(piece.line.text) is not None for piece in full) >= 0.3 * len(full)
        wide = last.end - left >= _NARROWEST * last.size
        if len(full) > 1 and len(full) >= 0.1 * len(pieces) and prose and wide:
            return last.end, len(full) >= _FEW
        at += len(full)
    # A paragraph of two lines: the first runs far, and the second is not indented, though the first is, or ends it.
    first = ordered[0]
    after = next((piece for one, piece in pairwise(pieces) if one is first), None)
    if after is None or after.line.indent >= 0.8 or first.end - left < 2 * _NARROWEST * first.size:
        return None, False
    text = first.line.text
    stopped = _POINT.search(text) is not None and not ends_sentence(text) and after.line.text.endswith("。")
    return first.end if stopped or INDENTED[0] <= first.line.indent <= 2.6 else None, False
