"""Documents in, rows out: through the function and through the command."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, SHARED, write_jsonl
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.cli import app
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS
from gongbao.predict import predict

KEYS = ["id", "document", "number", "kind", "heading", "page", "line", "text", "labels", "review", "scores", "evidence"]
KEYS += ["sentences", "model", "decision"]
PAGE = "全会公报\n会议指出，要改革开放。引进人才！\n全省强化科技创新。\n（记者 张三）\n"


@pytest.fixture(scope="module")
def labeler(tiny):
    return Labeler.load(tiny, device="cpu")


def load(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_row_is_what_the_format_says(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    out = tmp_path / "out.jsonl"
    summary = predict([str(tmp_path / "a.txt")], labeler, out)
    rows = load(out)
    assert summary.paragraphs == len(rows) == 3
    for number, row in enumerate(rows, 1):
        assert list(row) == KEYS
        assert row["number"] == number
        assert row["id"] == f"{row['document']}#{number}"
        assert set(row["scores"]) == set(POLICY_DOMAINS.ids)
        assert all(score == round(score, 4) for score in row["scores"].values())
        assert "".join(row["text"][s["start"] : s["end"]] for s in row["sentences"]) == row["text"]
        assert set(row["evidence"]) == set(row["labels"])
        for evidence in row["evidence"].values():
            sentence = row["sentences"][evidence["sentence"]]
            assert (evidence["start"], evidence["end"]) == (sentence["start"], sentence["end"])
        assert (row["model"], row["decision"]) == (labeler.name, labeler.decision.id)
    assert [row["kind"] for row in rows] == ["heading", "body", "body"]


def test_a_heading_is_a_row_and_the_path_of_what_follows(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(
        "一、主要任务\n（一）改革\n全省强化改革。\n二、人才\n引进人才。\n", encoding="utf-8"
    )
    predict([str(tmp_path / "a.txt")], labeler, tmp_path / "out.jsonl")
    rows = [(row["kind"], row["text"], row["heading"]) for row in load(tmp_path / "out.jsonl")]
    assert rows == [
        ("heading", "一、主要任务", []),
        ("heading", "（一）改革", ["一、主要任务"]),
        ("body", "全省强化改革。", ["一、主要任务", "（一）改革"]),
        ("heading", "二、人才", []),
        ("body", "引进人才。", ["二、人才"]),
    ]


def test_lines_set_aside_are_no_rows_and_are_not_lost(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    out = tmp_path / "out.jsonl"
    predict([str(tmp_path / "a.txt")], labeler, out)
    (aside,) = load(tmp_path / "out.jsonl.aside.jsonl")
    assert aside["text"] == "（记者 张三）"
    assert (aside["reason"], aside["line"], aside["document"]) == ("byline", 4, "a.txt")
    assert "张三" not in out.read_text(encoding="utf-8")


def test_a_row_of_jsonl_is_one_paragraph_and_keeps_its_other_keys(labeler, tmp_path):
    rows = [
        {"id": "x", "text": "一、改革\n（记者 张三）\n\n引进人才", "url": "u", "labels": ["old"]},
        {"id": "y", "text": ""},
    ]
    out = tmp_path / "out.jsonl"
    predict([str(write_jsonl(tmp_path / "in.jsonl", rows))], labeler, out)
    one, two = load(out)
    assert one["id"] == "x"
    assert one["text"] == rows[0]["text"]
    assert one["url"] == "u"
    assert one["input"] == {"labels": ["old"]}
    assert (two["labels"], two["sentences"]) == ([], [])


def test_csv_opens_in_a_spreadsheet_and_runs_no_formula(labeler, tmp_path):
    rows = [{"id": "=1+1", "text": "=HYPERLINK(1)，改革开放。", "note": "x"}, {"id": "b", "text": "引进人才。\n全省。"}]
    out = tmp_path / "out.csv"
    predict([str(write_jsonl(tmp_path / "in.jsonl", rows))], labeler, out)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as file:
        one, two = csv.DictReader(file)
    assert one["id"] == "'=1+1"
    assert one["text"].startswith("'=HYPERLINK")
    assert two["text"] == rows[1]["text"]
    assert json.loads(one["extra"]) == {"note": "x"}
    for label in POLICY_DOMAINS.ids:
        assert 0 <= float(one[f"score_{label}"]) <= 1
    assert set(two["labels"].split(";")) <= {*POLICY_DOMAINS.ids, ""}
    # The two formats say the same.
    predict([str(tmp_path / "in.jsonl")], labeler, tmp_path / "out.jsonl")
    assert [";".join(row["labels"]) for row in load(tmp_path / "out.jsonl")] == [one["labels"], two["labels"]]


def test_one_bad_file_is_reported_and_the_rest_go_on(labeler, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(PAGE, encoding="utf-8")
    (folder / "b.txt").write_bytes(b"\x00\x01\x02" * 50)
    (folder / "c.txt").write_text("\n \n", encoding="utf-8")
    (folder / "d.jsonl").write_text('{"id": "1", "text": 5}\n')
    (folder / "e.txt").write_bytes("引进人才。改革开放，全省强化科技创新。".encode("gb18030"))
    summary = predict([str(folder)], labeler, tmp_path / "out.jsonl")
    assert [name.rsplit("/", 1)[1] for name, _ in summary.errors] == ["b.txt", "c.txt", "d.jsonl"]
    assert "d.jsonl:1" in summary.errors[2][1]
    assert summary.files == 5
    assert {row["document"] for row in load(tmp_path / "out.jsonl")} == {"a.txt", "e.txt"}


def test_an_output_that_is_there_is_not_overwritten(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(GongbaoError, match=r"out\.jsonl is there already: use --force"):
        predict([str(tmp_path / "a.txt")], labeler, out)
    assert out.read_text() == "mine"
    predict([str(tmp_path / "a.txt")], labeler, out, force=True)
    assert len(load(out)) == 3


def test_a_run_that_labels_nothing_touches_no_output(labeler, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    out = tmp_path / "out.jsonl"
    assert predict([str(tmp_path / "empty.txt")], labeler, out).errors
    assert not out.exists()
    out.write_text("mine")
    predict([str(tmp_path / "empty.txt")], labeler, out, force=True)
    assert out.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.txt", "out.jsonl"]


def test_what_is_passed_over_in_a_folder_is_said(labeler, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(PAGE, encoding="utf-8")
    (folder / "b.xyz").write_text("x")
    (folder / "old.aside.jsonl").write_text('{"text": "（张三）"}\n', encoding="utf-8")
    summary = predict([str(folder)], labeler, tmp_path / "out.jsonl")
    assert (summary.files, summary.passed_over, summary.errors) == (1, 1, [])


def test_rows_before_a_bad_one_are_kept_and_counted(labeler, tmp_path):
    rows = [{"id": "a", "text": "引进人才。"}, {"id": "b", "text": "改革开放。"}, {"id": "a", "text": "科技创新。"}]
    summary = predict([str(write_jsonl(tmp_path / "in.jsonl", rows))], labeler, tmp_path / "out.jsonl")
    assert [row["id"] for row in load(tmp_path / "out.jsonl")] == ["a", "b"]
    assert summary.errors[0][1].endswith("(labelled: the 2 paragraphs before it)")


def test_an_output_inside_the_input_is_not_read_back(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    for _ in range(2):
        predict([str(tmp_path)], labeler, tmp_path / "out.jsonl", force=True)
    assert len(load(tmp_path / "out.jsonl")) == 3


def test_a_run_that_fails_leaves_nothing_behind(labeler, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(labeler, "decide", lambda chunk, logits: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        predict([str(tmp_path / "a.txt")], labeler, tmp_path / "out" / "out.jsonl")
    # What was answered is kept for the next call.
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.jsonl.journal"]


def test_an_unknown_output_suffix_names_the_known_ones(labeler, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    with pytest.raises(GongbaoError, match=r"out\.docx: an output is one of \.jsonl, \.csv"):
        predict([str(tmp_path / "a.txt")], labeler, tmp_path / "out.docx")


def test_text_the_model_was_not_made_for_is_warned_of_with_its_share(labeler, tmp_path):
    (tmp_path / "en.txt").write_text("The quick brown fox jumps over the lazy dog.\n", encoding="utf-8")
    (tmp_path / "hant.txt").write_text("全會強調，要堅持發展實體經濟，推動產業轉型。\n", encoding="utf-8")
    summary = predict([str(tmp_path)], labeler, tmp_path / "out.jsonl")
    texts = [text for _, text in summary.warnings]
    assert any(text.startswith("only 0% of its letters are Chinese") for text in texts)
    assert any(text.startswith("100% traditional characters") for text in texts)
    assert any("of its pieces are unknown" in text for text in texts)


def test_the_command_labels_a_file_and_says_which_model(tiny, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    out = tmp_path / "out.jsonl"
    result = CliRunner().invoke(app, ["predict", str(tmp_path / "a.txt"), "-o", str(out), "--model", str(tiny)])
    assert result.exit_code == 0
    assert f"model {tiny.name}@" in result.stderr
    assert "3 paragraphs of 1 file -> " in result.stderr
    assert "1 line set aside, not labelled: byline 1" in result.stderr
    assert result.stdout == ""


def test_the_command_reads_standard_input_and_shows_a_summary(tiny):
    result = CliRunner().invoke(app, ["predict", "-", "--model", str(tiny)], input="会议指出，要改革开放。引进人才！\n")
    assert result.exit_code == 0
    assert "#1  [" in result.stdout


def test_the_command_prints_json_lines(tiny, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    result = CliRunner().invoke(app, ["predict", str(tmp_path / "a.txt"), "-o", "-", "--model", str(tiny)])
    assert [json.loads(line)["number"] for line in result.stdout.splitlines()] == [1, 2, 3]


def test_exit_codes_mean_something(tiny, tmp_path):
    (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")

    def run(*arguments):
        return CliRunner().invoke(app, ["predict", *arguments, "--model", str(tiny)])

    assert run(str(tmp_path / "a.txt")).exit_code == 0
    some = run(str(tmp_path))
    assert some.exit_code == 1
    assert "1 of 2 files failed" in some.stderr
    assert run(str(tmp_path / "none.txt"), str(tmp_path / "a.txt")).exit_code == 1
    for nothing in ("none.txt", "b.txt"):
        failed = run(str(tmp_path / nothing))
        assert failed.exit_code == 2
        assert failed.stderr.count("error: ") == 1
    assert run(str(tmp_path / "a.txt"), "--device", "nonsense").exit_code == 2
    assert "device 'meta' is not available here" in run(str(tmp_path / "a.txt"), "--device", "meta").stderr
    assert run(str(tmp_path / "a.txt"), "-o", "").exit_code == 2
    assert CliRunner().invoke(app, ["predict"]).exit_code == 2
    assert CliRunner().invoke(app, ["predict", "x", "--model", str(tmp_path)]).exit_code == 2


def test_labels_shows_the_scheme(tiny):
    result = CliRunner().invoke(app, ["labels"])
    assert [line.split("\t")[0] for line in result.stdout.splitlines()[1:]] == list(POLICY_DOMAINS.ids)
    assert CliRunner().invoke(app, ["labels", "--model", str(tiny)]).stdout == result.stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys, gongbao.cli as c; c.app(['--help'], standalone_mode=False); print(*sys.modules, file=sys.stderr)"
    )
    started = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert time.monotonic() - started < 10
    assert "predict" in result.stdout
    assert not {"torch", "transformers", "numpy", "pydantic", "sklearn"} & set(result.stderr.split())


# --- the shipped model ------------------------------------------------------------------------------------------------


def test_the_shipped_model_labels_the_codebooks_own_examples(shipped):
    # From the codebook's table of examples; the ones with a single plain domain, and two without any.
    wanted = {
        "会议应到委员六十八人，实到六十五人，符合规定人数。": (),
        "一季度地区生产总值同比增长百分之五点六，主要指标好于预期。": (),
        "布局建设三家省实验室，对“卡脖子”技术实行清单化攻关。": ("innovation",),
        "推动钢铁、化工企业节能改造，建成一批零碳园区。": ("industry", "green"),
        "面向全球引进领军科学家，赋予用人单位职称评审自主权。": ("talent",),
        "新增普惠托位一万个，把社区食堂办到老人家门口。": ("livelihood",),
        "以零容忍态度惩治腐败，把纪律和规矩挺在前面。": ("party-building",),
    }
    found = dict(zip(wanted, (p.labels for p in shipped.label(wanted)), strict=True))
    assert found == wanted


def test_the_shipped_model_labels_a_page_of_broken_columns(shipped, tmp_path):
    summary = predict([str(ROOT / "data" / "samples" / "broken-columns.txt")], shipped, tmp_path / "out.jsonl")
    assert not summary.errors and not summary.warnings
    rows = load(tmp_path / "out.jsonl")
    assert [row["labels"] for row in rows[3:5]] == [["innovation", "talent"], ["green", "livelihood"]]
    assert [row["labels"] for row in rows if "主持" in row["text"] or "列席" in row["text"]] == [[], []]
    # An industry that is praised in passing: answered, or put before a person.
    assert "industry" in rows[2]["labels"] + rows[2]["review"]


@pytest.mark.skipif(not (SHARED / "seed-communique.txt").exists(), reason="the real page is not in the repository")
def test_the_real_page_comes_out_right(shipped, tmp_path):
    predict([str(SHARED / "seed-communique.txt")], shipped, tmp_path / "out.jsonl")
    rows = load(tmp_path / "out.jsonl")
    assert len(rows) == 10
    long = max(rows, key=lambda row: len(row["labels"]))
    assert {"innovation", "industry", "green", "reform", "region", "talent"} <= set(long["labels"])
    six = ("innovation", "industry", "green", "reform", "region", "talent")
    first = [long["evidence"][label]["sentence"] for label in six]
    assert first == sorted(set(first)), "each label has its own sentence"
    by_start = {row["text"][:8]: row["labels"] for row in rows}
    assert [row["labels"] for row in rows if "全面从严治党引领保障" in row["text"]] == [["party-building"]]
    assert next(row["labels"] for row in rows if "千万工程" in row["text"]).count("livelihood") == 1
    for row in rows:
        if row["text"].startswith(("全会由省委常委会", "全会审议通过", "省委委员、省委候补委员")):
            assert row["labels"] == [], by_start


def test_order_and_batch_size_change_no_answer_of_the_shipped_model(shipped):
    from gongbao.documents import Paragraph, Sentence
    from gongbao.examples import read_examples

    paragraphs = []
    for example in read_examples(ROOT / "data" / "gold.jsonl", POLICY_DOMAINS)[:48]:
        ends = [sum(len(s.text) for s in example.sentences[: n + 1]) for n in range(len(example.sentences))]
        bounds = zip([0, *ends], ends, strict=False)
        sentences = tuple(Sentence(example.text[a:b], a, b) for a, b in bounds)
        paragraphs.append(Paragraph(example.id, example.text, sentences))
    straight = shipped.predict(paragraphs)
    tokens = shipped.engine.tokens
    shipped.engine.tokens = 700
    reverse = shipped.predict(paragraphs[::-1])[::-1]
    shipped.engine.tokens = tokens
    for one, two in zip(straight, reverse, strict=True):
        assert one.labels == two.labels
        assert all(abs(one.scores[label] - two.scores[label]) < 1e-4 for label in one.scores)


def test_a_file_that_breaks_off_has_a_page_of_its_own(labeler, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [{"id": "甲1", "text": "引进人才。"}, {"id": "甲2", "text": "改革开放。"}]
    write_jsonl(folder / "a.jsonl", rows)
    with (folder / "a.jsonl").open("a") as file:
        file.write("{broken\n")
    (folder / "b.txt").write_text("乙文标题\n　　全省强化科技创新。\n", encoding="utf-8")
    summary = predict([str(folder)], labeler, tmp_path / "v.html")
    assert len(summary.errors) == 1 and "labelled: the 2 paragraphs before it" in summary.errors[0][1]
    first, second = sorted((tmp_path / "v.pages").iterdir())
    first, second = (path.read_text(encoding="utf-8") for path in (first, second))
    assert "没有读完" in first and "a.jsonl" in first and "乙文标题" not in first
    assert "没有读完" not in second and "乙文标题" in second and "甲1" not in second


def test_names_that_are_no_text_are_in_the_errors(labeler, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("引进人才。", encoding="utf-8")
    with open(os.fsencode(folder) + b"/\xd6\xd0.pdf", "wb") as file:
        file.write(b"no pdf")
    assert len(predict([str(folder)], labeler, tmp_path / "o.jsonl").errors) == 1
    (error,) = load(tmp_path / "o.jsonl.errors.jsonl")
    assert error["source"].endswith("\\xd6\\xd0.pdf") and "\\xd6\\xd0.pdf" in error["error"]
    assert not (tmp_path / "o.jsonl.journal").exists()
    # Nor need an output's be, even of a run that was stopped.
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xd6.jsonl"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("gongbao.predict._tidy", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        predict([str(folder)], labeler, out)
    assert out.exists() and predict([str(folder)], labeler, out).resumed == len(load(out)) == 1


def test_what_the_run_writes_is_not_read_back(labeler, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("引进人才。", encoding="utf-8")
    (tmp_path / "view.jsonl.asked").mkdir()
    (tmp_path / "view.jsonl.asked" / "other.txt").write_text("引进人才。", encoding="utf-8")
    for _ in range(2):
        outputs = [tmp_path / "view.jsonl", tmp_path / "view.html"]
        summary = predict([str(tmp_path)], labeler, outputs, force=True)
        assert (summary.files, summary.paragraphs) == (2, 2)
    assert len(list((tmp_path / "view.pages").iterdir())) == 2


def started(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "gongbao", *map(str, words)],
        cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **options,
    )  # fmt: skip


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big.jsonl"
    write_jsonl(path, [{"id": f"r{n}", "text": f"第{n}条，引进人才。" + "全省强化改革。" * 20} for n in range(600)])
    return path


def test_nobody_reading_stops_no_run_that_writes_files(tiny, big, tmp_path):
    for number, closed in enumerate(("stdout", "stderr")):
        out = tmp_path / f"{number}.jsonl"
        process = started("predict", big, "-o", out, "-o", "-", "--model", tiny, "--device", "cpu")
        getattr(process, closed).close()
        other = process.stderr if closed == "stdout" else process.stdout
        said = other.read().decode()
        assert process.wait() == 0 and "Traceback" not in said and "Exception ignored" not in said
        assert len(load(out)) == 600
    # With nothing to write there is no more to do, and no fault either.
    process = started("predict", big, "--model", tiny, "--device", "cpu")
    process.stdout.close()
    said = process.stderr.read().decode()
    assert process.wait() == 0 and "Traceback" not in said and "Exception ignored" not in said


@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_is_closed_from_the_start_does_no_harm(tiny, tmp_path, closed):
    (tmp_path / "a.txt").write_text("引进人才。", encoding="utf-8")
    for words in (["predict", "--model", str(tiny), "-o", str(tmp_path / "o.jsonl"), "--force"], ["segment"]):
        process = started(words[0], tmp_path / "a.txt", *words[1:], preexec_fn=lambda: os.close(closed))
        out, err = process.communicate()
        assert process.returncode == 0 and b"Traceback" not in out + err
        assert b"model " not in out
    assert len(load(tmp_path / "o.jsonl")) == 1


def test_rows_are_shown_in_any_encoding(tiny, tmp_path):
    (tmp_path / "a.txt").write_text("引进人才𠮷。", encoding="utf-8")
    for words, is_json in ((["predict", "--model", tiny, "-o", "-"], True), (["segment"], False)):
        process = started(words[0], tmp_path / "a.txt", *words[1:], env=os.environ | {"PYTHONIOENCODING": "gbk"})
        out, err = process.communicate()
        assert process.returncode == 0, err
        lines = out.decode("gbk").splitlines()
        assert json.loads(lines[0])["text"] == "引进人才𠮷。" if is_json else "引进人才\\U00020bb7" in "".join(lines)


def test_a_run_that_waits_for_standard_input_can_be_stopped(tiny, tmp_path):
    # A shell has what it starts in the background ignore SIGINT.
    process = started(
        "predict", "-", "--model", tiny, "--device", "cpu",
        stdin=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert b"model tiny" in process.stderr.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        said = process.stderr.read()
        assert b"stopped" in said and b"Traceback" not in said
    finally:
        process.kill()


def test_a_time_that_is_none_is_one_line(labeler, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("引进人才。", encoding="utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "99999999999999")
    with pytest.raises(GongbaoError, match="SOURCE_DATE_EPOCH=99999999999999 is no time"):
        predict([str(tmp_path / "a.txt")], labeler, tmp_path / "o.jsonl")
