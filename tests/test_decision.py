from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import make_decision
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from gongbao.decision import (
    Decision,
    best_global_threshold,
    best_threshold,
    fit,
    paragraph_logits,
    platt,
    review_band,
    sigmoid,
)
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Label, Scheme

TWO = Scheme("two", "1", "", (Label("a", "甲", "A", ""), Label("b", "乙", "B", "")))


def test_a_paragraphs_logit_is_the_largest_of_its_sentences():
    rows = [np.array([[1.0, -2.0], [0.5, 3.0]]), np.zeros((0, 2))]
    assert paragraph_logits(rows, 2).tolist() == [[1.0, 3.0], [-30.0, -30.0]]


def test_platt_is_logistic_regression_on_smoothed_targets():
    # An independent fit: scikit-learn's logistic regression takes a target of 3/4 as the answer yes with weight 3/4
    # and no with 1/4. Four positives: (4 + 1) / (4 + 2); six negatives: 1 / (6 + 2).
    rng = np.random.default_rng(0)
    logits = np.concatenate([rng.normal(1, 1, 4), rng.normal(-1, 1, 6)])
    truth = np.array([True] * 4 + [False] * 6)
    target = np.where(truth, 5 / 6, 1 / 8)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(
        np.concatenate([logits, logits])[:, None],
        [1] * 10 + [0] * 10,
        sample_weight=np.concatenate([target, 1 - target]),
    )
    scale, bias = platt(logits, truth)
    assert scale == pytest.approx(model.coef_[0, 0], abs=1e-3)
    assert bias == pytest.approx(model.intercept_[0], abs=1e-3)


def test_platt_never_turns_a_ranking_round_and_keeps_what_it_cannot_fit():
    assert platt(np.array([-1.0, 1.0]), np.array([True, False]))[0] > 0
    assert platt(np.array([-1.0, 1.0]), np.array([False, False])) == (1.0, 0.0)


def test_best_threshold_by_hand():
    # Scores .2 .4 .6 .8, truth 0 1 0 1. From .8: P 1, R .5, F1 2/3. From .6: 1/2, 1/2: 1/2. From .4: 2/3, 1: 0.8.
    # From .2: 1/2, 1: 2/3. The best cut lies between .2 and .4.
    scores, truth = np.array([0.2, 0.4, 0.6, 0.8]), np.array([False, True, False, True])
    assert best_threshold(scores, truth) == pytest.approx(0.3)


scored = st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=2, max_size=40)


@settings(max_examples=40)
@given(scored.filter(lambda rows: any(t for _, t in rows)))
def test_no_threshold_does_better(rows):
    scores, truth = np.array([s for s, _ in rows]), np.array([t for _, t in rows])
    best = f1_score(truth, scores >= best_threshold(scores, truth))
    for cut in np.linspace(0, 1, 21):
        assert f1_score(truth, scores >= cut, zero_division=0) <= best + 1e-12


@settings(max_examples=20)
@given(st.lists(st.tuples(*[st.integers(0, 10).map(lambda n: n / 10)] * 2, st.booleans(), st.booleans()), min_size=2))
def test_no_global_threshold_does_better(rows):
    scores, truth = np.array([r[:2] for r in rows]), np.array([r[2:] for r in rows])
    seen = truth.any(axis=0)
    if not seen.any():
        assert best_global_threshold(scores, truth) == 0.5
        return

    def macro(cut):
        return np.mean([f1_score(truth[:, i], scores[:, i] >= cut, zero_division=0) for i in np.flatnonzero(seen)])

    best = macro(best_global_threshold(scores, truth))
    assert all(macro(cut) <= best + 1e-12 for cut in np.linspace(0, 1, 11))


