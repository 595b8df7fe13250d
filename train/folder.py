"""A run's folder in `models/`: unfinished under a dot until it is complete, found again to go on with."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gongbao.engines.exported import file_hash
from gongbao.errors import GongbaoError
from gongbao.files import claimed, read_json, write_text

RUNS = Path("models")
SNAPSHOT = "config.json"
PARTS = "parts"
"""Where the snapshot says when each part of the run began and ended, one that was stopped having several."""
T = TypeVar("T")


class Named(Protocol):
    """A run's config, as far as its folder is concerned."""

    name: str
    trainer: dict[str, Any]

    @property
    def reads(self) -> list[str]:
        """The files that a run which goes on reads again."""
        ...

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

    With `resume` it is the newest that was started with the same config and the same files; raises GongbaoError if
    those that there are were started with others.
    """
    partial = None
    if is_main_process():
        partial = _newest_unfinished(config) if resume else None
        if resume and not partial:
            say(f"no unfinished run of {config.name} in {RUNS}/: starting a new one")
    if processes() > 1:
        from train.arguments import training_arguments

        # Making the arguments sets the process group up.
        training_arguments(config.trainer, RUNS)
    if is_main_process():
        partial = partial or _fresh(config.name, started)
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
    """Make a folder that no run has: of two that start in one second, the later takes the next."""
    try:
        RUNS.mkdir(exist_ok=True)
        for second in count():
            stem = f"{started.astimezone() + timedelta(seconds=second):%Y%m%d-%H%M%S}-{name}"
            if (RUNS / stem).exists():
                continue
            with suppress(FileExistsError):
                (RUNS / f".{stem}.partial").mkdir()
                break
    except OSError as error:
        raise GongbaoError(f"cannot write to {RUNS}/: {error.strerror}") from error
    return RUNS / f".{stem}.partial"


def held(partial: Path) -> AbstractContextManager[None]:
    """Keep other processes out of an unfinished folder; raises GongbaoError if one is training there."""
    refusal = f"{partial}: another process is training there; wait for it, or start a run of your own without --resume"
    return claimed(partial, refusal, folder=True) if is_main_process() else nullcontext()


def begin(config: Named, partial: Path, started: datetime) -> None:
    """Note in the unfinished folder the config that --resume goes by, and when this part of the run began."""
    noted = partial / SNAPSHOT
    parts = read_json(noted).get(PARTS, []) if noted.exists() else []
    if parts:
        # As far as is known: what was stopped or killed last wrote something then.
        last = max(path.stat().st_mtime for path in [noted, *partial.rglob("*")])
        parts[-1][1] = max(last, parts[-1][0])
    parts.append([started.timestamp(), None])
    write_text(noted, json.dumps(_settings(config) | {PARTS: parts}, ensure_ascii=False))


def times(partial: Path, started: datetime) -> dict[str, Any]:
    """When a run began and ended, and the seconds that it took; of one that was stopped, those of all its parts."""
    finished = datetime.now(UTC)
    noted = partial / SNAPSHOT
    parts = (read_json(noted).get(PARTS) if noted.exists() else None) or [[started.timestamp(), None]]
    return {
        "started": datetime.fromtimestamp(parts[0][0], UTC).isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round(sum((end or finished.timestamp()) - begun for begun, end in parts), 1),
    }


def _settings(config: Named) -> dict[str, Any]:
    """What a run that goes on must have in common with its start: a step of more processes learns from more text."""
    files = {name: file_hash(Path(name)) for name in config.reads if Path(name).is_file()}
    return {**json.loads(config.model_dump_json()), "processes": processes(), "files": files}


def place(partial: Path) -> Path:
    """Put the finished model, `partial/final`, in its place, `models/<run>`, and remove what it was made from."""
    final, folder = partial / "final", _finished(partial)
    open_to_all(final)
    os.replace(final, folder)
    shutil.rmtree(partial)
    return folder


def _finished(partial: Path) -> Path:
    """Where a run lies when it is complete."""
    return RUNS / partial.name[1 : -len(".partial")]


def _newest_unfinished(config: Named) -> Path | None:
    """Return the newest unfinished run of a config; if all were started with other settings, the newest is refused."""
    found = []
    for folder in sorted(RUNS.glob(f".????????-??????-{config.name}.partial"), reverse=True):
        if _finished(folder).exists():
            # Killed after the model was put in its place.
            shutil.rmtree(folder, ignore_errors=True)
        elif (folder / SNAPSHOT).exists():
            found.append(folder)
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
        # A run of an earlier version says nothing of them.
        known = {"processes": 1, "files": own["files"], **read_json(folder / SNAPSHOT)}
        known.pop(PARTS, None)
        return _differing(known, own)
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
