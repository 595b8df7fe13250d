"""Distillation: a student of few layers learns to answer like a teacher of many. `python -m train.distil`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import typer
from pydantic import Field, model_validator

from gongbao import models
from gongbao.decision import Decision
from gongbao.errors import GongbaoError
from train.arguments import bf16
from train.command import by_epoch, one_line
from train.config import Config, Model, Table, check_table, check_trainer, read_toml
from train.corpus import read_unlabelled
from train.dataset import Training
from train.finetune import sentence_logits, sentence_loss

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from train.finetune import Loss

STUDENT = "student"


class Student(Table):
    """What the student is made of: a copy of the teacher's embeddings, head, and `layers`, counted from 0.

    It learns the teacher's sentence logits (as probabilities), with weight 1; the labels, with weight `hard` (times
    `data.weights`); and, for each of its layers, the states that the teacher's layer left, with weight `hidden` (Jiao
    et al., TinyBERT, 2020).
    """

    teacher: str = "data/encoder"
    layers: list[Annotated[int, Field(ge=0)]] = Field([2, 5, 8, 11], min_length=1)
    hard: float = Field(0.3, ge=0)
    hidden: float = Field(0.3, ge=0)

    @model_validator(mode="after")
    def _each_layer_once(self) -> Student:
        if len(set(self.layers)) < len(self.layers):
            raise ValueError("layers names one twice: each is copied once")
        return self


class Distil(Config):
    """A run of distillation: a run like any other, with a teacher and unlabelled text."""

    kind: Literal["bert"] = "bert"
    student: Student = Student()

    @property
    def has_teacher(self) -> bool:
        return True

    @property
    def reads(self) -> list[str]:
        start = f"{self.model.checkpoint}/model.safetensors"
        return [name for name in super().reads if name != start] + [f"{self.student.teacher}/model.safetensors"]


def read_distil(path: str | Path, overrides: Sequence[str] = ()) -> Distil:
    """Read a config; raises GongbaoError, in one line, as `train.config.read_config` does."""
    config = check_table(Distil, read_toml(path, overrides), str(path))
    check_trainer(config.trainer, str(path))
    if config.data.scheme:
        raise GongbaoError(f"{path}: data.scheme: a student answers its teacher's labels")
    if config.unlabelled.weight != 1:
        raise GongbaoError(f"{path}: unlabelled.weight: a student learns from its teacher on all text alike")
    if config.soft.share or config.model.checkpoint != Model().checkpoint or config.model.init != "keep":
        raise GongbaoError(f"{path}: student.teacher is what a student starts from and learns from")
    return config


def distil(config: Distil, resume: bool = False) -> tuple[Path, list[dict[str, float]]]:
    """Make a student and return its run's folder and its scores on `data.dev` by epoch (epoch 0: before it learnt).

    Raises GongbaoError for what the user can mend.
    """
    from train.checkpoint import TOKENIZER_FILES
    from train.finetune import finetune
    from train.folder import alone, begin, say, unfinished
    from train.resume import stoppable
    from train.run import finish, read_training

    alone("distillation")
    started = datetime.now(UTC)
    teacher = models.find(config.student.teacher)
    scheme = Decision.load(teacher).scheme
    training, dev = read_training(config, scheme)
    more = read_unlabelled(config.unlabelled, scheme, [*training.examples, *dev])
    partial = unfinished(config, started, resume)
    with stoppable(partial):
        begin(config, partial, started)
        make_student(teacher, config.student.layers, partial / STUDENT)
        for name in TOKENIZER_FILES:
            shutil.copyfile(teacher / name, partial / name)
        say(f"{config.name}: {len(training.examples)} labelled, {len(more)} unlabelled paragraphs, in {partial}")
        setting = config.model_copy(
            update={"model": config.model.model_copy(update={"checkpoint": str(partial / STUDENT)})}
        )
        # What carries no label weighs nothing in the part of the loss that is about labels.
        both = Training([*training.examples, *more], [*training.weights, *[0.0] * len(more)])
        scores = finetune(setting, scheme, both, dev, partial, resume, teaching(teacher, config))
        shutil.copytree(partial / "best", partial / "final", dirs_exist_ok=True)
        return finish(config, scheme, training.examples, dev, scores, started, partial, len(more)), scores


def make_student(teacher: Path, layers: Sequence[int], folder: Path) -> None:
    """Write a checkpoint that consists of some of the teacher's layers, its embeddings and its head."""
    import torch

    from train.checkpoint import layers_of, open_encoder

    model = open_encoder(str(teacher))
    stack = layers_of(model)
    if not stack or max(layers) >= len(stack):
        raise GongbaoError(f"student.layers: {teacher} has layers 0 to {len(stack) - 1}, not {max(layers)}")
    model.base_model.encoder.layer = torch.nn.ModuleList([stack[number] for number in layers])
    model.config.num_hidden_layers = len(layers)
    model.half().save_pretrained(folder)


def teaching(folder: Path, config: Distil) -> Loss:
    """The loss of a student on a batch: `Student` says what it is made of.

    A sentence without pieces answers nothing and teaches nothing; unlabelled sentences weigh 0 in the part of the
    labels.
    """
    import torch

    from train.checkpoint import open_encoder

    teacher: PreTrainedModel = open_encoder(str(folder), config.model.attn_implementation)
    settings = config.student

    def loss(model: Any, inputs: dict[str, torch.Tensor], smoothing: float) -> torch.Tensor:
        read = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        device = inputs["input_ids"].device
        teacher.to(device)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bf16(config.trainer)):
            shown = teacher(**read, output_hidden_states=settings.hidden > 0)
        said = model(**read, output_hidden_states=settings.hidden > 0)
        goal, answer = sentence_logits(shown.logits, inputs), sentence_logits(said.logits, inputs)
        answered = torch.isfinite(answer).all(dim=1)
        total = torch.nn.functional.binary_cross_entropy_with_logits(answer[answered], goal[answered].sigmoid())
        if settings.hard:
            total = total + settings.hard * sentence_loss(said.logits, inputs, smoothing)
        if settings.hidden:
            pairs = [
                (said.hidden_states[own + 1], shown.hidden_states[layer + 1])
                for own, layer in enumerate(settings.layers)
            ]
            total = total + settings.hidden * sum(distance(a, b, read["attention_mask"]) for a, b in pairs) / len(pairs)
        return total

    return loss


def distance(own: torch.Tensor, other: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of states, each scaled to mean 0 and variance 1, over the tokens that are no padding."""
    import torch

    width = own.shape[-1:]
    gap = torch.nn.functional.layer_norm(own.float(), width) - torch.nn.functional.layer_norm(other.float(), width)
    return gap.square().mean(dim=-1)[mask.bool()].mean()


def main(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's TOML file.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest unfinished run.")] = False,
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="table.key=value; may be repeated.")] = None,  # noqa: UP045
) -> None:
    """Make a small model that answers like a large one."""
    with one_line():
        folder, scores = distil(read_distil(config, set_ or []), resume)
    print(by_epoch(scores), file=sys.stderr)
    print(folder)


if __name__ == "__main__":
    typer.run(main)
