"""A report's tables as headers and rows of text, which Markdown and HTML then draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eval.words import INTERVAL, PERCENT
from gongbao.labels import NONE

BLANK = "–"
"""What a table shows for an undefined figure."""
FEW = 20
"""Positives below which a label's scores tell too little."""
TOO_FEW = "*"

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def tables(report: Mapping[str, Any]) -> dict[str, Table]:
    """Every table that a report has something for, by name; each is a header and its rows."""
    makers: dict[str, Callable[[Mapping[str, Any]], Table | None]] = {
        "labels": label_table,
        "sentences": sentence_table,
        "systems": system_table,
        "agreement": agreement_table,
        "evidence": evidence_table,
        "calibration": calibration_table,
        "bands": band_table,
        "confusion": confusion_table,
        "behaviour": behaviour_table,
        "seeds": seed_table,
    }
    found = {name: make(report) for name, make in makers.items()}
    found |= {f"policy {row['policy']}": policy_table(row) for row in report["policies"] or ()}
    found |= {f"slice {name}": slice_table(name, rows) for name, rows in report["slices"].items()}
    return {name: table for name, table in found.items() if table}


def label_table(report: Mapping[str, Any]) -> Table:
    """The paragraph scores: a row a label, then `none`, the means, and the sentences' macro mean."""
    names = report["gold"]["names"] | {NONE: "无涉及"}
    header = ("label", "名称", "precision", "recall", "F1", INTERVAL, "support", "AP", "threshold")
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
    rows.append(_row("Hamming loss", "", {"f1": report["hamming_loss"], "interval": None}))
    if report["sentence_level"]:
        macro = report["sentence_level"]["macro"]
        rows.append(_row("sentence macro", "", macro, ap=macro["average_precision"]))
    return header, rows


def sentence_table(report: Mapping[str, Any]) -> Table | None:
    """The sentence scores, a row a label; None where there are none."""
    found = report["sentence_level"]
    if not found:
        return None
    header = ("label", "precision", "recall", "F1", INTERVAL, "support", "AP")
    rows = [
        _row(label, "", row, row["support"], row["average_precision"])
        for label, row in [*found["labels"].items(), (NONE, found["none"] | {"average_precision": None})]
    ]
    rows.append(_row("macro", "", found["macro"], ap=found["macro"]["average_precision"]))
    rows.append(_row("micro", "", found["micro"]))
    return header, [[row[0], *row[2:8]] for row in rows]


def system_table(report: Mapping[str, Any]) -> Table:
    """The systems side by side; the difference is the scored system's macro-F1 less the row's, paired."""
    header = ("system", "macro-F1", INTERVAL, "micro-F1", "none-F1", "mAP", "difference", f"{INTERVAL} (paired)")
    rows = []
    for name, found in [(report["system"]["name"], report), *report["baselines"].items()]:
        difference = found.get("difference", {"macro_f1": None, "interval": None})
        macro = found["macro"]
        rows.append(
            [
                name,
                figure(macro["f1"]),
                span(macro["interval"]),
                figure(found["micro"]["f1"]),
                figure(found["none"]["f1"]),
                figure(macro["average_precision"]),
                signed(difference["macro_f1"]),
                signed_span(difference["interval"]),
            ]
        )
    return header, rows


def agreement_table(report: Mapping[str, Any]) -> Table | None:
    """How far the second annotator agrees with gold, by label: the ceiling of any system's F1."""
    found = report["gold"]["agreement"]
    if not found:
        return None
    keys = ("positive_agreement", "kappa", "alpha")
    rows = [
        [label, *(figure(row[key]) for key in keys), figure(report["labels"][label]["f1"])]
        for label, row in found.items()
    ]
    return ("label", "positive agreement", "kappa", "alpha", "the system's F1"), rows


def evidence_table(report: Mapping[str, Any]) -> Table | None:
    """How often the sentence shown carries the label in gold."""
    found = report["evidence"]
    if not found:
        return None
    rows = [
        [name, *share_cells(row["right"]), str(row["right"]["n"]), *share_cells(row["where_right"])]
        for name, row in [*found["labels"].items(), ("all", found)]
    ]
    return ("label", "sentence right", INTERVAL, "shown", "where the label is right", INTERVAL), rows


def calibration_table(report: Mapping[str, Any]) -> Table | None:
    """Brier score and expected calibration error, a row a label; None without scores."""
    found = report["calibration"]
    if not found:
        return None
    rows = [[label, figure(row["brier"]), figure(row["ece"])] for label, row in found["labels"].items()]
    return ("label", "Brier", "ECE"), [*rows, ["mean", figure(found["brier"]), figure(found["ece"])]]


