"""A folder watched: what arrives in it is labelled, each file to outputs of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gongbao.errors import BusyError, GongbaoError
from gongbao.files import read_json, write_text
from gongbao.labeler import Labeler
from gongbao.predict import Summary, predict
from gongbao.readers import files_below, printable
from gongbao.writers import WRITERS

RECORD = ".watch.json"


def watch(
    folder: str | Path,
    out: str | Path,
    labeler: Labeler,
    suffixes: Sequence[str] = (".jsonl",),
    *,
    settle: float = 2.0,
    poll: float = 1.0,
    turns: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    **options: Any,
) -> Iterator[tuple[Path, Summary]]:
    """Label each file that arrives in a folder, or changes there, and yield it with what was done.

    A file is taken once its size and time have not changed for `settle` seconds; its outputs lie in `out` under its
    path. What was labelled, and as it was then, is kept in `out/.watch.json`, so that a watch which was stopped goes
    on. A file that fails is yielded once, with its error, until it changes. `turns` ends the watch after so many looks
    at the folder (never, if it is None).
    """
    if not suffixes:
        raise GongbaoError(f"name an output, one of {', '.join(WRITERS)}")
    for suffix in suffixes:
        if suffix not in WRITERS:
            raise GongbaoError(f"an output is one of {', '.join(WRITERS)}, not {suffix!r}")
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise GongbaoError(f"{folder}: no such folder to watch")
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise GongbaoError(f"{out} lies in the folder watched: name another for the outputs")
    states: dict[str, list[int]] = {}
    since: dict[str, float] = {}
    busy: set[str] = set()
    record = out / RECORD
    done: dict[str, Any] = read_json(record) if record.exists() else {}
    while turns is None or turns > 0:
        now = time.monotonic()
        for path in _files(folder):
            try:
                found = path.stat()
            except OSError:
                continue
            name = printable(path.relative_to(folder).as_posix())
            state = [found.st_size, found.st_mtime_ns]
            if states.get(name) != state:
                states[name], since[name] = state, now
            targets = [_target(path, folder, out, suffix) for suffix in suffixes]
            known = done.get(name)
            if now - since[name] < settle:
                continue
            fresh = isinstance(known, dict) and known.get("state") == state
            if fresh and (done[name].get("failed") or all(target.exists() for target in targets)):
                continue
            try:
                summary = predict([str(path)], labeler, targets, force=True, **options)
            except BusyError as error:
                # It is taken at a later look, and said once.
                if name not in busy:
                    busy.add(name)
                    yield path, Summary(files=1, errors=[(str(path), str(error))])
                continue
            except (GongbaoError, OSError) as error:
                # One file is not to end the watch.
                summary = Summary(files=1, errors=[(str(path), str(error))])
            busy.discard(name)
            done[name] = {"state": state, "failed": not summary.paragraphs}
            out.mkdir(parents=True, exist_ok=True)
            with suppress(BusyError):
                # Else another watch writes it just now.
                write_text(record, json.dumps(done, ensure_ascii=False) + "\n")
            yield path, summary
        if turns is not None:
            turns -= 1
        if turns != 0:
            sleep(poll)


def _files(folder: Path) -> list[Path]:
    """The files in the folder, one that several links lead to once."""
    found: dict[Path, Path] = {}
    for path in files_below(folder):
        found.setdefault(path.resolve(), path)
    return list(found.values())


def _target(path: Path, folder: Path, out: Path, suffix: str) -> Path:
    return out / path.relative_to(folder).parent / f"{path.name}{suffix}"
