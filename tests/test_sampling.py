"""What to label next, a folder watched, and the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.cli import app
from gongbao.errors import GongbaoError
from gongbao.files import claimed
from gongbao.labels import POLICY_DOMAINS
from gongbao.sampling import doubt, next_to_label, spread
from gongbao.watch import watch


@pytest.fixture(scope="module")
def labeler(tiny):
    return Labeler.load(tiny, device="cpu")


def test_doubt_is_largest_at_the_threshold():
    assert doubt({"a": 0.3}, {"a": 0.3}) == 1.0
    # Half way from the threshold to 1, and half way from 0 to it.
    assert doubt({"a": 0.65}, {"a": 0.3}) == pytest.approx(0.5) == doubt({"a": 0.15}, {"a": 0.3})
    assert doubt({"a": 0.0, "b": 1.0}, {"a": 0.3, "b": 0.3}) == 0.0


def test_texts_alike_are_not_all_taken():
    texts = ["要改革开放，引进人才。"] * 3 + ["修复岸线，治理水污染。", "新增普惠托位八千个。"]
    # The first three are the most doubtful, but say the same.
    assert set(spread(np.array([0.9, 0.9, 0.9, 0.5, 0.6]), texts, 3)) == {0, 3, 4}
    assert spread(np.array([0.1, 0.9]), ["甲乙丙", "丁戊己"], 5) == [1, 0]


def test_next_proposes_doubtful_paragraphs_once_each(labeler, tmp_path):
    lines = [f"第{n}项任务：推进第{n % 7}类改革举措落地见效，完善第{n % 5}项机制。" for n in range(60)]
    (tmp_path / "a.txt").write_text("公报\n" + "\n".join(lines + lines[:5]) + "\n", encoding="utf-8")
    rows, summary = next_to_label([str(tmp_path / "a.txt")], labeler, 10)
    assert summary.paragraphs == 66 and len(rows) == 10
    assert len({row["text"] for row in rows}) == 10
    again, _ = next_to_label([str(tmp_path / "a.txt")], labeler, 10)
    assert [row["id"] for row in again] == [row["id"] for row in rows]


def test_the_command_writes_tasks(tiny, tmp_path):
    (tmp_path / "a.txt").write_text("公报\n要坚持稳中求进，深化改革开放。\n", encoding="utf-8")
    command = ["next", str(tmp_path / "a.txt"), "--n", "1", "-o", str(tmp_path / "t.jsonl"), "--model", str(tiny)]
    assert CliRunner().invoke(app, [*command, "--device", "cpu"]).exit_code == 0
    (task,) = (json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines())
    assert task["text"] == "要坚持稳中求进，深化改革开放。"
    assert CliRunner().invoke(app, command).exit_code == 2


# Watching


def test_what_arrives_is_labelled_once(labeler, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "深").mkdir(parents=True)

    def arrive(turn):
        if turn == 1:
            (folder / "a.txt").write_text("公报\n要改革。\n", encoding="utf-8")
            (folder / "深" / "b.csv").write_text("text\n要开放。\n", encoding="utf-8")
            (folder / "bad.docx").write_bytes(b"no docx")
        if turn == 4:
            (folder / "a.txt").write_text("公报\n要改革，要开放。\n", encoding="utf-8")
            # What arrives may be older than what it replaces.
            os.utime(folder / "a.txt", (1, 1))

    turn = iter(range(1, 99))
    found = [
        (path.name, summary.paragraphs)
        for path, summary in watch(
            folder, out, labeler, (".jsonl", ".csv"), settle=0, turns=7, sleep=lambda _: arrive(next(turn))
        )
    ]
    assert sorted(found[:3]) == [("a.txt", 2), ("b.csv", 1), ("bad.docx", 0)]
    assert {name for name, _ in found[3:]} == {"a.txt"}
    assert (out / "深" / "b.csv.jsonl").exists() and (out / "a.txt.csv").exists()
    assert "要开放" in (out / "a.txt.jsonl").read_text(encoding="utf-8")


def test_the_watch_takes_any_name_and_comes_back_to_what_is_busy(labeler, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    name = os.fsdecode(b"\xd6\xd0.txt")
    for each in (name, "b.txt"):
        (folder / each).write_text("引进人才。", encoding="utf-8")
    with claimed(out / ".b.txt.jsonl.partial", "another run"):
        looks = watch(folder, out, labeler, settle=0, turns=3, sleep=lambda _: None)
        # Twice and thrice it is busy, and said once.
        assert sorted((len(done.errors), done.paragraphs) for _, done in looks) == [(0, 1), (1, 0)]
    ((path, done),) = watch(folder, out, labeler, settle=0, turns=1)
    assert path.name == "b.txt" and done.paragraphs == 1 and (out / f"{name}.jsonl").exists()


def test_one_error_does_not_end_the_watch(labeler, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("公报\n要改革。\n", encoding="utf-8")
    (out / "a.txt.jsonl").mkdir(parents=True)
    found = [(path.name, len(summary.errors)) for path, summary in watch(folder, out, labeler, settle=0, turns=1)]
    assert found == [("a.txt", 1), ("b.txt", 0)]
    assert list(watch(folder, out, labeler, settle=0, turns=1)) == []


def test_a_file_that_still_grows_is_left_alone(labeler, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("公报\n要改革。\n", encoding="utf-8")
    assert list(watch(tmp_path / "in", tmp_path / "out", labeler, settle=60, turns=3, sleep=lambda _: None)) == []


def test_outputs_may_not_lie_in_the_folder_watched(labeler, tmp_path):
    with pytest.raises(GongbaoError, match="lies in the folder"):
        next(watch(tmp_path, tmp_path / "out", labeler))
    with pytest.raises(GongbaoError, match="no such folder"):
        next(watch(tmp_path / "none", tmp_path / "out", labeler))
    with pytest.raises(GongbaoError, match="an output is one of"):
        next(watch(tmp_path, tmp_path / "out", labeler, (".docx",)))


def test_the_doctor_fits_a_screen(tiny):
    ran = subprocess.run(
        [sys.executable, "-m", "gongbao", "doctor", "--model", str(tiny)], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(ran.stdout.splitlines()) <= 20
    assert POLICY_DOMAINS.signature in ran.stdout and tiny.name in ran.stdout
    ran = subprocess.run(
        [sys.executable, "-m", "gongbao", "doctor", "--model", "none"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 1 and "! no model folder at none" in ran.stdout
