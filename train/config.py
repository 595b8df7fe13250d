"""One TOML file is one run: read, checked, unknown keys refused with the nearest known one."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Scheme, nearest

NEEDED = ("eval_strategy",)
"""Trainer fields that may not be `no`: epochs that are never scored cannot be chosen from."""
OURS = {"output_dir": "a run's folder is models/<time>-<name>", "resume_from_checkpoint": "use --resume"}
"""Trainer fields that the run sets itself, with what to do instead."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Data(_Table):
    """Where labelled text comes from; paths are relative to the working directory."""

    train: list[str] = Field(["data/train.jsonl"], min_length=1)
    dev: str = "data/dev.jsonl"
    gold: str | None = None
    scheme: str | None = None


class Model(_Table):
    """What training starts from and how it reads.

    `init`: `keep` continues with the checkpoint's own head, `fresh-head` draws a new one. `context`: what a sentence is
    read in. `freeze_layers`: so many layers, and the embeddings, stay as they are. `interpolation`: how far the saved
    weights go from the starting ones to the trained ones, 1 being all the way; less keeps more of what the checkpoint
    knew of other text (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). A fresh head goes all the way:
    where it starts from is nothing worth keeping.
    """

    checkpoint: str = "data/encoder"
    init: Literal["keep", "fresh-head"] = "keep"
    context: Literal["paragraph", "sentence"] = "paragraph"
    attn_implementation: str = "eager"
    freeze_layers: int = Field(0, ge=0)
    interpolation: float = Field(1.0, gt=0, le=1)
    tokens_per_batch: int = Field(3072, ge=256)

    @property
    def share_trained(self) -> float:
        """How much of the trained weights is saved: `interpolation`, and all under a fresh head."""
        return self.interpolation if self.init == "keep" else 1.0


class Tfidf(_Table):
    """The baseline's settings, by scikit-learn's names."""

    ngram_range: tuple[int, int] = (1, 4)
    min_df: int = Field(2, ge=1)
    sublinear_tf: bool = True
    C: float = Field(10.0, gt=0)


class Config(_Table):
    """A run: `kind` is `bert` or `tfidf`; `trainer` holds transformers' TrainingArguments by their own names."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    kind: Literal["bert", "tfidf"] = "bert"
    data: Data = Data()
    model: Model = Model()
    trainer: dict[str, Any] = {}
    tfidf: Tfidf = Tfidf()

    @property
    def label_scheme(self) -> Scheme:
        return Scheme.load(self.data.scheme) if self.data.scheme else POLICY_DOMAINS


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a run's TOML file; `overrides` are `table.key=value` with a TOML value (a bare word is text).

    Raises GongbaoError, in one line, for a file that is no TOML, an unknown key (with the nearest known one) or a
    value of the wrong type.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GongbaoError(f"{path}: not TOML: {error}") from error
    for override in overrides:
        _apply(data, override)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise GongbaoError(f"{path}: {_first(error)}") from error
    check_trainer(config.trainer, str(path))
    return config


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
        if number and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise GongbaoError(f"{where}: trainer.{name}: a number is wanted, not {value!r}")


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


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] != "extra_forbidden":
        return f"{where}: {found['msg'][0].lower()}{found['msg'][1:]}"
    tables: dict[str, type[BaseModel]] = {"data": Data, "model": Model, "tfidf": Tfidf}
    table = tables.get(str(found["loc"][0]), Config) if len(found["loc"]) > 1 else Config
    return f"unknown key {where}{nearest(str(found['loc'][-1]), table.model_fields)}"
