"""The commands of `python -m eval`: thin shells round functions that return their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from eval.arguments import (
    check_resamples,
    check_target,
    destination,
    parse_policies,
    read_gold,
    scheme_in,
    usage_error,
)
from gongbao.errors import GongbaoError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Score systems on a gold set, compare them, count shares, and measure how far annotators agree.",
)

SchemeFile = Annotated[
    Path | None, typer.Option("--scheme", help="Label scheme of the files, in TOML (default: the policy domains).")
]
Resamples = Annotated[
    int, typer.Option(callback=check_resamples, help="Resamples of documents for the intervals: 0, or 100 to 20,000.")
]
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
    scheme: Annotated[
        Path | None,
        typer.Option(help="Label scheme in TOML (default: a model's own; for a file of answers the policy domains)."),
    ] = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    name: Annotated[str | None, typer.Option(help="What the report calls the system.")] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="A promise to check: precision=0.9 or recall=0.95; repeatable.")
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option("--seed-run", help="The run with another seed, X or NAME=X; repeatable."),
    ] = None,
    export_suspects: Annotated[
        Path | None, typer.Option(help="File to write the labels to that look wrong (.jsonl).")
    ] = None,
    force: Force = False,
) -> None:
    """Score X on gold: report.json, report.md, report.html and predictions.jsonl."""
    with one_line_errors():
        from eval import html, report
        from eval.baselines import find_baselines
        from eval.behaviour import behave
        from eval.markdown import render
        from eval.sources import check_source, scheme_of, split_name
        from eval.suspects import export
        from eval.system import open_system
        from gongbao.labels import POLICY_DOMAINS, Scheme

        # All that can be wrong with an option is said before the model is asked, which takes minutes.
        policies = parse_policies(policy or (), x)
        folder = destination(x, out, force)
        if export_suspects:
            check_target(export_suspects, folder, (x, gold), force)
        seeds = [split_name(each) for each in run or ()]
        for _, source in (*map(split_name, baseline or ()), *seeds):
            check_source(source)
        answered = read_gold(gold, Scheme.load(scheme) if scheme else scheme_of(x), scheme)
        system = open_system(x, answered, name)
        if export_suspects and system.scores is None:
            raise GongbaoError(f"--export-suspects: {system.name} gives no scores, so no label can be suspected")
        baselines, notes = find_baselines(x, answered, gold, baseline or ())
        runs = [open_system(source, answered, called) for called, source in seeds]
        report.check_systems(system, baselines, runs)
        checks = behave(system.labeler) if system.labeler and answered.scheme.ids == POLICY_DOMAINS.ids else None
        found = report.score(system, answered, baselines, resamples, seed, notes, policies, runs, checks)
        text = render(found)
        report.write(folder, found, report.predictions(system, answered), text, html.render(found, answered))
        if export_suspects:
            export(export_suspects, found["suspects"] or (), answered)
        typer.echo(render(found, brief=True))
        typer.echo(f"written to {folder}", err=True)


@app.command()
def compare(
    x: Annotated[
        list[str],
        typer.Argument(metavar="A B [C…]", help="Report folders, or runs that hold one, DIR or NAME=DIR; A first."),
    ],
    gold: Annotated[Path, typer.Option(help="The gold set that they were scored on.")] = Path("data/gold.jsonl"),
    on: Annotated[
        list[str] | None, typer.Option(help="Instead: A and B are models; label this file or folder with both.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for compare.json, compare.md and compare.html.")
    ] = None,
    fail_if_worse: Annotated[
        bool,
        typer.Option("--fail-if-worse", help="Exit with 1 if the last is worse than the first, 2 if none can tell."),
    ] = False,
    scheme: Annotated[
        Path | None, typer.Option(help="Label scheme of the gold set, in TOML (default: the policy domains).")
    ] = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    force: Force = False,
) -> None:
    """Compare systems: paired differences, tests, and the paragraphs that changed."""
    with one_line_errors():
        from eval import ranking, unlabelled
        from eval.output import check_folder
        from eval.saved import Saved, check_alike

        if len(x) < 2 or (on and len(x) > 2):
            usage_error("name two models to compare on text" if on else "name two reports or more: A B [C…]")
        if fail_if_worse and not resamples:
            usage_error("--fail-if-worse wants resamples: without an interval nothing is worse")
        if out:
            check_folder(out, ranking.FILES, "a comparison", force)
        if on:
            if fail_if_worse:
                usage_error("--fail-if-worse wants a gold set: without labels nothing is worse")
            changes = unlabelled.compare_on(x[0], x[1], on)
            text = unlabelled.markdown(changes)
            if out:
                ranking.write(out, changes, text, unlabelled.html(changes))
            typer.echo(text)
            for error in changes["errors"]:
                typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1 if changes["errors"] else 0)
        reports = [Saved.read(each) for each in x]
        notes = check_alike(reports)
        answered = read_gold(gold, scheme_in(scheme), scheme)
        systems = [saved.system(answered) for saved in reports]
        found = ranking.rank(systems, answered, resamples, seed, notes)
        text = ranking.markdown(found)
        if out:
            ranking.write(out, found, text, ranking.html(found, systems, answered))
        typer.echo(text)
        worse = ranking.is_worse(found)
        if fail_if_worse and worse is None:
            usage_error("--fail-if-worse: macro-F1 has no interval here, so that nobody can tell")
        if fail_if_worse and worse:
            raise typer.Exit(1)


@app.command()
def suspects(
    examples: Annotated[Path, typer.Argument(metavar="EXAMPLES", help="Labelled examples, such as data/train.jsonl.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write for review (.jsonl).")],
    folds: Annotated[int, typer.Option(min=2, help="Parts that the documents are dealt into.")] = 5,
    scheme: SchemeFile = None,
    force: Force = False,
) -> None:
    """Find labels that look wrong: a model that saw none of a paragraph's document contradicts them."""
    with one_line_errors():
        from eval.output import check_file
        from eval.suspects import export, named, out_of_fold
        from eval.suspects import suspects as find
        from eval.words import many

        check_file(out, force)
        labelled = read_gold(examples, scheme_in(scheme), scheme)
        found = named(find(labelled.truth, out_of_fold(labelled, folds), labelled.scheme.ids), labelled)
        export(out, found, labelled)
        looks = f"{many(len(labelled.examples), 'paragraph')} {'looks' if len(found) == 1 else 'look'} wrong"
        typer.echo(f"{many(len(found), 'label')} of {looks}: {out}")


