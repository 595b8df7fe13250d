"""The figures of reports and comparisons, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from eval.svg import blank, settings, svg

INK, BLUE, RED, GREY, PALE = "#1f2933", "#1d5fa8", "#b3261e", "#8a94a0", "#d7dde3"
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


@contextmanager
def canvas(rows: int = 1, columns: int = 1, width: float = 720, height: float = 300, **options: Any) -> Iterator[Any]:
    """Give a figure and its axes, sized in pixels, in the look that all figures share."""
    with settings(LOOK):
        figure = blank(width, height)
        figure.set_layout_engine("constrained")
        yield figure, figure.subplots(rows, columns, **options)


def scores(report: Mapping[str, Any]) -> str:
    """F1 of every label with its interval, and the baselines' as marks: where the system stands."""
    names = report["gold"]["names"]
    labels = [label for label, row in report["labels"].items() if row["f1"] is not None]
    with canvas(height=30 * len(labels) + 80) as (figure, axes):
        for y, label in enumerate(labels):
            row = report["labels"][label]
            if row["interval"]:
                axes.plot(row["interval"], [y, y], color=BLUE, linewidth=6, alpha=0.25, solid_capstyle="butt")
            axes.plot(row["f1"], y, "o", color=BLUE, markersize=7, label=report["system"]["name"] if not y else None)
        for (name, other), mark in zip(report["baselines"].items(), "Ds^vPX", strict=False):
            points = [(other["labels"][label]["f1"], y) for y, label in enumerate(labels)]
            points = [(value, y) for value, y in points if value]
            if points:
                axes.plot(*zip(*points, strict=True), mark, color=GREY, markersize=6, label=name)
        axes.set_yticks(range(len(labels)), [f"{label} {names[label]}" for label in labels])
        axes.invert_yaxis()
        axes.set_xlabel("F1")
        axes.grid(axis="x", color=PALE)
        axes.set_axisbelow(True)
        figure.legend(loc="outside lower right", ncols=4, frameon=False, fontsize=9)
        return svg(figure, "F1 of every label with its 95 % interval")


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


def by_threshold(report: Mapping[str, Any]) -> str:
    """Precision, recall and F1 against the threshold, a panel a label, the threshold in use as a line."""

    def draw(axes: Any, row: Mapping[str, Any]) -> None:
        for column, colour, name in ((1, GREY, "precision"), (2, INK, "recall"), (3, BLUE, "F1")):
            points = [(each[0], each[column]) for each in row["by_threshold"] if each[column] is not None]
            axes.plot(*zip(*points, strict=True), color=colour, label=name)
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
            axes.set_title(f"{label} {report['gold']['names'][label]}", fontsize=10)
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        for axes in flat[len(rows) :]:
            axes.set_visible(False)
        if legend:
            handles, names = flat[0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower right", ncols=3, frameon=False, fontsize=9)
        figure.supxlabel(across, fontsize=10)
        figure.supylabel(up, fontsize=10)
        return svg(figure, title)


def differences(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """Differences with their paired intervals about zero: `name`, `difference`, `interval`."""
    with canvas(height=28 * len(rows) + 64) as (figure, axes):
        axes.axvline(0, color=GREY, linewidth=1)
        for y, row in enumerate(rows):
            low, high = row["interval"] or (row["difference"], row["difference"])
            colour = BLUE if low > 0 else RED if high < 0 else GREY
            axes.plot([low, high], [y, y], color=colour, linewidth=6, alpha=0.3, solid_capstyle="butt")
            axes.plot(row["difference"], y, "o", color=colour)
        axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel(title)
        axes.grid(axis="x", color=PALE)
        axes.set_axisbelow(True)
        return svg(figure, title)
