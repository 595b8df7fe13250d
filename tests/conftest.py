"""Shared by the tests: a tiny random BERT with a real tokenizer's shape, a decision rule for it, the shipped model."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from gongbao.decision import Decision
from gongbao.labels import POLICY_DOMAINS, Scheme

# A slow machine is no failure; the same draws in every run keep a green suite green.
settings.register_profile("gongbao", deadline=None, derandomize=True)
settings.load_profile("gongbao")

# Nothing here asks a hub, nor waits for one that is not there; set before anything imports the hub's client.
os.environ["HF_HUB_OFFLINE"] = "1"

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TEXT = "会议指出，要强化科技创新引领驱动。布局建设三家省实验室；打好关键核心技术攻坚战！支持企业发展。"


def make_tokenizer(folder: Path) -> None:
    """Write a Unigram tokenizer of single characters, made like the shipped one, into a folder."""
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    chars = sorted(
        set(TEXT + "，。！？；“”（）一二三四五六七八九十0123456789abcdefghijklmnopqrstuvwxyz<>/全省改革开放人才")
    )
    vocab = [[token, 0.0] for token in specials] + [["▁", -2.0]] + [[char, -4.0] for char in chars]
    vocab.append(["<mask>", 0.0])
    added = [
        {"id": index, "content": token, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for index, (token, _) in enumerate(vocab)
        if token in (*specials, "<mask>")
    ]
    spec = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": False, "vocab": vocab},
    }
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    (folder / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def make_bert(folder: Path, scheme: Scheme = POLICY_DOMAINS, seed: int = 0) -> Path:
    """Write a tiny random BERT with its tokenizer: 2 layers × 32, weights large enough that answers differ."""
    import torch
    from transformers import BertConfig, BertForTokenClassification
    from transformers.utils import logging

    from gongbao.windows import Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    make_tokenizer(folder)
    tokenizer = Tokenizer(folder)
    logging.disable_progress_bar()
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokenizer.padding,
        initializer_range=0.3,
        id2label=dict(enumerate(scheme.ids)),
        label2id={label: index for index, label in enumerate(scheme.ids)},
    )
    BertForTokenClassification(config).to(torch.float16).save_pretrained(folder)
    return folder


def make_decision(scheme: Scheme = POLICY_DOMAINS, threshold: float = 0.5) -> Decision:
    """A rule that leaves logits as they are and calls a label from `threshold` on."""
    plain = np.tile([1.0, 0.0], (len(scheme), 1))
    band = np.tile([max(0.0, threshold - 0.1), min(1.0, threshold + 0.1)], (len(scheme), 1))
    return Decision(scheme, plain, plain, np.full(len(scheme), threshold), threshold, band, {"paragraphs": 0})


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete model folder with random weights."""
    folder = make_bert(tmp_path_factory.mktemp("models") / "tiny")
    make_decision().save(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """A cache of the tests' own: what the user exported is not theirs to use."""
    import os

    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def exported_tiny(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, exported."""
    from gongbao.export import export

    folder = tmp_path_factory.mktemp("exported") / "tiny"
    shutil.copytree(tiny, folder)
    export(folder)
    return folder


@pytest.fixture(scope="session")
def shipped():
    """The labeller with the shipped model, opened once."""
    from gongbao import Labeler

    return Labeler.load(device="cpu")


def write_jsonl(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def learnable(start, count, by_paragraph=False):
    """Invented paragraphs whose labels can be learnt from single characters."""
    made = []
    for number in range(start, start + count):
        first, second = number % 3, number % 2
        sentences = [
            {"text": "引进人才。" if first else "会议指出。", "labels": ["talent"] if first else []},
            {"text": "改革开放；" if second else "全省强化。", "labels": ["reform"] if second else []},
        ]
        row = {"id": f"r{number}", "document": f"d{number // 4}"}
        if by_paragraph:
            labels = sorted({label for s in sentences for label in s["labels"]})
            row |= {"text": "".join(s["text"] for s in sentences), "labels": labels}
        else:
            row |= {"sentences": sentences}
        made.append(row)
    return made


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with data, a tiny checkpoint and a config; `eval` is not asked for a report."""
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "train.jsonl", learnable(0, 48))
    write_jsonl(tmp_path / "dev.jsonl", learnable(100, 24))
    make_bert(tmp_path / "start")
    (tmp_path / "run.toml").write_text(
        'name = "tiny"\n[data]\ntrain = ["train.jsonl"]\ndev = "dev.jsonl"\n'
        '[model]\ncheckpoint = "start"\ntokens_per_batch = 256\n'
        "[trainer]\nnum_train_epochs = 3\nlearning_rate = 5e-3\nbf16 = false\nsave_steps = 2\nseed = 3\n"
    )
    return tmp_path
