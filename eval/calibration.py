"""How far scores are probabilities: Brier score and expected calibration error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Bools, Floats
from eval.intervals import wilson

BINS = 10


def calibrate(truth: Bools, scores: Floats, ids: Sequence[str]) -> dict[str, Any]:
    """Brier score and expected calibration error of each label and their means, and each label's reliability.

    Arrays are `(rows, labels)`.
    """
    labels = {
        label: {
            "brier": brier(gold, column),
            "ece": expected_calibration_error(gold, column),
            "reliability": reliability(gold, column),
        }
        for label, gold, column in zip(ids, truth.T, scores.T, strict=True)
    }
    means = {key: float(np.mean([row[key] for row in labels.values()])) for key in ("brier", "ece")}
    return {"bins": BINS, "labels": labels, **means}


def brier(truth: NDArray[np.bool_], scores: Floats) -> float:
    """The mean squared distance of probability and outcome (Brier, 1950): 0 is perfect, always saying 0.5 is 0.25.

    >>> round(brier(np.array([True, False]), np.array([0.8, 0.4])), 6)  # (0.04 + 0.16) / 2
    0.1
    """
    return float(((scores - truth) ** 2).mean())


def expected_calibration_error(truth: NDArray[np.bool_], scores: Floats, bins: int = BINS) -> float:
    """The mean distance, over rows, of a bin's mean probability from its share of positives.

    The bins hold equally many rows (Nguyen and O'Connor, 2015): most scores of a rare label are near 0, and bins of
    equal width would leave all but the first nearly empty. Equal scores share a bin, so the order of rows is no matter.

    >>> truth, scores = np.array([False, False, True, False]), np.array([0.0, 0.0, 0.9, 0.9])
    >>> round(expected_calibration_error(truth, scores, bins=2), 6)  # (2 * |0 - 0| + 2 * |0.9 - 0.5|) / 4
    0.2
    """
    bin_of = _bins(scores, bins)
    distances = np.bincount(bin_of, weights=scores - truth, minlength=bins)
    return float(np.abs(distances).sum() / len(scores))


def reliability(truth: NDArray[np.bool_], scores: Floats, bins: int = BINS) -> list[dict[str, Any]]:
    """What each bin's rows turned out to be: `n`, mean `score`, `share` of positives and its 95 % Wilson interval.

    Bins as in `expected_calibration_error`; the interval takes rows as independent, so it is a little too narrow.
    """
    bin_of = _bins(scores, bins)
    found = []
    for number in np.unique(bin_of):
        rows = bin_of == number
        n, positives = int(rows.sum()), int(truth[rows].sum())
        found.append(
            {
                "n": n,
                "score": float(scores[rows].mean()),
                "share": positives / n,
                "interval": wilson(positives, n),
            }
        )
    return found


def _bins(scores: Floats, bins: int) -> NDArray[np.int64]:
    edges = np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, scores))
