"""Scoring a model, a predictions file and a second annotator through one door; the report and its command."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import baselines, report
from eval.__main__ import app
from eval.gold import Gold
from eval.markdown import render, table
from eval.system import ask, majority, open_system
from gongbao import __version__, models
from gongbao.decision import Decision
from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence, write_examples
from gongbao.labeler import Labeler
from gongbao.labels import POLICY_DOMAINS, Label, Scheme

KEYS = [
    "signature", "gold", "system", "labels", "none", "macro", "micro", "samples", "exact_match", "hamming_loss",
    "sentence_level", "evidence", "calibration", "curves", "bands", "policies", "slices", "confusion", "errors",
    "suspects", "seeds", "behaviour", "baselines", "provenance",
]  # fmt: skip
WORDS = {"绿色": "green", "实验室": "innovation", "人才": "talent", "就业": "livelihood"}
TEXTS = [
    ("d1-1", ["推进绿色转型。", "建设实验室。"]),
    ("d1-2", ["会议召开。"]),
    ("d2-1", ["引进人才。", "扩大就业。"]),
    ("d2-2", ["与会人员合影。"]),
    ("d3-1", ["建设绿色家园；", "人才辈出。"]),
]


class Words:
    """An engine that knows a label by a word: logit 2 where the word stands, −2 where it does not."""

    labels = len(POLICY_DOMAINS)
    unknown = pieces = 0

    def logits(self, paragraphs):
        return [np.array([[self._one(text, label) for label in POLICY_DOMAINS.ids] for text in p]) for p in paragraphs]

    def _one(self, text, label):
        return 2.0 if any(word in text for word, known in WORDS.items() if known == label) else -2.0


def decision(threshold=0.5):
    size = len(POLICY_DOMAINS)
    plain = np.tile([1.0, 0.0], (size, 1))
    return Decision(POLICY_DOMAINS, plain, plain, np.full(size, threshold), threshold, np.full((size, 2), threshold))


def example(id_, texts, drop=()):
    sentences = tuple(
        LabelledSentence(t, tuple(POLICY_DOMAINS.check(x for w, x in WORDS.items() if w in t and x not in drop)))
        for t in texts
    )
    labels = tuple(POLICY_DOMAINS.check(label for s in sentences for label in s.labels))
    return Example(id_, id_.split("-")[0], sentences, labels)


@pytest.fixture
def gold():
    return Gold("gold.jsonl", POLICY_DOMAINS, tuple(example(*text) for text in TEXTS))


@pytest.fixture
def folder(tmp_path, gold, monkeypatch):
    """A directory with `data/gold.jsonl` and a second annotator who misses `green`, and nothing in `models/`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write_examples(gold.examples, "data/gold.jsonl")
    write_examples([example(*text, drop=("green",)) for text in TEXTS], "data/gold.second.jsonl")
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch):
    """A run in `models/run` whose engine is `Words`."""
    path = folder / "models" / "run"
    path.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
        (path / name).write_text("{}")
    decision().save(path)
    (path / "record.json").write_text(
        json.dumps({"finished": "2026-01-01", "files": ["config.json"], "train": "/home/someone/train.jsonl"})
    )
    monkeypatch.setattr("gongbao.labeler.open_engine", lambda *_, **__: Words())
    return path


