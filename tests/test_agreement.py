"""Agreement of two annotators against scikit-learn and published, hand-worked cases."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

import eval.agreement
from eval.__main__ import app
from eval.agreement import agree, agree_files, alpha, kappa
from eval.gold import Gold
from eval.intervals import resample
from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence, write_examples
from gongbao.labels import POLICY_DOMAINS


def paragraph(id_, *sentences, document=None):
    parts = tuple(LabelledSentence(text, tuple(labels)) for text, labels in sentences)
    union = tuple(POLICY_DOMAINS.check(label for part in parts for label in part.labels))
    return Example(id_, document or id_.split("-")[0], parts, union)


A = [
    paragraph("d1-1", ("推进绿色转型。", ["green"]), ("建设实验室。", ["innovation"])),
    paragraph("d1-2", ("会议召开。", [])),
    paragraph("d2-1", ("引进人才。", ["talent"]), ("改善民生。", ["livelihood"])),
    paragraph("d2-2", ("治理河流。", ["green"])),
]
B = [
    paragraph("d2-2", ("治理河流。", [])),
    paragraph("d2-1", ("引进人才。", ["talent"]), ("改善民生。", ["livelihood"])),
    paragraph("d1-2", ("会议召开。", [])),
    paragraph("d1-1", ("推进绿色转型。", ["green"]), ("建设实验室。", ["innovation", "industry"])),
]


def gold(examples, name="a.jsonl"):
    return Gold(name, POLICY_DOMAINS, tuple(examples))


def test_docstrings_tell_the_truth():
    assert doctest.testmod(eval.agreement).failed == 0


def test_alpha_of_a_worked_case():
    # 4 texts, 8 values: 3 yes, 5 no, the coders differ on one: 1 - 7 * 1 / (3 * 5) = 8/15.
    first = np.array([True, True, False, False])
    second = np.array([True, False, False, False])
    assert alpha(first, second) == pytest.approx(8 / 15)
    assert alpha(second, first) == alpha(first, second)
    assert alpha(first, first) == 1.0
    assert alpha(np.zeros(4, bool), np.zeros(4, bool)) is None


def test_kappa_of_a_worked_case():
    # 50 texts, both yes on 20, both no on 15, differing on 5 + 10: observed 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    first = np.repeat([True, False, True, False], [20, 15, 5, 10])
    second = np.repeat([True, False, False, True], [20, 15, 5, 10])
    assert kappa(first, second) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
    assert kappa(np.zeros(4, bool), np.zeros(4, bool)) is None
    # One always no, the other not: chance explains all that agrees.
    assert kappa(np.zeros(4, bool), np.array([True, False, False, False])) == pytest.approx(0)


def test_agree_counts_by_label_whatever_the_order_of_rows():
    found = agree(gold(A), gold(B, "b.jsonl"), resamples=100)
    green = found["paragraphs"]["labels"]["green"]
    # green: A has it twice, B once, both once: 2 * 1 / 3; they agree on 3 of 4 paragraphs.
    assert green["positive_agreement"] == pytest.approx(2 / 3)
    assert green["raw_agreement"] == 0.75
    assert green["support"] == [2, 1]
    # industry: only B has it: 0; reform, region and party-building: neither: undefined.
    assert found["paragraphs"]["labels"]["industry"]["positive_agreement"] == 0
    assert found["paragraphs"]["labels"]["reform"]["kappa"] is None
    # innovation 1, industry 0, green 2/3, talent 1, livelihood 1.
    assert found["paragraphs"]["macro"]["positive_agreement"] == pytest.approx((1 + 0 + 2 / 3 + 1 + 1) / 5)
    assert found["paragraphs"]["exact_match"] == 0.5
    assert found["sentences"]["n"] == 6
    assert found["sentences"]["exact_match"] == pytest.approx(4 / 6)
    low, high = found["paragraphs"]["macro"]["interval"]
    assert 0 <= low <= found["paragraphs"]["macro"]["positive_agreement"] <= high <= 1


def test_intervals_of_kappa_and_alpha_are_those_of_a_plain_loop():
    generator = np.random.default_rng(3)
    first = generator.random((60, 1)) < 0.4
    second = first ^ (generator.random((60, 1)) < 0.2)
    document = np.repeat(np.arange(12), 5)
    weights = resample(12, 80, seed=2)
    found = eval.agreement.compare(first, second, ["green"], document, weights)["labels"]["green"]
    drawn = [
        np.concatenate([np.tile(np.flatnonzero(document == d), times) for d, times in enumerate(row)]).astype(int)
        for row in weights
    ]
    slow = [kappa(first[rows, 0], second[rows, 0]) for rows in drawn]
    assert found["kappa_interval"] == pytest.approx(np.quantile(slow, [0.025, 0.975]).tolist())
    slow = [alpha(first[rows, 0], second[rows, 0]) for rows in drawn]
    assert found["alpha_interval"] == pytest.approx(np.quantile(slow, [0.025, 0.975]).tolist())


def test_kappa_and_alpha_of_published_examples():
    # Kappa: 50 grant proposals, 20 yes-yes, 5 and 10 in dispute, 15 no-no, the example of the English Wikipedia's
    # "Cohen's kappa": (0.7 - 0.5) / (1 - 0.5) = 0.4. Alpha: Krippendorff (2011), binary data, 10 texts: 0.095.
    first = np.repeat([True, True, False, False], [20, 5, 10, 15])
    second = np.repeat([True, False, True, False], [20, 5, 10, 15])
    assert kappa(first, second) == pytest.approx(0.4)
    one = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 0]) == 1
    two = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0]) == 1
    assert alpha(one, two) == pytest.approx(0.095, abs=5e-4)


def test_differences_are_listed_for_adjudication(tmp_path):
    found = agree(gold(A), gold(B, "b.jsonl"), resamples=10)
    assert found["differences"] == [
        {"id": "d1-1", "document": "d1", "sentence": 1, "text": "建设实验室。", "only_a": [], "only_b": ["industry"]},
        {"id": "d2-2", "document": "d2", "sentence": 0, "text": "治理河流。", "only_a": ["green"], "only_b": []},
    ]
    first, second, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "differences.jsonl"
    write_examples(A, first)
    write_examples(B, second)
    shown = CliRunner().invoke(app, ["agree", str(first), str(second), "--differences", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "They differ in 2 places." in shown.output
    assert [json.loads(line) for line in out.read_text().splitlines()] == found["differences"]
    assert CliRunner().invoke(app, ["agree", str(first), str(second), "--differences", str(out)]).exit_code == 1


def test_positive_agreement_is_the_same_both_ways():
    one, two = agree(gold(A), gold(B, "b.jsonl")), agree(gold(B, "b.jsonl"), gold(A))
    for level in ("paragraphs", "sentences"):
        assert one[level]["macro"]["positive_agreement"] == pytest.approx(two[level]["macro"]["positive_agreement"])
        assert one[level]["macro"]["interval"] == pytest.approx(two[level]["macro"]["interval"])


def test_annotators_who_agree_score_one():
    found = agree(gold(A), gold(A, "b.jsonl"))
    for key in ("kappa", "alpha", "positive_agreement", "raw_agreement"):
        assert found["paragraphs"]["macro"][key] == 1.0


def test_paragraphs_labelled_as_a_whole_leave_sentences_out():
    whole = [Example(e.id, e.document, e.sentences, e.labels, by_sentence=False) for e in A]
    assert agree(gold(A), gold(whole, "b.jsonl"))["sentences"] is None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (B[1:], "b.jsonl: 1 id of a.jsonl is missing: 'd2-2'"),
        ([*B, paragraph("d3-1", ("新。", []))], "b.jsonl: 1 id is not in a.jsonl: 'd3-1'"),
        ([paragraph("d2-2", ("治理江河。", [])), *B[1:]], "b.jsonl: the text of 'd2-2' is not that of a.jsonl"),
        (
            [*B[:3], paragraph("d1-1", ("推进绿色转型。建设实验室。", ["green"]))],
            "b.jsonl: 'd1-1' is cut otherwise than in a.jsonl, from sentence 1 on",
        ),
    ],
)
def test_different_paragraphs_are_refused(other, message):
    with pytest.raises(GongbaoError) as error:
        agree(gold(A), gold(other, "b.jsonl"))
    assert str(error.value) == message


def test_command_prints_and_writes(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write_examples(A, first)
    write_examples(B, second)
    arguments = ["agree", str(first), str(second), "--resamples", "100"]
    shown = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "found.json")])
    assert shown.exit_code == 0, shown.output
    assert "Macro positive agreement 0.733" in shown.output
    saved = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert saved == agree_files(first, second, POLICY_DOMAINS, resamples=100)
    again = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "found.json")])
    assert again.exit_code == 1
    assert "--force" in again.output
    assert CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "found.md"), "--force"]).exit_code == 0
    assert (tmp_path / "found.md").read_text(encoding="utf-8").startswith("# b.jsonl against a.jsonl")
    assert CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "found.txt")]).exit_code == 2
    twice = ["-o", str(tmp_path / "x.json"), "--differences", str(tmp_path / "." / "x.json")]
    shown = CliRunner().invoke(app, [*arguments, *twice])
    assert (shown.exit_code, shown.output) == (2, f"error: -o and --differences both name {tmp_path / 'x.json'}\n")
    assert not (tmp_path / "x.json").exists()
