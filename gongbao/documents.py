"""What flows through the pipeline: documents, paragraphs, sentences and the predictions made for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from gongbao.lines import inked

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

    `id` is `document#number` for text (numbers start at 1) and the row's own id for tables; `heading` is the path of
    headings above it; `page` is 1-based where the format has pages; `line` is where it begins, counted as an Aside's;
    `extra` holds the other keys of a table's row.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...]
    kind: Kind = "body"
    heading: tuple[str, ...] = ()
    page: int | None = None
    line: int = 0
    document: str = ""
    number: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Aside:
    """Text that is kept apart from the paragraphs (a dateline, a page number, …), with the reason and its line.

    `line` counts the lines of a text and of a page's print, the paragraphs of formats that have them, and rows; `page`
    is given where the format has pages. A page that holds no text is an aside without text (`no-text`).
    """

    text: str
    reason: str
    line: int
    page: int | None = None


@dataclass
class Ledger:
    """The account of a document's characters: what was read is what became paragraphs and what was set aside.

    `take` is told every piece of text that a file holds, as it is read; `give` every paragraph and aside that comes
    out. White space and invisible characters are counted as `blank` and not followed further. `difference` is what was
    lost (or, below 0, invented), and is 0.
    """

    characters: int = 0
    blank: int = 0
    paragraphs: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    encoding: str | None = None

    def take(self, text: str) -> str:
        """Count text that was read, and return it."""
        self.characters += len(text)
        self.blank += len(text) - inked(text)
        return text

    def give(self, item: Paragraph | Aside) -> None:
        """Count what became of it."""
        count = inked(item.text)
        if isinstance(item, Paragraph):
            self.paragraphs += count
        else:
            self.aside[item.reason] += count

    @property
    def difference(self) -> int:
        return self.characters - self.blank - self.paragraphs - self.aside.total()


@dataclass(frozen=True)
class Document:
    """A document as a reader gives it: its paragraphs in reading order and the lines that were set aside.

    `date` (ISO 8601), `number` (国发〔2024〕5号) and `issuer` are what the document says of itself, None where it says
    nothing; `ledger` accounts for every character.
    """

    id: str
    title: str | None
    source: str
    paragraphs: tuple[Paragraph, ...]
    aside: tuple[Aside, ...] = ()
    encoding: str | None = None
    date: str | None = None
    number: str | None = None
    issuer: str | None = None
    ledger: Ledger = field(default_factory=Ledger)


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
