"""What every engine of a BERT does alike: windows in batches of like length, token logits, their means by sentence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gongbao.decision import NO_EVIDENCE, Floats
from gongbao.engines.threads import available
from gongbao.windows import IGNORED, WINDOW, Pieces, Tokenizer, Window

TOKENS = 512
"""Tokens in a batch on a CPU, padding included: so few stay in a core's cache, and leave little padding."""
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Windows that are read at once: each with the number of its paragraph; token ids and mask `(windows, longest)`."""

    members: list[tuple[int, Window]]
    ids: Ids
    mask: Ids


@dataclass(frozen=True)
class Prepared:
    """Paragraphs, tokenised and laid out in batches."""

    pieces: list[list[Pieces]]
    batches: list[Batch]

    @property
    def padding(self) -> float:
        """The share of the tokens computed that are padding."""
        total = sum(batch.ids.size for batch in self.batches)
        return 1 - sum(int(batch.mask.sum()) for batch in self.batches) / total if total else 0.0


class BertEngine(ABC):
    """A token classifier and its tokenizer; what computes it is the subclass's.

    A batch is computed by one thread, several batches at once: so the answers do not depend on the number of threads.
    """

    def __init__(self, tokenizer: Tokenizer, labels: int, positions: int, context: str = "paragraph") -> None:
        self.tokenizer = tokenizer
        self.labels = labels
        self.size = min(WINDOW, positions)
        self.context = context
        self.tokens = TOKENS

    @property
    @abstractmethod
    def identity(self) -> str:
        """The engine, its precision and its device, as far as answers depend on them."""

    @property
    def threads(self) -> int:
        """How many batches are computed at once."""
        return available()

    @abstractmethod
    def forward(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """Compute the token logits `(windows, longest, labels)` of a batch; called by several threads at once."""

    def prepare(self, paragraphs: Sequence[Sequence[str]]) -> Prepared:
        """Tokenise paragraphs and lay them out in batches, the longest windows first."""
        flat = iter(self.tokenizer.encode([sentence for sentences in paragraphs for sentence in sentences]))
        encoded = [[next(flat) for _ in sentences] for sentences in paragraphs]
        windows = [
            (number, window)
            for number, pieces in enumerate(encoded)
            for window in self.tokenizer.windows(pieces, self.size, self.context)
        ]
        return Prepared(encoded, list(self._batches(windows)))

    def answer(self, prepared: Prepared) -> list[Floats]:
        """Sentence logits `(sentences, labels)` of each paragraph: the mean of its pieces' logits."""
        sums = [np.zeros((len(pieces), self.labels)) for pieces in prepared.pieces]
        for number, window, rows in self._run(prepared.batches):
            owner = np.array(window.sentence)
            kept = owner != IGNORED
            np.add.at(sums[number], owner[kept], rows[kept].astype(np.float64))
        for total, pieces in zip(sums, prepared.pieces, strict=True):
            counts = np.array([len(p.ids) for p in pieces], dtype=np.float64).reshape(-1, 1)
            np.divide(total, counts, out=total, where=counts > 0)
            total[counts[:, 0] == 0] = NO_EVIDENCE
        return sums

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """Sentence logits `(sentences, labels)` of each paragraph."""
        return self.answer(self.prepare(paragraphs))

    def token_logits(self, paragraphs: Sequence[Sequence[str]]) -> list[list[tuple[Pieces, Floats]]]:
        """Logits `(pieces, labels)` of every piece of every sentence, with the pieces: their mean is the sentence's."""
        prepared = self.prepare(paragraphs)
        found = [[np.zeros((len(p.ids), self.labels)) for p in pieces] for pieces in prepared.pieces]
        for number, window, rows in self._run(prepared.batches):
            for sentence, position, row in zip(window.sentence, window.position, rows, strict=True):
                if sentence != IGNORED:
                    found[number][sentence][position] = row
        return [list(zip(pieces, arrays, strict=True)) for pieces, arrays in zip(prepared.pieces, found, strict=True)]

    def unknown(self, sentences: Sequence[str]) -> tuple[int, int]:
        """How many pieces of these sentences the tokenizer does not know, and how many there are."""
        pieces = self.tokenizer.encode(sentences)
        return sum(p.unknown for p in pieces), sum(len(p.ids) for p in pieces)

    def _batches(self, windows: list[tuple[int, Window]]) -> Iterator[Batch]:
        # The longest first: a batch too large for the memory fails at once and not after an hour, and threads that
        # work side by side end together.
        windows.sort(key=lambda item: -len(item[1]))
        start = 0
        while start < len(windows):
            width = len(windows[start][1])
            members = windows[start : start + max(1, self.tokens // width)]
            start += len(members)
            ids = np.full((len(members), width), self.tokenizer.padding, dtype=np.int64)
            mask = np.zeros((len(members), width), dtype=np.int64)
            for row, (_, window) in enumerate(members):
                ids[row, : len(window)] = window.ids
                mask[row, : len(window)] = 1
            yield Batch(members, ids, mask)

    def _run(self, batches: Sequence[Batch]) -> Iterator[tuple[int, Window, NDArray[np.float32]]]:
        """Yield (paragraph number, window, its token logits)."""
        for batch, rows in zip(batches, self._compute(batches), strict=True):
            for (number, window), found in zip(batch.members, rows, strict=True):
                yield number, window, found[: len(window)]

    def _compute(self, batches: Sequence[Batch]) -> Iterator[NDArray[np.float32]]:
        threads = min(self.threads, len(batches))
        if threads <= 1:
            yield from (self.forward(batch.ids, batch.mask) for batch in batches)
            return
        with ThreadPoolExecutor(threads, "gongbao-engine", initializer=self._begin_thread) as pool:
            yield from pool.map(lambda batch: self.forward(batch.ids, batch.mask), batches)

    def _begin_thread(self) -> None:
        """Called once in each thread that computes."""
        return
