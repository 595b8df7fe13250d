"""Tables drawn with ruling lines: the grid that the lines make, and the text of its cells row by row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from gongbao.lines import join
from gongbao.readers.glyphs import Glyph, Rule
from gongbao.readers.runs import Run, lines, runs

_NEAR = 3.0
"""Points that lines which meet may miss each other by."""
_CROSSINGS = 250_000
_CELLS = 10_000
_LONGEST = 150
"""Boxes whose text is longer than this, for the most part, are the articles of a newspaper page."""


def find_tables(rules: Sequence[Rule], glyphs: Sequence[Glyph]) -> tuple[list[Run], list[Glyph]]:
    """Return the tables as runs with rows, and the glyphs that stand outside them.

    A table has at least two rows and two columns; other boxes are layout. A cell that spans rows is read in its first.
    """
    tables: list[Run] = []
    left = list(glyphs)
    for across, down in _grids(rules):
        table, left = _read(across, down, left)
        if table is not None:
            tables.append(table)
    return tables, left


def _grids(rules: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """The horizontal and the vertical lines of each set of lines that touch."""
    across = _joined([rule for rule in rules if rule.x1 - rule.x0 > rule.bottom - rule.top])
    down = [_flip(rule) for rule in _joined([_flip(r) for r in rules if r.x1 - r.x0 <= r.bottom - r.top])]
    if len(across) < 3 or len(down) < 2 or len(across) * len(down) > _CROSSINGS:
        return []
    parent = list(range(len(across) + len(down)))
    for i, flat in enumerate(across):
        for j, steep in enumerate(down, len(across)):
            if flat.x0 - _NEAR <= steep.x0 <= flat.x1 + _NEAR and steep.top - _NEAR <= flat.top <= steep.bottom + _NEAR:
                parent[_root(parent, i)] = _root(parent, j)
    grids: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, rule in enumerate([*across, *down]):
        grids.setdefault(_root(parent, i), ([], []))[i >= len(across)].append(rule)
    return [(flat, steep) for flat, steep in grids.values() if len(flat) > 2 and len(steep) > 1]


def _joined(rules: list[Rule]) -> list[Rule]:
    """Horizontal lines with those that lie on or against each other made one."""
    made: list[Rule] = []
    row: list[Rule] = []
    for rule in [*sorted(rules, key=lambda rule: rule.top), None]:
        if row and (rule is None or rule.top - row[0].top > _NEAR):
            begun = len(made)
            for part in sorted(row, key=lambda part: part.x0):
                if len(made) > begun and part.x0 - made[-1].x1 <= _NEAR:
                    made[-1].x1 = max(made[-1].x1, part.x1)
                else:
                    made.append(Rule(part.x0, row[0].top, part.x1, row[0].top))
            row = []
        if rule is not None:
            row.append(rule)
    return made


def _flip(rule: Rule) -> Rule:
    return Rule(rule.top, rule.x0, rule.bottom, rule.x1)


def _root(parent: list[int], item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


def _distinct(places: Sequence[float]) -> list[float]:
    made: list[float] = []
    for place in sorted(places):
        if not made or place - made[-1] > _NEAR:
            made.append(place)
    return made


def _read(across: Sequence[Rule], down: Sequence[Rule], glyphs: list[Glyph]) -> tuple[Run | None, list[Glyph]]:
    # Many tables have no lines at their sides.
    xs = _distinct([*(r.x0 for r in down), min(r.x0 for r in across), max(r.x1 for r in across)])
    ys = _distinct([r.top for r in across])
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 2 or columns < 2 or rows * columns > _CELLS:
        return None, glyphs
    inside: dict[int, list[Glyph]] = {}
    outside: list[Glyph] = []
    cells = _cells(across, down, xs, ys)
    for glyph in glyphs:
        x, y = (glyph.x0 + glyph.x1) / 2, (glyph.top + glyph.bottom) / 2
        if xs[0] <= x < xs[-1] and ys[0] <= y < ys[-1]:
            cell = (bisect_right(ys, y) - 1) * columns + bisect_right(xs, x) - 1
            inside.setdefault(_root(cells, cell), []).append(glyph)
        else:
            outside.append(glyph)
    texts = {cell: join(line.text for line in lines(runs(found))) for cell, found in inside.items()}
    if len({_root(cells, cell) for cell in range(len(cells))}) < 4 or len(texts) < 2:
        return None, glyphs
    if median(map(len, texts.values())) > _LONGEST:
        return None, glyphs
    read = ["\t".join(texts[c] for c in range(r * columns, (r + 1) * columns) if c in texts) for r in range(rows)]
    size = median(glyph.size for found in inside.values() for glyph in found)
    return Run(xs[0], ys[0], xs[-1], ys[-1], ys[0], size, rows=[row for row in read if row]), outside


def _cells(across: Sequence[Rule], down: Sequence[Rule], xs: Sequence[float], ys: Sequence[float]) -> list[int]:
    """For each square of the grid the cell that it is part of: squares with no line between them are one."""
    columns = len(xs) - 1
    parent = list(range((len(ys) - 1) * columns))
    walls = {(_nearest(xs, rule.x0), row) for rule in down for row in _spanned(rule.top, rule.bottom, ys)}
    floors = {(_nearest(ys, rule.top), column) for rule in across for column in _spanned(rule.x0, rule.x1, xs)}
    for cell in range(len(parent)):
        row, column = divmod(cell, columns)
        # The lower number wins, so that a cell is read where it begins.
        if column + 1 < columns and (column + 1, row) not in walls:
            _unite(parent, cell, cell + 1)
        if row + 2 < len(ys) and (row + 1, column) not in floors:
            _unite(parent, cell, cell + columns)
    return parent


def _spanned(low: float, high: float, places: Sequence[float]) -> list[int]:
    return [at for at, (one, two) in enumerate(pairwise(places)) if low < (one + two) / 2 < high]


def _nearest(places: Sequence[float], place: float) -> int:
    return min(range(len(places)), key=lambda at: abs(places[at] - place))


def _unite(parent: list[int], one: int, two: int) -> None:
    low, high = sorted((_root(parent, one), _root(parent, two)))
    parent[high] = low
