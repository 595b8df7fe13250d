"""Promises instead of thresholds: worked by hand on a tuning set of four paragraphs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gongbao.decision import Decision
from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS
from gongbao.policy import Policy, promises

SCORES = [0.2, 0.4, 0.6, 0.8]
SIZE = len(POLICY_DOMAINS)


def decision(truth, scores=SCORES):
    """A rule tuned on paragraphs whose first label is on where `truth` says; no other label is ever on."""
    plain = np.tile([1.0, 0.0], (SIZE, 1))
    first = POLICY_DOMAINS.ids[0]
    tuning = {
        "scores": [[score] + [0.1] * (SIZE - 1) for score in scores],
        "labels": [[first] if on else [] for on in truth],
    }
    return Decision(POLICY_DOMAINS, plain, plain, np.full(SIZE, 0.5), 0.5, np.full((SIZE, 2), 0.5), tuning)


def promise(text, truth):
    return promises(decision(truth), Policy.parse(text))[0]


@pytest.mark.parametrize(
    ("text", "threshold", "precision", "recall"),
    [
        # Positives at 0.2, 0.6, 0.8. From 0.5 on 2 of 2 are positive; from 0.3 on 2 of 3; from 0.2 on 3 of 4.
        ("precision=1", 0.5, 1.0, 2 / 3),
        ("precision=0.75", 0.2, 0.75, 1.0),
        # The strictest cut that keeps 2 of 3 positives is 0.5, that keeps 1 of 3 is 0.7.
        ("recall=0.6", 0.5, 1.0, 2 / 3),
        ("recall=0.3", 0.7, 1.0, 1 / 3),
        ("recall=1", 0.2, 0.75, 1.0),
    ],
)
def test_thresholds_that_keep_a_promise(text, threshold, precision, recall):
    found = promise(text, [True, False, True, True])
    assert found.threshold == pytest.approx(threshold)
    assert (found.precision, found.recall) == pytest.approx((precision, recall))


def test_a_promise_out_of_reach_names_the_nearest():
    # The best score is a negative's: from 0.5 on 1 of 2 is positive, from 0.3 on 1 of 3, from 0.2 on 2 of 4.
    found = promise("precision=0.9", [True, False, True, False])
    assert found.threshold is None
    assert found.precision == pytest.approx(0.5)


def test_a_label_without_a_positive_promises_nothing():
    assert promises(decision([True, False, True, True]), Policy.parse("recall=0.9"))[1] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("precision", "write precision=0.9"),
        ("presicion=0.9", "nearest: 'precision'"),
        ("precision=1.5", "not a share"),
        ("precision=nan", "not a share"),
        ("recall=0", "not a share"),
        ("recall=many", "not a share"),
    ],
)
def test_what_is_no_policy(text, message):
    with pytest.raises(GongbaoError, match=message):
        Policy.parse(text)


def test_a_rule_that_forgot_its_tuning_set():
    with pytest.raises(GongbaoError, match="does not keep the scores"):
        promises(dataclasses.replace(decision([True, False, True, True]), tuning={}), Policy.parse("recall=0.9"))
    damaged = decision([True, False, True, True])
    damaged.tuning["labels"].pop()
    with pytest.raises(GongbaoError, match="different paragraphs"):
        promises(damaged, Policy.parse("recall=0.9"))


def test_a_policy_reads_as_it_was_written():
    assert str(Policy.parse(" precision = 0.90 ")) == "precision=0.9"
