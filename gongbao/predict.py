"""Documents in, labelled rows out: read, label chunk by chunk, write; one bad file is reported and the rest go on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gongbao.documents import Aside, Document, Paragraph, Prediction
from gongbao.errors import GongbaoError
from gongbao.labeler import CHUNK, Labeler
from gongbao.language import warnings
from gongbao.readers import ASIDE, LIMIT, Source, examine, expand, is_there, passed_over
from gongbao.writers import WRITERS, Write
from gongbao.writers.jsonl import write_jsonl

SAMPLE = 20_000
"""Characters of a document that its language is judged by."""
DIGITS = 4


@dataclass
class Summary:
    """What a run did: counts of files, paragraphs, labels (`none` included) and lines set aside; errors; warnings.

    `encodings` counts the files whose text was taken to be other than UTF-8, by what was assumed.

    `size` is the bytes of the files given (0 where unknown), `done` those of the text labelled so far, in UTF-8: near
    enough for an estimate of what is left.
    """

    files: int = 0
    passed_over: int = 0
    size: int = 0
    done: int = 0
    paragraphs: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    review: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)


def predict(
    inputs: Sequence[str],
    labeler: Labeler,
    output: str | Path | None = None,
    *,
    force: bool = False,
    encoding: str | None = None,
    column: str | None = None,
    limit: int = LIMIT,
    show: Callable[[dict[str, Any]], None] | None = None,
    progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Label files, folders or standard input (`-`) and return what was done.

    Rows go to `output` (`.jsonl` or `.csv`) and, one by one, to `show`; lines set aside go to `<output>.aside.jsonl`.
    `encoding`, `column`, `limit`: as for `readers.read`. `progress` is called after every chunk. A file that cannot
    be read is noted in `errors` and the rest go on; if nothing was labelled, no output is touched. Raises GongbaoError
    if nothing can be done: an output that is there already (without `force`) or of no known kind, no file of a known
    kind in the input.
    """
    target, beside = check_output(output, force) if output is not None else (None, None)
    missing = [path for path in inputs if not is_there(path)]
    present = [path for path in inputs if path not in missing]
    sources = [source for source in expand(present, limit) if not _same(source, (target, beside))]
    if not sources and not missing:
        raise GongbaoError("nothing to label: what was given is the output itself, or holds no other file to read")
    summary = Summary(files=len(missing), passed_over=len(passed_over(present)))
    summary.errors += [(path, f"{path}: no such file or directory") for path in missing]
    summary.size = sum(source.size for source in sources)
    with suppress(_NothingLabelled), ExitStack() as stack:
        rows = _opened(stack, target, WRITERS[target.suffix.lower()](target, labeler.scheme)) if target else None
        asides = _opened(stack, beside, write_jsonl(beside)) if beside else None
        read = partial(examine, encoding=encoding, column=column, limit=limit)
        for chunk in _chunks(_read(sources, read, labeler, summary, asides)):
            for paragraph, prediction in zip(chunk, labeler.predict(chunk), strict=True):
                row = make_row(paragraph, prediction, labeler)
                if rows:
                    rows(row)
                if show:
                    show(row)
                summary.paragraphs += 1
                summary.done += len(paragraph.text.encode())
                summary.labels.update(prediction.labels or ("none",))
                summary.review += bool(prediction.review)
            if progress:
                progress(summary)
        if not summary.paragraphs:
            raise _NothingLabelled
    if beside and summary.paragraphs and not summary.aside:
        beside.unlink()
    return summary


class _NothingLabelled(Exception):
    """Ends a run so that its outputs are not put in place."""