def save(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def answers(gold, **more):
    return [{"id": e.id, "labels": list(e.labels)} | more for e in gold.examples]


def invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_report_of_a_model_that_is_always_right(gold):
    found = report.score(ask(Labeler(Words(), decision(), "words@1"), gold), gold, [majority(gold)], resamples=50)
    assert list(found) == KEYS
    assert found["macro"]["f1"] == found["micro"]["f1"] == found["samples"]["f1"] == 1.0
    assert found["exact_match"]["accuracy"] == found["none"]["f1"] == 1.0
    assert found["sentence_level"]["macro"]["f1"] == 1.0
    green = found["labels"]["green"]
    assert green == {
        "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2, "average_precision": 1.0, "threshold": 0.5,
        "interval": [1.0, 1.0],
    }  # fmt: skip
    assert found["labels"]["reform"]["f1"] is None
    # Scores are sigmoid(±2), 0.119 from the truth everywhere: Brier 0.119203² = 0.014209.
    assert found["calibration"]["brier"] == pytest.approx(0.119203**2, abs=1e-6)
    assert found["calibration"]["ece"] == pytest.approx(0.119203, abs=1e-6)
    assert found["baselines"]["majority"]["macro"]["f1"] == 0.0
    assert found["baselines"]["majority"]["difference"]["macro_f1"] == 1.0
    assert found["gold"]["without_label"] == 0.4
    assert found["gold"]["sentences"] == 8
    assert found["provenance"]["decision"] == decision().id
    assert found["signature"] == (
        f"macro_f1|gold:{gold.sha256[:6]}|n:5|docs:3|labels:policy-domains/1|boot:50|seed:12345|gongbao:{__version__}"
    )


def test_same_seed_same_report(gold):
    system = open_labeler(gold)
    first, second = (report.score(system, gold, [majority(gold)], resamples=50, seed=4) for _ in range(2))
    first["provenance"].pop("date"), second["provenance"].pop("date")
    assert first == second


def open_labeler(gold, threshold=0.5):
    return ask(Labeler(Words(), decision(threshold), "words@1"), gold)


def test_predictions_hold_all_that_the_report_needs(gold, tmp_path):
    system = open_labeler(gold, threshold=0.9)  # nothing reaches it: sigmoid(2) is 0.881
    rows = report.predictions(system, gold)
    assert list(rows[0]) == ["id", "document", "labels", "scores", "review", "sentences"]
    assert rows[0]["scores"]["green"] == 0.880797
    again = open_system(save(tmp_path / "p.jsonl", rows), gold, system.name)
    first, second = report.score(system, gold, resamples=50), report.score(again, gold, resamples=50)
    for key in KEYS:
        # How sure an error was depends on the threshold, which a file of predictions does not give.
        if key not in ("system", "labels", "provenance", "errors"):
            assert first[key] == second[key], key
    assert {(e["id"], e["label"]) for e in first["errors"]} == {(e["id"], e["label"]) for e in second["errors"]}
    assert second["labels"]["green"]["threshold"] is None
    assert second["labels"]["green"]["f1"] == first["labels"]["green"]["f1"] == 0.0


def test_predictions_without_scores_leave_sections_out_and_say_so(gold, tmp_path):
    rows = answers(gold)[::-1]
    found = report.score(open_system(save(tmp_path / "mine.jsonl", rows), gold), gold, resamples=20)
    assert found["system"]["name"] == "mine"
    assert found["macro"]["f1"] == 1.0
    assert found["calibration"] is None
    assert found["sentence_level"] is None
    assert found["labels"]["green"]["average_precision"] is None
    text = render(found)
    assert "No scores for 5 of 5 paragraphs" in text
    assert "No sentence figures: 5 of 5 paragraphs come without `sentences`." in text
    assert "## Sentences" not in text
    assert "## Calibration" not in text


def test_sentence_scores_without_labels_are_cut_at_a_half_and_it_says_so(gold, tmp_path):
    rows = report.predictions(open_labeler(gold), gold)
    for row in rows:
        start = 0
        for sentence, known in zip(row["sentences"], dict(TEXTS)[row["id"]], strict=True):
            sentence.pop("labels")
            sentence["end"] = start = start + len(known)
    found = report.score(open_system(save(tmp_path / "p.jsonl", rows), gold), gold, resamples=20)
    assert found["sentence_level"]["macro"]["f1"] == 1.0
    assert "at least 0.5" in found["system"]["notes"][0]
    rows[0]["sentences"][0]["end"] += 1
    found = report.score(open_system(save(tmp_path / "p.jsonl", rows), gold), gold, resamples=20)
    assert found["sentence_level"] is None
    assert found["system"]["notes"][0] == "No sentence figures: the sentences are not the gold's, first in d1-1."


def test_second_annotator_answers_with_the_union_of_sentence_labels(gold, tmp_path):
    write_examples([example(*text, drop=("green",)) for text in TEXTS[::-1]], tmp_path / "second.jsonl")
    found = report.score(open_system(tmp_path / "second.jsonl", gold), gold, resamples=20)
    # green is missed twice, the other three labels of gold are right: (0 + 1 + 1 + 1) / 4.
    assert found["macro"]["f1"] == 0.75
    assert found["sentence_level"]["macro"]["f1"] == 0.75
    assert found["system"]["form"] == "examples"


def test_gold_labelled_by_paragraph_has_no_sentence_figures(gold):
    whole = tuple(Example(e.id, e.document, e.sentences, e.labels, by_sentence=False) for e in gold.examples)
    gold = Gold("gold.jsonl", POLICY_DOMAINS, whole)
    found = report.score(open_labeler(gold), gold, resamples=20)
    assert found["sentence_level"] is None
    assert found["system"]["notes"] == [
        "No sentence figures: the gold's labels are set on paragraphs.",
        "3 documents are few to resample: the intervals are too narrow to lean on.",
    ]


def test_one_document_has_no_intervals(gold):
    gold = Gold("gold.jsonl", POLICY_DOMAINS, gold.examples[:2])
    found = report.score(open_labeler(gold), gold, [majority(gold)])
    assert found["macro"]["interval"] is None
    assert found["labels"]["green"]["interval"] is None
    assert found["baselines"]["majority"]["difference"]["interval"] is None
    assert "No intervals" in found["system"]["notes"][0]
    assert "without an interval" in render(found)


def test_gold_without_any_label(gold):
    plain = tuple(example(id_, ["会议召开。"]) for id_ in ("d1-1", "d2-1"))
    gold = Gold("gold.jsonl", POLICY_DOMAINS, plain)
    found = report.score(open_labeler(gold), gold, [majority(gold)], resamples=20)
    assert found["macro"]["f1"] is None
    assert found["samples"]["f1"] == found["exact_match"]["accuracy"] == found["none"]["f1"] == 1.0
    assert "Macro-F1 is undefined" in render(found)
    json.dumps(found, allow_nan=False)


def test_majority_answers_what_more_than_half_carry(gold):
    truth = [example(f"d{n}-1", ["推进绿色转型。"] if n < 3 else ["会议召开。"]) for n in range(5)]
    often = majority(Gold("g", POLICY_DOMAINS, tuple(truth)))
    assert often.answer[:, POLICY_DOMAINS.ids.index("green")].all()
    assert often.answer.sum() == 5
    assert not majority(gold).answer.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[2:], "2 ids of the gold are missing: 'd1-1', 'd1-2'"),
        (lambda rows: [*rows, {"id": "x", "labels": []}], "1 id is not in the gold: 'x'"),
        (lambda rows: [*rows, rows[0]], "p.jsonl:6: id 'd1-1' was used before, at line 1"),
        (
            lambda rows: [*rows[:4], {"id": "d3-1", "labels": ["gren"]}],
            "p.jsonl:5: unknown label 'gren' (nearest: 'green')",
        ),
        (lambda rows: [*rows[:4], {"id": "d3-1"}], "p.jsonl:5: `labels` is missing"),
        (lambda rows: [*rows[:4], {"labels": []}], "p.jsonl:5: `id` is missing"),
        (lambda rows: [*rows[:4], {"id": "d3-1", "labels": "green"}], "p.jsonl:5: `labels` is not a list of label ids"),
        (lambda rows: [*rows[:4], [1]], "p.jsonl:5: a row is a JSON object, not a list"),
        (lambda rows: [rows[0] | {"scores": {"green": 0.5}}, *rows[1:]], "p.jsonl:1: `scores` lacks 'innovation'"),
        (
            lambda rows: [rows[0] | {"scores": dict.fromkeys(POLICY_DOMAINS.ids, 1.5)}, *rows[1:]],
            "p.jsonl:1: `scores`: 'innovation' is 1.5, not a probability within 0 and 1",
        ),
        (
            lambda rows: [rows[0] | {"scores": dict.fromkeys(POLICY_DOMAINS.ids, float("nan"))}, *rows[1:]],
            "p.jsonl:1: NaN is not JSON",
        ),
        (
            lambda rows: [rows[0] | {"sentences": [{"scores": {"greed": 1}}]}, *rows[1:]],
            "p.jsonl:1: unknown label 'greed' (nearest: 'green')",
        ),
        (lambda rows: [{"id": "x"}], "p.jsonl:1: neither a prediction"),
    ],
)
def test_bad_predictions_are_refused_with_their_place(gold, tmp_path, change, message):
    path = save(tmp_path / "p.jsonl", change(answers(gold)))
    with pytest.raises(GongbaoError) as error:
        open_system(path, gold)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "d1-1", "labels": []}\n{"id": \n', "p.jsonl:2: not JSON"),
        (b'{"id": "d1-1", "labels": []}\n\xb9\xab\xb1\xa8\n', "p.jsonl:2: not UTF-8"),
        (b'{"id": "d1-1", "labels": [], "x": ' + b"1" * 5000 + b"}\n", "p.jsonl:1: not JSON"),
        (b"", r"p\.jsonl: empty: no prediction in it$"),
        (b"\xef\xbb\xbf \n\n", r"p\.jsonl: empty: no prediction in it$"),
        (b'{"id": "d1-1", "labels": []}\r{"id": "d1-2", "labels": []}\r', r"p\.jsonl:1: .*lines end in CR alone"),
    ],
)
def test_damaged_predictions_are_refused(gold, tmp_path, content, message):
    (tmp_path / "p.jsonl").write_bytes(content)
    with pytest.raises(GongbaoError, match=message):
        open_system(tmp_path / "p.jsonl", gold)


