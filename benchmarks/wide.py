"""A model of bert-base's shape, 12 layers of 768, with random weights: sorted eager beside the exact engines."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks import peak
from benchmarks.page import section, spread, table
from benchmarks.rivals import EAGER, exact_rivals, on_quiet, ratios, say, take_turns
from gongbao.examples import Example

SHAPE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}


def compete(shipped: Path, folder: Path, examples: Sequence[Example], rounds: int) -> str:
    """Make the model, export it, and let sorted eager and the exact engines take turns."""
    from gongbao.export import export

    say("12 layers of 768: making the model and exporting it")
    make(shipped, folder)
    export(folder)
    eager, *ours = rivals = exact_rivals(folder, examples)
    peaks = take_turns(rivals, rounds, peak.measure)
    lengths = [len(window) for batch in eager.engine.prepare(eager.paragraphs).batches for _, window in batch.members]
    flop = peak.flop_a_token(SHAPE, peak.mean_width(lengths))
    rows = []
    for rival in (eager, *ours):
        share = [100 * rate * flop / peak.best(peaks) for rate in rival.kept]
        quiet = f"{len(rival.quiet)} of {rounds}"
        rows.append([rival.name, spread(rival.kept), spread(ratios(rival, eager), ".2f"), spread(share), quiet])
    return section(
        "12 layers of 768",
        f"The same on a model of bert-base's shape with random weights, on {len(examples):,} paragraphs, "
        f"{eager.tokens:,} tokens, in {rounds} rounds.",
        table(["", "tokens/s", f"ratio to {EAGER}", "% of the peak", "quiet rounds"], rows),
        on_quiet(rivals),
    )


def make(shipped: Path, folder: Path) -> None:
    """Write the model, with the shipped model's tokenizer and decision rule."""
    import torch
    from transformers import BertConfig, BertForTokenClassification
    from transformers.utils import logging

    from gongbao.decision import Decision
    from gongbao.windows import Tokenizer

    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "decision.json"):
        shutil.copy(shipped / name, folder)
    tokenizer, scheme = Tokenizer(folder), Decision.load(folder).scheme
    logging.disable_progress_bar()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.size,
        max_position_embeddings=512,
        pad_token_id=tokenizer.padding,
        id2label=dict(enumerate(scheme.ids)),
        label2id={label: index for index, label in enumerate(scheme.ids)},
        **SHAPE,
    )
    BertForTokenClassification(config).to(torch.float16).save_pretrained(folder)
