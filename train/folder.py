"""A run's folder in `models/`: unfinished under a dot until it is complete, found again to go on with."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gongbao.errors import GongbaoError
from gongbao.files import read_json, write_text

RUNS = Path("models")
SNAPSHOT = "config.json"
T = TypeVar("T")


class Named(Protocol):
    """A run's config, as far as its folder is concerned."""

    name: str
    trainer: dict[str, Any]

    def model_dump_json(self) -> str: ...


def processes() -> int:
    """How many processes train this run together: what `torchrun` and `accelerate launch` say, else one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def alone(what: str) -> None:
    """Refuse to run in several processes; raises GongbaoError."""
    if processes() > 1:
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
    if processes() > 1:
        from train.arguments import training_arguments

        # Making the arguments sets the process group up.
        training_arguments(config.trainer, partial)
    return Path(agreed(str(partial)))


def agreed(value: T) -> T:
    """Return in every process what the first one passes."""
    if processes() == 1:
        return value
    from torch import distributed

    chosen = [value]
    distributed.broadcast_object_list(chosen)
    return chosen[0]


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
    write_text(partial / SNAPSHOT, json.dumps(_settings(config), ensure_ascii=False))


def _settings(config: Named) -> dict[str, Any]:
    """What a run that goes on must have in common with its start: a step of more processes learns from more text."""
    return {**json.loads(config.model_dump_json()), "processes": processes()}


def place(partial: Path) -> Path:
    """Put the finished model, `partial/final`, in its place, `models/<run>`, and remove what it was made from."""
    final, folder = partial / "final", RUNS / partial.name[1 : -len(".partial")]
    open_to_all(final)
    os.replace(final, folder)
    shutil.rmtree(partial)
    return folder


def _newest_unfinished(config: Named) -> Path | None:
    """Return the newest unfinished run of a config; if all were started with other settings, the newest is refused."""
    found = sorted(RUNS.glob(f".????????-??????-{config.name}.partial"), reverse=True)
    own = _settings(config)
    reasons = [_refused(folder, own) for folder in found]
    for folder, reason in zip(found, reasons, strict=True):
        if reason is None:
            return folder
    if found:
        which = f" ({reasons[0]})" if reasons[0] else ""
        raise GongbaoError(f"{found[0]} was started with other settings{which}: remove it, or restore them to resume")
    return None


def _refused(folder: Path, own: dict[str, Any]) -> str | None:
    """The first setting in which an unfinished run differs from ours, None if in none; "" if it does not say."""
    try:
        return _differing({"processes": 1, **read_json(folder / SNAPSHOT)}, own)
    except GongbaoError:
        return ""


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


def part() -> None:
    """Leave the other processes: what is still to be done, the first does alone."""
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def open_to_all(folder: Path) -> None:
    """Give a model's files the rights of any other: safetensors leaves weights readable by their owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    for path in folder.iterdir():
        path.chmod(0o666 & ~mask)
