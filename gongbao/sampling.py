"""What to label next: the paragraphs that the model doubts most, unlike one another."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gongbao.labeler import Labeler
from gongbao.predict import Summary, predict

CANDIDATES = 4000
"""The most doubtful paragraphs, among which those that differ are chosen."""
SHORTEST = 12
"""A paragraph of fewer characters teaches too little."""


def next_to_label(
    inputs: Sequence[str],
    labeler: Labeler,
    n: int,
    *,
    progress: Callable[[Summary], None] | None = None,
    **options: Any,
) -> tuple[list[dict[str, Any]], Summary]:
    """Return the `n` rows of paragraphs that are worth a person's time, best first, and what was read.

    Uncertainty times diversity: each time the paragraph is taken whose doubt (`doubt`) times its distance to what was
    taken before is largest, as farthest-first traversal does it (Gonzalez, 1985) and batch active learning since
    (Ash et al., 2020). Distances are those of hashed character pairs. A text that stands twice is taken once.
    """
    best: list[tuple[float, int, dict[str, Any]]] = []
    seen: set[str] = set()
    thresholds = dict(zip(labeler.scheme.ids, labeler.decision.thresholds.tolist(), strict=True))

    def consider(row: dict[str, Any]) -> None:
        text = "".join(row["text"].split())
        if len(text) < SHORTEST or text in seen:
            return
        seen.add(text)
        item = (doubt(row["scores"], thresholds), -len(seen), row)
        if len(best) < CANDIDATES:
            heapq.heappush(best, item)
        else:
            heapq.heappushpop(best, item)

    summary = predict(inputs, labeler, show=consider, progress=progress, **options)
    best.sort(key=lambda item: item[:2], reverse=True)
    rows = [row for _, _, row in best]
    chosen = spread(np.array([item[0] for item in best]), [row["text"] for row in rows], n) if rows else []
    return [rows[index] for index in chosen], summary


def doubt(scores: dict[str, float], thresholds: dict[str, float]) -> float:
    """How near the most doubtful label lies to its threshold: 1 on it, 0 at a score of 0 or 1.

    >>> doubt({"a": 0.5, "b": 0.9}, {"a": 0.5, "b": 0.5}), round(doubt({"a": 0.2}, {"a": 0.4}), 2)
    (1.0, 0.5)
    """
    found = 0.0
    for label, score in scores.items():
        threshold = min(max(thresholds[label], 1e-6), 1 - 1e-6)
        found = max(found, score / threshold if score <= threshold else (1 - score) / (1 - threshold))
    return found


def spread(doubts: np.ndarray, texts: Sequence[str], n: int) -> list[int]:
    """Choose `n` texts, each time the one whose doubt times its distance to the nearest chosen one is largest."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectors = HashingVectorizer(analyzer="char", ngram_range=(2, 2), n_features=2**14, alternate_sign=False).transform(
        texts
    )
    distance = np.ones(len(texts))
    chosen: list[int] = []
    while len(chosen) < min(n, len(texts)):
        worth = doubts * distance
        worth[chosen] = -1.0
        at = int(worth.argmax())
        chosen.append(at)
        # The vectors have length 1: their product is the cosine.
        distance = np.minimum(distance, 1 - (vectors @ vectors[at].T).toarray().ravel())
    return chosen
