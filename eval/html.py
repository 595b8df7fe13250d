"""A report as one page of HTML that needs nothing else: tables, figures, and the errors with their text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eval import plots
from eval.gold import Gold
from eval.markdown import verdict
from eval.output import open_template
from eval.tables import KEPT, tables


def page(template: str, **values: Any) -> str:
    """Fill a page's template; everything in it is escaped but figures, which are made here."""
    from markupsafe import Markup

    figures = {name: Markup(svg) for name, svg in values.pop("figures").items()}
    return open_template(template).render(figures=figures, **values)


def render(report: Mapping[str, Any], gold: Gold) -> str:
    """Return a report as HTML; `gold` gives the text of the errors and the suspect labels."""
    drawn = {"scores": plots.scores(report)} if report["macro"]["f1"] is not None else {}
    if report["calibration"]:
        drawn["reliability"] = plots.reliability(report)
    if report["curves"]:
        drawn["precision_recall"] = plots.precision_recall(report)
        drawn["by_threshold"] = plots.by_threshold(report)
    rows = [report["labels"][label] for label in report["curves"] or ()]
    return page(
        "report.html.jinja",
        report=report,
        # Figures mark what is known of the answers in use.
        points=any(row["precision"] is not None and row["recall"] is not None for row in rows),
        thresholds=any(row["threshold"] is not None for row in rows),
        kept=KEPT,
        verdict=verdict(report),
        tables=tables(report),
        figures=drawn,
        errors=[error | {"sentences": marked(gold, error["id"], error["sentence"])} for error in report["errors"]],
        suspects=[each | {"sentences": marked(gold, each["id"])} for each in (report["suspects"] or ())[:30]],
    )


def marked(gold: Gold, id_: str, sentence: int | None = None) -> list[dict[str, Any]]:
    """The sentences of a paragraph, each with its gold labels, and which one to look at."""
    example = gold.examples[gold.row[id_]]
    return [
        {"text": each.text, "labels": list(each.labels), "marked": number == sentence}
        for number, each in enumerate(example.sentences)
    ]
