"""A labelled paragraph as a row: what every output format carries."""

from __future__ import annotations

from typing import Any

from gongbao.documents import Paragraph, Prediction
from gongbao.labeler import Labeler

DIGITS = 4


def make_row(paragraph: Paragraph, prediction: Prediction, labeler: Labeler) -> dict[str, Any]:
    """The row that every format carries; scores have 4 decimals, labels were decided before rounding.

    Other keys of a `.jsonl` input stand at its end, under `input` where the row has a key of that name itself.
    """
    row: dict[str, Any] = {
        "id": paragraph.id,
        "document": paragraph.document,
        "number": paragraph.number,
        "kind": paragraph.kind,
        "heading": list(paragraph.heading),
        "page": paragraph.page,
        "line": paragraph.line,
        "text": paragraph.text,
        "labels": list(prediction.labels),
        "review": list(prediction.review),
        "scores": _rounded(prediction.scores),
        "evidence": {
            label: {"sentence": e.sentence, "start": e.start, "end": e.end} for label, e in prediction.evidence.items()
        },
        "sentences": [
            {"start": sentence.start, "end": sentence.end, "scores": _rounded(scores)}
            for sentence, scores in zip(paragraph.sentences, prediction.sentences, strict=True)
        ],
        "model": labeler.name,
        "decision": labeler.decision.id,
    }
    extra = {key: value for key, value in paragraph.extra.items() if key not in ("id", "text")}
    clashing = {key: value for key, value in extra.items() if key in row or key == "input"}
    row |= {key: value for key, value in extra.items() if key not in clashing}
    return row | {"input": clashing} if clashing else row


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    return {label: round(score, DIGITS) for label, score in scores.items()}
