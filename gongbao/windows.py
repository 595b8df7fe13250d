"""Sentences to token windows: nothing is cut off, and every piece is counted once.

Each sentence is encoded alone, without special tokens, and the pieces are concatenated, so that a piece belongs to one
sentence. Built on `tokenizers` alone, so that labelling need not import transformers; training and prediction both
read through here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.files import read_json

WINDOW = 256
"""Pieces in a window, its two specials included."""
REPEAT = 64
"""The sentence before a window is repeated in front of it if it has at most so many pieces."""
IGNORED = -1
"""Marks a token whose logits are not used: a special, a repeated sentence, a piece that another slice counts."""


@dataclass(frozen=True)
class Pieces:
    """A sentence's pieces: ids, and offsets in code points into the sentence (they may overlap: `①②` is one piece)."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    unknown: int


@dataclass(frozen=True)
class Window:
    """What the model reads at once: token ids, and for each the index of the sentence that its logits count for.

    `position` is the piece's index in that sentence; both are `IGNORED` where the token's logits are not used.
    """

    ids: list[int]
    sentence: list[int]
    position: list[int]

    def __len__(self) -> int:
        return len(self.ids)


class Tokenizer:
    """A model folder's tokenizer, as the labeller uses it.

    Text that looks like a special token is read as text. Raises GongbaoError if the folder's files do not fit.
    """

    def __init__(self, folder: str | Path) -> None:
        import tokenizers

        folder = Path(folder)
        spec = read_json(folder / "tokenizer.json")
        config = read_json(folder / "tokenizer_config.json")
        try:
            added = {token["content"]: int(token["id"]) for token in spec.get("added_tokens") or []}
            backend = tokenizers.Tokenizer.from_str(json.dumps(_without_specials(spec)))
        except Exception as error:  # tokenizers raises nothing more precise
            raise GongbaoError(f"{folder / 'tokenizer.json'}: no tokenizer: {type(error).__name__}: {error}") from error
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend

        def special(*names: str) -> int:
            for name in names:
                token = config.get(name)
                token = token.get("content") if isinstance(token, dict) else token
                if token in added:
                    return added[token]
            raise GongbaoError(f"{folder / 'tokenizer_config.json'}: no usable {' or '.join(names)}")

        self.first = special("cls_token", "bos_token")
        self.last = special("sep_token", "eos_token")
        self.padding = special("pad_token")
        self.unknown = special("unk_token")
        self._special = special
        self.size = max(backend.get_vocab_size(), *(number + 1 for number in added.values()))

    def check_fits(self, rows: int, name: str | Path, filled: float = 0.0) -> None:
        """Raise GongbaoError, naming the model, if its `rows` embeddings are too few for the pieces, or too many.

        At least the share `filled` of the embeddings must have a piece.
        """
        if not filled * rows <= self.size <= rows:
            raise GongbaoError(
                f"{name}: the tokenizer has {self.size} pieces, the model {rows}: they are not of one model"
            )

    @property
    def mask(self) -> int:
        """The token that stands for a masked one; only training on plain text needs it."""
        return self._special("mask_token")

    def encode(self, sentences: Sequence[str]) -> list[Pieces]:
        """Encode each sentence alone, without specials."""
        encodings = self._backend.encode_batch(list(sentences), add_special_tokens=False)
        return [Pieces(e.ids, e.offsets, e.ids.count(self.unknown)) for e in encodings]

    def windows(self, pieces: Sequence[Pieces], size: int = WINDOW, context: str = "paragraph") -> list[Window]:
        """Lay a paragraph's sentences out in windows; with `context="sentence"` every sentence gets its own."""
        groups = [[i] for i in range(len(pieces))] if context == "sentence" else [list(range(len(pieces)))]
        rows = [
            row
            for group in groups
            for row in fill([pieces[i].ids for i in group], size, first=group[0] if group else 0)
        ]
        return [
            Window(
                [self.first, *(token for token, _, _ in row), self.last],
                [IGNORED, *(sentence for _, sentence, _ in row), IGNORED],
                [IGNORED, *(position for _, _, position in row), IGNORED],
            )
            for row in rows
        ]


def fill(
    sentences: Sequence[Sequence[int]], size: int = WINDOW, repeat: int = REPEAT, first: int = 0
) -> Iterator[list[tuple[int, int, int]]]:
    """Yield windows as rows of (token id, sentence, position), greedily filled with whole sentences.

    A window has room for `size - 2` pieces. The sentence before a window's first is repeated in front of it, marked
    `IGNORED`, if it has at most `repeat` pieces and leaves room for that first sentence. A sentence longer than a
    window is read in slices that overlap by half; each piece counts once, in the slice whose centre is nearest (the
    earlier one of two). `first` is the number of the first sentence.

    >>> [[(t, s) for t, s, _ in row] for row in fill([[1, 2], [3, 4], [5, 6]], size=6)]
    [[(1, 0), (2, 0), (3, 1), (4, 1)], [(3, -1), (4, -1), (5, 2), (6, 2)]]
    """
    room = size - 2
    row: list[tuple[int, int, int]] = []
    fresh = 0
    for index, ids in enumerate(sentences):
        if len(row) + len(ids) > room:
            if fresh:
                yield row
            row, fresh = [], 0
            before = sentences[index - 1] if index else []
            if len(before) <= repeat and len(before) + len(ids) <= room:
                row = [(token, IGNORED, IGNORED) for token in before]
        if len(ids) > room:
            yield from _slices(ids, first + index, room)
            continue
        row = row + [(token, first + index, position) for position, token in enumerate(ids)]
        fresh += len(ids)
    if fresh:
        yield row


def _slices(ids: Sequence[int], sentence: int, room: int) -> Iterator[list[tuple[int, int, int]]]:
    stride = max(1, room // 2)
    spans = []
    for start in range(0, len(ids), stride):
        spans.append((start, min(start + room, len(ids))))
        if start + room >= len(ids):
            break
    # Only two slices overlap at a piece when they overlap by half, so the two neighbours are all there is to compare.
    for number, (start, end) in enumerate(spans):
        row = []
        for position in range(start, end):
            here = _distance(position, (start, end))
            owned = not any(
                low <= position < high and (_distance(position, (low, high)), other) < (here, number)
                for other, (low, high) in enumerate(spans[max(0, number - 2) : number + 3], max(0, number - 2))
            )
            row.append((ids[position], sentence, position) if owned else (ids[position], IGNORED, IGNORED))
        yield row


def _distance(position: int, span: tuple[int, int]) -> int:
    """Twice the distance of a piece from the centre of a slice."""
    return abs(2 * position - (span[0] + span[1] - 1))


def _without_specials(spec: dict[str, Any]) -> dict[str, Any]:
    """Drop the special tokens from the matcher, so that text that spells one is read as text.

    A Unigram model also lists them as pieces; there they get a name that no text can have (every normaliser in use
    removes NUL). Their scores stay: the cost of an unknown character hangs on the lowest of them.
    """
    specials = {token["content"] for token in spec.get("added_tokens") or [] if token.get("special")}
    model = spec["model"]
    if model.get("type") == "Unigram":
        model["vocab"] = [["\0" + piece if piece in specials else piece, score] for piece, score in model["vocab"]]
    kept = [token for token in spec.get("added_tokens") or [] if token["content"] not in specials]
    return spec | {"added_tokens": kept, "post_processor": None}
