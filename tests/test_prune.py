"""Vocabulary cutting: the same text gives the same pieces, and the same answers."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from conftest import TEXT, make_bert
from hypothesis import given
from hypothesis import strategies as st

from gongbao.errors import GongbaoError
from gongbao.windows import Tokenizer
from train.config import Text
from train.prune import prune

WORDS = ["科技", "创新", "科技创新", "改革", "开放", "改革开放", "实验", "实验室", "会议", "强化", "企业发展", "发展"]


def unigram(folder: Path) -> Path:
    """A tiny BERT whose Unigram vocabulary has words, with scores that make many cuts possible."""
    make_bert(folder)
    spec = json.loads((folder / "tokenizer.json").read_text())
    draw = random.Random(3)
    model = spec["model"]
    model["vocab"][-1:-1] = [[mark + word, -draw.uniform(4, 9)] for word in WORDS for mark in ("", "▁")]
    spec["added_tokens"][-1]["id"] = len(model["vocab"]) - 1
    pair = {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, {"id": "</s>", "ids": [2], "tokens": ["</s>"]}
    single = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    spec["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [*single, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": single,
        "special_tokens": {token["id"]: token for token in pair},
    }
    (folder / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False))
    return widen(folder, len(model["vocab"]))


def wordpiece(folder: Path) -> Path:
    """The same with WordPiece, whose continuations begin with ##."""
    make_bert(folder)
    specials = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    chars = sorted(set("".join(WORDS) + "，。！；abc"))
    vocab = [*specials, *chars, *(f"##{c}" for c in chars), *WORDS, *(f"##{w}" for w in WORDS)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    spec = {
        "version": "1.0",
        "added_tokens": [{"id": n, "content": t} | flags for n, t in enumerate(specials) if t != "[unused1]"],
        # No pre-tokenizer that takes characters apart: words of several characters are what is to be cut.
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 4], "cls": ["[CLS]", 3]},
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: number for number, piece in enumerate(vocab)},
        },
    }
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    decoder = {str(token["id"]): {"content": token["content"], "special": True} for token in spec["added_tokens"]}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": decoder} | names
    (folder / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return widen(folder, len(vocab))


def widen(folder: Path, size: int) -> Path:
    """Give a tiny BERT random embeddings for a vocabulary of `size`."""
    import torch
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
    torch.manual_seed(1)
    model.resize_token_embeddings(size, mean_resizing=False)
    model.config.pad_token_id = Tokenizer(folder).padding
    model.half().save_pretrained(folder)
    return folder


MAKERS = {"unigram": unigram, "wordpiece": wordpiece}


@pytest.fixture(scope="module", params=MAKERS)
def pair(request, tmp_path_factory):
    """A checkpoint, and what is left of it once cut to the first half of the words."""
    place = tmp_path_factory.mktemp(request.param)
    whole = MAKERS[request.param](place / "whole")
    corpus = place / "corpus.txt"
    corpus.write_text("".join(f"{word}。\n" for word in WORDS[:6]), encoding="utf-8")
    cut = prune(str(whole), place / "cut", [Text(file=str(corpus))])
    return whole, place / "cut", cut


def pieces(folder, text):
    """A text's pieces as strings."""
    tokenizer = Tokenizer(folder)
    vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    names = {n: p for p, n in vocab.items()} if isinstance(vocab, dict) else dict(enumerate(p for p, _ in vocab))
    return [names[number] for number in tokenizer.encode([text])[0].ids]


def test_what_is_cut_and_what_stays(pair):
    whole, small, cut = pair
    assert cut.pieces[1] < cut.pieces[0] and cut.megabytes[1] < cut.megabytes[0] and cut.lost == 0
    assert cut.pieces[1] == Tokenizer(small).size
    text = "科技创新"
    assert pieces(small, text) == pieces(whole, text)
    # A word that no text used is read in the characters that were kept.
    assert "实验室" in pieces(whole, "实验室")[-1]
    assert len(pieces(small, "实验室")) > len(pieces(whole, "实验室"))
    assert not Tokenizer(small).encode(["实验室"])[0].unknown


@given(st.lists(st.sampled_from([*WORDS, "，", "。", "a"]), min_size=1, max_size=8).map("".join))
def test_the_same_text_gives_the_same_pieces_while_they_are_kept(pair, text):
    whole, small, _ = pair
    before = pieces(whole, text)
    vocab = json.loads((small / "tokenizer.json").read_text())["model"]["vocab"]
    kept = set(vocab) if isinstance(vocab, dict) else {piece for piece, _ in vocab}
    if set(before) <= kept:
        assert pieces(small, text) == before


def test_the_cut_checkpoint_answers_as_the_whole_one(pair):
    from gongbao.engines.torch import TorchEngine

    whole, small, _ = pair
    sentences = [["科技创新。", "科技。"]]
    one, two = (TorchEngine.load(folder, "cpu").logits(sentences)[0] for folder in (whole, small))
    assert np.allclose(one, two, atol=1e-5)
    from transformers import AutoTokenizer

    # transformers' own reading of the folder, specials added by the post-processor.
    ids = AutoTokenizer.from_pretrained(small).encode("科技创新")
    tokenizer = Tokenizer(small)
    assert [ids[0], ids[-1]] == [tokenizer.first, tokenizer.last]
    assert ids[1:-1] == tokenizer.encode(["科技创新"])[0].ids


def test_words_that_are_too_rare_are_dropped_and_counted(tmp_path):
    whole = unigram(tmp_path / "whole")
    corpus = tmp_path / "c.txt"
    corpus.write_text("改革开放。\n改革开放。\n改革开放。\n科技创新。\n", encoding="utf-8")
    cut = prune(str(whole), tmp_path / "cut", [Text(file=str(corpus))], at_least=3)
    # Three times 改革开放 and 。 are kept; of 8 pieces the one 科技创新 is lost, as in what it is read in afterwards.
    assert cut.lost == pytest.approx(1 / 8)
    assert len(pieces(tmp_path / "cut", "科技创新")) > 1


def test_a_cut_that_answers_otherwise_is_refused(tmp_path, monkeypatch):
    from train import prune as module

    whole = unigram(tmp_path / "whole")
    (tmp_path / "c.txt").write_text(TEXT, encoding="utf-8")
    cut = module._cut_model

    def shifted(model, kept, ids):
        cut(model, [*kept[1:], kept[0]], ids)

    monkeypatch.setattr(module, "_cut_model", shifted)
    with pytest.raises(GongbaoError, match="does not answer as the whole one did"):
        prune(str(whole), tmp_path / "cut", [Text(file=str(tmp_path / "c.txt"))])
    assert not (tmp_path / "cut").exists()


def test_an_encoder_without_a_head_is_cut_too(tmp_path):
    from transformers import AutoModel

    whole = unigram(tmp_path / "whole")
    AutoModel.from_pretrained(whole).save_pretrained(whole)
    (tmp_path / "c.txt").write_text(TEXT, encoding="utf-8")
    cut = prune(str(whole), tmp_path / "cut", [Text(file=str(tmp_path / "c.txt"))])
    assert cut.pieces[1] < cut.pieces[0]
    assert AutoModel.from_pretrained(tmp_path / "cut").config.vocab_size == cut.pieces[1]


def test_what_cannot_be_cut_is_said_in_one_line(tmp_path):
    whole = unigram(tmp_path / "whole")
    corpus = tmp_path / "c.txt"
    corpus.write_text(TEXT, encoding="utf-8")
    text = [Text(file=str(corpus))]

    def refused(message, checkpoint=whole, out=tmp_path / "out", texts=text):
        with pytest.raises(GongbaoError, match=message) as caught:
            prune(str(checkpoint), out, texts)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists() and not (tmp_path / ".out.partial").exists()

    refused("is not an empty folder", out=whole)
    refused("is not an empty folder", out=corpus)
    (tmp_path / "empty.txt").write_text("")
    refused("empty.txt: no text", texts=[Text(file=str(tmp_path / "empty.txt"))])
    refused("cannot get nowhere", checkpoint="nowhere")
    (tmp_path / "other").mkdir()
    refused("other: no tokenizer.json in it", checkpoint=tmp_path / "other")
    spec = json.loads((whole / "tokenizer.json").read_text())
    (whole / "tokenizer.json").write_text(json.dumps(spec | {"model": {"type": "BPE", "vocab": {}, "merges": []}}))
    refused("its tokenizer is BPE")
    model = spec["model"]
    model["vocab"] += [[f"多{n}", -9.0] for n in range(9)]
    (whole / "tokenizer.json").write_text(json.dumps(spec | {"model": model}))
    refused("they are not of one model")
    # Too few pieces, as from a model that was cut: what a piece means would be another piece's row.
    model["vocab"] = model["vocab"][: len(model["vocab"]) // 2]
    (whole / "tokenizer.json").write_text(json.dumps(spec | {"model": model, "added_tokens": spec["added_tokens"][:4]}))
    refused("they are not of one model")
