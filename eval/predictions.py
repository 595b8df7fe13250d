"""Predictions as a file: `{"id", "labels"}` a row, with `scores` and `sentences` where the system gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from gongbao.rows import read_rows


@dataclass(frozen=True)
class Answer:
    """What one paragraph or sentence was answered: labels in the scheme's order, a probability for every label."""

    labels: tuple[str, ...] | None
    scores: dict[str, float] | None


@dataclass(frozen=True)
class Row:
    """The answer for the paragraph `id`; `ends` are its sentences' end offsets, `review` the labels to look at.

    They and the text are None where the file does not give them.
    """

    id: str
    answer: Answer
    sentences: tuple[Answer, ...] | None
    ends: tuple[int, ...] | None
    model: str | None
    decision: str | None
    review: tuple[str, ...] | None = None
    text: str | None = None


def read_predictions(path: str | Path, scheme: Scheme) -> list[Row]:
    """Read a predictions file; keys that scoring does not need are passed over.

    Raises GongbaoError, `file:line: what is wrong`, for a line that is not JSON, an id that is missing or stands twice,
    a label outside the scheme, and a score that is missing, not a number or not within 0 and 1.
    """
    found: list[Row] = []
    seen: dict[str, int] = {}
    for line, data in read_rows(path):
        try:
            row = _parse(data, scheme)
        except GongbaoError as error:
            raise GongbaoError(f"{path}:{line}: {error}") from error
        if row.id in seen:
            raise GongbaoError(f"{path}:{line}: id {row.id!r} was used before, at line {seen[row.id]}")
        seen[row.id] = line
        found.append(row)
    return found


def _parse(data: dict[str, Any], scheme: Scheme) -> Row:
    if not isinstance(data.get("id"), str):
        raise GongbaoError("`id` is missing" if "id" not in data else "`id` is not a string")
    if "labels" not in data:
        raise GongbaoError("`labels` is missing; a paragraph without a label has an empty list")
    sentences = data.get("sentences")
    answers = None
    ends: tuple[int, ...] | None = None
    if sentences is not None:
        if not isinstance(sentences, list) or not all(isinstance(item, dict) for item in sentences):
            raise GongbaoError("`sentences` is not a list of objects")
        answers = tuple(_answer(item, scheme, f"sentences[{n}].") for n, item in enumerate(sentences))
        if all(type(item.get("end")) is int for item in sentences):
            ends = tuple(item["end"] for item in sentences)
    model, decision, review = data.get("model"), data.get("decision"), data.get("review")
    text = data.get("text")
    return Row(
        data["id"],
        _answer(data, scheme, ""),
        answers,
        ends,
        model if isinstance(model, str) else None,
        decision if isinstance(decision, str) else None,
        None if review is None else label_list(review, scheme, "review"),
        text if isinstance(text, str) else None,
    )


def _answer(data: dict[str, Any], scheme: Scheme, where: str) -> Answer:
    labels = label_list(data["labels"], scheme, f"{where}labels") if "labels" in data else None
    scores, checked = data.get("scores"), None
    if scores is not None:
        if not isinstance(scores, dict):
            raise GongbaoError(f"`{where}scores` is not an object with a probability for every label")
        scheme.check(scores)
        for label in scheme.ids:
            if label not in scores:
                raise GongbaoError(f"`{where}scores` lacks {label!r}")
            value: Any = scores[label]
            if type(value) not in (int, float) or not 0 <= value <= 1:
                raise GongbaoError(f"`{where}scores`: {label!r} is {value!r}, not a probability within 0 and 1")
        checked = {label: float(scores[label]) for label in scheme.ids}
    return Answer(labels, checked)


def label_list(value: Any, scheme: Scheme, where: str) -> tuple[str, ...]:
    """Labels as a row gives them, in the scheme's order; raises GongbaoError, naming the key, for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise GongbaoError(f"`{where}` is not a list of label ids")
    return tuple(scheme.check(value))
