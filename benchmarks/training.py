"""A few steps of a config's training, timed."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from benchmarks.page import section, spread, table
from benchmarks.rivals import sample, say

PARAGRAPHS = 1200


def steps(config_file: Path, count: int) -> str:
    """Train a config's model for some steps on the CPU; a step ends with AdamW's."""
    import torch

    from gongbao.examples import read_examples
    from gongbao.windows import WINDOW, Tokenizer
    from train.arguments import bf16
    from train.checkpoint import open_model
    from train.config import read_config
    from train.dataset import Batches, Training, collate, encode
    from train.finetune import label_loss

    say("opening the model to train")
    config = read_config(config_file)
    scheme, tokenizer = config.label_scheme, Tokenizer(config.model.checkpoint)
    examples = sample(read_examples(config.data.train[0], scheme), PARAGRAPHS)
    rows = encode(Training(examples, [1.0] * len(examples)), tokenizer, scheme, WINDOW, config.model.context)
    data = Batches(rows, config.model.tokens_per_batch, seed=0)
    # Neighbours are of like width: batches from all over are as long as batches are.
    batches = [partial(collate, padding=tokenizer.padding)([data[i]]) for i in sample(range(len(data)), count + 1)]
    low = bf16(config.trainer | {"use_cpu": True})
    model = open_model(config, scheme, seed=0).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.trainer["learning_rate"])
    rates = []
    for number, batch in enumerate(batches):
        begun = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            loss = label_loss(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        rate = int(batch["attention_mask"].sum()) / (time.perf_counter() - begun)
        say(f"training step {number} of {len(batches) - 1}: {rate:,.0f} tokens/s")
        # The first step also makes the optimizer's state.
        rates += [rate] if number else []
    how = f"{'bf16' if low else 'fp32'}, {config.model.attn_implementation} attention"
    return section(
        "Training",
        f"Tokens a second, without padding, over {len(rates)} steps of `configs/{config_file.name}` on the CPU, each "
        "forward, backward, clipping and AdamW.",
        table(["", "tokens/s"], [[f"{how}, {config.model.tokens_per_batch:,} tokens a batch", spread(rates)]]),
    )
