"""The `gongbao` command: thin shells round functions that return their result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from gongbao import __version__
from gongbao.errors import GongbaoError

if TYPE_CHECKING:
    from gongbao.labeler import Labeler
    from gongbao.predict import Summary

app = typer.Typer(
    help="Label the paragraphs of Chinese Party and government communiqués by policy domain.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


_INPUTS = "Text, .docx, .pdf, .html, tables (.jsonl .csv .xlsx .parquet), .zip, folders, or - for standard input."
_COLUMN = "The column of a table that holds the text; default: text, 正文, …"
_MAX_MB = "The largest file, unpacked, in MB."


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gongbao {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Label the paragraphs of Chinese Party and government communiqués by policy domain."""


@app.command()
def predict(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help=_INPUTS)],
    output: Annotated[
        Optional[str],  # noqa: UP045 (typer reads annotations at run time)
        typer.Option("--output", "-o", help="OUT.jsonl or OUT.csv; - prints JSON lines; left out, a summary is shown."),
    ] = None,
    model: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A model folder, or latest (the newest run in models/); default: the shipped model."),
    ] = None,
    encoding: Annotated[Optional[str], typer.Option(help="The text's encoding; default: found out.")] = None,  # noqa: UP045
    device: Annotated[Optional[str], typer.Option(help="cpu, cuda, …; default: a GPU where there is one.")] = None,  # noqa: UP045
    column: Annotated[Optional[str], typer.Option(help=_COLUMN)] = None,  # noqa: UP045
    max_mb: Annotated[int, typer.Option(min=1, help=_MAX_MB)] = 500,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an output that is there.")] = False,
) -> None:
    """Label documents, a row a paragraph. Exit code: 0 all well, 1 some files failed, 2 nothing could be done."""
    from gongbao.predict import check_output
    from gongbao.predict import predict as label
    from gongbao.readers.reading import MEGABYTE

    show = _print_row if output is None else _print_json if output == "-" else None
    path = None if output in (None, "-") else output
    with _one_line():
        if path:
            # Before the model is opened, which takes seconds.
            check_output(path, force)
        labeler = _open(model, device)
        with _bar() as progress:
            summary = label(
                inputs,
                labeler,
                path,
                force=force,
                encoding=encoding,
                column=column,
                limit=max_mb * MEGABYTE,
                show=show,
                progress=progress,
            )
    _report(summary, path)
    raise typer.Exit(0 if not summary.errors else 1 if summary.paragraphs else 2)


@app.command()
def segment(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help=_INPUTS)],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines: paragraphs, asides, then the document.")] = False,
    encoding: Annotated[Optional[str], typer.Option(help="The text's encoding; default: found out.")] = None,  # noqa: UP045
    column: Annotated[Optional[str], typer.Option(help=_COLUMN)] = None,  # noqa: UP045
    max_mb: Annotated[int, typer.Option(min=1, help=_MAX_MB)] = 500,
) -> None:
    """Show the paragraphs that documents are made into, what is set aside, and the ledger of their characters.

    Exit code: 0 all well, 1 some files failed, 2 nothing could be done.
    """
    import json

    from gongbao.listing import line_of, row_of
    from gongbao.readers import examine, expand, is_there
    from gongbao.readers.reading import MEGABYTE

    failed, done = 0, 0
    with _one_line():
        missing = [path for path in inputs if not is_there(path)]
        for path in missing:
            _say(f"error: {path}: no such file or directory")
        failed = len(missing)
        for source in expand([path for path in inputs if path not in missing], max_mb * MEGABYTE):
            try:
                for item in examine(source, encoding, column=column, limit=max_mb * MEGABYTE):
                    print(json.dumps(row_of(item), ensure_ascii=False) if as_json else line_of(item))
                done += 1
            except GongbaoError as error:
                failed += 1
                _say(f"error: {error}")
        sys.stdout.flush()
    raise typer.Exit(0 if not failed else 1 if done else 2)


