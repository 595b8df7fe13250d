"""Shares corrected for a model's errors: prediction-powered inference and Rogan-Gladen, with intervals by document.

A share's standard error is the jackknife's over documents (Efron and Tibshirani, 1993, ch. 11; for clusters Rust and
Rao, 1996): of D documents one after the other is left out, and the variance is (D - 1) / D times the sum of squares of
the D shares about their mean. A document that is both in the archive and in the labelled sample leaves both, so that
their overlap is counted as it is. The interval is the share plus and minus its standard error times the 97.5 % quantile
of Student's t, cut to [0, 1]: nothing is drawn by chance, and the order of rows does not matter.

A sample in which model and annotators never differ does not prove that they never do: the variance of a corrected share
is that with half a missed and half a wrongly answered row more (after Agresti and Min, 2005, for matched proportions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from eval.gold import Bools, Floats, Ints
from eval.intervals import LEVEL, by_document, ratio


@dataclass(frozen=True)
class Sums:
    """What shares are made of, document by document: `(documents, labels)` each, and `(documents, 1)` for sizes.

    A row weighs 1, or its characters. Of the archive: the weight of all rows (`size`) and of those `answered` with the
    label. Of the labelled sample: rows (`count`), their weight (`labelled`), and the weight of those that have the
    label by the annotators (`truth`), by the model (`guess`) and by `both`.
    """

    size: Floats
    answered: Floats
    count: Floats
    labelled: Floats
    truth: Floats
    guess: Floats
    both: Floats

    def total(self) -> Sums:
        """The sums over all documents, `(1, labels)`."""
        return self._map(lambda part: part.sum(axis=0, keepdims=True))

    def without(self) -> Sums:
        """The sums over all documents but one, a row for each one left out."""
        return self._map(lambda part: part.sum(axis=0, keepdims=True) - part)

    def _map(self, function: Callable[[Floats], Floats]) -> Sums:
        return Sums(*(function(getattr(self, field.name)) for field in fields(self)))


@dataclass(frozen=True)
class Estimate:
    """A share of each label and its interval, `(labels,)` each; NaN where undefined."""

    share: Floats
    low: Floats
    high: Floats


def add_up(document: Ints, weight: Floats, answer: Bools, labelled: Bools, truth: Bools, inside: Bools) -> Sums:
    """Add rows up by document.

    `document` (numbers), `weight`, `labelled` (is in the sample) and `inside` (is in the group whose share is sought)
    are `(rows,)`; `answer` and `truth` are `(rows, labels)`, `truth` being read where `labelled` only. A labelled row
    counts in the sample wherever it stands.
    """
    names, index = np.unique(document, return_inverse=True)
    here, known = (weight * inside)[:, None], (weight * labelled)[:, None]
    right = truth & answer
    rows: list[Floats] = [here, here * answer, labelled[:, None].astype(np.float64)]
    rows += [known, known * truth, known * answer, known * right]
    return Sums(*(by_document(part, index, len(names)) for part in rows))


def raw(sums: Sums) -> Estimate:
    """The share of rows that the model answers with each label, its errors left in it."""
    return _estimate(sums, lambda part: ratio(part.answered, part.size), 0.0, _documents(sums.size))


def prediction_powered(sums: Sums) -> Estimate:
    """Prediction-powered inference for a share (Angelopoulos et al., 2023): the raw share plus the sample's mean error.

    The error of a labelled row is what the annotators say less what the model says, each 0 or 1; the sample must be a
    random one of the same rows. Predictions have full weight (lambda 1): weighed by PPI++ (Angelopoulos, Duchi and
    Zrnic, 2023) the interval was no narrower for common labels in simulation, and too short for rare ones.

    Example: the model answers a label in 30 % of the archive; of 50 labelled rows it misses 6 and answers 2 wrongly:
    0.30 + (6 - 2) / 50 = 0.38.
    """
    count = sums.count.sum()

    def share(part: Sums) -> Floats:
        return ratio(part.answered, part.size) + ratio(part.truth - part.guess, part.labelled)

    half_errors = 1 / count**2 if count else np.nan
    return _estimate(sums, share, half_errors, _documents(sums.count))


def rogan_gladen(sums: Sums) -> Estimate:
    """The correction of Rogan and Gladen (1978): (raw + specificity - 1) / (sensitivity + specificity - 1).

    Both rates are those of the sample, which may come from elsewhere if they are the same there. Undefined where the
    sample has no row with the label, or none without, and where sensitivity + specificity is 1 or less.

    Example: raw 0.30, sensitivity 0.85, specificity 0.97: (0.30 - 0.03) / 0.82 = 0.329.
    """

    def share(part: Sums) -> Floats:
        hits, wrong = rates(part)
        found: Floats = (ratio(part.answered, part.size) - wrong) / np.where(hits > wrong, hits - wrong, np.nan)
        return found

    part = sums.total()
    with np.errstate(invalid="ignore", divide="ignore"):
        hits, wrong = (value[0] for value in rates(part))
        value = np.clip(share(part)[0], 0, 1)
        row = ratio(part.labelled, part.count)[0]
        yes, no = part.truth[0] / row, (part.labelled - part.truth)[0] / row
        half_errors = 0.5 * ((value / yes) ** 2 + ((1 - value) / no) ** 2) / (hits - wrong) ** 2
    return _estimate(sums, share, half_errors, min(_documents(sums.size), _documents(sums.count)))


def rates(part: Sums) -> tuple[Floats, Floats]:
    """The model's sensitivity, and its rate of wrong answers (1 - specificity); NaN where the sample does not tell."""
    return ratio(part.both, part.truth), ratio(part.guess - part.both, part.labelled - part.truth)


def is_unlike(sums: Sums, level: float = 0.01) -> Bools:
    """Whether the model answers each label more, or less, in the sample than in a random one, `(labels,)`.

    Student's t of raw share less the sample's own, Bonferroni's correction for the number of labels.
    """
    from scipy.stats import t

    def share(part: Sums) -> Floats:
        return ratio(part.answered, part.size) - ratio(part.guess, part.labelled)

    documents = _documents(sums.count)
    gap, error = share(sums.total())[0], np.sqrt(_variance(sums, share))
    if documents < 2:
        return np.zeros(len(gap), dtype=np.bool_)
    found: Bools = np.abs(gap) > t.ppf(1 - level / 2 / len(gap), documents - 1) * error + 1e-9
    return found


def _estimate(sums: Sums, share: Callable[[Sums], Floats], extra: Floats | float, documents: int) -> Estimate:
    """The share with its interval from `documents` independent ones; `extra` is added to the jackknife's variance."""
    from scipy.stats import t

    with np.errstate(invalid="ignore", divide="ignore"):
        value = share(sums.total())[0]
        half = np.full_like(value, np.nan)
        if documents > 1:
            half = t.ppf((1 + LEVEL) / 2, documents - 1) * np.sqrt(_variance(sums, share) + extra)
    return Estimate(*(np.clip(bound, 0.0, 1.0) for bound in (value, value - half, value + half)))


def _variance(sums: Sums, share: Callable[[Sums], Floats]) -> Floats:
    left = share(sums.without())
    found: Floats = (len(left) - 1) / len(left) * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    return found


def _documents(part: Floats) -> int:
    return int((part > 0).sum())
