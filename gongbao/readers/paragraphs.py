"""The lines of a printed paragraph made one: in a PDF it is known where a line's column ends.

A line that reaches the right edge of its column goes on in the next one, unless that one is indented, stands after a
gap, is in other type, or opens with a number after a finished sentence where nothing is indented. So it does from a
column or a page to the next, past page numbers, heads and footnotes. A column has an edge if several of its lines end
there and it holds sentences, or if lines elsewhere that begin at the same place end there. Where none is known lines
stay as they are, and are joined by their width alone if nearly all of the document was wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gongbao import asides
from gongbao.headings import level_of
from gongbao.lines import Line, join, unstretched, width
from gongbao.readers.edges import INDENTED, Piece, settle
from gongbao.reflow import ends_sentence

_FULL = 1.6
"""A line that ends as near to the edge as this, in characters, is full: a stop may have gone to the next line."""
_UNIT = re.compile(r"[“‘（《「『【〈]*(?:[A-Za-z0-9.,%+-]{1,20}|.)[。，、；：？！”’）》」』】〉%％]*")
_BULLET = re.compile(r"[•●■◆▪►○□☆★※]|[-–]\s")
_ANNEX = re.compile(r"附[件表录]\s*[\d一二三四五六七八九十]*\s*[：:]?")


def paragraphs(given: Sequence[Piece]) -> Iterator[Line]:
    """Yield the lines of a document, those of a paragraph as one; heads that come back on many pages are marked."""
    pieces = list(_headed(given))
    for piece in pieces:
        if piece.column is not None and _reason(piece) is None:
            piece.column.pieces.append(piece)
    settle([piece.column for piece in pieces if piece.column is not None and piece.column.pieces])
    open_: list[Piece] = []
    passed: list[Line] = []
    for piece in pieces:
        if _reason(piece) is not None:
            passed.append(piece.line)
            continue
        if open_ and not _goes_on(open_, piece):
            yield from (_one(open_), *passed)
            open_, passed = [], []
        if not open_:
            yield from passed
            passed = []
        open_.append(piece)
    yield from ([_one(open_)] if open_ else [])
    yield from passed


def _reason(piece: Piece) -> str | None:
    return piece.line.reason or asides.line_reason(piece.line.text)


def _headed(given: Sequence[Piece]) -> Iterator[Piece]:
    edges = [(at, piece.line.page, piece.line.text) for at, piece in enumerate(given) if piece.outer]
    # White space parts these from the text, so that two pages prove what takes three elsewhere.
    heads = asides.running_heads(edges, least=2)
    for at, (before, piece, after) in enumerate(zip([None, *given], given, [*given[1:], None], strict=False)):
        # Rows of cells that no rules part are rows by their company.
        beside = any(other is not None and other.tabular for other in (before, after))
        if piece.tabular and beside and level_of(piece.line.text) is None:
            piece = replace(piece, line=replace(piece.line, whole=True))
        if piece.outer and piece.line.reason is None and at in heads:
            piece = Piece(replace(piece.line, reason="running-head"))
        yield piece


def _goes_on(open_: Sequence[Piece], piece: Piece) -> bool:
    """Whether a paragraph goes on in a line."""
    last, text = open_[-1], piece.line.text
    column = last.column
    if column is None or piece.column is None or _BULLET.match(text) or piece.line.indent >= 1.0:
        return False
    if not 0.93 < piece.size / last.size < 1.07 or last.line.indent > INDENTED[1]:
        return False
    ended, numbered = ends_sentence(last.line.text), level_of(text) is not None
    across = piece.column is not column
    if across:
        if piece is not piece.column.pieces[0] or _ANNEX.fullmatch(text):
            return False
    elif piece.line.gap or not 0 < piece.base - last.base < 3.2 * piece.size:
        return False
    if column.right is None:
        return across and not numbered and last.line.text.endswith(("，", "、"))
    unit = _UNIT.match(text)
    left = (column.right - last.end) / last.size
    room = left > max(_FULL, (width(unit.group()) if unit else 0.0) + 0.1)
    # Where paragraphs begin with an indent, a line that does not goes on even after one that is not quite full.
    marked = column.indented and piece.column.indented
    if ended:
        shown = marked or (column.spaced and not across and not room)
        return shown and left < 2 * _FULL and not (numbered and (room or not marked))
    if room and (numbered or not marked or left > max(2.5, 0.25 * (column.right - column.left) / last.size)):
        return False
    return not (last.line.text.endswith(("：", ":")) and (room or numbered))


def _one(pieces: Sequence[Piece]) -> Line:
    first = pieces[0].line
    if len(pieces) == 1:
        return first
    text = unstretched(join(piece.line.text for piece in pieces))
    return replace(first, text=text)