@app.command()
def labels(
    model: Annotated[Optional[str], typer.Option(help="A model folder: its own label scheme.")] = None,  # noqa: UP045
) -> None:
    """Show the label scheme: ids, names, definitions."""
    from gongbao.labels import POLICY_DOMAINS

    with _one_line():
        scheme = POLICY_DOMAINS
        if model:
            from gongbao.decision import Decision
            from gongbao.models import find

            scheme = Decision.load(find(model)).scheme
        print(f"{scheme.signature}, codebook {scheme.codebook or '-'}")
        for label in scheme:
            print(f"{label.id}\t{label.zh}\t{label.en}\t{label.definition}")
        sys.stdout.flush()


class _one_line:
    """Turns what the user can mend into one line on standard error and exit code 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if isinstance(error, GongbaoError):
            _say(f"error: {error}")
            raise typer.Exit(2) from None
        if isinstance(error, BrokenPipeError):
            # Whoever read our output has enough; the interpreter must not flush into the closed pipe at its end.
            sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115
            raise typer.Exit(0) from None
        if isinstance(error, KeyboardInterrupt):
            _say("stopped: nothing was written")
            raise typer.Exit(130) from None
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename else ""
            _say(f"error: {where}{error.strerror}; nothing was written")
            raise typer.Exit(2) from None


def _say(text: str) -> None:
    """Say it in one line, whatever a file's name holds."""
    print(text.replace("\n", "\\n").replace("\r", "\\r"), file=sys.stderr, flush=True)


def _open(model: str | None, device: str | None) -> Labeler:
    from gongbao.labeler import Labeler

    labeler = Labeler.load(model, device)
    _say(f"model {labeler.name}, decision rule {labeler.decision.id}")
    return labeler


@contextmanager
def _bar() -> Iterator[Callable[[Summary], None]]:
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


def _print_json(row: dict[str, Any]) -> None:
    import json

    print(json.dumps(row, ensure_ascii=False))


def _print_row(row: dict[str, Any]) -> None:
    """Show a paragraph for reading: its labels, and under it the sentence that carries each."""
    doubt = f"  (review: {', '.join(row['review'])})" if row["review"] else ""
    text = row["text"] if len(row["text"]) <= 60 else row["text"][:59] + "…"
    print(f"{row['id']}  [{', '.join(row['labels']) or 'none'}]{doubt}\n    {text}")
    for label, evidence in row["evidence"].items():
        print(f"    {label} {row['scores'][label]:.2f}: {row['text'][evidence['start'] : evidence['end']]}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _report(summary: Summary, path: str | None) -> None:
    counts = ", ".join(f"{label} {count}" for label, count in summary.labels.most_common())
    where = f" -> {path}" if path else ""
    done = f"{_count(summary.paragraphs, 'paragraph')} of {_count(summary.files, 'file')}"
    _say(f"{done}{where if summary.paragraphs else ''}: {counts or 'nothing labelled'}")
    if summary.review:
        _say(f"{_count(summary.review, 'paragraph')} with a label that a person should look at (review)")
    if pages := summary.aside.get("no-text"):
        _say(f"{_count(pages, 'page')} without text, perhaps scanned: not labelled")
    if summary.aside:
        kinds = ", ".join(f"{reason} {count}" for reason, count in summary.aside.most_common())
        _say(f"{_count(sum(summary.aside.values()), 'line')} set aside, not labelled: {kinds}")
    for name, count in summary.encodings.most_common():
        _say(f"{_count(count, 'file')} read as {name} (another encoding: --encoding)")
    if summary.passed_over:
        _say(f"{_count(summary.passed_over, 'file')} of other kinds passed over")
    for source, text in summary.warnings:
        _say(f"warning: {source}: {text}")
    for _, text in summary.errors:
        _say(f"error: {text}")
    if summary.errors:
        _say(f"{len(summary.errors)} of {_count(summary.files, 'file')} failed")
