"""What other thresholds would give: precision against recall, and both with F1 against the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold
from eval.metrics import number
from eval.system import System

POINTS = 100
GRID = np.round(np.arange(0.05, 1.0, 0.05), 2)


def curves(system: System, gold: Gold) -> dict[str, Any] | None:
    """For each label that gold has, `precision_recall` and `by_threshold`; None without scores.

    `precision_recall` are the points `[recall, precision]` of at most `POINTS` thresholds, from strict to lenient, and
    of the answers given, so that these lie on the line if a threshold gave them;
    `by_threshold` is `[threshold, precision, recall, f1]` for 0.05 to 0.95, undefined figures None.
    """
    if system.scores is None:
        return None
    columns = zip(gold.scheme.ids, gold.truth.T, system.scores.T, system.answer.T, strict=True)
    return {label: _label(truth, scores, answer) for label, truth, scores, answer in columns if truth.any()}


def _label(truth: Bools, scores: Floats, answer: Bools) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, scores)
    # From the strictest threshold on, without the point that scikit-learn adds for a threshold above every score.
    points = np.column_stack([recall, precision])[-2::-1]
    kept = np.linspace(0, len(points) - 1, POINTS).round().astype(int)
    if answer.any():
        found = (answer & truth).sum()
        own = np.flatnonzero(np.isclose(points, [found / truth.sum(), found / answer.sum()]).all(axis=1))
        kept = np.append(kept, own)
    kept = np.unique(kept)
    called = scores >= GRID[:, None]
    hits, size, positives = (called & truth).sum(axis=1), called.sum(axis=1), int(truth.sum())
    rows = [
        [float(cut), number(h / n if n else np.nan), h / positives, 2 * h / (n + positives)]
        for cut, h, n in zip(GRID, hits.tolist(), size.tolist(), strict=True)
    ]
    return {"precision_recall": points[kept].round(6).tolist(), "by_threshold": rows}
