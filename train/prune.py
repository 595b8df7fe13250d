"""Vocabulary cutting: an encoder keeps the pieces that a corpus uses. `python -m train.prune`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from safetensors import SafetensorError

from gongbao.errors import GongbaoError
from gongbao.files import read_json
from gongbao.segment import split_sentences
from gongbao.windows import Tokenizer
from train.checkpoint import open_encoder, save_tokenizer
from train.config import Text
from train.corpus import read_documents
from train.folder import open_to_all
from train.vocabulary import always_kept, cut_config, cut_tokenizer, keep, read_pieces

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILLED = 0.95
"""The share of a checkpoint's embeddings that have a piece; the rest rounds their number up."""
SAMPLE = 16
"""Sentences on which the cut checkpoint is compared with the whole one."""


@dataclass(frozen=True)
class Cut:
    """What was cut: pieces and megabytes (half precision) before and after, and the share of the text's pieces lost."""

    pieces: tuple[int, int]
    megabytes: tuple[float, float]
    lost: float


def prune(checkpoint: str, out: Path, texts: Sequence[Text], at_least: int = 1, limit: int | None = None) -> Cut:
    """Cut a checkpoint's vocabulary to the pieces that a corpus uses, and write the smaller checkpoint to `out`.

    Kept are the pieces that occur `at_least` times (in the first `limit` paragraphs), every single CJK character and
    ASCII character of the old vocabulary, and the special tokens. The tokenizer is SentencePiece-Unigram (XLM-R, E5,
    BGE-M3) or WordPiece (BERT, LaBSE): both cut a text whose pieces are all kept as they did before, since
    the best cut among fewer candidates is the same as long as it is among them. A language-model head is not kept, a
    token-classification head is.

    Raises GongbaoError for another kind of tokenizer, for a vocabulary that does not fit the checkpoint, and if what
    was written does not answer as the checkpoint did.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GongbaoError(f"{out} is not an empty folder: choose a new one")
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        cut = _prune(checkpoint, partial, texts, at_least, limit)
        (partial / "README.md").write_text(card(checkpoint, texts, at_least, cut), encoding="utf-8")
        open_to_all(partial)
        if out.exists():
            out.rmdir()
        os.replace(partial, out)
    except (OSError, SafetensorError) as error:
        raise GongbaoError(f"cannot write {out}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return cut


def _prune(checkpoint: str, out: Path, texts: Sequence[Text], at_least: int, limit: int | None) -> Cut:
    save_tokenizer(checkpoint, out)
    spec, config = read_json(out / "tokenizer.json"), read_json(out / "tokenizer_config.json")
    pieces = read_pieces(spec, checkpoint)
    tokenizer = Tokenizer(out)
    counts, sentences = _count(tokenizer, texts, limit)
    kept = keep(pieces, counts, at_least, always_kept(spec, tokenizer))
    model = open_encoder(checkpoint)
    rows = model.get_input_embeddings().num_embeddings
    tokenizer.check_fits(rows, checkpoint, FILLED)
    before = model.num_parameters()
    ids = {old: new for new, old in enumerate(kept)}
    sample = [text for text in sentences if all(piece in ids for piece in tokenizer.encode([text])[0].ids)][:SAMPLE]
    expected = [[ids[piece] for piece in pieces.ids] for pieces in tokenizer.encode(sample)]
    states = _states(model, tokenizer, sample)
    _cut_model(model, kept, ids)
    model.half().save_pretrained(out)
    for name, data in (
        ("tokenizer.json", cut_tokenizer(spec, ids)),
        ("tokenizer_config.json", cut_config(config, ids)),
    ):
        (out / name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    _check(out, sample, expected, states)
    used = sum(counts.values())
    lost = sum(count for piece, count in counts.items() if piece not in ids)
    after = model.num_parameters()
    return Cut((tokenizer.size, len(kept)), (before * 2 / 1e6, after * 2 / 1e6), lost / max(used, 1))


def card(checkpoint: str, texts: Sequence[Text], at_least: int, cut: Cut) -> str:
    """The card of a cut encoder, in Markdown."""
    files = ", ".join(f"`{Path(text.file).name}`" for text in texts)
    return (
        f"# {Path(checkpoint).name}, cut to size\n\n"
        f"`{Path(checkpoint).name}` with the pieces that {files} uses {at_least} times or more, all single CJK and "
        f"ASCII characters and the special tokens: {cut.pieces[0]:,} pieces cut to {cut.pieces[1]:,}, "
        f"{cut.megabytes[0]:.1f} MB to {cut.megabytes[1]:.1f} (half precision). {cut.lost:.3%} of that text's pieces "
        "were dropped and are read in smaller ones. Its licence is that of the whole. It has no decision rule: train "
        "it on labels before it labels.\n"
    )


def _count(tokenizer: Tokenizer, texts: Sequence[Text], limit: int | None) -> tuple[Counter[int], list[str]]:
    """How often each piece occurs, sentence by sentence as the labeller reads, and sentences to check the cut with."""
    from tqdm import tqdm

    counts: Counter[int] = Counter()
    sample: list[str] = []
    paragraphs = islice((text for document in read_documents(texts) for text in document), limit)
    bar = tqdm(unit=" paragraphs", disable=not sys.stderr.isatty(), desc="counting")
    with bar:
        while chunk := list(islice(paragraphs, 2048)):
            sentences = [sentence.text for text in chunk for sentence in split_sentences(text)]
            sample += sentences[: 20 * SAMPLE - len(sample)]
            for encoded in tokenizer.encode(sentences):
                counts.update(encoded.ids)
            bar.update(len(chunk))
    return counts, sample


def _cut_model(model: PreTrainedModel, kept: Sequence[int], ids: Mapping[int, int]) -> None:
    import torch

    old = model.get_input_embeddings()
    pad = model.config.pad_token_id
    made = torch.nn.Embedding(len(kept), old.embedding_dim, padding_idx=None if pad is None else ids[pad])
    made.weight.data = old.weight.data[torch.tensor(list(kept))].clone()
    model.set_input_embeddings(made)
    model.config.vocab_size = len(kept)
    for name, value in model.config.to_dict().items():
        if name.endswith("_token_id") and isinstance(value, int) and value in ids:
            setattr(model.config, name, ids[value])


def _states(model: PreTrainedModel, tokenizer: Tokenizer, sentences: Iterable[str]) -> list[Any]:
    """The last hidden states, or logits, of each sentence."""
    import torch

    answers = []
    size = int(getattr(model.config, "max_position_embeddings", 512)) - 4
    for pieces in tokenizer.encode(list(sentences)):
        ids = torch.tensor([[tokenizer.first, *pieces.ids[:size], tokenizer.last]])
        with torch.inference_mode():
            answers.append(model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids))[0].float())
    return answers


def _check(out: Path, sample: Sequence[str], expected: Sequence[Sequence[int]], states: Sequence[Any]) -> None:
    """Read back what was written: sentences of pieces that were all kept must be read and answered as before."""
    import torch

    tokenizer = Tokenizer(out)
    found = [pieces.ids for pieces in tokenizer.encode(list(sample))]
    answers = _states(open_encoder(str(out)), tokenizer, sample)
    for sentence, ids, wanted, before, after in zip(sample, found, expected, states, answers, strict=True):
        if ids != wanted or not torch.allclose(before, after, atol=1e-4):
            raise GongbaoError(f"{out}: the cut checkpoint does not answer as the whole one did on {sentence[:20]!r}")


def main(
    checkpoint: Annotated[
        str, typer.Argument(help="A local folder, or a hub name such as intfloat/multilingual-e5-base.")
    ],
    out: Annotated[Path, typer.Argument(help="The new folder.")],
    text: Annotated[list[Path], typer.Option(help="Plain text, .txt, .xz or .gz; may be repeated.")],
    at_least: Annotated[int, typer.Option(min=1, help="Keep pieces that occur so many times.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many paragraphs only.")] = None,
) -> None:
    """Cut an encoder's vocabulary to the pieces that a corpus uses."""
    try:
        cut = prune(checkpoint, out, [Text(file=str(path)) for path in text], at_least, limit)
    except GongbaoError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(
        f"{out}: {cut.pieces[0]:,} -> {cut.pieces[1]:,} pieces, {cut.megabytes[0]:.1f} -> {cut.megabytes[1]:.1f} MB in "
        f"half precision; {cut.lost:.3%} of the text's pieces were dropped and are read in smaller ones. "
        "To label, train it on labels: --set model.checkpoint=" + str(out)
    )


if __name__ == "__main__":
    typer.run(main)
