"""What flows through the pipeline: documents, paragraphs, sentences and the predictions made for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["body", "heading"]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a paragraph; `start` and `end` are offsets in code points into the paragraph's text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Paragraph:
    """The unit that is labelled: a body paragraph or a heading.

    `id` is `document#number` for text (numbers start at 1) and the row's own id for `.jsonl`; `heading` is the path
    of headings above it; `page` is 1-based where the format has pages; `extra` holds the other keys of a `.jsonl` row.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...]
    kind: Kind = "body"
    heading: tuple[str, ...] = ()
    page: int | None = None
    document: str = ""
    number: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Aside:
    """Text that is kept apart from the paragraphs (a dateline, a page number, …), with the reason and its line."""

    text: str
    reason: str
    line: int


@dataclass(frozen=True)
class Document:
    """A document as a reader gives it: its paragraphs in reading order and the lines that were set aside."""

    id: str
    title: str | None
    source: str
    paragraphs: tuple[Paragraph, ...]
    aside: tuple[Aside, ...] = ()
    encoding: str | None = None


@dataclass(frozen=True)
class Evidence:
    """The sentence that carries a label: its index in the paragraph and its offsets in the paragraph's text."""

    sentence: int
    start: int
    end: int


@dataclass(frozen=True)
class Prediction:
    """The answer for one paragraph.

    `scores` maps every label id to its calibrated probability; `labels` are the ids whose score reaches the threshold,
    `review` those inside the band where a person should look; `evidence` has one entry for each id in `labels`;
    `sentences` holds one mapping of calibrated sentence probabilities for each sentence.
    """

    labels: tuple[str, ...]
    review: tuple[str, ...]
    scores: dict[str, float]
    evidence: dict[str, Evidence]
    sentences: tuple[dict[str, float], ...]
