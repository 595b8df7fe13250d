"""A report over 20,000 paragraphs: seconds and memory. `python benchmarks/report.py [PARAGRAPHS]`.

The paragraphs are those of `data/train.jsonl` over and over under new names, answered by a system that is often wrong.
Memory is the largest that the process ever held.
"""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main(paragraphs: str = "20000") -> None:
    from eval import html, report
    from eval.baselines import keywords
    from eval.gold import Gold
    from eval.markdown import render
    from eval.system import System, majority
    from gongbao.labels import POLICY_DOMAINS

    base = Gold.read(ROOT / "data" / "train.jsonl", POLICY_DOMAINS).examples
    rounds = -(-int(paragraphs) // len(base))
    examples = tuple(
        dataclasses.replace(example, id=f"{n}-{example.id}", document=f"{n}-{example.document}")
        for n in range(rounds)
        for example in base
    )[: int(paragraphs)]
    gold = Gold("many.jsonl", POLICY_DOMAINS, examples)
    generator = np.random.default_rng(1)
    assert gold.sentence_truth is not None

    def scores(truth: np.ndarray) -> np.ndarray:
        return np.round(np.clip(np.where(truth, 0.8, 0.2) + generator.normal(0, 0.2, truth.shape), 0, 1), 6)

    begun = time.perf_counter()
    own, sentences = scores(gold.truth), scores(gold.sentence_truth)
    review = (own > 0.4) & (own < 0.6)
    system = System("system", "model", own >= 0.5, own, sentences >= 0.5, sentences, np.full(8, 0.5), review)
    found = report.score(system, gold, [*keywords(gold), majority(gold)])
    text, page = render(found), html.render(found, gold)
    rows = report.predictions(system, gold)
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = (len(text) + len(page)) / 1e6
    print(
        f"{len(gold.examples):,} paragraphs of {len(gold.documents):,} documents, {len(rows):,} rows, 1,000 resamples: "
        f"{seconds:.1f} s, {memory:,.0f} MB at most; pages of {size:.1f} MB"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
