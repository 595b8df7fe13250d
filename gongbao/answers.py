"""What a model answers, chunk by chunk, taken from a journal where it is known already."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np

from gongbao import __version__
from gongbao.decision import Floats
from gongbao.documents import Paragraph, Prediction
from gongbao.labeler import Labeler

Words = Mapping[str, Sequence[tuple[int, int]]]
"""The spans of a paragraph's text that carry each label."""
_WORD = re.compile(r"[^\W_]+(?:[ .%·-]+[^\W_]+)*%?")
MOST = 0.5
"""The words shown are the fewest pieces that hold so much of what speaks for a label."""
SPANS = 6


class Store(Protocol):
    """Where answers are kept: a journal, or what a worker sends back."""

    def get(self, question: bytes) -> bytes | None: ...

    def put(self, question: bytes, answer: bytes) -> None: ...


@dataclass(frozen=True)
class Question:
    """A chunk of paragraphs, the key that its answer is kept under, and the chunk as the engine takes it."""

    paragraphs: Sequence[Paragraph]
    key: bytes
    prepared: Any


class Answers:
    """Asks a labeller, or the journal; `words` are asked for only by outputs that show them."""

    def __init__(self, labeler: Labeler, journal: Store | None = None, identity: str | None = None) -> None:
        """`identity` is the labeller's unless answers come from elsewhere."""
        self._labeler = labeler
        self._journal = journal
        self._identity = identity or labeler.identity
        self._own: set[bytes] = set()
        self.resumed = 0
        """Paragraphs whose answers the journal held."""

    def ask(self, chunk: Sequence[Paragraph]) -> Question:
        """Make a chunk ready to be answered; another thread may do so while the model computes."""
        sentences = [[sentence.text for sentence in paragraph.sentences] for paragraph in chunk]
        return Question(chunk, self._question("logits", sentences), self._labeler.engine.prepare(sentences))

    def known(self, chunk: Sequence[Paragraph], words: bool) -> bool:
        """Whether all that would be asked about a chunk is answered already."""
        sentences = [[sentence.text for sentence in paragraph.sentences] for paragraph in chunk]
        answer = self._journal.get(self._question("logits", sentences)) if self._journal else None
        if answer is None or not words:
            return answer is not None
        logits = _unpacked(answer, [len(each) for each in sentences], len(self._labeler.scheme))
        key, _, _ = self._about_words(chunk, self._labeler.decide(chunk, logits))
        return key is None or (self._journal is not None and self._journal.get(key) is not None)

    def predict(self, question: Question) -> list[Prediction]:
        """Label a chunk; labels follow from the logits, so that another policy asks nothing anew."""
        chunk = question.paragraphs
        known = self._journal.get(question.key) if self._journal else None
        if known is not None:
            logits = _unpacked(known, [len(each.sentences) for each in chunk], len(self._labeler.scheme))
            # A text that stands twice is no text of an earlier run.
            self.resumed += len(chunk) if blake2b(question.key).digest() not in self._own else 0
        else:
            logits = self._labeler.answer(question.prepared)
            if self._journal:
                self._own.add(blake2b(question.key).digest())
                self._journal.put(question.key, _packed(logits))
        return self._labeler.decide(chunk, logits)

    def words(self, chunk: Sequence[Paragraph], predictions: Sequence[Prediction]) -> list[Words]:
        """Find the words that carry each label in its evidence sentence; none where the model reads no pieces."""
        found: list[Words] = [{} for _ in chunk]
        question, asked, carried = self._about_words(chunk, predictions)
        if question is None:
            return found
        known = self._journal.get(question) if self._journal else None
        if known is not None:
            spans = json.loads(zlib.decompress(known))
        else:
            read = self._labeler.token_logits([chunk[i] for i in asked])
            ids = self._labeler.scheme.ids
            spans = []
            for sentences, labels in zip(read, carried, strict=True):
                places = {label: sentences[at] for label, at in labels.items()}
                spans.append({label: carrying(o, rows[:, ids.index(label)]) for label, (o, rows) in places.items()})
            if self._journal:
                self._journal.put(question, zlib.compress(json.dumps(spans).encode()))
        for index, labels in zip(asked, spans, strict=True):
            text = chunk[index].text
            found[index] = {label: trimmed(text, pairs) for label, pairs in labels.items()}
        return found

    def _about_words(
        self, chunk: Sequence[Paragraph], predictions: Sequence[Prediction]
    ) -> tuple[bytes | None, list[int], list[dict[str, int]]]:
        """The question about words (None: nothing to ask), the paragraphs asked about, each label's sentence there."""
        asked = [index for index, prediction in enumerate(predictions) if prediction.labels]
        carried = [{label: e.sentence for label, e in predictions[index].evidence.items()} for index in asked]
        if not asked or not self._labeler.reads_pieces:
            return None, asked, carried
        return self._question("words", [[[s.text for s in chunk[i].sentences] for i in asked], carried]), asked, carried

    def _question(self, kind: str, asked: object) -> bytes:
        return json.dumps([kind, self._identity, __version__, asked], ensure_ascii=False).encode()


def carrying(offsets: Sequence[tuple[int, int]], logits: Floats) -> list[tuple[int, int]]:
    """Return the spans of the pieces that speak most for a label: the fewest that hold half of what speaks for it.

    `offsets` are the pieces' (start, end), `logits` one number a piece: a sentence's logit is their mean, so that each
    piece's share in it is its own. Neighbours are joined; at most six spans, in order.

    >>> carrying([(0, 2), (2, 4), (4, 5), (5, 8)], np.array([4.0, 3.0, -2.0, 1.0]))
    [(0, 2)]
    """
    positive = np.maximum(logits, 0.0)
    if not positive.sum():
        return []
    order = np.argsort(-positive, kind="stable")
    enough = int(np.searchsorted(np.cumsum(positive[order]), MOST * positive.sum())) + 1
    spans: list[tuple[int, int]] = []
    for start, end in sorted(offsets[i] for i in order[:enough]):
        if start == end:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return sorted(sorted(spans, key=lambda span: span[0] - span[1])[:SPANS])


def trimmed(text: str, spans: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Return spans cut at punctuation and blanks, without them at their ends.

    >>> trimmed("要改革，开放。", [(1, 5), (6, 7)])
    [(1, 3), (4, 5)]
    """
    return [(start + m.start(), start + m.end()) for start, end in spans for m in _WORD.finditer(text[start:end])]


def _packed(logits: Sequence[Floats]) -> bytes:
    return zlib.compress(np.concatenate(logits).astype("<f8").tobytes() if logits else b"", 1)


def _unpacked(data: bytes, lengths: Sequence[int], labels: int) -> list[Floats]:
    rows = np.frombuffer(zlib.decompress(data), "<f8").reshape(-1, labels).astype(np.float64)
    return np.split(rows, np.cumsum(lengths)[:-1]) if lengths else []
