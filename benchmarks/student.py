"""The fast model beside the model that ships, in one run: tokens a second, and macro-F1 on a labelled set.

`python benchmarks/student.py [TEACHER] [STUDENT] [GOLD]`, folders and a file of labelled examples. The two take turns,
so that what else the machine does falls on both; the median of the turns counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

TURNS = 3


def main(teacher: str = "data/encoder", student: str = "data/encoder-fast", gold: str = "data/gold.jsonl") -> None:
    import numpy as np
    from sklearn.metrics import f1_score

    from gongbao import Labeler
    from gongbao.decision import paragraph_logits
    from gongbao.examples import read_examples
    from train.dataset import truth

    labelers = {name: Labeler.load(name) for name in (teacher, student)}
    scheme = labelers[teacher].scheme
    examples = read_examples(gold, scheme)
    paragraphs = [[sentence.text for sentence in example.sentences] for example in examples]
    tokens = labelers[teacher].engine.unknown([text for sentences in paragraphs for text in sentences])[1]
    seconds: dict[str, list[float]] = {name: [] for name in labelers}
    scores = {}
    for _ in range(TURNS):
        for name, labeler in labelers.items():
            begun = time.perf_counter()
            logits = paragraph_logits(labeler.logits(paragraphs), len(scheme))
            seconds[name].append(time.perf_counter() - begun)
            called = labeler.decision.labels(labeler.decision.paragraph_scores(logits))
            scores[name] = f1_score(truth(examples, scheme), np.array(called), average="macro")
    speed = {name: tokens / statistics.median(each) for name, each in seconds.items()}
    print(f"{len(examples)} paragraphs, {tokens:,} tokens of {gold}, fp32, median of {TURNS} turns")
    for name in labelers:
        print(f"{name:24} macro-F1 {scores[name]:.4f}   {speed[name]:8,.0f} tokens/s")
    gap, ratio = scores[student] - scores[teacher], speed[student] / speed[teacher]
    print(f"{'difference, ratio':24} macro-F1 {gap:+.4f}   {ratio:8.2f} x")


if __name__ == "__main__":
    main(*sys.argv[1:])
