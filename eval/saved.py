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
    """A report that was written: what it was asked for by, its folder, and what it holds as JSON."""

    name: str
    folder: Path
    report: dict[str, Any]

    @property
    def signature(self) -> dict[str, str]:
        return signature_of(self.report["signature"])

    @classmethod
    def read(cls, x: str | Path) -> Saved:
        """Read a report; raises GongbaoError if there is none, or if it is damaged."""
        folder = report_folder(x)
        report = read_json(folder / "report.json")
        for key in ("signature", "gold", "system", "labels", "provenance"):
            if key not in report:
                raise GongbaoError(f"{folder / 'report.json'}: `{key}` is missing: score again")
        return cls(str(x), folder, report)

    def system(self, gold: Gold) -> System:
        """What the system answered; raises GongbaoError if that was on another gold set, or is damaged."""
        scored = self.report["gold"]
        if scored["sha256"] != gold.sha256:
            raise GongbaoError(
                f"{self.folder} was scored on {scored['file']} ({scored['sha256'][:6]}), and {gold.name} is "
                f"{gold.sha256[:6]}: name that file with --gold"
            )
        system = open_system(self.folder / "predictions.jsonl", gold, self.report["system"]["name"])
        thresholds = [self.report["labels"][label]["threshold"] for label in gold.scheme.ids]
        provenance = self.report["provenance"]
        return dataclasses.replace(
            system,
            thresholds=None if None in thresholds else np.array(thresholds, dtype=np.float64),
            model=provenance["model"],
            decision=provenance["decision"],
            seconds=provenance.get("seconds"),
            size=provenance.get("weights_bytes"),
            record=provenance["record"],
        )


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
    (first, own), *rest = ((saved.name, saved.signature) for saved in reports)
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
