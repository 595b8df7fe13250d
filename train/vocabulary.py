"""A tokenizer's vocabulary as its `tokenizer.json` holds it: what is in it, what to keep, and what is left once cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.windows import Tokenizer

CJK = ((0x3000, 0x303F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x323AF))
"""Code points of Chinese characters, their extensions, punctuation and full-width forms."""
MARKS = ("▁", "##")
"""What a piece may begin with that is no text: SentencePiece's word start, WordPiece's continuation."""


def keep(pieces: Mapping[int, str], counts: Mapping[int, int], at_least: int, always: Collection[int]) -> list[int]:
    """The ids that stay, in their old order: used, single CJK or ASCII characters, and `always`."""
    return sorted(
        number
        for number, piece in pieces.items()
        if counts.get(number, 0) >= at_least or number in always or _single(piece)
    )


def cut_tokenizer(spec: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    """A `tokenizer.json` with the pieces of `ids` (old id: new id, in the same order) only."""
    model = dict(spec["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][old] for old in sorted(ids) if old < len(model["vocab"])]
        if model.get("unk_id") is not None:
            model["unk_id"] = ids[model["unk_id"]]
    else:
        model["vocab"] = {piece: ids[old] for piece, old in model["vocab"].items() if old in ids}
    made = dict(spec) | {"model": model}
    made["added_tokens"] = [token | {"id": ids[token["id"]]} for token in spec.get("added_tokens") or []]
    if made.get("padding"):
        made["padding"] = made["padding"] | {"pad_id": ids[made["padding"]["pad_id"]]}
    if made.get("post_processor"):
        made["post_processor"] = _cut_processor(made["post_processor"], ids)
    return made


def _cut_processor(processor: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    """What adds the special tokens: it names them by id."""
    made = dict(processor)
    if made["type"] == "Sequence":
        made["processors"] = [_cut_processor(each, ids) for each in made["processors"]]
    for name in ("sep", "cls"):
        if name in made:
            made[name] = [made[name][0], ids[made[name][1]]]
    if "special_tokens" in made:
        made["special_tokens"] = {
            name: token | {"ids": [ids[old] for old in token["ids"]]} for name, token in made["special_tokens"].items()
        }
    return made


def cut_config(config: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    made = dict(config)
    if "added_tokens_decoder" in made:
        made["added_tokens_decoder"] = {
            str(ids[int(old)]): token for old, token in made["added_tokens_decoder"].items()
        }
    return made


def read_pieces(spec: Mapping[str, Any], checkpoint: str) -> dict[int, str]:
    """Every piece by its id, added tokens among them."""
    kind = spec["model"].get("type")
    if kind not in ("Unigram", "WordPiece"):
        raise GongbaoError(f"{checkpoint}: its tokenizer is {kind}; a Unigram or WordPiece vocabulary can be cut")
    vocab = spec["model"]["vocab"]
    if kind == "Unigram":
        pieces = {number: piece for number, (piece, _) in enumerate(vocab)}
    else:
        pieces = {number: piece for piece, number in vocab.items()}
    return pieces | {token["id"]: token["content"] for token in spec.get("added_tokens") or []}


def always_kept(spec: Mapping[str, Any], tokenizer: Tokenizer) -> set[int]:
    """Special tokens, byte pieces, and the lowest-scored piece of a Unigram: the cost of an unknown hangs on it."""
    always = {token["id"] for token in spec.get("added_tokens") or []} | {tokenizer.unknown}
    model = spec["model"]
    if model["type"] == "Unigram":
        always.add(min(range(len(model["vocab"])), key=lambda number: model["vocab"][number][1]))
        if model.get("byte_fallback"):
            always |= {n for n, (piece, _) in enumerate(model["vocab"]) if len(piece) == 6 and piece.startswith("<0x")}
    return always


def _single(piece: str) -> bool:
    for mark in MARKS:
        if piece != mark:
            piece = piece.removeprefix(mark)
    return len(piece) == 1 and (piece in MARKS or piece < "\x80" or any(a <= ord(piece) <= b for a, b in CJK))
