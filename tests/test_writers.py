"""Every output format holds the same rows."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet
import pytest
from conftest import write_jsonl
from openpyxl import load_workbook

from gongbao import Labeler
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS
from gongbao.predict import predict

TEXTS = (
    "要改革开放，引进人才。",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "控\x0b制。",
    "长" * 40_000 + "。",
    "-1",
)


@pytest.fixture(scope="module")
def written(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    rows = [
        {"id": f"r{n}", "text": text, "year": 2024, "document": "甲" if n < 3 else "乙"} for n, text in enumerate(TEXTS)
    ]
    write_jsonl(folder / "in.jsonl", rows)
    labeler = Labeler.load(tiny, device="cpu")
    outputs = [folder / f"out.{suffix}" for suffix in ("jsonl", "csv", "xlsx", "parquet")]
    summary = predict([str(folder / "in.jsonl")], labeler, outputs)
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    return folder, rows, summary


def test_csv_holds_the_rows(written):
    folder, rows, _ = written
    with (folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["text"].removeprefix("'") for row in read] == list(TEXTS)
    assert [row["labels"] for row in read] == [";".join(row["labels"]) for row in rows]
    assert json.loads(read[0]["extra"]) == {"year": 2024, "input": {"document": "甲"}}


def test_parquet_holds_the_rows(written):
    folder, rows, _ = written
    table = pyarrow.parquet.read_table(folder / "out.parquet")
    for read, row in zip(table.to_pylist(), rows, strict=True):
        assert all(read[key] == row[key] for key in ("id", "text", "labels", "review", "scores", "sentences", "model"))
        assert {one["label"] for one in read["evidence"]} == set(row["evidence"])
        assert json.loads(read["extra"])["year"] == 2024
    assert json.loads(table.schema.metadata[b"gongbao"])["model"] == rows[0]["model"]


def test_a_workbook_holds_the_rows_and_counts_them(written):
    folder, rows, summary = written
    book = load_workbook(folder / "out.xlsx")
    assert book.sheetnames == ["paragraphs", "documents", "long texts", "provenance"]
    head, *body = book["paragraphs"].iter_rows(values_only=True)
    read = [dict(zip(head, row, strict=True)) for row in body]
    assert [row["id"] for row in read] == [row["id"] for row in rows]
    assert read[3]["text"] == "控\ufffd制。"
    # 32,000 characters fit a cell; the rest stands in a sheet of its own.
    rest = list(book["long texts"].iter_rows(values_only=True))
    assert read[4]["text"] + rest[1][2] == TEXTS[4] and rest[1][:2] == ("r4", 2)
    assert json.loads(read[0]["extra"])["year"] == 2024
    for one, row in zip(read, rows, strict=True):
        places = [f"{label} {where['start']}-{where['end']}" for label, where in row["evidence"].items()]
        assert (one["offsets"] or "") == "; ".join(places)
    assert [row["labels"] or "" for row in read] == ["; ".join(row["labels"]) for row in rows]
    assert all(row[label] == rows[n]["scores"][label] for n, row in enumerate(read) for label in POLICY_DOMAINS.ids)
    sheet = book["paragraphs"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", f"A1:W{len(TEXTS) + 1}")
    assert all(cell.data_type in "sn" for row in sheet.iter_rows() for cell in row if cell.value is not None)
    head, *body = book["documents"].iter_rows(values_only=True)
    counts = {row[0]: dict(zip(head, row, strict=True)) for row in body}
    assert {name: row["paragraphs"] for name, row in counts.items()} == {"甲": 3, "乙": 3}
    assert sum(row["none"] for row in counts.values()) == summary.labels["none"]
    assert ("model", rows[0]["model"]) in list(book["provenance"].iter_rows(values_only=True))


def test_outputs_are_checked_before_anything_is_written(tiny, tmp_path):
    labeler = Labeler.load(tiny, device="cpu")
    (tmp_path / "a.txt").write_text("要改革。\n", encoding="utf-8")
    for outputs, message in (
        (["a.xlsx", "b.docx"], "b.docx: an output is one of"),
        (["a.xlsx", "a.xlsx"], "named twice"),
        (["a.csv", "a.txt/b.csv"], "a.txt"),
    ):
        with pytest.raises(GongbaoError, match=message):
            predict([str(tmp_path / "a.txt")], labeler, [tmp_path / name for name in outputs])
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
