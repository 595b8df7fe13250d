"""The layout of a page: its lines in reading order, column by column.

Recursive XY-cuts (Nagy & Seth 1984, *Hierarchical representation of optically scanned documents*): white space cuts a
page in strips, one below the other; strips in which the same gutter stays white are a band of columns, each of which is
cut again. A headline or table that crosses the gutters ends the band. A gutter counts only between columns of text,
whose lines mostly run to the column's edge: the cells of a table without rules do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gongbao.readers.runs import Run, lines

GUTTER = 0.9
"""White space at least this wide, in characters of the body's size, parts two columns."""
_NARROWEST = 6.0
_WIDEST_GUTTER = 4.0
_DEEPEST = 8
_STRIPS = 600


def reading_order(boxes: Sequence[Run], size: float, depth: int = 0) -> list[list[Run]]:
    """Return the columns of a page in reading order, each as its lines; `size` is that of the body."""
    strips = _strips(boxes)
    first, last = 0, len(strips)
    if depth == 0:
        while first < min(2, last) and _stands_apart(strips, first, first + 1, size):
            first += 1
        while last > max(first, len(strips) - 2) and _stands_apart(strips, last - 1, last - 2, size):
            last -= 1
    edges = min((run.x0 for run in boxes), default=0.0), max((run.x1 for run in boxes), default=0.0)
    columns: list[list[Run]] = []
    across: list[Run] = []
    at = 0
    while at < len(strips):
        band = None
        if first <= at < last and depth < _DEEPEST and len(strips) <= _STRIPS:
            band = _band(strips[at:last], edges, size)
        if band is None:
            across += lines(strips[at])
            at += 1
            continue
        if across:
            columns.append(across)
            across = []
        count, parts = band
        at += count
        for part in parts:
            columns += reading_order(part, size, depth + 1)
    return [*columns, across] if across else columns


def _strips(boxes: Iterable[Run]) -> list[list[Run]]:
    """Cut horizontally wherever nothing is printed; a line's box is a little taller than its ink."""
    strips: list[list[Run]] = []
    low = 0.0
    for run in sorted(boxes, key=lambda run: run.top):
        if strips and run.top + 0.15 * run.size < low:
            strips[-1].append(run)
            low = max(low, run.bottom)
        else:
            strips.append([run])
            low = run.bottom
    return strips


def _stands_apart(strips: Sequence[Sequence[Run]], edge: int, inner: int, size: float) -> bool:
    """Whether a line at the page's edge is a running head or foot: white space parts it from the columns."""
    if not 0 <= inner < len(strips):
        return False
    low, high = sorted((strips[edge], strips[inner]), key=lambda strip: -strip[0].top)
    one = max(run.bottom for run in strips[edge]) - min(run.top for run in strips[edge]) < 2.5 * size
    return one and min(run.top for run in low) - max(run.bottom for run in high) > 1.6 * size


def _band(
    strips: Sequence[Sequence[Run]], edges: tuple[float, float], size: float
) -> tuple[int, list[list[Run]]] | None:
    """Return how many strips make a band of columns, from the first on, and the columns; None if they make none."""
    if all(len(strip) == 1 for strip in strips[:4]):
        return None
    white = [edges]
    left, right = edges[::-1]
    end, gutters = 0, white
    for at, strip in enumerate(strips, 1):
        if len(strip) == 1 and strip[0].size > 1.2 * size and len(strip[0].glyphs) > 1:
            # A headline by itself stands above what follows, whatever it happens to clear; a section's heading in a
            # column is less large, and begins where the column does.
            begun = [run.x0 for other in strips[: at - 1] for run in other]
            in_column = any(abs(strip[0].x0 - x0) <= size for x0 in begun) and any(
                low >= strip[0].x1 for low, _ in white
            )
            if strip[0].size > 1.6 * size or not in_column:
                break
        for run in strip:
            white = _without(white, run.x0, run.x1, GUTTER * size)
        if not white:
            break
        left, right = min(left, *(run.x0 for run in strip)), max(right, *(run.x1 for run in strip))
        inner = [(low, high) for low, high in white if low >= left and high <= right]
        if inner:
            end, gutters = at, inner
    boxes = [run for strip in strips[:end] for run in strip]
    widest = max(gutters, key=lambda gutter: gutter[1] - gutter[0])
    for cuts in ([gutters, [widest]] if len(gutters) > 1 else [gutters]) if boxes else []:
        parts = _cut(boxes, cuts)
        if _are_columns(parts, size):
            return end, parts
    return None


def _without(white: list[tuple[float, float]], x0: float, x1: float, least: float) -> list[tuple[float, float]]:
    left = []
    for low, high in white:
        if x1 <= low or x0 >= high:
            left.append((low, high))
        else:
            left += [part for part in ((low, x0), (x1, high)) if part[1] - part[0] >= least]
    return left


def _cut(boxes: Iterable[Run], gutters: Sequence[tuple[float, float]]) -> list[list[Run]]:
    edges = [low for low, _ in gutters]
    parts: list[list[Run]] = [[] for _ in range(len(edges) + 1)]
    for run in boxes:
        parts[sum(run.x0 >= edge for edge in edges)].append(run)
    return parts


def _are_columns(parts: Sequence[Sequence[Run]], size: float) -> bool:
    """Whether the lines of each part mostly run to its edge, as prose does; the last column may be a line or two."""
    for at, part in enumerate(parts, 1):
        edge = max((run.x1 for run in part), default=0.0)
        if at == len(parts) and _is_rest(part, parts[-2], size):
            return True
        if not part or edge - min(run.x0 for run in part) < _NARROWEST * size:
            return False
        full = sum(run.x1 >= edge - 2.2 * size for run in part)
        if full < max(2, 0.4 * len(part)) and (at < len(parts) or len(part) > 2):
            return False
    return True


def _is_rest(part: Sequence[Run], before: Sequence[Run], size: float) -> bool:
    """Whether a few words are the rest of a text: they stand at the head of a column beside one that is full."""
    if not 1 <= len(part) <= 2 or len(before) < 3 or part[0].rows:
        return False
    left, edge = min(run.x0 for run in before), max(run.x1 for run in before)
    full = sum(run.x1 >= edge - 2.2 * size for run in before)
    level = abs(min(run.top for run in part) - min(run.top for run in before)) < 0.5 * size
    near = min(run.x0 for run in part) - edge < _WIDEST_GUTTER * size
    return level and near and full >= 0.7 * len(before) and edge - left >= 2 * _NARROWEST * size
