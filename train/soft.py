"""Soft labels: what teachers answer on the training text, mixed with the labels that it carries."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gongbao import models
from gongbao.decision import Floats, paragraph_logits, sigmoid
from gongbao.engines import Engine
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.labeler import Labeler
from gongbao.labels import Scheme
from train.baseline import fit_tfidf
from train.config import Soft, Tfidf
from train.dataset import targets

SAVED = "soft.safetensors"


def save_answers(
    soft: Soft,
    tfidf: Tfidf,
    scheme: Scheme,
    examples: Sequence[Example],
    more: Sequence[Example],
    seed: int,
    folder: Path,
) -> None:
    """Ask the teachers, once, and keep what they answer in `folder`: a run that resumes learns the same.

    `examples` carry labels, `more` do not.
    """
    from safetensors.numpy import save_file

    saved = folder / SAVED
    if not saved.exists():
        rows = np.concatenate(teach(soft, tfidf, scheme, examples, more, seed)).astype(np.float32)
        partial = saved.with_suffix(".partial")
        save_file({"logits": rows}, partial)
        os.replace(partial, saved)


def soft_targets(
    soft: Soft, scheme: Scheme, examples: Sequence[Example], more: Sequence[Example], folder: Path
) -> list[Floats]:
    """Targets in [0, 1], a `(rows, labels)` array an example of both kinds, rows as in `train.dataset.targets`.

    With share 0.5, a sentence labelled 1 on which the saved mean logit is 0 learns 0.5 x 1 + 0.5 x 0.5 = 0.75. Without
    labels it learns 0.5, what the teachers say.
    """
    from safetensors.numpy import load_file

    hard = [np.array(targets(example, scheme), dtype=np.float64) for example in [*examples, *more]]
    rows = load_file(folder / SAVED)["logits"].astype(np.float64)
    ends = np.cumsum([len(goal) for goal in hard])
    if len(rows) != ends[-1]:
        raise GongbaoError(f"{folder / SAVED} was made for other examples: remove it")
    answers = np.split(sigmoid(rows), ends[:-1])
    mixed = [(1 - soft.share) * goal + soft.share * row for goal, row in zip(hard, answers, strict=False)]
    return [*mixed[: len(examples)], *answers[len(examples) :]]


def teach(
    soft: Soft, tfidf: Tfidf, scheme: Scheme, examples: Sequence[Example], more: Sequence[Example], seed: int
) -> list[Floats]:
    """The weighted mean of the teachers' logits, an array an example of both kinds, rows as in `targets`.

    Raises GongbaoError for a teacher of another label scheme.
    """
    total = soft.tfidf + sum(soft.models.values())
    everything = [*examples, *more]
    sums = [np.zeros((len(targets(example, scheme)), len(scheme))) for example in everything]
    for name, weight in soft.models.items():
        teacher = Labeler.load(models.find(name))
        if teacher.scheme.ids != scheme.ids:
            raise GongbaoError(f"soft.models: {name} answers {teacher.scheme.signature}, not {scheme.signature}")
        _add(sums, range(len(everything)), _answers(teacher, everything), weight / total)
    if soft.tfidf:
        folds = out_of_fold(examples, soft.folds, seed)
        for number in range(soft.folds):
            others = [example for example, fold in zip(examples, folds, strict=True) if fold != number]
            mine = [index for index, fold in enumerate(folds) if fold == number]
            engine = fit_tfidf(tfidf, scheme, others)
            _add(sums, mine, _answers(engine, [examples[i] for i in mine]), soft.tfidf / total)
        if more:
            engine = fit_tfidf(tfidf, scheme, examples)
            _add(sums, range(len(examples), len(everything)), _answers(engine, more), soft.tfidf / total)
    return sums


def out_of_fold(examples: Sequence[Example], folds: int, seed: int) -> list[int]:
    """Give every example a fold, whole documents together."""
    documents = sorted({example.document for example in examples})
    if len(documents) < folds:
        raise GongbaoError(f"soft.folds = {folds}, but the training text has {len(documents)} documents")
    drawn = np.random.default_rng(seed).permutation(len(documents)) % folds
    fold = dict(zip(documents, drawn.tolist(), strict=True))
    return [fold[example.document] for example in examples]


def _answers(teacher: Labeler | Engine, examples: Sequence[Example]) -> list[Floats]:
    """A teacher's logits, a row a sentence, or the largest where only the paragraph is labelled."""
    rows = teacher.logits([[s.text for s in example.sentences] for example in examples])
    return [
        row if example.by_sentence else paragraph_logits([row], row.shape[1])
        for row, example in zip(rows, examples, strict=True)
    ]


def _add(sums: list[Floats], indices: Sequence[int], rows: Sequence[Floats], weight: float) -> None:
    for index, row in zip(indices, rows, strict=True):
        sums[index] += weight * row
