"""One TOML file is one run: read, checked, unknown keys refused with the nearest known one."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Scheme, nearest

NEEDED = ("eval_strategy",)
"""Trainer fields that may not be `no`: epochs that are never scored cannot be chosen from."""
OURS = {
    "output_dir": "a run's folder is models/<time>-<name>",
    "resume_from_checkpoint": "use --resume",
    "save_only_model": "a run that goes on needs the optimizer too",
    "eval_on_start": "the starting weights are scored in any case, as epoch 0",
}
"""Trainer fields that the run sets itself, with what to do instead."""
COUNTS = ("gradient_accumulation_steps", "per_device_train_batch_size")


class Table(BaseModel):
    """A table of a config: a key that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


T = TypeVar("T", bound=Table)


class Data(Table):
    """Where labelled text comes from; paths are relative to the working directory.

    `weights`: how much a sentence of a training file counts in the loss, 1 for the files that it does not name.
    """

    train: list[str] = Field(["data/train.jsonl"], min_length=1)
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    dev: str = "data/dev.jsonl"
    gold: str | None = None
    scheme: str | None = None

    @model_validator(mode="after")
    def _weights_name_files(self) -> Data:
        for name in self.weights:
            if name not in self.train:
                raise ValueError(f"weights names {name}, which train does not{nearest(name, self.train)}")
        return self


class Soft(Table):
    """Soft labels: a sentence learns `share` of what teachers answer and the rest of its own label; without a label it
    learns what they answer.

    Teachers are model folders with a weight each; weighing `start`, the model that the run starts from; and, weighing
    `tfidf`, the TF-IDF baseline fitted on the other documents (`folds` times, so that no document is answered by a
    model that saw its labels). What they answer is the sigmoid of the mean of their logits (Hinton et al., Distilling
    the knowledge in a neural network, 2015).
    """

    share: float = Field(0.0, ge=0, le=1)
    models: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    start: float = Field(0.0, ge=0, allow_inf_nan=False)
    tfidf: float = Field(0.0, ge=0, allow_inf_nan=False)
    folds: int = Field(4, ge=2)

    @model_validator(mode="after")
    def _has_a_teacher(self) -> Soft:
        if self.share and not self.has_teacher:
            raise ValueError("a share above 0 wants a teacher: soft.models, soft.start or soft.tfidf")
        return self

    @property
    def has_teacher(self) -> bool:
        return bool(self.models or self.start or self.tfidf)


class Text(Table):
    """A file of plain text, or the lines `first_line` to `last_line` of it (counted from 1, both included)."""

    file: str
    first_line: int = Field(1, ge=1)
    last_line: int | None = Field(None, ge=1)


class Unlabelled(Table):
    """Plain text to learn from teachers alone: the first `paragraphs` of at least `shortest` characters.

    Paragraphs of the training and dev sets are left out, and those of the files of labelled examples in `leave_out`:
    sets that are to be measured on. A paragraph counts `weight` in the loss.
    """

    text: list[Text] = Field(default_factory=list)
    leave_out: list[str] = Field(default_factory=list)
    paragraphs: int = Field(20_000, ge=1)
    shortest: int = Field(20, ge=1)
    weight: float = Field(1.0, gt=0, allow_inf_nan=False)


class Model(Table):
    """What training starts from and how it reads.

    `init`: `keep` continues with the checkpoint's own head, `fresh-head` draws a new one. `context`: what a sentence is
    read in. `freeze_layers`: so many layers, and the embeddings, stay as they are. `interpolation`: how far the saved
    weights go from the starting ones to the trained ones, 1 being all the way; less keeps more of what the checkpoint
    knew of other text (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). A fresh head goes all the way:
    where it starts from is nothing worth keeping. `average`: the saved weights are the mean of those at the last so
    many scorings (Izmailov et al., Averaging weights leads to wider optima, 2018). `dropout`: instead of the
    checkpoint's own. `layer_decay`: the learning rate of each layer over that of the layer above it, the head's being
    the full one (Howard and Ruder, Universal language model fine-tuning, 2018).
    """

    checkpoint: str = "data/encoder"
    init: Literal["keep", "fresh-head"] = "keep"
    context: Literal["paragraph", "sentence"] = "paragraph"
    attn_implementation: str = "eager"
    freeze_layers: int = Field(0, ge=0)
    interpolation: float = Field(1.0, gt=0, le=1)
    average: int = Field(1, ge=1)
    dropout: float | None = Field(None, ge=0, lt=1)
    layer_decay: float = Field(1.0, gt=0, le=1)
    tokens_per_batch: int = Field(3072, ge=256)

    @property
    def share_trained(self) -> float:
        """How much of the trained weights is saved: `interpolation`, and all under a fresh head."""
        return self.interpolation if self.init == "keep" else 1.0


class Tfidf(Table):
    """The baseline's settings, by scikit-learn's names."""

    ngram_range: tuple[int, int] = (1, 4)
    min_df: int = Field(2, ge=1)
    sublinear_tf: bool = True
    C: float = Field(10.0, gt=0)


