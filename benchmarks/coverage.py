"""How often 95 % intervals hold the truth, in simulated corpora of 40 documents. `python benchmarks/coverage.py`.

A superpopulation of documents, whose paragraphs are alike within a document (a document leans towards some labels, and
some documents are harder than others), gives the true scores; corpora drawn from it give intervals. Coverage that
`eval.intervals` promises is 0.95; percentile intervals of few clusters are known to fall a little short.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CORPORA, DOCUMENTS, LABELS, POPULATION = 500, 40, 8, 20_000
RESAMPLES = 1000


def main() -> None:
    from eval.intervals import count, interval, resample, statistics

    generator = np.random.default_rng(20261128)
    sizes = generator.integers(5, 31, POPULATION)
    document = np.repeat(np.arange(POPULATION), sizes)
    leaning = np.clip(generator.beta(1.2, 6, (POPULATION, LABELS)), 0.01, 0.9)
    error = np.clip(generator.gamma(2.0, 0.02, POPULATION), 0, 0.4)
    truth = generator.random((len(document), LABELS)) < leaning[document]
    # Of the labels that are there a document's errors miss three in its rate, of those that are not they invent one.
    flip = np.where(truth, 3 * error[document][:, None], error[document][:, None])
    answer = truth ^ (generator.random(truth.shape) < flip)
    counts = count(truth, answer, document)
    true = statistics(counts, np.ones((1, POPULATION)))
    names = ("macro-F1", "micro-F1", "none-F1", "exact match", *(f"F1 of label {n + 1}" for n in range(LABELS)))

    def values(found: object) -> np.ndarray:
        parts = [getattr(found, name) for name in ("macro", "micro", "none", "exact")]
        return np.column_stack([*parts, found.f1])  # type: ignore[attr-defined]

    held = np.zeros(len(names))
    for number in range(CORPORA):
        drawn = generator.integers(0, POPULATION, DOCUMENTS)
        weights = resample(DOCUMENTS, RESAMPLES, seed=number)
        for index, column in enumerate(values(statistics(counts[drawn], weights)).T):
            low, high = interval(column) or (0.0, 1.0)
            held[index] += low <= values(true)[0, index] <= high
    print(f"{CORPORA} corpora of {DOCUMENTS} documents, {RESAMPLES} resamples each")
    for name, share in zip(names, held / CORPORA, strict=True):
        print(f"{name:14} {share:.3f}")


if __name__ == "__main__":
    main()
