"""A masked language model: an encoder, a head tied to its embeddings, the loss on text that was held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gongbao.errors import GongbaoError
from train.pack import Packed, collate

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


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
