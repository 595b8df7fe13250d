"""One run in several shares, by shards or by a cluster: the same rows, byte for byte."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time

import pytest
from conftest import write_jsonl
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.ahead import ahead
from gongbao.cli import app
from gongbao.cluster import Cluster, Worker
from gongbao.console import parse_shard
from gongbao.errors import GongbaoError
from gongbao.predict import predict

WORDS = ["引进人才。", "改革开放。", "科技创新。", "会议指出。", "全省强化。"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """1,300 paragraphs in a table, a page, and two files that fail: three chunks."""
    folder = tmp_path_factory.mktemp("input")
    rows = [{"id": f"r{n}", "text": WORDS[n % 5] + WORDS[n % 3] + f"第{n}条。"} for n in range(1300)]
    write_jsonl(folder / "b.jsonl", rows)
    (folder / "a.txt").write_text("会议纪要\n\n　　全省强化人才。\n\n- 1 -\n", encoding="utf-8")
    (folder / "c.docx").write_bytes(b"no zip")
    (folder / "d.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def same_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture(scope="module")
def local(folder, exported_tiny, tmp_path_factory):
    """What one run writes of it."""
    out = tmp_path_factory.mktemp("local")
    os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    summary = predict(
        [str(folder)], Labeler.load(exported_tiny, "cpu"), [out / "out.jsonl", out / "out.html"], policy="f1"
    )
    assert summary.paragraphs == 1302
    return out, summary


def lines(path):
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_four_shards_write_what_one_run_writes(folder, exported_tiny, local, tmp_path):
    labeler = Labeler.load(exported_tiny, "cpu")
    out, whole = local
    shards = [
        predict([str(folder), "missing.txt"], labeler, tmp_path / f"{i}.jsonl", shard=(i, 4)) for i in range(1, 5)
    ]
    for suffix in ("", ".aside.jsonl", ".errors.jsonl"):
        together = [line for i in range(1, 5) for line in lines(tmp_path / f"{i}.jsonl{suffix}")]
        if suffix == ".errors.jsonl":
            together = [line for line in together if "missing.txt" not in line]
        assert sorted(together) == sorted(lines(out / f"out.jsonl{suffix}"))
    assert [summary.paragraphs for summary in shards] == [512, 512, 278, 0]
    assert sum((summary.labels for summary in shards), start=type(whole.labels)()) == whole.labels
    assert sum(summary.files for summary in shards) == whole.files + 1
    assert lines(tmp_path / "4.jsonl") == [] and (tmp_path / "4.jsonl").exists()
    assert not list(tmp_path.glob("*.journal"))


def test_a_shard_that_finds_no_input_fails_and_touches_nothing(exported_tiny, tmp_path):
    """On one machine of four the archive may not be there."""
    (tmp_path / "2.jsonl").write_text("old")
    options = ["--model", str(exported_tiny), "-o", str(tmp_path / "2.jsonl"), "--shard", "2/4", "--force"]
    result = CliRunner().invoke(app, ["predict", str(tmp_path / "archive"), *options])
    assert result.exit_code == 2 and "archive: no such file or directory" in result.output
    assert (tmp_path / "2.jsonl").read_text() == "old"
    (tmp_path / "a.txt").write_text("全省强化人才。")
    result = CliRunner().invoke(app, ["predict", str(tmp_path / "archive"), str(tmp_path / "a.txt"), *options])
    assert result.exit_code == 0 and "warning: " in result.output and "every shard must be given" in result.output


def test_a_shards_pages_hold_what_is_theirs(exported_tiny, tmp_path):
    for name in "abc":
        text = "\n".join(f"全省强化人才{name}{number}。" for number in range(700))
        (tmp_path / f"{name}.txt").write_text(f"{name}文\n{text}\n", encoding="utf-8")
    labeler = Labeler.load(exported_tiny, "cpu")
    inputs = [str(tmp_path / f"{name}.txt") for name in "abc"]
    for shard in (1, 2):
        predict(inputs, labeler, tmp_path / f"{shard}.html", shard=(shard, 2))
        found = set()
        for page in (tmp_path / f"{shard}.pages").iterdir():
            text = re.sub("<[^>]*>", "", page.read_text(encoding="utf-8"))
            held = {name for name in "abc" if f"强化人才{name}" in text}
            assert len(held) == 1 and f"{min(held)}.txt" in text, page
            found |= held
        # Of the five chunks of 512 the first shard has a's first, b's last with c's first, and c's last paragraphs.
        assert found == {"a", "b", "c"}


def test_a_cluster_is_not_given_standard_input(exported_tiny, tmp_path):
    labeler = Labeler.load(exported_tiny, "cpu")
    worker = Worker(str(exported_tiny), labeler.name, labeler.identity)
    with pytest.raises(GongbaoError, match="reads its inputs twice: name files, not standard input"):
        predict(["-"], labeler, tmp_path / "o.jsonl", workers=Cluster(worker, tmp_path / "asked", 1))


def test_the_command_takes_a_shard_and_an_empty_one_is_no_failure(exported_tiny, tmp_path):
    write_jsonl(tmp_path / "in.jsonl", [{"id": "r", "text": "引进人才。"}])
    for shard, rows in (("1/2", 1), ("2/2", 0)):
        asked = ["predict", str(tmp_path / "in.jsonl"), "--model", str(exported_tiny), "--shard", shard]
        ran = CliRunner().invoke(app, [*asked, "-o", str(tmp_path / f"{rows}.jsonl")])
        assert ran.exit_code == 0, ran.output
        assert len(lines(tmp_path / f"{rows}.jsonl")) == rows
    for wrong in ("0/2", "3/2", "1", "a/b", "1/0"):
        with pytest.raises(GongbaoError, match="--shard is I/N"):
            parse_shard(wrong)
    assert parse_shard("3/16") == (3, 16)


def test_a_text_that_stands_twice_is_no_earlier_runs(exported_tiny, tmp_path):
    write_jsonl(tmp_path / "in.jsonl", [{"id": f"r{n}", "text": "引进人才。"} for n in range(1100)])
    summary = predict([str(tmp_path / "in.jsonl")], Labeler.load(exported_tiny), tmp_path / "out.jsonl")
    assert summary.resumed == 0 and len(lines(tmp_path / "out.jsonl")) == 1100


@pytest.mark.parametrize("suffix", [".xlsx", ".html", ".csv", ".parquet"])
def test_an_empty_shard_is_written_in_every_format(exported_tiny, tmp_path, suffix):
    write_jsonl(tmp_path / "in.jsonl", [{"id": "r", "text": "引进人才。"}])
    predict([str(tmp_path / "in.jsonl")], Labeler.load(exported_tiny), tmp_path / f"out{suffix}", shard=(2, 2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", f"out{suffix}"]


def test_the_next_item_is_made_while_the_last_is_used_and_no_more():
    made = []

    def items():
        for n in range(5):
            made.append(n)
            yield n

    for n in ahead(items()):
        deadline = time.monotonic() + 5
        while len(made) < min(n + 2, 5) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert made == list(range(min(n + 2, 5)))

    def failing():
        yield 1
        raise GongbaoError("in the making")

    given = ahead(failing())
    assert next(given) == 1
    with pytest.raises(GongbaoError, match="in the making"):
        next(given)


def test_ray_writes_the_same_bytes_although_a_worker_is_killed(folder, exported_tiny, local, tmp_path):
    import psutil

    out, _ = local
    command = [sys.executable, "-m", "gongbao", "predict", str(folder), "--model", str(exported_tiny)]
    asked = ["--engine", "ray", "--workers", "2", "-o", "out.jsonl", "-o", "out.html"]
    ran = subprocess.Popen([*command, *asked], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    killed = None
    while ran.poll() is None and killed is None:
        for process in psutil.process_iter(["cmdline"]):
            if " ".join(process.info["cmdline"] or []).startswith("ray::MapWorker(MapBatches(Answering))"):
                process.kill()
                killed = process.pid
                break
        time.sleep(0.02)
    _, said = ran.communicate(timeout=240)
    assert killed is not None
    assert ran.returncode == 1, said  # of the files, two failed
    assert "1302 paragraphs of 4 files" in said and "answered before" not in said
    for name in ("out.jsonl", "out.html", "out.jsonl.aside.jsonl", "out.jsonl.errors.jsonl"):
        assert (tmp_path / name).is_file() == (out / name).is_file()
        if (out / name).is_file():
            assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name
    pages = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == pages


def test_a_cluster_that_fails_leaves_what_it_answered(folder, exported_tiny, local, tmp_path):
    labeler = Labeler.load(exported_tiny, "cpu")
    worker = Worker(str(exported_tiny), labeler.name, labeler.identity, "openvino")
    counts = []

    def stop(done, asked):
        counts.append((done, asked))
        if len(counts) == 1:
            raise GongbaoError("the network is gone")

    cluster = Cluster(worker, tmp_path / "asked", 1, stop)
    with pytest.raises(GongbaoError, match="the network is gone"):
        predict([str(folder)], labeler, tmp_path / "out.jsonl", workers=cluster)
    assert not (tmp_path / "out.jsonl").exists() and not (tmp_path / "asked").exists()
    summary = predict([str(folder)], labeler, tmp_path / "out.jsonl", workers=cluster)
    assert counts[0] == (1, 3) and counts[-1] == (2, 2)
    assert summary.resumed in (512, 278)
    assert (tmp_path / "out.jsonl").read_bytes() == (local[0] / "out.jsonl").read_bytes()


def test_a_cluster_writes_files_and_says_what_is_missing(exported_tiny, tmp_path, monkeypatch):
    write_jsonl(tmp_path / "in.jsonl", [{"id": "r", "text": "引进人才。"}])
    asked = ["predict", str(tmp_path / "in.jsonl"), "--model", str(exported_tiny), "--engine", "ray"]
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 2 and "error: --engine ray writes files: name one with -o" in ran.output
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    ran = CliRunner().invoke(app, [*asked, "-o", str(tmp_path / "out.jsonl")])
    assert ran.exit_code == 2 and "error: nothing answers at RAY_ADDRESS 127.0.0.1:9: " in ran.output
    assert not (tmp_path / "out.jsonl.asked").exists()
    monkeypatch.setattr("gongbao.engines.installed", lambda package: package != "ray")
    ran = CliRunner().invoke(app, [*asked, "-o", str(tmp_path / "out.jsonl")])
    assert ran.exit_code == 2 and "error: ray is not installed: pip install 'gongbao[ray]'" in ran.output


def test_a_worker_refuses_another_model_than_the_runs(exported_tiny):
    rule = json.loads((exported_tiny / "decision.json").read_text(encoding="utf-8"))
    with pytest.raises(GongbaoError, match="and the run's model is other@123"):
        Worker(str(exported_tiny), "other@123", "").open(rule)
