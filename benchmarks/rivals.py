"""The contenders, and rounds in which they take turns: transformers' pipeline, sorted eager torch, our engines."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.page import processor_seconds
from gongbao.engines.bert import BertEngine, Ids
from gongbao.examples import Example
from gongbao.windows import Tokenizer

EAGER = "sorted eager"
EAGER_TOKENS = 1024
"""Tokens in a batch of sorted eager, padding included."""
BATCHES = (1, 32)
"""The pipeline's batch sizes."""
WARM = 8
BUSY = 0.1
"""The share of the cores from which on what other processes take disturbs a run."""


@dataclass
class Rival:
    """A contender: what it makes of paragraphs, the paragraphs and their tokens; and what was measured of it.

    `engine` is what computes for it, where that is one of ours or sorted eager. `rates` are tokens a second, one a
    round, and `others` what other processes took meanwhile, as a share of the cores; `answers` are the first round's.
    """

    name: str
    answer: Callable[[Any], Any]
    paragraphs: Sequence[Any]
    tokens: int
    engine: Any = None
    fp32: bool = True
    rates: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    answers: Any = None

    @property
    def quiet(self) -> set[int]:
        """The rounds in which other processes did not disturb it."""
        return {number for number, share in enumerate(self.others) if share < BUSY}

    @property
    def kept(self) -> list[float]:
        """Tokens a second in quiet rounds; in all of them where none was quiet."""
        return [self.rates[number] for number in sorted(self.quiet or range(len(self.rates)))]


class SortedEager(BertEngine):
    """A plain transformers model on our windows: one batch after another, each computed by torch's own threads."""

    def __init__(self, model: Any, tokenizer: Tokenizer, context: str) -> None:
        positions = int(model.config.max_position_embeddings)
        super().__init__(tokenizer, int(model.config.num_labels), positions, context)
        self.model = model.eval()
        self.tokens = EAGER_TOKENS

    @property
    def identity(self) -> str:
        return f"{EAGER} fp32 cpu"

    @property
    def threads(self) -> int:
        return 1

    def forward(self, ids: Ids, mask: Ids) -> Any:
        import torch

        with torch.inference_mode():
            output = self.model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        return output.logits.numpy()


def say(text: str) -> None:
    """Say on standard error how far a run is."""
    print(text, file=sys.stderr, flush=True)


def sample(items: Sequence[Any], count: int) -> list[Any]:
    """Take `count` items, evenly spaced and in order; all of them where there are no more.

    >>> sample(range(10), 3)
    [0, 3, 6]
    """
    return list(items[:: max(1, len(items) // count)])[:count]


def count_tokens(tokenizer: Tokenizer, examples: Sequence[Example]) -> int:
    """The pieces of all sentences: without specials, padding, and sentences that a window repeats."""
    texts = [sentence.text for example in examples for sentence in example.sentences]
    return sum(len(pieces.ids) for pieces in tokenizer.encode(texts))


def exact_rivals(folder: Path, examples: Sequence[Example]) -> list[Rival]:
    """Sorted eager first, then the exact engines that an exported model has here."""
    from gongbao import models
    from gongbao.engines import ENGINES, present
    from gongbao.engines.torch import load_bert

    eager = SortedEager(load_bert(folder, "cpu"), Tokenizer(folder), models.context(folder))
    paragraphs = [[sentence.text for sentence in example.sentences] for example in examples]
    # Sorted over all paragraphs and not in chunks: the most that sorting gives.
    first = Rival(EAGER, eager.logits, paragraphs, count_tokens(eager.tokenizer, examples), eager)
    names = [name for name in ENGINES if name == "torch" or (name != "auto" and present(name))]
    return [first, *(our_rival(folder, name, first) for name in names)]


def our_rival(folder: Path, engine: str, like: Rival, precision: str = "fp32") -> Rival:
    """One of our engines on the paragraphs of another contender, in chunks as `predict` reads them."""
    from gongbao import Labeler

    labeler = Labeler.load(folder, "cpu", engine, precision)
    exact = precision == "fp32"
    name = engine if exact else f"{engine} {precision}"
    return Rival(name, labeler.logits, like.paragraphs, like.tokens, labeler.engine, exact)


def pipelines(folder: Path, examples: Sequence[Example], dtype: Any = "float32") -> list[Rival]:
    """transformers' pipeline on whole paragraphs in file order, in a type; None is what it takes by itself."""
    import torch
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    texts, tokens = [example.text for example in examples], count_tokens(Tokenizer(folder), examples)
    named = {"dtype": getattr(torch, dtype)} if dtype else {}

    def opened(size: int) -> Any:
        return pipeline(
            "token-classification",
            model=str(folder),
            batch_size=size,
            aggregation_strategy="none",
            device="cpu",
            **named,
        )

    made = [(size, opened(size)) for size in BATCHES]
    kind = str(made[0][1].model.dtype).removeprefix("torch.")
    return [
        Rival(f"pipeline, {kind}, batches of {size}", piped, texts, tokens, fp32=kind == "float32")
        for size, piped in made
    ]


def take_turns(rivals: Sequence[Rival], rounds: int, measure: Callable[[], Any]) -> list[Any]:
    """Let every contender read its paragraphs once a round; return what `measure` gave in each round."""
    import torch

    threads = torch.get_num_threads()
    for rival in rivals:
        rival.answer(rival.paragraphs[:WARM])
    measured = []
    for number in range(rounds):
        measured.append(measure())
        # Each round begins with another, so that none always follows the same one.
        start = number % len(rivals)
        for rival in [*rivals[start:], *rivals[:start]]:
            gc.collect()
            torch.set_num_threads(threads)
            before, begun = processor_seconds(), time.perf_counter()
            answers = rival.answer(rival.paragraphs)
            seconds = time.perf_counter() - begun
            rival.rates.append(rival.tokens / seconds)
            rival.others.append(max(0.0, processor_seconds() - before) / seconds / (os.cpu_count() or 1))
            if rival.answers is None:
                rival.answers = answers
            say(f"round {number + 1} of {rounds}: {rival.name}, {rival.rates[-1]:,.0f} tokens/s")
    return measured


def ratios(rival: Rival, base: Rival) -> list[float]:
    """A contender's tokens a second over another's, round by round: where both were quiet, everywhere if nowhere."""
    numbers = rival.quiet & base.quiet or range(len(rival.rates))
    return [rival.rates[number] / base.rates[number] for number in sorted(numbers)]


def on_quiet(rivals: Sequence[Rival]) -> str:
    """Say what makes a round quiet, and that nothing was where that is so."""
    # Threads that share one product wait for one another, so that one lost core costs them more than half: without
    # this, whoever computes a batch a thread would win by what else the machine does.
    said = (
        f"A round is quiet for a contender if other processes took less than {BUSY:.0%} of the cores while it ran. "
        "Figures are those of quiet rounds, ratios those of rounds that were quiet for both."
    )
    none = [rival.name for rival in rivals if not rival.quiet]
    return said + (f" No round was quiet, and all count, for: {', '.join(none)}." if none else "")
