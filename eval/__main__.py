"""The commands of `python -m eval`: thin shells round functions that return their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gongbao.errors import GongbaoError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Score systems on a gold set, and measure how far two annotators agree.",
)

SchemeFile = Annotated[Path | None, typer.Option("--scheme", help="Label scheme in TOML (default: the model's own).")]
Resamples = Annotated[int, typer.Option(min=0, help="Resamples of documents for the intervals.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the resamples.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


@app.command()
def score(
    x: Annotated[
        str, typer.Argument(metavar="X", help="shipped, latest, a model folder, a .jsonl of predictions or examples.")
    ],
    gold: Annotated[Path, typer.Option(help="Labelled examples to score on.")] = Path("data/gold.jsonl"),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the report (default: a run's report/).")
    ] = None,
    baseline: Annotated[list[str] | None, typer.Option(help="Another system to show, X or NAME=X; repeatable.")] = None,
    scheme: SchemeFile = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    name: Annotated[str | None, typer.Option(help="What the report calls the system.")] = None,
    force: Force = False,
) -> None:
    """Score X on gold: report.json, report.md and predictions.jsonl."""
    with one_line_errors():
        from eval import report
        from eval.baselines import find_baselines
        from eval.gold import Gold
        from eval.markdown import render
        from eval.system import open_system, scheme_of
        from gongbao.labels import Scheme

        folder = destination(x, out, force)
        answered = Gold.read(gold, Scheme.load(scheme) if scheme else scheme_of(x))
        system = open_system(x, answered, name)
        baselines, notes = find_baselines(x, answered, gold, baseline or ())
        found = report.score(system, answered, baselines, resamples, seed, notes)
        text = render(found)
        report.write(folder, found, report.predictions(system, answered), text)
        typer.echo(text)
        typer.echo(f"written to {folder}", err=True)


@app.command()
def agree(
    a: Annotated[Path, typer.Argument(metavar="A", help="Labelled examples, the reference.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The same paragraphs, labelled by another annotator.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write: .json or .md.")] = None,
    scheme: SchemeFile = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    force: Force = False,
) -> None:
    """Measure how far two annotators agree, by label, on paragraphs and on sentences."""
    with one_line_errors():
        from eval import agreement
        from gongbao.labels import POLICY_DOMAINS, Scheme

        if out and out.suffix not in (".json", ".md"):
            usage_error(f"-o {out}: write a .json or a .md file")
        if out and out.exists() and not force:
            raise GongbaoError(f"{out} is there already: add --force to overwrite it, or choose another -o")
        found = agreement.agree_files(a, b, Scheme.load(scheme) if scheme else POLICY_DOMAINS, resamples, seed)
        text = agreement.render(found)
        if out:
            agreement.write(out, found, text)
        typer.echo(text)


def destination(x: str, out: Path | None, force: bool) -> Path:
    """Where the report goes: `out`, else a run's own `report/`, which alone is overwritten without `--force`."""
    from eval.report import FILES
    from eval.system import is_file
    from gongbao import models

    run = None if is_file(x) else models.find(x)
    own = None if run is None or run.resolve() == _shipped() else run / "report"
    folder = out or own
    if folder is None:
        usage_error(f"-o DIR is needed: {x} has no folder of its own for a report")
    if folder.exists() and not folder.is_dir():
        raise GongbaoError(f"{folder} is a file; -o names a folder")
    is_own = own is not None and folder.resolve() == own.resolve()
    if not force and not is_own and any((folder / name).exists() for name in FILES):
        raise GongbaoError(f"{folder} holds a report already: add --force to overwrite it, or choose another -o")
    return folder


def _shipped() -> Path | None:
    from gongbao import models

    try:
        return models.shipped().resolve()
    except GongbaoError:
        return None


def usage_error(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an error that the user can mend into one line on stderr and exit status 1."""
    try:
        yield
    except GongbaoError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app(prog_name="python -m eval")
