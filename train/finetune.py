"""Fine-tuning a BERT on labelled sentences with transformers' Trainer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.labels import Scheme
from gongbao.windows import IGNORED, WINDOW, Tokenizer
from train.arguments import training_arguments
from train.best import AVERAGED, SCORES, keep_best
from train.checkpoint import open_model, rate_groups
from train.config import Config
from train.dataset import Batches, Training, collate, encode
from train.folder import agreed, is_main_process, processes
from train.resume import ended, last_checkpoint

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, Trainer

Loss = Callable[[Any, "dict[str, torch.Tensor]", float], "torch.Tensor"]


def finetune(
    config: Config,
    scheme: Scheme,
    training: Training,
    dev: Sequence[Example],
    folder: Path,
    resume: bool = False,
    loss: Loss | None = None,
) -> list[dict[str, float]]:
    """Fine-tune and leave the best epoch's weights in `folder/best`, in half precision; return the dev scores.

    `loss` is computed instead of `label_loss`'s, of a model and a batch as `collate` makes it.

    `folder` holds the tokenizer already. Epoch 0 is the starting weights. Scores are dev paragraph macro-F1 at the best
    single threshold; only the main process returns them. With `resume` the newest checkpoint in `folder` goes on from
    its step. Raises GongbaoError if training diverges.
    """
    import torch

    tokenizer = Tokenizer(folder)
    arguments = training_arguments(config.trainer, folder)
    model = open_model(config, scheme, arguments.seed)
    tokenizer.check_fits(model.config.vocab_size, config.model.checkpoint)
    size = min(WINDOW, int(model.config.max_position_embeddings))
    rows = encode(training, tokenizer, scheme, size, config.model.context)
    if not len(rows):
        raise GongbaoError("nothing to train on: the examples hold no text that the tokenizer reads")
    try:
        trainer = make_trainer(config, model, tokenizer, arguments, rows, dev, scheme, folder, loss or label_loss)
    except (ImportError, RuntimeError, ValueError) as error:
        raise GongbaoError(f"trainer: {str(error).strip().splitlines()[0]}") from error
    checkpoint = agreed(last_checkpoint(folder) if resume and is_main_process() else None)
    if checkpoint is None:
        if is_main_process():
            (folder / SCORES).unlink(missing_ok=True)
            shutil.rmtree(folder / AVERAGED, ignore_errors=True)
        trainer.evaluate()
    if checkpoint is None or not ended(checkpoint):
        try:
            trainer.train(resume_from_checkpoint=checkpoint)
        except torch.OutOfMemoryError as error:
            raise GongbaoError("out of memory: lower model.tokens_per_batch") from error
        except (ImportError, KeyError, ValueError) as error:
            # What a field of the Trainer asks for is often found out only when it is used.
            reason = " ".join(str(error.args[0] if error.args else error).split())
            raise GongbaoError(f"trainer: {type(error).__name__}: {reason[:300]}") from error
    if not is_main_process():
        return []
    return list(json.loads((folder / SCORES).read_text(encoding="utf-8")))


def make_trainer(
    config: Config,
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    arguments: Any,
    rows: Any,
    dev: Sequence[Example],
    scheme: Scheme,
    folder: Path,
    loss: Loss,
) -> Trainer:
    """Build the Trainer: loss on sentence logits, dev scores through the engine that predicts."""
    from transformers import PrinterCallback, Trainer, TrainerCallback

    start = {}
    if config.model.share_trained < 1:
        start = {name: weights.detach().cpu().clone() for name, weights in model.named_parameters()}

    class SentenceTrainer(Trainer):  # type: ignore[misc]
        def create_optimizer(self, *arguments: Any) -> Any:
            if getattr(self, "optimizer", None) is None and config.model.layer_decay < 1:
                kind, settings = self.get_optimizer_cls_and_kwargs(self.args)
                rates = rate_groups(
                    self.model, self.args.learning_rate, self.args.weight_decay, config.model.layer_decay
                )
                self.optimizer = kind(rates, **settings)
            return super().create_optimizer(*arguments)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            # The loss stays outside the model: with several GPUs in one process the model is called on shares of the
            # windows, and a sentence or a paragraph may lie in two shares.
            return loss(model, inputs, self.args.label_smoothing_factor)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            own = keep_best(self.model, start, config, dev, scheme, folder, self.state) if is_main_process() else 0.0
            metrics = {"eval_macro_f1": agreed(own)}
            self.log(metrics)
            self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

    class ScoreFirst(TrainerCallback):  # type: ignore[misc]
        """Scores an epoch before its last step is saved: a run that resumes from there would not score it."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            ends = float(state.epoch).is_integer() or state.global_step >= state.max_steps
            control.should_evaluate = control.should_evaluate or (ends and args.eval_strategy == "epoch")

    trainer = SentenceTrainer(
        model=model,
        args=arguments,
        train_dataset=Batches(rows, config.model.tokens_per_batch, arguments.seed, processes()),
        eval_dataset=list(dev),
        data_collator=partial(collate, padding=tokenizer.padding),
        callbacks=[ScoreFirst()],
    )
    # Away from a terminal the Trainer prints its log as Python dictionaries; the record has what matters of it.
    trainer.remove_callback(PrinterCallback)
    return trainer


def label_loss(model: Any, inputs: dict[str, torch.Tensor], smoothing: float = 0.0) -> torch.Tensor:
    """How far a model is from a batch's targets."""
    logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    return sentence_loss(logits, inputs, smoothing)


def sentence_loss(logits: torch.Tensor, inputs: dict[str, torch.Tensor], smoothing: float = 0.0) -> torch.Tensor:
    """Binary cross-entropy on sentence logits, averaged over rows and labels, each row's times its weight.

    `logits` is `(windows, width, labels)`; the other tensors are `collate`'s.
    """
    import torch

    answers = sentence_logits(logits, inputs)
    answered = torch.isfinite(answers).all(dim=1)
    goal = inputs["targets"][answered] * (1 - smoothing) + smoothing / 2
    losses = torch.nn.functional.binary_cross_entropy_with_logits(answers[answered], goal, reduction="none")
    # Divided by the rows and not by their weights: a batch of light rows is to move the model little.
    return (losses.mean(dim=1) * inputs["weight"][answered]).mean()


def sentence_logits(logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """The logits that answer each row of targets, `(rows, labels)`: the mean of a sentence's tokens' logits.

    A row that several sentences answer (a paragraph labelled as a whole) is answered by the largest of their logits, a
    row that no token answers by -inf.
    """
    import torch

    owner = inputs["owner"]
    kept = owner != IGNORED
    count = len(inputs["answer"])
    sums = torch.zeros(count, logits.shape[-1], device=logits.device)
    sums = sums.index_add(0, owner[kept], logits[kept].float())
    pieces = torch.bincount(owner[kept], minlength=count).unsqueeze(1)
    means = sums / pieces.clamp(min=1)
    read = pieces[:, 0] > 0
    rows, goal = inputs["answer"][read], inputs["targets"]
    answers = torch.full_like(goal, -torch.inf)
    return answers.scatter_reduce(0, rows.unsqueeze(1).expand(-1, goal.shape[1]), means[read], "amax")
