"""What is scored: a model, a predictions file or a second annotator, opened through one door on a gold set."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold, check_text, indicator, is_text_of, match
from eval.predictions import Answer, Row, read_predictions
from eval.sources import find_model, is_file
from eval.words import many
from gongbao import models
from gongbao.decision import paragraph_logits
from gongbao.engines.exported import weights_of
from gongbao.errors import GongbaoError
from gongbao.examples import read_examples
from gongbao.labeler import Labeler
from gongbao.labels import Scheme
from gongbao.rows import read_rows

DECIMALS = 6
"""Scores are scored as they are written, so that a report can be computed again from its predictions."""


@dataclass(frozen=True)
class System:
    """A system's answers on a gold set, rows in the gold's order, columns in the scheme's.

    `answer` and `scores` are `(paragraphs, labels)`, `sentence_answer` and `sentence_scores` `(sentences, labels)`;
    `review`, `(paragraphs, labels)`, says which labels a person should look at. What the system does not give is None,
    and `notes` say what is therefore left out. A model brings its `labeler`, to be asked further, the `seconds` that it
    took, and the `size` of its weights in bytes.
    """

    name: str
    form: str
    answer: Bools
    scores: Floats | None = None
    sentence_answer: Bools | None = None
    sentence_scores: Floats | None = None
    thresholds: Floats | None = None
    review: Bools | None = None
    notes: tuple[str, ...] = ()
    model: str | None = None
    decision: str | None = None
    record: dict[str, Any] | None = None
    labeler: Labeler | None = None
    seconds: float | None = None
    size: int | None = None


def check_names(systems: Sequence[System], how: str) -> None:
    """Raise GongbaoError, saying how to mend it, if two systems bear one name."""
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise GongbaoError(f"two systems are called {name!r}: {how}")


def open_system(x: str | Path, gold: Gold, name: str | None = None) -> System:
    """Open X and answer the gold set with it.

    X is `shipped`, `latest`, a model folder, a `.jsonl` of predictions or a `.jsonl` of labelled examples. Raises
    GongbaoError if X is none of these, answers other labels, or if a file's ids are not exactly the gold's.
    """
    if not is_file(x):
        folder = find_model(x)
        record = models.record(folder) if (folder / models.RECORD).exists() else None
        asked = ask(Labeler.load(folder), gold, name, record)
        return dataclasses.replace(asked, size=weights_of(folder).stat().st_size)
    path = Path(x)
    if path.suffix != ".jsonl":
        raise GongbaoError(f"{path}: answers are read from a .jsonl file or a model folder")
    name = name or path.stem
    line, first = next(read_rows(path), (0, {}))
    if not line:
        raise GongbaoError(f"{path}: empty: no prediction in it")
    if "labels" in first:
        return _from_predictions(path, gold, name)
    if "sentences" in first:
        return _from_examples(path, gold, name)
    raise GongbaoError(
        f'{path}:{line}: neither a prediction {{"id", "labels"}} nor an example {{"id", "document", "sentences"}}'
    )


def ask(labeler: Labeler, gold: Gold, name: str | None = None, record: dict[str, Any] | None = None) -> System:
    """Let a model answer the gold's paragraphs, within the gold's own sentence bounds."""
    if labeler.scheme.ids != gold.scheme.ids:
        raise GongbaoError(
            f"{labeler.name} answers the labels of {labeler.scheme.signature} ({', '.join(labeler.scheme.ids)}); "
            f"{gold.name} is read with {gold.scheme.signature} ({', '.join(gold.scheme.ids)})"
        )
    decision = labeler.decision
    begun = perf_counter()
    rows = labeler.logits([[s.text for s in example.sentences] for example in gold.examples])
    seconds = perf_counter() - begun
    scores = decision.paragraph_scores(paragraph_logits(rows, len(gold.scheme)))
    sentence_scores = decision.sentence_scores(np.concatenate(rows))
    return System(
        name or labeler.name or "model",
        "model",
        decision.labels(scores),
        np.round(scores, DECIMALS),
        decision.labels(sentence_scores),
        np.round(sentence_scores, DECIMALS),
        decision.thresholds,
        decision.doubtful(scores),
        model=labeler.name or None,
        decision=decision.id,
        record=record,
        labeler=labeler,
        seconds=seconds,
    )


def majority(gold: Gold) -> System:
    """The system that reads nothing: it answers every label that more than half of the gold's paragraphs carry."""
    usual = gold.truth.mean(axis=0) > 0.5
    return System("majority", "constant", np.tile(usual, (len(gold.examples), 1)))


