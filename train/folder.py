"""A run's folder in `models/`: unfinished under a dot until it is complete, found again to go on with."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from gongbao.errors import GongbaoError
from gongbao.files import read_json

RUNS = Path("models")
SNAPSHOT = "config.json"


class Named(Protocol):
    """A run's config, as far as its folder is concerned."""

    name: str
    trainer: dict[str, Any]

    def model_dump_json(self) -> str: ...


def is_main_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def alone(what: str) -> None:
    """Refuse to run in several processes; raises GongbaoError."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise GongbaoError(f"{what} runs in one process: start it without torchrun")


def say(text: str) -> None:
    """Tell the user something, once however many processes train."""
    if is_main_process():
        print(text, file=sys.stderr, flush=True)


def unfinished(config: Named, started: datetime, resume: bool) -> Path:
    """Return the unfinished folder to write to; several processes agree on the first one's choice.

    With `resume` it is the newest that was started with the same config; raises GongbaoError if those that there are
    were started with others.
    """
    partial = _newest_unfinished(config) if resume and is_main_process() else None
    if resume and not partial:
        say(f"no unfinished run of {config.name} in {RUNS}/: starting a new one")
    partial = partial or _fresh(config.name, started)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from torch import distributed

        from train.arguments import training_arguments

        # Making the arguments sets the process group up.
        training_arguments(config.trainer, partial)
        chosen = [str(partial)]
        distributed.broadcast_object_list(chosen)
        partial = Path(chosen[0])
    return partial


def _fresh(name: str, started: datetime) -> Path:
    """A folder that no run has: of two that started in one second, the later takes the next."""
    for second in count():
        stem = f"{started.astimezone() + timedelta(seconds=second):%Y%m%d-%H%M%S}-{name}"
        if not (RUNS / stem).exists() and not (RUNS / f".{stem}.partial").exists():
            break
    return RUNS / f".{stem}.partial"


def begin(config: Named, partial: Path) -> None:
    """Make the unfinished folder, with the config that --resume goes by."""
    partial.mkdir(parents=True, exist_ok=True)
    (partial / SNAPSHOT).write_text(config.model_dump_json(), encoding="utf-8")


def place(partial: Path) -> Path:
    """Put the finished model, `partial/final`, in its place, `models/<run>`, and remove what it was made from."""
    final, folder = partial / "final", RUNS / partial.name[1 : -len(".partial")]
    for path in final.iterdir():
        # Weights are saved readable by their owner alone; a run is to be shared like any other file.
        path.chmod(0o666 & ~umask())
    os.replace(final, folder)
    shutil.rmtree(partial)
    return folder


def _newest_unfinished(config: Named) -> Path | None:
    """Return the newest unfinished run of a config; if all were started with other settings, the newest is refused."""
    found = sorted(RUNS.glob(f".????????-??????-{config.name}.partial"), reverse=True)
    own = json.loads(config.model_dump_json())
    for folder in found:
        stored = folder / SNAPSHOT
        if stored.exists() and _differing(read_json(stored), own) is None:
            return folder
    if found:
        stored = found[0] / SNAPSHOT
        name = _differing(read_json(stored), own) if stored.exists() else None
        which = f" ({name})" if name else ""
        raise GongbaoError(f"{found[0]} was started with other settings{which}: remove it, or restore them to resume")
    return None


def _differing(one: dict[str, Any], other: dict[str, Any], above: str = "") -> str | None:
    """The first setting, as `table.key`, in which two configs differ; None if they are alike."""
    for key in {**one, **other}:
        first, second = one.get(key), other.get(key)
        if isinstance(first, dict) and isinstance(second, dict):
            if inner := _differing(first, second, f"{above}{key}."):
                return inner
        elif first != second:
            return f"{above}{key}"
    return None


def wait_for_all() -> None:
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def umask() -> int:
    """The rights that new files are not to have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
