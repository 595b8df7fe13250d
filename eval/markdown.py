"""A report in words and tables: the Markdown that `report.md` holds and the terminal shows."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gongbao.labels import NONE

BLANK = "–"
"""What a table shows for an undefined figure."""


def render(report: dict[str, Any]) -> str:
    """Return a report as Markdown: the verdict in words, then the tables, then what they rest on."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    # Markdown is not HTML: `|` is escaped cell by cell in `table`.
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    tables = {
        "labels": label_table(report),
        "sentences": sentence_table(report),
        "systems": system_table(report),
        "calibration": calibration_table(report),
    }
    template = environment.get_template("report.md.jinja")
    name = " ".join(report["system"]["name"].split())
    return template.render(report=report, name=name, verdict=verdict(report), tables=tables).rstrip() + "\n"


def verdict(report: dict[str, Any]) -> str:
    """Say what the report finds: the macro-F1, the weakest label, and how the system stands to each baseline.

    A difference whose paired interval holds zero is called none; without an interval only the figure is given.
    """
    macro, gold = report["macro"], report["gold"]
    if macro["f1"] is None:
        return "Macro-F1 is undefined: neither the gold nor the system has a label."
    span = f" (95 % interval {_span(macro['interval'])})" if macro["interval"] else ""
    scored = {label: row for label, row in report["labels"].items() if row["f1"] is not None}
    weakest = min(scored, key=lambda label: scored[label]["f1"])
    found = f"Macro-F1 {macro['f1']:.3f}{span} on {gold['paragraphs']} paragraphs of {gold['documents']} documents"
    lines = [f"{found}; weakest label {weakest} {gold['names'][weakest]} ({scored[weakest]['f1']:.3f})."]
    for name, other in report["baselines"].items():
        difference = other["difference"]
        if difference["macro_f1"] is None:
            continue
        size = signed(difference["macro_f1"])
        if not difference["interval"]:
            lines.append(f"Against {name}: {size}, without an interval.")
            continue
        low, high = difference["interval"]
        stands = "Better than" if low > 0 else "Worse than" if high < 0 else "Not told apart from"
        lines.append(f"{stands} {name}: {size} [{signed(low)}, {signed(high)}].")
    return " ".join(lines)


def label_table(report: dict[str, Any]) -> str:
    """The paragraph scores: a row a label, then `none`, the means, and the sentences' macro mean."""
    names = report["gold"]["names"] | {NONE: "无涉及"}
    header = ("label", "名称", "precision", "recall", "F1", "95 %", "support", "AP", "threshold")
    rows = [
        _row(label, names[label], row, row["support"], row["average_precision"], row["threshold"])
        for label, row in report["labels"].items()
    ]
    rows.append(_row(NONE, names[NONE], report["none"], report["none"]["support"]))
    rows.append(_row("macro", "", report["macro"], ap=report["macro"]["average_precision"]))
    rows.append(_row("micro", "", report["micro"]))
    rows.append(_row("samples", "", report["samples"]))
    exact = report["exact_match"]
    rows.append(_row("exact match", "", {"f1": exact["accuracy"], "interval": exact["interval"]}))
    if report["sentence_level"]:
        macro = report["sentence_level"]["macro"]
        rows.append(_row("sentence macro", "", macro, ap=macro["average_precision"]))
    return table(header, rows)


def sentence_table(report: dict[str, Any]) -> str | None:
    """The sentence scores, a row a label; None where there are none."""
    found = report["sentence_level"]
    if not found:
        return None
    header = ("label", "precision", "recall", "F1", "95 %", "support", "AP")
    rows = [
        _row(label, "", row, row["support"], row["average_precision"])
        for label, row in [*found["labels"].items(), (NONE, found["none"] | {"average_precision": None})]
    ]
    rows.append(_row("macro", "", found["macro"], ap=found["macro"]["average_precision"]))
    rows.append(_row("micro", "", found["micro"]))
    return table(header, [[row[0], *row[2:8]] for row in rows])


def system_table(report: dict[str, Any]) -> str:
    """The systems side by side; the difference is the scored system's macro-F1 less the row's, paired."""
    header = ("system", "macro-F1", "95 %", "micro-F1", "none-F1", "mAP", "difference", "95 % (paired)")
    rows = []
    for name, found in [(report["system"]["name"], report), *report["baselines"].items()]:
        difference = found.get("difference", {"macro_f1": None, "interval": None})
        macro = found["macro"]
        rows.append(
            [
                name,
                figure(macro["f1"]),
                _span(macro["interval"]),
                figure(found["micro"]["f1"]),
                figure(found["none"]["f1"]),
                figure(macro["average_precision"]),
                signed(difference["macro_f1"]),
                ", ".join(map(signed, difference["interval"])) if difference["interval"] else BLANK,
            ]
        )
    return table(header, rows)


def calibration_table(report: dict[str, Any]) -> str | None:
    """Brier score and expected calibration error, a row a label; None without scores."""
    found = report["calibration"]
    if not found:
        return None
    rows = [[label, figure(row["brier"]), figure(row["ece"])] for label, row in found["labels"].items()]
    return table(("label", "Brier", "ECE"), [*rows, ["mean", figure(found["brier"]), figure(found["ece"])]])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal: the first to the left, figures to the right.

    >>> print(table(("label", "F1"), [["a|b", "0.5"]]))
    | label |  F1 |
    | :---- | --: |
    | a\\|b  | 0.5 |
    """
    cells = [[_cell(text) for text in row] for row in (header, *rows)]
    widths = [max(3, *(_width(row[n]) for row in cells)) for n in range(len(header))]
    left = [n == 0 or header[n] == "名称" for n in range(len(header))]
    lines = ["| " + " | ".join(_pad(text, widths[n], left[n]) for n, text in enumerate(row)) + " |" for row in cells]
    rule = [":" + "-" * (w - 1) if to_left else "-" * (w - 1) + ":" for w, to_left in zip(widths, left, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def figure(value: float | None) -> str:
    return BLANK if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference with its sign, three decimals; nothing is `+0.000`, never `-0.000`."""
    return BLANK if value is None else f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def _row(
    label: str,
    name: str,
    scores: dict[str, Any],
    support: int | None = None,
    ap: float | None = None,
    threshold: float | None = None,
) -> list[str]:
    parts = [figure(scores.get(key)) for key in ("precision", "recall", "f1")]
    count = BLANK if support is None else str(support)
    return [label, name, *parts, _span(scores["interval"]), count, figure(ap), figure(threshold)]


def _span(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else BLANK


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


def _width(text: str) -> int:
    """Columns that a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _pad(text: str, width: int, left: bool) -> str:
    blank = " " * (width - _width(text))
    return text + blank if left else blank + text