def _from_examples(path: Path, gold: Gold, name: str) -> System:
    examples = read_examples(path, gold.scheme)
    order = match(gold.ids, [example.id for example in examples], str(path))
    examples = [examples[i] for i in order]
    answer = indicator((example.labels for example in examples), gold.scheme)
    for mine, theirs in zip(gold.examples, examples, strict=True):
        check_text(mine, theirs, gold.name, str(path))
    notes = ["No scores: average precision and calibration are left out."]
    whole = sum(not example.by_sentence for example in examples)
    other = [
        mine.id
        for mine, theirs in zip(gold.examples, examples, strict=True)
        if [s.text for s in mine.sentences] != [s.text for s in theirs.sentences]
    ]
    if gold.sentence_truth is None:
        pass
    elif whole:
        notes.append(f"No sentence figures: {_paragraphs_are(whole)} labelled as a whole.")
    elif other:
        notes.append(f"No sentence figures: the sentences are not the gold's, first in {other[0]}.")
    else:
        sentences = indicator((s.labels for example in examples for s in example.sentences), gold.scheme)
        return System(name, "examples", answer, sentence_answer=sentences, notes=tuple(notes))
    return System(name, "examples", answer, notes=tuple(notes))


def _from_predictions(path: Path, gold: Gold, name: str) -> System:
    rows = read_predictions(path, gold.scheme)
    rows = [rows[i] for i in match(gold.ids, [row.id for row in rows], str(path))]
    for example, row in zip(gold.examples, rows, strict=True):
        if row.text is not None and not is_text_of(example, row.text):
            raise GongbaoError(f"{path}: the text of {example.id!r} is not that of {gold.name}")
    answer = indicator((row.answer.labels or () for row in rows), gold.scheme)
    bare = [row.id for row in rows if row.answer.scores is None]
    notes = []
    if bare:
        without = f"No scores for {len(bare):,} of {many(len(rows), 'paragraph')}"
        notes.append(f"{without}: average precision and calibration are left out.")
    sentence_answer, sentence_scores, reason = _sentences(rows, gold)
    if reason:
        notes.append(reason)
    return System(
        name,
        "predictions",
        answer,
        None if bare else _table([row.answer for row in rows], gold.scheme),
        sentence_answer,
        sentence_scores,
        review=None
        if any(row.review is None for row in rows)
        else indicator((r.review or () for r in rows), gold.scheme),
        notes=tuple(notes),
        model=_only({row.model for row in rows}),
        decision=_only({row.decision for row in rows}),
    )


def _sentences(rows: list[Row], gold: Gold) -> tuple[Bools | None, Floats | None, str | None]:
    """The answers and scores of a file's sentences, and a note on what is missing or had to be settled."""
    if gold.sentence_truth is None:
        return None, None, None
    if any(row.sentences is None for row in rows):
        bare = sum(row.sentences is None for row in rows)
        come = f"{many(len(rows), 'paragraph')} {'comes' if bare == 1 else 'come'}"
        return None, None, f"No sentence figures: {bare} of {come} without `sentences`."
    for row, example in zip(rows, gold.examples, strict=True):
        ends = tuple(np.cumsum([len(s.text) for s in example.sentences]).tolist())
        if len(row.sentences or ()) != len(ends) or (row.ends is not None and row.ends != ends):
            return None, None, f"No sentence figures: the sentences are not the gold's, first in {row.id}."
    flat = [answer for row in rows for answer in row.sentences or ()]
    scores = None if any(answer.scores is None for answer in flat) else _table(flat, gold.scheme)
    if all(answer.labels is not None for answer in flat):
        return indicator((answer.labels or () for answer in flat), gold.scheme), scores, None
    if scores is None:
        return None, None, "No sentence figures: the sentences have neither labels nor scores."
    note = "The file gives sentences scores and no labels: a sentence takes the labels whose score is at least 0.5."
    return scores >= 0.5, scores, note


def _table(answers: list[Answer], scheme: Scheme) -> Floats:
    return np.array([[(answer.scores or {})[label] for label in scheme.ids] for answer in answers], dtype=np.float64)


def _paragraphs_are(count: int) -> str:
    return f"{many(count, 'paragraph')} {'is' if count == 1 else 'are'}"


def _only(values: set[str | None]) -> str | None:
    return values.pop() if len(values) == 1 else None