def test_thresholds_are_shrunk_to_the_global_one():
    # Label a: 50 positives, so weight 50 / (50 + 50) = 1/2; its own best cut and the global one are averaged.
    rng = np.random.default_rng(1)
    truth = np.zeros((400, 2), bool)
    truth[:50, 0] = True
    truth[100:102, 1] = True
    logits = rng.normal(0, 1, (400, 2)) + 2 * truth - 1
    rule = fit(TWO, None, None, logits, truth)
    scores = np.array(rule.tuning["scores"])
    own = best_threshold(scores[:, 0], truth[:, 0])
    assert rule.thresholds[0] == pytest.approx(0.5 * own + 0.5 * rule.global_threshold)
    assert rule.thresholds[1] == pytest.approx(
        2 / 52 * best_threshold(scores[:, 1], truth[:, 1]) + 50 / 52 * rule.global_threshold
    )


def test_a_label_that_never_occurs_takes_the_global_threshold():
    logits, truth = np.array([[2.0, -1.0], [-2.0, -1.5]]), np.array([[True, False], [False, False]])
    rule = fit(TWO, logits, truth, logits, truth)
    assert rule.thresholds[1] == rule.global_threshold
    assert rule.paragraph[1].tolist() == [1.0, 0.0]


def test_review_band_by_hand():
    # 20 paragraphs, scores .05 .10 … 1.00; positives are the upper ten but one, and one low at .30.
    scores = np.arange(1, 21) / 20
    truth = scores > 0.5
    truth[scores == 0.7] = False
    truth[np.isclose(scores, 0.3)] = True
    low, high = review_band(scores, truth, 0.525)
    # Above: all right from .75 on, so the band ends half-way between .70 and .75. Below: recall 0.95 of 10 positives
    # means all of them, so it starts half-way between .25 and .30.
    assert high == pytest.approx(0.725)
    assert low == pytest.approx(0.275)


def test_no_band_where_the_threshold_keeps_both_promises():
    scores, truth = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert review_band(scores, truth, 0.5) == (0.5, 0.5)


def test_a_rule_survives_the_way_through_its_file(tmp_path):
    rng = np.random.default_rng(2)
    truth = rng.random((60, 8)) < 0.3
    logits = rng.normal(0, 1, (60, 8)) + 2 * truth
    rule = fit(POLICY_DOMAINS, logits, truth, logits, truth, {"file": "x.jsonl"})
    rule.save(tmp_path)
    back = Decision.load(tmp_path)
    assert back.id == rule.id
    assert back.tuning == rule.tuning
    scores = rule.paragraph_scores(logits)
    assert (back.labels(back.paragraph_scores(logits)) == rule.labels(scores)).all()
    # The file alone is enough to set the rule again.
    kept = np.array(back.tuning["scores"])
    marks = np.array([[label in row for label in POLICY_DOMAINS.ids] for row in back.tuning["labels"]])
    assert best_global_threshold(kept, marks) == rule.global_threshold


def test_the_id_is_of_what_decides():
    assert make_decision().id == make_decision().id
    assert make_decision().id != make_decision(threshold=0.6).id


def test_a_label_is_on_from_its_threshold():
    rule = make_decision(TWO, threshold=0.5)
    assert rule.labels(np.array([[0.5, 0.4999]])).tolist() == [[True, False]]
    assert rule.doubtful(np.array([[0.45, 0.65]])).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.pop("thresholds"), "damaged"),
        (lambda d: d["thresholds"].pop("a"), "damaged"),
        (lambda d: d.update(format=9), "format 9; this version reads format 1"),
        (lambda d: d["review"]["a"].update(low=float("nan")), "not finite"),
        (lambda d: d["calibration"]["paragraph"]["a"].update(scale=-1), "a scale is not positive"),
        (lambda d: d["thresholds"].update(a=7), "a threshold is not within 0 and 1"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, damage, message):
    data = make_decision(TWO).to_dict()
    damage(data)
    (tmp_path / "decision.json").write_text(json.dumps(data))
    with pytest.raises(GongbaoError, match=message):
        Decision.load(tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(GongbaoError, match=r"decision\.json is missing"):
        Decision.load(tmp_path)


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
