"""Evidence: how often the sentence that a system shows for a label is one that the annotators labelled so."""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold, Ints
from eval.intervals import Weights, share
from eval.system import System


def shown(scores: Floats, lengths: Ints) -> Ints:
    """The sentence with the largest score of each label in each paragraph, `(paragraphs, labels)`, counted overall.

    `scores` is `(sentences, labels)`, `lengths` the sentences of each paragraph; of equals the first is shown. A
    paragraph of scores 0.1 0.9 shows its second sentence, which is row 1.
    """
    starts = np.cumsum(lengths) - lengths
    picked = [scores[start : start + n].argmax(axis=0) + start for start, n in zip(starts, lengths, strict=True)]
    return np.array(picked, dtype=np.int64).reshape(len(lengths), -1)


def evidence(system: System, gold: Gold, weights: Weights) -> dict[str, Any] | None:
    """How often the sentence shown carries the label in gold, by label and over all; None without sentence scores.

    `right` is the share among all the labels that were answered, `where_right` that among those that gold has too:
    there the label is right, and the question is whether its reason is.
    """
    if system.sentence_scores is None or gold.sentence_truth is None:
        return None
    carried = np.take_along_axis(gold.sentence_truth, shown(system.sentence_scores, gold.lengths), axis=0)

    def row(answer: Bools, truth: Bools, carried: Bools) -> dict[str, Any]:
        return {
            "right": share(carried, answer, gold.document, weights),
            "where_right": share(carried, answer & truth, gold.document, weights),
        }

    columns = zip(system.answer.T, gold.truth.T, carried.T, strict=True)
    labels = {
        label: row(*(column[:, None] for column in each)) for label, each in zip(gold.scheme.ids, columns, strict=True)
    }
    return {"labels": labels, **row(system.answer, gold.truth, carried)}
