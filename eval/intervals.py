"""Intervals by resampling documents: counts taken once, then used for score, interval and paired difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Ints, with_none

LEVEL = 0.95
FEW_DOCUMENTS = 10
"""Documents below which resampling says too little: the intervals come out too narrow to lean on."""
Weights = Ints | Floats
"""How often each document stands in each resample, `(resamples, documents)`."""


@dataclass(frozen=True)
class Statistics:
    """Scores of each resample: `f1` is `(resamples, labels)`, the others `(resamples,)`; NaN where undefined."""

    f1: Floats
    none: Floats
    macro: Floats
    micro: Floats
    samples: Floats
    exact: Floats


def count(truth: Bools, answer: Bools, document: Ints, documents: int | None = None) -> Floats:
    """Count what every score is made of, document by document: `(documents, 3 * (labels + 1) + 3)`.

    `truth` and `answer` are `(rows, labels)`, `document` the index of each row's document; of `documents` that are
    more than the rows speak of, the others count nothing. Columns: true positives, false positives and false negatives
    of each label and of `none`; the sum of the rows' F1; exact rows; rows.
    """
    gold, given = with_none(truth), with_none(answer)
    hits, size = (truth & answer).sum(axis=1), truth.sum(axis=1) + answer.sum(axis=1)
    # An empty row answered empty counts 1.
    row_f1 = np.where(size > 0, 2 * hits / np.maximum(size, 1), 1.0)
    exact = (truth == answer).all(axis=1)
    rows = np.column_stack([gold & given, ~gold & given, gold & ~given, row_f1, exact, np.ones(len(gold))])
    return by_document(rows.astype(np.float64), document, documents or int(document.max()) + 1)


def by_document(rows: Floats, document: Ints, documents: int) -> Floats:
    """Sum rows `(rows, columns)` over each document, `(documents, columns)`."""
    return np.column_stack([np.bincount(document, weights=column, minlength=documents) for column in rows.T])


def resample(documents: int, resamples: int, seed: int) -> Ints:
    """Draw how often each document stands in each resample, `(resamples, documents)`, with a seeded generator.

    Whole documents are drawn, with replacement, because the paragraphs of one document are not independent (Efron and
    Tibshirani, 1993, ch. 8). One document has nothing to vary: no resamples, hence no intervals.
    """
    if documents < 2:
        return np.zeros((0, documents), dtype=np.int64)
    generator = np.random.default_rng(seed)
    return generator.multinomial(documents, np.full(documents, 1 / documents), size=resamples)


def statistics(counts: Floats, weights: Weights) -> Statistics:
    """Compute every score of every resample from weighted sums of the documents' counts.

    Weights of one row of ones give the scores themselves, equal to those of `metrics.measure`.
    """
    return from_sums(weights @ counts)


def from_sums(sums: Floats) -> Statistics:
    """Compute the scores of each row of summed counts, whose columns are `count`'s."""
    hits, wrong, missed = outcomes(sums)
    f1 = ratio(2 * hits, 2 * hits + wrong + missed)
    hits, wrong, missed = (part[:, :-1].sum(axis=1) for part in (hits, wrong, missed))
    return Statistics(
        f1[:, :-1],
        f1[:, -1],
        mean_of_labels(f1),
        ratio(2 * hits, 2 * hits + wrong + missed),
        ratio(sums[:, -3], sums[:, -1]),
        ratio(sums[:, -2], sums[:, -1]),
    )


def outcomes(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """True positives, false positives and false negatives, `(rows, labels + 1)` each, of summed counts."""
    columns = (sums.shape[1] - 3) // 3
    hits, wrong, missed = (sums[:, i * columns : (i + 1) * columns] for i in range(3))
    return hits, wrong, missed


def mean_of_labels(values: Floats) -> Floats:
    """The mean over labels, the last column (`none`) and what is undefined left out, of each row."""
    labels = values[:, :-1]
    return ratio(np.nansum(labels, axis=1), (~np.isnan(labels)).sum(axis=1))


def wilson(positives: int, n: int) -> list[float] | None:
    """The 95 % score interval of a proportion, `[low, high]` (Wilson, 1927); None of nothing.

    It takes cases for independent; changes of one paragraph, or paragraphs of one document, are not, and what is
    uncertain is rather more.

    >>> [round(bound, 3) for bound in wilson(9, 10)]
    [0.596, 0.982]
    """
    from scipy.stats import binomtest

    if not n:
        return None
    found = binomtest(positives, n).proportion_ci(confidence_level=LEVEL, method="wilson")
    return [float(found.low), float(found.high)]


def interval(values: Floats, level: float = LEVEL) -> list[float] | None:
    """The percentile interval of resampled values, `[low, high]`; None without a defined value.

    Resamples where the statistic is undefined (a rare label may be in none of the documents drawn) are left out. For
    the interval of a difference, pass the difference of two systems' values under the same weights.
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return [float(low), float(high)]


def share(hit: Bools, among: Bools, document: Ints, weights: Weights) -> dict[str, Any]:
    """The share of `hit` among the cells of `among`, both `(rows, columns)`, with its interval by resampled documents.

    Returns `value` (None of nothing), `n`, the cells that it is a share of, and `interval`. With hits 1 0 1 among the
    first two cells it is 1 of 2. Of all or nothing the bootstrap has nothing to vary: every resample gives the same,
    and its interval would have no width. Such a share takes the score interval of its n cells (Wilson, 1927).
    """
    rows = np.column_stack([(hit & among).sum(axis=1), among.sum(axis=1)]).astype(np.float64)
    hits, of = by_document(rows, document, weights.shape[1] if len(weights) else int(document.max()) + 1).T
    drawn = ratio(weights @ hits, weights @ of) if len(weights) else np.zeros(0)
    n, found = int(of.sum()), int(hits.sum())
    flat = len(weights) and found in (0, n)
    return {
        "value": found / n if n else None,
        "n": n,
        "interval": wilson(found, n) if flat else interval(drawn),
    }


def ratio(above: Floats, below: Floats) -> Floats:
    """`above` over `below`, which is as large or stretched to it; NaN where `below` is 0."""
    below = np.broadcast_to(below, above.shape)
    found: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return found
