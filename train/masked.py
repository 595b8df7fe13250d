"""A masked language model: an encoder, a head tied to its embeddings, the loss on text that was held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gongbao.errors import GongbaoError
from gongbao.files import read_json, write_text
from gongbao.windows import Tokenizer
from train.budget import Spend, spent
from train.pack import Ids, Packed, collate

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, Trainer

    from train.adapt import Adapt

SCORES = "scores.json"


def make_trainer(config: Adapt, train: Ids, apart: Ids, folder: Path, checkpoint: str | None) -> Trainer:
    """Build the Trainer: loss at masked pieces only, learning rate and end by the budget."""
    import torch
    from transformers import PrinterCallback, Trainer, TrainerCallback, set_seed

    from train.arguments import training_arguments

    tokenizer = Tokenizer(folder)
    fixed = {"eval_strategy": "no", "save_strategy": "no", "max_steps": 10**9, "disable_tqdm": True}
    mine = {"per_device_train_batch_size": config.model.windows_per_batch} | config.trainer
    arguments = training_arguments(mine | fixed, folder)
    set_seed(arguments.seed)
    model = masked_model(_open(config, tokenizer))
    tokens = train.shape[1] * arguments.train_batch_size * arguments.gradient_accumulation_steps
    spend = Spend(config.budget, tokens, spent(checkpoint))
    data = Packed(train, tokenizer, config.mask, _joined(folder, tokenizer), arguments.seed)
    ahead = Packed(apart, tokenizer, config.mask, data.joined, arguments.seed)

    class Epochs(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            data.epoch = int(state.epoch or 0)

    class Adapting(Trainer):  # type: ignore[misc]
        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, lambda _: spend.rate)
            self._created_lr_scheduler = True
            return self.lr_scheduler

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            loss = held_out_loss(self.model, ahead, config.model.windows_per_batch, self.compute_loss_context_manager)
            note(folder, self.state.global_step * spend.tokens_per_step, loss)
            self.log({"eval_loss": loss})
            return {"eval_loss": loss}

    try:
        trainer = Adapting(
            model=model, args=arguments, train_dataset=data, data_collator=collate, callbacks=[spend, Epochs()]
        )
    except (ImportError, RuntimeError, ValueError) as error:
        raise GongbaoError(f"trainer: {str(error).strip().splitlines()[0]}") from error
    trainer.remove_callback(PrinterCallback)
    return trainer


def masked_model(encoder: PreTrainedModel) -> Any:
    """An encoder with a language-model head that is tied to its embeddings and looks at masked pieces only."""
    import torch
    from torch import nn

    embeddings = encoder.get_input_embeddings()

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            width = embeddings.embedding_dim
            self.dense = nn.Linear(encoder.config.hidden_size, width)
            if encoder.config.hidden_size == width:
                # Begins by passing on what the encoder says: a random layer would teach it noise at first.
                nn.init.eye_(self.dense.weight)
            nn.init.zeros_(self.dense.bias)
            self.norm = nn.LayerNorm(width)
            self.bias = nn.Parameter(torch.zeros(embeddings.num_embeddings))

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
        ) -> dict[str, torch.Tensor]:
            base = self.encoder.base_model
            states = base(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            chosen = labels != -100
            said = self.norm(nn.functional.gelu(self.dense(states[chosen])))
            logits = nn.functional.linear(said, base.get_input_embeddings().weight, self.bias)
            return {"loss": nn.functional.cross_entropy(logits.float(), labels[chosen])}

    return Masked()


def held_out_loss(model: Any, apart: Packed, batch: int, context: Any) -> float:
    """Mean loss over the held-out windows (at most 64 of them), weighted by their masked pieces."""
    import torch

    was, total, count = model.training, 0.0, 0
    model.eval()
    # Spread over all that is held out, which lies in the order of the corpus.
    picked = np.linspace(0, len(apart) - 1, min(64, len(apart))).astype(int).tolist()
    device = next(model.parameters()).device
    for start in range(0, len(picked), batch):
        inputs = collate([apart[index] for index in picked[start : start + batch]])
        said = int((inputs["labels"] != -100).sum())
        with torch.no_grad(), context():
            loss = float(model(**{name: tensor.to(device) for name, tensor in inputs.items()})["loss"])
        total, count = total + loss * said, count + said
    model.train(was)
    if not np.isfinite(total):
        raise GongbaoError("training diverged: the loss is not a number; lower trainer.learning_rate")
    return total / count


def note(folder: Path, tokens: int, loss: float) -> None:
    """Add a held-out loss to `scores.json`; what a resumed run measures again takes the place of the earlier."""
    path = folder / SCORES
    scores = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    write_text(path, json.dumps([row for row in scores if row["tokens"] < tokens] + [{"tokens": tokens, "loss": loss}]))


def _open(config: Adapt, tokenizer: Tokenizer) -> PreTrainedModel:
    from train.checkpoint import open_encoder

    encoder = open_encoder(config.model.checkpoint, config.model.attn_implementation)
    tokenizer.check_fits(encoder.get_input_embeddings().num_embeddings, config.model.checkpoint)
    return encoder


def _joined(folder: Path, tokenizer: Tokenizer) -> Any:
    """Of each piece, whether it goes on the word before it: WordPiece marks these with ##."""
    vocab = read_json(folder / "tokenizer.json")["model"]["vocab"]
    joined = np.zeros(tokenizer.size, bool)
    if isinstance(vocab, dict):
        joined[[number for piece, number in vocab.items() if piece.startswith("##")]] = True
    return joined
