"""Labels that look wrong: where a model contradicts the annotator with confidence (confident learning)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold, with_none
from eval.output import write_rows
from gongbao.errors import GongbaoError

FEWEST = 5
"""Positives and negatives that a label needs before its confidence can be judged."""


def suspects(truth: Bools, scores: Floats, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Find the labels, set or left out, that are likelier wrong than right, the likeliest first.

    Confident learning (Northcutt et al., 2021), as cleanlab does it, label by label: a row counts as the other class
    where its probability of that reaches the mean of those that carry it. `truth` and `scores` are
    `(paragraphs, labels)`; the scores must come from a model that did not learn these labels. Returns `row`, `label`,
    `given` (whether the annotator set it) and `score`, the probability of it.
    """
    from cleanlab.filter import find_label_issues

    found = []
    for index, label in enumerate(ids):
        given, p = truth[:, index].astype(int), scores[:, index]
        if min(given.sum(), len(given) - given.sum()) < FEWEST:
            continue
        wrong = find_label_issues(given, np.column_stack([1 - p, p]), n_jobs=1)
        found += [
            {"row": int(row), "label": label, "given": bool(given[row]), "score": float(p[row])}
            for row in np.flatnonzero(wrong)
        ]
    return sorted(found, key=lambda each: (each["score"] if each["given"] else 1 - each["score"], each["row"]))


def out_of_fold(gold: Gold, folds: int = 5) -> Floats:
    """Answer every paragraph by a TF-IDF model that saw no paragraph of its document, `(paragraphs, labels)`.

    Raises GongbaoError if there are fewer documents than folds.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    if len(gold.documents) < folds:
        raise GongbaoError(f"{gold.name} has {len(gold.documents)} documents, too few for {folds} folds")
    texts = np.array([example.text for example in gold.examples], dtype=object)
    # The last column, `none`, keeps a scheme of one label an indicator array, which scikit-learn would take as binary.
    truth = with_none(gold.truth).astype(int)
    scores = np.zeros(gold.truth.shape)
    for others, mine in GroupKFold(folds).split(texts, groups=gold.document):
        model = make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True),
            OneVsRestClassifier(LogisticRegression(C=10)),
        )
        with warnings.catch_warnings():
            # A label that no document of this fold's training part carries is answered 0, one that all carry 1.
            warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
            try:
                model.fit(texts[others], truth[others])
            except ValueError as error:
                raise GongbaoError(f"{gold.name}: too little text to fit a model on ({error})") from error
        scores[mine] = model.predict_proba(texts[mine])[:, :-1]
    return scores


def named(found: Sequence[dict[str, Any]], gold: Gold) -> list[dict[str, Any]]:
    """Suspects, as `suspects` finds them, with the paragraph's `id` in the place of its `row`."""
    return [{"id": gold.ids[each["row"]], **{k: v for k, v in each.items() if k != "row"}} for each in found]


def export(path: str | Path, found: Sequence[dict[str, Any]], gold: Gold) -> None:
    """Write named suspects for review, a JSON object a line: id, document, text, labels, label, given, score."""
    rows = []
    for suspect in found:
        example = gold.examples[gold.row[suspect["id"]]]
        row = {"id": example.id, "document": example.document, "text": example.text, "labels": list(example.labels)}
        rows.append(row | suspect)
    write_rows(path, rows)