def test_model_of_another_scheme_is_refused(gold):
    other = Scheme("mine", "1", "", tuple(Label(f"l{n}", "", "", "") for n in range(8)))
    labeler = Labeler(Words(), dataclasses.replace(decision(), scheme=other), "m")
    with pytest.raises(GongbaoError, match=r"m answers the labels of mine/1 .* read with policy-domains/1"):
        ask(labeler, gold)


def test_command_on_a_run_writes_into_the_run(run, folder):
    shown = invoke("score", "models/run", "--resamples", "100")
    assert shown.exit_code == 0, shown.output
    assert sorted(p.name for p in (run / "report").iterdir()) == [
        "predictions.jsonl", "report.html", "report.json", "report.md",
    ]  # fmt: skip
    found = json.loads((run / "report" / "report.json").read_text(encoding="utf-8"))
    assert list(found) == [*KEYS, "predictions"]
    assert list(found["baselines"]) == ["second annotator", "keyword list", "majority"]
    # The second annotator misses one of four labels: F1 (1 + 1 + 1 + 0) / 4.
    assert found["baselines"]["second annotator"]["difference"]["macro_f1"] == 0.25
    assert found["provenance"]["model"].startswith("run@")
    text = (run / "report" / "report.md").read_text(encoding="utf-8")
    # The terminal shows the beginning: verdict, labels, systems.
    shown_there = shown.output.split("\n\nwritten to")[0]
    assert text.startswith(shown_there) and "## Systems side by side" in shown_there
    assert text.splitlines()[2].startswith("Macro-F1 1.000")
    assert "python -m train configs/tfidf.toml" in text
    for file in (run / "report").iterdir():
        content = file.read_text(encoding="utf-8")
        assert str(folder) not in content
        assert "/home/someone" not in content
    assert invoke("score", "latest", "--resamples", "100").exit_code == 0


