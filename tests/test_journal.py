"""Runs that cannot be lost: killed anywhere and started again, they write the same bytes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from gongbao import Labeler
from gongbao.errors import GongbaoError
from gongbao.journal import noted, open_journal
from gongbao.labeler import CHUNK
from gongbao.predict import predict

OUTPUTS = ("out.jsonl", "out.csv", "out.xlsx", "out.parquet")


@pytest.fixture(scope="module")
def labeler(tiny):
    return Labeler.load(tiny, device="cpu")


@pytest.fixture(autouse=True)
def one_day(monkeypatch):
    """The workbook and the Parquet file say when the run was begun."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")


@pytest.fixture
def archive(tmp_path):
    """A folder of texts and tables, four chunks of paragraphs, and one file that cannot be read."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        lines = [f"第{n}项改革要落地，引进人才{n}名；强化科技创新。" for n in range(CHUNK - 100 + number)]
        (folder / f"{number}.txt").write_text(
            f"公报{number}\n" + "\n".join(lines) + "\n（记者 张三）\n", encoding="utf-8"
        )
    (folder / "bad.docx").write_bytes(b"no docx")
    (folder / "rows.csv").write_text("text,year\n=要改革。,2024\n", encoding="utf-8")
    return folder


def run(archive, folder, tiny, **options):
    labeler = Labeler.load(tiny, device="cpu")
    return predict([str(archive)], labeler, [folder / name for name in OUTPUTS], policy="f1", **options)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_stopped_run_goes_on_and_writes_the_same_bytes(archive, tiny, tmp_path, monkeypatch):
    whole = run(archive, tmp_path / "whole", tiny)
    assert whole.resumed == 0 and len(whole.errors) == 1
    stopped = []

    def stop(summary):
        stopped.append(summary.paragraphs)
        if len(stopped) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(archive, tmp_path / "part", tiny, progress=stop)
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["out.jsonl.journal"]
    resumed = run(archive, tmp_path / "part", tiny)
    assert resumed.resumed == stopped[-1] == 2 * CHUNK
    assert resumed.labels == whole.labels
    first, second = contents(tmp_path / "whole"), contents(tmp_path / "part")
    assert sorted(first) == sorted([*OUTPUTS, "out.jsonl.aside.jsonl", "out.jsonl.errors.jsonl"]) == sorted(second)
    assert first == second


def test_killed_at_any_moment_it_goes_on(archive, tiny, tmp_path):
    command = [
        sys.executable, "-m", "gongbao", "predict", str(archive), "--model", str(tiny), "--device", "cpu",
        *(part for name in OUTPUTS for part in ("-o", str(tmp_path / "out" / name))),
    ]  # fmt: skip
    draw = random.Random(7)
    killed = 0
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = tmp_path / "out" / "out.jsonl.journal"
        deadline = time.monotonic() + 60
        while not journal.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 0.6))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        if process.returncode == 1:
            break
        assert not any((tmp_path / "out" / name).exists() for name in OUTPUTS)
    assert killed
    if process.returncode != 1:
        assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 1
    run(archive, tmp_path / "whole", tiny)
    whole, part = contents(tmp_path / "whole"), contents(tmp_path / "out")
    assert {name: data for name, data in part.items() if not name.endswith(".partial")} == whole


def test_what_changed_in_between_is_answered_anew(archive, tiny, tmp_path):
    def stop(summary):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(archive, tmp_path / "part", tiny, progress=stop)
    (archive / "0.txt").write_text("公报\n全省强化改革。\n", encoding="utf-8")
    assert run(archive, tmp_path / "part", tiny).resumed == 0
    assert "全省强化改革" in (tmp_path / "part" / "out.csv").read_text(encoding="utf-8-sig")


def test_a_damaged_answer_is_not_believed(tmp_path):
    with open_journal(tmp_path / "a.journal") as journal:
        journal.put(b"question", b"answer")
        assert journal.get(b"question") == b"answer" and journal.get(b"other") is None
    with sqlite3.connect(tmp_path / "a.journal") as connection:
        connection.execute("UPDATE answers SET answer = ?", (b"wrong",))
    with open_journal(tmp_path / "a.journal") as journal:
        assert journal.earlier == 1 and journal.get(b"question") is None


def test_two_runs_do_not_write_to_one_output(tmp_path):
    with open_journal(tmp_path / "a.journal") as journal:
        journal.put(b"question", b"answer")
        with pytest.raises(GongbaoError, match="another run"), open_journal(tmp_path / "a.journal"):
            pass


def test_what_is_no_journal_is_left_alone(tmp_path):
    (tmp_path / "a.journal").write_bytes(b"my notes" * 200)
    with pytest.raises(GongbaoError, match="remove it"), open_journal(tmp_path / "a.journal"):
        pass
    assert (tmp_path / "a.journal").read_bytes() == b"my notes" * 200


def test_a_journal_without_answers_leaves_no_file(tmp_path):
    with open_journal(tmp_path / "a.journal") as journal:
        assert journal.begun("2026-03-18") == journal.begun("2027-01-01") == "2026-03-18"
    assert list(tmp_path.iterdir()) == []


def test_a_run_killed_while_outputs_are_put_in_place_goes_on(archive, tiny, tmp_path, monkeypatch):
    """Two outputs are in place, the others are not: the same call goes on and needs no --force."""
    from gongbao import files

    real, calls = os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) > 2:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(files.os, "replace", replace)
        run(archive, tmp_path / "part", tiny)
    assert (tmp_path / "part" / "out.jsonl.journal").exists()
    assert run(archive, tmp_path / "part", tiny).resumed
    run(archive, tmp_path / "whole", tiny)
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")


def test_outputs_may_not_meet_each_other_or_the_input(labeler, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": "a", "text": "要改革。"}\n', encoding="utf-8")
    for outputs, review in ((["o.jsonl"], "o.jsonl"), (["o.csv", "o.csv.aside.jsonl"], None)):
        with pytest.raises(GongbaoError, match="named twice"):
            predict(
                [str(tmp_path / "in.jsonl")], labeler, [tmp_path / name for name in outputs],
                review=tmp_path / review if review else None,
            )  # fmt: skip
    with pytest.raises(GongbaoError, match=r"in\.jsonl is to be read and to be written"):
        predict([str(tmp_path / "in.jsonl")], labeler, review=tmp_path / "in.jsonl")
    with pytest.raises(GongbaoError, match=r"in\.jsonl is to be read and to be written"):
        predict([str(tmp_path), str(tmp_path / "in.jsonl")], labeler, tmp_path / "in.jsonl", force=True)
    with pytest.raises(GongbaoError, match="no file to read but the output itself"):
        predict([str(tmp_path)], labeler, tmp_path / "in.jsonl", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def stopped(archive, folder, tiny):
    def stop(summary):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(archive, folder, tiny, progress=stop)


def test_what_is_answered_outlives_a_run_that_finds_nothing_to_read(archive, tiny, tmp_path):
    stopped(archive, tmp_path / "out", tiny)
    archive.rename(tmp_path / "away")
    assert len(run(archive, tmp_path / "out", tiny).errors) == 1
    # Nor is all lost if there is something that cannot be read.
    archive.mkdir()
    (archive / "0.docx").write_bytes(b"no docx")
    assert len(run(archive, tmp_path / "out", tiny).errors) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.jsonl.journal"]
    (archive / "0.docx").unlink()
    archive.rmdir()
    (tmp_path / "away").rename(archive)
    assert run(archive, tmp_path / "out", tiny).resumed == CHUNK
    assert not (tmp_path / "out" / "out.jsonl.journal").exists()


def test_a_journal_allows_only_its_own_outputs_to_be_replaced(archive, tiny, labeler, tmp_path):
    stopped(archive, tmp_path / "out", tiny)
    for name in ("mine.csv", "tasks.json", "out.csv"):
        (tmp_path / "out" / name).write_text("mine")
    for options in ({"review": tmp_path / "out" / "tasks.json"}, {}):
        others = [] if options else ["mine.csv"]
        with pytest.raises(GongbaoError, match=f"{'tasks.json' if options else 'mine.csv'} is there already"):
            predict(
                [str(archive)], labeler, [tmp_path / "out" / name for name in (*OUTPUTS, *others)],
                policy="f1", **options,
            )  # fmt: skip
    assert run(archive, tmp_path / "out", tiny).resumed == CHUNK
    assert (tmp_path / "out" / "mine.csv").read_text() == "mine" != (tmp_path / "out" / "out.csv").read_text()


def test_a_run_that_ended_meanwhile_is_not_overwritten(archive, tiny, labeler, tmp_path, monkeypatch):
    """Its outputs were not there when this one looked first, before it listed its files."""
    from gongbao import predict as module

    listing = module.expand

    def slow(*arguments):
        monkeypatch.setattr(module, "expand", listing)
        run(archive, tmp_path / "out", tiny)
        return listing(*arguments)

    monkeypatch.setattr(module, "expand", slow)
    with pytest.raises(GongbaoError, match=r"out\.jsonl is there already"):
        run(archive, tmp_path / "out", tiny)
    assert not (tmp_path / "out" / "out.jsonl.journal").exists()


@pytest.mark.parametrize("name", ["tasks.jsonl", "both.csv", "both.html", "both.xlsx", "both.parquet"])
def test_two_runs_do_not_share_a_further_output(archive, labeler, tmp_path, name):
    shared = tmp_path / name
    other = {"review": shared} if name.startswith("tasks") else {}
    outputs = [] if other else [shared]
    failed = []

    def meanwhile(summary):
        if not failed:
            with pytest.raises(GongbaoError, match=f"{name}: another run is writing there") as caught:
                predict([str(archive / "0.txt")], labeler, [tmp_path / "b.jsonl", *outputs], **other)
            failed.append(caught)

    whole = predict([str(archive)], labeler, [tmp_path / "a.jsonl", *outputs], progress=meanwhile, **other)
    assert failed and whole.paragraphs > 3 * CHUNK and shared.stat().st_size
    assert not (tmp_path / "b.jsonl").exists() and not list(tmp_path.glob(".*.partial"))
    if name == "both.csv":
        assert len(shared.read_text(encoding="utf-8-sig").splitlines()) == whole.paragraphs + 1
    # What a killed run has left keeps nobody out.
    (tmp_path / f".{name}.partial").mkdir() if name.endswith("html") else (tmp_path / f".{name}.partial").touch()
    predict([str(archive / "0.txt")], labeler, [tmp_path / "b.jsonl", *outputs], force=True, **other)


@pytest.mark.parametrize("at", [4096, 8192, 12288, 16384, 20480])
def test_a_damaged_journal_is_one_line(archive, tiny, tmp_path, at):
    stopped(archive, tmp_path, tiny)
    journal = tmp_path / "out.jsonl.journal"
    data = bytearray(journal.read_bytes())
    data[at : at + 4096] = b"\xff" * 4096
    journal.write_bytes(data)
    try:
        summary = run(archive, tmp_path, tiny)
    except GongbaoError as error:
        assert "damaged" in str(error) and "remove it to begin anew" in str(error)
    else:
        # Another page than those of the tables that it looks into.
        assert summary.paragraphs > 3 * CHUNK


KEEPING = """
import os, sys
from gongbao.journal import noted, open_journal

