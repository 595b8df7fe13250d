"""The shipped encoder's recipe: runs one after another, the mean of several seeds. `python -m train.encoder`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from pydantic import Field

from gongbao import models
from gongbao.errors import GongbaoError
from gongbao.examples import hash_examples
from train.config import Config, Table, check_config, check_table, read_toml
from train.folder import RUNS, alone, say, unfinished
from train.resume import stoppable
from train.run import finish, read_training, train

SHIPPED = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "decision.json",
    "record.json",
)
"""What a model that ships consists of, besides its card, which is written by hand."""


class Stages(Table):
    """What a recipe has besides a run's tables.

    `stage`: tables over the run's own, a run each; each goes on from the weights that the one before left (a
    curriculum). `seeds`: the whole is done once for each, and the weights that ship are their mean (Wortsman et al.,
    Model soups, 2022).
    """

    stage: list[dict[str, Any]] = Field([{}], min_length=1)
    seeds: list[int] = Field([7], min_length=1)


def read_recipe(path: str | Path, overrides: Sequence[str] = ()) -> dict[int, list[Config]]:
    """Read a recipe: for each seed the runs to make, in order. Raises GongbaoError like `train.config.read_config`.

    Where a later stage starts is not known before the one before it ended: its checkpoint is as in the file.
    """
    data = read_toml(path, overrides)
    own = {key: data.pop(key) for key in list(data) if key in Stages.model_fields}
    stages = check_table(Stages, own, str(path))
    if len(set(stages.seeds)) < len(stages.seeds):
        raise GongbaoError(f"{path}: seeds names one twice")
    name = str(data.get("name", ""))
    return {
        seed: [
            check_config(_over(data, stage, {"name": f"{name}-s{seed}-{n}", "trainer": {"seed": seed}}), str(path))
            for n, stage in enumerate(stages.stage, 1)
        ]
        for seed in stages.seeds
    }


def make_encoder(path: str | Path, resume: bool = False, overrides: Sequence[str] = ()) -> Path:
    """Carry a recipe out and return the folder of the finished model, with its decision rule set on `data.dev`.

    With `resume`, runs that are complete are not made again and the one that was stopped goes on from its step.
    """
    alone("a recipe")
    started = datetime.now(UTC)
    ends: list[tuple[Config, Path]] = []
    for configs in read_recipe(path, overrides).values():
        folder: Path | None = None
        for config in configs:
            if folder is not None:
                config.model.checkpoint, config.model.init = str(folder), "keep"
            done = _finished(config) if resume else None
            if done:
                say(f"{config.name}: complete, in {done}")
            folder = done or train(config, resume)[0]
        assert folder is not None  # a recipe has at least one stage
        ends.append((configs[-1], folder))
    if len(ends) == 1:
        return ends[0][1]
    return soup(ends, started)


def soup(ends: Sequence[tuple[Config, Path]], started: datetime) -> Path:
    """Make the run whose weights are the mean of several runs', and whose rule is set anew."""
    config = ends[0][0].model_copy(update={"name": ends[0][0].name.rpartition("-s")[0]})
    scheme = config.label_scheme
    partial = unfinished(config, started, resume=False)
    more = models.record(ends[0][1])["data"]["unlabelled"]["paragraphs"]
    with stoppable(partial):
        (partial / "final").mkdir(parents=True, exist_ok=True)
        for name in SHIPPED[:3]:
            shutil.copyfile(ends[0][1] / name, partial / "final" / name)
        mean([run for _, run in ends], partial / "final")
        training, dev = read_training(config, scheme)
        return finish(config, scheme, training.examples, dev, [], started, partial, more)


def mean(folders: Sequence[Path], out: Path) -> None:
    """Write the mean of several models' weights to `out/model.safetensors`, in half precision.

    Raises GongbaoError for models whose weights are not of one shape.
    """
    import torch
    from safetensors.torch import load_file, save_file

    weights = [load_file(folder / "model.safetensors") for folder in folders]
    for folder, each in zip(folders, weights, strict=True):
        if {k: v.shape for k, v in each.items()} != {k: v.shape for k, v in weights[0].items()}:
            raise GongbaoError(f"{folder} and {folders[0]} are not of one shape: their mean is no model")
    made = {
        name: (torch.stack([each[name].float() for each in weights]).mean(dim=0)).to(torch.float16)
        for name in weights[0]
    }
    save_file(made, out / "model.safetensors", metadata={"format": "pt"})


def ship(folder: Path, to: Path) -> None:
    """Put a finished run's model in the place of the one that ships; the card there is not touched."""
    models.check(folder)
    try:
        to.mkdir(parents=True, exist_ok=True)
        if not (to / "README.md").exists():
            shutil.copyfile(folder / "README.md", to / "README.md")
        for name in SHIPPED:
            shutil.copyfile(folder / name, to / f".{name}.partial")
        for name in SHIPPED:
            os.replace(to / f".{name}.partial", to / name)
    except OSError as error:
        raise GongbaoError(f"cannot write {error.filename or to}: {error.strerror}") from error


def _finished(config: Config) -> Path | None:
    """Return the newest complete run of exactly this config and these training examples."""
    data = hash_examples(read_training(config, config.label_scheme)[0].examples)
    for folder in sorted(RUNS.glob(f"????????-??????-{config.name}"), reverse=True):
        try:
            models.check(folder)
            record = models.record(folder)
            same = record["config"] == json.loads(config.model_dump_json())
            if same and record["data"]["train"]["sha256"] == data:
                return folder
        except (GongbaoError, KeyError):
            continue
    return None


def _over(base: Mapping[str, Any], *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay tables over a table, key by key."""
    made = dict(base)
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
            made[key] = _over(made[key], value) if both else value
    return made


def main(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The recipe's TOML file.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the recipe was stopped.")] = False,
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="table.key=value; may be repeated.")] = None,  # noqa: UP045
    to: Annotated[Optional[Path], typer.Option(help="Put the finished model there, e.g. data/encoder.")] = None,  # noqa: UP045
) -> None:
    """Make an encoder that labels: stages of training, the mean over seeds, a decision rule."""
    try:
        folder = make_encoder(config, resume, set_ or [])
        if to:
            ship(folder, to)
    except GongbaoError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("stopped; --resume goes on from the last checkpoint", file=sys.stderr)
        raise typer.Exit(130) from None
    print(to or folder)


if __name__ == "__main__":
    typer.run(main)
