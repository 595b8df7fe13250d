"""How logits are computed: one engine a kind of model, the same door for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gongbao.decision import Floats
from gongbao.errors import GongbaoError

REQUIRED = {
    "torch": ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"),
    "tfidf": ("tfidf.json", "tfidf.safetensors"),
}
"""The files that a model folder of each kind cannot do without, besides its decision rule."""


class Engine(Protocol):
    """Computes logits for paragraphs given as lists of sentences."""

    @property
    def labels(self) -> int:
        """How many labels it answers."""
        ...

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """One array `(sentences, labels)` for each paragraph, in order."""
        ...

    def unknown(self, sentences: Sequence[str]) -> tuple[int, int]:
        """How many pieces of these sentences the tokenizer does not know, and how many there are."""
        ...


def kind_of(folder: Path) -> str:
    """Return `torch` or `tfidf`; raises GongbaoError if the folder is no model or lacks a file, naming it."""
    if not folder.is_dir():
        raise GongbaoError(f"no model folder at {folder}")
    kind = "tfidf" if any((folder / name).exists() for name in REQUIRED["tfidf"]) else "torch"
    present = [name for name in REQUIRED[kind] if (folder / name).exists()]
    if not present:
        raise GongbaoError(f"{folder} holds no model: {REQUIRED['torch'][0]} is missing")
    for name in REQUIRED[kind]:
        if name not in present:
            raise GongbaoError(f"{folder} is not complete: {name} is missing")
    return kind


def open_engine(folder: Path, device: str | None = None, context: str = "paragraph") -> Engine:
    """Open the engine that a model folder needs; `device` is torch's name for it (default: a GPU if there is one)."""
    if kind_of(folder) == "tfidf":
        from gongbao.engines.tfidf import TfidfEngine

        return TfidfEngine.load(folder)
    from gongbao.engines.torch import TorchEngine

    return TorchEngine.load(folder, device, context)
