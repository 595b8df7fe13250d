"""The labeller: a model folder opened, paragraphs in, predictions out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gongbao import models
from gongbao.decision import Decision, Floats, paragraph_logits
from gongbao.documents import Evidence, Paragraph, Prediction
from gongbao.engines import Engine, open_engine
from gongbao.engines.exported import weights_hash
from gongbao.errors import GongbaoError
from gongbao.labels import Scheme

CHUNK = 512
"""Batches are formed inside chunks of so many paragraphs, so that a row depends on its chunk alone."""


class Labeler:
    """Labels paragraphs with a model and its decision rule.

    `Labeler.load().label(["布局建设三家省实验室。"])[0].labels` is `("innovation",)` with the shipped model.
    """

    def __init__(self, engine: Engine, decision: Decision, name: str = "") -> None:
        if engine.labels != len(decision.scheme):
            raise GongbaoError(
                f"{name or 'the model'} answers {engine.labels} labels and its decision rule {len(decision.scheme)}: "
                "they are not of one training"
            )
        self.engine = engine
        self.decision = decision
        self.name = name

    @property
    def scheme(self) -> Scheme:
        return self.decision.scheme

    @property
    def reads_pieces(self) -> bool:
        """Whether the model reads pieces of words, and can say which of them speak for a label."""
        return hasattr(self.engine, "token_logits")

    @property
    def identity(self) -> str:
        """What the logits depend on besides the text: the model, the engine and where it computes."""
        return f"{self.name}|{self.engine.identity}"

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        device: str | None = None,
        engine: str = "auto",
        precision: str = "fp32",
        short: bool = False,
    ) -> Labeler:
        """Open a model: the shipped one by default, `latest`, or a folder; `open_engine` chooses the engine.

        Raises GongbaoError, naming the file, if the folder lacks one; a folder without a decision rule is refused.
        """
        folder = models.find(model)
        decision = Decision.load(folder)
        models.check_labels(folder, decision.scheme)
        opened = open_engine(folder, device, models.context(folder), engine, precision, short=short)
        return cls(opened, decision, model_name(folder))

    def label(self, texts: str | Iterable[str]) -> list[Prediction]:
        """Label strings, each one paragraph."""
        return self.predict(_paragraphs([texts] if isinstance(texts, str) else texts))

    def predict(self, paragraphs: Sequence[Paragraph]) -> list[Prediction]:
        """Label paragraphs, in order; a paragraph without a sentence takes no label."""
        found: list[Prediction] = []
        for start in range(0, len(paragraphs), CHUNK):
            chunk = paragraphs[start : start + CHUNK]
            found += self.decide(chunk, self.logits([[s.text for s in paragraph.sentences] for paragraph in chunk]))
        return found

    def decide(self, paragraphs: Sequence[Paragraph], logits: Sequence[Floats]) -> list[Prediction]:
        """Label paragraphs whose sentences' logits are known."""
        return [self._decide(paragraph, rows) for paragraph, rows in zip(paragraphs, logits, strict=True)]

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """Raw sentence logits `(sentences, labels)` of paragraphs given as lists of sentences, chunk by chunk."""
        return [
            rows
            for start in range(0, len(paragraphs), CHUNK)
            for rows in self._sound(self.engine.logits(paragraphs[start : start + CHUNK]))
        ]

    def answer(self, prepared: Any) -> list[Floats]:
        """The logits of a chunk that the engine prepared; raises GongbaoError if the model answers NaN."""
        return self._sound(self.engine.answer(prepared))

    def _sound(self, rows: list[Floats]) -> list[Floats]:
        if any(np.isnan(each).any() for each in rows):
            raise GongbaoError(
                f"{self.name or 'the model'} answers NaN: its weights are damaged, or too large for the precision"
            )
        return rows

    def token_logits(self, texts: Iterable[str | Paragraph]) -> list[list[tuple[list[tuple[int, int]], Floats]]]:
        """What every piece of every sentence says: offsets into the paragraph's text, and logits `(pieces, labels)`.

        `texts` are paragraphs, as strings or already segmented; the result has a list of sentences for each.
        A sentence's logits are the mean of its pieces', so a piece's share of a label is its logit over their number.
        Raises GongbaoError for a model that does not read pieces (TF-IDF).
        """
        read = getattr(self.engine, "token_logits", None)
        if read is None:
            raise GongbaoError(f"{self.name} reads no pieces: token logits are for BERT models")
        paragraphs = _paragraphs(texts)
        found = read([[s.text for s in paragraph.sentences] for paragraph in paragraphs])
        return [
            [
                ([(sentence.start + start, sentence.start + end) for start, end in pieces.offsets], rows)
                for sentence, (pieces, rows) in zip(paragraph.sentences, sentences, strict=True)
            ]
            for paragraph, sentences in zip(paragraphs, found, strict=True)
        ]

    def _decide(self, paragraph: Paragraph, logits: Floats) -> Prediction:
        ids = self.scheme.ids
        scores = self.decision.paragraph_scores(paragraph_logits([logits], len(ids)))
        on, doubtful = self.decision.labels(scores)[0], self.decision.doubtful(scores)[0]
        if not len(logits):
            on, doubtful = np.zeros(len(ids), bool), np.zeros(len(ids), bool)
        evidence = {}
        for index in np.flatnonzero(on):
            best = int(logits[:, index].argmax())
            sentence = paragraph.sentences[best]
            evidence[ids[index]] = Evidence(best, sentence.start, sentence.end)
        return Prediction(
            tuple(ids[i] for i in np.flatnonzero(on)),
            tuple(ids[i] for i in np.flatnonzero(doubtful)),
            dict(zip(ids, scores[0].tolist(), strict=True)),
            evidence,
            tuple(dict(zip(ids, row, strict=True)) for row in self.decision.sentence_scores(logits).tolist()),
        )


def _paragraphs(texts: Iterable[str | Paragraph]) -> list[Paragraph]:
    from gongbao.segment import split_sentences

    made = []
    for number, text in enumerate(texts, 1):
        if isinstance(text, str):
            text = Paragraph(str(number), text, tuple(split_sentences(text)))
        elif not isinstance(text, Paragraph):
            raise TypeError(f"a paragraph is a string, not {type(text).__name__}")
        made.append(text)
    return made


def model_name(folder: Path) -> str:
    """Name a model for its answers: its folder's name and the first 12 hex digits of its weights' SHA-256."""
    return f"{folder.resolve().name}@{weights_hash(folder)[:12]}"
