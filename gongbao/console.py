"""What commands say and how they end: one line for an error, progress on a terminal, rows to read, a summary."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gongbao.errors import GongbaoError, not_installed
from gongbao.lines import in_one_line
from gongbao.listing import short

if TYPE_CHECKING:
    from gongbao.cluster import Cluster
    from gongbao.export import Export
    from gongbao.labeler import Labeler
    from gongbao.labels import Scheme
    from gongbao.predict import Summary

SHORT = 50_000
"""Bytes of input up to which the engine that opens soonest is the fastest."""


def scheme_of(model: str | None) -> Scheme:
    from gongbao.labels import POLICY_DOMAINS

    if not model:
        return POLICY_DOMAINS
    from gongbao.decision import Decision
    from gongbao.models import find

    return Decision.load(find(model)).scheme


class one_line:
    """Turns what the user can mend into one line on standard error and exit code 2."""

    def __init__(self, stopped: str = "stopped; with -o, the same command goes on where this one was") -> None:
        self._stopped = stopped

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if isinstance(error, GongbaoError):
            say(f"error: {error}")
            _leave(2)
        if isinstance(error, BrokenPipeError):
            # Whoever read our output has enough.
            _to_nowhere("stdout")
            _leave(0)
        if isinstance(error, KeyboardInterrupt):
            say(self._stopped)
            _leave(130)
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename else "an output cannot be written: "
            say(f"error: {where}{error.strerror or error}; with -o, the same command goes on where this one was")
            _leave(2)


def _leave(code: int) -> NoReturn:
    """End the command, although a thread may still wait for standard input."""
    from gongbao.ahead import stuck

    if stuck():
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code) from None


def open_streams() -> None:
    """Make standard output and standard error ones that can be written to, whatever the command was started with.

    One that is closed gives its number to the next file that is opened, and what is said would go there. What an
    encoding other than UTF-8 cannot carry is written as an escape.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            _to_nowhere(name)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _to_nowhere(stream: str) -> None:
    """Let what is still printed go nowhere: the interpreter must not flush into a closed pipe at its end."""
    setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def say(text: str) -> None:
    """Say it in one line, whatever a file's name holds; nobody need be listening."""
    try:
        print(in_one_line(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        _to_nowhere("stderr")


def until_closed(show: Callable[..., None]) -> Callable[..., None]:
    """Show something while somebody reads it; then what is written to files goes on without."""

    def shown(*what: Any) -> None:
        try:
            show(*what)
        except BrokenPipeError:
            _to_nowhere("stdout")

    return shown


def open_labeler(
    model: str | None,
    device: str | None,
    policy: str,
    engine: str = "auto",
    precision: str = "fp32",
    inputs: Sequence[str] = (),
) -> Labeler:
    from gongbao.decision import Decision
    from gongbao.labeler import Labeler
    from gongbao.models import find
    from gongbao.policy import Policy, apply, workload

    policy = policy.strip().lower()
    wanted = None if policy == "f1" else Policy.parse(policy)
    # Before the model is opened, which takes seconds.
    rule = apply(Decision.load(find(model)), wanted) if wanted else None
    labeler = Labeler.load(model, device, engine, precision, short=_is_short(inputs))
    if rule:
        labeler = Labeler(labeler.engine, rule, labeler.name)
    share = workload(labeler.decision)
    expected = "" if share is None else f"; expect about {share:.0%} of the paragraphs to have a label to review"
    how = "" if labeler.engine.identity == "tfidf cpu" else f", {labeler.engine.identity}"
    say(f"model {labeler.name}{how}, decision rule {labeler.decision.id} ({policy}){expected}")
    return labeler


@contextmanager
def bar() -> Iterator[Callable[[Summary], None]]:
    """A progress bar with a rate and an estimate, on a terminal only."""
    from tqdm import tqdm

    started = time.monotonic()
    with tqdm(unit="B", unit_scale=True, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def progress(summary: Summary) -> None:
            rate = summary.paragraphs / (time.monotonic() - started)
            bar.total = max(summary.size, summary.done) or None
            bar.set_postfix_str(f"{summary.paragraphs} paragraphs of {summary.files} files, {rate:.1f}/s")
            bar.update(summary.done - bar.n)

        yield progress


def _is_short(inputs: Sequence[str]) -> bool:
    """Whether the inputs are files of so little text that opening a model takes longer than labelling them."""
    try:
        found = [os.stat(path) for path in inputs]
    except OSError:
        return False
    files = all(stat.S_ISREG(each.st_mode) for each in found)
    return bool(found) and files and sum(each.st_size for each in found) < SHORT


def open_cluster(
    labeler: Labeler, model: str | None, device: str | None, precision: str, workers: int | None, output: str
) -> Cluster:
    """The workers of `--engine ray`; raises GongbaoError if Ray is not installed."""
    from gongbao.cluster import Cluster, Worker, folder_for
    from gongbao.engines import installed
    from gongbao.models import find

    if not installed("ray"):
        raise not_installed("ray", "ray")
    where = device or "cpu"
    identity = labeler.identity if where == "cpu" else f"{labeler.name}|torch {precision} {where}"
    # The engine that a local run would take.
    engine = labeler.engine.identity.split()[0] if where == "cpu" else "torch"
    engine = "auto" if engine == "tfidf" else engine
    worker = Worker(str(find(model).resolve()), labeler.name, identity, engine, where, precision)
    return Cluster(worker, folder_for(output), workers, _chunks_done())


def _chunks_done() -> Callable[[int, int], None]:
    """A progress bar of chunks that a cluster has answered, on a terminal only."""
    from tqdm import tqdm

    bar: Any = None

    def progress(done: int, asked: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=asked, unit="chunk", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)
        bar.update(done - bar.n)
        if done == asked:
            bar.close()

    return progress


@contextmanager
def json_lines() -> Iterator[Callable[[Summary], None]]:
    """Progress for machines: a JSON object a chunk on standard error, with the rate and what is left, in seconds."""
    import json

    started = time.monotonic()

    def progress(summary: Summary) -> None:
        seconds = time.monotonic() - started
        left = seconds * (summary.size - summary.done) / summary.done if summary.done and summary.size else None
        line = {
            "paragraphs": summary.paragraphs,
            "files": summary.files,
            "errors": len(summary.errors),
            "seconds": round(seconds, 1),
            "per_second": round(summary.paragraphs / seconds, 1) if seconds else None,
            "left": None if left is None else round(max(left, 0.0)),
        }
        say(json.dumps(line))

    yield progress


def parse_shard(text: str) -> tuple[int, int]:
    """Read `1/4` as (1, 4)."""
    first, _, last = text.partition("/")
    if first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last):
        return int(first), int(last)
    raise GongbaoError(f"--shard is I/N, such as 1/4: the first of four; not {text!r}")


def lines_of(export: Export) -> Iterator[str]:
    """What is said of an export."""
    if export.precision == "fp32":
        for engine, difference in export.found["difference"].items():
            yield f"{engine} answers as torch does (largest difference of a probability {difference:.1e})"
    else:
        found = export.found
        yield f"{export.precision}: {found['paragraphs']} paragraphs of {found['file']}, {found['speed']:.2f} x as fast"
        yield f"  {found['agreement']:.2%} of the decisions agree; a score differs by {found['difference']:.3f} at most"
        for label, (exact, fast) in found["f1"].items():
            yield f"  {label:15} F1 {exact:.3f} -> {fast:.3f} (on {many(found['support'][label], 'paragraph')})"
        yield f"published: gongbao predict … --precision {export.precision}"
    yield f"in {export.folder}"


def print_json(row: dict[str, Any]) -> None:
    import json

    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(row)
    print(text)


def print_row(row: dict[str, Any]) -> None:
    """Show a paragraph for reading: its labels, and under it the sentence that carries each."""
    doubt = f"  (review: {', '.join(row['review'])})" if row["review"] else ""
    print(f"{row['id']}  [{', '.join(row['labels']) or 'none'}]{doubt}\n    {short(row['text'])}")
    for label, evidence in row["evidence"].items():
        print(f"    {label} {row['scores'][label]:.2f}: {row['text'][evidence['start'] : evidence['end']]}")


def many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def report(summary: Summary, path: str) -> None:
    counts = ", ".join(f"{label} {count}" for label, count in summary.labels.most_common())
    where = f" -> {path}" if path else ""
    # A shard may hold no file's end.
    done = many(summary.paragraphs, "paragraph") + (f" of {many(summary.files, 'file')}" if summary.files else "")
    say(f"{done}{where if summary.paragraphs else ''}: {counts or 'nothing labelled'}")
    if summary.resumed:
        say(f"{many(summary.resumed, 'paragraph')} of it answered before, by a run that was stopped")
    if summary.review:
        say(f"{many(summary.review, 'paragraph')} with a label that a person should look at (review)")
    if pages := summary.aside.get("no-text"):
        say(f"{many(pages, 'page')} without text, perhaps scanned: not labelled")
    if summary.aside:
        kinds = ", ".join(f"{reason} {count}" for reason, count in summary.aside.most_common())
        say(f"{many(sum(summary.aside.values()), 'line')} set aside, not labelled: {kinds}")
    for name, count in summary.encodings.most_common():
        say(f"{many(count, 'file')} read as {name} (another encoding: --encoding)")
    if summary.passed_over:
        say(f"{many(summary.passed_over, 'file')} of other kinds passed over")
    for source, text in summary.warnings:
        say(f"warning: {source}: {text}")
    for _, text in summary.errors:
        say(f"error: {text}")
    if summary.errors:
        say(f"{len(summary.errors)} of {many(summary.files, 'file')} failed")
