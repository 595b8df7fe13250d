"""`python -m train configs/embedded.toml`: train a model and score it on gold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from train.command import by_epoch, one_line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def main(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's TOML file.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this config.")
    ] = False,
    init: Annotated[Optional[str], typer.Option(help="keep or fresh-head; overrides model.init.")] = None,  # noqa: UP045
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="table.key=value; may be repeated.")] = None,  # noqa: UP045
    report: Annotated[bool, typer.Option(help="Score the finished run on data.gold.")] = True,
) -> None:
    """Train a model: examples, Trainer, best epoch, decision rule, run folder, gold report."""
    from gongbao.examples import read_examples
    from train.config import read_config
    from train.folder import is_main_process, say
    from train.run import check_apart, run

    overrides = set_ or []
    with one_line():
        settings = read_config(config, overrides)
        gold = settings.data.gold if report else None
        if gold:
            # Now, and not after an hour of training.
            check_apart(gold, read_examples(gold, settings.label_scheme), settings)
        folder, scores = run(config, resume, overrides, init)
    if not is_main_process():
        return
    if scores:
        say(by_epoch(scores))
        if max(scores, key=lambda row: row["macro_f1"])["epoch"] == 0 and (init or settings.model.init) == "keep":
            say("the starting weights won: no epoch did better on dev, so the run holds them unchanged")
    print(folder)
    if gold:
        # A command of its own: training and evaluation share nothing but the model folder.
        raise typer.Exit(
            subprocess.run([sys.executable, "-m", "eval", "score", str(folder), "--gold", gold]).returncode
        )


if __name__ == "__main__":
    app(prog_name="python -m train")
