"""Reports read back: names of one's own, what is damaged in one line, answers that were changed by hand."""

from __future__ import annotations

import json

import pytest

from gongbao.examples import write_examples
from gongbao.labels import POLICY_DOMAINS
from tests.conftest import make_bert, make_decision
from tests.test_compare import make_gold, run, system


def write(folder, name, gold, wrong, *arguments, seed=1):
    """Score answers of which a share is wrong, into the folder `name`."""
    each = system(gold, name, wrong, seed)
    rows = [
        {"id": id_, "labels": [label for label, on in zip(POLICY_DOMAINS.ids, row, strict=True) if on]}
        for id_, row in zip(gold.ids, each.answer, strict=True)
    ]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("score", f"{name}.jsonl", "-o", name, "--resamples", "100", *arguments)
    assert result.exit_code == 0, result.output


@pytest.fixture
def place(tmp_path, monkeypatch):
    """`data/gold.jsonl` of twelve documents, and reports `good` and `bad`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    gold = make_gold()
    write_examples(gold.examples, "data/gold.jsonl")
    write(tmp_path, "good", gold, 0.02)
    write(tmp_path, "bad", gold, 0.4)
    return tmp_path


def refused(result, *words):
    assert result.exit_code == 1, result.output
    assert result.output.startswith("error: ") and result.output.count("\n") == 1, result.output
    for word in words:
        assert word in result.output


def test_one_report_twice_under_two_names(place):
    result = run("compare", "good", "again=good", "third=good", "--resamples", "100")
    assert result.exit_code == 0, result.output
    assert "again cannot be told from good (no difference was seen)." in result.output
    assert "third cannot be told from again" in result.output


@pytest.mark.parametrize("counts_stay", [True, False])
def test_answers_changed_by_hand_are_refused(place, counts_stay):
    path = place / "good" / "predictions.jsonl"
    text = path.read_text()
    if counts_stay:
        # The first and the last row change places, and nothing that is counted by label changes.
        first, *rest, last = text.splitlines()
        path.write_text("\n".join([last, *rest, first]) + "\n")
    else:
        path.write_text(text.replace(f'["{POLICY_DOMAINS.ids[0]}"]', "[]", 1))
    refused(
        run("compare", "good", "bad"),
        "good: predictions.jsonl is not what report.json was computed from: score again",
    )


def test_a_report_of_an_earlier_version_is_compared(place):
    """It does not hold its answers' hash."""
    for name in ("good", "bad"):
        path = place / name / "report.json"
        report = json.loads(path.read_text())
        del report["predictions"]
        path.write_text(json.dumps(report))
    assert run("compare", "good", "bad", "--resamples", "100").exit_code == 0


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda r: r.update(gold=None), "`gold`"),
        (lambda r: r["gold"].pop("sha256"), "`gold.sha256` is missing"),
        (lambda r: r.update(signature=3), "`signature` is a number"),
        (lambda r: r["labels"].pop("green"), "`labels.green` is missing"),
        (lambda r: r.update(labels=[]), "`labels` is a list"),
        (lambda r: r.update(provenance={}), "`provenance.model` is missing"),
        (lambda r: r["system"].pop("name"), "`system.name` is missing"),
        (lambda r: r["system"].update(name=3), "`system.name` is a number"),
        (lambda r: r["provenance"].update(seconds="3"), "`provenance.seconds` is text"),
        (lambda r: r["provenance"].update(weights_bytes="3"), "`provenance.weights_bytes` is text"),
        (lambda r: r["labels"]["green"].update(threshold="0.5"), "`labels.green.threshold` is text"),
        (lambda r: r.pop("macro"), "`macro` is missing"),
    ],
)
def test_a_damaged_report_is_one_line_with_file_and_key(place, change, key):
    path = place / "good" / "report.json"
    report = json.loads(path.read_text())
    change(report)
    path.write_text(json.dumps(report))
    refused(run("compare", "bad", "good"), "good/report.json: ", key, "score again")


def test_labels_of_ones_own_are_named_with_scheme(place):
    (place / "own.jsonl").write_text(json.dumps({"id": "a", "text": "修路。", "labels": ["road"]}) + "\n")
    refused(run("compare", "good", "bad", "--gold", "own.jsonl"), "own.jsonl:1: unknown label 'road'", "--scheme")


def test_few_documents_are_said_to_be_few(place):
    few = make_gold(documents=3)
    write_examples(few.examples, "data/few.jsonl")
    write(place, "one", few, 0.0, "--gold", "data/few.jsonl")
    write(place, "two", few, 0.1, "--gold", "data/few.jsonl")
    result = run("compare", "one", "two", "--gold", "data/few.jsonl")
    assert "3 documents are few to resample" in result.output


def test_where_no_interval_can_be_had_nothing_passes_for_equal(place):
    single = make_gold(documents=1)
    write_examples(single.examples, "data/one.jsonl")
    write(place, "one", single, 0.0, "--gold", "data/one.jsonl")
    write(place, "two", single, 0.4, "--gold", "data/one.jsonl")
    result = run("compare", "one", "two", "--gold", "data/one.jsonl", "--fail-if-worse")
    assert result.exit_code == 2
    assert "error: --fail-if-worse: macro-F1 has no interval" in result.output
    assert "4 paragraphs of 1 document." in result.output


def test_more_paragraphs_tell_only_if_the_difference_is_real(place):
    write(place, "alike", make_gold(), 0.2)
    write(place, "other", make_gold(), 0.2, seed=3)
    result = run("compare", "alike", "other", "-o", "out")
    (verdict,) = [line for line in result.output.splitlines() if line.startswith("**")]
    assert "more paragraphs would tell" in verdict and "real" not in verdict
    for name in ("compare.md", "compare.html"):
        assert "if the difference is real" in (place / "out" / name).read_text(encoding="utf-8")
    assert "(Efron and Tibshirani, 1993)" in (place / "out" / "compare.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_said_and_fails(place, tiny):
    other = make_bert(place / "other", seed=1)
    make_decision().save(other)
    (place / "texts").mkdir()
    (place / "texts" / "page.txt").write_text("推进绿色转型。\n", encoding="utf-8")
    (place / "texts" / "empty.txt").write_text("")
    result = run("compare", tiny, other, "--on", "texts", "-o", "out")
    assert result.exit_code == 1
    assert "error: texts/empty.txt: no text in it" in result.stderr
    assert "of 1 paragraph change" in result.stdout
    assert (place / "out" / "compare.json").exists()
    refused(run("compare", tiny, other, "--on", "texts/empty.txt"), "texts/empty.txt: no text in it")
