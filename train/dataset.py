"""Labelled examples to training batches: the same windows as in prediction, grouped by length under a token budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gongbao.errors import GongbaoError
from gongbao.examples import Example, read_examples
from gongbao.labels import Scheme
from gongbao.windows import IGNORED, Tokenizer

if TYPE_CHECKING:
    import datasets
    import torch

POOL = 64
"""Batches are filled from pools of about so many batches' paragraphs, each pool sorted by length."""


@dataclass(frozen=True)
class Training:
    """What a run learns from: examples, what each counts in the loss, and soft targets in the place of its labels."""

    examples: list[Example]
    weights: list[float]
    goals: list[np.ndarray] | None = None


def read_all(paths: Sequence[str], scheme: Scheme) -> dict[str, list[Example]]:
    """Read several files of examples, each under its path; an id may occur in one of them only."""
    files: dict[str, list[Example]] = {}
    seen: dict[str, str] = {}
    for path in paths:
        examples = read_examples(path, scheme)
        for example in examples:
            if example.id in seen:
                raise GongbaoError(f"{path}: id {example.id!r} is also in {seen[example.id]}")
            seen[example.id] = path
        files[path] = examples
    return files


def targets(example: Example, scheme: Scheme) -> list[list[int]]:
    """0/1 rows in the scheme's order: one a sentence, or a single one for an example labelled by paragraph."""
    rows = [sentence.labels for sentence in example.sentences] if example.by_sentence else [example.labels]
    return [[int(label in labels) for label in scheme.ids] for labels in rows]


def truth(examples: Sequence[Example], scheme: Scheme) -> np.ndarray:
    """Paragraph labels, `(paragraphs, labels)`, as booleans."""
    return np.array([[label in example.labels for label in scheme.ids] for example in examples], dtype=bool)


def encode(training: Training, tokenizer: Tokenizer, scheme: Scheme, size: int, context: str) -> datasets.Dataset:
    """Encode examples into a `datasets.Dataset`, a row a paragraph.

    Columns: `ids` and `owner` (a list a window; `owner` is the sentence that a token's logit counts for), `targets`
    (the example's labels as 0/1 rows, or its soft ones), `weight` (what its rows count in the loss), `by_sentence`,
    `width` (the longest window).
    """
    import datasets

    rows = []
    goals = training.goals or [np.array(targets(example, scheme)) for example in training.examples]
    for example, weight, goal in zip(training.examples, training.weights, goals, strict=True):
        windows = tokenizer.windows(tokenizer.encode([s.text for s in example.sentences]), size, context)
        if windows:
            rows.append(
                {
                    "ids": [window.ids for window in windows],
                    "owner": [window.sentence for window in windows],
                    "targets": goal.astype(np.float64).tolist(),
                    "weight": weight,
                    "by_sentence": example.by_sentence,
                    "width": max(map(len, windows)),
                }
            )
    return datasets.Dataset.from_list(rows)


def batches(counts: Sequence[int], widths: Sequence[int], tokens: int, seed: int) -> list[list[int]]:
    """Group paragraphs (by index) so that a batch holds at most `tokens` tokens, padding included.

    `counts` are a paragraph's windows, `widths` its longest. A paragraph larger than the budget is a batch of its own.
    Drawn anew for every seed: shuffled, then sorted by width inside pools.
    """
    order = np.random.default_rng(seed).permutation(len(counts))
    mean = np.mean([c * w for c, w in zip(counts, widths, strict=True)]) if len(counts) else 1
    pool = max(1, int(POOL * tokens / mean))
    found: list[list[int]] = []
    for start in range(0, len(order), pool):
        batch: list[int] = []
        windows = widest = 0
        for index in sorted(order[start : start + pool].tolist(), key=lambda i: widths[i]):
            wider = max(widest, widths[index])
            if batch and (windows + counts[index]) * wider > tokens:
                found.append(batch)
                batch, windows, wider = [], 0, widths[index]
            batch.append(index)
            windows, widest = windows + counts[index], wider
        if batch:
            found.append(batch)
    return found


def even_out(groups: Sequence[list[int]], shares: int) -> list[list[int]]:
    """Halve the largest batches until there are as many for each of `shares` processes.

    Else the Trainer would give some batches to two of them, and an epoch would hold their paragraphs twice: as it does
    if there are fewer paragraphs than processes.
    """
    found = list(groups)
    while len(found) % shares:
        place = max(range(len(found)), key=lambda number: len(found[number]))
        batch = found[place]
        if len(batch) == 1:
            break
        found[place : place + 1] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return found


class Batches:
    """A dataset whose items are whole batches, so that the Trainer's sampler, sharding and resuming work on batches."""

    def __init__(self, rows: datasets.Dataset, tokens: int, seed: int, processes: int = 1) -> None:
        self.rows = rows
        counts = [len(windows) for windows in rows["ids"]]
        self.groups = even_out(batches(counts, list(rows["width"]), tokens, seed), processes)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> list[dict[str, Any]]:
        return [self.rows[row] for row in self.groups[index]]


def collate(items: Sequence[list[dict[str, Any]]], padding: int) -> dict[str, torch.Tensor]:
    """Make one batch's tensors.

    `input_ids`, `attention_mask`, `owner`: `(windows, width)`, `owner` counting sentences through the batch (or -1);
    `answer`: `(sentences,)`, the row of `targets` that a sentence answers; `targets`: `(rows, labels)`; `weight`:
    `(rows,)`. A paragraph that was labelled as a whole has one row, which all its sentences answer.
    """
    import torch

    paragraphs = [row for item in items for row in item]
    windows = [ids for row in paragraphs for ids in row["ids"]]
    width = max(map(len, windows))
    input_ids = torch.full((len(windows), width), padding, dtype=torch.long)
    owner = torch.full((len(windows), width), IGNORED, dtype=torch.long)
    answer: list[int] = []
    rows: list[list[float]] = []
    weight: list[float] = []
    line = 0
    for row in paragraphs:
        first = len(answer)
        sentences = 1 + max((max(owners) for owners in row["owner"]), default=IGNORED)
        if row["by_sentence"]:
            sentences = len(row["targets"])
        for ids, owners in zip(row["ids"], row["owner"], strict=True):
            input_ids[line, : len(ids)] = torch.tensor(ids)
            numbers = torch.tensor(owners)
            owner[line, : len(ids)] = torch.where(numbers == IGNORED, numbers, numbers + first)
            line += 1
        answer += [len(rows) + (number if row["by_sentence"] else 0) for number in range(sentences)]
        rows += row["targets"]
        weight += [row["weight"]] * len(row["targets"])
    lengths = torch.tensor([len(ids) for ids in windows]).unsqueeze(1)
    return {
        "input_ids": input_ids,
        "attention_mask": (torch.arange(width).unsqueeze(0) < lengths).long(),
        "owner": owner,
        "answer": torch.tensor(answer),
        "targets": torch.tensor(rows, dtype=torch.float32),
        "weight": torch.tensor(weight, dtype=torch.float32),
    }
