from __future__ import annotations

import json

import pytest
from conftest import write_jsonl

from gongbao.errors import GongbaoError
from gongbao.examples import hash_examples, read_examples, write_examples
from gongbao.labels import POLICY_DOMAINS

ROW = {
    "id": "a-1",
    "document": "a",
    "year": 2024,
    "sentences": [
        {"text": "全会召开。", "labels": []},
        {"text": "建设实验室，引进人才。", "labels": ["talent", "innovation"]},
    ],
}


def read(tmp_path, *rows):
    return read_examples(write_jsonl(tmp_path / "x.jsonl", list(rows)), POLICY_DOMAINS)


def test_a_paragraph_is_its_sentences_joined_and_takes_their_labels(tmp_path):
    (example,) = read(tmp_path, ROW)
    assert example.text == "全会召开。建设实验室，引进人才。"
    assert example.labels == ("innovation", "talent")
    assert example.year == 2024
    assert example.by_sentence


def test_a_paragraph_labelled_as_a_whole_is_taken_too(tmp_path):
    (example,) = read(tmp_path, {"id": "b", "text": "全会召开。引进人才。", "labels": ["talent"]})
    assert not example.by_sentence
    assert example.labels == ("talent",)
    assert [s.text for s in example.sentences] == ["全会召开。", "引进人才。"]
    assert example.document == "b"


def test_what_is_written_reads_back_equal(tmp_path):
    rows = read(tmp_path, ROW, {"id": "b", "text": "引进人才。", "labels": ["talent"], "heading": "一、人才"})
    write_examples(rows, tmp_path / "y.jsonl")
    assert read_examples(tmp_path / "y.jsonl", POLICY_DOMAINS) == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl", "y.jsonl"]


def test_the_hash_is_of_what_was_labelled_not_of_how_it_was_written(tmp_path):
    other = {"id": "b", "document": "b", "sentences": [{"labels": [], "text": "好。"}]}
    one, two = read(tmp_path, ROW, other), read(tmp_path, other, dict(reversed(ROW.items())))
    assert hash_examples(one) == hash_examples(two)
    relabelled = json.loads(json.dumps(ROW))
    relabelled["sentences"][0]["labels"] = ["green"]
    assert hash_examples(read(tmp_path, relabelled, other)) != hash_examples(one)


def changed(**changes):
    return {**ROW, **changes}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (changed(lables=[]), "unknown key 'lables'"),
        (
            changed(sentences=[{"text": "好。", "labels": ["inovation"]}]),
            "unknown label 'inovation' .nearest: 'innovation'",
        ),
        (changed(sentences=[{"text": " ", "labels": []}]), r"sentences\[0\] has no text"),
        (changed(sentences=[{"text": "好。", "lable": []}]), r"sentences\[0\].*labels|unknown key 'lable'"),
        (changed(sentences=[]), "`sentences` is empty"),
        (changed(sentences=[{"text": 3, "labels": []}]), r"`sentences\[0\].text`: .*not a number"),
        (changed(year="2024"), "`year`: .*not text"),
        (changed(id=7), "`id`: .*not a number"),
        ({"id": "x", "document": "x"}, "`sentences` is missing"),
        ({"document": "x", "sentences": ROW["sentences"]}, "`id` is missing"),
        ({"id": "x", "text": "好。"}, "`labels` is missing"),
        ({"id": "x", "text": "好\ud800。", "labels": []}, "lone surrogate"),
        ([1], "a row is a JSON object, not a list"),
    ],
)
def test_a_bad_row_is_one_line_with_file_and_line(tmp_path, row, message):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({**ROW, "id": "first"}) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(GongbaoError, match=rf"x\.jsonl:2: .*({message})") as caught:
        read_examples(path, POLICY_DOMAINS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{nope", "x.jsonl:1: not JSON"),
        ('{"id": "a", "id": "b"}', "x.jsonl:1: key 'id' stands twice"),
        ('{"id": "a", "text": NaN, "labels": []}', "x.jsonl:1: NaN is not JSON"),
        ('{"id": ' + "9" * 5000 + "}", "x.jsonl:1: not JSON: a number with too many digits"),
        ('{"a":' * 100_000, "x.jsonl:1: n"),
        ("", "no examples in it"),
    ],
)
def test_what_is_not_a_row_is_one_line(tmp_path, text, message):
    path = tmp_path / "x.jsonl"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(GongbaoError, match=message):
        read_examples(path, POLICY_DOMAINS)


def test_a_duplicate_id_names_both_lines(tmp_path):
    with pytest.raises(GongbaoError, match=r"x\.jsonl:2: id 'a-1' was used before, at line 1"):
        read(tmp_path, ROW, ROW)


def test_a_file_in_another_encoding_names_the_line(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("gb18030"))
    with pytest.raises(GongbaoError, match=r"x\.jsonl:1: not UTF-8"):
        read_examples(path, POLICY_DOMAINS)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(GongbaoError, match=r"cannot read .*none\.jsonl"):
        read_examples(tmp_path / "none.jsonl", POLICY_DOMAINS)