def check_output(output: str | Path, force: bool = False) -> tuple[Path, Path]:
    """Return where rows and lines set aside go; raises GongbaoError if a file is there already, without `force`."""
    target = Path(output)
    if not target.name:
        raise GongbaoError("the name of the output is empty")
    beside = target.with_name(f"{target.stem}{ASIDE}")
    if target.suffix.lower() not in WRITERS:
        raise GongbaoError(f"{target}: an output is one of {', '.join(WRITERS)}")
    for path in (target, beside):
        if path.is_dir():
            raise GongbaoError(f"{path} is a folder; name a file in it")
        if path.exists() and not force:
            raise GongbaoError(f"{path} is there already: use --force to overwrite it, or another name")
    return target, beside


def make_row(paragraph: Paragraph, prediction: Prediction, labeler: Labeler) -> dict[str, Any]:
    """The row that every format carries; scores have 4 decimals, labels were decided before rounding.

    Other keys of a `.jsonl` input stand at its end, under `input` where the row has a key of that name itself.
    """
    row: dict[str, Any] = {
        "id": paragraph.id,
        "document": paragraph.document,
        "number": paragraph.number,
        "kind": paragraph.kind,
        "heading": list(paragraph.heading),
        "page": paragraph.page,
        "line": paragraph.line,
        "text": paragraph.text,
        "labels": list(prediction.labels),
        "review": list(prediction.review),
        "scores": _rounded(prediction.scores),
        "evidence": {
            label: {"sentence": e.sentence, "start": e.start, "end": e.end} for label, e in prediction.evidence.items()
        },
        "sentences": [
            {"start": sentence.start, "end": sentence.end, "scores": _rounded(scores)}
            for sentence, scores in zip(paragraph.sentences, prediction.sentences, strict=True)
        ],
        "model": labeler.name,
        "decision": labeler.decision.id,
    }
    extra = {key: value for key, value in paragraph.extra.items() if key not in ("id", "text")}
    clashing = {key: value for key, value in extra.items() if key in row or key == "input"}
    row |= {key: value for key, value in extra.items() if key not in clashing}
    return row | {"input": clashing} if clashing else row


def _read(
    sources: Sequence[Source],
    read: Callable[[Source], Iterator[Paragraph | Aside | Document]],
    labeler: Labeler,
    summary: Summary,
    asides: Write | None,
) -> Iterator[Paragraph]:
    """Yield the paragraphs of all sources; errors, warnings and lines set aside go to the summary."""
    for source in sources:
        sample: list[Paragraph] = []
        size = count = 0
        try:
            for item in read(source):
                if isinstance(item, Document):
                    if item.encoding and not item.encoding.startswith("utf-8"):
                        summary.encodings[item.encoding] += 1
                    continue
                if isinstance(item, Aside):
                    summary.aside[item.reason] += 1
                    if asides:
                        place = {"document": source.id, "line": item.line, "page": item.page}
                        asides({**place, "reason": item.reason, "text": item.text})
                    continue
                count += 1
                if size < SAMPLE:
                    sample.append(item)
                    size += len(item.text)
                yield item
            if not count:
                raise GongbaoError(f"{source.name}: no text in it")
        except GongbaoError as error:
            kept = f" (labelled: the {count} paragraphs before it)" if count else ""
            summary.errors.append((source.name, f"{error}{kept}"))
            continue
        except OSError as error:
            summary.errors.append((source.name, f"cannot read {source.name}: {error.strerror}"))
            continue
        finally:
            summary.files += 1
        found = labeler.engine.unknown([s.text for paragraph in sample for s in paragraph.sentences])
        summary.warnings += [(source.name, text) for text in warnings("".join(p.text for p in sample)[:SAMPLE], found)]


def _chunks(paragraphs: Iterator[Paragraph]) -> Iterator[list[Paragraph]]:
    chunk: list[Paragraph] = []
    for paragraph in paragraphs:
        chunk.append(paragraph)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _opened(stack: ExitStack, path: Path, opening: AbstractContextManager[Write]) -> Write:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(opening)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error


def _same(source: Source, outputs: Sequence[Path | None]) -> bool:
    return any(out and os.path.abspath(source.path) == os.path.abspath(out) for out in outputs)


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    return {label: round(score, DIGITS) for label, score in scores.items()}
