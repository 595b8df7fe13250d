"""The `gongbao` command: thin shells round functions that return their result."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gongbao import __version__
from gongbao.console import (
    bar,
    json_lines,
    lines_of,
    many,
    one_line,
    open_cluster,
    open_labeler,
    open_streams,
    parse_shard,
    print_json,
    print_row,
    report,
    say,
    scheme_of,
    until_closed,
)
from gongbao.errors import GongbaoError
from gongbao.options import (
    Column,
    Device,
    Encoding,
    Engine,
    Force,
    Inputs,
    LogJson,
    MaxMb,
    Model,
    Output,
    Policy,
    Precision,
    Review,
    Shard,
    Workers,
)

app = typer.Typer(
    help="Label the paragraphs of Chinese Party and government communiqués by policy domain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from gongbao.labeler import model_name
        from gongbao.labels import POLICY_DOMAINS
        from gongbao.models import shipped

        try:
            model = model_name(shipped())
        except GongbaoError as error:
            model = f"none ({error})"
        print(f"gongbao {__version__}, model {model}, labels {POLICY_DOMAINS.signature}")
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the versions of package, model, labels."
        ),
    ] = False,
) -> None:
    """Label the paragraphs of Chinese Party and government communiqués by policy domain."""
    open_streams()


@app.command()
def predict(
    inputs: Inputs,
    output: Output = None,
    model: Model = None,
    encoding: Encoding = None,
    device: Device = None,
    column: Column = None,
    policy: Policy = "f1",
    review: Review = None,
    engine: Engine = "auto",
    precision: Precision = "fp32",
    shard: Shard = None,
    workers: Workers = None,
    max_mb: MaxMb = 500,
    force: Force = False,
    log_json: LogJson = False,
) -> None:
    """Label documents, a row a paragraph. Exit code: 0 all well, 1 some files failed, 2 nothing could be done.

    Example: gongbao predict folder/ page.docx -o labels.xlsx -o view.html
    """
    from gongbao.outputs import check_outputs

    paths = [path for path in output or () if path != "-"]
    show = print_row if not output else print_json if "-" in output else None
    with one_line():
        if paths:
            # Before the model is opened, which takes seconds.
            check_outputs(paths, force, review)
        if review:
            from gongbao.review import check_tasks

            # That it is new was checked among the outputs, if there are any.
            check_tasks(review, force or bool(paths))
        part = parse_shard(shard) if shard else (1, 1)
        if workers and engine != "ray":
            raise GongbaoError("--workers are those of --engine ray")
        cluster = None
        if engine == "ray":
            if not paths:
                raise GongbaoError("--engine ray writes files: name one with -o")
            # Here, where answers are only gathered, a worker's GPU need not be.
            here = precision if device in (None, "cpu") else "fp32"
            labeler = open_labeler(model, "cpu", policy, precision=here, inputs=inputs)
            cluster = open_cluster(labeler, model, device, precision, workers, paths[0])
        else:
            labeler = open_labeler(model, device, policy, engine, precision, inputs)
        # An exported model opens while the readers are imported.
        from gongbao.predict import predict as label
        from gongbao.readers.reading import MEGABYTE

        with json_lines() if log_json else bar() as progress:
            summary = label(
                inputs,
                labeler,
                paths or None,
                force=force,
                encoding=encoding,
                column=column,
                limit=max_mb * MEGABYTE,
                policy=policy,
                review=review,
                shard=part,
                workers=cluster,
                show=until_closed(show) if show and paths else show,
                progress=progress,
            )
        (until_closed(sys.stdout.flush) if paths else sys.stdout.flush)()
    report(summary, ", ".join(paths))
    raise typer.Exit(0 if not summary.errors else 1 if summary.written else 2)


@app.command()
def segment(
    inputs: Inputs,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines: paragraphs, asides, then the document.")] = False,
    encoding: Encoding = None,
    column: Column = None,
    max_mb: MaxMb = 500,
) -> None:
    """Show the paragraphs that documents are made into, what is set aside, and the ledger of their characters.

    Exit code: 0 all well, 1 some files failed, 2 nothing could be done. Example: gongbao segment page.pdf
    """
    from gongbao.listing import line_of, row_of
    from gongbao.readers import examine, expand, split_missing
    from gongbao.readers.reading import MEGABYTE

    failed, done = 0, 0
    with one_line():
        present, missing = split_missing(inputs)
        for _, text in missing:
            say(f"error: {text}")
        failed = len(missing)
        for source in expand(present, max_mb * MEGABYTE):
            try:
                for item in examine(source, encoding, column=column, limit=max_mb * MEGABYTE):
                    if as_json:
                        print_json(row_of(item))
                    else:
                        print(line_of(item))
                done += 1
            except GongbaoError as error:
                failed += 1
                say(f"error: {error}")
        sys.stdout.flush()
    raise typer.Exit(0 if not failed else 1 if done else 2)


@app.command("import")
def import_(
    corrected: Annotated[str, typer.Argument(metavar="FILE", help="An export of Label Studio or doccano.")],
    output: Annotated[str, typer.Option("--output", "-o", help="The labelled examples to write (.jsonl).")],
    model: Annotated[str | None, typer.Option(help="A model folder whose label scheme counts.")] = None,
    force: Force = False,
) -> None:
    """Turn what a person corrected into labelled examples, which `make train` and `--gold` take.

    Example: gongbao import export.json -o mine.jsonl
    """
    import os

    from gongbao.examples import write_examples
    from gongbao.files import check_new
    from gongbao.review import read_corrected

    with one_line():
        if not output.endswith(".jsonl"):
            raise GongbaoError(f"{output}: labelled examples are written as .jsonl")
        os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
        check_new(output, force)
        examples = read_corrected(corrected, scheme_of(model))
        write_examples(examples, output)
        without = sum(not example.labels for example in examples)
        say(f"{many(len(examples), 'labelled paragraph')} -> {output} ({without} without label)")


@app.command()
def labels(
    model: Annotated[str | None, typer.Option(help="A model folder: its own label scheme.")] = None,
    interface: Annotated[bool, typer.Option("--interface", help="The labelling interface for Label Studio.")] = False,
) -> None:
    """Show the label scheme: ids, names, definitions. Example: gongbao labels --interface"""
    with one_line():
        scheme = scheme_of(model)
        if interface:
            from gongbao.review import interface as written

            print(written(scheme), end="")
            return
        print(f"{scheme.signature}, codebook {scheme.codebook or '-'}")
        for label in scheme:
            print(f"{label.id}\t{label.zh}\t{label.en}\t{label.definition}")
        sys.stdout.flush()


@app.command("next")
def next_(
    inputs: Inputs,
    output: Annotated[str, typer.Option("--output", "-o", help="Tasks: .json for Label Studio, .jsonl for doccano.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many paragraphs.")] = 40,
    model: Model = None,
    device: Device = None,
    column: Column = None,
    force: Force = False,
) -> None:
    """Propose what to label next: paragraphs that the model doubts, unlike one another.

    Example: gongbao next folder/ --n 40 -o tasks.json
    """
    from gongbao.review import check_tasks, write_tasks
    from gongbao.sampling import next_to_label

    with one_line():
        check_tasks(output, force)
        labeler = open_labeler(model, device, "f1")
        with bar() as progress:
            rows, summary = next_to_label(inputs, labeler, n, progress=progress, column=column)
        if rows:
            with write_tasks(output) as write:
                for row in rows:
                    write(row)
        say(f"{many(len(rows), 'paragraph')} of {summary.paragraphs:,} to label -> {output}")
        for _, text in summary.errors:
            say(f"error: {text}")
    raise typer.Exit(0 if not summary.errors else 1 if rows else 2)


@app.command()
def watch(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder in which documents arrive.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="The folder for the outputs, each under its file's name.")
    ],
    formats: Annotated[str, typer.Option("--formats", help="Suffixes to write, such as .jsonl,.html.")] = ".jsonl",
    model: Model = None,
    device: Device = None,
    settle: Annotated[float, typer.Option(min=0, help="Seconds for which a file must not have changed.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Label what is there and end.")] = False,
) -> None:
    """Label what arrives in a folder, until it is stopped (Ctrl-C); started again, it goes on.

    Example: gongbao watch incoming/ -o labelled/ --formats .jsonl,.html
    """
    from gongbao.watch import watch as look

    failed = 0
    with one_line():
        labeler = open_labeler(model, device, "f1")
        suffixes = [part.strip() for part in formats.split(",") if part.strip()]
        for path, done in look(
            folder, output, labeler, suffixes, settle=0 if once else settle, turns=1 if once else None
        ):
            failed += bool(done.errors)
            if done.paragraphs:
                say(f"{path}: {many(done.paragraphs, 'paragraph')}")
            for _, error in done.errors:
                say(f"error: {error}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model folder, latest, or shipped (the default).")
    ] = "shipped",
    precision: Annotated[
        str, typer.Option(help="fp32 (exact), or bf16, int8, fp16, which --check decides on.")
    ] = "fp32",
    check: Annotated[
        str | None, typer.Option(help="Labelled examples (.jsonl) that a precision which is not exact is checked on.")
    ] = None,
    calibrate: Annotated[
        str | None, typer.Option(help="Examples that int8's ranges are set on; default: half of --check's documents.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cuda: check bf16 or fp16 on a GPU.")] = None,
) -> None:
    """Export a model for the engines that label faster and open without torch (onnx, openvino).

    Exit code: 0 exported, 2 not. Example: gongbao export shipped --precision bf16 --check data/dev.jsonl
    """
    from gongbao.export import export as make

    with one_line("stopped; nothing was published"):
        made = make(model, precision, check, calibrate, device, say)
        for line in lines_of(made):
            print(line)
        sys.stdout.flush()


@app.command()
def doctor(
    model: Model = None,
) -> None:
    """Say what is installed, and which model, engine and folders would be used: for a bug report.

    Example: gongbao doctor
    """
    from gongbao.doctor import examine

    found = examine(model)
    for what, how in found:
        print(f"{what:10} {how}")
    sys.stdout.flush()
    raise typer.Exit(1 if any("! " in how for _, how in found) else 0)
