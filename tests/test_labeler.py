from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from conftest import ROOT, TEXT, make_bert, make_decision

from gongbao import Labeler
from gongbao.documents import Paragraph
from gongbao.engines.torch import TorchEngine
from gongbao.errors import GongbaoError
from gongbao.examples import read_examples
from gongbao.labels import POLICY_DOMAINS
from gongbao.models import find, latest
from gongbao.predict import predict
from gongbao.segment import split_sentences
from gongbao.windows import IGNORED


def paragraph(text, name="p"):
    return Paragraph(name, text, tuple(split_sentences(text)))


@pytest.fixture(scope="module")
def labeler(tiny):
    return Labeler.load(tiny, device="cpu")


def test_three_lines_label_a_list_of_strings(tiny):
    from gongbao import Labeler

    labeler = Labeler.load(tiny)
    predictions = labeler.label(["引进人才。", "改革开放。全省人才！"])
    assert [len(p.sentences) for p in predictions] == [1, 2]
    assert set(predictions[0].scores) == set(POLICY_DOMAINS.ids)


def test_one_string_is_one_paragraph(labeler):
    assert len(labeler.label(TEXT)) == 1


def test_a_sentences_logits_are_the_mean_of_its_tokens_computed_independently(tiny, labeler):
    # The whole way again by transformers alone: tokens of each sentence, joined, one pass, mean over each sentence.
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    model = AutoModelForTokenClassification.from_pretrained(tiny, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    sentences = [s.text for s in split_sentences(TEXT)]
    encoded = [tokenizer(s, add_special_tokens=False)["input_ids"] for s in sentences]
    flat = [token for ids in encoded for token in ids]
    assert len(flat) <= 62  # one window of this model, which reads 64 pieces
    with torch.inference_mode():
        logits = model(torch.tensor([[tokenizer.cls_token_id, *flat, tokenizer.sep_token_id]])).logits[0]
    start = 1
    expected = []
    for ids in encoded:
        expected.append(logits[start : start + len(ids)].mean(dim=0).numpy())
        start += len(ids)
    assert np.allclose(labeler.logits([sentences])[0], expected, atol=1e-5)


def test_nothing_is_truncated(labeler):
    # 400 sentences in windows of 64: each gets an answer, and the last sentence's depends on its own words.
    start = ["改革开放。"] * 400
    one, two = labeler.logits([[*start, "引进人才。"]])[0], labeler.logits([[*start, "科技创新。"]])[0]
    assert len(one) == 401
    assert not np.allclose(one[-1], two[-1])
    assert np.allclose(one[:390], two[:390], atol=1e-5)


def test_a_sentence_longer_than_any_window_is_read_to_its_end(labeler):
    long = "改革开放" * 300
    one, two = labeler.logits([[long + "引进人才引进人才。"], [long + "科技创新科技创新。"]])
    assert not np.allclose(one, two, atol=1e-6)
    (pieces, rows), *_ = labeler.engine.token_logits([[long]])[0]
    assert len(rows) == len(pieces.ids) > 1000
    assert np.abs(rows).min() > 0


def test_token_logits_add_up_to_the_sentences(labeler):
    found = paragraph(TEXT)
    rows = labeler.logits([[s.text for s in found.sentences]])[0]
    assert len(labeler.token_logits([TEXT])[0]) == len(rows)
    for (offsets, pieces), row in zip(labeler.token_logits([found])[0], rows, strict=True):
        assert np.allclose(pieces.mean(axis=0), row, atol=1e-6)
        assert all(0 <= a <= b <= len(TEXT) for a, b in offsets)


def test_order_and_batch_size_move_no_probability_by_a_ten_thousandth(tiny):
    labeler = Labeler.load(tiny, device="cpu")
    examples = read_examples(ROOT / "data" / "gold.jsonl", POLICY_DOMAINS)[:120]
    paragraphs = [paragraph(example.text, example.id) for example in examples]
    straight = labeler.predict(paragraphs)
    order = np.random.default_rng(0).permutation(len(paragraphs))
    labeler.engine.tokens = 300
    shuffled = labeler.predict([paragraphs[i] for i in order])
    for place, index in enumerate(order):
        for label in POLICY_DOMAINS.ids:
            assert abs(straight[index].scores[label] - shuffled[place].scores[label]) < 1e-4


def test_chunks_are_a_pure_function_of_the_input(tiny, monkeypatch):
    labeler = Labeler.load(tiny, device="cpu")
    calls = []
    real = labeler.engine.logits
    monkeypatch.setattr(labeler.engine, "logits", lambda rows: calls.append(len(rows)) or real(rows))
    labeler.predict([paragraph("人才。")] * 1030)
    assert calls == [512, 512, 6]


def test_a_paragraph_without_sentences_takes_no_label(labeler):
    (prediction,) = labeler.predict([Paragraph("p", "", ())])
    assert prediction.labels == prediction.review == ()
    assert all(score < 0.01 for score in prediction.scores.values())


def test_evidence_is_the_sentence_with_the_largest_logit(labeler):
    found = paragraph(TEXT)
    rows = labeler.logits([[s.text for s in found.sentences]])[0]
    (prediction,) = labeler.predict([found])
    assert prediction.labels
    assert set(prediction.evidence) == set(prediction.labels)
    for label, evidence in prediction.evidence.items():
        column = rows[:, POLICY_DOMAINS.ids.index(label)]
        assert column[evidence.sentence] == column.max()
        assert TEXT[evidence.start : evidence.end] == found.sentences[evidence.sentence].text


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "decision.json"]
)
def test_a_folder_that_lacks_a_file_is_refused_by_its_name(tiny, tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / name).unlink()
    with pytest.raises(GongbaoError, match=name):
        Labeler.load(folder)


