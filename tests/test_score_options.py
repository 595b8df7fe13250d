"""Options of `score`: said to be wrong before a model is asked; suspects, seeds, promises, what is no model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eval import report
from eval.__main__ import app
from eval.gold import Gold
from eval.html import render
from eval.markdown import render as in_words
from eval.system import System
from gongbao.decision import Decision
from gongbao.examples import Example, LabelledSentence, write_examples
from gongbao.labels import POLICY_DOMAINS

FIRST = POLICY_DOMAINS.ids[0]


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def make_gold(documents=30, label=True, text="第{}段。"):
    examples = [
        Example(f"d{n:02}-1", f"d{n:02}", (LabelledSentence(text.format(n), own),), own)
        for n in range(documents)
        for own in [(FIRST,) if label and n % 2 else ()]
    ]
    return Gold("gold.jsonl", POLICY_DOMAINS, tuple(examples))


@pytest.fixture
def place(tmp_path, monkeypatch, tiny):
    """Gold of thirty documents, answers `sure.jsonl` that contradict one label, `bare.jsonl`, and a model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    gold = make_gold()
    write_examples(gold.examples, "data/gold.jsonl")
    rows = []
    for n, id_ in enumerate(gold.ids):
        on = (n % 2 == 1) != (n == 4)
        scores = dict.fromkeys(POLICY_DOMAINS.ids, 0.02) | {FIRST: (0.99 if n == 4 else 0.95) if on else 0.02}
        rows.append({"id": id_, "labels": [FIRST] if on else [], "scores": scores})
    save("sure.jsonl", rows)
    save("bare.jsonl", [{key: row[key] for key in ("id", "labels")} for row in rows])
    model = tmp_path / "model"
    model.mkdir()
    for file in tiny.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    rule = Decision.load(tiny)
    scores = np.linspace(0.05, 0.95, 20)[:, None].repeat(8, axis=1).tolist()
    rule.tuning.update(scores=scores, labels=[["reform"] if n >= 10 else [] for n in range(20)])
    rule.save(model)
    return tmp_path


def save(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def test_suspects_are_exported_by_id(place):
    result = run("score", "sure.jsonl", "-o", "out", "--export-suspects", "again.jsonl", "--resamples", "100")
    assert result.exit_code == 0, result.output
    (row,) = [json.loads(line) for line in (place / "again.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row == {
        "id": "d04-1", "document": "d04", "text": "第4段。", "labels": [], "label": FIRST, "given": False,
        "score": 0.99,
    }  # fmt: skip


def test_two_runs_of_one_name_want_names(place):
    arguments = ("score", "model", "--resamples", "100")
    result = run(*arguments, "--seed-run", "model")
    assert result.exit_code == 1
    assert "--seed-run NAME=X" in result.output and "two systems are called" in result.output
    result = run(*arguments, "--seed-run", "seed 2=model", "--seed-run", "seed 3=sure.jsonl")
    assert result.exit_code == 0, result.output
    found = json.loads((place / "model" / "report" / "report.json").read_text())
    assert list(found["seeds"]["macro_f1"])[1:] == ["seed 2", "seed 3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "precision=2"), "not a share above 0"),
        (("--baseline", "absent.jsonl"), "cannot read absent.jsonl"),
        (("--baseline", "a=models/absent"), "no model folder at models/absent"),
        (("--seed-run", "b=absent.jsonl"), "cannot read absent.jsonl"),
        (("--export-suspects", "bare.jsonl"), "bare.jsonl is there already: add --force"),
        (("--export-suspects", "data"), "data is a folder"),
        (("--export-suspects", "model/report/report.json", "--force"), "is the report's own file"),
        (("--export-suspects", "data/gold.jsonl", "--force"), "data/gold.jsonl is what is read"),
    ],
)
def test_options_are_read_before_the_model_is_asked(place, monkeypatch, arguments, message):
    def never(*_):
        raise AssertionError("the model was opened")

    monkeypatch.setattr("gongbao.labeler.open_engine", never)
    refused(run("score", "model", *arguments), message)


def refused(result, message):
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert result.output.startswith("error: ") and result.output.count("\n") == 1


def test_no_scores_no_suspects(place):
    result = run("score", "bare.jsonl", "-o", "out", "--export-suspects", "again.jsonl")
    refused(result, "bare gives no scores, so no label can be suspected")
    assert not (place / "out").exists() and not (place / "again.jsonl").exists()


def test_a_report_is_no_model(place):
    assert run("score", "sure.jsonl", "-o", "out", "--resamples", "100").exit_code == 0
    refused(
        run("score", "out", "-o", "other"), "out is a report, no model: score the answers in it, out/predictions.jsonl"
    )
    assert run("score", "out/predictions.jsonl", "-o", "other", "--resamples", "100").exit_code == 0
    refused(
        run("score", "latest", "-o", "x"), "no complete run in models/: train one with `make train`, or name another"
    )


def test_a_promise_is_shown_in_the_terminal_and_explained(place):
    result = run("score", "model", "--policy", "recall=0.5", "--resamples", "100")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("Policy recall=0.5: ")]
    assert "out of reach for" not in line or FIRST in line
    assert "of the paragraphs." in line
    for name in ("report.md", "report.html"):
        text = (place / "model" / "report" / name).read_text(encoding="utf-8")
        assert "Kept: yes where even the lower bound of the interval reaches the promise" in text


