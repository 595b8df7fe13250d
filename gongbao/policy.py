"""Promises in place of thresholds: `precision=0.9`, kept on the tuning set that the decision rule remembers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gongbao.decision import Decision, cuts_of
from gongbao.errors import GongbaoError
from gongbao.labels import nearest

KINDS = ("precision", "recall")


@dataclass(frozen=True)
class Policy:
    """What every label is to reach on the tuning set: a precision, or a recall, of at least `least`."""

    kind: Literal["precision", "recall"]
    least: float

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read `precision=0.9` or `recall=0.95`; raises GongbaoError for anything else."""
        kind, equals, number = (part.strip() for part in text.partition("="))
        known = "" if kind in KINDS else nearest(kind, KINDS)
        if not equals or kind not in KINDS:
            raise GongbaoError(f"policy {text!r}: write precision=0.9 or recall=0.9{known}")
        try:
            least = float(number)
        except ValueError:
            least = np.nan
        if not 0 < least <= 1:
            raise GongbaoError(f"policy {text!r}: {number!r} is not a share above 0 and at most 1")
        return cls("precision" if kind == "precision" else "recall", least)

    def __str__(self) -> str:
        return f"{self.kind}={self.least:g}"


@dataclass(frozen=True)
class Promise:
    """What a policy means for one label: a threshold, None if out of reach, and what it reaches on the tuning set.

    Out of reach, `precision` and `recall` are those of the cut that comes nearest.
    """

    threshold: float | None
    precision: float
    recall: float


def promises(decision: Decision, policy: Policy) -> list[Promise | None]:
    """Return what a policy means for each label of the scheme; None for a label without a positive to tune on.

    For a precision it is the lowest threshold that reaches it, which loses the least recall; for a recall the highest.
    Raises GongbaoError if the decision rule does not keep the scores that it was set on.

    With tuning scores 0.2 0.4 0.6 0.8 of which the second and the last two are positive, precision=1 wants a threshold
    of 0.5 (2 of 3 positives), precision=0.75 one of 0.2 (3 of 4 rows are positive).
    """
    kept = decision.tuning
    try:
        scores = np.array(kept["scores"], dtype=np.float64).reshape(-1, len(decision.scheme))
        truth = np.array([[label in row for label in decision.scheme.ids] for row in kept["labels"]], dtype=bool)
    except (KeyError, TypeError, ValueError) as error:
        raise GongbaoError("the decision rule does not keep the scores it was set on: a policy needs them") from error
    if len(scores) != len(truth) or not len(scores):
        raise GongbaoError("the decision rule keeps scores and labels of different paragraphs: train the rule again")
    return [
        _promise(column, mask, policy) if mask.any() else None for column, mask in zip(scores.T, truth.T, strict=True)
    ]


def apply(decision: Decision, policy: Policy) -> Decision:
    """Return the decision rule with the thresholds that a policy means; a label without positives keeps its own.

    Raises GongbaoError if the promise is out of reach for a label, naming the best that can be had for all.
    """
    made = promises(decision, policy)
    short = {
        label: getattr(promise, policy.kind)
        for label, promise in zip(decision.scheme.ids, made, strict=True)
        if promise and promise.threshold is None
    }
    if short:
        worst = min(short, key=lambda label: short[label])
        # Rounded down, so that what the message says can be had.
        least = math.floor(1000 * short[worst]) / 1000
        raise GongbaoError(
            f"{policy} is out of reach for {', '.join(short)}; {policy.kind}={least:g} is the best for all ({worst})"
        )
    thresholds = [
        float(own) if promise is None or promise.threshold is None else promise.threshold
        for own, promise in zip(decision.thresholds, made, strict=True)
    ]
    return replace(decision, thresholds=np.array(thresholds))


def workload(decision: Decision) -> float | None:
    """The share of the tuning set's paragraphs with a label in the review band; None if the scores were not kept."""
    try:
        scores = np.array(decision.tuning["scores"], dtype=np.float64).reshape(-1, len(decision.scheme))
    except (KeyError, TypeError, ValueError):
        return None
    return float(decision.doubtful(scores).any(axis=1).mean()) if len(scores) else None


def _promise(scores: np.ndarray, truth: np.ndarray, policy: Policy) -> Promise:
    cuts, hits, called = cuts_of(scores, truth)
    reached = {"precision": hits / called, "recall": hits / truth.sum()}
    # A share of counts may miss the promise by a rounding error.
    keeps = np.flatnonzero(reached[policy.kind] >= policy.least - 1e-12)
    best = np.flatnonzero(reached[policy.kind] == reached[policy.kind].max())
    at = (keeps if len(keeps) else best)[0 if policy.kind == "precision" else -1]
    threshold = float(cuts[at]) if len(keeps) else None
    return Promise(threshold, float(reached["precision"][at]), float(reached["recall"][at]))
