"""Where a model's exported forms lie, and what is known of them: in the model folder, or in the user's cache."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.files import read_json

FOLDER = "exported"
RECORD = "export.json"
FILES = {"fp32": "model.onnx", "bf16": "model.onnx", "int8": "model.int8.xml"}
"""What each precision computes from: bf16 is a way of computing the fp32 model, int8 a model of its own."""
EXACT = "fp32"


@dataclass(frozen=True)
class Exported:
    """A model's exported forms: their folder, and by precision what the export found; `files` say which they are."""

    folder: Path
    precisions: dict[str, Any]

    def file(self, precision: str) -> Path:
        return self.folder / FILES[precision]

    def check(self, precision: str) -> None:
        """Raise GongbaoError if a file of a precision is not the one that was exported and compared."""
        owner = EXACT if FILES[precision] == FILES[EXACT] else precision
        for name, known in self.precisions.get(owner, {}).get("files", {}).items():
            try:
                state = (self.folder / name).stat()
            except OSError as error:
                raise GongbaoError(f"{self.folder / name} is missing: gongbao export it again") from error
            # A file that nobody has written to since is not read through: it would take as long as opening it.
            untouched = [state.st_size, state.st_mtime_ns] == known.get("state")
            if not untouched and file_hash(self.folder / name) != known["sha256"]:
                raise GongbaoError(f"{self.folder / name} is not the file that was exported: gongbao export it again")


def weights_of(folder: Path) -> Path:
    """The file that holds a model's weights."""
    return folder / ("tfidf.safetensors" if (folder / "tfidf.safetensors").exists() else "model.safetensors")


def weights_hash(folder: Path) -> str:
    """The SHA-256 of a model's weights, in hex; computed once for a file that has not changed."""
    file = weights_of(folder)
    state = file.stat()
    return _hash(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)
def _hash(file: Path, size: int, changed: int) -> str:
    return file_hash(file)


def file_hash(file: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def cache() -> Path:
    """The folder of the user's cache: XDG_CACHE_HOME, else the system's usual one."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "gongbao"
    # Of a user who has no home it is `~`, where nothing lies.
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "gongbao"


def places(model: Path, weights: str) -> tuple[Path, Path]:
    """Where a model's exported forms may lie: its own folder, and the user's cache under the weights' hash."""
    return model / FOLDER, cache() / weights[:16]


def find(model: Path, weights: str | None = None) -> Exported | None:
    """Return a model's exported forms, None if it has none that are of these very weights."""
    weights = weights or weights_hash(model)
    for folder in places(model, weights):
        # In another user's cache one may not even look.
        if not os.path.exists(folder / RECORD):
            continue
        try:
            record = read_json(folder / RECORD)
        except GongbaoError:
            continue
        # A model trained anew in the same folder leaves the export of the one before.
        known = record.get("precisions")
        if record.get("weights") != weights or not isinstance(known, dict):
            continue
        whole = {name: found for name, found in known.items() if isinstance(found, dict) and _has_file(folder, name)}
        if EXACT in whole:
            return Exported(folder, whole)
    return None


def _has_file(folder: Path, precision: str) -> bool:
    """Whether what a precision computes from lies there; what torch computes in needs no file."""
    return precision not in FILES or (folder / FILES[precision]).exists()