def band_table(report: Mapping[str, Any]) -> Table | None:
    """The bands yes, review and no: shares of paragraphs, and what a reader of `yes` alone can rely on."""
    found = report["bands"]
    if not found:
        return None
    rows = [
        [
            label,
            *(percent(row[band]) for band in ("yes", "review", "no")),
            *share_cells(row["precision_of_yes"]),
            *share_cells(row["lost_by_no"]),
        ]
        for label, row in found["labels"].items()
    ]
    return ("label", "yes", "review", "no", "precision of yes", INTERVAL, "lost in no", INTERVAL), rows


KEPT = (
    "Kept: yes where even the lower bound of the interval reaches the promise, no where even the upper bound falls "
    "short of it, and cannot tell in between."
)
"""What the column `kept` of a policy's table means."""


def policy_line(policy: Mapping[str, Any]) -> str:
    """A policy in a line: for which labels it is kept, for which not, and for which that cannot be told."""
    found: dict[str, list[str]] = {"kept for": [], "not kept for": [], "cannot tell for": [], "out of reach for": []}
    words = {True: "kept for", False: "not kept for", None: "cannot tell for"}
    for label, row in policy["labels"].items():
        found["out of reach for" if row["threshold"] is None else words[row["kept"]]].append(label)
    parts = "; ".join(f"{how} {', '.join(labels)}" for how, labels in found.items() if labels)
    return f"Policy {policy['policy']}: {parts}. It labels {percent(policy['labelled'])} of the paragraphs."


def policy_table(policy: Mapping[str, Any]) -> Table:
    """What a policy promised on the tuning set and keeps on gold."""
    words = {True: "yes", False: "no", None: "cannot tell"}
    rows = []
    for label, row in policy["labels"].items():
        if row["threshold"] is None:
            rows.append([label, BLANK, BLANK, BLANK, BLANK, BLANK, f"out of reach; nearest {figure(row['nearest'])}"])
            continue
        cells = [*share_cells(row["precision"]), *share_cells(row["recall"])]
        rows.append([label, figure(row["threshold"]), *cells, words[row["kept"]]])
    rows.append(["all", BLANK, *share_cells(policy["precision"]), *share_cells(policy["recall"]), BLANK])
    return ("label", "threshold", "precision", INTERVAL, "recall", INTERVAL, "kept"), rows


def slice_table(name: str, slices: Sequence[Mapping[str, Any]]) -> Table:
    """The scores of each part of the gold."""
    rows = [
        [
            row["value"],
            str(row["paragraphs"]),
            str(row["documents"]),
            figure(row["micro"]["f1"]),
            span(row["micro"]["interval"]),
            figure(row["macro"]["f1"]),
            figure(row["exact_match"]["accuracy"]),
            span(row["exact_match"]["interval"]),
        ]
        for row in slices
    ]
    return (name, "paragraphs", "documents", "micro-F1", INTERVAL, "macro-F1", "exact match", INTERVAL), rows


def confusion_table(report: Mapping[str, Any]) -> Table:
    """Missed (rows) against invented (columns); an empty cell is 0."""
    found = report["confusion"]
    rows = [[name, *(str(n) if n else "" for n in row.values())] for name, row in found.items()]
    return ("missed ↓ invented →", *found), rows


def behaviour_table(report: Mapping[str, Any]) -> Table | None:
    """The pass rate of every behavioural check."""
    found = report["behaviour"]
    if not found:
        return None
    rows = [
        [
            row["name"],
            row["zh"],
            row["kind"],
            f"{row['passed']} of {row['n']}",
            percent(row["rate"]),
            span(row["interval"]),
        ]
        for row in found
    ]
    return ("check", "名称", "kind", "passed", "rate", INTERVAL), rows


def seed_table(report: Mapping[str, Any]) -> Table | None:
    """Macro-F1 of runs that differ in their seed alone."""
    found = report["seeds"]
    if not found:
        return None
    rows = [[name, figure(value)] for name, value in found["macro_f1"].items()]
    rows += [["mean", figure(found["mean"])], ["standard deviation", figure(found["standard_deviation"])]]
    return ("run", "macro-F1"), rows


def figure(value: float | None) -> str:
    return BLANK if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return BLANK if value is None else f"{100 * value:.1f}{PERCENT}"


def signed(value: float | None) -> str:
    """A difference with its sign, three decimals; nothing is `+0.000`, never `-0.000`."""
    return BLANK if value is None else f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def span(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else BLANK


def signed_span(interval: Sequence[float] | None) -> str:
    return ", ".join(map(signed, interval)) if interval else BLANK


def share_cells(share: Mapping[str, Any]) -> list[str]:
    return [figure(share["value"]), span(share["interval"])]


def _row(
    label: str,
    name: str,
    scores: Mapping[str, Any],
    support: int | None = None,
    ap: float | None = None,
    threshold: float | None = None,
) -> list[str]:
    parts = [figure(scores.get(key)) for key in ("precision", "recall", "f1")]
    count = BLANK if support is None else f"{support}{TOO_FEW if support < FEW else ''}"
    return [label, name, *parts, span(scores["interval"]), count, figure(ap), figure(threshold)]
