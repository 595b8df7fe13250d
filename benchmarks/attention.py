"""Eager against sdpa attention in training, as a ratio in one run on this machine: `python benchmarks/attention.py`.

Both train the shipped model on the same batches (bf16 autocast where the processor has it); the ratio is sdpa's time
over eager's, the median over batches timed in turn, so that a busy moment hits both.
"""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BATCHES = 12


def main() -> None:
    import torch

    from gongbao.examples import read_examples
    from gongbao.labels import POLICY_DOMAINS
    from gongbao.windows import WINDOW, Tokenizer
    from train.checkpoint import open_model
    from train.config import read_config
    from train.dataset import Batches, Training, collate, encode
    from train.finetune import sentence_loss

    config = read_config("configs/embedded.toml")
    tokenizer = Tokenizer(Path(config.model.checkpoint))
    examples = read_examples(config.data.train[0], POLICY_DOMAINS)[:600]
    rows = encode(Training(examples, [1.0] * len(examples)), tokenizer, POLICY_DOMAINS, WINDOW, "paragraph")
    data = Batches(rows, config.model.tokens_per_batch, seed=0)
    batches = [partial(collate, padding=tokenizer.padding)([data[i]]) for i in range(min(BATCHES, len(data)))]
    bf16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    models = {}
    for attention in ("eager", "sdpa"):
        config.model.attn_implementation = attention
        models[attention] = open_model(config, POLICY_DOMAINS, seed=0).train()

    def step(name: str, batch: dict[str, torch.Tensor]) -> float:
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = models[name](input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        sentence_loss(output.logits, batch).backward()
        models[name].zero_grad()
        return time.perf_counter() - started

    for name in models:
        step(name, batches[0])
    seconds = [{name: step(name, batch) for name in models} for batch in batches]
    tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
    for name in models:
        print(f"{name:6} {tokens / sum(row[name] for row in seconds):7.0f} real tokens/s")
    ratio = statistics.median(row["sdpa"] / row["eager"] for row in seconds)
    print(f"sdpa takes {ratio:.2f} x the time of eager (bf16 {'on' if bf16 else 'off'}, {len(batches)} batches)")


if __name__ == "__main__":
    main()
