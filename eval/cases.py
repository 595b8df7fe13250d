"""What behavioural checks are made of: texts from `cases.toml`, changed in ways whose effect on the labels is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gongbao.documents import Prediction
from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from gongbao.lines import width
from gongbao.reflow import ends_sentence
from gongbao.segment import segment

CASES = Path(__file__).parent / "cases.toml"
LAYOUTS = ((20, True), (34, True), (28, False))
"""Characters in a line, and whether paragraphs are indented or set apart by blank lines."""
BREAKS = {"column break": ("",), "page break": ("", "- 2 -", "\f")}
"""Lines that print puts into the middle of a paragraph."""
WIDTHS: dict[str, dict[int, Any]] = {
    "figures and Latin letters full width": {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)},
    "punctuation half width": str.maketrans("，；：（）", ",;:()"),
}
MARKS: dict[str, dict[int, Any]] = {
    "straight quotes": str.maketrans("“”《》", '""""'),
    "no quotes": str.maketrans("", "", "“”《》"),
}
DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")

Labels = frozenset[str]
NO_LABEL: Labels = frozenset()


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Labelled(_Table):
    text: str = Field(min_length=1)
    labels: Labels


class Metaphor(Labelled):
    """A text with a word of `domain` that says nothing of that domain; `plain` says the same without the word."""

    plain: str = Field(min_length=1)
    domain: str


class Paragraph(_Table):
    id: str
    sentences: tuple[Labelled, ...] = Field(min_length=1)

    @property
    def text(self) -> str:
        return _text(self.sentences)

    @property
    def labels(self) -> Labels:
        return union(self.sentences)


class Material(_Table):
    """What cases are made of; `cases.toml` says what each key is for."""

    openings: tuple[str, ...]
    places: tuple[tuple[str, ...], ...]
    slogans: tuple[str, ...]
    paragraph: tuple[Paragraph, ...]
    metaphor: tuple[Metaphor, ...]
    addition: tuple[Labelled, ...]


@dataclass(frozen=True)
class Case:
    """A text and the same text changed, either as paragraphs whose labels are united.

    `labels` are the codebook's for the changed text, `adds` and `takes` those that the change is to bring and to take
    away; `whole` is false where segmentation did not give a printed paragraph back as it was.
    """

    change: str
    input: tuple[str, ...]
    changed: tuple[str, ...]
    labels: Labels = NO_LABEL
    adds: Labels = NO_LABEL
    takes: Labels = NO_LABEL
    whole: bool = True