with open_journal(sys.argv[1]) as journal:
    journal.note(["out.jsonl"])
    while True:
        journal.put(os.urandom(8), os.urandom(20_000))
"""


def test_killed_while_an_answer_is_kept_it_goes_on(tmp_path):
    """What SQLite was writing is taken back when the journal is next looked into."""
    draw = random.Random(3)
    hot = 0
    for number in range(12):
        path = tmp_path / f"{number}.journal"
        process = subprocess.Popen([sys.executable, "-c", KEEPING, path], cwd=ROOT)
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.1 + draw.uniform(0, 0.05))
        process.kill()
        process.wait()
        hot += path.with_name(f"{path.name}-journal").exists()
        assert noted(path) <= {"out.jsonl"}
        with open_journal(path) as journal:
            journal.put(b"question", b"answer")
            assert journal.get(b"question") == b"answer"
    assert hot, "never killed at the moment in question"


def test_a_link_in_an_outputs_place_is_its_own(archive, tiny, labeler, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "real.jsonl").write_text("mine")
    (tmp_path / "out" / "out.jsonl").symlink_to("real.jsonl")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("gongbao.predict._tidy", stop)
        run(archive, tmp_path / "out", tiny, force=True)
    assert run(archive, tmp_path / "out", tiny).resumed
    assert (tmp_path / "out" / "real.jsonl").read_text() == "mine"


def test_a_journal_that_cannot_be_made_is_not_to_be_removed(tmp_path):
    with pytest.raises(GongbaoError, match="what it holds is kept") as caught, open_journal(tmp_path / "no" / "a"):
        pass
    assert "remove" not in str(caught.value)