def test_shipped_model_and_files_need_a_folder(run, folder, monkeypatch):
    monkeypatch.setattr(models, "shipped", lambda: run)
    for x in ("shipped", "models/run", "data/gold.second.jsonl"):
        shown = invoke("score", x)
        assert shown.exit_code == 2
        assert shown.output == f"error: -o DIR is needed: {x} has no folder of its own for a report\n"


def test_report_is_overwritten_only_by_force(folder):
    arguments = ("score", "data/gold.second.jsonl", "-o", "out", "--resamples", "100")
    assert invoke(*arguments).exit_code == 0
    before = (folder / "out" / "report.json").read_bytes()
    shown = invoke(*arguments)
    assert shown.exit_code == 1
    assert shown.output == "error: out holds a report already: add --force to overwrite it, or choose another -o\n"
    assert (folder / "out" / "report.json").read_bytes() == before
    assert invoke(*arguments, "--force").exit_code == 0
    (folder / "file").write_text("")
    assert "is a file" in invoke("score", "data/gold.second.jsonl", "-o", "file").output


def test_named_baselines_stand_beside_the_system(folder, gold):
    save(folder / "words.jsonl", answers(gold))
    arguments = ("score", "data/gold.second.jsonl", "--name", "B", "--resamples", "100")
    shown = invoke(*arguments, "-o", "out", "--baseline", "关键词|表=words.jsonl")
    assert shown.exit_code == 0, shown.output
    found = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    # The scored file is not its own baseline.
    assert list(found["baselines"]) == ["关键词|表", "keyword list", "majority"]
    assert found["baselines"]["关键词|表"]["difference"]["macro_f1"] == -0.25
    assert "关键词\\|表" in shown.output
    shown = invoke(*arguments, "-o", "other", "--baseline", "B=words.jsonl")
    assert shown.exit_code == 1
    assert "two systems are called 'B'" in shown.output


