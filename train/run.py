"""One config, one run, one folder in `models/`: complete, or absent."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gongbao.examples import Example, read_examples
from gongbao.labels import Scheme
from train.config import Config, read_config
from train.corpus import read_unlabelled
from train.dataset import Training, read_all
from train.folder import begin, is_main_process, part, place, say, times, unfinished, wait_for_all
from train.resume import stoppable


def run(
    config_file: str | Path, resume: bool = False, overrides: Sequence[str] = (), init: str | None = None
) -> tuple[Path, list[dict[str, float]]]:
    """Train what a config file says: `train` with the file read."""
    config = read_config(config_file, [*overrides, *([f'model.init="{init}"'] if init else [])])
    return train(config, resume)


def train(config: Config, resume: bool = False) -> tuple[Path, list[dict[str, float]]]:
    """Train what the config says and return the finished run's folder and its dev scores by epoch.

    The run is written to `models/.<run>.partial/` and renamed when it is complete. With `resume`, the newest
    unfinished run of the same config goes on. Of several processes (`torchrun`), the first writes the folder; the
    others return once training is over. Raises GongbaoError for what the user can mend.
    """
    started = datetime.now(UTC)
    scheme = config.label_scheme
    training, dev = read_training(config, scheme)
    more = read_unlabelled(config.unlabelled, scheme, [*training.examples, *dev])
    partial = unfinished(config, started, resume)
    folder, scores = partial, []
    with stoppable(partial):
        if is_main_process():
            _prepare(config, scheme, training.examples, more, partial, started)
        wait_for_all()
        counts = f"{len(training.examples)} paragraphs" + (f" and {len(more)} without labels" if more else "")
        say(f"{config.name}: {counts} to train on, {len(dev)} for the decision rule, in {partial}")
        scores = _train(config, scheme, training, more, dev, partial, resume)
        part()
        if is_main_process():
            folder = finish(config, scheme, training.examples, dev, scores, started, partial, len(more))
    return folder, scores


def read_training(config: Config, scheme: Scheme) -> tuple[Training, list[Example]]:
    """Read the labelled examples to train on and the dev examples; say if they share documents."""
    files, dev = read_all(config.data.train, scheme), read_examples(config.data.dev, scheme)
    examples = [example for found in files.values() for example in found]
    _say_shared(examples, dev, "train", "dev", "dev scores")
    weights = [config.data.weights.get(file, 1.0) for file, found in files.items() for _ in found]
    return Training(examples, weights), dev


def check_apart(file: str, gold: Sequence[Example], config: Config) -> None:
    """Say if gold examples share documents with those that a config trains on or sets its rule on."""
    for path in dict.fromkeys([*config.data.train, config.data.dev]):
        _say_shared(read_examples(path, config.label_scheme), gold, path, file, "its report")


def _say_shared(own: Sequence[Example], other: Sequence[Example], mine: str, name: str, what: str) -> None:
    if shared := {example.document for example in own} & {example.document for example in other}:
        say(f"warning: {len(shared)} documents are in {mine} and in {name} ({min(shared)}, …): {what} will flatter")


def _prepare(
    config: Config,
    scheme: Scheme,
    examples: Sequence[Example],
    more: Sequence[Example],
    partial: Path,
    started: datetime,
) -> None:
    """Make the unfinished folder: the config that --resume goes by, the checkpoint's tokenizer, teachers' answers."""
    from train.checkpoint import save_tokenizer
    from train.soft import save_answers

    begin(config, partial, started)
    if config.kind == "bert":
        save_tokenizer(config.model.checkpoint, partial)
        if asked := (len(examples) if config.soft.share else 0) + len(more):
            say(f"asking the teachers about {asked} paragraphs")
            save_answers(config, scheme, examples, more, partial)


def _train(
    config: Config,
    scheme: Scheme,
    training: Training,
    more: Sequence[Example],
    dev: Sequence[Example],
    partial: Path,
    resume: bool,
) -> list[dict[str, float]]:
    """Leave the trained model in `partial/final` and return its dev scores."""
    from train.baseline import fit_tfidf
    from train.finetune import finetune
    from train.soft import soft_targets

    final = partial / "final"
    if config.kind == "tfidf":
        if is_main_process():
            engine = fit_tfidf(config.tfidf, scheme, training.examples)
            final.mkdir(exist_ok=True)
            engine.save(final)
        return []
    if config.soft.share or more:
        weights = [*training.weights, *[config.unlabelled.weight] * len(more)]
        goals = soft_targets(config.soft.share, scheme, training.examples, more, partial)
        training = Training([*training.examples, *more], weights, goals)
    scores = finetune(config, scheme, training, dev, partial, resume)
    if is_main_process():
        shutil.rmtree(final, ignore_errors=True)
        shutil.copytree(partial / "best", final)
    return scores


def finish(
    config: Config,
    scheme: Scheme,
    train: Sequence[Example],
    dev: Sequence[Example],
    scores: Sequence[dict[str, float]],
    started: datetime,
    partial: Path,
    unlabelled: int = 0,
    mean_of: Sequence[str] = (),
) -> Path:
    """Set the decision rule on the weights as saved, read back; add record and card; return the folder in its place."""
    from gongbao.engines import open_engine
    from train import record
    from train.tune import tune

    final = partial / "final"
    decision = tune(open_engine(final, context=config.model.context), scheme, dev, config.data.dev)
    decision.save(final)
    files = [path.name for path in final.iterdir()]
    spent = times(partial, started)
    record.write(final, record.make_record(config, train, dev, decision, scores, spent, files, unlabelled, mean_of))
    return place(partial)
