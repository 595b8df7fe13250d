"""The honest baseline: character n-grams, TF-IDF, one logistic regression a label, through the same doors as a BERT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gongbao.engines.tfidf import TfidfEngine
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.labels import Scheme
from train.config import Tfidf
from train.dataset import targets


def fit_tfidf(settings: Tfidf, scheme: Scheme, examples: Sequence[Example]) -> TfidfEngine:
    """Fit the baseline on sentences (on whole paragraphs where only these are labelled).

    A label that never occurs, or always, cannot be learnt and is refused with a GongbaoError.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts: list[str] = []
    rows: list[list[int]] = []
    for example in examples:
        texts += [s.text for s in example.sentences] if example.by_sentence else [example.text]
        rows += targets(example, scheme)
    goal = np.array(rows)
    vectorizer = TfidfVectorizer(
        analyzer="char",
        ngram_range=settings.ngram_range,
        min_df=settings.min_df,
        sublinear_tf=settings.sublinear_tf,
        lowercase=False,
    )
    try:
        features = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise GongbaoError(
            f"too little text to fit TF-IDF on ({error}); lower tfidf.min_df, or add examples"
        ) from error
    coef, intercept = [], []
    for label, column in zip(scheme.ids, goal.T, strict=True):
        if column.min() == column.max():
            raise GongbaoError(
                f"label {label!r} is on {'no' if not column.max() else 'every'} example: nothing to learn"
            )
        model = LogisticRegression(C=settings.C, solver="liblinear", random_state=0).fit(features, column)
        coef.append(model.coef_[0])
        intercept.append(float(model.intercept_[0]))
    return TfidfEngine(vectorizer, np.array(coef), np.array(intercept))
