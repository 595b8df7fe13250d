"""Soft labels: what teachers answer on the training text, mixed with the labels that it carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gongbao import models
from gongbao.decision import Floats, paragraph_logits, sigmoid
from gongbao.engines import Engine
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.files import whole
from gongbao.labeler import Labeler
from gongbao.labels import Scheme
from train.arguments import bf16
from train.baseline import fit_tfidf
from train.config import Config
from train.dataset import targets
from train.record import seed_of

SAVED = "soft.safetensors"
Indices = NDArray[np.intp]


def save_answers(
    config: Config, scheme: Scheme, examples: Sequence[Example], more: Sequence[Example], folder: Path
) -> None:
    """Ask the teachers, once, and keep what they answer in `folder`: a run that resumes learns the same.

    Of `examples`, which carry labels, they are asked if `soft.share` is above 0; of `more`, which carry none, always.
    """
    from safetensors.numpy import save_file

    saved = folder / SAVED
    if saved.exists():
        return
    seed = seed_of(config.trainer)
    rows = {}
    if config.soft.share:
        splits = []
        if config.soft.tfidf:
            folds = np.array(out_of_fold(examples, config.soft.folds, seed))
            splits = [(np.flatnonzero(folds != n), np.flatnonzero(folds == n)) for n in range(config.soft.folds)]
        rows["labelled"] = teach(config, scheme, examples, examples, splits)
    if more:
        rows["unlabelled"] = teach(config, scheme, examples, more, [(np.arange(len(examples)), np.arange(len(more)))])
    with whole(saved) as partial:
        save_file({name: np.concatenate(each).astype(np.float32) for name, each in rows.items()}, partial)


def soft_targets(
    share: float, scheme: Scheme, examples: Sequence[Example], more: Sequence[Example], folder: Path
) -> list[Floats]:
    """Targets in [0, 1], a `(rows, labels)` array an example of both kinds, rows as in `train.dataset.targets`.

    With share 0.5, a sentence labelled 1 on which the saved mean logit is 0 learns 0.5 x 1 + 0.5 x 0.5 = 0.75. Without
    labels it learns 0.5, what the teachers say.
    """
    from safetensors.numpy import load_file

    saved = load_file(folder / SAVED)
    found = []
    for name, part in (("labelled", examples), ("unlabelled", more)):
        hard = [np.array(targets(example, scheme), dtype=np.float64) for example in part]
        ends = np.cumsum([len(goal) for goal in hard])
        rest = share if name == "labelled" else 1.0
        if not rest or not hard:
            found += hard
            continue
        rows = sigmoid(saved[name].astype(np.float64)) if name in saved else np.zeros((0, len(scheme)))
        if len(rows) != ends[-1]:
            raise GongbaoError(f"{folder / SAVED} was made for other examples: remove it")
        pairs = zip(hard, np.split(rows, ends[:-1]), strict=True)
        found += [(1 - rest) * goal + rest * row for goal, row in pairs]
    return found


def teach(
    config: Config,
    scheme: Scheme,
    examples: Sequence[Example],
    asked: Sequence[Example],
    splits: Sequence[tuple[Indices, Indices]],
) -> list[Floats]:
    """The weighted mean of the teachers' logits on `asked`, an array an example, rows as in `targets`.

    `splits` say which of `examples` TF-IDF is fitted on, and which of `asked` it then answers. BERTs answer in the
    precision of training. Raises GongbaoError for a teacher of another label scheme.
    """
    import torch

    soft = config.soft
    weights = dict(soft.models)
    if soft.start:
        weights[config.model.checkpoint] = weights.get(config.model.checkpoint, 0.0) + soft.start
    total = soft.tfidf + sum(weights.values())
    sums = [np.zeros((len(targets(example, scheme)), len(scheme))) for example in asked]
    for name, weight in weights.items():
        teacher = Labeler.load(models.find(name))
        if teacher.scheme.ids != scheme.ids:
            raise GongbaoError(f"the teacher {name} answers {teacher.scheme.signature}, not {scheme.signature}")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with torch.autocast(device, torch.bfloat16, enabled=bf16(config.trainer)):
            _add(sums, range(len(asked)), _answers(teacher, asked), weight / total)
    if soft.tfidf:
        for others, mine in splits:
            engine = fit_tfidf(config.tfidf, scheme, [examples[i] for i in others])
            _add(sums, mine, _answers(engine, [asked[i] for i in mine]), soft.tfidf / total)
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


def _add(sums: list[Floats], indices: Iterable[int], rows: Sequence[Floats], weight: float) -> None:
    for index, row in zip(indices, rows, strict=True):
        sums[index] += weight * row
