"""The best epoch: weights scored on dev as they are saved, and kept if no earlier epoch did as well."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gongbao.decision import best_global_threshold, paragraph_logits, sigmoid
from gongbao.engines.torch import TorchEngine
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.files import whole, write_text
from gongbao.labels import Scheme
from train.checkpoint import TOKENIZER_FILES
from train.config import Config
from train.dataset import truth

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, TrainerState

SCORES = "scores.json"
AVERAGED = "averaged"


def dev_score(engine: TorchEngine, dev: Sequence[Example], scheme: Scheme) -> float:
    """Paragraph macro-F1 at the best single threshold: epochs are compared by it, so that no rule is fitted to each."""
    logits = paragraph_logits(engine.logits([[s.text for s in example.sentences] for example in dev]), len(scheme))
    scores, labels = sigmoid(logits), truth(dev, scheme)
    if not np.isfinite(scores).all():
        raise GongbaoError("training diverged: the model answers NaN; lower trainer.learning_rate")
    called = scores >= best_global_threshold(scores, labels)
    hits, total = (called & labels).sum(axis=0), called.sum(axis=0) + labels.sum(axis=0)
    return float(np.mean(2 * hits[total > 0] / total[total > 0])) if total.any() else 1.0


def keep_best(
    model: PreTrainedModel,
    start: dict[str, torch.Tensor],
    config: Config,
    dev: Sequence[Example],
    scheme: Scheme,
    folder: Path,
    state: TrainerState,
) -> float:
    """Save the weights, score them on dev as saved, and keep them in `folder/best` if no earlier epoch did as well.

    What is saved lies `interpolation` of the way from the starting weights, `start`, to the trained ones, these being
    the mean of the last `average` scorings' (the starting weights are none of them). It is saved in half precision and
    read back in fp32, as in prediction: the model in training answers under the Trainer's autocast. Returns the score,
    which is noted in `folder/scores.json` in any case; an epoch that was scored before keeps its score.
    """
    import torch

    candidate, best, notes = folder / "candidate", folder / "best", folder / SCORES
    epoch = float(state.epoch or 0)
    scores = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else []
    for row in scores:
        if row["epoch"] == epoch:
            return float(row["macro_f1"])
    shutil.rmtree(candidate, ignore_errors=True)
    saved = copy.deepcopy(model).cpu()
    if config.model.average > 1 and epoch:
        average(saved, folder / AVERAGED, state.global_step, config.model.average)
    if start:
        with torch.no_grad():
            for name, weights in saved.named_parameters():
                weights.copy_(torch.lerp(start[name], weights, config.model.share_trained))
    saved.to(torch.float16).save_pretrained(candidate)
    for name in TOKENIZER_FILES:
        shutil.copyfile(folder / name, candidate / name)
    engine = TorchEngine.load(candidate, str(model.device), config.model.context)
    score = dev_score(engine, dev, scheme)
    # A fresh head has learnt nothing at epoch 0, whatever it scores.
    rivals = [row for row in scores if row["epoch"] or config.model.init == "keep"]
    if (epoch or config.model.init == "keep") and all(score > row["macro_f1"] for row in rivals):
        shutil.rmtree(best, ignore_errors=True)
        os.replace(candidate, best)
    else:
        shutil.rmtree(candidate)
    write_text(notes, json.dumps([*scores, {"epoch": epoch, "macro_f1": score}]))
    return score


def average(model: PreTrainedModel, folder: Path, step: int, count: int) -> None:
    """Turn the model's weights into the mean of its own and those kept in `folder` at the last `count - 1` scorings.

    Its own are kept, under the step, for the scorings to come; a run that resumes finds those from before its
    checkpoint, and writes the later ones anew.
    """
    from safetensors.torch import load_file, save_file

    folder.mkdir(exist_ok=True)
    earlier = sorted(path for path in folder.glob("*.safetensors") if int(path.stem) < step)[-(count - 1) :]
    own = {name: weights.detach().contiguous() for name, weights in model.named_parameters()}
    with whole(folder / f"{step:09d}.safetensors") as partial:
        save_file(own, partial)
    kept = [own, *map(load_file, earlier)]
    for name, weights in own.items():
        weights.copy_(sum(each[name] for each in kept) / len(kept))
