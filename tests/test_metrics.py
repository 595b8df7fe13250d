"""Scores against scikit-learn and against arithmetic done by hand."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn_metrics

import eval.calibration
import eval.gold
import eval.markdown
import eval.metrics
from eval.calibration import brier, calibrate, expected_calibration_error
from eval.metrics import average_precision, measure

IDS = ["a", "b", "c"]
TRUTH = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
ANSWER = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)

pairs = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape), arrays(float, shape, elements=st.floats(0, 1)))
)


def names(array):
    return [f"label{n}" for n in range(array.shape[1])]


def numbers(value):
    """Every score in a nested result, supports left out."""
    if isinstance(value, dict):
        return [n for key, item in value.items() if key != "support" for n in numbers(item)]
    return [] if value is None else [value]


@pytest.mark.parametrize("module", [eval.metrics, eval.calibration, eval.gold, eval.markdown])
def test_docstrings_tell_the_truth(module):
    assert doctest.testmod(module).failed == 0


def test_hand_worked_scores():
    found = measure(TRUTH, ANSWER, IDS)
    # a: answered in rows 1, 2, 3, true in 1, 2: TP 2, FP 1, FN 0; precision 2/3, recall 1, F1 4/5.
    a = {"precision": 2 / 3, "recall": 1.0, "f1": 0.8, "support": 2, "average_precision": None}
    assert found["labels"]["a"] == pytest.approx(a)
    # b: answered in 3, 5, true in 2, 3: TP 1, FP 1, FN 1; all 1/2.
    b = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2, "average_precision": None}
    assert found["labels"]["b"] == pytest.approx(b)
    # c: never true, never answered: undefined, so that macro-F1 is (0.8 + 0.5) / 2.
    c = {"precision": None, "recall": None, "f1": None, "support": 0, "average_precision": None}
    assert found["labels"]["c"] == c
    assert found["macro"]["f1"] == pytest.approx(0.65)
    # micro: TP 3, FP 2, FN 1: 6/9.
    assert found["micro"]["f1"] == pytest.approx(6 / 9)
    # none: true in 4, 5, answered in 4: TP 1, FP 0, FN 1.
    assert found["none"] == pytest.approx({"precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 2})
    # rows: 1; 2/3 (one of two); 2/3 (two answered, one right); 1 (empty answered empty); 0: mean 10/15.
    assert found["samples"]["f1"] == pytest.approx(10 / 15)
    assert found["exact_match"]["accuracy"] == pytest.approx(2 / 5)


def test_perfect_on_texts_without_labels_is_perfect():
    empty = np.zeros((4, 3), dtype=bool)
    found = measure(empty, empty, IDS)
    assert found["samples"]["f1"] == found["exact_match"]["accuracy"] == found["none"]["f1"] == 1.0
    assert found["macro"]["f1"] is None
    assert found["micro"]["f1"] is None


def test_label_answered_though_gold_never_has_it_scores_zero():
    answer = TRUTH.copy()
    answer[3, 2] = True
    found = measure(TRUTH, answer, IDS)
    # c: TP 0, FP 1, FN 0: F1 = 0 / 1, precision 0 / 1, recall 0 / 0.
    assert found["labels"]["c"]["f1"] == 0.0
    assert found["labels"]["c"]["precision"] == 0.0
    assert found["labels"]["c"]["recall"] is None
    assert found["macro"]["f1"] == pytest.approx(2 / 3)


def test_label_never_answered_has_no_precision_but_f1_zero():
    answer = TRUTH.copy()
    answer[:, 1] = False
    row = measure(TRUTH, answer, IDS)["labels"]["b"]
    assert (row["precision"], row["recall"], row["f1"]) == (None, 0.0, 0.0)


def test_average_precision_by_hand():
    # Ranked 0.9 (yes), 0.8 (no), 0.7 (yes), 0.1 (no): precision 1/1 and 2/3 at the two positives, mean 5/6.
    truth = np.array([[True, False], [False, False], [True, False], [False, False]])
    scores = np.array([[0.9, 0.5], [0.8, 0.5], [0.7, 0.5], [0.1, 0.5]])
    assert average_precision(truth, scores) == [pytest.approx(5 / 6), None]
    found = measure(truth, truth, ["a", "b"], scores)
    assert found["macro"]["average_precision"] == pytest.approx(5 / 6)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_scores_are_between_0_and_1_and_do_not_depend_on_the_order_of_rows(drawn):
    truth, answer, scores = drawn
    found = measure(truth, answer, names(truth), scores)
    assert all(0 <= value <= 1 for value in numbers(found))
    order = np.random.default_rng(0).permutation(len(truth))
    again = measure(truth[order], answer[order], names(truth), scores[order])
    assert numbers(again) == pytest.approx(numbers(found))


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_perfect_answers_score_one(drawn):
    truth, _, _ = drawn
    found = measure(truth, truth, names(truth), truth.astype(float))
    assert found.pop("hamming_loss") == 0.0
    assert all(value == pytest.approx(1) for value in numbers(found))


@settings(max_examples=1000, deadline=None)
@given(pairs)
def test_labels_agree_with_scikit_learn_label_by_label(drawn):
    truth, answer, _ = drawn
    found = measure(truth, answer, names(truth))
    for column, row in enumerate(found["labels"].values()):
        gold, given_ = truth[:, column], answer[:, column]
        if not (gold | given_).any():
            assert row["f1"] is None
            continue
        assert row["f1"] == pytest.approx(sklearn_metrics.f1_score(gold, given_, zero_division=0))
        assert row["support"] == gold.sum()
    if (truth | answer).any():
        flat = sklearn_metrics.f1_score(truth.ravel(), answer.ravel(), zero_division=0)
        assert found["micro"]["f1"] == pytest.approx(flat)


def test_scheme_of_one_label_is_no_binary_problem():
    truth = np.array([[True], [False], [True]])
    answer = np.array([[True], [False], [False]])
    found = measure(truth, answer, ["only"])
    # TP 1, FN 1: F1 2/3; rows 1, 1, 0.
    assert found["labels"]["only"]["f1"] == pytest.approx(2 / 3)
    assert found["micro"]["f1"] == pytest.approx(2 / 3)
    assert found["samples"]["f1"] == pytest.approx(2 / 3)


def test_brier_score_agrees_with_scikit_learn():
    generator = np.random.default_rng(1)
    truth, scores = generator.random(50) < 0.3, generator.random(50)
    assert brier(truth, scores) == pytest.approx(sklearn_metrics.brier_score_loss(truth, scores))


def test_calibration_error_by_hand():
    # Two bins of two rows: |0.15 - 0| = 0.15 and |0.7 - 0.5| = 0.2; (2 * 0.15 + 2 * 0.2) / 4 = 0.175.
    truth = np.array([False, False, True, False])
    scores = np.array([0.1, 0.2, 0.6, 0.8])
    assert expected_calibration_error(truth, scores, bins=2) == pytest.approx(0.175)


def test_calibration_error_does_not_depend_on_the_order_of_equal_scores():
    truth = np.array([True, False] * 10)
    scores = np.full(20, 0.5)
    assert expected_calibration_error(truth, scores) == 0.0
    assert expected_calibration_error(np.sort(truth), scores) == 0.0


def test_calibration_holds_every_label_and_the_means():
    scores = np.where(TRUTH, 1.0, 0.0)
    scores[:, 2] = 0.1
    found = calibrate(TRUTH, scores, IDS)
    assert (found["labels"]["a"]["brier"], found["labels"]["a"]["ece"]) == (0.0, 0.0)
    assert found["labels"]["c"]["brier"] == pytest.approx(0.01)
    assert found["labels"]["c"]["ece"] == pytest.approx(0.1)
    assert found["brier"] == pytest.approx(0.01 / 3)
