"""Scores of multi-label answers: precision, recall, F1 and average precision, all counted by scikit-learn.

What is undefined is None and leaves every mean: a label's precision where the label is never answered, its recall and
average precision where gold never has it, its F1 where neither has it. F1 is 2TP / (2TP + FP + FN), so that a label
answered though gold never has it scores 0, and a mean of nothing is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, with_none


def measure(truth: Bools, answer: Bools, ids: Sequence[str], scores: Floats | None = None) -> dict[str, Any]:
    """Score answers against gold; every array is `(rows, labels)` with the columns of `ids`, one row a text.

    Returns `labels` (for each id: precision, recall, f1, support, average_precision), `none` (the same of the rows
    without a label), `macro` (means over labels; its average_precision is the mean average precision), `micro`,
    `samples` (mean F1 of rows; a row without a label answered with none scores 1), `exact_match`, and `hamming_loss`,
    the share of cells that are wrong.

    >>> truth = np.array([[True, False], [False, False]])
    >>> measure(truth, truth, ["a", "b"])["macro"]["f1"], measure(truth, truth, ["a", "b"])["labels"]["b"]["f1"]
    (1.0, None)
    """
    from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support

    gold, given = _with_none(truth), _with_none(answer)
    columns = list(range(len(ids) + 1))
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, given, labels=columns, average=None, zero_division=np.nan
    )
    micro = precision_recall_fscore_support(gold, given, labels=columns[:-1], average="micro", zero_division=np.nan)
    ranked = average_precision(truth, scores) if scores is not None else [None] * len(ids)
    rows = [
        {"precision": number(p), "recall": number(r), "f1": number(f), "support": int(s), "average_precision": a}
        for p, r, f, s, a in zip(precision, recall, f1, support, [*ranked, None], strict=True)
    ]
    return {
        "labels": dict(zip(ids, rows[:-1], strict=True)),
        "none": {key: value for key, value in rows[-1].items() if key != "average_precision"},
        "macro": {
            key: mean(row[key] for row in rows[:-1]) for key in ("precision", "recall", "f1", "average_precision")
        },
        "micro": dict(zip(("precision", "recall", "f1"), map(number, micro[:3]), strict=True)),
        "samples": {"f1": float(f1_score(gold, given, labels=columns[:-1], average="samples", zero_division=1.0))},
        "exact_match": {"accuracy": float(accuracy_score(gold, given))},
        "hamming_loss": float(hamming_loss(truth, answer)),
    }


def average_precision(truth: Bools, scores: Floats) -> list[float | None]:
    """Average precision of each label's scores, `(rows, labels)`; None for a label that gold never has."""
    from sklearn.metrics import average_precision_score

    return [
        float(average_precision_score(gold, column)) if gold.any() else None
        for gold, column in zip(truth.T, scores.T, strict=True)
    ]


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are defined, None where there is none.

    >>> mean([1.0, None, 0.5])
    0.75
    """
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def number(value: float) -> float | None:
    """A float for JSON, which has no NaN: None stands for what is undefined."""
    return None if np.isnan(value) else float(value)


def _with_none(rows: Bools) -> Any:
    # A column for `none` also keeps a scheme of one label an indicator array: scikit-learn takes (n, 1) as binary.
    return with_none(rows).astype(np.int64)
