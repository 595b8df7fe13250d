"""Documents in, labelled rows out: read, label chunk by chunk, write; one bad file is reported and the rest go on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gongbao import __version__
from gongbao.ahead import ahead
from gongbao.answers import Answers, Question
from gongbao.cluster import clear, folder_for
from gongbao.documents import Aside, Document, Paragraph, Prediction
from gongbao.errors import GongbaoError
from gongbao.journal import Journal, open_journal
from gongbao.labeler import CHUNK, Labeler
from gongbao.labelled import make_row
from gongbao.language import warnings
from gongbao.listing import row_of
from gongbao.outputs import Outputs, Tee, check_outputs, check_replaced, open_outputs, place_of
from gongbao.readers import LIMIT, STDIN, Source, examine, expand, passed_over, printable, split_missing
from gongbao.review import write_tasks
from gongbao.writers.jsonl import write_lines

SAMPLE = 20_000
"""Characters of a document that its language is judged by."""


@dataclass(frozen=True)
class Ended:
    """Stands after what a file held: its error, if it failed, and warnings about its text."""

    error: str | None
    warnings: tuple[str, ...] = ()


Item = Paragraph | Aside | Document | Ended


@dataclass(frozen=True)
class Chunk:
    """What is labelled at once: the items of 512 paragraphs, which depend on the input alone; and what is asked."""

    items: list[tuple[Source, Item]]
    question: Question


class Workers(Protocol):
    """Answers chunks elsewhere."""

    @property
    def identity(self) -> str:
        """What their answers depend on besides the text, where a local run has its labeller's `identity`."""
        ...

    def __call__(self, chunks: Iterator[list[Paragraph]], labeler: Labeler, journal: Journal, words: bool) -> int:
        """Have chunks answered into the journal, with the words that carry labels if they are wanted.

        Return how many paragraphs were asked about: those of chunks that it did not know.
        """
        ...


@dataclass
class Summary:
    """What a run did: counts of files, paragraphs, labels (`none` included) and lines set aside; errors; warnings.

    `encodings` counts the files whose text was taken to be other than UTF-8, by what was assumed. `size` is the bytes
    of the files given (0 where unknown), `done` those of the text labelled so far, in UTF-8: near enough for an
    estimate of what is left. `resumed` counts the paragraphs whose answers a journal held. `written` says
    whether there was something to write.
    """

    files: int = 0
    passed_over: int = 0
    size: int = 0
    done: int = 0
    paragraphs: int = 0
    resumed: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    review: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    written: bool = False


