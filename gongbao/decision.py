"""The decision rule: logits to calibrated probabilities, probabilities to labels; saved with the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbao.errors import GongbaoError
from gongbao.files import read_json, write_text
from gongbao.labels import Scheme

FILE = "decision.json"
FORMAT = 1
SHRINKAGE = 50
"""A label's threshold weighs n / (n + 50) against the global one, n being its positives on the tuning set."""
SURE_PRECISION = 0.95
SURE_RECALL = 0.95
"""The review band: above it labels are right this often, below it this share of positives is not lost (tuning set)."""

NO_EVIDENCE = -30.0
"""The logit of a sentence that has no pieces (nothing but characters that the tokenizer drops)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Decision:
    """A decision rule for the labels of `scheme`; arrays are in the scheme's order.

    `sentence` and `paragraph` are `(labels, 2)`: the scale and bias that turn a logit into a probability. `review` is
    `(labels, 2)`: the band's lower and upper bound. `tuning` keeps what the rule was fitted on: calibrated paragraph
    scores and labels of each paragraph, the file's name and hash, its counts.
    """

    scheme: Scheme
    sentence: Floats
    paragraph: Floats
    thresholds: Floats
    global_threshold: float
    review: Floats
    tuning: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The first 12 hex digits of the SHA-256 of all that decides: scheme, calibration, thresholds, band."""
        rule = {key: value for key, value in self.to_dict().items() if key != "tuning"}
        return hashlib.sha256(json.dumps(rule, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]

    def sentence_scores(self, logits: Floats) -> Floats:
        """Calibrated probabilities of sentence logits, `(sentences, labels)`."""
        return sigmoid(logits * self.sentence[:, 0] + self.sentence[:, 1])

    def paragraph_scores(self, logits: Floats) -> Floats:
        """Calibrated probabilities of paragraph logits, `(paragraphs, labels)`: each the largest of its sentences'."""
        return sigmoid(logits * self.paragraph[:, 0] + self.paragraph[:, 1])

    def labels(self, scores: Floats) -> NDArray[np.bool_]:
        """Which labels are on each paragraph: those whose score reaches the threshold."""
        return np.asarray(scores >= self.thresholds)

    def doubtful(self, scores: Floats) -> NDArray[np.bool_]:
        """Which labels a person should look at: those whose score lies inside the review band."""
        return np.asarray((scores >= self.review[:, 0]) & (scores < self.review[:, 1]))

    def to_dict(self) -> dict[str, Any]:
        def table(rows: Floats, names: tuple[str, str]) -> dict[str, dict[str, float]]:
            return {
                label: {names[0]: float(row[0]), names[1]: float(row[1])}
                for label, row in zip(self.scheme.ids, rows, strict=True)
            }

        return {
            "format": FORMAT,
            "scheme": self.scheme.to_dict(),
            "calibration": {
                "sentence": table(self.sentence, ("scale", "bias")),
                "paragraph": table(self.paragraph, ("scale", "bias")),
            },
            "thresholds": dict(zip(self.scheme.ids, map(float, self.thresholds), strict=True)),
            "global_threshold": float(self.global_threshold),
            "review": table(self.review, ("low", "high")),
            "tuning": self.tuning,
        }

    def save(self, folder: str | Path) -> None:
        """Write `decision.json` into a model folder, atomically."""
        write_text(Path(folder) / FILE, json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> Decision:
        """Read a model folder's `decision.json`; raises GongbaoError, in one line, if it is missing or damaged."""
        path = Path(folder) / FILE
        if not path.exists():
            raise GongbaoError(f"{path} is missing: a model needs its decision rule; train it, or copy the file")
        return cls.from_dict(read_json(path), str(path))

    @classmethod
    def from_dict(cls, data: dict[str, Any], path: str) -> Decision:
        """Make a rule of what `to_dict` gave; errors, in one line, name `path`."""
        try:
            if data["format"] != FORMAT:
                raise GongbaoError(f"{path}: format {data['format']}; this version reads format {FORMAT}")
            scheme = Scheme.from_dict(data["scheme"], path)
            calibration = data["calibration"]

            def table(rows: dict[str, dict[str, float]], names: tuple[str, str]) -> Floats:
                return np.array([[rows[label][name] for name in names] for label in scheme.ids], dtype=np.float64)

            decision = cls(
                scheme,
                table(calibration["sentence"], ("scale", "bias")),
                table(calibration["paragraph"], ("scale", "bias")),
                np.array([data["thresholds"][label] for label in scheme.ids], dtype=np.float64),
                float(data["global_threshold"]),
                table(data["review"], ("low", "high")),
                data["tuning"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise GongbaoError(f"{path}: damaged ({type(error).__name__}: {error}); train the rule again") from error
        numbers = (decision.sentence, decision.paragraph, decision.thresholds, decision.review)
        if not all(np.isfinite(array).all() for array in numbers):
            raise GongbaoError(f"{path}: a number in it is not finite; train the rule again")
        if (decision.sentence[:, 0] <= 0).any() or (decision.paragraph[:, 0] <= 0).any():
            raise GongbaoError(f"{path}: a scale is not positive; train the rule again")
        if ((decision.thresholds < 0) | (decision.thresholds > 1)).any():
            raise GongbaoError(f"{path}: a threshold is not within 0 and 1; train the rule again")
        return decision


def fit(
    scheme: Scheme,
    sentence_logits: Floats | None,
    sentence_labels: NDArray[np.bool_] | None,
    paragraph_logits: Floats,
    paragraph_labels: NDArray[np.bool_],
    tuning: dict[str, Any] | None = None,
) -> Decision:
    """Fit the decision rule on a tuning set.

    Shapes: `(sentences, labels)` and `(paragraphs, labels)`; the sentence arrays are None for data labelled by
    paragraph only, whose sentences then take the paragraph's calibration. Per label: Platt scaling; the threshold of
    the largest paragraph F1, shrunk to the one threshold of the largest macro-F1; the review band. A label that is
    never on, or always, keeps its logits' own probabilities and the global threshold.
    """
    paragraph = np.array([platt(*columns) for columns in zip(paragraph_logits.T, paragraph_labels.T, strict=True)])
    if sentence_logits is None or sentence_labels is None:
        sentence = paragraph.copy()
    else:
        sentence = np.array([platt(*columns) for columns in zip(sentence_logits.T, sentence_labels.T, strict=True)])
    # The scores that `decision.json` keeps are the ones the rule is set on, so that it can be set again from the file.
    scores = np.round(sigmoid(paragraph_logits * paragraph[:, 0] + paragraph[:, 1]), 6)
    overall = best_global_threshold(scores, paragraph_labels)
    thresholds = []
    review = []
    for column, truth in zip(scores.T, paragraph_labels.T, strict=True):
        positives = int(truth.sum())
        weight = positives / (positives + SHRINKAGE) if positives < len(truth) else 0.0
        threshold = weight * best_threshold(column, truth) + (1 - weight) * overall if weight else overall
        thresholds.append(threshold)
        review.append(review_band(column, truth, threshold))
    kept = dict(tuning or {}) | {
        "scores": scores.tolist(),
        "labels": [[scheme.ids[i] for i in np.flatnonzero(row)] for row in paragraph_labels],
    }
    return Decision(scheme, sentence, paragraph, np.array(thresholds), overall, np.array(review), kept)


def paragraph_logits(rows: Sequence[Floats], labels: int) -> Floats:
    """The largest logit of each label over each paragraph's sentences, `(paragraphs, labels)`."""
    empty = np.full(labels, NO_EVIDENCE)
    return np.array([row.max(axis=0) if len(row) else empty for row in rows]).reshape(-1, labels)


def sigmoid(x: Floats) -> Floats:
    """The logistic function, without overflow.

    In numpy: importing scipy for it would take a quarter of the time in which one short file is labelled.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(np.asarray(x) >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def platt(logits: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit `sigmoid(scale * logit + bias)` to one label by maximum likelihood with smoothed targets.

    Platt (1999): n positives take the target (n + 1) / (n + 2) and m negatives 1 / (m + 2), so that separable data
    leave the scale finite. The scale stays positive: calibration may not turn a ranking round.
    """
    from scipy.optimize import minimize

    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 1.0, 0.0
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * logits + parameters[1]
        difference = sigmoid(z) - target
        value = np.logaddexp(0, z) - target * z
        return float(value.mean()), np.array([(difference * logits).mean(), difference.mean()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def best_threshold(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """Return the threshold of the largest F1 of one label, half-way between two scores; of equals, the nearest to 0.5.

    >>> best_threshold(np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, False, True, True]))
    0.5
    """
    cuts, hits, called = cuts_of(scores, truth)
    f1 = 2 * hits / (called + truth.sum())
    return _nearest_half(cuts, f1)


def best_global_threshold(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """Return the one threshold for all labels with the largest macro-F1 over the labels that occur."""
    occurring = truth.any(axis=0)
    if not occurring.any():
        return 0.5
    cuts = np.append(_between(np.unique(scores[:, occurring])), 0.5)
    total = np.zeros(len(cuts))
    for column, mask in zip(scores.T[occurring], truth.T[occurring], strict=True):
        # searchsorted counts the scores below each cut, for all paragraphs and for the positives alone.
        called = len(column) - np.searchsorted(np.sort(column), cuts)
        hits = mask.sum() - np.searchsorted(np.sort(column[mask]), cuts)
        total += 2 * hits / (called + mask.sum())
    return _nearest_half(cuts, total)


def review_band(scores: Floats, truth: NDArray[np.bool_], threshold: float) -> tuple[float, float]:
    """Return the band around the threshold where a label is doubtful: `low <= score < high`.

    `high` is the lowest cut from which on precision is at least 0.95, `low` the highest cut that leaves a recall of at
    least 0.95; each lies on its own side of the threshold, and is the threshold itself where the promise holds there.
    """
    if not truth.any():
        return threshold, threshold
    cuts, hits, called = cuts_of(scores, truth)
    precise = cuts[(hits >= SURE_PRECISION * called) & (cuts >= threshold)]
    recalling = cuts[(hits >= SURE_RECALL * truth.sum()) & (cuts <= threshold)]
    high = float(precise.min()) if len(precise) else 1.0
    low = float(recalling.max()) if len(recalling) else 0.0
    at = scores >= threshold
    if truth[at].sum() >= SURE_PRECISION * at.sum():
        high = threshold
    if truth[at].sum() >= SURE_RECALL * truth.sum():
        low = threshold
    return low, high


def _between(values: Floats) -> Floats:
    """The cuts between sorted distinct values, and one at or below the lowest."""
    return np.concatenate([values[:1], (values[:-1] + values[1:]) / 2])


def cuts_of(scores: Floats, truth: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Every cut between distinct scores, with the positives and the paragraphs at or above it."""
    cuts = _between(np.unique(scores))
    called = len(scores) - np.searchsorted(np.sort(scores), cuts)
    hits = truth.sum() - np.searchsorted(np.sort(scores[truth]), cuts)
    return cuts, hits.astype(np.float64), called.astype(np.float64)


def _nearest_half(cuts: Floats, values: Sequence[float] | Floats) -> float:
    best = np.flatnonzero(np.asarray(values) >= np.max(values) - 1e-12)
    return float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]])
