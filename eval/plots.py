"""The figures of reports and comparisons, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from eval.svg import blank, settings, svg
from eval.words import INTERVAL, ems, shorten

INK, BLUE, RED, GREY, SOFT, PALE = "#1f2933", "#1d5fa8", "#b3261e", "#8a94a0", "#5d6b78", "#d7dde3"
LOOK = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


WIDTH, ROW, TEXT, EDGE = 440, 42, 14, 14
"""Of a chart, in pixels: so narrow and of such letters that it can be read on a telephone."""
CHART = 1.2
"""How far beyond its own size a chart grows."""
MARKS = "Ds^vPX"


@contextmanager
def canvas(rows: int = 1, columns: int = 1, width: float = 720, height: float = 300, **options: Any) -> Iterator[Any]:
    """Give a figure and its axes, sized in pixels, in the look that all figures share."""
    with settings(LOOK):
        figure = blank(width, height)
        figure.set_layout_engine("constrained")
        yield figure, figure.subplots(rows, columns, **options)


@contextmanager
def chart(names: Sequence[str], below: float) -> Iterator[Any]:
    """Give a figure with a row for each name, its axes, and a sheet over it all whose units are pixels.

    Of a name of two lines the second is smaller. Names have the room that they need, whatever font draws them; `below`
    is that under the axes' ticks.
    """
    with settings(LOOK | {"font.size": TEXT - 1}):
        lines = [name.split("\n") for name in names]
        left = EDGE + TEXT * max((ems(line) for each in lines for line in each), default=0)
        bottom, tall = below + 26, ROW * len(names)
        height = tall + bottom + 4
        figure = blank(WIDTH, height)
        axes = figure.add_axes((left / WIDTH, bottom / height, (WIDTH - left - EDGE) / WIDTH, tall / height))
        axes.set_yticks(range(len(names)), [])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=6)
        axes.grid(axis="x", color=PALE)
        axes.set_axisbelow(True)
        sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        sheet.set_axis_off()
        for n, each in enumerate(lines):
            # Line by line: matplotlib would align them by the widths of its own font, which lacks Chinese.
            for m, line in enumerate(each):
                y = 4 + ROW * (n + 0.5) + TEXT * (1.15 * m + 0.38 - 0.575 * (len(each) - 1))
                sheet.text(left - 8, y, line, ha="right", fontsize=TEXT - m, color=SOFT if m else INK)
        yield figure, axes, sheet


def scores(report: Mapping[str, Any]) -> str:
    """F1 of every label with its interval, and the baselines' as marks: where the system stands."""
    rows = {label: row for label, row in report["labels"].items() if row["f1"] is not None}
    shown = [(report["system"]["name"], "o", BLUE)]
    names = [two_lines(label, report["gold"]["names"][label]) for label in rows]
    found: dict[str, list[tuple[float, int]]] = {
        name: [(f1, y) for y, label in enumerate(rows) if (f1 := other["labels"][label]["f1"])]
        for name, other in report["baselines"].items()
    }
    shown += [(name, mark, GREY) for name, mark in zip((n for n in found if found[n]), MARKS, strict=False)]
    wide = max(ems(shorten(name)) for name, _, _ in shown) * TEXT > WIDTH / 2 - 2 * EDGE
    columns = 1 if wide else 2
    with chart(names, 24 + 22 * -(-len(shown) // columns)) as (figure, axes, sheet):
        for y, row in enumerate(rows.values()):
            if row["interval"]:
                axes.plot(row["interval"], [y, y], color=BLUE, linewidth=8, alpha=0.25, solid_capstyle="butt")
            axes.plot(row["f1"], y, "o", color=BLUE, markersize=9)
        for name, mark, colour in shown[1:]:
            axes.plot(*zip(*found[name], strict=True), mark, color=colour, markersize=7)
        height = sheet.get_ylim()[0]
        axes.set_xlabel("F1")
        for n, (name, mark, colour) in enumerate(shown):
            x = EDGE + n % columns * WIDTH / 2
            y = height - 22 * (-(-len(shown) // columns) - n // columns) + 10
            sheet.plot(x, y, mark, color=colour, markersize=8)
            sheet.text(x + 12, y, shorten(name), va="center_baseline")
        return svg(figure, f"F1 of every label with its {INTERVAL} interval", CHART)


def two_lines(label: str, name: str) -> str:
    """A label's id above its name, short; one line where they are the same."""
    label, name = shorten(label), shorten(name)
    return f"{label}\n{name}" if name and name != label else label


def reliability(report: Mapping[str, Any]) -> str:
    """Share of positives against the mean probability, bin by bin, a panel a label: on the diagonal is calibrated."""

    def draw(axes: Any, row: Mapping[str, Any]) -> None:
        axes.plot([0, 1], [0, 1], color=PALE, zorder=0)
        for bin_ in row["reliability"]:
            axes.plot([bin_["score"]] * 2, bin_["interval"], color=BLUE, alpha=0.35)
        axes.plot([b["score"] for b in row["reliability"]], [b["share"] for b in row["reliability"]], "o-", color=BLUE)

    return _panels(report, report["calibration"]["labels"], draw, "probability", "share of positives", "Reliability")


def precision_recall(report: Mapping[str, Any]) -> str:
    """Precision against recall, a panel a label, the threshold in use marked."""

    def draw(axes: Any, row: Mapping[str, Any]) -> None:
        axes.plot(*zip(*row["precision_recall"], strict=True), color=BLUE)
        if row.get("at") and None not in row["at"]:
            axes.plot(*row["at"], "o", color=RED)

    rows = {
        label: row | {"at": [report["labels"][label][key] for key in ("recall", "precision")]}
        for label, row in report["curves"].items()
    }
    return _panels(report, rows, draw, "recall", "precision", "Precision and recall")


CURVES = {"precision": (1, GREY), "recall": (2, INK), "F1": (3, BLUE)}
"""The lines of `by_threshold`: which column each is, and its colour."""


def by_threshold(report: Mapping[str, Any]) -> str:
    """Precision, recall and F1 against the threshold, a panel a label, the threshold in use as a line."""

    def draw(axes: Any, row: Mapping[str, Any]) -> None:
        for column, colour in CURVES.values():
            points = [(each[0], each[column]) for each in row["by_threshold"] if each[column] is not None]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour)
        if row["threshold"] is not None:
            axes.axvline(row["threshold"], color=RED, linewidth=1)

    rows = {label: row | {"threshold": report["labels"][label]["threshold"]} for label, row in report["curves"].items()}
    return _panels(report, rows, draw, "threshold", "", "Scores by threshold", legend=True)


def _panels(
    report: Mapping[str, Any],
    rows: Mapping[str, Any],
    draw: Any,
    across: str,
    up: str,
    title: str,
    legend: bool = False,
) -> str:
    columns = min(4, len(rows))
    lines = -(-len(rows) // columns)
    with canvas(lines, columns, 720, 170 * lines + 40, sharex=True, sharey=True, squeeze=False) as (figure, grid):
        flat = list(grid.flat)
        for axes, (label, row) in zip(flat, rows.items(), strict=False):
            draw(axes, row)
            axes.set_title(shorten(f"{label} {report['gold']['names'][label]}", 24), fontsize=10)
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        for axes in flat[len(rows) :]:
            axes.set_visible(False)
        if legend:
            from matplotlib.lines import Line2D

            handles = [Line2D([], [], color=colour) for _, colour in CURVES.values()]
            figure.legend(handles, list(CURVES), loc="outside lower right", ncols=3, frameon=False, fontsize=9)
        figure.supxlabel(across, fontsize=10)
        figure.supylabel(up, fontsize=10)
        return svg(figure, title)


def differences(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """Differences with their paired intervals about zero: `name`, of one or two lines, `difference`, `interval`."""
    below = 8 + 20 * len(title.split("\n"))
    with chart([row["name"] for row in rows], below) as (figure, axes, sheet):
        axes.axvline(0, color=GREY, linewidth=1)
        for y, row in enumerate(rows):
            low, high = row["interval"] or (row["difference"], row["difference"])
            colour = BLUE if low > 0 else RED if high < 0 else GREY
            axes.plot([low, high], [y, y], color=colour, linewidth=8, alpha=0.3, solid_capstyle="butt")
            axes.plot(row["difference"], y, "o", color=colour, markersize=9)
        for n, line in enumerate(title.split("\n")):
            sheet.text(WIDTH / 2, sheet.get_ylim()[0] - below + 20 * (n + 1), line, ha="center")
        return svg(figure, title.replace("\n", " "), CHART)
