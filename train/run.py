"""One config, one run, one folder in `models/`: complete, or absent."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gongbao.errors import GongbaoError
from gongbao.examples import Example, read_examples
from gongbao.labels import Scheme
from train.config import Config, read_config
from train.record import DEFAULT_SEED

RUNS = Path("models")
SNAPSHOT = "config.json"


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
    from train.dataset import read_all

    started = datetime.now(UTC)
    scheme = config.label_scheme
    files, dev = read_all(config.data.train, scheme), read_examples(config.data.dev, scheme)
    examples = [example for found in files.values() for example in found]
    weights = [config.data.weights.get(file, 1.0) for file, found in files.items() for _ in found]
    if shared := {example.document for example in examples} & {example.document for example in dev}:
        say(f"warning: {len(shared)} documents are in train and in dev ({min(shared)}, …): dev scores will flatter")
    partial = _folder(config, started, resume)
    folder = RUNS / partial.name[1 : -len(".partial")]
    try:
        if is_main_process():
            _prepare(config, scheme, examples, partial)
        _wait_for_all()
        say(f"{config.name}: {len(examples)} paragraphs to train on, {len(dev)} for the decision rule, in {partial}")
        scores = _train(config, scheme, examples, weights, dev, partial, resume)
        if is_main_process():
            finish(config, scheme, examples, dev, scores, started, partial, folder)
    except GongbaoError:
        if is_main_process() and not list(partial.glob("checkpoint-*")):
            # Nothing was trained that --resume could go on from.
            shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder, scores


def _prepare(config: Config, scheme: Scheme, examples: Sequence[Example], partial: Path) -> None:
    """Make the unfinished folder: the config that --resume goes by, the checkpoint's tokenizer, teachers' answers."""
    from train.checkpoint import save_tokenizer
    from train.soft import save_answers

    partial.mkdir(parents=True, exist_ok=True)
    (partial / SNAPSHOT).write_text(config.model_dump_json(), encoding="utf-8")
    if config.kind == "bert":
        if not Path(config.model.checkpoint).is_dir():
            say(f"{config.model.checkpoint}: no folder of this name; asking the model hub")
        save_tokenizer(config.model.checkpoint, partial)
        if config.soft.share:
            say(f"asking the teachers about {len(examples)} paragraphs")
            seed = int(config.trainer.get("seed", DEFAULT_SEED))
            save_answers(config.soft, config.tfidf, scheme, examples, seed, partial)


def _train(
    config: Config,
    scheme: Scheme,
    train: Sequence[Example],
    weights: Sequence[float],
    dev: Sequence[Example],
    partial: Path,
    resume: bool,
) -> list[dict[str, float]]:
    """Leave the trained model in `partial/final` and return its dev scores."""
    from train.baseline import fit_tfidf
    from train.finetune import finetune

    final = partial / "final"
    if config.kind == "tfidf":
        engine = fit_tfidf(config.tfidf, scheme, train)
        final.mkdir(exist_ok=True)
        engine.save(final)
        return []
    scores = finetune(config, scheme, train, weights, dev, partial, resume)
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
    folder: Path,
) -> None:
    """Set the decision rule on the weights as saved, read back; add record and card; put the folder in its place."""
    from gongbao.engines import open_engine
    from train import record
    from train.tune import tune

    final = partial / "final"
    decision = tune(open_engine(final, context=config.model.context), scheme, dev, config.data.dev)
    decision.save(final)
    files = [path.name for path in final.iterdir()]
    record.write(final, record.make_record(config, train, dev, decision, scores, started, files))
    for path in final.iterdir():
        # Weights are saved readable by their owner alone; a run is to be shared like any other file.
        path.chmod(0o666 & ~_umask())
    os.replace(final, folder)
    shutil.rmtree(partial)


def is_main_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def say(text: str) -> None:
    """Tell the user something, once however many processes train."""
    if is_main_process():
        print(text, file=sys.stderr, flush=True)


def _folder(config: Config, started: datetime, resume: bool) -> Path:
    """Return the unfinished folder to write to; several processes agree on the first one's choice."""
    partial = _unfinished(config) if resume and is_main_process() else None
    if resume and not partial:
        say(f"no unfinished run of {config.name} in {RUNS}/: starting a new one")
    partial = partial or RUNS / f".{started.astimezone():%Y%m%d-%H%M%S}-{config.name}.partial"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from torch import distributed

        from train.finetune import training_arguments

        # Making the arguments sets the process group up.
        training_arguments(config, partial)
        chosen = [str(partial)]
        distributed.broadcast_object_list(chosen)
        partial = Path(chosen[0])
    return partial


def _unfinished(config: Config) -> Path | None:
    """Return the newest unfinished run of a config; if all were started with other settings, the newest is refused."""
    found = sorted(RUNS.glob(f".????????-??????-{config.name}.partial"), reverse=True)
    for folder in found:
        stored = folder / SNAPSHOT
        if stored.exists() and stored.read_text(encoding="utf-8") == config.model_dump_json():
            return folder
    if found:
        raise GongbaoError(f"{found[0]} was started with other settings: remove it, or restore them to resume")
    return None


def _wait_for_all() -> None:
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