def test_baseline_that_cannot_be_opened(folder, gold):
    (folder / "data" / "gold.second.jsonl").write_text("{")
    save(folder / "p.jsonl", answers(gold))
    found, notes = baselines.find_baselines("p.jsonl", gold, folder / "data" / "gold.jsonl")
    assert [system.name for system in found] == ["keyword list", "majority"]
    assert notes[1].startswith("No second annotator: gold.second.jsonl:1: not JSON")
    with pytest.raises(GongbaoError, match=r"absent\.jsonl"):
        baselines.find_baselines("p.jsonl", gold, "data/gold.jsonl", ["absent.jsonl"])


def test_newest_complete_tfidf_run_is_found(folder):
    assert baselines.newest_tfidf() is None
    finished = {"old": "2026-01-01", "new": "2026-02-01", "broken": "2026-03-01", ".new.partial": "2027-01-01"}
    for name, date in finished.items():
        path = folder / "models" / name
        path.mkdir(parents=True)
        for file in ("tfidf.json", "tfidf.safetensors", "decision.json"):
            if (name, file) != ("broken", "tfidf.safetensors"):
                (path / file).write_text("{}")
        (path / "record.json").write_text(json.dumps({"finished": date}))
    assert str(baselines.newest_tfidf()) == "models/new"
    # Of those that answer the gold's labels; one of another codebook may be newer.
    assert str(baselines.newest_tfidf(ids=POLICY_DOMAINS.ids)) == "models/new"
    decision().save(folder / "models" / "old")
    assert str(baselines.newest_tfidf(ids=POLICY_DOMAINS.ids)) == "models/old"


def test_answers_to_another_text_are_refused(folder, gold):
    rows = answers(gold)
    for text, refused in ((gold.examples[0].text.replace("。", "。\n "), False), ("完全另外的文字。", True)):
        rows[0]["text"] = text
        save(folder / "p.jsonl", rows)
        shown = invoke("score", "p.jsonl", "-o", f"out{refused}", "--resamples", "100")
        assert shown.exit_code == int(refused), shown.output
    assert f"the text of {gold.ids[0]!r} is not that of gold.jsonl" in shown.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.jsonl",), "cannot read absent.jsonl"),
        (("models/absent",), "no model folder at models/absent"),
        (("latest",), "no complete run in models/"),
        (("data/gold.jsonl", "--gold", "absent.jsonl"), "cannot read absent.jsonl"),
        (("data/gold.jsonl", "--scheme", "absent.toml"), "cannot read the label scheme absent.toml"),
        (("data/notes.csv",), "answers are read from a .jsonl file or a model folder"),
    ],
)
def test_errors_are_one_line(folder, arguments, message):
    (folder / "data" / "notes.csv").write_text("id,labels\n")
    shown = invoke("score", *arguments, "-o", "out")
    assert shown.exit_code == 1
    assert shown.output.startswith("error: ")
    assert message in shown.output
    assert shown.output.count("\n") == 1
    assert not (folder / "out").exists()


def test_own_scheme(folder):
    (folder / "mine.toml").write_text('name = "mine"\n[[label]]\nid = "road"\nzh = "道路"\n', encoding="utf-8")
    rows = [{"id": f"p{n}", "text": "修路。", "labels": ["road"] if n % 2 else []} for n in range(4)]
    save(folder / "own.jsonl", rows)
    arguments = ("--gold", "own.jsonl", "--scheme", "mine.toml", "-o", "out", "--resamples", "100")
    shown = invoke("score", "own.jsonl", *arguments)
    assert shown.exit_code == 0, shown.output
    found = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    assert found["macro"]["f1"] == 1.0
    assert "labels:mine/1" in found["signature"]
    assert "道路" in shown.output


def test_table_lines_up_with_chinese_names():
    lines = table(("label", "名称", "F1"), [["green", "绿色低碳", "0.9"], ["a\nb", "人", "–"]]).splitlines()
    assert lines[3] == "| a b   | 人       |   – |"
    assert lines[2] == "| green | 绿色低碳 | 0.9 |"
