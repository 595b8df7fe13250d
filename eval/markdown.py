"""A report in words and tables: the Markdown that `report.md` holds and the terminal shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.output import open_template
from eval.tables import KEPT, policy_line, signed, span, tables
from eval.words import INTERVAL, columns, many, plain


def render(report: Mapping[str, Any], brief: bool = False) -> str:
    """Return a report as Markdown: the verdict in words, then the tables, then what they rest on.

    `brief` is what a terminal shows: the verdict, the labels, the systems, a line for each policy.
    """
    from markupsafe import Markup

    template = open_template("report.md.jinja")
    name = " ".join(report["system"]["name"].split())
    found = {key: Markup(table(*rows)) for key, rows in tables(report).items()}
    lines = [policy_line(policy) for policy in report["policies"] or ()]
    filled = {
        "name": name,
        "verdict": verdict(report),
        "tables": found,
        "policies": lines,
        "kept": KEPT,
        "brief": brief,
    }
    return template.render(report=report, **filled).rstrip() + "\n"


def verdict(report: Mapping[str, Any]) -> str:
    """Say what the report finds: the macro-F1, the weakest label, and how the system stands to each baseline.

    A difference whose paired interval holds zero is called none; without an interval only the figure is given.
    """
    macro, gold = report["macro"], report["gold"]
    if macro["f1"] is None:
        return "Macro-F1 is undefined: neither the gold nor the system has a label."
    within = f" ({INTERVAL} interval {span(macro['interval'])})" if macro["interval"] else ""
    rows = f"{many(gold['paragraphs'], 'paragraph')} of {many(gold['documents'], 'document')}"
    scored = {label: row for label, row in report["labels"].items() if row["f1"] is not None}
    weakest = min(scored, key=lambda label: scored[label]["f1"])
    found = f"Macro-F1 {macro['f1']:.3f}{within} on {rows}"
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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal: the first to the left, figures to the right.

    What is in a cell stays text: no bar, no tag, no control character in it acts.

    >>> print(table(("label", "F1"), [["a|b", "0.5"]]))
    | label |  F1 |
    | :---- | --: |
    | a\\|b  | 0.5 |
    """
    cells = [[_cell(text) for text in row] for row in (header, *rows)]
    widths = [max(3, *(columns(row[n]) for row in cells)) for n in range(len(header))]
    left = [n == 0 or header[n] == "名称" for n in range(len(header))]
    lines = ["| " + " | ".join(_pad(text, widths[n], left[n]) for n, text in enumerate(row)) + " |" for row in cells]
    rule = [":" + "-" * (w - 1) if to_left else "-" * (w - 1) + ":" for w, to_left in zip(widths, left, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _cell(text: str) -> str:
    return plain(" ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|"))


def _pad(text: str, width: int, left: bool) -> str:
    blank = " " * (width - columns(text))
    return text + blank if left else blank + text
