"""The shipped encoder's recipe: runs one after another, the mean of several seeds. `python -m train.encoder`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, Optional

import typer
from pydantic import Field

from gongbao import models
from gongbao.errors import GongbaoError
from gongbao.examples import hash_examples
from gongbao.files import whole
from train.command import one_line
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
    """What a recipe has besides a run's tables: its stages, each goes on from the weights that the one before left.

    A stage holds tables over the run's own (a curriculum, if they name other files), and `seeds`: it is done once for
    each, and what it leaves is the mean of the weights (Wortsman et al., Model soups, 2022).
    """

    stage: list[dict[str, Any]] = Field([{}], min_length=1)


class Seeds(Table):
    seeds: list[Annotated[int, Field(ge=0)]] = Field([7], min_length=1)


def read_recipe(path: str | Path, overrides: Sequence[str] = ()) -> list[list[Config]]:
    """Read a recipe: the stages, in order, and of each the runs, one a seed.

    Where a later stage starts is not known before the one before it ended: its checkpoint is as in the file. Raises
    GongbaoError like `train.config.read_config`.
    """
    data = read_toml(path, overrides)
    stages = check_table(Stages, {"stage": data.pop("stage", [{}])}, str(path)).stage
    recipe = []
    for number, stage in enumerate(stages, 1):
        own = {"seeds": stage["seeds"]} if "seeds" in stage else {}
        seeds = check_table(Seeds, own, str(path)).seeds
        if len(set(seeds)) < len(seeds):
            raise GongbaoError(f"{path}: stage {number} names a seed twice")
        rest = {key: value for key, value in stage.items() if key != "seeds"}
        recipe.append(
            [
                check_config(
                    _over(data, rest, {"name": f"{data.get('name', '')}-{number}-s{seed}", "trainer": {"seed": seed}}),
                    str(path),
                )
                for seed in seeds
            ]
        )
    return recipe


def make_encoder(path: str | Path, resume: bool = False, overrides: Sequence[str] = ()) -> Path:
    """Carry a recipe out and return the folder of the finished model, with its decision rule set on `data.dev`.

    With `resume`, runs that are complete are not made again and the one that was stopped goes on from its step.
    """
    alone("a recipe")
    folder: Path | None = None
    for configs in read_recipe(path, overrides):
        ends = []
        for config in configs:
            if folder is not None:
                config.model.checkpoint, config.model.init = str(folder), "keep"
            ends.append(_done(config, resume) or train(config, resume)[0])
        folder = ends[0] if len(ends) == 1 else soup(configs[0], ends, resume)
    assert folder is not None  # a recipe has at least one stage
    return folder


def soup(config: Config, ends: Sequence[Path], resume: bool = False) -> Path:
    """Make the run whose weights are the mean of several runs', and whose decision rule is set anew."""
    started = datetime.now(UTC)
    config = config.model_copy(update={"name": config.name.rpartition("-s")[0]})
    names = [end.name for end in ends]
    if done := _done(config, resume, names):
        return done
    scheme = config.label_scheme
    partial = unfinished(config, started, resume=False)
    more = models.record(ends[0])["data"]["unlabelled"]["paragraphs"]
    with stoppable(partial):
        (partial / "final").mkdir(parents=True, exist_ok=True)
        for name in SHIPPED[:3]:
            shutil.copyfile(ends[0] / name, partial / "final" / name)
        mean(ends, partial / "final")
        training, dev = read_training(config, scheme)
        return finish(config, scheme, training.examples, dev, [], started, partial, more, names)


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
        with ExitStack() as stack:
            names = SHIPPED if (to / "README.md").exists() else (*SHIPPED, "README.md")
            for name in names:
                shutil.copyfile(folder / name, stack.enter_context(whole(to / name)))
    except OSError as error:
        raise GongbaoError(f"cannot write to {to}: {error.strerror}; the model is in {folder}") from error


def check_place(to: Path) -> None:
    """Raise GongbaoError, before anything is trained, if a model cannot be put there; makes the folder."""
    if to.exists() and not to.is_dir():
        raise GongbaoError(f"--to {to} is a file: name a folder")
    if to.is_dir() and any(to.iterdir()) and not (to / "config.json").exists():
        raise GongbaoError(f"--to {to} holds other files than a model's: name a new folder")
    try:
        to.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=to):
            pass
    except OSError as error:
        raise GongbaoError(f"cannot write to {to}: {error.strerror}") from error


def _done(config: Config, resume: bool, mean_of: Sequence[str] = ()) -> Path | None:
    """With `resume`, the newest complete run of exactly this config and these labelled examples, if there is one.

    `mean_of` are the runs whose mean it is to be.
    """
    found = sorted(RUNS.glob(f"????????-??????-{config.name}"), reverse=True) if resume else []
    train_sha, dev_sha = "", ""
    if found:
        training, dev = read_training(config, config.label_scheme)
        train_sha, dev_sha = hash_examples(training.examples), hash_examples(dev)
    for folder in found:
        try:
            models.check(folder)
            record = models.record(folder)
            same = record["config"] == json.loads(config.model_dump_json()) and record["mean_of"] == list(mean_of)
            data = record["data"]
            if same and (data["train"]["sha256"], data["dev"]["sha256"]) == (train_sha, dev_sha):
                say(f"{config.name}: complete, in {folder}")
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
    with one_line():
        if to:
            check_place(to)
        folder = make_encoder(config, resume, set_ or [])
        if to:
            kept = (to / "README.md").exists()
            ship(folder, to)
            if kept:
                say(f"{to / 'README.md'} is left as it was: bring the card up to date")
    print(to or folder)


if __name__ == "__main__":
    typer.run(main)
