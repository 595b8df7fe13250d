"""`python -m train configs/embedded.toml`: one config, one run, one folder in `models/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from gongbao.errors import GongbaoError

RUNS = Path("models")


def run(
    config_file: Path, resume: bool = False, overrides: list[str] | None = None, init: str | None = None
) -> tuple[Path, list[dict[str, float]]]:
    """Train what the config says and return the finished run's folder and its dev scores by epoch.

    The run is written to `models/.<run>.partial/` and renamed when it is complete. With `resume`, the newest
    unfinished run of the same config goes on. Raises GongbaoError for what the user can mend.
    """
    from gongbao.engines import open_engine
    from train import record
    from train.config import read_config
    from train.dataset import read_all
    from train.finetune import TOKENIZER_FILES, finetune
    from train.tune import tune

    config = read_config(config_file, [*(overrides or []), *([f'model.init="{init}"'] if init else [])])
    started = datetime.now(UTC)
    scheme = config.label_scheme
    train, dev = read_all(config.data.train, scheme), read_all([config.data.dev], scheme)
    partial = unfinished(config.name, config.model_dump_json()) if resume else None
    if resume and not partial:
        say(f"no unfinished run of {config.name} in {RUNS}/: starting a new one")
    partial = partial or RUNS / f".{started.astimezone():%Y%m%d-%H%M%S}-{config.name}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    (partial / "config.snapshot.json").write_text(config.model_dump_json(), encoding="utf-8")
    say(f"{config.name}: {len(train)} paragraphs to train on, {len(dev)} for the decision rule, in {partial}")
    seed = int(config.trainer.get("seed", 42))
    scores: list[dict[str, float]] = []
    final = partial / "final"
    shutil.rmtree(final, ignore_errors=True)
    if config.kind == "bert":
        scores = finetune(config, scheme, train, dev, partial, resume)
        if int(os.environ.get("RANK", "0")):
            raise typer.Exit()
        shutil.copytree(partial / "best", final)
        for name in TOKENIZER_FILES:
            shutil.copyfile(partial / name, final / name)
    else:
        from train.baseline import fit_tfidf

        final.mkdir()
        fit_tfidf(config.tfidf, scheme, train).save(final)
    # Everything from here on is computed on the weights as saved, read back.
    decision = tune(open_engine(final, context=config.model.context), scheme, dev, config.data.dev)
    decision.save(final)
    files = [path.name for path in final.iterdir()]
    record.write(final, record.make_record(config, train, dev, decision, scores, started, seed, files))
    folder = RUNS / partial.name[1 : -len(".partial")]
    os.replace(final, folder)
    shutil.rmtree(partial)
    return folder, scores


def unfinished(name: str, snapshot: str) -> Path | None:
    """Return the newest unfinished run of a config; one that was started with other settings is refused."""
    found = sorted(RUNS.glob(f".*-{name}.partial"))
    if not found:
        return None
    stored = found[-1] / "config.snapshot.json"
    if not stored.exists() or stored.read_text(encoding="utf-8") != snapshot:
        raise GongbaoError(f"{found[-1]} was started with other settings: remove it, or restore them to resume")
    return found[-1]


def say(text: str) -> None:
    if not int(os.environ.get("RANK", "0")):
        print(text, file=sys.stderr, flush=True)


def main(
    config: Annotated[Path, typer.Argument(help="The run's TOML file.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this config.")
    ] = False,
    init: Annotated[Optional[str], typer.Option(help="keep or fresh-head; overrides model.init.")] = None,  # noqa: UP045
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="table.key=value; may be repeated.")] = None,  # noqa: UP045
    report: Annotated[bool, typer.Option(help="Score the finished run on data.gold.")] = True,
) -> None:
    """Train a model: examples, Trainer, best epoch, decision rule, run folder, gold report."""
    from train.config import read_config

    try:
        folder, scores = run(config, resume, set_, init)
    except GongbaoError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if scores:
        best = max(scores, key=lambda row: row["macro_f1"])
        say("dev macro-F1 by epoch: " + ", ".join(f"{row['epoch']:g}: {row['macro_f1']:.4f}" for row in scores))
        if best["epoch"] == 0:
            say("the starting weights won: no epoch did better on dev, so the run holds them unchanged")
    print(folder)
    gold = read_config(config, set_ or []).data.gold
    if report and gold:
        # A command of its own: training and evaluation share nothing but the model folder.
        raise typer.Exit(
            subprocess.run([sys.executable, "-m", "eval", "score", str(folder), "--gold", gold]).returncode
        )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(main)

if __name__ == "__main__":
    app(prog_name="python -m train")
