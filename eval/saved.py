"""Saved reports read back: what a system answered on a gold set, without the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import Gold
from eval.system import System, open_system
from gongbao.errors import GongbaoError
from gongbao.files import read_json

OWN = "report"
"""The folder in a run that holds its report."""
PARTS = {"gold": "gold set", "n": "number of paragraphs", "docs": "number of documents", "labels": "label scheme"}
"""The parts of a signature that two reports must share to be compared, in words."""


@dataclass(frozen=True)
class Saved:
    """A report's folder, what it holds as JSON, and the system whose answers were saved with it."""

    folder: Path
    report: dict[str, Any]
    system: System

    @property
    def signature(self) -> dict[str, str]:
        return signature_of(self.report["signature"])


def signature_of(text: str) -> dict[str, str]:
    """The parts of a signature by name.

    >>> signature_of("macro_f1|gold:3f9a1c|n:412")
    {'gold': '3f9a1c', 'n': '412'}
    """
    return dict(part.split(":", 1) for part in text.split("|") if ":" in part)


def read_signature(x: str | Path) -> dict[str, str]:
    """The signature of a report's folder; raises GongbaoError if there is no report."""
    return signature_of(_read(report_folder(x))["signature"])


def report_folder(x: str | Path) -> Path:
    """Find a report: a folder that holds one, or a run's folder whose `report/` does."""
    for folder in (Path(x), Path(x) / OWN):
        if (folder / "report.json").exists():
            return folder
    raise GongbaoError(f"{x}: no report in it; `python -m eval score {x} -o DIR` makes one")


def open_saved(x: str | Path, gold: Gold) -> Saved:
    """Open a report as it was saved; raises GongbaoError if it is damaged or its answers are not of this gold set."""
    folder = report_folder(x)
    report = _read(folder)
    scored = report["gold"]
    if scored["sha256"] != gold.sha256:
        raise GongbaoError(
            f"{folder} was scored on {scored['file']} ({scored['sha256'][:6]}), and {gold.name} is {gold.sha256[:6]}: "
            "name that file with --gold"
        )
    system = open_system(folder / "predictions.jsonl", gold, report["system"]["name"])
    thresholds = [report["labels"][label]["threshold"] for label in gold.scheme.ids]
    known = None if None in thresholds else np.array(thresholds, dtype=np.float64)
    provenance = report["provenance"]
    system = dataclasses.replace(
        system,
        thresholds=known,
        model=provenance["model"],
        decision=provenance["decision"],
        seconds=provenance.get("seconds"),
        size=provenance.get("weights_bytes"),
        record=provenance["record"],
    )
    return Saved(folder, report, system)


def check_alike(signatures: Sequence[tuple[str, dict[str, str]]]) -> list[str]:
    """Refuse reports on another gold set or label scheme, naming what differs; return the differences that may be.

    Those are said and then made good: resamples, seed and version are this comparison's, for all sides.
    """
    (first, own), *rest = signatures
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


def _read(folder: Path) -> dict[str, Any]:
    report = read_json(folder / "report.json")
    for key in ("signature", "gold", "system", "labels", "provenance"):
        if key not in report:
            raise GongbaoError(f"{folder / 'report.json'}: `{key}` is missing: score again")
    return report