def test_a_run_whose_record_lists_a_missing_file_is_refused(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "record.json").write_text(json.dumps({"files": ["config.json", "README.md"], "finished": "2026"}))
    with pytest.raises(GongbaoError, match=r"README\.md is missing"):
        Labeler.load(folder)


def test_latest_is_the_run_that_finished_last(tiny, tmp_path):
    for name, finished in [("a", "2026-01-02T00:00:00+00:00"), ("b", "2026-01-01T00:00:00+00:00")]:
        shutil.copytree(tiny, tmp_path / name)
        (tmp_path / name / "record.json").write_text(json.dumps({"files": [], "finished": finished}))
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    (tmp_path / "c" / "model.safetensors").unlink()
    assert latest(tmp_path) == tmp_path / "a"
    with pytest.raises(GongbaoError, match="no complete run"):
        find("latest", tmp_path / "none")


def test_weights_and_rule_of_different_trainings_are_refused(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    from gongbao.labels import Label, Scheme

    make_decision(Scheme("one", "1", "", (Label("a", "", "", ""),))).save(folder)
    with pytest.raises(GongbaoError, match=r"answers innovation, .* its decision.json a: they are not of one training"):
        Labeler.load(folder)
    # As many labels, in another order.
    shutil.copyfile(tiny / "decision.json", folder / "decision.json")
    config = json.loads((folder / "config.json").read_text())
    names = list(config["id2label"].values())
    config["id2label"] = {str(n): name for n, name in enumerate(names[1:] + names[:1])}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(GongbaoError, match=r"answers industry, .* its decision\.json innovation, "):
        Labeler.load(folder)
    # The order is that of their numbers, in whatever order they are written.
    config["id2label"] = {str(n): names[n] for n in reversed(range(8))}
    (folder / "config.json").write_text(json.dumps(config))
    assert Labeler.load(folder).scheme.ids == tuple(names)
    # Without names there is their number alone.
    config["id2label"] = {str(n): f"LABEL_{n}" for n in range(8)}
    (folder / "config.json").write_text(json.dumps(config))
    assert Labeler.load(folder).scheme.ids[0] == "innovation"


def test_a_model_that_answers_nan_is_not_believed(tiny, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = np.nan
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    labeler = Labeler.load(folder, device="cpu")
    with pytest.raises(GongbaoError, match="answers NaN"):
        labeler.label("引进人才。")
    (tmp_path / "a.txt").write_text("引进人才。", encoding="utf-8")
    with pytest.raises(GongbaoError, match="answers NaN"):
        predict([str(tmp_path / "a.txt")], labeler, tmp_path / "o.csv")
    assert not (tmp_path / "o.csv").exists() and not (tmp_path / "o.csv.journal").exists()


def test_damaged_weights_are_one_line(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(GongbaoError, match="cannot load the model") as caught:
        Labeler.load(folder)
    assert "\n" not in str(caught.value)


def test_a_config_that_does_not_fit_the_weights_is_refused(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    with pytest.raises(GongbaoError, match=r"config\.json has no place for \d+ of the weights"):
        Labeler.load(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(GongbaoError, match=r"tokenizer\.json: no tokenizer"):
        Labeler.load(folder)


def test_context_of_a_sentence_reads_each_alone(tmp_path):
    folder = make_bert(tmp_path / "model")
    make_decision().save(folder)
    (folder / "record.json").write_text(json.dumps({"files": [], "context": "sentence"}))
    labeler = Labeler.load(folder, device="cpu")
    assert isinstance(labeler.engine, TorchEngine)
    both = labeler.logits([["引进人才。", "改革开放。"]])[0]
    alone = labeler.logits([["引进人才。"], ["改革开放。"]])
    assert np.allclose(both, np.concatenate(alone), atol=1e-5)
    windows = labeler.engine.tokenizer.windows(
        labeler.engine.tokenizer.encode(["人才。", "改革。"]), context="sentence"
    )
    assert all(len({s for s in w.sentence if s != IGNORED}) == 1 for w in windows)


def test_weights_without_a_head_are_refused(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if "classifier" not in k}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(GongbaoError, match=r"2 weights are missing .*classifier"):
        Labeler.load(folder)
