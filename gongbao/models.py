"""Which model: the shipped one, a folder, or the newest run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gongbao.engines import kind_of
from gongbao.errors import GongbaoError
from gongbao.files import read_json
from gongbao.labels import Scheme

RECORD = "record.json"
"""A run's record, which also lists the files that belong to it."""


def find(model: str | Path | None = None, runs: str | Path = "models") -> Path:
    """Return the folder of a complete model.

    None is the shipped model, `latest` the newest complete BERT run in `runs`, anything else a folder. Raises
    GongbaoError, naming the missing file, if the folder is not complete.
    """
    if model is None or str(model) == "shipped":
        folder = shipped()
    elif str(model) == "latest":
        folder = latest(runs)
    else:
        folder = Path(model)
    check(folder)
    return folder


def shipped(name: str = "encoder") -> Path:
    """Return the folder of a model that ships with the package: beside the code if installed, else the checkout's."""
    package = Path(__file__).resolve().parent
    for folder in (package / name, package.parent / "data" / name):
        if (folder / "config.json").exists():
            return folder
    raise GongbaoError(f"the shipped model is missing from {package}: install gongbao again")


def latest(runs: str | Path = "models", kind: str = "torch") -> Path:
    """Return the newest complete run of a kind (by default a BERT): the one whose record says that it finished last."""
    found = complete(runs, kind)
    if not found:
        raise GongbaoError(f"no complete run in {runs}/: train one with `make train`, or name another model")
    return found[0]


def complete(runs: str | Path = "models", kind: str = "torch") -> list[Path]:
    """Return the complete runs of a kind, the one that finished last first."""
    found: list[tuple[str, Path]] = []
    for folder in sorted(Path(runs).glob("[!.]*")):
        try:
            if check(folder) == kind and (folder / RECORD).exists():
                found.append((str(record(folder)["finished"]), folder))
        except (GongbaoError, KeyError):
            continue
    return [folder for _, folder in sorted(found, reverse=True)]


def check(folder: Path) -> str:
    """Return the model's kind (`torch` or `tfidf`) if nothing is missing from it; raises GongbaoError otherwise."""
    kind = kind_of(folder)
    listed = record(folder).get("files", []) if (folder / RECORD).exists() else []
    for name in ["decision.json", *listed]:
        if not (folder / name).exists():
            how = "; an encoder labels nothing before it is trained on labels" if name == "decision.json" else ""
            raise GongbaoError(f"{folder} is not complete: {name} is missing{how}")
    return kind


def check_labels(folder: Path, scheme: Scheme) -> None:
    """Raise GongbaoError if a BERT's own labels are not those of its decision rule, in their order."""
    if not (folder / "config.json").exists():
        return
    names = read_json(folder / "config.json").get("id2label")
    if not isinstance(names, dict) or not all(key.isdecimal() for key in names):
        return
    own = tuple(str(names[key]) for key in sorted(names, key=int))
    # Where they have no names, their number is compared.
    if not all(re.fullmatch(r"LABEL_\d+", name) for name in own) and own != scheme.ids:
        raise GongbaoError(
            f"{folder}: the model answers {', '.join(own)}, its decision.json {', '.join(scheme.ids)}: "
            "they are not of one training"
        )


def context(folder: Path) -> str:
    """Return what a model reads a sentence in, as its record says: `paragraph` where it has none."""
    return str(record(folder).get("context", "paragraph")) if (folder / RECORD).exists() else "paragraph"


def record(folder: Path) -> dict[str, Any]:
    """Return a run's record; raises GongbaoError if it is missing or damaged."""
    path = folder / RECORD
    if not path.exists():
        raise GongbaoError(f"{folder} is not complete: {RECORD} is missing")
    return read_json(path)