def test_a_second_annotator_of_other_texts_is_refused(place):
    write_examples(make_gold(text="第{}节。").examples, "other.jsonl")
    refused(run("score", "other.jsonl", "-o", "out"), "other.jsonl: the text of 'd00-1' is not that of gold.jsonl")


def test_gold_without_a_label_says_so():
    gold = make_gold(label=False)
    answer = np.zeros_like(gold.truth)
    answer[0, 0] = True
    found = report.score(System("s", "predictions", answer), gold, resamples=100)
    assert any("macro-F1 has nothing to find" in note for note in found["system"]["notes"])


def test_what_a_page_lacks_has_no_link_and_no_legend():
    gold = make_gold()
    bare = render(report.score(System("s", "predictions", gold.truth), gold, resamples=100), gold)
    assert 'href="#curves"' not in bare
    scores = np.where(gold.truth, 0.9, 0.02)
    full = render(report.score(System("s", "predictions", gold.truth, scores), gold, resamples=100), gold)
    assert 'href="#curves"' in full and 'id="curves"' in full
    assert "Precision, recall and F1 by threshold." in full
    assert "red: the answers given" in full
    cut = System("s", "model", gold.truth, scores, thresholds=np.full(8, 0.5))
    assert "F1 by threshold; red: the threshold in use." in render(report.score(cut, gold, resamples=100), gold)


def test_the_legend_is_whole_though_a_label_has_no_curve():
    gold = make_gold()
    # No score reaches 0.05: precision is undefined at every threshold drawn.
    scores = np.where(gold.truth, 0.04, 0.01)
    page = render(report.score(System("s", "predictions", gold.truth, scores), gold, resamples=100), gold)
    assert all(f">{name}</text>" in page for name in ("precision", "recall", "F1"))


def test_control_characters_and_tags_from_documents_do_nothing():
    gold = make_gold(text="第{}段\x1b[31m\u202e<img>。")
    name = "s\x1b\u202e<script>"
    wrong = gold.truth.copy()
    wrong[:3, 0] ^= True
    found = report.score(System(name, "predictions", wrong), gold, resamples=100)
    page, text = render(found, gold), in_words(found)
    for content in (page, text):
        assert not set("\x1b\u202e") & set(content)
        assert "�" in content
    assert "&lt;img&gt;" in page and "<img>" not in page
    assert "# s��\\<script> on gold.jsonl" in text and text.count("<script>") == text.count("\\<script>")


def test_one_paragraph_of_one_document_is_singular():
    gold = Gold("gold.jsonl", POLICY_DOMAINS, make_gold().examples[1:2])
    found = report.score(System("s", "predictions", gold.truth), gold, resamples=100)
    assert "on 1 paragraph of 1 document;" in in_words(found)
    assert "1 paragraph and 1 sentence of 1 document;" in render(found, gold)
