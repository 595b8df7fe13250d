"""The default engine: the BERT of a model folder in torch, fp32, on a GPU where there is one, else on the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gongbao.decision import NO_EVIDENCE, Floats
from gongbao.errors import GongbaoError
from gongbao.windows import IGNORED, WINDOW, Pieces, Tokenizer, Window

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

TOKENS = 4096
"""Tokens in a batch, padding included, when predicting on a CPU; a GPU takes sixteen times as many."""


class TorchEngine:
    """A `BertForTokenClassification` (or any token classifier) and its tokenizer."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: Tokenizer, context: str = "paragraph", tokens: int | None = None
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.context = context
        self.tokens = tokens or (TOKENS if model.device.type == "cpu" else 16 * TOKENS)
        self.size = min(WINDOW, int(getattr(model.config, "max_position_embeddings", WINDOW)))
        self.labels = int(model.config.num_labels)

    @classmethod
    def load(cls, folder: Path, device: str | None = None, context: str = "paragraph") -> TorchEngine:
        """Open a model folder; raises GongbaoError, in one line, where files do not fit together."""
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForTokenClassification
        from transformers.utils import logging

        tokenizer = Tokenizer(folder)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        check_device(device)
        logging.disable_progress_bar()
        try:
            model, info = AutoModelForTokenClassification.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            model.to(device)
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise GongbaoError(f"{folder}: cannot load the model: {reason}") from error
        # transformers fills what is missing with random numbers and passes over what is too much; such a model would
        # answer, and mean nothing.
        if missing := sorted(info["missing_keys"]):
            raise GongbaoError(f"{folder}: {len(missing)} weights are missing from model.safetensors ({missing[0]}, …)")
        if unused := sorted(info["unexpected_keys"]):
            raise GongbaoError(f"{folder}: config.json has no place for {len(unused)} of the weights ({unused[0]}, …)")
        tokenizer.check_fits(model.config.vocab_size, folder)
        return cls(model, tokenizer, context)

    def token_logits(self, paragraphs: Sequence[Sequence[str]]) -> list[list[tuple[Pieces, Floats]]]:
        """Logits `(pieces, labels)` of every piece of every sentence, with the pieces: their mean is the sentence's."""
        encoded = self._encode(paragraphs)
        found = [[np.zeros((len(p.ids), self.labels)) for p in pieces] for pieces in encoded]
        for number, window, rows in self._run(encoded):
            for sentence, position, row in zip(window.sentence, window.position, rows, strict=True):
                if sentence != IGNORED:
                    found[number][sentence][position] = row
        return [list(zip(pieces, arrays, strict=True)) for pieces, arrays in zip(encoded, found, strict=True)]

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """Sentence logits `(sentences, labels)` of each paragraph: the mean of its pieces' logits."""
        encoded = self._encode(paragraphs)
        sums = [np.zeros((len(pieces), self.labels)) for pieces in encoded]
        for number, window, rows in self._run(encoded):
            owner = np.array(window.sentence)
            kept = owner != IGNORED
            np.add.at(sums[number], owner[kept], rows[kept].astype(np.float64))
        for total, pieces in zip(sums, encoded, strict=True):
            counts = np.array([len(p.ids) for p in pieces], dtype=np.float64).reshape(-1, 1)
            np.divide(total, counts, out=total, where=counts > 0)
            total[counts[:, 0] == 0] = NO_EVIDENCE
        return sums

    def unknown(self, sentences: Sequence[str]) -> tuple[int, int]:
        """How many pieces of these sentences the tokenizer does not know, and how many there are."""
        pieces = self.tokenizer.encode(sentences)
        return sum(p.unknown for p in pieces), sum(len(p.ids) for p in pieces)

    def _encode(self, paragraphs: Sequence[Sequence[str]]) -> list[list[Pieces]]:
        flat = iter(self.tokenizer.encode([sentence for sentences in paragraphs for sentence in sentences]))
        return [[next(flat) for _ in sentences] for sentences in paragraphs]

    def _run(self, encoded: Sequence[Sequence[Pieces]]) -> Iterator[tuple[int, Window, Floats]]:
        """Yield (paragraph number, window, its token logits), windows of like length together."""
        import torch

        windows = [
            (number, window)
            for number, pieces in enumerate(encoded)
            for window in self.tokenizer.windows(pieces, self.size, self.context)
        ]
        # The longest first, so that a batch too large for the memory fails at once and not after an hour.
        windows.sort(key=lambda item: -len(item[1]))
        start = 0
        while start < len(windows):
            width = len(windows[start][1])
            batch = windows[start : start + max(1, self.tokens // width)]
            start += len(batch)
            ids, mask = pad([window for _, window in batch], self.tokenizer.padding)
            with torch.inference_mode():
                output = self.model(input_ids=ids.to(self.model.device), attention_mask=mask.to(self.model.device))
            rows = output.logits.float().cpu().numpy()
            for (number, window), found in zip(batch, rows, strict=True):
                yield number, window, found[: len(window)]


def check_device(name: str) -> None:
    """Raise GongbaoError if torch cannot compute on a device of this name here."""
    import torch

    try:
        if torch.device(name).type == "meta":
            raise RuntimeError("it computes nothing")
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise GongbaoError(f"device {name!r} is not available here; try cpu, or leave --device out") from error


def pad(windows: Sequence[Window], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, `(windows, longest)`."""
    import torch

    width = max(len(window) for window in windows)
    ids = torch.full((len(windows), width), padding, dtype=torch.long)
    mask = torch.zeros((len(windows), width), dtype=torch.long)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window.ids)
        mask[row, : len(window)] = 1
    return ids, mask