class Config(Table):
    """A run: `kind` is `bert` or `tfidf`; `trainer` holds transformers' TrainingArguments by their own names."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    kind: Literal["bert", "tfidf"] = "bert"
    data: Data = Data()
    model: Model = Model()
    soft: Soft = Soft()
    unlabelled: Unlabelled = Unlabelled()
    trainer: dict[str, Any] = {}
    tfidf: Tfidf = Tfidf()

    @model_validator(mode="after")
    def _unlabelled_text_has_a_teacher(self) -> Config:
        if self.unlabelled.text and not self.has_teacher:
            raise ValueError("unlabelled text wants a teacher: soft.models, soft.start or soft.tfidf")
        return self

    @model_validator(mode="after")
    def _a_batch_is_so_many_tokens(self) -> Config:
        if self.trainer.get("per_device_train_batch_size", 1) != 1:
            raise ValueError("trainer.per_device_train_batch_size: model.tokens_per_batch says what a batch holds")
        return self

    @property
    def has_teacher(self) -> bool:
        """Whether anything answers for text without labels."""
        return self.soft.has_teacher

    @property
    def reads(self) -> list[str]:
        """The files that a run which goes on reads again: text, labels, and the weights that it started from."""
        text = [*self.data.train, self.data.dev, *(each.file for each in self.unlabelled.text)]
        weights = [f"{folder}/model.safetensors" for folder in (self.model.checkpoint, *self.soft.models)]
        return [*text, *self.unlabelled.leave_out, *([self.data.scheme] if self.data.scheme else []), *weights]

    @property
    def label_scheme(self) -> Scheme:
        return Scheme.load(self.data.scheme) if self.data.scheme else POLICY_DOMAINS


SEEDS = ("seed", "data_seed")


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a run's TOML file; `overrides` are `table.key=value` with a TOML value (a bare word is text).

    Raises GongbaoError, in one line, for a file that is no TOML, an unknown key (with the nearest known one) or a
    value of the wrong type.
    """
    return check_config(read_toml(path, overrides), str(path))


def read_toml(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a TOML file and apply `table.key=value` overrides; raises GongbaoError if either is none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GongbaoError(f"{path}: not TOML: {error}") from error
    for override in overrides:
        _apply(data, override)
    return data


def check_config(data: Mapping[str, Any], where: str) -> Config:
    """Make a run's config of a TOML file's content; raises GongbaoError, in one line that begins with `where`."""
    config = check_table(Config, data, where)
    check_trainer(config.trainer, where)
    return config


def check_table(table: type[T], data: Mapping[str, Any], where: str) -> T:
    """Validate a config's content; raises GongbaoError, in one line, with the nearest known key for an unknown one."""
    try:
        return table.model_validate(data)
    except ValidationError as error:
        raise GongbaoError(f"{where}: {_first(error, table)}") from error


def check_trainer(fields: Mapping[str, Any], where: str) -> None:
    """Refuse what TrainingArguments does not have, a value of another type than its own, and what the run sets."""
    from transformers import TrainingArguments

    known = {field.name: field.default for field in dataclasses.fields(TrainingArguments) if field.init}
    for name, value in fields.items():
        if name in OURS:
            raise GongbaoError(f"{where}: trainer.{name} is not yours to set: {OURS[name]}")
        if name not in known:
            raise GongbaoError(f"{where}: unknown key trainer.{name}{nearest(name, known)}")
        if name in NEEDED and value == "no":
            raise GongbaoError(f"{where}: trainer.{name} may not be no: the best epoch is chosen by its score")
        default = known[name]
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        if name in SEEDS and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32):
            raise GongbaoError(f"{where}: trainer.{name}: a whole number from 0 to 2**32 - 1 is wanted, not {value!r}")
        if number and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise GongbaoError(f"{where}: trainer.{name}: a number is wanted, not {value!r}")
        if name in COUNTS and value < 1:
            raise GongbaoError(f"{where}: trainer.{name}: 1 or more is wanted, not {value!r}")
        if name == "num_train_epochs" and value <= 0:
            raise GongbaoError(f"{where}: trainer.{name}: more than 0 is wanted, not {value!r}")
        if (number and not math.isfinite(value)) or (name == "learning_rate" and value < 0):
            raise GongbaoError(f"{where}: trainer.{name}: {value!r} is no {name.replace('_', ' ')}")
        if isinstance(default, bool) and not isinstance(value, bool):
            raise GongbaoError(f"{where}: trainer.{name}: true or false is wanted, not {value!r}")


def _apply(data: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise GongbaoError(f"override {override!r}: write table.key=value")
    try:
        parsed = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = value
    *tables, last = key.strip().split(".")
    for table in tables:
        data = data.setdefault(table, {})
        if not isinstance(data, dict):
            raise GongbaoError(f"override {override!r}: {table} is not a table")
    data[last] = parsed


def _first(error: ValidationError, table: type[BaseModel]) -> str:
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] != "extra_forbidden":
        message = found["msg"].removeprefix("Value error, ")
        return f"{where}: {message[0].lower()}{message[1:]}".removeprefix(": ")
    # The table in which the key stands: each part but the last leads one table down.
    for part in found["loc"][:-1]:
        kind = table.model_fields[part].annotation if part in table.model_fields else None
        for inner in (kind, *get_args(kind)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                table = inner
    return f"unknown key {where}{nearest(str(found['loc'][-1]), table.model_fields)}"
