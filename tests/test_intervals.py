"""Document-bootstrap intervals against scipy, and against a plain loop over resampled documents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from eval.intervals import count, interval, resample, statistics
from eval.metrics import measure

LABELS = 4


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(7)
    document = np.sort(generator.integers(0, 12, size=120))
    document[:12] = np.arange(12)
    truth = generator.random((120, LABELS)) < [0.4, 0.2, 0.1, 0.01]
    answer = truth ^ (generator.random(truth.shape) < 0.08)
    return truth, answer, document


def test_the_scores_themselves_are_those_of_metrics(data):
    truth, answer, document = data
    once = statistics(count(truth, answer, document), np.ones((1, 12), dtype=np.int64))
    found = measure(truth, answer, [str(n) for n in range(LABELS)])
    assert once.f1[0].tolist() == [row["f1"] for row in found["labels"].values()]
    assert once.none[0] == found["none"]["f1"]
    assert once.macro[0] == pytest.approx(found["macro"]["f1"])
    assert once.micro[0] == pytest.approx(found["micro"]["f1"])
    assert once.samples[0] == pytest.approx(found["samples"]["f1"])
    assert once.exact[0] == pytest.approx(found["exact_match"]["accuracy"])


def test_resampled_f1_equals_a_loop_over_documents_with_scikit_learn(data):
    truth, answer, document = data
    weights = resample(12, 40, seed=3)
    fast = statistics(count(truth, answer, document), weights)
    for number, drawn in enumerate(weights):
        rows = np.concatenate([np.tile(np.flatnonzero(document == d), times) for d, times in enumerate(drawn)])
        rows = rows.astype(int)
        slow = f1_score(truth[rows], answer[rows], average=None, zero_division=np.nan)
        assert np.array_equal(fast.f1[number], slow, equal_nan=True)
        none = f1_score(~truth[rows].any(axis=1), ~answer[rows].any(axis=1), zero_division=np.nan)
        assert fast.none[number] == none
        assert fast.macro[number] == pytest.approx(np.nanmean(slow), abs=1e-15)
        micro = f1_score(truth[rows], answer[rows], average="micro")
        assert fast.micro[number] == pytest.approx(micro, abs=1e-15)
        assert fast.exact[number] == pytest.approx(accuracy_score(truth[rows], answer[rows]), abs=1e-15)
        samples = f1_score(truth[rows], answer[rows], average="samples", zero_division=1.0)
        assert fast.samples[number] == pytest.approx(samples, abs=1e-12)


def test_interval_agrees_with_scipy(data):
    truth, answer, _ = data
    # One row a document: the share of exact rows is a plain mean, whose percentile interval scipy computes as well.
    document = np.arange(len(truth))
    ours = interval(statistics(count(truth, answer, document), resample(len(truth), 5000, seed=1)).exact)
    exact = (truth == answer).all(axis=1).astype(float)
    theirs = stats.bootstrap(
        (exact,), np.mean, n_resamples=5000, method="percentile", random_state=np.random.default_rng(2)
    ).confidence_interval
    # Rows are 1/120 apart; the two draw different resamples.
    assert ours == pytest.approx([theirs.low, theirs.high], abs=1.01 / 120)


def test_documents_are_drawn_whole_and_as_many_as_there_are():
    weights = resample(9, 500, seed=0)
    assert weights.shape == (500, 9)
    assert (weights.sum(axis=1) == 9).all()
    assert np.array_equal(weights, resample(9, 500, seed=0))
    assert not np.array_equal(weights, resample(9, 500, seed=1))


def test_documents_alike_inside_make_a_wider_interval_than_free_rows():
    # 10 documents of 30 rows, each all right or all wrong: there are 10 independent cases, not 300.
    right = np.repeat(np.arange(10) % 2 == 0, 30)
    truth = np.ones((300, 2), dtype=bool)
    answer = truth & right[:, None]
    by_document = count(truth, answer, np.repeat(np.arange(10), 30))
    by_row = count(truth, answer, np.arange(300))
    wide = interval(statistics(by_document, resample(10, 1000, seed=0)).exact)
    narrow = interval(statistics(by_row, resample(300, 1000, seed=0)).exact)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_one_document_has_no_interval(data):
    truth, answer, _ = data
    found = statistics(count(truth, answer, np.zeros(len(truth), dtype=int)), resample(1, 1000, seed=0))
    assert interval(found.macro) is None
    assert interval(found.f1[:, 0]) is None


def test_resamples_without_the_label_are_left_out():
    # The label is in one of three documents: F1 is 1 where that one is drawn and undefined elsewhere.
    truth = np.array([[True], [False], [False]])
    found = statistics(count(truth, truth, np.arange(3)), resample(3, 300, seed=0))
    assert np.isnan(found.f1).any()
    assert interval(found.f1[:, 0]) == [1.0, 1.0]
    assert interval(found.macro) == [1.0, 1.0]
    assert interval(np.full(5, np.nan)) is None


def test_paired_difference_is_narrower_than_two_intervals(data):
    truth, answer, document = data
    better = answer.copy()
    better[::9] = truth[::9]
    weights = resample(12, 1000, seed=5)
    first = statistics(count(truth, better, document), weights).macro
    second = statistics(count(truth, answer, document), weights).macro
    low, high = interval(first - second)
    assert low <= high
    # Unpaired, the difference would be blurred by both systems' own variation.
    other = statistics(count(truth, answer, document), resample(12, 1000, seed=6)).macro
    unpaired = interval(first - other)
    assert high - low < unpaired[1] - unpaired[0]
    assert interval(second - second) == [0.0, 0.0]


def test_interval_holds_95_percent_of_the_resamples():
    # Of 0 … 1000 the 2.5 and 97.5 percentiles are 25 and 975.
    assert interval(np.arange(1001.0)) == pytest.approx([25.0, 975.0])


@settings(max_examples=1000, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.randoms(use_true_random=False))
def test_our_counts_give_scikit_learns_scores(rows, labels, random):
    truth, answer = (np.array([[random.random() < 0.4 for _ in range(labels)] for _ in range(rows)]) for _ in range(2))
    document = np.array([random.randrange(3) for _ in range(rows)])
    found = statistics(count(truth, answer, document, 3), np.ones((1, 3)))
    none = ~truth.any(axis=1), ~answer.any(axis=1)
    pairs = [*zip(truth.T, answer.T, found.f1[0], strict=True), (*none, found.none[0])]
    for gold, given_, value in pairs:
        wanted = f1_score(gold, given_, zero_division=np.nan) if (gold | given_).any() else np.nan
        assert value == pytest.approx(wanted, nan_ok=True)
    micro = f1_score(truth.ravel(), answer.ravel(), zero_division=np.nan) if (truth | answer).any() else np.nan
    assert found.micro[0] == pytest.approx(micro, nan_ok=True)
    samples = [f1_score(t, a, zero_division=1.0) for t, a in zip(truth.astype(int), answer.astype(int), strict=True)]
    assert found.samples[0] == pytest.approx(np.mean(samples))
    assert found.exact[0] == pytest.approx((truth == answer).all(axis=1).mean())