@app.command()
def shares(
    predictions: Annotated[
        list[Path], typer.Argument(metavar="PREDICTIONS", help="Files that `gongbao predict -o FILE.jsonl` wrote.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for shares.json, shares.csv and shares.html.")],
    gold: Annotated[
        Path | None, typer.Option(help="Labelled examples to correct with: a random sample of the same paragraphs.")
    ] = None,
    by: Annotated[str, typer.Option(help="Keys of the rows to group by, such as year,place,genre.")] = "",
    scheme: SchemeFile = None,
    force: Force = False,
) -> None:
    """Shares of paragraphs and of characters per label and group, corrected for the model's errors."""
    with one_line_errors():
        from eval import share_output
        from eval.archive import Archive
        from eval.output import check_folder
        from eval.shares import shares as count_shares

        check_folder(out, share_output.FILES, "a page of shares", force)
        labels = scheme_in(scheme)
        archive = Archive.read(predictions, labels, [key.strip() for key in by.split(",") if key.strip()])
        found = count_shares(archive, read_gold(gold, labels, scheme) if gold else None)
        share_output.write(out, found)
        typer.echo(share_output.text(found))
        typer.echo(f"written to {out}", err=True)


@app.command()
def agree(
    a: Annotated[Path, typer.Argument(metavar="A", help="Labelled examples, the reference.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The same paragraphs, labelled by another annotator.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write: .json or .md.")] = None,
    differences: Annotated[
        Path | None, typer.Option(help="File to write every difference to, for adjudication (.jsonl).")
    ] = None,
    scheme: SchemeFile = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    force: Force = False,
) -> None:
    """Measure how far two annotators agree, by label, on paragraphs and on sentences."""
    with one_line_errors():
        from eval import agreement
        from eval.output import check_file, write_rows

        if out and out.suffix not in (".json", ".md"):
            usage_error(f"-o {out}: write a .json or a .md file")
        if out and differences and out.resolve() == differences.resolve():
            usage_error(f"-o and --differences both name {out}")
        for path in (out, differences):
            if path:
                check_file(path, force)
        found = agreement.agree_files(a, b, scheme_in(scheme), resamples, seed)
        text = agreement.render(found)
        if out:
            agreement.write(out, found, text)
        if differences:
            write_rows(differences, found["differences"])
        typer.echo(text)


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
