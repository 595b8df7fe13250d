"""Saved reports read back: what a system answered on a gold set, without the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.gold import Gold
from eval.metrics import measure
from eval.sources import split_name
from eval.system import System, open_system
from gongbao.engines.exported import file_hash
from gongbao.errors import GongbaoError
from gongbao.files import read_json
from gongbao.rows import kind_of

OWN = "report"
"""The folder in a run that holds its report."""
PARTS = {"gold": "gold set", "n": "number of paragraphs", "docs": "number of documents", "labels": "label scheme"}
"""The parts of a signature that two reports must share to be compared, in words."""


SAME = 1e-6
"""How far two macro-F1 computed from the same answers may lie apart."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class _Gold(_Part):
    file: str
    sha256: str


class _System(_Part):
    name: str


class _Label(_Part):
    threshold: float | None


class _Predictions(_Part):
    sha256: str


class _Macro(_Part):
    f1: float | None


class _Provenance(_Part):
    model: str | None
    decision: str | None
    record: dict[str, Any] | None
    seconds: Annotated[float, Field(ge=0)] | None = None
    weights_bytes: Annotated[int, Field(ge=0)] | None = None


class Report(_Part):
    """The parts of `report.json` that a comparison reads."""

    signature: str
    gold: _Gold
    system: _System
    labels: dict[str, _Label]
    macro: _Macro
    provenance: _Provenance
    predictions: _Predictions | None = None


@dataclass(frozen=True)
class Saved:
    """A report that was written: the name that it was given, what it was asked for by, its folder, what it holds."""

    given: str | None
    asked: str
    folder: Path
    report: Report

    @property
    def signature(self) -> dict[str, str]:
        return signature_of(self.report.signature)

    @property
    def file(self) -> Path:
        return self.folder / "report.json"

    @classmethod
    def read(cls, x: str | Path) -> Saved:
        """Read a report, `DIR` or `NAME=DIR`.

        Raises GongbaoError if there is none, or if it is damaged, naming the file and the key.
        """
        given, source = split_name(str(x))
        folder = report_folder(source)
        file = folder / "report.json"
        try:
            return cls(given, str(x), folder, Report.model_validate(read_json(file)))
        except ValidationError as error:
            raise GongbaoError(f"{file}: {_first(error)}: score again") from error

    def system(self, gold: Gold) -> System:
        """What the system answered; raises GongbaoError if that was on another gold set, or is damaged."""
        scored, provenance = self.report.gold, self.report.provenance
        if scored.sha256 != gold.sha256:
            raise GongbaoError(
                f"{self.folder} was scored on {scored.file} ({scored.sha256[:6]}), and {gold.name} is "
                f"{gold.sha256[:6]}: name that file with --gold"
            )
        for label in gold.scheme.ids:
            if label not in self.report.labels:
                raise GongbaoError(f"{self.file}: `labels.{label}` is missing: score again")
        answers = self.folder / "predictions.jsonl"
        system = open_system(answers, gold, self.given or self.report.system.name)
        macro = measure(gold.truth, system.answer, gold.scheme.ids)["macro"]["f1"]
        known = self.report.predictions
        if not _same(macro, self.report.macro.f1) or (known and file_hash(answers) != known.sha256):
            raise GongbaoError(
                f"{self.folder}: predictions.jsonl is not what report.json was computed from: score again"
            )
        thresholds = [self.report.labels[label].threshold for label in gold.scheme.ids]
        return dataclasses.replace(
            system,
            thresholds=None if None in thresholds else np.array(thresholds, dtype=np.float64),
            model=provenance.model,
            decision=provenance.decision,
            seconds=provenance.seconds,
            size=provenance.weights_bytes,
            record=provenance.record,
        )


def _same(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= SAME


def _first(error: ValidationError) -> str:
    """The first thing that is wrong with a report, in a few words."""
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return f"`{where}` is missing"
    wanted = (
        "should be an object" if found["type"] in ("model_type", "dict_type") else found["msg"].removeprefix("Input ")
    )
    return f"`{where}` is {kind_of(found['input'])}, and {wanted}"


def signature_of(text: str) -> dict[str, str]:
    """The parts of a signature by name.

    >>> signature_of("macro_f1|gold:3f9a1c|n:412")
    {'gold': '3f9a1c', 'n': '412'}
    """
    return dict(part.split(":", 1) for part in text.split("|") if ":" in part)


def report_folder(x: str | Path) -> Path:
    """Find a report: a folder that holds one, or a run's folder whose `report/` does."""
    for folder in (Path(x), Path(x) / OWN):
        if (folder / "report.json").exists():
            return folder
    raise GongbaoError(f"{x}: no report in it; `python -m eval score {x} -o DIR` makes one")


def check_alike(reports: Sequence[Saved]) -> list[str]:
    """Refuse reports on another gold set or label scheme, naming what differs; return the differences that may be.

    Those are said and then made good: resamples, seed and version are this comparison's, for all sides.
    """
    (first, own), *rest = ((saved.asked, saved.signature) for saved in reports)
    notes = []
    for name, other in rest:
        for part, words in PARTS.items():
            if own.get(part) != other.get(part):
                raise GongbaoError(
                    f"{first} and {name} are not to be compared: the {words} differs "
                    f"({own.get(part)}, {other.get(part)})"
                )
        for part in ("boot", "seed", "gongbao"):
            if own.get(part) != other.get(part):
                notes.append(f"{name} was reported with {part} {other.get(part)}, {first} with {own.get(part)}.")
    return notes
