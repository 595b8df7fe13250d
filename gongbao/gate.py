"""The gate that a precision which is not exact must pass: the same labels, nearly, as the exact engine's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from gongbao.decision import Decision, paragraph_logits
from gongbao.engines import Engine
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.labeler import Labeler

FALL = 0.02
"""The most that a label's F1 may fall with a precision that is not exact."""
AGREEMENT = 0.995
"""The least share of decisions (paragraphs times labels) that must be as the exact engine's."""
LEAST = 100
"""The fewest paragraphs that may judge a precision."""


def gate(exact: Engine, fast: Engine, decision: Decision, examples: Sequence[Example]) -> dict[str, Any]:
    """Compare two engines on labelled examples; raises GongbaoError if the second one falls behind.

    Returns `paragraphs`, `agreement` (the share of decisions that are the same), `difference` (the largest of a
    probability), `f1` (scikit-learn's, `{label: [exact, fast]}`; a label that is never on and never called is right)
    `support` and `speed`, as a ratio.
    """
    from sklearn.metrics import f1_score

    paragraphs = [[sentence.text for sentence in example.sentences] for example in examples]
    ids = decision.scheme.ids
    truth = np.array([[label in example.labels for label in ids] for example in examples])
    seconds, scores = [], []
    for engine in (exact, fast):
        engine.logits(paragraphs[:8])
        begun = time.perf_counter()
        scores.append(scores_of(engine, decision, paragraphs))
        seconds.append(time.perf_counter() - begun)
    called = [decision.labels(each) for each in scores]
    f1 = np.array(
        [[f1_score(*pair, zero_division=1.0) for pair in zip(truth.T, each.T, strict=True)] for each in called]
    )
    agreement = float((called[0] == called[1]).mean())
    figures = {
        "paragraphs": len(examples),
        "agreement": agreement,
        "difference": float(np.abs(scores[0] - scores[1]).max()),
        "support": dict(zip(ids, truth.sum(axis=0).tolist(), strict=True)),
        "f1": {label: [float(a), float(b)] for label, a, b in zip(ids, *f1, strict=True)},
        "speed": seconds[0] / seconds[1],
    }
    falls = f1[0] - f1[1]
    worst = int(falls.argmax())
    if falls[worst] > FALL:
        raise GongbaoError(
            f"not published: the F1 of {ids[worst]} falls from {f1[0][worst]:.3f} to {f1[1][worst]:.3f}, "
            f"by more than {FALL} ({agreement:.2%} of the decisions agree)"
        )
    if agreement < AGREEMENT:
        raise GongbaoError(f"not published: only {agreement:.2%} of the decisions agree, and {AGREEMENT:.1%} must")
    return figures


def scores_of(engine: Engine, decision: Decision, paragraphs: Sequence[Sequence[str]]) -> Any:
    """Calibrated paragraph scores `(paragraphs, labels)`, read in chunks as prediction reads them."""
    logits = Labeler(engine, decision, engine.identity).logits(paragraphs)
    return decision.paragraph_scores(paragraph_logits(logits, len(decision.scheme)))
