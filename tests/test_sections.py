"""The sections of a report, each worked by hand on a few paragraphs of two labels."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from eval import suspects as suspecting
from eval.bands import bands, is_kept, keep
from eval.calibration import reliability
from eval.curves import curves
from eval.evidence import evidence, shown
from eval.gold import Gold
from eval.intervals import resample, share
from eval.mistakes import NOTHING, confidence, confusion, worst
from eval.slices import length_of, slices
from eval.system import System
from gongbao.decision import Decision
from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence
from gongbao.labels import Label, Scheme
from gongbao.policy import Policy

TWO = Scheme("two", "1", "", (Label("a", "甲", "A", ""), Label("b", "乙", "B", "")))


def example(id_, *sentences, **meta):
    made = tuple(LabelledSentence(text, labels) for text, labels in sentences)
    labels = tuple(TWO.check(label for s in made for label in s.labels))
    return Example(id_, id_.split("-")[0], made, labels, **meta)


@pytest.fixture
def gold():
    return Gold(
        "gold.jsonl",
        TWO,
        (
            example("d1-1", ("一、标题", ()), genre="plan", year=2020),
            example("d1-2", ("甲。", ("a",)), ("乙。", ("b",)), genre="plan", year=2020),
            example("d2-1", ("甲。", ("a",)), ("闲话。", ()), genre="news", year=2021),
            example("d2-2", ("闲话" * 30 + "。", ()), genre="news", year=2021),
        ),
    )


ANSWER = np.array([[0, 0], [1, 0], [0, 1], [1, 0]], dtype=bool)
SCORES = np.array([[0.1, 0.1], [0.9, 0.4], [0.3, 0.8], [0.95, 0.2]])
SENTENCES = np.array([[0.1, 0.1], [0.9, 0.1], [0.2, 0.4], [0.1, 0.8], [0.3, 0.2], [0.95, 0.2]])


@pytest.fixture
def system():
    review = np.array([[0, 0], [0, 1], [1, 0], [0, 0]], dtype=bool)
    return System("s", "model", ANSWER, SCORES, SENTENCES >= 0.5, SENTENCES, np.array([0.5, 0.5]), review)


def weights(gold):
    return resample(len(gold.documents), 20, 1)


def test_a_share_and_its_interval():
    hit, among = np.array([[True], [False], [True], [True]]), np.array([[True], [True], [True], [False]])
    document = np.array([0, 0, 1, 1])
    # 2 of 3; of the first document alone 1 of 2, of the second 1 of 1.
    found = share(hit, among, document, np.array([[2, 0], [0, 2], [1, 1]]))
    assert (found["value"], found["n"]) == (2 / 3, 3)
    assert found["interval"] == pytest.approx([0.5 + 0.05 * (2 / 3 - 0.5), 1 - 0.05 * (1 - 2 / 3)])
    assert share(hit, np.zeros_like(among), document, np.array([[1, 1]])) == {"value": None, "n": 0, "interval": None}


def test_a_share_of_all_or_nothing_has_wilsons_interval():
    among, document = np.ones((4, 1), dtype=bool), np.array([0, 0, 1, 1])
    drawn = np.array([[2, 0], [0, 2], [1, 1]])
    # Wilson, 1927, of 4 of 4: from n / (n + z²) = 4 / (4 + 3.8415) = 0.5101 to 1; of none the same turned round.
    low = 4 / (4 + 1.959964**2)
    assert share(among, among, document, drawn)["interval"] == pytest.approx([low, 1.0], abs=1e-6)
    assert share(~among, among, document, drawn)["interval"] == pytest.approx([0.0, 1 - low], abs=1e-6)
    assert share(among, among, document, drawn[:0])["interval"] is None


def test_evidence(gold, system):
    # Shown: d1-2 a -> its first sentence (row 1), b -> its second (2); d2-1 a -> its second (4), b -> its first (3).
    assert shown(SENTENCES, gold.lengths).tolist() == [[0, 0], [1, 2], [4, 3], [5, 5]]
    found = evidence(system, gold, weights(gold))
    # Answered: d1-2 a (its sentence is labelled a), d2-1 b (labelled a only), d2-2 a (nothing).
    assert (found["right"]["value"], found["right"]["n"]) == (1 / 3, 3)
    assert (found["where_right"]["value"], found["where_right"]["n"]) == (1.0, 1)
    assert found["labels"]["a"]["right"]["value"] == 0.5
    assert found["labels"]["b"]["where_right"]["value"] is None


def test_reliability_by_hand():
    truth, scores = np.array([False, True, True, True]), np.array([0.1, 0.3, 0.8, 0.9])
    low, high = reliability(truth, scores, bins=2)
    assert (low["n"], low["score"], low["share"]) == (2, pytest.approx(0.2), 0.5)
    assert (high["n"], high["score"], high["share"]) == (2, pytest.approx(0.85), 1.0)
    # Wilson, 2 of 2: from n / (n + z²) = 2 / (2 + 3.8415) = 0.3424 to 1.
    assert high["interval"] == pytest.approx([2 / (2 + 1.959964**2), 1.0], abs=1e-6)


def test_curves(gold, system):
    found = curves(system, gold)
    # Label a: scores 0.95 (not gold), 0.9 (gold), 0.3 (gold), 0.1. At 0.5: 1 of 2 right, 1 of 2 found, F1 0.5.
    at_half = next(row for row in found["a"]["by_threshold"] if row[0] == 0.5)
    assert at_half == [0.5, 0.5, 0.5, 0.5]
    # From the strictest threshold on: 0 of 1, 1 of 2, 2 of 3, 2 of 4.
    points = found["a"]["precision_recall"]
    assert points[0] == [0.0, 0.0]
    assert [0.5, 0.5] in points and [1.0, pytest.approx(2 / 3, abs=1e-6)] in points
    assert curves(System("s", "", ANSWER), gold) is None


def test_the_answers_in_use_lie_on_the_curve():
    generator = np.random.default_rng(2)
    truth = generator.random((900, 2)) < 0.3
    scores = np.round(np.clip(np.where(truth, 0.6, 0.4) + generator.normal(0, 0.2, truth.shape), 0, 1), 6)
    examples = tuple(
        example(f"d{n}-1", ("甲。", tuple(TWO.ids[i] for i in np.flatnonzero(row)))) for n, row in enumerate(truth)
    )
    gold = Gold("g", TWO, examples)
    for threshold in (0.4321, 0.5678):
        answer = scores >= threshold
        found = curves(System("s", "", answer, scores), gold)
        for index, label in enumerate(TWO.ids):
            hits = (answer & truth)[:, index].sum()
            at = [hits / truth[:, index].sum(), hits / answer[:, index].sum()]
            points = found[label]["precision_recall"]
            assert np.abs(np.array(points) - at).max(axis=1).min() < 1e-6
            assert 100 <= len(points) <= 101


def test_bands(gold, system):
    found = bands(system, gold, weights(gold))
    # Label b: doubtful in d1-2, on in d2-1, off elsewhere: yes 1, review 1, no 2 of 4.
    assert [found["labels"]["b"][band] for band in ("yes", "review", "no")] == [0.25, 0.25, 0.5]
    assert found["labels"]["b"]["precision_of_yes"]["value"] == 0.0
    # Label a: gold in d1-2 (yes) and d2-1 (review): `no` loses neither.
    assert found["labels"]["a"]["lost_by_no"]["value"] == 0.0
    assert found["workload"]["value"] == 0.5
    # After review: a in d1-2, d2-1 (read), d2-2 (wrong); b in d1-2 (read), d2-1 (wrong): 3 of 5 right, 3 of 3 found.
    assert found["after_review"]["precision"]["value"] == pytest.approx(3 / 5)
    assert found["after_review"]["recall"]["value"] == 1.0


def test_policies_are_checked_on_gold(gold, system):
    plain = np.tile([1.0, 0.0], (2, 1))
    tuning = {"scores": [[0.9, 0.1], [0.6, 0.2], [0.2, 0.3]], "labels": [["a"], ["a"], []]}
    rule = Decision(TWO, plain, plain, np.full(2, 0.5), 0.5, np.full((2, 2), 0.5), tuning)
    (found,) = keep([Policy.parse("precision=1")], rule, system, gold, weights(gold))
    # On tuning a is pure from 0.4 on. On gold 0.9 (right) and 0.95 (wrong) reach it: precision 0.5, recall 1 of 2.
    row = found["labels"]["a"]
    assert row["threshold"] == pytest.approx(0.4)
    assert (row["precision"]["value"], row["recall"]["value"]) == (0.5, 0.5)
    assert found["labels"]["b"] == {"threshold": None, "nearest": None, "kept": None}
    assert found["labelled"] == 0.5


@pytest.mark.parametrize(
    ("interval", "kept"),
    [([0.9, 1.0], True), ([0.89, 0.95], None), ([0.7, 0.9], None), ([0.7, 0.89], False), (None, None)],
)
def test_a_promise_is_kept_where_the_whole_interval_reaches_it(interval, kept):
    assert is_kept({"value": 0.95, "interval": interval}, 0.9) is kept


def test_slices(gold, system):
    found = slices(system, gold, weights(gold))
    assert list(found) == ["genre", "year", "length", "labels", "kind"]
    by_year = {row["value"]: row for row in found["year"]}
    # 2020: gold a b of d1-2, answered a: micro-F1 2 x 1 / (2 + 1) = 2/3, one of two paragraphs exact.
    assert by_year["2020"]["micro"]["f1"] == pytest.approx(2 / 3)
    assert by_year["2020"]["exact_match"]["accuracy"] == 0.5
    # 2021: nothing right.
    assert by_year["2021"]["micro"]["f1"] == 0.0
    assert {row["value"]: row["paragraphs"] for row in found["labels"]} == {"none": 2, "one": 1, "several": 1}
    assert {row["value"]: row["paragraphs"] for row in found["kind"]} == {"body": 3, "heading": 1}
    assert [length_of("字" * n) for n in (1, 50, 51, 150, 300, 301)] == [
        "1–50", "1–50", "51–150", "51–150", "151–300", "301–",
    ]  # fmt: skip


def test_many_places_are_taken_together():
    examples = tuple(example(f"d{n}-1", ("甲。", ("a",)), place=f"地{n}") for n in range(20))
    gold = Gold("g", TWO, examples)
    found = slices(System("s", "", gold.truth), gold, weights(gold))["place"]
    assert len(found) == 13
    assert (found[-1]["value"], found[-1]["paragraphs"]) == ("8 others", 8)


def test_a_place_that_is_called_others_stays_one():
    names = ["others", "others", "2 others", "2 others", *(f"地{n}" for n in range(12))]
    examples = tuple(example(f"d{n}-1", ("甲。", ("a",)), place=name) for n, name in enumerate(names))
    gold = Gold("g", TWO, examples)
    found = slices(System("s", "", gold.truth), gold, weights(gold))["place"]
    values = {row["value"]: row["paragraphs"] for row in found}
    assert len(values) == len(found) == 13
    assert (values["others"], values["2 others"], values["2 others (the rest)"]) == (2, 2, 2)
    assert sum(values.values()) == len(names)


def test_paragraphs_without_a_label_have_no_f1(gold, system):
    none = next(row for row in slices(system, gold, weights(gold))["labels"] if row["value"] == "none")
    assert none["micro"] == none["macro"] == {"f1": None, "interval": None}
    # One of the two is answered with nothing.
    assert none["exact_match"]["accuracy"] == 0.5


def test_confusion_by_hand(gold):
    found = confusion(gold.truth, ANSWER, TWO.ids)
    # d1-2 misses b, invents nothing; d2-1 misses a, invents b; d2-2 only invents a.
    assert found == {
        "a": {"a": 0, "b": 1, NOTHING: 0},
        "b": {"a": 0, "b": 0, NOTHING: 1},
        NOTHING: {"a": 1, "b": 0, NOTHING: 0},
    }


def test_the_surest_errors_come_first(gold, system):
    found = worst(system, gold)
    # d2-2 a: (0.95 - 0.5) / 0.5 = 0.9; d2-1 b: 0.6; d2-1 a: (0.5 - 0.3) / 0.5 = 0.4; d1-2 b: 0.2.
    assert [(e["id"], e["label"], e["error"]) for e in found] == [
        ("d2-2", "a", "invented"), ("d2-1", "b", "invented"), ("d2-1", "a", "missed"), ("d1-2", "b", "missed"),
    ]  # fmt: skip
    assert [e["confidence"] for e in found] == pytest.approx([0.9, 0.6, 0.4, 0.2])
    # An invented label points at the sentence shown, a missed one at the sentence labelled so.
    assert [e["sentence"] for e in found] == [0, 0, 0, 1]
    assert confidence(1.0, 1.0) == 0.0


def test_suspects_are_the_labels_that_contradict_a_sure_model():
    generator = np.random.default_rng(0)
    truth = np.zeros((60, 2), dtype=bool)
    truth[:30, 0] = True
    truth[:, 1] = False
    scores = np.clip(np.where(truth, 0.9, 0.1) + generator.normal(0, 0.03, truth.shape), 0.01, 0.99)
    truth[3, 0], truth[40, 0] = False, True  # two slips of the annotator
    found = suspecting.suspects(truth, scores, TWO.ids)
    assert {(each["row"], each["label"], each["given"]) for each in found} == {(3, "a", False), (40, "a", True)}


def test_out_of_fold_sees_no_paragraph_of_the_same_document():
    # Every document has a word of its own, and those with an odd number carry a: only a model that saw the
    # document could tell.
    words = [f"词{chr(0x4E00 + n) * 2}。" for n in range(10)]
    examples = tuple(
        example(f"d{n}-{k}", (word, ("a",) if n % 2 else ())) for n, word in enumerate(words) for k in range(4)
    )
    gold = Gold("g", TWO, examples)
    scores = suspecting.out_of_fold(gold, folds=5)
    assert scores.shape == gold.truth.shape
    right = (scores[:, 0] >= 0.5) == gold.truth[:, 0]
    assert right.mean() <= 0.6
    assert not scores[:, 1].any()
    with pytest.raises(GongbaoError, match="too few for 11 folds"):
        suspecting.out_of_fold(gold, folds=11)


def test_a_label_that_every_document_carries_is_no_warning():
    examples = tuple(example(f"d{n}-1", (f"甲{chr(0x4E00 + n)}。", ("a", "b") if n == 3 else ("a",))) for n in range(6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = suspecting.out_of_fold(Gold("g", TWO, examples), folds=3)
    assert scores[:, 0].all()


def test_suspects_are_written_for_review(gold, tmp_path):
    found = suspecting.named([{"row": 1, "label": "b", "given": True, "score": 0.1}], gold)
    suspecting.export(tmp_path / "out.jsonl", found, gold)
    (row,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert row == {
        "id": "d1-2", "document": "d1", "text": "甲。乙。", "labels": ["a", "b"], "label": "b", "given": True,
        "score": 0.1,
    }  # fmt: skip
