"""Plain text to windows for masked-language-model training: packed without waste, masked by spans."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from gongbao.errors import GongbaoError
from gongbao.segment import split_sentences
from gongbao.windows import Tokenizer
from train.config import Table
from train.folder import say

if TYPE_CHECKING:
    import torch

Ids = NDArray[np.int32]
PARAGRAPHS = 256
"""Paragraphs that are encoded at a time."""


class Mask(Table):
    """What is masked: `share` of the pieces, in spans of 1 to `longest` whole pieces.

    A span's length is drawn from a geometric distribution with p = 0.4 (Joshi et al., SpanBERT, 2020). In Chinese a
    piece of a Unigram vocabulary is a word or a character, so that a span is a word or a phrase; where words are cut in
    pieces (`##`), a span takes in the whole of its last word (whole-word masking).
    """

    share: float = Field(0.15, gt=0, lt=1)
    longest: int = Field(4, ge=1)


def pack(
    documents: Iterable[Sequence[str]], tokenizer: Tokenizer, size: int, held_out: float, most: int | None, seed: int
) -> tuple[Ids, Ids]:
    """Pack documents into windows `(windows, size)` to train on and to hold out, each filled to its last piece.

    Sentences are encoded as the labeller encodes them; a document ends in the separator, and the next begins in the
    same window (Liu et al., RoBERTa, 2019: FULL-SENTENCES). `held_out` of the documents go to the second array, drawn
    by `seed`; where there are too few documents for that, it is the last windows instead. Reading stops after `most`
    pieces. What does not fill a window at the very end is left out.
    """
    rng = np.random.default_rng(seed)
    streams: tuple[list[Ids], list[Ids]] = ([], [])
    total = number = 0
    with tqdm(unit=" pieces", unit_scale=True, disable=not sys.stderr.isatty(), desc="reading") as bar:
        for document in documents:
            number += 1
            stream = streams[int(rng.random() < held_out)]
            for ids in _encode(document, tokenizer):
                stream.append(ids)
                total += len(ids)
                bar.update(len(ids))
                if most and total >= most:
                    break
            if most and total >= most:
                break
    train, apart = (_windows(stream, tokenizer, size) for stream in streams)
    if number < 20 or not len(apart) or not len(train):
        both = _windows([*streams[0], *streams[1]], tokenizer, size)
        kept = max(1, round(len(both) * held_out))
        say(
            f"{number} documents (set apart by blank lines) are few: the last windows are held out, not whole documents"
        )
        train, apart = both[:-kept], both[-kept:]
    if not len(train) or not len(apart):
        raise GongbaoError(
            f"too little text: {total:,} pieces in {number:,} documents fill {len(train)} windows of {size} to train "
            f"on and {len(apart)} to hold out; add text"
        )
    return train, apart


def _encode(document: Sequence[str], tokenizer: Tokenizer) -> Iterator[Ids]:
    """A document's pieces, so many paragraphs at a time (a file without blank lines is one document), and its end."""
    for start in range(0, len(document), PARAGRAPHS):
        part = document[start : start + PARAGRAPHS]
        sentences = [sentence.text for paragraph in part for sentence in split_sentences(paragraph)]
        yield np.array([piece for encoded in tokenizer.encode(sentences) for piece in encoded.ids], np.int32)
    yield np.array([tokenizer.last], np.int32)


def _windows(stream: Sequence[Ids], tokenizer: Tokenizer, size: int) -> Ids:
    flat = np.concatenate([*stream, np.zeros(0, np.int32)])
    room = size - 2
    rows = flat[: len(flat) // room * room].reshape(-1, room)
    ends = np.full((len(rows), 1), tokenizer.first, np.int32), np.full((len(rows), 1), tokenizer.last, np.int32)
    return np.hstack([ends[0], rows, ends[1]])


def mask(
    window: Ids, settings: Mask, tokenizer: Tokenizer, joined: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Ids, NDArray[np.bool_]]:
    """Mask a window: what the model reads, and where it must say what stood there.

    `joined[id]` says of each piece whether it goes on the word before it. Of the spans eight in ten become the mask
    token, one in ten random pieces of the window, one in ten stay (Devlin et al., BERT, 2019). Specials are never
    chosen.
    """
    usable = (window != tokenizer.first) & (window != tokenizer.last) & (window != tokenizer.padding)
    wanted = max(1, round(settings.share * int(usable.sum())))
    chosen = np.zeros(len(window), bool)
    read = window.copy()
    places = np.flatnonzero(usable)
    follows = joined[window]
    for start in rng.permutation(places):
        if chosen.sum() >= wanted:
            break
        if chosen[start] or follows[start]:
            continue
        end, words = int(start), min(int(rng.geometric(0.4)), settings.longest)
        while end < len(window) and usable[end] and not chosen[end]:
            words -= not follows[end]
            if words < 0:
                break
            end += 1
        span = slice(int(start), end)
        chosen[span] = True
        kind = rng.random()
        if kind < 0.8:
            read[span] = tokenizer.mask
        elif kind < 0.9:
            read[span] = window[rng.choice(places, end - int(start))]
    return read, chosen


class Packed:
    """Windows as a dataset; a window is masked anew in each epoch, always alike for one seed."""

    def __init__(
        self, windows: Ids, tokenizer: Tokenizer, settings: Mask, joined: NDArray[np.bool_], seed: int
    ) -> None:
        self.windows = windows
        self.tokenizer = tokenizer
        self.settings = settings
        self.joined = joined
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng((self.seed, self.epoch, int(index)))
        window = self.windows[index]
        read, chosen = mask(window, self.settings, self.tokenizer, self.joined, rng)
        return {"read": read, "window": window, "chosen": chosen}


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Make one batch's tensors: `input_ids`, `attention_mask`, `labels` (-100 where nothing is to be said)."""
    import torch

    window = torch.from_numpy(np.stack([item["window"] for item in items])).long()
    chosen = torch.from_numpy(np.stack([item["chosen"] for item in items]))
    read = torch.from_numpy(np.stack([item["read"] for item in items])).long()
    return {
        "input_ids": read,
        "attention_mask": torch.ones_like(read),
        "labels": window.masked_fill(~chosen, -100),
    }
