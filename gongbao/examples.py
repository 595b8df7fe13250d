"""Labelled examples: the one schema of labelled data, read from and written to JSONL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError

from gongbao.errors import GongbaoError
from gongbao.files import draft
from gongbao.labels import Scheme, nearest
from gongbao.rows import kind_of, read_rows


@dataclass(frozen=True)
class LabelledSentence:
    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A labelled paragraph.

    Its `labels` are the union of its sentences' where sentences carry labels (`by_sentence`), and its own where only
    the paragraph was labelled; then every sentence's `labels` is empty and means nothing.
    """

    id: str
    document: str
    sentences: tuple[LabelledSentence, ...]
    labels: tuple[str, ...]
    by_sentence: bool = True
    title: str | None = None
    genre: str | None = None
    place: str | None = None
    year: int | None = None
    date: str | None = None
    heading: tuple[str, ...] = ()
    source: str | None = None

    @property
    def text(self) -> str:
        return "".join(sentence.text for sentence in self.sentences)


class _SentenceRow(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: StrictStr
    labels: list[StrictStr]


class _Meta(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: StrictStr
    title: StrictStr | None = None
    genre: StrictStr | None = None
    place: StrictStr | None = None
    year: StrictInt | None = None
    date: StrictStr | None = None
    heading: list[StrictStr] | StrictStr | None = None
    source: StrictStr | None = None


class _SentencesRow(_Meta):
    document: StrictStr
    sentences: list[_SentenceRow]


class _ParagraphRow(_Meta):
    document: StrictStr | None = None
    text: StrictStr
    labels: list[StrictStr]


def read_examples(path: str | Path, scheme: Scheme) -> list[Example]:
    """Read a JSONL file of labelled paragraphs, checking every row against the schema and the label scheme.

    A row is `{"id", "document", "sentences": [{"text", "labels"}]}`, or `{"id", "text", "labels"}` where only the
    paragraph is labelled. Raises GongbaoError, `file:line: what is wrong`, for anything else: an unknown key or label,
    a duplicate id, a sentence without text, a wrong type, a line that is not JSON.
    """
    examples: list[Example] = []
    seen: dict[str, int] = {}
    for number, row in read_rows(path):
        try:
            example = _parse(row, scheme)
        except GongbaoError as error:
            raise GongbaoError(f"{path}:{number}: {error}") from error
        if example.id in seen:
            raise GongbaoError(f"{path}:{number}: id {example.id!r} was used before, at line {seen[example.id]}")
        seen[example.id] = number
        examples.append(example)
    if not examples:
        raise GongbaoError(f'{path}: no examples in it; a row is {{"id", "document", "sentences"}}')
    return examples


def write_examples(examples: Iterable[Example], path: str | Path) -> None:
    """Write examples as JSONL, atomically; `read_examples` reads them back equal."""
    with draft(path) as file:
        for example in examples:
            file.write(json.dumps(_row(example), ensure_ascii=False) + "\n")


def hash_examples(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of what was labelled and how (ids, texts, labels), whatever the order of rows or keys."""
    digest = hashlib.sha256()
    for row in sorted(json.dumps(_row(example), ensure_ascii=False, sort_keys=True) for example in examples):
        digest.update(row.encode() + b"\n")
    return digest.hexdigest()


def _parse(row: dict[str, Any], scheme: Scheme) -> Example:
    by_sentence = "sentences" in row or "text" not in row
    model = _SentencesRow if by_sentence else _ParagraphRow
    try:
        parsed = model.model_validate(row)
    except ValidationError as error:
        raise GongbaoError(_first(error, model)) from error
    meta = {name: getattr(parsed, name) for name in ("title", "genre", "place", "year", "date", "source")}
    heading = (parsed.heading,) if isinstance(parsed.heading, str) else tuple(parsed.heading or ())
    if isinstance(parsed, _SentencesRow):
        if not parsed.sentences:
            raise GongbaoError("`sentences` is empty")
        for index, sentence in enumerate(parsed.sentences):
            _check_text(sentence.text, f"sentences[{index}]")
        sentences = tuple(LabelledSentence(s.text, tuple(scheme.check(s.labels))) for s in parsed.sentences)
        labels = tuple(scheme.check(label for s in sentences for label in s.labels))
        return Example(parsed.id, parsed.document, sentences, labels, heading=heading, **meta)
    _check_text(parsed.text, "text")
    from gongbao.segment import split_sentences

    sentences = tuple(LabelledSentence(s.text, ()) for s in split_sentences(parsed.text))
    labels = tuple(scheme.check(parsed.labels))
    return Example(parsed.id, parsed.document or parsed.id, sentences, labels, False, heading=heading, **meta)


def _check_text(text: str, where: str) -> None:
    if not text.strip():
        raise GongbaoError(f"{where} has no text")


def _first(error: ValidationError, model: type[BaseModel]) -> str:
    """Say the first thing that pydantic found wrong in our own words."""
    found = error.errors()[0]
    loc = [part for part in found["loc"] if part not in ("str", "list[str]", "list[constrained-str]")]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    if found["type"] == "extra_forbidden":
        inner = len(loc) > 1
        known = (_SentenceRow if inner else model).model_fields
        return (
            f"unknown key {loc[-1]!r}"
            + (f" in {where.rpartition('.')[0]}" if inner else "")
            + nearest(str(loc[-1]), known)
        )
    if found["type"] == "missing":
        return f"`{where}` is missing"
    return f"`{where}`: {found['msg'][0].lower()}{found['msg'][1:]}, not {kind_of(found['input'])}"


def _row(example: Example) -> dict[str, Any]:
    row: dict[str, Any] = {"id": example.id, "document": example.document}
    for name in ("title", "genre", "place", "year", "date", "source"):
        if getattr(example, name) is not None:
            row[name] = getattr(example, name)
    if example.heading:
        row["heading"] = list(example.heading)
    if example.by_sentence:
        row["sentences"] = [{"text": s.text, "labels": list(s.labels)} for s in example.sentences]
    else:
        row |= {"text": example.text, "labels": list(example.labels)}
    return row
