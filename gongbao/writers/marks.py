"""What marks a text for reading: the colours of labels, sentences cut where a mark begins or ends, rules of CSS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gongbao.labels import Scheme

COLOURS = (
    ("#2530a8", "#d5d9f6"),
    ("#cf7d10", "#f8e3c1"),
    ("#175236", "#cfe3bd"),
    ("#2a74b5", "#cbe3f8"),
    ("#18a08c", "#c4efe7"),
    ("#a860e6", "#ecdcfc"),
    ("#e42e70", "#fcd2e1"),
    ("#a81c0e", "#f2cbc3"),
)
"""A label's colour, and the pale one that text is read on, are those of its place in the scheme, round and round. They
differ in lightness as well as in hue, so that they can be told apart without red or green; each is 3:1 on white."""
GREY = ("#87929e", "#e6eaee")

Labels = tuple[int, ...]
"""Places in the scheme, in its order."""


@dataclass(frozen=True)
class Piece:
    """Text under which the same words' labels lie."""

    text: str
    words: Labels = ()


@dataclass(frozen=True)
class Passage:
    """A sentence in pieces, the labels that it is evidence of, its scores in lines; or white space, which has none."""

    pieces: tuple[Piece, ...]
    labels: Labels = ()
    scores: str = ""


@dataclass
class Marks:
    """Finds marks for a scheme, and remembers which combinations of labels a page's style must show."""

    scheme: Scheme
    tints: set[Labels] = field(default_factory=set)
    words: set[Labels] = field(default_factory=set)

    def places(self, labels: Iterable[str]) -> Labels:
        """Labels as their places, those that the scheme does not know left out."""
        wanted = set(labels)
        return tuple(place for place, label in enumerate(self.scheme.ids) if label in wanted)

    def passages(self, row: Mapping[str, Any], words: Mapping[str, Sequence[Sequence[int]]]) -> Iterator[Passage]:
        """Cut a paragraph's text, all of it, into sentences, and these where words begin and end."""
        text: str = row["text"]
        at = 0
        for number, sentence in enumerate(row["sentences"]):
            start, end = sentence["start"], sentence["end"]
            if at < start:
                yield Passage((Piece(text[at:start]),))
            labels = self.places(label for label, found in row["evidence"].items() if found["sentence"] == number)
            pieces = tuple(self._pieces(text, start, end, words))
            self.tints.add(labels)
            self.words.update(piece.words for piece in pieces)
            yield Passage(pieces, labels, self._scores(sentence["scores"]))
            at = end
        if at < len(text):
            yield Passage((Piece(text[at:]),))

    def _pieces(self, text: str, start: int, end: int, words: Mapping[str, Sequence[Sequence[int]]]) -> Iterator[Piece]:
        inside = [(label, max(a, start), min(b, end)) for label, spans in words.items() for a, b in spans]
        inside = [(label, a, b) for label, a, b in inside if a < b]
        cuts = sorted({start, end, *(a for _, a, _ in inside), *(b for _, _, b in inside)})
        for a, b in pairwise(cuts):
            yield Piece(text[a:b], self.places(label for label, first, last in inside if first <= a and b <= last))

    def _scores(self, scores: Mapping[str, float]) -> str:
        ranked = sorted(self.scheme, key=lambda label: -scores[label.id])
        return "\n".join(f"{100 * scores[label.id]:.1f}% {label.zh}" for label in ranked)

    def rules(self) -> str:
        """The rules of CSS for the combinations met: tints lie side by side in bands, underlines below each other."""
        lines = [f".t{name(labels)} {{ background: {_bands(labels)}; }}" for labels in sorted(self.tints) if labels]
        lines += [f".w{name(labels)} {{ {_underlines(labels)} }}" for labels in sorted(self.words) if labels]
        return "\n".join(lines)


def palette(count: int) -> str:
    """The rules of CSS that give `count` labels their colours, `.c0` first; `.cn` is for what has no label."""
    colours = [*((str(place), colours_of(place)) for place in range(count)), ("n", GREY)]
    return "\n".join(f".c{name} {{ --c: {full}; --t: {pale}; }}" for name, (full, pale) in colours)


def colours_of(place: int) -> tuple[str, str]:
    """The full and the pale colour of a label's place."""
    return COLOURS[place % len(COLOURS)]


def name(labels: Labels) -> str:
    """How a class names a combination: `0-3`."""
    return "-".join(map(str, labels))


def _bands(labels: Labels) -> str:
    tints = [colours_of(place)[1] for place in labels]
    if len(tints) == 1:
        return tints[0]
    stops = (f"{each} {100 * n / len(tints):.4g}% {100 * (n + 1) / len(tints):.4g}%" for n, each in enumerate(tints))
    return f"linear-gradient({', '.join(stops)})"


def _underlines(labels: Labels) -> str:
    lines = [
        f"linear-gradient({colours_of(place)[0]} 0 0) 0 calc(100% - {3 * n}px)" for n, place in enumerate(labels[::-1])
    ]
    images = ", ".join(f"{line} / 100% 2px no-repeat" for line in lines)
    return f"padding-bottom: {3 * len(labels) - 1}px; background: {images};"
