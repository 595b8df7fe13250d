"""Calibration and thresholds: fit a model's decision rule on a tuning set. `python -m train.tune MODEL FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gongbao.decision import Decision, fit, paragraph_logits
from gongbao.engines import Engine
from gongbao.examples import Example, hash_examples
from gongbao.labels import Scheme
from train.dataset import targets, truth


def tune(engine: Engine, scheme: Scheme, examples: Sequence[Example], file: str) -> Decision:
    """Fit the decision rule of the model behind `engine` on `examples`; `file` is the name that the rule keeps."""
    rows = engine.logits([[s.text for s in example.sentences] for example in examples])
    sentences = [(r, targets(e, scheme)) for r, e in zip(rows, examples, strict=True) if e.by_sentence]
    return fit(
        scheme,
        np.concatenate([r for r, _ in sentences]) if sentences else None,
        np.concatenate([np.array(t, dtype=bool) for _, t in sentences]) if sentences else None,
        paragraph_logits(rows, len(scheme)),
        truth(examples, scheme),
        {
            "file": Path(file).name,
            "sha256": hash_examples(examples),
            "paragraphs": len(examples),
            "documents": len({example.document for example in examples}),
        },
    )


def main(model: str, file: str) -> None:
    """Fit and save the decision rule of the model folder on a file of labelled examples."""
    from gongbao import models
    from gongbao.engines import open_engine
    from gongbao.examples import read_examples
    from gongbao.labels import POLICY_DOMAINS
    from train.command import one_line

    with one_line():
        folder = Path(model)
        scheme = Decision.load(folder).scheme if (folder / "decision.json").exists() else POLICY_DOMAINS
        decision = tune(open_engine(folder, context=models.context(folder)), scheme, read_examples(file, scheme), file)
        decision.save(folder)
    print(
        f"{folder / 'decision.json'}: rule {decision.id}, set on {decision.tuning['paragraphs']} paragraphs of {file}"
    )


if __name__ == "__main__":
    import typer

    typer.run(main)
