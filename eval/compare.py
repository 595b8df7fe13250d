"""Two systems on one gold set: what differs, whether that is more than chance, and which paragraphs changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold
from eval.intervals import FEW_DOCUMENTS, Weights, count, from_sums, interval, resample, statistics
from eval.metrics import measure
from eval.system import System
from eval.words import many
from gongbao.labels import NONE

COMMON = 0.5
"""The threshold that all labels take when systems are compared at common thresholds."""
FEWEST = 5
"""Documents that must be answered differently before more paragraphs like them can be counted on to tell."""
CHANCE = 0.05


def compare(a: System, b: System, gold: Gold, resamples: int, seed: int) -> dict[str, Any]:
    """Compare B with A on the same paragraphs; a difference is B less A.

    Returns `macro_f1` (both values, difference, paired interval, approximate randomisation's p), the same `by_label`
    with McNemar's exact test and Holm's correction, `none`, `micro_f1`, `exact_match`; `common`, the macro-F1 at a
    threshold of 0.5 for all labels (None unless both give scores); `changes`; and the `verdict` in words.
    """
    weights = resample(len(gold.documents), resamples, seed).astype(np.float64)
    counts_a, counts_b = (count(gold.truth, system.answer, gold.document) for system in (a, b))
    drawn_a, drawn_b = statistics(counts_a, weights), statistics(counts_b, weights)
    one, two = (measure(gold.truth, system.answer, gold.scheme.ids) for system in (a, b))
    macro = difference(one["macro"]["f1"], two["macro"]["f1"], drawn_b.macro - drawn_a.macro)
    macro |= {"p": randomisation(counts_a, counts_b, resamples, seed)}
    tests = [mcnemar(*columns) for columns in zip(gold.truth.T, a.answer.T, b.answer.T, strict=True)]
    corrected = holm([test["p"] for test in tests])
    labels = {}
    for index, label in enumerate(gold.scheme.ids):
        paired = drawn_b.f1[:, index] - drawn_a.f1[:, index]
        row = difference(one["labels"][label]["f1"], two["labels"][label]["f1"], paired)
        labels[label] = row | tests[index] | {"p_holm": corrected[index]}
    exact = [each["exact_match"]["accuracy"] for each in (one, two)]
    differing = len(np.unique(gold.document[(a.answer != b.answer).any(axis=1)]))
    return {
        "a": a.name,
        "b": b.name,
        "macro_f1": macro,
        "micro_f1": difference(one["micro"]["f1"], two["micro"]["f1"], drawn_b.micro - drawn_a.micro),
        "none_f1": difference(one[NONE]["f1"], two[NONE]["f1"], drawn_b.none - drawn_a.none),
        "exact_match": difference(exact[0], exact[1], drawn_b.exact - drawn_a.exact),
        "labels": labels,
        "common": _common(a, b, gold, weights),
        "changes": changes(a, b, gold),
        "verdict": verdict(b.name, a.name, macro, len(gold.examples), differing),
    }


def difference(a: float | None, b: float | None, paired: Floats) -> dict[str, Any]:
    """Both values, B less A, and the paired interval; None where either is undefined."""
    undefined = a is None or b is None
    return {
        "a": a,
        "b": b,
        "difference": None if undefined else b - a,  # type: ignore[operator]
        "interval": None if undefined else interval(paired),
    }


def verdict(b: str, a: str, macro: dict[str, Any], paragraphs: int, differing: int) -> str:
    """Say whether B is better than A, worse, or cannot be told from it, by the paired interval of macro-F1.

    It says so where approximate randomisation does not agree. If it cannot be told, how many more paragraphs of the
    kind would narrow the interval until the difference seen stands clear of zero: an interval narrows with the square
    root of what it rests on. `differing` is the number of documents that the two answer differently: of fewer than five
    the interval knows too little for that.
    """
    if macro["difference"] is None:
        return f"{b} and {a} cannot be compared: a macro-F1 is undefined."
    if not macro["interval"]:
        return f"{b} cannot be told from {a}: there are no resamples."
    low, high = macro["interval"]
    if low > 0 or high < 0:
        return f"{b} is {'better' if low > 0 else 'worse'} than {a}{_doubt(macro['p'], differing)}."
    more = more_paragraphs(macro["difference"], low, high, paragraphs)
    told = "no difference was seen"
    if 0 < differing < FEWEST:
        told = f"only {many(differing, 'document')} {'differs' if differing == 1 else 'differ'}"
    elif more is not None:
        told = f"about {many(more, 'more paragraph')} would tell"
    return f"{b} cannot be told from {a} ({told})."


def _doubt(p: float | None, differing: int) -> str:
    """What is said where the interval excludes zero and randomisation does not exclude chance."""
    if p is None or p <= CHANCE:
        return ""
    why = ": few documents differ" if differing < FEW_DOCUMENTS else ""
    return f", though approximate randomisation gives p = {p:.2g}{why}"


def more_paragraphs(seen: float, low: float, high: float, paragraphs: int) -> int | None:
    """How many more paragraphs would tell a difference, to two digits; None if none was seen.

    The half of the interval towards zero is `reach`; it must shrink to the difference, so the paragraphs must grow by
    (reach / seen)². With 400 paragraphs, a difference of 0.01 and an interval of -0.01 to 0.03, it is (0.02 / 0.01)²
    = 4 times as many, 1,200 more.
    """
    reach = seen - low if seen > 0 else high - seen
    if abs(seen) < 1e-9 or reach <= 0:
        return None
    more = paragraphs * ((reach / abs(seen)) ** 2 - 1)
    if more <= 0:
        return 1
    digits = 10 ** max(0, math.floor(math.log10(more)) - 1)
    return int(math.ceil(more / digits) * digits)


def mcnemar(truth: Bools, a: Bools, b: Bools) -> dict[str, Any]:
    """McNemar's exact test of one label: of the paragraphs that one alone gets right, who gets how many.

    `mended` are those that B alone gets right, `broken` those that A alone does; under no difference each is as likely
    as the other (McNemar, 1947; the exact binomial form). With 1 mended and 9 broken, p = 2 x (1 + 10) / 2^10 = 0.0215.
    """
    from scipy.stats import binomtest

    right_a, right_b = a == truth, b == truth
    mended, broken = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    p = float(binomtest(mended, mended + broken).pvalue) if mended + broken else 1.0
    return {"mended": mended, "broken": broken, "p": p}


def holm(values: Sequence[float]) -> list[float]:
    """Holm's correction of p values for being several (Holm, 1979).

    >>> holm([0.01, 0.04, 0.03])  # 3 x 0.01; 2 x 0.03; the largest of 1 x 0.04 and the one before
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    raw = np.array(values)[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(raw))
    return [float(value) for value in corrected]


def randomisation(a: Floats, b: Floats, rounds: int, seed: int) -> float | None:
    """The p value of the difference in macro-F1 by approximate randomisation (Noreen, 1989), document by document.

    `a` and `b` are `count`'s of each system. In each round the answers of a random half of the documents change sides;
    p is the share of rounds, the actual one counted, whose difference is as large. None without rounds.
    """
    if not rounds:
        return None
    swap = np.random.default_rng(seed).integers(0, 2, (rounds, len(a))).astype(np.float64)
    first = from_sums((1 - swap) @ a + swap @ b).macro
    second = from_sums(swap @ a + (1 - swap) @ b).macro
    seen = abs(from_sums(b.sum(axis=0, keepdims=True)).macro - from_sums(a.sum(axis=0, keepdims=True)).macro)
    if np.isnan(seen).any():
        return None
    # Equal sums may differ in their last digit, by the order in which they were added.
    as_large = np.abs(second - first) >= seen - 1e-12
    return float((1 + as_large.sum()) / (1 + rounds))


def changes(a: System, b: System, gold: Gold) -> dict[str, list[str]]:
    """The ids of the paragraphs that B mended (wrong to right), broke, and changed between two wrong answers."""
    right_a, right_b = (gold.truth == a.answer).all(axis=1), (gold.truth == b.answer).all(axis=1)
    differ = (a.answer != b.answer).any(axis=1)
    parts = {
        "mended": differ & right_b,
        "broken": differ & right_a,
        "otherwise_wrong": differ & ~right_a & ~right_b,
    }
    return {name: [gold.ids[index] for index in np.flatnonzero(mask)] for name, mask in parts.items()}


def _common(a: System, b: System, gold: Gold, weights: Weights) -> dict[str, Any] | None:
    if a.scores is None or b.scores is None:
        return None
    answers = (a.scores >= COMMON, b.scores >= COMMON)
    drawn = [statistics(count(gold.truth, answer, gold.document), weights).macro for answer in answers]
    values = [measure(gold.truth, answer, gold.scheme.ids)["macro"]["f1"] for answer in answers]
    return {"threshold": COMMON, "macro_f1": difference(values[0], values[1], drawn[1] - drawn[0])}
