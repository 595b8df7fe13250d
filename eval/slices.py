"""Where a system is weaker: its scores by genre, year, place, length, number of labels, heading or body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from eval.gold import Gold
from eval.intervals import Weights, count, interval, statistics
from eval.metrics import measure
from eval.system import System
from gongbao.examples import Example
from gongbao.headings import level_of

LENGTHS = (50, 150, 300)
MOST = 12
"""Values of a slice shown; the rest of a place or a year are taken together."""
FEWEST = 5
"""Documents below which a slice gets no interval: resampling so few says next to nothing."""


def slices(system: System, gold: Gold, weights: Weights) -> dict[str, list[dict[str, Any]]]:
    """Score every slice of the gold: a list of rows for each way to cut it that has at least two parts.

    A row holds `value`, `paragraphs`, `documents`, micro-F1, macro-F1 over the labels that occur, and exact match, each
    with its interval over resampled documents (those of the other parts drawn along, so that a part may come out
    empty; such resamples are left out), None for a slice of fewer than five documents. A slice whose gold has no label
    has no F1: there is nothing to find.
    """
    ways: dict[str, Callable[[Example], str | None]] = {
        "genre": lambda example: example.genre,
        "year": lambda example: None if example.year is None else str(example.year),
        "place": lambda example: example.place,
        "length": lambda example: length_of(example.text),
        "labels": lambda example: ("none", "one")[len(example.labels)] if len(example.labels) < 2 else "several",
        "kind": lambda example: "heading" if is_heading(example) else "body",
    }
    found = {}
    for name, of in ways.items():
        values = [of(example) for example in gold.examples]
        groups = _groups(name, values)
        if len(groups) > 1:
            found[name] = [_row(value, np.array(rows), system, gold, weights) for value, rows in groups]
    return found


def length_of(text: str) -> str:
    """The class of length, in characters, that a paragraph belongs to.

    >>> [length_of("字" * n) for n in (50, 51, 301)]
    ['1–50', '51–150', '301–']
    """
    lows = (0, *LENGTHS)
    at = sum(len(text) > low for low in LENGTHS)
    return f"{lows[at] + 1}–{LENGTHS[at]}" if at < len(LENGTHS) else f"{lows[at] + 1}–"


def is_heading(example: Example) -> bool:
    """Whether a paragraph looks like a heading: one short sentence that opens with a number, or has no stop."""
    text = example.text
    return (
        len(example.sentences) == 1 and len(text) <= 40 and (level_of(text) is not None or text[-1] not in "。！？；…”")
    )


def _groups(name: str, values: Sequence[str | None]) -> list[tuple[str, list[int]]]:
    """The rows of each value, in an order that reads well; values that are missing make no group."""
    rows: dict[str, list[int]] = {}
    rest: list[str] = []
    for index, value in enumerate(values):
        if value is not None:
            rows.setdefault(value, []).append(index)
    if name == "length":
        order = sorted(rows, key=lambda value: int(value.split("–")[0]))
    elif name == "labels":
        order = [value for value in ("none", "one", "several") if value in rows]
    else:
        order = [value for value, _ in Counter({value: len(each) for value, each in rows.items()}).most_common()]
        if len(order) > MOST + 1:
            order, rest = order[:MOST], order[MOST:]
        order = sorted(order) if name == "year" else order
    groups = [(value, rows[value]) for value in order]
    if rest:
        groups.append((_unused(f"{len(rest)} others", rows), [index for value in rest for index in rows[value]]))
    return groups


def _unused(name: str, taken: Container[str]) -> str:
    """A name that no value of the slice has: real values are not to be mixed with those taken together."""
    while name in taken:
        name += " (the rest)"
    return name


def _row(value: str, rows: Any, system: System, gold: Gold, weights: Weights) -> dict[str, Any]:
    truth, answer, document = gold.truth[rows], system.answer[rows], gold.document[rows]
    found = measure(truth, answer, gold.scheme.ids)
    documents = len(np.unique(document))
    drawn = weights if documents >= FEWEST else weights[:0]
    resampled = statistics(count(truth, answer, document, len(gold.documents)), drawn)
    scores = {
        "micro": {"f1": found["micro"]["f1"], "interval": interval(resampled.micro)},
        "macro": {"f1": found["macro"]["f1"], "interval": interval(resampled.macro)},
    }
    if not truth.any():
        scores = {key: {"f1": None, "interval": None} for key in scores}
    return {
        "value": value,
        "paragraphs": len(rows),
        "documents": documents,
        **scores,
        "exact_match": {"accuracy": found["exact_match"]["accuracy"], "interval": interval(resampled.exact)},
    }
