"""The errors themselves: which label was answered in the place of which, and the ones that a system was surest of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.evidence import shown
from eval.gold import Bools, Gold
from eval.system import System

NOTHING = "nothing"
MOST = 30


def confusion(truth: Bools, answer: Bools, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many paragraphs missed the one label (row) and invented the other (column).

    A paragraph that misses `a` and `b` and invents `c` counts in a×c and b×c; one that only misses counts in the column
    `nothing`, one that only invents in the row `nothing`. What was right is not in the table.
    """
    missed, invented = truth & ~answer, answer & ~truth
    rows = np.column_stack([missed, ~missed.any(axis=1) & invented.any(axis=1)]).astype(np.int64)
    columns = np.column_stack([invented, ~invented.any(axis=1) & missed.any(axis=1)]).astype(np.int64)
    table = rows.T @ columns
    names = [*ids, NOTHING]
    return {name: dict(zip(names, map(int, row), strict=True)) for name, row in zip(names, table, strict=True)}


def worst(system: System, gold: Gold, most: int = MOST) -> list[dict[str, Any]]:
    """The errors that the system was surest of, at most `most`, the surest first; without scores, the first by row.

    A row holds `id`, `document`, `label`, `error` (`missed` or `invented`), `score`, `confidence` and `sentence`, the
    number of the sentence to look at: the one shown for an invented label, the one labelled so for a missed. Confidence
    is how far the score lies from the threshold on the way to 0 or 1: a score of 0.9 against a threshold of 0.4 is
    (0.9 - 0.4) / (1 - 0.4) = 0.83 of it.
    """
    wrong = np.argwhere(gold.truth != system.answer)
    thresholds = np.full(len(gold.scheme), 0.5) if system.thresholds is None else system.thresholds
    found: list[dict[str, Any]] = []
    picked = None if system.sentence_scores is None else shown(system.sentence_scores, gold.lengths)
    starts = np.cumsum(gold.lengths) - gold.lengths
    for row, column in wrong.tolist():
        invented = bool(system.answer[row, column])
        score = None if system.scores is None else float(system.scores[row, column])
        found.append(
            {
                "id": gold.ids[row],
                "document": gold.examples[row].document,
                "label": gold.scheme.ids[column],
                "error": "invented" if invented else "missed",
                "score": score,
                "confidence": None if score is None else confidence(score, float(thresholds[column])),
                "sentence": _sentence(gold, row, column, invented, picked, starts),
            }
        )
    return sorted(found, key=lambda error: -float(error["confidence"] or 0))[:most]


def confidence(score: float, threshold: float) -> float:
    """How far a score lies from the threshold on the way to 0 or 1, from 0 to 1."""
    room = 1 - threshold if score >= threshold else threshold
    return abs(score - threshold) / room if room > 0 else 0.0


def _sentence(gold: Gold, row: int, column: int, invented: bool, picked: Any, starts: Any) -> int | None:
    if not invented and gold.sentence_truth is not None:
        labels = gold.sentence_truth[starts[row] : starts[row] + gold.lengths[row], column]
        return int(labels.argmax())
    return None if picked is None else int(picked[row, column] - starts[row])
