"""An archive of predictions as arrays: what a model answered for every paragraph, in which document, year, place, …"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import Bools, Floats, Gold, Ints, indicator, is_text_of, some, with_none
from eval.predictions import label_list
from gongbao.errors import GongbaoError
from gongbao.labels import Scheme, nearest
from gongbao.rows import kind_of, read_rows

MISSING = "–"
"""The group of rows that have no value for a key."""
YEAR = "year"


@dataclass(frozen=True)
class Row:
    """What shares need of a prediction; `groups` has a value for each key asked for, `keys` are those it has at all."""

    id: str
    document: str
    labels: tuple[str, ...]
    text: str | None
    groups: tuple[str, ...]
    keys: frozenset[str]
    model: str | None


@dataclass(frozen=True)
class Archive:
    """Predictions, sorted by id so that the order of rows and files does not matter; `by` are the keys to group by."""

    files: tuple[str, ...]
    scheme: Scheme
    by: tuple[str, ...]
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, paths: Sequence[str | Path], scheme: Scheme, by: Sequence[str] = ()) -> Archive:
        """Read files of predictions, the rows that `gongbao predict -o FILE.jsonl` writes.

        A row needs `id` and `labels`; `document` is its id where missing; `text` is needed for shares of characters,
        and each key of `by` holds text or a number, `year` a whole one. Raises GongbaoError, `file:line: what is
        wrong`, for anything else and for an id that stands twice, in one file or in two; and for a key that no row
        has, with the nearest.
        """
        by = tuple(dict.fromkeys(by))
        rows: list[Row] = []
        seen: dict[str, str] = {}
        for path in paths:
            for line, data in read_rows(path):
                try:
                    row = _parse(data, scheme, by)
                    if row.id in seen:
                        raise GongbaoError(f"id {row.id!r} was used before, at {seen[row.id]}")
                except GongbaoError as error:
                    raise GongbaoError(f"{path}:{line}: {error}") from error
                seen[row.id] = f"{path}:{line}"
                rows.append(row)
        if not rows:
            raise GongbaoError(f"{', '.join(map(str, paths)) or 'no file'}: no predictions in it")
        known = frozenset[str]().union(*{row.keys for row in rows})
        for key in by:
            if key not in known:
                raise GongbaoError(f"no row has the key {key!r}{nearest(key, filter(str.isprintable, known))}")
        names = tuple(sorted(Path(path).name for path in paths))
        return cls(names, scheme, by, tuple(sorted(rows, key=lambda row: row.id)))

    @cached_property
    def documents(self) -> tuple[str, ...]:
        return tuple(sorted({row.document for row in self.rows}))

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The models that the rows name, sorted."""
        return tuple(sorted({row.model for row in self.rows if row.model}))

    @cached_property
    def document(self) -> Ints:
        """The index into `documents` of each row."""
        index = {name: number for number, name in enumerate(self.documents)}
        return np.array([index[row.document] for row in self.rows], dtype=np.int64)

    @cached_property
    def answer(self) -> Bools:
        """What each row was answered, `(rows, labels + 1)`: the last column is `none`, no label."""
        return with_none(indicator((row.labels for row in self.rows), self.scheme))

    @cached_property
    def characters(self) -> Floats | None:
        """The length of each row's text, in code points; None unless every row has its text."""
        texts = [row.text for row in self.rows if row.text is not None]
        return np.array([len(text) for text in texts], dtype=np.float64) if len(texts) == len(self.rows) else None

    @cached_property
    def sha256(self) -> str:
        """The hash of what shares are computed from, whatever the order of rows."""
        digest = hashlib.sha256()
        for row in self.rows:
            kept = (row.id, row.document, row.labels, len(row.text or ""), row.groups)
            digest.update(json.dumps(kept, ensure_ascii=False).encode() + b"\n")
        return digest.hexdigest()

    def groups(self, key: str) -> dict[str, Bools]:
        """The rows, `(rows,)`, of each value of a key: numbers ascending, else the largest group first; `–` last."""
        place = self.by.index(key)
        values = np.array([row.groups[place] for row in self.rows], dtype=object)
        names, index, sizes = np.unique(values, return_inverse=True, return_counts=True)
        counts = dict(zip(names.tolist(), sizes.tolist(), strict=True))
        order = sorted(counts, key=lambda name: (name == MISSING, -counts[name], name))
        if all(number(name) is not None for name in order if name != MISSING):
            order.sort(key=lambda name: (name == MISSING, number(name) or 0))
        where = {name: n for n, name in enumerate(names.tolist())}
        return {name: index == where[name] for name in order}

    def sample(self, gold: Gold) -> tuple[Bools, Bools]:
        """Which rows are labelled, `(rows,)`, and what labels they carry, `(rows, labels + 1)`, False for the others.

        Raises GongbaoError if a labelled row was not predicted, or its text, spaces aside, is not the one predicted.
        """
        if gold.scheme.ids != self.scheme.ids:
            raise GongbaoError(f"{gold.name} is labelled in {gold.scheme.signature}, not in {self.scheme.signature}")
        index = {row.id: n for n, row in enumerate(self.rows)}
        absent = [name for name in gold.ids if name not in index]
        if absent:
            raise GongbaoError(
                f"{gold.name}: {len(absent)} of its {len(gold.ids)} ids have no prediction: {some(absent)}"
            )
        order = [index[name] for name in gold.ids]
        for example, row in zip(gold.examples, (self.rows[n] for n in order), strict=True):
            if row.text is not None and not is_text_of(example, row.text):
                raise GongbaoError(f"{gold.name}: the text of {example.id!r} is not the one that was predicted")
        labelled = np.zeros(len(self.rows), dtype=np.bool_)
        labelled[order] = True
        truth = np.zeros_like(self.answer)
        truth[order] = with_none(gold.truth)
        return labelled, truth


def number(value: str) -> int | None:
    """A group's name as a whole number, None if it is none.

    >>> number("2020"), number("2020年")
    (2020, None)
    """
    return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else None


def _parse(data: dict[str, Any], scheme: Scheme, by: Sequence[str]) -> Row:
    for key in ("id", "labels"):
        if key not in data:
            raise GongbaoError(f"`{key}` is missing; a prediction is a row that `gongbao predict` writes")
    for key in ("id", "document", "text"):
        if key in data and not isinstance(data[key], str):
            raise GongbaoError(f"`{key}` is {kind_of(data[key])}, not text")
    model = data.get("model")
    return Row(
        data["id"],
        data.get("document", data["id"]),
        label_list(data["labels"], scheme, "labels"),
        data.get("text"),
        tuple(_group(key, data.get(key)) for key in by),
        frozenset(data),
        model if isinstance(model, str) else None,
    )


def _group(key: str, value: Any) -> str:
    """The name of the group that a value stands for; 2020, 2020.0 and " 2020 " are one group.

    A year is a whole number, so that years can be put in order and drawn.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is not None and not isinstance(value, str | int | float):
        raise GongbaoError(f"`{key}` is {kind_of(value)}, not text or a number")
    name = json.dumps(value) if isinstance(value, bool | float) else "" if value is None else str(value)
    name = " ".join(name.split()) or MISSING
    if key != YEAR or name == MISSING:
        return name
    if not re.fullmatch("-?[0-9]+", name):
        raise GongbaoError(f"`{key}` is {name[:20]!r}, not a whole number")
    if not 1 <= (number(name) or 0) <= 9999:
        raise GongbaoError(f"`{key}` is not a year within 1 and 9999")
    return str(int(name))
