"""How much a person must read: the bands yes, review and no, and what policies promise and keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.gold import Bools, Gold
from eval.intervals import Weights, share
from eval.system import System
from gongbao.decision import Decision
from gongbao.policy import Policy, promises


def bands(system: System, gold: Gold, weights: Weights) -> dict[str, Any] | None:
    """What the review band means on gold; None for a system without one.

    A label is `yes` where it is on and not doubtful, `no` where it is off and not doubtful, `review` in between. By
    label: the share of paragraphs in each, the precision of `yes`, and how many of gold's labels `no` loses. Over all:
    `workload`, the share of paragraphs with a label to review; and what the labels are once a person, taken to be
    right, has read those: micro precision and recall.
    """
    if system.review is None:
        return None
    truth, answer, review = gold.truth, system.answer, system.review
    yes, no = answer & ~review, ~answer & ~review
    every = np.ones((len(truth), 1), dtype=bool)
    document = gold.document

    def column(index: int) -> dict[str, Any]:
        picked = [array[:, index : index + 1] for array in (truth, yes, review, no)]
        gold_has, is_yes, is_review, is_no = picked
        return {
            **{name: float(part.mean()) for name, part in (("yes", is_yes), ("review", is_review), ("no", is_no))},
            "precision_of_yes": share(gold_has, is_yes, document, weights),
            "lost_by_no": share(is_no, gold_has, document, weights),
        }

    labels = {label: column(index) for index, label in enumerate(gold.scheme.ids)}
    read: Bools = yes | (review & truth)
    return {
        "labels": labels,
        "workload": share(np.asarray(review.any(axis=1, keepdims=True)), every, document, weights),
        "after_review": {
            "precision": share(truth, read, document, weights),
            "recall": share(read, truth, document, weights),
        },
    }


def keep(
    policies: Sequence[Policy], decision: Decision, system: System, gold: Gold, weights: Weights
) -> list[dict[str, Any]]:
    """What each policy promised on the tuning set and what it keeps on gold, with the share of paragraphs it labels.

    By label: the threshold (None where the promise is out of reach, with the `nearest` value that the tuning set
    reached), precision and recall on gold, and `kept`: True where the whole interval reaches the promise, False where
    none of it does, None where that cannot be told.
    """
    assert system.scores is not None
    return [_keep(policy, promises(decision, policy), system.scores, gold, weights) for policy in policies]


def _keep(policy: Policy, promised: Sequence[Any], scores: Any, gold: Gold, weights: Weights) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    answer: Bools = np.zeros_like(gold.truth)
    for index, (label, promise) in enumerate(zip(gold.scheme.ids, promised, strict=True)):
        if promise is None or promise.threshold is None:
            nearest = getattr(promise, policy.kind, None)
            labels[label] = {"threshold": None, "nearest": nearest, "kept": None}
            continue
        answer[:, index] = scores[:, index] >= promise.threshold
        called, truth = answer[:, index : index + 1], gold.truth[:, index : index + 1]
        found = {
            "precision": share(truth, called, gold.document, weights),
            "recall": share(called, truth, gold.document, weights),
        }
        labels[label] = {"threshold": promise.threshold, **found, "kept": is_kept(found[policy.kind], policy.least)}
    return {
        "policy": str(policy),
        "labels": labels,
        "labelled": float(answer.any(axis=1).mean()),
        "precision": share(gold.truth, answer, gold.document, weights),
        "recall": share(answer, gold.truth, gold.document, weights),
    }


def is_kept(found: dict[str, Any], least: float) -> bool | None:
    """Whether the whole interval reaches the promise; None where a part of it does, or there is none."""
    if found["interval"] is None:
        return None
    # A share of counts may miss the promise by a rounding error.
    low, high = (bound + 1e-12 for bound in found["interval"])
    return True if low >= least else False if high < least else None
