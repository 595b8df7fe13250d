"""Figures of shares as SVG to stand in a page: a heat map of labels by group, and lines over years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from eval.svg import blank, settings, svg
from eval.words import PERCENT, ems
from gongbao.lines import clean

INK, GREY, LINE = "#1c1c1c", "#767676", "#0b5394"
COLUMN, ROW, GAP, LETTER = 42, 26, 8, 12
DEEP = 0.72
"""From here on white is easier to read on the colour map's blue than ink."""
PANEL = (300, 190)
WIDEST = 12


@dataclass(frozen=True)
class Row:
    """A row of a heat map: its name, a share (or None) for each column, and whether it is marked †."""

    name: str
    shares: Sequence[float | None]
    marked: bool = False


@dataclass(frozen=True)
class Point:
    """A year's share with its interval, beside the raw one (None where there is only one to show)."""

    year: int
    share: float | None
    interval: Sequence[float] | None
    raw: float | None = None
    marked: bool = False


def heat_map(rows: Sequence[Row], columns: Sequence[str], title: str) -> str:
    """Draw shares as cells, in percent, the darker the larger; the first row, all groups, stands apart.

    `title` is what a screen reader says. Returns an `<svg>` element that fills its box, up to 1.25 times its own size.
    """
    left = 18 + max(ems(short(row.name)) for row in rows) * LETTER
    # Headers lean by 45 degrees.
    slant = max(map(ems, map(short, columns))) * LETTER * 0.72
    width, top = left + COLUMN * len(columns) + max(6.0, slant - COLUMN / 2), slant + 12
    height = top + ROW * len(rows) + GAP + 2
    # One group of two paragraphs may be all of one label; it must not make all the others pale.
    known = [value for row in rows for value in row.shares if value is not None]
    overall = [value for value in rows[0].shares if value is not None]
    darkest = min(max(known, default=1.0), 2 * max(overall, default=1.0)) or 1.0
    with settings():
        from matplotlib import colormaps
        from matplotlib.patches import Rectangle

        figure = blank(width, height)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        for n, name in enumerate(columns):
            place = (left + COLUMN * (n + 0.5) - 3, top - 6)
            axes.text(*place, short(name), rotation=45, rotation_mode="anchor", fontsize=LETTER, color=INK)
        for m, row in enumerate(rows):
            y = top + ROW * m + (GAP if m else 0)
            weight = "bold" if m == 0 else "normal"
            line = y + ROW * 0.67
            axes.text(left - 17, line, short(row.name), ha="right", fontsize=LETTER, color=INK, fontweight=weight)
            if row.marked:
                axes.text(left - 14, line, "†", fontsize=LETTER, color=INK)
            for n, value in enumerate(row.shares):
                x = left + COLUMN * n
                depth = 0.0 if value is None else min(value / darkest, 1.0)
                colour = "#f2f2f2" if value is None else colormaps["Blues"](0.04 + 0.86 * depth)
                axes.add_patch(Rectangle((x + 1, y + 1), COLUMN - 2, ROW - 2, facecolor=colour, linewidth=0))
                ink = "white" if depth > DEEP else INK
                axes.text(x + COLUMN / 2, line, percent(value), ha="center", fontsize=LETTER - 1, color=ink)
        return svg(figure, title)


def lines(panels: Mapping[str, Sequence[Point]], title: str) -> dict[str, str]:
    """Draw a panel for each label, its share over years with the interval as a band, all to one scale.

    A raw share beside it is a dashed grey line; a marked year a hollow point. Bands that leave the scale are cut, and
    break at a year without an interval; one alone is a bar. Returns an `<svg>` element for each label.
    """
    points = [point for panel in panels.values() for point in panel]
    shares = [value for point in points for value in (point.share, point.raw) if value is not None]
    bounds = [point.interval[1] for point in points if point.interval]
    # An interval of two documents may reach from 0 to 1; it must not make all lines flat.
    top = min(max(0.01, *shares, *bounds) * 1.02, max(0.01, *shares) * 1.6, 1.0)
    years = (min(point.year for point in points), max(point.year for point in points))
    return {label: _panel(panel, top, years, f"{title}: {label}") for label, panel in panels.items()}


def percent(value: float | None) -> str:
    """A share in percent, one decimal; `–` where undefined."""
    return "–" if value is None else f"{100 * value:.1f}"


def short(name: str) -> str:
    """A name fit for a figure: no control characters, at most 12 Chinese characters wide.

    >>> short("新疆维吾尔自治区"), short("长" * 40) == "长" * 11 + "…"
    ('新疆维吾尔自治区', True)
    """
    name = clean(" ".join(name[:200].split()))
    ends = list(accumulate(map(ems, name)))
    return name if not ends or ends[-1] <= WIDEST else name[: sum(end <= WIDEST - 1 for end in ends)] + "…"


def _panel(points: Sequence[Point], top: float, years: tuple[int, int], title: str) -> str:
    with settings():
        figure = blank(*PANEL)
        room = max(0.4, (years[1] - years[0]) * 0.03)
        axes = figure.add_axes((0.12, 0.13, 0.84, 0.82), xlim=(years[0] - room, years[1] + room), ylim=(0, top))
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(GREY)
        shown = range(years[0], years[1] + 1, -(-(years[1] - years[0]) // 5) or 1)
        axes.set_xticks(shown, [str(year) for year in shown])
        axes.set_yticks(_ticks(top), [f"{100 * tick:.4g}{PERCENT}" for tick in _ticks(top)])
        axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=LETTER - 1, labelcolor=INK, color=GREY, length=3)
        axes.tick_params(axis="y", length=0)
        for band in _bands(points):
            across, low, high = zip(*band, strict=True)
            if len(band) > 1:
                axes.fill_between(across, low, high, color=LINE, alpha=0.18, linewidth=0)
            else:
                axes.vlines(across, low, high, color=LINE, alpha=0.35, linewidth=3)
        raw = [(point.year, point.raw) for point in points if point.raw is not None]
        if raw:
            axes.plot(*zip(*raw, strict=True), color=GREY, linewidth=1.2, dashes=(4, 2))
        found = [(point.year, point.share) for point in points if point.share is not None]
        marks = [point.marked for point in points if point.share is not None]
        if found:
            axes.plot(*zip(*found, strict=True), color=LINE, linewidth=1.8)
        for (year, share), marked in zip(found, marks, strict=True):
            face = "white" if marked else LINE
            axes.plot(year, share, "o", color=LINE, markerfacecolor=face, markersize=4.5)
        return svg(figure, title)


def _bands(points: Sequence[Point]) -> Iterator[list[tuple[int, float, float]]]:
    """Runs of neighbouring points that have an interval, as year, low, high."""
    for has, run in groupby(points, lambda point: bool(point.interval)):
        if has:
            yield [(point.year, point.interval[0], point.interval[1]) for point in run if point.interval]


def _ticks(top: float) -> list[float]:
    step = next(step for step in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if top / step <= 5 or step == 0.5)
    return [step * n for n in range(int(top / step) + 1)]