def predict(
    inputs: Sequence[str],
    labeler: Labeler,
    outputs: str | Path | Sequence[str | Path] | None = None,
    *,
    force: bool = False,
    encoding: str | None = None,
    column: str | None = None,
    limit: int = LIMIT,
    policy: str | None = None,
    review: str | Path | None = None,
    shard: tuple[int, int] = (1, 1),
    workers: Workers | None = None,
    show: Callable[[dict[str, Any]], None] | None = None,
    progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Label files, folders or standard input (`-`) and return what was done.

    Rows go to every output, by its suffix, and one by one to `show`; lines set aside go to `<output>.aside.jsonl`,
    errors to `<output>.errors.jsonl`, both beside the first output; paragraphs with a label in the review band go to
    `review` as tasks. Answers are kept in `<output>.journal` until all is written: the same call after a crash goes on,
    and writes the same bytes. `encoding`, `column`, `limit`: as for `readers.read`; `policy` is what the thresholds
    were chosen by, for the record; `progress` is called after every chunk. `shard` (i, N) labels every N-th chunk, from
    the i-th: the rows of all N shards are those of one run. `workers` (a cluster) are asked first, and their answers
    kept in the journal. A file that cannot be read is noted in `errors` and the rest go on; if nothing was labelled, no
    output is touched (a shard of what there is may be empty). Raises GongbaoError if nothing can be done: an output
    that is there already (without `force`) or of no known kind, no file of a known kind in the input.
    """
    targets = check_outputs(outputs, force, review) if outputs is not None else None
    present, missing = split_missing(inputs)
    ours = _places([*targets.all, *targets.folders] if targets else [review] if review else [])
    for path in present:
        if path != STDIN and os.path.realpath(path) in ours:
            raise GongbaoError(f"{path} is to be read and to be written: name another output")
    sources = [source for source in expand(present, limit) if not _is_ours(source, ours)]
    if not sources and not missing:
        raise GongbaoError("nothing to label: what was given holds no file to read but the output itself")
    if workers and any(source.path == STDIN for source in sources):
        raise GongbaoError("a cluster's run reads its inputs twice: name files, not standard input")
    summary = Summary(passed_over=len(passed_over(present)))
    if shard[0] == 1 or not sources:
        # What belongs to no chunk is the first shard's to say.
        summary.files, summary.errors = len(missing), list(missing)
    else:
        summary.warnings = [(name, "missing here; every shard must be given the same files") for name, _ in missing]
    summary.size = sum(source.size for source in sources)
    run = {
        "model": labeler.name,
        "decision": labeler.decision.id,
        "policy": policy,
        "gongbao": __version__,
        "date": None,
    }
    read = partial(examine, encoding=encoding, column=column, limit=limit)
    with suppress(_NothingLabelled), ExitStack() as stack:
        tee, journal = None, None
        if targets:
            targets.journal.parent.mkdir(parents=True, exist_ok=True)
            journal = stack.enter_context(open_journal(targets.journal))
            # Another run may have ended since.
            check_replaced(targets, journal.outputs(), force)
            journal.note(map(place_of, targets.all))
            run["date"] = journal.begun(_now())
            tee = stack.enter_context(open_outputs(targets, labeler.scheme, run))
        tasks = stack.enter_context(write_tasks(review)) if review else None

        def each(row: dict[str, Any]) -> None:
            if show:
                show(row)
            if tasks and row["review"]:
                tasks(row)

        words = targets is not None and targets.show_words
        fresh = 0
        if workers:
            if journal is None:
                raise GongbaoError("a cluster's answers are kept beside the output: name one")
            asked = (_paragraphs(items) for items in _chunks(_read(sources, read, labeler), shard))
            fresh = workers(asked, labeler, journal, words)
        answers = Answers(labeler, journal, workers.identity if workers else None)
        prepared = (
            Chunk(items, answers.ask(_paragraphs(items))) for items in _chunks(_read(sources, read, labeler), shard)
        )
        hand = _Hand(labeler, summary, tee, each)
        for chunk in ahead(prepared):
            for item in _answered(chunk, answers, words):
                hand.on(*item)
            summary.resumed = max(0, answers.resumed - fresh)
            if progress:
                progress(summary)
        hand.end()
        if not summary.paragraphs and (shard[1] == 1 or not sources):
            raise _NothingLabelled
        summary.written = True
    if targets:
        _tidy(targets, summary)
    return summary


class _NothingLabelled(Exception):
    """Ends a run so that its outputs are not put in place."""


def _read(
    sources: Sequence[Source], read: Callable[[Source], Iterator[Item]], labeler: Labeler
) -> Iterator[tuple[Source, Item]]:
    """Yield what all sources hold, and after each how it ended."""
    for source in sources:
        sample: list[Paragraph] = []
        size = count = 0
        try:
            for item in read(source):
                if isinstance(item, Paragraph):
                    count += 1
                    if size < SAMPLE:
                        sample.append(item)
                        size += len(item.text)
                if count or not isinstance(item, Document):
                    yield source, item
            if not count:
                raise GongbaoError(f"{source.name}: no text in it")
        except GongbaoError as error:
            kept = f" (labelled: the {count} paragraphs before it)" if count else ""
            yield source, Ended(f"{error}{kept}")
        except OSError as error:
            yield source, Ended(f"cannot read {source.name}: {error.strerror}")
        else:
            found = labeler.engine.unknown([s.text for paragraph in sample for s in paragraph.sentences])
            yield source, Ended(None, tuple(warnings("".join(p.text for p in sample)[:SAMPLE], found)))


def _chunks(
    items: Iterator[tuple[Source, Item]], shard: tuple[int, int] = (1, 1)
) -> Iterator[list[tuple[Source, Item]]]:
    """Gather items until they hold a chunk of paragraphs; yield those chunks that are the shard's."""
    chunk: list[tuple[Source, Item]] = []
    paragraphs, number = 0, 1
    for each in items:
        chunk.append(each)
        paragraphs += isinstance(each[1], Paragraph)
        if paragraphs == CHUNK:
            if number % shard[1] == shard[0] % shard[1]:
                yield chunk
            chunk, paragraphs, number = [], 0, number + 1
    if chunk and number % shard[1] == shard[0] % shard[1]:
        yield chunk


def _paragraphs(items: Sequence[tuple[Source, Item]]) -> list[Paragraph]:
    return [item for _, item in items if isinstance(item, Paragraph)]


def _answered(chunk: Chunk, answers: Answers, words: bool) -> Iterator[tuple[Source, Item, Prediction | None, Any]]:
    """Yield the items of a chunk in order, paragraphs with their predictions and the words that carry their labels."""
    paragraphs = chunk.question.paragraphs
    predictions = answers.predict(chunk.question) if paragraphs else []
    spans = answers.words(paragraphs, predictions) if words else [{} for _ in paragraphs]
    found = iter(zip(predictions, spans, strict=True))
    for source, item in chunk.items:
        prediction, carried = next(found) if isinstance(item, Paragraph) else (None, {})
        yield source, item, prediction, carried


class _Hand:
    """Hands items on: counts them and writes them, a document with its rows."""

    def __init__(
        self, labeler: Labeler, summary: Summary, tee: Tee | None, each: Callable[[dict[str, Any]], None]
    ) -> None:
        self._labeler, self._summary, self._tee, self._each = labeler, summary, tee, each
        self._open: Source | None = None
        """The file whose rows were written, while its document is still to come."""

    def on(self, source: Source, item: Item, prediction: Prediction | None, words: Any) -> None:
        """Take the next item."""
        if source != self._open:
            # Its rest is another shard's.
            self.end()
        summary = self._summary
        if isinstance(item, Ended):
            # It broke off.
            self.end()
            summary.files += 1
            summary.errors += [(source.name, item.error)] if item.error else []
            summary.warnings += [(source.name, text) for text in item.warnings]
        elif isinstance(item, Document):
            if item.encoding and not item.encoding.startswith("utf-8"):
                summary.encodings[item.encoding] += 1
            self.end(row_of(item))
        elif isinstance(item, Aside):
            summary.aside[item.reason] += 1
            self._open = source
            if self._tee:
                place = {"document": source.id, "line": item.line, "page": item.page}
                self._tee.aside({**place, "reason": item.reason, "text": item.text})
        elif prediction:
            row = make_row(item, prediction, self._labeler)
            self._open = source
            if self._tee:
                self._tee.paragraph(row, words)
            self._each(row)
            summary.paragraphs += 1
            summary.done += len(item.text.encode())
            summary.labels.update(prediction.labels or ("none",))
            summary.review += bool(prediction.review)

    def end(self, document: dict[str, Any] | None = None) -> None:
        """End the document whose rows were written; nothing, if they are all another shard's."""
        if self._open and self._tee:
            self._tee.document(document or {"document": self._open.id})
        self._open = None


def _tidy(targets: Outputs, summary: Summary) -> None:
    """Leave beside the outputs only what says something; the journal goes last, when it has served."""
    # What a cluster's run left that was killed.
    clear(folder_for(targets.files[0]))
    if not summary.written:
        # Perhaps what was to be read is only away: what the journal holds is kept.
        return
    if not summary.aside:
        targets.aside.unlink(missing_ok=True)
    if summary.errors:
        with write_lines(targets.errors) as write:
            for source, message in summary.errors:
                write({"source": printable(source), "error": printable(message)})
    else:
        targets.errors.unlink(missing_ok=True)
    targets.journal.unlink(missing_ok=True)


def _places(paths: Sequence[str | Path]) -> set[str]:
    return {os.path.realpath(path) for path in paths}


def _is_ours(source: Source, ours: set[str]) -> bool:
    """Whether a file is one that the run writes, or lies in a folder that it writes."""
    if source.path == STDIN:
        return False
    real = os.path.realpath(source.path)
    return real in ours or any(str(parent) in ours for parent in Path(real).parents)


def _now() -> str:
    """The time that outputs bear; SOURCE_DATE_EPOCH sets it, for outputs that can be made again to the byte."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        moment = datetime.fromtimestamp(int(given), UTC) if given.isdecimal() else datetime.now(UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise GongbaoError(f"SOURCE_DATE_EPOCH={given} is no time: {error}") from error
    return moment.isoformat(timespec="seconds")
