"""Labelled examples: the one schema of labelled data, read from and written to JSONL."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError

from gongbao.errors import GongbaoError
from gongbao.labels import Scheme, nearest


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
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            example = _parse(line, scheme)
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
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(_row(example), ensure_ascii=False) + "\n")
    os.replace(partial, target)


def hash_examples(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of what was labelled and how (ids, texts, labels), whatever the order of rows or keys."""
    digest = hashlib.sha256()
    for row in sorted(json.dumps(_row(example), ensure_ascii=False, sort_keys=True) for example in examples):
        digest.update(row.encode() + b"\n")
    return digest.hexdigest()


def _lines(path: str | Path) -> Iterable[str]:
    try:
        with Path(path).open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise GongbaoError(f"{path}:{number}: not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error


def _parse(line: str, scheme: Scheme) -> Example:
    try:
        row = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise GongbaoError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise GongbaoError("not a labelled paragraph: nested too deeply") from error
    except ValueError as error:
        raise GongbaoError(f"not JSON that can be read: {error}") from error
    if not isinstance(row, dict):
        raise GongbaoError(f"a row is a JSON object, not {type(row).__name__}")
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
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise GongbaoError(f"{where} holds a lone surrogate, which no file can carry")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise GongbaoError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return row


def _no_constant(name: str) -> None:
    raise GongbaoError(f"{name} is not JSON")


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
    return f"`{where}`: {found['msg'][0].lower()}{found['msg'][1:]}, not {type(found['input']).__name__}"


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
