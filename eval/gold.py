"""The gold set: labelled paragraphs as arrays, with the documents and sentences that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.words import many
from gongbao.errors import GongbaoError
from gongbao.examples import Example, hash_examples, read_examples
from gongbao.labels import Scheme

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHOWN = 3
"""How many ids an error names before it stops."""


@dataclass(frozen=True)
class Gold:
    """A gold set: `name` is its file's name, `examples` its paragraphs, labelled in `scheme`."""

    name: str
    scheme: Scheme
    examples: tuple[Example, ...]

    @classmethod
    def read(cls, path: str | Path, scheme: Scheme) -> Gold:
        """Read a gold file; raises GongbaoError, with file and line, as `read_examples` does."""
        return cls(Path(path).name, scheme, tuple(read_examples(path, scheme)))

    @cached_property
    def sha256(self) -> str:
        return hash_examples(self.examples)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(example.id for example in self.examples)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each id."""
        return {name: number for number, name in enumerate(self.ids)}

    @cached_property
    def truth(self) -> Bools:
        """Which labels each paragraph carries, `(paragraphs, labels)`."""
        return indicator((example.labels for example in self.examples), self.scheme)

    @cached_property
    def sentence_truth(self) -> Bools | None:
        """Which labels each sentence carries, `(sentences, labels)`; None if a paragraph is labelled as a whole."""
        if not all(example.by_sentence for example in self.examples):
            return None
        return indicator((s.labels for example in self.examples for s in example.sentences), self.scheme)

    @cached_property
    def documents(self) -> tuple[str, ...]:
        """The documents, sorted, so that resampling does not depend on the order of rows."""
        return tuple(sorted({example.document for example in self.examples}))

    @cached_property
    def document(self) -> Ints:
        """The index into `documents` of each paragraph."""
        index = {name: number for number, name in enumerate(self.documents)}
        return np.array([index[example.document] for example in self.examples], dtype=np.int64)

    @cached_property
    def lengths(self) -> Ints:
        """The number of sentences of each paragraph."""
        return np.array([len(example.sentences) for example in self.examples], dtype=np.int64)

    @cached_property
    def sentence_document(self) -> Ints:
        """The index into `documents` of each sentence."""
        return np.repeat(self.document, self.lengths)

    def describe(self) -> dict[str, Any]:
        """Say what was scored on: file name, hash, counts, the share of paragraphs without a label, labels."""
        return {
            "file": self.name,
            "sha256": self.sha256,
            "scheme": self.scheme.signature,
            "names": {label.id: label.zh for label in self.scheme},
            "paragraphs": len(self.examples),
            "documents": len(self.documents),
            "sentences": int(self.lengths.sum()),
            "without_label": float((~self.truth.any(axis=1)).mean()),
            "labels": dict(zip(self.scheme.ids, self.truth.sum(axis=0).tolist(), strict=True)),
        }


def indicator(rows: Iterable[Sequence[str]], scheme: Scheme) -> Bools:
    """Label ids of each row as an array `(rows, labels)`, columns in the scheme's order.

    >>> from gongbao.labels import POLICY_DOMAINS
    >>> indicator([["industry"], []], POLICY_DOMAINS)[:, :2].tolist()
    [[False, True], [False, False]]
    """
    return np.array([[label in row for label in scheme.ids] for row in rows], dtype=np.bool_).reshape(-1, len(scheme))


def labels_of(row: Bools, scheme: Scheme) -> list[str]:
    """The ids of the labels that are on in one row of such an array."""
    return [scheme.ids[index] for index in np.flatnonzero(row).tolist()]


def with_none(rows: Bools) -> Bools:
    """Rows of labels with a last column for `none`, the rows without a label."""
    return np.column_stack([rows, ~rows.any(axis=1)])


def match(wanted: Sequence[str], given: Sequence[str], where: str, whose: str = "the gold") -> list[int]:
    """Return, for each wanted id, its index in `given`; raises GongbaoError unless both hold the same ids."""
    index = {name: number for number, name in enumerate(given)}
    known = set(wanted)
    missing = [name for name in wanted if name not in index]
    unknown = [name for name in given if name not in known]
    if missing:
        raise GongbaoError(f"{where}: {many(len(missing), 'id')} of {whose} {_are(missing)} missing: {some(missing)}")
    if unknown:
        raise GongbaoError(f"{where}: {many(len(unknown), 'id')} {_are(unknown)} not in {whose}: {some(unknown)}")
    return [index[name] for name in wanted]


def is_text_of(example: Example, text: str) -> bool:
    """Whether a text is the example's, spaces aside."""
    return "".join(text.split()) == "".join(example.text.split())


def check_text(mine: Example, theirs: Example, whose: str, where: str) -> None:
    """Raise GongbaoError if two labelled another text under one id, whatever sentences each cut it into."""
    if mine.text != theirs.text:
        raise GongbaoError(f"{where}: the text of {mine.id!r} is not that of {whose}")


def _are(ids: Sequence[str]) -> str:
    return "are" if len(ids) > 1 else "is"


def some(ids: Sequence[str]) -> str:
    """The first few ids, for an error."""
    return ", ".join(repr(name) for name in ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