def read_material(path: str | Path, scheme: Scheme) -> Material:
    """Read what cases are made of; raises GongbaoError, naming the file, if it is malformed or of another scheme."""
    try:
        made = Material.model_validate(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        for labelled in (*(s for p in made.paragraph for s in p.sentences), *made.metaphor, *made.addition):
            scheme.check(sorted(labelled.labels))
        for metaphor in made.metaphor:
            if metaphor.domain in metaphor.labels or metaphor.domain not in scheme.ids:
                raise GongbaoError(f"{metaphor.text!r}: {metaphor.domain!r} is among its labels, or is no label")
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise GongbaoError(f"{path}: `{where}`: {error.errors()[0]['msg']}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, GongbaoError) as error:
        raise GongbaoError(f"{path}: {error}") from error
    return made


def wrapped(material: Material) -> Iterator[Case]:
    for columns, indented in LAYOUTS:
        for index in range(len(material.paragraph)):
            yield _printed(material, index, columns, indented, f"lines of {columns} characters")


def broken(material: Material) -> Iterator[Case]:
    columns, indented = LAYOUTS[0]
    for name, gap in BREAKS.items():
        for index in range(len(material.paragraph)):
            yield _printed(material, index, columns, indented, name, gap)


def _printed(
    material: Material, index: int, columns: int, indented: bool, change: str, gap: Sequence[str] = ()
) -> Case:
    """A paragraph between its neighbours, in lines as print has them, read back as `gongbao predict` reads a file."""
    around = [material.paragraph[(index + step) % len(material.paragraph)].text for step in (-1, 0, 1)]
    printed = [_lines(text, columns, indented) for text in around]
    lines, text = printed[1], around[1]
    # After the end of a sentence a break may be that of a paragraph.
    inside = [n for n in range(1, len(lines)) if not ends_sentence(lines[n - 1])]
    at = inside[len(inside) // 2] if inside else len(lines)
    printed[1] = [*lines[:at], *gap, *lines[at:]]
    raw = ("\n" if indented else "\n\n").join("\n".join(part) for part in printed)
    read = [paragraph.text for paragraph in segment(raw, "print").paragraphs]
    back = tuple(dict.fromkeys(part for part in read if part in text or text in part)) or tuple(read)
    return Case(change, (text,), back, whole=back == (text,))


def _lines(text: str, columns: int, indented: bool) -> list[str]:
    lines = ["　　" if indented else ""]
    for char in text:
        # No closing mark begins a line.
        if width(lines[-1] + char) > columns and char not in "，。；：、！？”》）%":
            lines.append("")
        lines[-1] += char
    return lines


def _each(material: Material, changes: Mapping[str, Callable[[str], str]]) -> Iterator[Case]:
    """Every change of every paragraph in which there is something to change."""
    for paragraph in material.paragraph:
        for name, change in changes.items():
            if (changed := change(paragraph.text)) != paragraph.text:
                yield Case(name, (paragraph.text,), (changed,))


def widths(material: Material) -> Iterator[Case]:
    return _each(material, {name: partial(_translate, table) for name, table in WIDTHS.items()})


def marks(material: Material) -> Iterator[Case]:
    return _each(material, {name: partial(_translate, table) for name, table in MARKS.items()})


def years(material: Material) -> Iterator[Case]:
    changes = {
        "9 years earlier": lambda year: str(int(year) - 9),
        "in characters": lambda year: year.translate(DIGITS),
    }
    return _each(material, {name: partial(_replace, r"20\d\d(?=年)", change) for name, change in changes.items()})


def places(material: Material) -> Iterator[Case]:
    pattern = "|".join(re.escape(name) for row in material.places for name in row)
    for step in range(1, max(map(len, material.places), default=1)):
        names = {name: row[(n + step) % len(row)] for row in material.places for n, name in enumerate(row)}
        yield from _each(material, {f"{step} names on": partial(_replace, pattern, names.__getitem__)})


def speakers(material: Material) -> Iterator[Case]:
    for n, opening in enumerate(material.openings):
        for paragraph in material.paragraph:
            if paragraph.text.startswith(opening):
                rest = paragraph.text.removeprefix(opening)
                for other in (material.openings[(n + 1) % len(material.openings)], ""):
                    yield Case(f"{opening} to {other or 'nothing'}", (paragraph.text,), (other + rest,))


def divided(material: Material) -> Iterator[Case]:
    for paragraph in material.paragraph:
        if at := len(paragraph.sentences) // 2:
            parts = _text(paragraph.sentences[:at]), _text(paragraph.sentences[at:])
            yield Case(f"split after sentence {at}", (paragraph.text,), parts)


def joined(material: Material) -> Iterator[Case]:
    texts = [paragraph.text for paragraph in material.paragraph]
    for first, second in zip(texts[::2], texts[1::2], strict=False):
        yield Case("joined", (first, second), (first + second,))


def reordered(material: Material) -> Iterator[Case]:
    """The sentences in reverse; who speaks stays in front."""
    for paragraph in material.paragraph:
        head = int(paragraph.text.startswith(material.openings))
        turned = paragraph.sentences[:head] + paragraph.sentences[head:][::-1]
        if turned != paragraph.sentences:
            yield Case("sentences reversed", (paragraph.text,), (_text(turned),))


def slogans(material: Material) -> Iterator[Case]:
    for slogan in material.slogans:
        yield Case("a paragraph of its own", (), (slogan,))


def slogans_within(material: Material) -> Iterator[Case]:
    """Each slogan in one paragraph, by turns in front and at the end."""
    for number, slogan in enumerate(material.slogans):
        paragraph = material.paragraph[number % len(material.paragraph)]
        changed = paragraph.text + slogan if number % 2 else slogan + paragraph.text
        yield Case("at the end" if number % 2 else "in front", (paragraph.text,), (changed,), paragraph.labels)


def metaphors(material: Material) -> Iterator[Case]:
    for metaphor in material.metaphor:
        yield Case(f"a word of {metaphor.domain}", (metaphor.plain,), (metaphor.text,), metaphor.labels)


def added(material: Material) -> Iterator[Case]:
    """Each sentence in two paragraphs of other labels: at the end of one, after the first sentence of the other."""
    for number, addition in enumerate(material.addition):
        others = [paragraph for paragraph in material.paragraph if not addition.labels & paragraph.labels]
        for turn in range(min(2, len(others))):
            paragraph = others[(number + turn * len(others) // 2) % len(others)]
            at = 1 if turn else len(paragraph.sentences)
            changed = _text((*paragraph.sentences[:at], addition, *paragraph.sentences[at:]))
            labels = paragraph.labels | addition.labels
            yield Case(f"as sentence {at + 1}", (paragraph.text,), (changed,), labels, adds=addition.labels)


def removed(material: Material) -> Iterator[Case]:
    """Of each paragraph, for each label, the sentences that carry it, if others are left and no other label goes."""
    for paragraph in material.paragraph:
        for label in sorted(paragraph.labels):
            rest = [sentence for sentence in paragraph.sentences if label not in sentence.labels]
            if rest and (left := union(rest)) == paragraph.labels - {label}:
                yield Case(f"without {label}", (paragraph.text,), (_text(rest),), left, takes=frozenset({label}))


def union(labelled: Sequence[Labelled] | Sequence[Prediction]) -> Labels:
    return frozenset(label for one in labelled for label in one.labels)


def _text(sentences: Sequence[Labelled]) -> str:
    return "".join(sentence.text for sentence in sentences)


def _translate(table: Mapping[int, Any], text: str) -> str:
    return text.translate(table)


def _replace(pattern: str, change: Callable[[str], str], text: str) -> str:
    return re.sub(pattern, lambda match: change(match.group()), text)
